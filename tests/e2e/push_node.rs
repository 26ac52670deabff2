//! Web Push read by another implementation: a push service of Node.js, which speaks HTTP/2, checks the tokens with its own
//! library and decrypts with the npm package `http_ece`. Where there is no Node.js, or the package cannot be installed, the
//! test says that it is skipped.

use crate::push::home;
use crate::server::Guard;
use crate::xano_node::installed;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

#[test]
fn another_implementation_decrypts_what_is_sent_over_http_2() {
    let modules = tempfile::tempdir().unwrap();
    if let Err(why) = installed(modules.path(), &["http_ece@1"]) {
        // Past the harness, which hides what a passing test prints.
        let _ = writeln!(std::io::stderr(), "skipped: the push service of Node.js is not there: {why}");
        return;
    }
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let mut node = Command::new("node");
    node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/node/push.mjs")).env("MODULES", modules.path());
    node.env("CERTIFICATE", made.cert.pem()).env("KEY", made.signing_key.serialize_pem());
    node.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut node = Guard(node.spawn().unwrap());
    let mut lines = BufReader::new(node.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut next =
        || -> Value { serde_json::from_str(&lines.next().expect("a line of the service")).unwrap() };
    let service = next();

    let home = home(&made.cert.pem(), &["push.subject=mailto:ops@example.com"]);
    let server = home.start();
    let mut http = server.http();
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let keys = json!({ "p256dh": text(&service, "p256dh"), "auth": text(&service, "auth") });
    for number in 0..3 {
        let body = json!({ "endpoint": format!("{}/user/{number}", text(&service, "url")), "keys": keys });
        assert_eq!(http.call("POST", "/skapi/api/store-subscription", &server.key, &body).status, 200);
    }
    let key = http.call("POST", "/skapi/api/get-vapid-public-key", &server.key, &json!({})).json();
    let body = json!({ "title": "Grüße 📱", "body": "\"quoted\"\n%41" });
    assert_eq!(http.call("POST", "/skapi/api/push-notification", &server.key, &body).status, 200);
    let mut paths = Vec::new();
    for _ in 0..3 {
        let message = next();
        paths.push(text(&message, "path"));
        assert_eq!(serde_json::from_str::<Value>(&text(&message, "plain")).unwrap(), body);
        assert_eq!((&message["version"], &message["key"]), (&json!("2.0"), &key));
        assert_eq!((&message["ttl"], &message["urgency"]), (&json!("86400"), &json!("normal")));
        let claims = &message["claims"];
        assert_eq!((&claims["aud"], &claims["sub"]), (&service["url"], &json!("mailto:ops@example.com")));
    }
    paths.sort();
    assert_eq!(paths, ["/user/0", "/user/1", "/user/2"]);
}
