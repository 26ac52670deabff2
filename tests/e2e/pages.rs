//! What is pasted from the pages works: their commands in a shell, their settings as a configuration, their frames on a socket.

use crate::client::Client;
use crate::server::{BINARY, Home};
use crate::xano_node::{installed, succeeds_within};
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tungstenite::client::IntoClientRequest;

/// Folders of pages beside the README.
const FOLDERS: [&str; 2] = ["docs", "docs/protocol"];

/// Seconds for a program that a page shows.
const PROGRAM_S: u64 = 30;

/// Commands that work in the source tree, not where a broker was installed: of these blocks nothing is run here.
const OF_THE_SOURCE_TREE: [&str; 3] = ["cargo ", "target/release/loadtest ", "--scenarios "];

/// What a shell is given before the blocks: `curl` fails where the node refuses, and what a block left in the background ends.
const PROLOGUE: &str = "set -eu\n\
    STARTED=; trap 'kill $STARTED' EXIT\n\
    curl() { command curl --silent --show-error --fail --noproxy '*' \"$@\"; }\n";

/// Stands in for the program in blocks that show ways to start it: each says what that start would.
const CHECKS: &str = "#!/bin/sh\n\
    for word; do shift; [ \"$word\" = serve ] && word=check; set -- \"$@\" \"$word\"; done\n\
    exec target/release/corecast \"$@\"\n";

/// Stands in for npx, which loads programs from elsewhere: notes what it was to run.
const NPX: &str = "#!/bin/sh\nprintf '%s\\n' \"$@\" >> npx.words\n";

