//! Messages of the real program over kills: an id that was answered stays the message's, a text that was deleted stays away,
//! and a log of the version before is taken over.

use crate::durable::{kill, newest, recover};
use crate::eventually;
use crate::server::{Home, Server};
use serde_json::{Value, json};
use std::fs;

#[track_caller]
fn call(server: &Server, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let answer = server.http().call(method, path, &server.key, body);
    (answer.status, answer.json())
}

/// Writes a message; gives its id.
#[track_caller]
fn write(server: &Server, content: &str) -> String {
    let body = json!({"room_id": "1", "content": content});
    let (status, answer) = call(server, "POST", "/v1/messages", &body);
    assert_eq!(status, 201, "{answer}");
    answer["data"]["id"].as_str().unwrap().to_owned()
}

/// Waits until the log has this text.
fn on_disk(home: &Home, text: &str) {
    eventually("the log has it", || {
        let bytes = fs::read(newest(home)).unwrap();
        bytes.windows(text.len()).any(|part| part == text.as_bytes()).then_some(())
    });
}

#[test]
fn an_id_outlives_kills_and_another_number_of_cores() {
    let mut home = Home::new(&["history.flush_ms=1"]);
    let server = home.start();
    let (kept, gone) = (write(&server, "kept"), write(&server, "gone"));
    assert_eq!(
        call(&server, "PATCH", &format!("/v1/messages/{kept}"), &json!({"content": "changed"})).0,
        200
    );
    assert_eq!(call(&server, "DELETE", &format!("/v1/messages/{gone}"), &Value::Null).0, 200);
    write(&server, "the last of all");
    on_disk(&home, "the last of all");
    kill(server);
    home.set("cores=2");
    for _ in 0..2 {
        let server = home.start();
        let (status, answer) = call(&server, "GET", &format!("/v1/messages/{kept}"), &Value::Null);
        assert_eq!((status, &answer["data"]["content"]), (200, &json!("changed")), "{answer}");
        assert_eq!(answer["data"]["id"], *kept);
        assert_eq!(call(&server, "GET", &format!("/v1/messages/{gone}"), &Value::Null).0, 404);
        let mut client = server.client();
        let answer = recover(&mut client, "room:1", (1, 0));
        assert_eq!(answer["gap"], true, "{answer}");
        let told: Vec<Value> = (0..5).map(|_| client.next()).collect();
        assert_eq!((&told[0]["data"]["id"], &told[0]["data"]["content"]), (&json!(kept), &json!("changed")));
        assert!(told.iter().all(|one| one["data"]["content"] != "gone" && one["data"]["content"] != "kept"));
        kill(server);
    }
    let server = home.start();
    assert_eq!(call(&server, "DELETE", &format!("/v1/messages/{kept}"), &Value::Null).0, 200);
}

#[test]
fn a_log_of_the_version_before_is_taken_over() {
    let home = Home::new(&[
        "namespaces.room.history_age_s_max=0",
        "namespaces.conversation.history_age_s_max=0",
        r#"namespaces.conversation.history_durability="commit""#,
    ]);
    let history = home.data().join("history");
    fs::create_dir_all(&history).unwrap();
    let name = "0000000000000002.log";
    let from = format!("{}/tests/fixtures/history-log-1/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::copy(from, history.join(name)).unwrap();
    let server = home.start();
    for (kind, epoch) in [("room", "ijhhwujen4"), ("conversation", "ijhhwtn04j")] {
        let (_, list) = call(&server, "GET", &format!("/v1/messages?channel={kind}:old"), &Value::Null);
        let told: Vec<_> =
            list["data"].as_array().unwrap().iter().map(|one| (&one["id"], &one["content"])).collect();
        let id = |offset: u64| json!(format!("msg_{kind}.old.{epoch}.{offset}"));
        let (last, edited, first) = (json!("last"), json!("newest text"), json!("first and kept"));
        assert_eq!(told, [(&id(6), &last), (&id(2), &edited), (&id(1), &first)]);
    }
    kill(server);
    assert!(home.start().http().get("/health/ready").status == 200, "what it wrote since is read, too");
}
