//! What operators have for themselves: listeners, and a log of requests.

use crate::client::Client;
use crate::http::Http;
use crate::server::Home;
use serde_json::Value;
use std::net::SocketAddr;

#[test]
fn with_listeners_of_their_own_operators_are_served_nowhere_else() {
    let home = Home::new(&[r#"admin_listen=["127.0.0.1:0"]"#]);
    let server = home.start();
    let line = server.banner.lines().find_map(|line| line.trim().strip_prefix("operators on  http://"));
    let operators: SocketAddr = line.expect("where operators are served").parse().unwrap();
    assert_ne!(operators, server.address);
    let status = |address, method: &str, path: &str| {
        Http::connect(address).call(method, path, &server.key, &Value::Null).status
    };
    for (method, path) in [
        ("GET", "/admin/stats"),
        ("HEAD", "/admin/stats"),
        ("OPTIONS", "/admin/stats"),
        ("PUT", "/admin/stats"),
        ("POST", "/admin/reload"),
        ("POST", "/admin/backup"),
        ("GET", "/admin"),
        ("GET", "/admin/none"),
    ] {
        let mut http = Http::connect(server.address);
        http.write(format!(
            "{method} {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {}\r\n\r\n",
            server.key
        ));
        assert_eq!(http.head().status, 404, "{method} {path}");
    }
    assert_eq!(status(operators, "GET", "/admin/stats"), 200);
    assert_eq!(status(operators, "GET", "/metrics"), 200);
    for address in [operators, server.address] {
        assert_eq!(status(address, "GET", "/v1/users/me"), 200);
        Client::connect(address, &server.key).assert_alive();
    }
}
