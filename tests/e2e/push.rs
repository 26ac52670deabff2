//! Web Push: the real program, and a push service that is late, fails, forgets, hangs and sends elsewhere.

use crate::eventually;
use crate::http::Http;
use crate::push_service::PushService;
use crate::server::{Home, Server};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Of RFC 8291 section 5.
pub const P256DH: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
pub const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

/// A node that calls what only this machine has, and trusts the service.
pub fn home(certificate: &str, settings: &[&str]) -> Home {
    let mut home = Home::new(settings);
    let file = home.path().join("push.pem");
    fs::write(&file, certificate).unwrap();
    home.set(&format!("push.ca_file={}", file.display()));
    home.set("push.local_endpoints=true");
    home
}

fn call(http: &mut Http, name: &str, key: &str, body: &Value) -> Value {
    let answer = http.call("POST", &format!("/skapi/api/{name}"), key, body);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

pub fn subscribe(server: &Server, http: &mut Http, endpoint: &str) {
    let keys = json!({ "p256dh": P256DH, "auth": AUTH });
    call(http, "store-subscription", &server.key, &json!({ "endpoint": endpoint, "keys": keys }));
}

fn notify(server: &Server, title: &str) {
    call(&mut server.http(), "push-notification", &server.key, &json!({ "title": title, "body": "b" }));
}

/// Deliveries that ended so.
fn ended(server: &Server, how: &str) -> u64 {
    let ends = server.http().metrics("corecast_push_deliveries_total");
    ends.iter().filter(|(labels, _)| labels.contains(how)).map(|(_, count)| count).sum()
}

#[test]
fn every_answer_has_its_consequence_and_nothing_is_sent_twice() {
    let service = PushService::start();
    let home =
        home(&service.certificate, &["limits.push_time_ms_max=4000", "push.subject=mailto:ops@example.com"]);
    let server = home.start();
    let mut http = server.http();
    for path in ["ok", "gone", "busy", "fail", "redirect", "late", "hang"] {
        subscribe(&server, &mut http, &format!("{}/{path}/1", service.url));
    }
    let key = call(&mut http, "get-vapid-public-key", &server.key, &json!({}));
    notify(&server, "first");
    eventually("all ends but one", || (ended(&server, "accepted") == 4).then_some(()));
    assert_eq!((ended(&server, "gone"), ended(&server, "refused")), (1, 1));
    let counts = |path: &str| service.counts().get(path).copied().unwrap_or_default();
    assert_eq!(
        ["/ok/1", "/gone/1", "/busy/1", "/fail/1", "/redirect/1", "/late/1"].map(counts),
        [1, 1, 2, 3, 1, 1]
    );
    assert_eq!(counts("/ok/redirected"), 0, "no redirection is followed");
    assert!(server.metric("corecast_push_retries_total") >= 3);
    assert_eq!(server.metric("corecast_push_subscriptions"), 6);

    let one = service.received().remove(0);
    let field = |name: &str| one.fields.get(name).map(String::as_str);
    assert_eq!((field("ttl"), field("urgency")), (Some("86400"), Some("normal")));
    assert_eq!((field("content-encoding"), one.body.len() > 86), (Some("aes128gcm"), true));
    let authorization = field("authorization").unwrap();
    assert!(
        authorization.starts_with("vapid t=")
            && authorization.ends_with(&format!(", k={}", key.as_str().unwrap()))
    );

    // What has no end yet goes on after a restart, and nothing else.
    server.signal(libc::SIGTERM);
    let mut process = server.process;
    assert!(process.end().success());
    let before = service.counts();
    service.answer_all();
    let server = home.start();
    eventually("the last end", || (ended(&server, "accepted") == 1).then_some(()));
    let mut after = service.counts();
    after.insert("/hang/1".into(), before["/hang/1"]);
    assert_eq!(after, before);
    assert_eq!(call(&mut server.http(), "get-vapid-public-key", &server.key, &json!({})), key);
}

#[test]
fn nothing_accepted_is_lost_by_a_kill_and_only_what_was_under_way_is_sent_again() {
    const SUBSCRIPTIONS: usize = 60;
    const IN_FLIGHT_MAX: usize = 4;
    let service = PushService::start();
    let home = home(&service.certificate, &[&format!("limits.push_in_flight_max={IN_FLIGHT_MAX}")]);
    let mut server = home.start();
    let mut http = server.http();
    for number in 0..SUBSCRIPTIONS {
        subscribe(&server, &mut http, &format!("{}/ok/{number}", service.url));
    }
    let mut kills = 0;
    for round in 0..3 {
        notify(&server, &format!("round {round}"));
        let wanted = service.received().len() + SUBSCRIPTIONS / 3;
        eventually("a part", || (service.received().len() >= wanted).then_some(()));
        server.signal(libc::SIGKILL);
        server.process.end();
        kills += 1;
        server = home.start();
    }
    eventually("all", || (server.metric("corecast_push_waiting") == 0).then_some(()));
    let counts = service.counts();
    assert_eq!(counts.len(), SUBSCRIPTIONS);
    assert!(counts.values().all(|count| *count >= 3), "each got each message: {counts:?}");
    // Those under way at a kill, and those whose end was on its way to the disk, fewer than twice as many as are called at once.
    let doubled = counts.values().sum::<usize>() - 3 * SUBSCRIPTIONS;
    assert!(doubled < kills * 2 * IN_FLIGHT_MAX, "{doubled} were sent again: {counts:?}");
}

#[test]
fn what_was_stored_for_a_local_address_is_not_called_when_that_is_not_allowed_any_more() {
    let service = PushService::start();
    let mut home = home(&service.certificate, &[]);
    let mut server = home.start();
    subscribe(&server, &mut server.http(), &format!("{}/ok/1", service.url));
    server.signal(libc::SIGTERM);
    server.process.end();
    home.set("push.local_endpoints=false");
    let server = home.start();
    notify(&server, "secret");
    eventually("its end", || (ended(&server, "refused") == 1).then_some(()));
    assert!(service.received().is_empty());
    let body =
        json!({ "endpoint": format!("{}/ok/2", service.url), "keys": { "p256dh": P256DH, "auth": AUTH } });
    assert_eq!(server.http().call("POST", "/skapi/api/store-subscription", &server.key, &body).status, 400);
}

#[test]
fn a_service_whose_certificate_nobody_trusts_gets_nothing() {
    let service = PushService::start();
    let home = Home::new(&["push.local_endpoints=true"]);
    let server = home.start();
    subscribe(&server, &mut server.http(), &format!("{}/ok/1", service.url));
    notify(&server, "secret");
    eventually("a call that failed", || (server.metric("corecast_push_retries_total") >= 1).then_some(()));
    assert!(service.received().is_empty());
}

#[test]
fn settings_are_taken_over_while_the_node_runs() {
    let service = PushService::start();
    let home = Home::with_config("corecast.toml");
    fs::write(home.path().join("push.pem"), &service.certificate).unwrap();
    // Of the browser of RFC 8291, so that its public key is known.
    let secret = home.path().join("vapid.key");
    fs::write(&secret, "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let configure = |limits: &str, push: &str| {
        let start = "listen = \"127.0.0.1:0\"\ncores = 1";
        let text = format!(
            "{start}\n[limits]\n{limits}\n[push]\n{push}\nlocal_endpoints = true\nca_file = \"push.pem\"\n"
        );
        fs::write(home.path().join("corecast.toml"), text).unwrap();
    };
    configure("push_in_flight_max = 1", "ttl_s = 60");
    let server = home.start();
    let mut http = server.http();
    subscribe(&server, &mut http, &format!("{}/ok/1", service.url));
    notify(&server, "first");
    eventually("the first", || (ended(&server, "accepted") == 1).then_some(()));
    assert_eq!(service.received()[0].fields["ttl"], "60");

    // More calls at once need a restart; the rest is in force, for calls and for what is said of them.
    configure(
        "push_in_flight_max = 16384\npush_time_ms_max = 200",
        "ttl_s = 30\nvapid_key_file = \"vapid.key\"\nsubject = \"mailto:ops@example.com\"",
    );
    server.signal(libc::SIGHUP);
    let asked = json!({});
    eventually("the new key", || {
        (call(&mut http, "get-vapid-public-key", &server.key, &asked) == P256DH).then_some(())
    });
    notify(&server, "second");
    eventually("the second", || (ended(&server, "accepted") == 2).then_some(()));
    let fields = service.received().remove(1).fields;
    assert_eq!(fields["ttl"], "30");
    assert!(fields["authorization"].ends_with(&format!(", k={P256DH}")), "{fields:?}");
    // Two calls that get no answer fit into the test's patience, which those of ten seconds do not.
    subscribe(&server, &mut http, &format!("{}/hang/1", service.url));
    notify(&server, "third");
    eventually("two calls without an answer", || {
        (server.metric("corecast_push_retries_total") >= 2).then_some(())
    });

    let text = fs::read_to_string(home.path().join("corecast.toml")).unwrap();
    fs::write(home.path().join("corecast.toml"), text.replace("local_endpoints = true", "")).unwrap();
    server.signal(libc::SIGHUP);
    let body =
        json!({ "endpoint": format!("{}/ok/2", service.url), "keys": { "p256dh": P256DH, "auth": AUTH } });
    let path = "/skapi/api/store-subscription";
    eventually("a refusal", || (http.call("POST", path, &server.key, &body).status == 400).then_some(()));
    let before = service.counts()["/ok/1"];
    notify(&server, "fourth");
    eventually("its end", || (ended(&server, "refused") >= 2).then_some(()));
    assert_eq!(service.counts()["/ok/1"], before);
}
