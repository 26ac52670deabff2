//! A client on Node.js and its `ws` package, which shares nothing with what the other tests speak with. Where there is
//! no Node.js, or `ws` cannot be installed, the test says that it is skipped.

use crate::server::{Guard, Home, Server};
use crate::xano::{Workspace, action};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Seconds for `npm install`: a registry that does not answer must not hold the tests up.
const INSTALL_S: u64 = 60;
/// Seconds for all that the client does.
const CLIENT_S: u64 = 60;

/// Waits for the end of a process; kills it when its time is up.
pub fn succeeds_within(child: Child, seconds: u64) -> Result<(), String> {
    let mut guard = Guard(child);
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        match guard.0.try_wait().unwrap() {
            Some(status) if status.success() => return Ok(()),
            Some(status) => {
                let mut text = String::new();
                let _ = guard.0.stderr.take().unwrap().read_to_string(&mut text);
                return Err(format!("{status}\n{text}"));
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    Err(format!("not done after {seconds} s"))
}

/// Packages in a directory; says why not where that cannot be.
pub fn installed(directory: &Path, packages: &[&str]) -> Result<(), String> {
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
    if !node.is_ok_and(|status| status.success()) {
        return Err("there is no node".into());
    }
    let arguments =
        ["install", "--no-audit", "--no-fund", "--no-save", "--prefer-offline", "--fetch-retries=0"];
    let mut npm = Command::new("npm");
    npm.args(arguments)
        .args(packages)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let child = npm.spawn().map_err(|error| format!("npm does not start: {error}"))?;
    succeeds_within(child, INSTALL_S).map_err(|why| format!("npm cannot install {packages:?}: {why}"))
}

fn client(modules: &Path, server: &Server, mode: &str) -> Child {
    let mut node = Command::new("node");
    node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/node/xano.mjs"));
    node.env("MODULES", modules).env("MODE", mode).env("ADDRESS", server.address.to_string());
    node.env("HASH", Workspace::of(server).hash).env("KEY", &server.key);
    node.env("TOKEN", server.token("42", "read,write"));
    node.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_client_of_another_make_is_served() {
    let modules = tempfile::tempdir().unwrap();
    if let Err(why) = installed(modules.path(), &["ws@8"]) {
        // Past the harness, which hides what a passing test prints.
        let _ =
            writeln!(std::io::stderr(), "skipped: no client of another make speaks with the program: {why}");
        return;
    }
    let cores = if crate::server::two_cpus() { "cores=2" } else { "cores=1" };
    let home = Home::new(&[cores]);
    let server = home.start();
    if let Err(why) = succeeds_within(client(modules.path(), &server, "speak"), CLIENT_S) {
        panic!("the client failed: {why}");
    }

    // A client that is killed leaves no ghost.
    let workspace = Workspace::of(&server);
    workspace.define("lobby", "presence anonymous");
    let mut witness = workspace.open(None).unwrap();
    witness.join("lobby");
    let mut lingering = Guard(client(modules.path(), &server, "linger"));
    let mut line = String::new();
    BufReader::new(lingering.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "joined\n");
    let came = witness.next();
    assert_eq!((action(&came), &came["payload"]["action"]), ("presence_update", &"join".into()));
    lingering.0.kill().unwrap();
    let went = witness.next();
    assert_eq!((action(&went), &went["payload"]["action"]), ("presence_update", &"leave".into()));
    assert_eq!(went["payload"]["presence"], came["payload"]["presence"]);
    assert_eq!(witness.presence("lobby").len(), 1);
}
