//! What a node prints when it listens.

use crate::runtime::{Listen, ListenAddress};
use crate::server::Ready;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where the node listens, which configuration it has, where the admin key is, the first realm's socket, and lines to paste. The
/// lines use the first address and read the key from its file; the last is `token_command`, as [`token_command`] makes it. The
/// key itself is printed only if it is given: what is printed may be kept where many can read it.
pub fn banner(ready: &Ready<'_>, config: &str, key: Option<&str>, token_command: &str) -> String {
    let key_path = ready.secrets.api_key_path.display();
    let mut text = format!("Corecast {}\n", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(text, "  config        {config}");
    for listen in ready.served {
        let what = if listen.operators { "operators on" } else { "listening on" };
        let _ = writeln!(text, "  {what}  {}", url("http", listen));
    }
    let _ = match key {
        Some(key) => writeln!(text, "  admin API key {key}  (kept in {key_path})"),
        None => writeln!(text, "  admin API key in {key_path}"),
    };
    if let Some(tried) = tried(ready) {
        let (http, socket) = (url("http", &tried), url("ws", &tried));
        if let Some(realm) = ready.realms.first() {
            let _ = writeln!(text, "  workspace {}   {socket}/rt/{}", realm.id, realm.key);
        }
        let key = format!("$(cat {})", quoted(&key_path.to_string()));
        let [curl_trust, wscat_trust] = trust(ready, &tried);
        let _ = write!(
            text,
            "\nTry it (the second line needs Node.js; in it, type {SUBSCRIBE}):\n\
             \x20 curl {curl_trust}-H \"Authorization: Bearer {key}\" {http}/v1/users/me\n\
             \x20 npx -y wscat {wscat_trust}-c \"{socket}/v1/realtime?api_key={key}\"\n",
        );
    }
    let _ = writeln!(text, "  {token_command}");
    text
}

/// Where a listener is reached, by a scheme or the one of it with TLS.
fn url(scheme: &str, listen: &Listen) -> String {
    match &listen.address {
        ListenAddress::Unix(_) => listen.address.to_string(),
        ListenAddress::Ip(address) => format!("{scheme}{}://{address}", if listen.tls { "s" } else { "" }),
    }
}

/// The listener for trying: a port, without TLS if there is one.
fn tried(ready: &Ready<'_>) -> Option<Listen> {
    let everybodys = || ready.served.iter().filter(|listen| !listen.operators);
    let ports = || everybodys().filter_map(|listen| Some((listen.address.ip()?, listen.tls)));
    let (address, tls) = ports().find(|(_, tls)| !tls).or_else(|| ports().next())?;
    Some(Listen { tls, ..Listen::plain(reachable(address)) })
}

/// What curl and wscat are told of the certificate. That of an operator is for another name than the address of this host.
fn trust(ready: &Ready<'_>, tried: &Listen) -> [String; 2] {
    match ready.self_signed.filter(|_| tried.tls).map(|path| quoted(&path.display().to_string())) {
        Some(path) => [format!("--cacert {path} "), format!("--ca {path} ")],
        None if tried.tls => ["--insecure ".into(), "--no-check ".into()],
        None => Default::default(),
    }
}

/// The command that makes a token for the node which was started with these arguments (the program first): the
/// same program with the same `--config` and `--set`. Values of `--set` that may be secrets are left out.
pub fn token_command(arguments: impl IntoIterator<Item = String>) -> String {
    let mut words: Vec<String> = Vec::new();
    for argument in arguments {
        let is_value = words.last().is_some_and(|word| ["--config", "-c", "--set"].contains(&word.as_str()));
        let is_of_serve = ["serve", "--tls-self-signed"].contains(&argument.as_str());
        if !is_of_serve || is_value {
            words.push(argument);
        }
    }
    words.extend(["token", "--user", "ada", "--ttl", "1h"].map(str::to_owned));
    let words: Vec<String> = words.iter().map(|word| quoted(&without_secret(word))).collect();
    words.join(" ")
}

fn without_secret(word: &str) -> String {
    let setting = word.strip_prefix("--set=").unwrap_or(word);
    match word.rsplit_once(setting).zip(setting.split_once('=')) {
        Some(((flag, _), (key @ ("auth.jwt_secret" | "auth.api_keys"), _))) => format!("{flag}{key}=..."),
        _ => word.to_owned(),
    }
}

/// A word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=./:,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A message that a new client can send.
const SUBSCRIBE: &str = r#"{"type":"subscribe","channel":"room:1","event":"message"}"#;

/// An address to connect to: that of this host if the node listens on all.
pub(super) fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Secret;
    use crate::config::data_dir::DataSecrets;
    use crate::model::realm::Realm;
    use std::sync::Arc;

    #[test]
    fn the_banner_names_addresses_and_key() {
        let plain = |address: &str| Listen::plain(address.parse().unwrap());
        let addresses = [plain("[::]:81"), plain("127.0.0.1:80")];
        let banner = |served: &[Listen], path: &str, key: Option<&str>, token: &str| {
            let secrets = DataSecrets {
                api_key: Secret::new("cc_x"),
                api_key_path: path.into(),
                api_key_is_new: true,
                jwt_secret: None,
            };
            let realm = |id| Arc::new(Realm { id, namespace: "r".into(), key: format!("hash{id}").into() });
            let realms = [realm(1), realm(2)];
            let ready = Ready { served, self_signed: None, secrets: &secrets, realms: &realms };
            super::banner(&ready, "x.toml, --set", key, token)
        };
        let text = banner(&addresses, "data/api_key", Some("cc_x"), "./corecast token");
        assert!(text.contains("  config        x.toml, --set\n"));
        assert!(text.contains("listening on  http://[::]:81\n"));
        assert!(text.contains("listening on  http://127.0.0.1:80\n"));
        assert!(text.contains("admin API key cc_x  (kept in data/api_key)"));
        assert!(
            text.contains(
                "curl -H \"Authorization: Bearer $(cat data/api_key)\" http://[::1]:81/v1/users/me\n"
            )
        );
        assert!(text.contains("\"ws://[::1]:81/v1/realtime?api_key=$(cat data/api_key)\""));
        assert!(text.ends_with("  ./corecast token\n"));
        assert!(text.contains("  workspace 1   ws://[::1]:81/rt/hash1\n") && !text.contains("hash2"));
        let v4 = banner(&[plain("0.0.0.0:80")], "a k", None, "");
        assert!(v4.contains("http://127.0.0.1:80/v1/users/me"));
        assert!(
            v4.contains("  admin API key in a k\n") && v4.contains("$(cat 'a k')") && !v4.contains("cc_x")
        );
    }

    #[test]
    fn lines_to_paste_speak_what_is_listened_for() {
        let secrets = DataSecrets {
            api_key: Secret::new("cc_x"),
            api_key_path: "k".into(),
            api_key_is_new: false,
            jwt_secret: None,
        };
        let banner = |served: &[Listen], self_signed: Option<&str>| {
            let self_signed = self_signed.map(std::path::Path::new);
            super::banner(&Ready { served, self_signed, secrets: &secrets, realms: &[] }, "x", None, "t")
        };
        let plain = Listen::plain("127.0.0.1:80".parse().unwrap());
        let tls = Listen { tls: true, ..Listen::plain("127.0.0.1:443".parse().unwrap()) };
        let unix = Listen { address: ListenAddress::Unix("/run/x".into()), tls: false, ..tls.clone() };
        let text = banner(&[unix.clone(), tls.clone()], Some("a b.pem"));
        assert!(
            text.contains("listening on  unix:/run/x\n  listening on  https://127.0.0.1:443\n"),
            "{text}"
        );
        assert!(text.contains("curl --cacert 'a b.pem' -H"), "{text}");
        assert!(text.contains("wscat --ca 'a b.pem' -c \"wss://127.0.0.1:443/v1/realtime"), "{text}");
        assert!(banner(std::slice::from_ref(&tls), None).contains("curl --insecure -H"));
        assert!(
            banner(&[tls, plain], None)
                .contains("curl -H \"Authorization: Bearer $(cat k)\" http://127.0.0.1:80/")
        );
        assert!(banner(&[unix], None).ends_with("admin API key in k\n  t\n"));
    }

    #[test]
    fn the_token_command_repeats_the_arguments() {
        let command = |line: &[&str]| token_command(line.iter().map(|word| (*word).to_owned()));
        assert_eq!(
            command(&["target/release/corecast"]),
            "target/release/corecast token --user ada --ttl 1h"
        );
        assert_eq!(
            command(&["corecast", "serve", "--config", "serve", "--set", "node_name=it's"]),
            r"corecast --config serve --set 'node_name=it'\''s' token --user ada --ttl 1h"
        );
        assert_eq!(
            command(&["corecast", "-c", "serve", "serve", "--tls-self-signed"]),
            "corecast -c serve token --user ada --ttl 1h"
        );
        assert_eq!(
            command(&["corecast", "--set", "auth.jwt_secret=hidden", "--set=auth.jwt_secret=hidden"]),
            "corecast --set auth.jwt_secret=... --set=auth.jwt_secret=... token --user ada --ttl 1h"
        );
    }
}