/// The names of all pages.
fn pages() -> Vec<String> {
    let mut names = vec!["README.md".to_owned()];
    for folder in FOLDERS {
        let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
        let files = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.extend(files.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")));
    }
    names
}

fn is_of_the_source_tree(block: &str) -> bool {
    block.lines().all(|line| OF_THE_SOURCE_TREE.iter().any(|start| line.trim_start().starts_with(start)))
}

pub fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The blocks of one language, in order.
pub fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("\n```{language}\n");
    page.split(start.as_str()).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

/// Makes a file that can be executed.
fn program(path: PathBuf, text: &str) {
    fs::write(&path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The directory as a reader of the README has it: the program where a build leaves it and where an installation does.
fn furnish(home: &Home) {
    let (built, bin) = (home.path().join("target/release"), home.path().join("bin"));
    fs::create_dir_all(&built).unwrap();
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(BINARY, built.join("corecast")).unwrap();
    program(bin.join("corecast"), CHECKS);
    program(bin.join("npx"), NPX);
}

/// The settings with files that are here instead of those of a host.
fn settled(home: &Home, toml: &str) -> String {
    let hash =
        "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$2NeynwkO9ujmpBV6bVmUl658OWY77JKheBp8ZDfytGs";
    let secrets = home.path().join("secrets");
    fs::create_dir_all(&secrets).unwrap();
    for name in ["backend.key", "workspace2.hash"] {
        fs::write(secrets.join(name), "0123456789abcdef").unwrap();
        fs::set_permissions(secrets.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let made = rcgen::generate_simple_self_signed(["chat.example.com".to_owned()]).unwrap();
    fs::write(secrets.join("fullchain.pem"), made.cert.pem()).unwrap();
    fs::write(secrets.join("privkey.pem"), made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(secrets.join("privkey.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    toml.replace("/etc/corecast", secrets.to_str().unwrap())
        .replace("/var/lib/corecast", home.path().join("elsewhere").to_str().unwrap())
        .replace("$argon2id$v=19$m=19456,t=2,p=1$…", hash)
}

#[test]
fn the_commands_of_the_readme_can_be_pasted() {
    if !Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return eprintln!("SKIPPED: there is no curl");
    }
    let home = Home::new(&[]);
    furnish(&home);
    let server = home.start();
    let readme = page("README.md");
    let second = format!("127.0.0.1:{}", free_port());
    let config = blocks(&readme, "toml")[0];
    fs::write(home.path().join("corecast.toml"), settled(&home, config)).unwrap();
    let mut script = PROLOGUE.to_owned();
    let mut run = 0;
    for block in blocks(&readme, "sh") {
        if is_of_the_source_tree(block) {
            continue;
        }
        run += 1;
        script += &format!("echo '== block {run}'\n{block}\n");
        if block.ends_with('&') {
            // "Once it listens", says the README.
            let starts = |line: &str| block.lines().any(|one| one.contains(line));
            let node = match () {
                () if starts("--tls-self-signed") => "https://localhost:8443",
                () if starts("--config calls.toml") => "http://127.0.0.1:8082",
                () => "http://127.0.0.1:8081",
            };
            script += "STARTED=\"$STARTED $!\"\n";
            script += &format!("until curl -k {node}/health 2>/dev/null; do sleep 0.05; done\n");
        }
    }
    assert!(run >= 6, "{run} blocks were found");
    let script = script
        .replace("127.0.0.1:8080", &server.address.to_string())
        .replace("127.0.0.1:8081", &second)
        .replace("127.0.0.1:8082", &format!("127.0.0.1:{}", free_port()))
        .replace("127.0.0.1:4000", "127.0.0.1:0")
        .replace(":8443", &format!(":{}", free_port()));
    let path = format!("{}:{}", home.path().join("bin").display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("timeout");
    shell.args(["60", "sh", "-c", &script]).current_dir(home.path()).env_clear().env("PATH", path);
    let output = shell.stdin(Stdio::null()).output().unwrap();
    let (said, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{error}");
    for part in [
        "\"content\":\"Hello\"",
        "realtime_channel lobby",
        "sealed",
        "corecast.toml: ok",
        "call.html?node=http://127.0.0.1:",
    ] {
        assert!(said.contains(part), "{part} in {said}\n{error}");
    }
    let words = fs::read_to_string(home.path().join("npx.words")).unwrap();
    let words: Vec<&str> = words.lines().collect();
    let opened = words.windows(5).rev().find_map(|words| match *words {
        ["wscat", "-c", url, "-s", token] => Some((url, token)),
        _ => None,
    });
    let (url, token) = opened.unwrap_or_else(|| panic!("{words:?}"));
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", token.parse().unwrap());
    Client::open_with(server.address, request).unwrap();
}

/// What the README shows of a start is what a start prints, but for the key, which is shown on a terminal only.
#[test]
fn the_first_lines_are_those_of_the_readme() {
    let home = Home::new(&[]);
    let server = home.start();
    let readme = page("README.md");
    let shown = blocks(&readme, "text")[0].replace("127.0.0.1:8080", &server.address.to_string());
    let settings = " --set 'listen=[\"127.0.0.1:0\"]' --set cores=1";
    let banner = server.banner.replace(BINARY, "target/release/corecast").replace(settings, "");
    let mut printed = banner.lines();
    for line in shown.lines().filter(|line| !line.contains("admin API key") && !line.contains("  config  ")) {
        let parts: Vec<&str> = line.split('…').collect();
        let found = printed.any(|printed| {
            let mut rest = Some(printed);
            parts
                .iter()
                .for_each(|part| rest = rest.and_then(|rest| rest.split_once(part)).map(|(_, rest)| rest));
            rest.is_some()
        });
        assert!(found, "{line}\nis not in its place in\n{banner}");
    }
}

#[test]
fn the_browser_s_line_of_retrochat_opens_a_socket() {
    let modules = tempfile::tempdir().unwrap();
    if let Err(why) = installed(modules.path(), &["ws@8"]) {
        // Past the harness, which hides what a passing test prints.
        let _ = writeln!(std::io::stderr(), "skipped: there is no WebSocket for Node.js: {why}");
        return;
    }
    let home = Home::new(&[]);
    let server = home.start();
    let retrochat = page("docs/protocol/retrochat.md");
    let line = blocks(&retrochat, "js")[0];
    let program = format!(
        "const WebSocket = require('ws');\n\
        const url = 'ws://{}/v1/realtime', KEY = process.env.KEY;\n\
        const base64url = (text) => Buffer.from(text).toString('base64url');\n\
        const socket = {line};\n\
        socket.on('error', (error) => {{ throw error; }});\n\
        socket.on('open', () => process.exit(socket.protocol === 'corecast.v1' ? 0 : 3));\n",
        server.address
    );
    let mut node = Command::new("node");
    node.args(["-e", &program]).env("KEY", &server.key).current_dir(modules.path());
    let child = node.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if let Err(why) = succeeds_within(child, PROGRAM_S) {
        panic!("the line failed: {why}");
    }
}

/// The pages with programs for browsers, and how many: those of the README are one tour, in skapi_node.rs.
const PROGRAMS: [(&str, usize); 3] = [("README.md", 4), (SKAPI, 1), ("docs/protocol/retrochat.md", 1)];

const SKAPI: &str = "docs/protocol/skapi.md";

#[test]
fn the_programs_of_skapi_do_what_they_show() {
    let modules = tempfile::tempdir().unwrap();
    if let Err(why) = installed(modules.path(), &["ws@8", "werift@0.22", "skapi-js@1.5.8"]) {
        // Past the harness, which hides what a passing test prints.
        let _ = writeln!(std::io::stderr(), "skipped: the client of Skapi is not there: {why}");
        return;
    }
    let home = Home::new(&[r#"listen=[{address="127.0.0.1:0",tls=true}]"#, "tls.self_signed=true"]);
    let server = home.start();
    for program in blocks(&page(SKAPI), "js") {
        let service = program.split("new Skapi(\"").nth(1).unwrap().split('"').next().unwrap();
        let user = "11111111-2222-4333-8444-555555555555";
        let tokens = home.command(&["token", "--user", user, "--cognito", service]).output().unwrap();
        let tokens = String::from_utf8(tokens.stdout).unwrap();
        let mut node = Command::new("node");
        node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/node/page.mjs"));
        node.env("MODULES", modules.path()).env("PROGRAM", program).env("TOKENS", tokens.trim_end());
        node.env("HOST", format!("localhost:{}", server.address.port()));
        node.env("NODE_EXTRA_CA_CERTS", home.data().join("self_signed.pem"));
        let child = node.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if let Err(why) = succeeds_within(child, PROGRAM_S) {
            panic!("the program of {SKAPI} failed: {why}\n{program}");
        }
    }
}

#[test]
fn every_program_of_the_pages_is_run() {
    for name in pages() {
        let programs = blocks(&page(&name), "js").len();
        let run = PROGRAMS.iter().find(|(page, _)| *page == name).map_or(0, |(_, count)| *count);
        assert_eq!(programs, run, "{name}: nobody runs its programs");
    }
}

#[test]
fn the_settings_of_the_pages_hold() {
    for name in pages() {
        for block in blocks(&page(&name), "sh") {
            assert!(name == "README.md" || is_of_the_source_tree(block), "{name}: nobody runs\n{block}");
        }
        for toml in blocks(&page(&name), "toml") {
            let home = Home::with_config("page.toml");
            fs::write(home.path().join("page.toml"), settled(&home, toml)).unwrap();
            let output = home.command(&["check"]).output().unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            // Whether there are descriptors enough is the machine's business.
            let told = error.lines().any(|line| !line.starts_with("warning: the limit on open files is"));
            assert!(output.status.success() && !told, "{name}: {error}\n{toml}");
        }
    }
}

#[test]
fn the_unit_for_systemd_starts_what_there_is() {
    let unit = page("packaging/systemd/corecast.service");
    assert!(unit.contains("\n[Install]\n"), "{unit}");
    let home = Home::with_config("unit.toml");
    // The file that the package installs, in a data directory of the test's own.
    let installed = page("packaging/debian/corecast.toml").replace("/var/lib/corecast", "data");
    fs::write(home.path().join("unit.toml"), installed).unwrap();
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/corecast ")).unwrap();
    let words: Vec<&str> = start.split(' ').collect();
    let ["serve", "--config", "/etc/corecast/corecast.toml"] = words[..] else { panic!("{start}") };
    assert!(home.command(&["check"]).output().unwrap().status.success());
}
