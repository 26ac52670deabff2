//! The real client of Skapi, the npm package `skapi-js` as browsers load it, over TLS as it demands, with `ws` for its socket
//! and `werift` for its calls; and the README's tour of it. Where there is no Node.js, or the packages cannot be installed, the test says that it is
//! skipped.

use crate::pages::{blocks, page};
use crate::push::home;
use crate::server::Home;
use crate::xano_node::{installed, succeeds_within};
use std::io::Write;
use std::process::{Command, Stdio};

/// Seconds for all that the clients do.
const CLIENT_S: u64 = 90;

/// The library checks the form of all three.
const SERVICE: &str = "us01corecast01";
const ADA: &str = "11111111-2222-4333-8444-555555555555";
const BOB: &str = "66666666-7777-4888-8999-aaaaaaaaaaaa";

/// The tokens that the library logs a user in with.
fn tokens(home: &Home, user: &str) -> String {
    let output = home.command(&["token", "--user", user, "--cognito", SERVICE]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_real_client_meets_talks_and_calls() {
    let modules = tempfile::tempdir().unwrap();
    if let Err(why) = installed(modules.path(), &["ws@8", "werift@0.22", "skapi-js@1.5.8"]) {
        // Past the harness, which hides what a passing test prints.
        let _ = writeln!(std::io::stderr(), "skipped: the client of Skapi is not there: {why}");
        return;
    }
    let cores = if crate::server::two_cpus() { "cores=2" } else { "cores=1" };
    let home = Home::new(&[cores]);
    let server = home.start();
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (home.path().join("certificate.pem"), home.path().join("key.pem"));
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let mut node = Command::new("node");
    node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/node/skapi.mjs"));
    node.env("MODULES", modules.path()).env("ADDRESS", server.address.to_string());
    node.env("CERTIFICATE", certificate).env("KEY", key).env("SERVICE", SERVICE);
    node.env("ADA", tokens(&home, ADA)).env("ADA_ID", ADA).env("BOB", tokens(&home, BOB)).env("BOB_ID", BOB);
    let child = node.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if let Err(why) = succeeds_within(child, CLIENT_S) {
        panic!("the client failed: {why}");
    }
}

#[test]
fn the_tour_of_the_readme_can_be_pasted() {
    let modules = tempfile::tempdir().unwrap();
    let packages = ["ws@8", "werift@0.22", "http_ece@1", "skapi-js@1.5.8"];
    if let Err(why) = installed(modules.path(), &packages) {
        let _ = writeln!(std::io::stderr(), "skipped: the client of Skapi is not there: {why}");
        return;
    }
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let tls = [r#"listen=[{address="127.0.0.1:0",tls=true}]"#, "tls.self_signed=true"];
    let home = home(&made.cert.pem(), &tls);
    let server = home.start();
    let readme = page("README.md");
    let tour = readme.split("\n## Skapi\n").nth(1).unwrap().split("\n## ").next().unwrap();
    assert!(blocks(tour, "sh")[0].contains(&format!("--user {ADA} --cognito {SERVICE}")));
    let mut node = Command::new("node");
    node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/node/tour.mjs")).env("MODULES", modules.path());
    node.env("FRONT", format!("localhost:{}", server.address.port())).env("TOKENS", tokens(&home, ADA));
    node.env("NODE_EXTRA_CA_CERTS", home.data().join("self_signed.pem"));
    node.env("CERTIFICATE", made.cert.pem()).env("KEY", made.signing_key.serialize_pem());
    node.env("BLOCKS", serde_json::to_string(&blocks(tour, "js")).unwrap());
    let child = node.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if let Err(why) = succeeds_within(child, CLIENT_S) {
        panic!("the tour failed: {why}");
    }
}
