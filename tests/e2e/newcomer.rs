//! What somebody sees who starts the program for the first time.

use crate::client::Client;
use crate::server::Home;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Runs a line of the banner as a shell would where it was printed.
fn paste(home: &Home, line: &str) -> String {
    let output = Command::new("sh").args(["-c", line]).current_dir(home.path()).output().unwrap();
    assert!(output.status.success(), "{line}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_printed_lines_work() {
    let home = Home::new(&[]);
    let server = home.start();
    assert!(server.banner.contains(&format!("http://{}", server.address)), "{}", server.banner);
    assert!(!server.banner.contains(&server.key), "no terminal reads this: {}", server.banner);
    assert!(server.banner.contains("config        built-in defaults, --set"), "{}", server.banner);
    let lines: Vec<&str> = server.banner.lines().map(str::trim).collect();
    let [.., curl, wscat, token] = &lines[..] else { panic!("{}", server.banner) };

    assert!(curl.starts_with("curl "), "{curl}");
    if Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success()) {
        let body = paste(&home, &format!("{curl} --silent --show-error --fail --noproxy '*'"));
        assert!(body.contains(r#""success":true"#), "{body}");
    } else {
        eprintln!("SKIPPED: there is no curl for the first line");
    }

    // The second line needs a program that is not here; its address is used as it stands.
    let url = wscat.split('"').find(|word| word.starts_with("ws://")).unwrap();
    let path = url.strip_prefix(&format!("ws://{}", server.address)).unwrap();
    let path = path.replace("$(cat ./corecast-data/api_key)", &server.key);
    Client::open(server.address, &path, None).unwrap().assert_alive();

    let token = paste(&home, token);
    assert_eq!(token.trim_end().split('.').count(), 3, "{token}");
    Client::connect(server.address, token.trim_end()).assert_alive();
    let me = server.http().call("GET", "/v1/users/me", token.trim_end(), &serde_json::Value::Null);
    assert_eq!(me.json()["data"]["id"], "ada", "{me:?}");
}

#[test]
fn the_data_directory_is_private_and_kept() {
    let home = Home::new(&[]);
    let first = home.start();
    assert_eq!(mode(&home.data()), 0o700);
    let inside = |path: &Path| fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let (directories, mut secrets): (Vec<_>, Vec<_>) = inside(&home.data()).partition(|path| path.is_dir());
    for directory in &directories {
        assert_eq!(mode(directory), 0o700, "{}", directory.display());
        secrets.extend(inside(directory));
    }
    assert!(secrets.contains(&home.data().join("api_key")), "{secrets:?}");
    for secret in &secrets {
        assert_eq!(mode(secret), 0o600, "{}", secret.display());
    }
    let (key, token) = (first.key.clone(), first.token("ada", "read"));
    drop(first);
    let second = home.start();
    assert_eq!(second.key, key);
    Client::connect(second.address, &key).assert_alive();
    Client::connect(second.address, &token).assert_alive();
}

#[test]
fn a_wrong_key_opens_nothing() {
    let home = Home::new(&[]);
    let server = home.start();
    for key in [None, Some("cc_wrong"), Some("a.b.c")] {
        match Client::open(server.address, "/v1/realtime", key).map_err(|error| *error) {
            Err(tungstenite::Error::Http(response)) => assert_eq!(response.status(), 401),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("{key:?} was let in"),
        }
    }
    let other = Home::new(&[]);
    let stranger = other.start().token("ada", "admin");
    assert!(Client::open(server.address, "/v1/realtime", Some(&stranger)).is_err());
}
