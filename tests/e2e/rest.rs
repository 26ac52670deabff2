//! REST calls of a back end become events on sockets.

use crate::client::Client;
use crate::server::{Home, Server, number, two_cpus};
use serde_json::{Value, json};

fn start() -> (Home, Server) {
    let home = Home::new(&[if two_cpus() { "cores=2" } else { "cores=1" }]);
    let server = home.start();
    (home, server)
}

/// The next event, which must be of this type and channel; says its data.
#[track_caller]
fn event(client: &mut Client, kind: &str, channel: &str) -> Value {
    let mut message = client.next();
    assert_eq!((&message["type"], &message["channel"]), (&json!(kind), &json!(channel)), "{message}");
    assert!(number(&message, "/offset") > 0);
    message["data"].take()
}

#[track_caller]
fn call(server: &Server, method: &str, path: &str, body: Value, status: u16) -> Value {
    let answer = server.http().call(method, path, &server.key, &body);
    assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
    let mut json = answer.json();
    assert_eq!(json["success"], status < 400, "{json}");
    json["data"].take()
}

#[test]
fn messages_are_told() {
    let (_home, server) = start();
    let mut client = server.client();
    client.subscribe("room:tea");
    let made = call(&server, "POST", "/v1/messages", json!({"room_id": "tea", "content": "Hé!"}), 201);
    let told = event(&mut client, "message:new", "room:tea");
    assert_eq!(told, made);
    assert_eq!(told["content"], "Hé!");
    assert_eq!(told["room_id"], "room_tea");
    let path = format!("/v1/messages/{}", made["id"].as_str().unwrap());

    call(&server, "PATCH", &path, json!({"content": "Ho!"}), 200);
    let told = event(&mut client, "message:updated", "room:tea");
    assert_eq!((&told["id"], &told["content"]), (&made["id"], &json!("Ho!")));
    assert_eq!(call(&server, "GET", &path, Value::Null, 200)["content"], "Ho!");

    call(&server, "DELETE", &path, Value::Null, 200);
    assert_eq!(event(&mut client, "message:deleted", "room:tea")["id"], made["id"]);
    call(&server, "GET", &path, Value::Null, 404);

    client.subscribe("conversation:7");
    call(&server, "POST", "/v1/conversations/7/messages", json!({"content": "psst"}), 201);
    let told = event(&mut client, "message:new", "conversation:7");
    assert_eq!(told["conversation_id"], "conversation_7");
    assert_eq!(call(&server, "GET", "/v1/conversations/7/messages", Value::Null, 200)[0], told);
}

#[test]
fn rooms_are_told() {
    let (_home, server) = start();
    let mut client = server.client();
    client.subscribe("room:tea");
    let made = call(&server, "POST", "/v1/rooms", json!({"id": "tea", "name": "Tea"}), 201);
    assert_eq!(event(&mut client, "room:created", "room:tea"), made);
    call(&server, "POST", "/v1/rooms", json!({"id": "tea", "name": "Again"}), 409);
    call(&server, "PATCH", "/v1/rooms/tea", json!({"name": "Green tea"}), 200);
    assert_eq!(event(&mut client, "room:updated", "room:tea")["name"], "Green tea");
    assert_eq!(call(&server, "GET", "/v1/rooms", Value::Null, 200)[0]["name"], "Green tea");
    call(&server, "DELETE", "/v1/rooms/tea", Value::Null, 200);
    assert_eq!(event(&mut client, "room:deleted", "room:tea")["id"], made["id"]);
    call(&server, "GET", "/v1/rooms/tea", Value::Null, 404);
}

#[test]
fn users_come_and_go() {
    let (_home, server) = start();
    let bob = server.token("bob", "read,write");
    let mut watcher = server.client();
    watcher.subscribe("user:bob");
    let online = |server: &Server| call(server, "GET", "/v1/users/bob", Value::Null, 200)["online"].clone();

    let mut first = Client::connect(server.address, &bob);
    let told = event(&mut watcher, "user:online", "user:bob");
    assert_eq!((&told["user_id"], &told["status"]), (&json!("bob"), &json!("online")));
    assert_eq!(online(&server), true);
    let mut second = Client::connect(server.address, &bob);
    second.assert_alive();

    let answer = server.http().call("PATCH", "/v1/users/me", &bob, &json!({"name": "Bob", "status": "away"}));
    assert_eq!(answer.status, 200, "{answer:?}");
    let told = event(&mut watcher, "user:updated", "user:bob");
    assert_eq!((&told["name"], &told["status"]), (&json!("Bob"), &json!("away")), "no second user:online");

    first.socket.close(None).unwrap();
    first.end();
    // Without a word: the process of the second is gone.
    crate::process::reset_on_close(second.stream());
    drop(second);
    assert_eq!(event(&mut watcher, "user:offline", "user:bob")["user_id"], "bob");
    assert_eq!(online(&server), false);
}

#[test]
fn scopes_bind() {
    let (_home, server) = start();
    let reader = server.token("ada", "read");
    let answer =
        server.http().call("POST", "/v1/messages", &reader, &json!({"room_id": "1", "content": "x"}));
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (403, Some("FORBIDDEN")));
    let mut client = Client::connect(server.address, &reader);
    client.subscribe("room:1");
    let refused = client.ask(json!({"type": "publish", "channel": "room:1", "data": 1}));
    assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("FORBIDDEN")));
    client.assert_alive();
}
