//! Logins, rooms and their messages over HTTP, what members hear of them on sockets, and what a restart leaves.

use crate::client::Client;
use crate::http::{Answer, Http};
use crate::server::{Home, Server, text, two_cpus};
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Users with these passwords, hashed by the program itself.
pub fn home(users: &[(&str, &str)]) -> Home {
    let mut home = Home::new(&[if two_cpus() { "cores=2" } else { "cores=1" }]);
    let entry = |(user, password): &(&str, &str)| {
        let hash = hash(&home, password);
        format!(r#"{{ user = "{user}", password_hash = "{hash}" }}"#)
    };
    let users: Vec<_> = users.iter().map(entry).collect();
    home.set(&format!("mdaemon.user=[{}]", users.join(", ")));
    home
}

fn hash(home: &Home, password: &str) -> String {
    let mut command = home.command(&["hash-password"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn log_in(server: &Server, user: &str, password: &str) -> Answer {
    let body = json!({"user": user, "password": password});
    server.http().call("POST", "/WorldClientAPI/authenticate/basic", "", &body)
}

#[track_caller]
pub fn session(server: &Server, user: &str, password: &str) -> String {
    let answer = log_in(server, user, password);
    assert_eq!(answer.status, 200, "{answer:?}");
    text(&answer.json(), "/session").to_owned()
}

/// A call, in the path form, that must succeed.
#[track_caller]
pub fn call(server: &Server, session: &str, method: &str, path: &str, body: Value) -> Value {
    let answer = server.http().call(method, &format!("/WorldClientAPI{path}"), session, &body);
    assert_eq!(answer.status, 200, "{method} {path}: {answer:?}");
    answer.json()
}

#[test]
fn rooms_messages_and_sessions_survive() {
    let home = home(&[("ada@example.com", "correct horse"), ("bob@example.com", "battery staple")]);
    let server = home.start();
    let wrong = log_in(&server, "ada@example.com", "battery staple");
    assert_eq!((wrong.status, wrong.json()), (400, json!({"error": "InvalidUserOrPassword"})));
    let ada = session(&server, "Ada@Example.com", "correct horse");
    let bob = session(&server, "bob@example.com", "battery staple");
    let gone = session(&server, "bob@example.com", "battery staple");
    let room = json!({"id": "r1", "started": "2025-01-01T09:00:00Z", "members": "bob@example.com"});
    let success = json!({"success": true});
    assert_eq!(call(&server, &ada, "PUT", "/rtc/rooms", room), success);

    let mut client = Client::connect(server.address, &bob);
    client.subscribe("meeting:r1");
    let messages = json!([{"id": "m1", "salt": "c2FsdA==", "data": "AAEC+/=\u{0}\"é"}, {"id": "m2", "salt": "", "data": "2"}]);
    assert_eq!(call(&server, &ada, "PUT", "/rtc/messages/r1", json!({"data": messages})), success);
    let told = client.next();
    assert_eq!((text(&told, "/type"), &told["data"]["data"]), ("meeting:message", &messages[0]["data"]));
    assert_eq!(client.next()["data"]["id"], "m2");
    assert_eq!(call(&server, &gone, "POST", "/authenticate/logout", Value::Null), success);
    drop(server);

    // Killed, not stopped.
    let server = home.start();
    let found = call(&server, &bob, "GET", "/rtc/rooms/r1", Value::Null);
    let expected = json!({"id": "r1", "started": "2025-01-01T09:00:00Z", "ended": "", "members": "bob@example.com",
        "hasMessages": true, "messages": messages});
    assert_eq!(found, expected);
    assert_eq!(call(&server, &ada, "GET", "/ping", Value::Null), json!({"pong": true}));
    let ended = server.http().call("GET", "/WorldClientAPI/ping", &gone, &Value::Null);
    assert_eq!((ended.status, ended.json()), (401, json!({"error": "InvalidSession"})));

    let mut client = Client::connect(server.address, &bob);
    client.subscribe("meeting:r1");
    call(&server, &ada, "PUT", "/rtc/rooms", json!({"id": "r1", "ended": "2025-01-01T10:00:00Z"}));
    assert_eq!(text(&client.next(), "/type"), "meeting:ended");
    call(&server, &bob, "DELETE", "/rtc/rooms/r1", Value::Null);
    assert_eq!(client.next()["type"], "error");
    drop(server);
    let server = home.start();
    assert_eq!(call(&server, &ada, "GET", "/rtc/rooms", Value::Null), json!({"rooms": []}));
}

#[test]
fn another_password_ends_the_sessions_of_the_one_before() {
    let mut home = home(&[("ada@example.com", "correct horse")]);
    let server = home.start();
    let before = session(&server, "ada@example.com", "correct horse");
    drop(server);
    let hash = hash(&home, "battery staple");
    home.set(&format!(r#"mdaemon.user=[{{ user = "ada@example.com", password_hash = "{hash}" }}]"#));
    let server = home.start();
    assert_eq!(server.http().call("GET", "/WorldClientAPI/ping", &before, &Value::Null).status, 401);
    assert_eq!(log_in(&server, "ada@example.com", "correct horse").status, 400);
    session(&server, "ada@example.com", "battery staple");
}

#[test]
fn what_was_answered_is_there_after_a_kill() {
    let home = home(&[("ada@example.com", "correct horse")]);
    let mut server = home.start();
    let ada = session(&server, "ada@example.com", "correct horse");
    call(&server, &ada, "PUT", "/rtc/rooms", json!({"id": "r1"}));
    for round in 0..5 {
        let messages = json!([{"id": format!("m{round}"), "salt": "", "data": "x".repeat(1_000)}]);
        call(&server, &ada, "PUT", "/rtc/messages/r1", json!({"data": messages}));
        drop(server);
        server = home.start();
        let found = call(&server, &ada, "GET", "/rtc/messages/r1", Value::Null);
        let ids: Vec<_> = found["messages"].as_array().unwrap().iter().map(|one| text(one, "/id")).collect();
        assert_eq!(ids, (0..=round).map(|round| format!("m{round}")).collect::<Vec<_>>());
    }
}

#[test]
fn bad_input_is_refused_and_harms_nobody() {
    let home = home(&[("ada@example.com", "correct horse")]);
    let server = home.start();
    let ada = session(&server, "ada@example.com", "correct horse");
    let nested = format!("{{\"id\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for (kind, body) in [
        ("application/json", b"{\"id\":\"r\",\"members\":".to_vec()),
        ("application/json", b"\xff\xfe{}".to_vec()),
        ("application/json", nested.into_bytes()),
        ("application/json", b"{\"id\":\"\\ud800\"}".to_vec()),
        ("application/x-www-form-urlencoded", b"id=%00&members=%ff".to_vec()),
        ("application/x-www-form-urlencoded", b"request=AAAA".to_vec()),
        ("application/x-www-form-urlencoded", b"&&&=&%&".repeat(10_000)),
        ("multipart/form-data; boundary=x", b"--x--".to_vec()),
    ] {
        let mut http = server.http();
        http.write(format!(
            "PUT /WorldClientAPI/rtc/rooms HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {ada}\r\n\
             Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        ));
        http.write(&body);
        let answer = http.answer();
        assert_eq!(answer.status, 400, "{kind}: {answer:?}");
        assert!(answer.json()["error"].is_string());
    }
    for target in
        ["?route=rtc&rooms=1&id=%00", "/rtc/rooms/%00", "/rtc/messages/%0a?after=x", "/rtc/rooms/%ff"]
    {
        let answer = server.http().call("GET", &format!("/WorldClientAPI{target}"), &ada, &Value::Null);
        assert!((400..500).contains(&answer.status), "{target}: {answer:?}");
    }
    assert_eq!(call(&server, &ada, "GET", "/rtc/rooms", Value::Null), json!({"rooms": []}));
}

/// Fills a room, reads it from its first message to its last, and says how long the longest turns were meanwhile.
fn page_through(messages: usize, data_bytes: usize) {
    const AT_ONCE: usize = 1_000;
    let mut home = home(&[("ada@example.com", "correct horse")]);
    // The other CPU is for the disk and for whoever asks, so that turns are not longer than they are.
    home.set("cores=1");
    let server = home.start();
    let ada = session(&server, "ada@example.com", "correct horse");
    call(&server, &ada, "PUT", "/rtc/rooms", json!({"id": "large"}));
    let mut http = server.http();
    let (began, before) = (Instant::now(), turns(&mut http));
    for first in (0..messages).step_by(AT_ONCE) {
        let one = |id| json!({"id": format!("m{id}"), "salt": "c2FsdA==", "data": "x".repeat(data_bytes)});
        let batch: Vec<_> = (first..messages.min(first + AT_ONCE)).map(one).collect();
        let answer = http.call("PUT", "/WorldClientAPI/rtc/messages/large", &ada, &json!({"data": batch}));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    eprintln!("{messages} messages of {data_bytes} bytes were put in {:?}", began.elapsed());
    eprintln!("turns meanwhile: {}", told(&before, &turns(&mut http)));
    let before = turns(&mut http);
    let began = Instant::now();
    let rooms = http.call("GET", "/WorldClientAPI/rtc/rooms", &ada, &Value::Null).json();
    assert_eq!(rooms["rooms"][0]["hasMessages"], true);
    let (mut after, mut seen, mut slowest) = (0, 0, Duration::ZERO);
    loop {
        let path = format!("/WorldClientAPI/rtc/messages/large?after={after}");
        let asked = Instant::now();
        let answer = http.call("GET", &path, &ada, &Value::Null);
        slowest = slowest.max(asked.elapsed());
        let page = answer.json();
        for message in page["messages"].as_array().unwrap() {
            assert_eq!(message["id"], format!("m{seen}"));
            seen += 1;
        }
        let Some(next) = page["next"].as_u64() else { break };
        assert!(next > after && answer.body.len() < 512 << 10);
        after = next;
    }
    assert_eq!(seen, messages, "every message came once and in order");
    eprintln!("they were listed in {:?}, the slowest page in {slowest:?}", began.elapsed());
    eprintln!("turns meanwhile: {}", told(&before, &turns(&mut http)));
    let (began, before) = (Instant::now(), turns(&mut http));
    call(&server, &ada, "DELETE", "/rtc/messages/large", Value::Null);
    eprintln!("they were deleted in {:?}", began.elapsed());
    let empty = call(&server, &ada, "GET", "/rtc/messages/large", Value::Null);
    assert_eq!(empty, json!({"room_id": "large", "messages": []}));
    // Waits until the messages are off the disk.
    call(&server, &ada, "PUT", "/rtc/rooms", json!({"id": "large"}));
    eprintln!("they were off the disk in {:?}", began.elapsed());
    eprintln!("turns meanwhile: {}", told(&before, &turns(&mut http)));
}

/// The histogram of turns: of each core, how many took at most so long.
fn turns(http: &mut Http) -> Vec<(String, u64)> {
    http.metrics("corecast_turn_seconds_bucket")
}

/// How many turns there were between two readings, by the bound that they kept.
fn told(before: &[(String, u64)], now: &[(String, u64)]) -> String {
    let mut told = Vec::new();
    let mut below = 0;
    for ((label, before), (_, now)) in before.iter().zip(now) {
        let (core, bound) = label.split_once(",le=").unwrap();
        let up_to = now - before;
        // Each core's buckets count up from the first.
        if up_to > below {
            told.push(format!("{core} {bound} s: {}", up_to - below));
        }
        below = if bound.contains("+Inf") { 0 } else { up_to };
    }
    told.join(", ")
}

#[test]
fn a_large_room_is_paged_through() {
    page_through(5_000, 100);
}

/// With `--ignored --nocapture`, to see how long the turns are.
#[test]
#[ignore = "a measurement, which takes its time"]
fn a_room_of_100000_messages_is_paged_through() {
    page_through(100_000, 640);
}
