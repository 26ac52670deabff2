//! Whole configurations: layers, precedence, and each mistake at its place.

use super::*;
use crate::base::limits::Limits;
use crate::model::access::Access;
use crate::model::definition::{ChannelDefinition, Presence, SlowPolicy};
use crate::model::pace::Pace;
use crate::model::session::Scopes;
use crate::runtime::Listen;
use crate::runtime::log::Level;
use std::fs;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Loads with a file `x.toml` of this text.
struct Case {
    directory: tempfile::TempDir,
    sources: Sources,
}

impl Case {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.toml");
        fs::write(&path, text).unwrap();
        Self { directory, sources: Sources { file: Some(path), ..Sources::default() } }
    }

    fn file(self, name: &str, contents: &[u8]) -> Self {
        fs::write(self.directory.path().join(name), contents).unwrap();
        self
    }

    fn environment(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.push((name.into(), value.into()));
        self
    }

    fn flag(mut self, flag: &str) -> Self {
        self.sources.flags.push(flag.into());
        self
    }

    /// `DIR` in the file stands for the directory of the case.
    fn load(self) -> Result<Config, ConfigErrors> {
        let path = self.sources.file.as_ref().unwrap();
        let text = fs::read_to_string(path).unwrap();
        fs::write(path, text.replace("DIR", self.directory.path().to_str().unwrap())).unwrap();
        Config::load(&self.sources)
    }

    fn good(self) -> Config {
        self.load().unwrap_or_else(|errors| panic!("{errors}"))
    }

    /// The mistakes, one to a line, without the directory.
    fn bad(self) -> String {
        let directory = format!("{}/", self.directory.path().display());
        self.load().unwrap_err().to_string().replace(&directory, "")
    }
}

fn address(text: &str) -> Listen {
    Listen::plain(text.parse().unwrap())
}

fn good(text: &str) -> Config {
    Case::new(text).good()
}

fn bad(text: &str) -> String {
    Case::new(text).bad()
}

#[test]
fn the_defaults_are_those_of_the_types() {
    let config = Config::load(&Sources::default()).unwrap();
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.listen, [address("127.0.0.1:8080")]);
    assert_eq!(config.data_dir, Path::new("./corecast-data"));
    assert_eq!(config.cores, Cores::All);
    assert_eq!((config.busy_poll_us, config.drain_time_s), (0, 10));
    assert!(config.node_name.starts_with("corecast@") && config.node_name.len() > 9);
    assert_eq!(
        config.websocket,
        WebSocketConfig { ping_interval_s: 30, pong_timeout_s: 20, compressed: Vec::new() }
    );
    assert!(config.auth.api_keys.is_empty() && config.auth.jwt_secret.is_none());
    assert!(config.auth.jwt_public_keys.is_empty() && config.auth.allowed_origins.is_empty());
    assert_eq!(config.auth.jwt_leeway_s, 30);
    assert!(!config.debug.echo);
    assert_eq!(config.log.level, Level::INFO);
    let names: Vec<_> = config.namespaces.iter().map(|namespace| namespace.name.as_str()).collect();
    assert_eq!(names, ["room", "conversation", "user"]);
    assert_eq!(config.namespaces[0].definition, ChannelDefinition::default());
    assert_eq!(config.namespaces[1].definition, ChannelDefinition::of_namespace("conversation"));
    assert_eq!(config.namespaces[2].definition.history.count_max, 0);
}

/// A key that is read but not in `default.toml` would be missing here; a key of `default.toml` that is not
/// read would be a finding.
#[test]
fn the_default_file_and_the_types_have_the_same_keys() {
    let context = Context::default();
    root::read(merged(&Sources::default(), &context.findings), &context);
    assert_eq!(*context.missing.borrow(), Vec::<String>::new());
    context.findings.into_result().unwrap();
}

#[test]
fn each_key_of_the_default_file_has_a_comment() {
    let mut above = "";
    let mut repeated = false;
    for line in DEFAULT_TOML.lines() {
        // Only the first of the namespaces is explained.
        repeated |= line.starts_with("name = ") && !above.starts_with('#');
        let is_key = line.contains('=') && !line.starts_with('#');
        assert!(!is_key || repeated || above.starts_with('#'), "no comment above: {line}");
        above = line;
    }
}

