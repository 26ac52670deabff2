//! The real client of Phoenix channels, the npm package `phoenix` over `ws`. Where there is no Node.js, or the packages
//! cannot be installed, the test says that it is skipped.

use crate::server::{Home, Server};
use crate::xano_node::{installed, succeeds_within};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Seconds for all that the clients do.
const CLIENT_S: u64 = 90;

fn client(modules: &Path, server: &Server) -> Child {
    let mut node = Command::new("node");
    node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/node/quikapp.mjs"));
    node.env("MODULES", modules).env("ADDRESS", server.address.to_string());
    node.env("ADA", server.token("ada", "read,write")).env("BOB", server.token("bob", "read,write"));
    node.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn the_real_client_talks_and_calls() {
    let modules = tempfile::tempdir().unwrap();
    if let Err(why) = installed(modules.path(), &["ws@8", "phoenix@1"]) {
        // Past the harness, which hides what a passing test prints.
        let _ = writeln!(std::io::stderr(), "skipped: the client of Phoenix channels is not there: {why}");
        return;
    }
    let cores = if crate::server::two_cpus() { "cores=2" } else { "cores=1" };
    let home = Home::new(&[cores, "quikapp.conversations=open"]);
    let server = home.start();
    if let Err(why) = succeeds_within(client(modules.path(), &server), CLIENT_S) {
        panic!("the client failed: {why}");
    }
}
