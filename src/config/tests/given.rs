//! The settings in force, shown and compared.

use super::*;
use crate::config::DEFAULT_TOML;
use crate::config::given::SECRETS;
use std::collections::BTreeSet;

fn given(text: &str) -> Given {
    good(text).given
}

#[test]
fn what_is_in_force_is_shown_with_its_place_and_without_secrets() {
    let config = Case::new(&format!(
        "node_name = \"a \\\"b\\\"\"\n[auth]\njwt_secret = \"{SECRET}\"\n[[auth.api_keys]]\nkey = \"hidden\"\nuser = \"u\"\n\
         [[xano.workspace]]\nid = 1\nhash = \"hidden-hash\"\n\
         [[mdaemon.user]]\nuser = \"a@b.example\"\npassword_hash = \"{}\"\n",
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    ))
    .environment("CORECAST_LIMITS__ROOMS_MAX", "7")
    .flag("namespaces.room.presence=true")
    .good();
    let shown = config.given.shown();
    let text = shown.replace(&directory_of(&shown), "");
    for line in [
        "listen = [\"127.0.0.1:8080\"]  # built-in default",
        "node_name = 'a \"b\"'  # x.toml:1:1",
        "jwt_secret = \"***\"  # x.toml:3:1",
        "jwt_secret_file = \"\"  # built-in default",
        "[[auth.api_keys]]",
        "key = \"***\"  # x.toml:5:1",
        "user = \"u\"  # x.toml:6:1",
        "hash = \"***\"  # x.toml:9:1",
        "password_hash = \"***\"  # x.toml:12:1",
        "rooms_max = 7  # CORECAST_LIMITS__ROOMS_MAX",
        "presence = true  # --set namespaces.room.presence",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    assert!(!text.contains("hidden") && !text.contains(SECRET) && !text.contains("argon2id"), "{text}");
    assert!(!format!("{:?}", config.given).contains("hidden"));
}

/// A setting that may be in a file instead is a secret.
#[test]
fn what_may_be_in_a_file_instead_is_not_shown() {
    let key = |line: &'static str| Some(line.trim_start_matches("# ").split_once(" = ")?.0);
    let keys: BTreeSet<&str> = DEFAULT_TOML.lines().filter_map(key).collect();
    let secrets = keys.iter().filter_map(|key| key.strip_suffix("_file")).filter(|key| keys.contains(key));
    assert_eq!(secrets.collect::<BTreeSet<_>>(), BTreeSet::from(SECRETS));
    let shown = given("[quikapp]\nturn_secret = \"hidden\"\n").shown();
    assert!(shown.contains("turn_secret = \"***\"") && !shown.contains("hidden"), "{shown}");
}

/// The directory of the file that places name.
fn directory_of(shown: &str) -> String {
    let line = shown.lines().find(|line| line.contains("x.toml")).unwrap();
    let path = line.split("# ").nth(1).unwrap();
    path[..path.find("x.toml").unwrap()].to_owned()
}

#[test]
fn what_is_shown_can_be_read_back() {
    let text = "node_name = \"n\"\ncores = [0, 1]\nxano.workspace = []\n[limits]\nrooms_max = 3\n\
                [[namespaces]]\nname = \"user\"\npresence = true\n";
    let shown = given(text).shown();
    let again = good(&shown);
    assert_eq!(again.given.differences(&given(text)), Vec::<String>::new());
    assert_eq!(again.given.shown().lines().count(), shown.lines().count());
}

#[test]
fn differences_name_the_settings() {
    let one = given("[limits]\nrooms_max = 3\n[[namespaces]]\nname = \"user\"\npresence = true\n");
    let other =
        given("listen = \"127.0.0.1:8080\"\n[limits]\nrooms_max = 4\n[auth]\nallowed_origins = \"*\"\n");
    let names = ["auth.allowed_origins", "limits.rooms_max", "listen", "namespaces.user.presence"];
    assert_eq!(one.differences(&other), names);
    assert_eq!(one.differences(&one.clone()), Vec::<String>::new());
    // Digests tell the same, and nothing else.
    let (digests, others) = (one.digests("salt"), other.digests("salt"));
    let differ = digests.iter().filter(|(name, digest)| others.get(*name) != Some(digest));
    assert_eq!(differ.map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
    assert_eq!(digests, one.clone().digests("salt"));
    assert!(
        one.digests("pepper").iter().all(|(name, digest)| digests[name] != *digest),
        "the salt is in each"
    );
}

#[test]
fn what_needs_a_restart_is_told_from_what_does_not() {
    for name in [
        "auth.api_keys",
        "limits.rooms_max",
        "log.level",
        "mdaemon.user",
        "namespaces.room.history_count_max",
        "push.subject",
        "quikapp.turn_secret",
        "trusted_proxies",
    ] {
        assert!(is_reloaded(name), "{name}");
    }
    for name in [
        "listen",
        "cores",
        "authors",
        "limits.effects_in_flight_max",
        "limits.push_in_flight_max",
        "data_dir",
        "namespaces.room.presence",
        "namespaces.user.history_durability",
        "quikapp.call_s_max",
        "tls.self_signed",
    ] {
        assert!(!is_reloaded(name), "{name}");
    }
}