#[test]
fn the_commented_example_of_the_default_file_holds() {
    let example: Vec<&str> = DEFAULT_TOML
        .lines()
        .skip_while(|line| *line != "# [[auth.api_keys]]")
        .take_while(|line| line.starts_with("# "))
        .filter_map(|line| line.strip_prefix("# "))
        .collect();
    let keys = good(&example.join("\n")).auth.api_keys;
    assert_eq!((keys.len(), keys[0].user.as_str()), (1, "backend"));
    for key in ["key", "key_file", "user", "name", "scopes"] {
        assert!(example.iter().any(|line| line.starts_with(&format!("{key} ="))), "{key}");
    }
}

#[test]
fn a_file_changes_what_it_gives() {
    let config = good(
        "listen = [\"[::]:9000\", \"127.0.0.1:0\"]\ncores = [2, 0]\nnode_name = \"n\"\n\
         [limits]\nmessage_bytes_max = 1000\n[log]\nlevel = \"debug\"\n[debug]\necho = true\n",
    );
    assert_eq!(config.listen, [address("[::]:9000"), address("127.0.0.1:0")]);
    assert_eq!(config.cores, Cores::List(vec![2, 0]));
    assert_eq!(config.node_name, "n");
    assert_eq!(config.limits, Limits { message_bytes_max: 1000, ..Limits::default() });
    assert_eq!((config.log.level, config.debug.echo), (Level::DEBUG, true));
}

#[test]
fn later_layers_win() {
    let file = "[limits]\nrooms_max = 1\nprofiles_max = 1\nheaders_max = 11\n";
    let config = Case::new(file)
        .environment("CORECAST_LIMITS__ROOMS_MAX", "2")
        .environment("CORECAST_LIMITS__PROFILES_MAX", "2")
        .environment("HOME", "/nowhere")
        .flag("limits.rooms_max=3")
        .flag("limits.rooms_max=4")
        .good();
    assert_eq!((config.limits.rooms_max, config.limits.profiles_max), (4, 2));
    assert_eq!(config.limits.headers_max, 11);
}

