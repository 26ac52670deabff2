//! Programs that others wrote: OpenSSL and curl, where they are.

use super::certificates::Authority;
use super::node;
use crate::server::{Home, Server};
use std::process::{Command, Stdio};

/// What a program prints; `None` if it is not there.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    match command.args(arguments).stdin(Stdio::null()).output() {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            Some(String::from_utf8_lossy(&text).into_owned())
        }
        Err(error) => {
            eprintln!("SKIPPED: {program} cannot be run: {error}");
            None
        }
    }
}

#[test]
fn openssl_and_curl_are_served() {
    let authority = Authority::new();
    let (home, server) = node(&authority, &[]);
    std::fs::write(home.path().join("ca.crt"), authority.pem()).unwrap();
    let ca = home.path().join("ca.crt").display().to_string();
    let address = server.address.to_string();
    for version in ["-tls1_3", "-tls1_2"] {
        let arguments = [
            "s_client",
            version,
            "-connect",
            &address,
            "-CAfile",
            &ca,
            "-servername",
            "localhost",
            "-alpn",
            "http/1.1",
        ];
        let Some(text) = output("openssl", &arguments) else { return };
        assert!(text.contains("Verify return code: 0 (ok)"), "{text}");
        assert!(text.contains("ALPN protocol: http/1.1"), "{text}");
    }
    let url = format!("https://{address}/health");
    let Some(text) = output("curl", &["-sS", "--cacert", &ca, &url]) else { return };
    assert!(text.contains("\"status\""), "{text}");
}

#[test]
fn the_lines_of_the_banner_work_with_a_certificate_made_for_trying() {
    let home = Home::new(&[]);
    let start = || Server::start(home.command(&["serve", "--tls-self-signed"]), home.data());
    let first = start();
    let line = first.banner.lines().find(|line| line.trim().starts_with("curl ")).unwrap().trim().to_owned();
    assert!(
        line.contains("--cacert ./corecast-data/self_signed.pem") && line.contains("https://127.0.0.1:"),
        "{line}"
    );
    let script = format!("cd '{}' && {line} -sS", home.path().display());
    if output("curl", &["--version"]).is_some() {
        let text = output("sh", &["-c", &script]).unwrap();
        assert!(text.contains("\"admin\""), "{text}");
    }
    drop(first);
    let made = std::fs::read(home.data().join("self_signed.pem")).unwrap();
    drop(start());
    assert_eq!(std::fs::read(home.data().join("self_signed.pem")).unwrap(), made, "it is made once");
}