#[test]
fn text_of_variables_and_flags_becomes_the_right_kind() {
    let config = Case::new("")
        .environment("CORECAST_LISTEN", "127.0.0.1:1, 127.0.0.1:2")
        .environment("CORECAST_DEBUG__ECHO", "true")
        .environment("CORECAST_NODE_NAME", "12")
        .environment("CORECAST_CORES", "0,1")
        .environment("CORECAST_AUTH__API_KEYS", r#"[{ key = "k1", user = "a", scopes = ["read"] }]"#)
        .flag(r#"auth.allowed_origins=["https://a.example"]"#)
        .flag(&format!("auth.jwt_secret={SECRET}=x"))
        .flag("data_dir=\"/tmp/with space\"")
        .good();
    assert_eq!(config.listen.len(), 2);
    assert!(config.debug.echo);
    assert_eq!(config.node_name, "12");
    assert_eq!(config.cores, Cores::List(vec![0, 1]));
    assert_eq!(config.auth.api_keys[0].scopes, Scopes::READ);
    assert_eq!(config.auth.allowed_origins, ["https://a.example"]);
    assert_eq!(config.auth.jwt_secret.unwrap().expose(), format!("{SECRET}=x").as_bytes());
    assert_eq!(config.data_dir, Path::new("/tmp/with space"));
}

#[test]
fn cores_are_all_or_a_number_or_a_list() {
    let cores = |value: &str| Case::new("").flag(&format!("cores={value}")).good().cores;
    assert_eq!(cores("all"), Cores::All);
    assert_eq!(cores("3"), Cores::Count(3));
    assert_eq!(cores("[3]"), Cores::List(vec![3]));
    assert_eq!(good("cores = 3").cores, Cores::Count(3));
    let wanted = r#"cores must be "all", a number of CPUs from 1, or a list of CPU numbers such as [0, 2]"#;
    for wrong in ["0", "-1", "\"some\"", "[]", "1.5", "[\"a\"]", "99999"] {
        assert_eq!(bad(&format!("cores = {wrong}")), format!("x.toml:1:1: {wanted}"), "{wrong}");
    }
    assert_eq!(bad("cores = [1, 1]"), "x.toml:1:1: cores holds CPU 1 twice");
    assert_eq!(bad("cores = [-1]"), "x.toml:1:1: cores holds -1, which is not a CPU number");
}

#[test]
fn every_mistake_is_reported_with_its_line() {
    let text = "lisen = [\"127.0.0.1:1\"]\n\
                busy_poll_us = \"fast\"\n\
                \n\
                [limits]\n\
                \x20 message_bytes_max = -1\n\
                messages_bytes_max = 5\n\
                listen = 3\n\
                [unknown]\n\
                [log]\n\
                level = \"loud\"\n\
                [websocket]\n\
                ping_interval_s = 1.5\n\
                [debug]\n\
                echo = 1\n";
    assert_eq!(
        bad(text),
        "x.toml:1:1: lisen is not a setting; did you mean listen?\n\
         x.toml:2:1: busy_poll_us must be a whole number from 0 to 1000000; it is text\n\
         x.toml:5:3: limits.message_bytes_max must be 1..=268435456; it is -1\n\
         x.toml:6:1: limits.messages_bytes_max is not a setting; did you mean limits.message_bytes_max?\n\
         x.toml:7:1: limits.listen is not a setting; did you mean listen?\n\
         x.toml:8:2: unknown is not a setting\n\
         x.toml:10:1: log.level must be \"error\" or \"warn\" or \"info\" or \"debug\"; it is \"loud\"\n\
         x.toml:12:1: websocket.ping_interval_s must be a whole number from 1 to 86400; it is a number with a \
         fraction\n\
         x.toml:14:1: debug.echo must be true or false; it is a number"
    );
}

#[test]
fn mistakes_of_variables_and_flags_name_them() {
    let errors = Case::new("")
        .environment("CORECAST_DRAIN_TIME_S", "soon")
        .environment("CORECAST_AUTH__API_KEYS", "[{")
        .flag("drain_time_s=4000")
        .flag("no value")
        .flag("listen.x=1")
        .bad();
    assert_eq!(
        errors,
        "CORECAST_AUTH__API_KEYS: auth.api_keys: this is not TOML: unclosed inline table, expected `}`\n\
         --set drain_time_s: drain_time_s must be 0..=3600; it is 4000\n\
         --set listen.x: listen must be text or a list of texts; it is a table\n\
         --set no value: the flag must be --set section.key=value"
    );
}

#[test]
fn variables_that_kubernetes_makes_are_left_alone() {
    let config = Case::new("")
        .environment("CORECAST_PORT", "tcp://10.0.0.1:80")
        .environment("CORECAST_PORT_80_TCP_ADDR", "10.0.0.1")
        .environment("CORECAST_SERVICE_HOST", "10.0.0.1")
        .environment("CORECAST_SERVICE_PORT_HTTP", "80");
    config.good();
}

#[test]
fn text_that_is_not_toml_is_reported_without_repeating_it() {
    let errors = bad(&format!("node_name = \"n\"\n[auth]\njwt_secret = {SECRET}\n"));
    assert!(errors.starts_with("x.toml:3:") && errors.contains("this is not TOML"), "{errors}");
    assert!(!errors.contains(SECRET), "{errors}");
    assert!(bad("a = 1\na = 2").starts_with("x.toml:2:1: this is not TOML: duplicate key"));
    let missing = Sources { file: Some("/nowhere/x.toml".into()), ..Sources::default() };
    let errors = Config::load(&missing).unwrap_err().to_string();
    assert!(errors.starts_with("/nowhere/x.toml: the config file cannot be read:"), "{errors}");
}

#[test]
fn addresses_are_checked() {
    let wanted = r#"listen must hold "ip:port", such as "127.0.0.1:8080" or "[::]:8080""#;
    assert_eq!(
        bad("listen = [\n  \"127.0.0.1:1\",\n  \"localhost:1\",\n]"),
        format!("x.toml:3:3: {wanted}; one is \"localhost:1\"")
    );
    assert_eq!(bad("listen = []"), "x.toml:1:1: listen must hold at least one address");
    assert_eq!(bad("listen = [1]"), "x.toml:1:11: listen must hold texts or tables; one is a number");
    assert_eq!(
        bad("listen = [\"127.0.0.1:1\", \"127.0.0.1:1\"]"),
        "x.toml:1:26: listen holds 127.0.0.1:1 twice"
    );
    assert_eq!(good("listen = [\"127.0.0.1:0\", \"127.0.0.1:0\"]").listen.len(), 2);
}

#[test]
fn both_ends_of_a_range_belong_to_it() {
    let drain = |value: i64| format!("drain_time_s = {value}\n[limits]\nheaders_max = 8\n");
    for value in [0, 3600] {
        assert_eq!(i64::from(good(&drain(value)).drain_time_s), value);
    }
    for value in [-1, 3601, i64::MAX] {
        let expected = format!("x.toml:1:1: drain_time_s must be 0..=3600; it is {value}");
        assert_eq!(bad(&drain(value)), expected);
    }
    let few = "[limits]\nheaders_max = 7\n";
    assert_eq!(bad(few), "x.toml:2:1: limits.headers_max must be 8..=1024; it is 7");
}

#[test]
fn rings_and_outboxes_hold_the_largest_messages() {
    let errors = bad("[limits]\nmessage_bytes_max = 4000000\n");
    assert_eq!(
        errors,
        "x.toml:2:1: limits.egress_ring_bytes_max must be at least 2 * message_bytes_max + 65536 = 8065536; it \
         is 4194304"
    );
    let both = Case::new("").flag("limits.outbox_bytes_max=100").bad();
    assert_eq!(
        both,
        "--set limits.outbox_bytes_max: limits.outbox_bytes_max must be at least message_bytes_max + 65536 = \
         1114112; it is 100"
    );
    let fits = "[limits]\nmessage_bytes_max = 100\negress_ring_bytes_max = 65736\noutbox_bytes_max = 65636\n";
    good(fits);
    assert!(Case::new(fits).flag("limits.message_bytes_max=101").bad().lines().count() == 2);
}

#[test]
fn workspaces_have_ids_and_hashes_of_their_own() {
    let default = Config::load(&Sources::default()).unwrap();
    assert_eq!(default.workspaces, [Workspace { id: 1, hash: None }]);
    let case = Case::new(
        "[[xano.workspace]]\nid = 7\nhash = \"abc-DEF_123\"\n[[xano.workspace]]\nid = 2\nhash_file = \"DIR/h\"\n\
         [[xano.workspace]]\nid = 3\n",
    );
    let config = case.file("h", b"01234567\n").good();
    let hashes: Vec<_> =
        config.workspaces.iter().map(|workspace| (workspace.id, workspace.hash.as_deref())).collect();
    assert_eq!(hashes, [(7, Some("abc-DEF_123")), (2, Some("01234567")), (3, None)]);
    assert_eq!(good("xano.workspace = []").workspaces, []);
}

#[test]
fn mistakes_in_workspaces_are_reported() {
    let hash = "x.toml:3:1: xano.workspace[0].hash must be 8 to 128 letters, digits, hyphens or underscores";
    for wrong in ["1234567", "12345678/", "a b c d e f", &"x".repeat(129)] {
        assert_eq!(bad(&format!("[[xano.workspace]]\nid = 1\nhash = \"{wrong}\"\n")), hash);
    }
    assert_eq!(
        bad("[[xano.workspace]]\nhash = \"12345678\"\n[[xano.workspace]]\nid = 0\nhsh = \"\"\n"),
        "x.toml:1:1: xano.workspace[0].id must be given\n\
         x.toml:4:1: xano.workspace[1].id must be 1..=9007199254740992; it is 0\n\
         x.toml:5:1: xano.workspace[1].hsh is not a setting; did you mean xano.workspace[1].hash?"
    );
    assert_eq!(
        bad(
            "[[xano.workspace]]\nid = 1\nhash = \"12345678\"\n[[xano.workspace]]\nid = 1\nhash = \"12345678\"\n"
        ),
        "x.toml:4:1: xano.workspace[1].hash is the hash of an earlier entry\n\
         x.toml:4:1: xano.workspace[1].id is the id of an earlier entry"
    );
}

#[test]
fn secrets_come_from_files() {
    let case = Case::new(
        "[auth]\njwt_secret_file = \"DIR/secret\"\njwt_public_key_file = [\"DIR/ed.pem\", \"DIR/ec.pem\"]\n\
         [[auth.api_keys]]\nkey_file = \"DIR/key\"\nuser = \"a\"\n",
    );
    let config = case
        .file("secret", format!("{SECRET}\n").as_bytes())
        .file("key", b"cc_key\r\n")
        .file("ed.pem", include_bytes!("../auth/testdata/ed.public.pem"))
        .file("ec.pem", include_bytes!("../auth/testdata/ec.public.pem"))
        .good();
    assert_eq!(config.auth.jwt_secret.as_ref().unwrap().expose(), SECRET.as_bytes());
    assert_eq!(config.auth.jwt_public_keys.len(), 2);
    assert_eq!(config.auth.api_keys[0].key.expose(), b"cc_key");
    assert_eq!(config.auth.api_keys[0].scopes, Scopes::READ.union(Scopes::WRITE));
    let shown = format!("{config:?}");
    assert!(!shown.contains("cc_key") && !shown.contains(SECRET));
    let one = Case::new("[auth]\njwt_public_key_file = \"DIR/ed.pem\"\n");
    let one = one.file("ed.pem", include_bytes!("../auth/testdata/ed.public.pem")).good();
    assert_eq!(one.auth.jwt_public_keys.len(), 1);
}

#[test]
fn mistakes_in_secrets_are_reported_without_them() {
    assert_eq!(
        bad("[auth]\njwt_secret = \"short\"\njwt_public_key_file = [3, \"DIR/none\"]\n"),
        "x.toml:2:1: auth.jwt_secret cannot be used: the secret of HS256 tokens must have at least 32 bytes\n\
         x.toml:3:24: auth.jwt_public_key_file must hold texts; one is a number\n\
         x.toml:3:27: auth.jwt_public_key_file names the file none, which cannot be read: No such file or \
         directory (os error 2)"
    );
    let both = format!("[auth]\njwt_secret = \"{SECRET}\"\njwt_secret_file = \"DIR/x\"\n");
    assert_eq!(
        bad(&both),
        "x.toml:3:1: auth.jwt_secret and auth.jwt_secret_file are both given; leave one out"
    );
    let case = Case::new("[auth]\njwt_secret_file = \"DIR/e\"\njwt_public_key_file = \"DIR/p\"\n");
    assert_eq!(
        case.file("e", b"\n").file("p", b"no key").bad(),
        "x.toml:2:1: auth.jwt_secret_file names the file e, which is empty\n\
         x.toml:3:1: auth.jwt_public_key_file names the file p, which cannot be used: the file must hold \
         exactly one PEM block; give one file per key"
    );
}

#[test]
fn mistakes_in_api_keys_are_reported_without_them() {
    let text = "[[auth.api_keys]]\nkey = \"k\"\nuser = \"a\"\nscopes = [\"read\", \"all\"]\n\
                [[auth.api_keys]]\nkey = \"k\"\nuser = \"b\"\n\
                [[auth.api_keys]]\nscope = \"read\"\n\
                [[auth.api_keys]]\nkey = \"hidden key\"\nuser = \"c\"\n\
                [[auth.api_keys]]\nkey = 5\nuser = \"\"\n\
                [[auth.api_keys]]\nkey = \"k2\"\nuser = \"\"\n";
    assert_eq!(
        bad(text),
        "x.toml:4:19: auth.api_keys[0].scopes must be among \"read\", \"write\" and \"admin\"; one is \"all\"\n\
         x.toml:5:1: auth.api_keys[1].key is the key of an earlier entry\n\
         x.toml:8:1: auth.api_keys[2].key or key_file must be given\n\
         x.toml:8:1: auth.api_keys[2].user must be given\n\
         x.toml:9:1: auth.api_keys[2].scope is not a setting; did you mean auth.api_keys[2].scopes?\n\
         x.toml:11:1: auth.api_keys[3].key cannot be used: an API key must be 1 to 512 visible ASCII \
         characters\n\
         x.toml:14:1: auth.api_keys[4].key must be text; it is a number\n\
         x.toml:18:1: auth.api_keys[5].user cannot be used: a user must be 1 to 128 bytes without control \
         characters"
    );
}

#[test]
fn the_admin_key_joins_the_configured_ones() {
    let secrets = data_dir::DataSecrets {
        api_key: crate::auth::Secret::new("cc_admin"),
        api_key_path: "x".into(),
        api_key_is_new: false,
        jwt_secret: Some(crate::auth::Secret::new(SECRET)),
    };
    let config = good("[[auth.api_keys]]\nkey = \"k\"\nuser = \"a\"\n");
    assert!(config.wants_own_jwt_secret());
    let settings = config.auth_settings(&secrets);
    let users: Vec<_> = settings.api_keys.iter().map(|key| (key.user.as_str(), key.scopes)).collect();
    assert_eq!(users, [("a", Scopes::READ.union(Scopes::WRITE)), ("admin", Scopes::ADMIN)]);
    assert_eq!(settings.jwt_secret.unwrap().expose(), SECRET.as_bytes());
    crate::auth::Authenticator::new(config.auth_settings(&secrets)).unwrap();
    let copied = good("[[auth.api_keys]]\nkey = \"cc_admin\"\nuser = \"a\"\n");
    assert_eq!(copied.auth_settings(&secrets).api_keys.len(), 1);
}

mod acme;
mod given;
mod mdaemon;
mod namespaces;
mod quikapp;
mod variables;

#[test]
fn the_proxy_protocol_needs_proxies_that_are_trusted() {
    let entry = r#"listen = [{ address = "127.0.0.1:8080", proxy_protocol = true }, "127.0.0.1:8081"]"#;
    let config = good(&format!("{entry}\ntrusted_proxies = [\"10.0.0.1\"]"));
    assert_eq!(config.listen.iter().map(|one| one.proxy_protocol).collect::<Vec<_>>(), [true, false]);
    assert!(bad(entry).contains("no proxy is trusted, so nobody would be let in"));
}
