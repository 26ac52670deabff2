//! Variables of the environment, files that nobody named, and who can read what.

use super::*;

/// The warnings, one to a line, without the directory.
fn warnings(case: Case) -> String {
    let directory = format!("{}/", case.directory.path().display());
    let config = case.good();
    let lines: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    lines.join("\n").replace(&directory, "")
}

#[test]
fn a_foreign_variable_is_warned_of_and_left_alone() {
    let case = Case::new("")
        .environment("CORECAST_CONFIG", "elsewhere.toml")
        .environment("CORECAST_LIMTS__ROOMS_MAX", "5")
        .environment("CORECAST_LIMITS_ROOMS_MAX", "5")
        .environment("CORECAST_LOG", "debug")
        .environment("CORECAST_HISTORY", "off")
        .environment("CORECAST_NAMESPACES__ROM__PRESENCE", "true")
        .environment("CORECAST_LISTEN__X", "1")
        .environment("CORECAST_LICENSE", "x")
        .environment("CORECAST_", "");
    assert_eq!(
        warnings(case),
        "CORECAST_: is not a setting, and is left alone\n\
         CORECAST_HISTORY: is not a setting, and is left alone; did you mean CORECAST_HISTORY__FLUSH_MS or \
         CORECAST_HISTORY__ON_DISK or CORECAST_HISTORY__SEGMENT_BYTES or another of its settings?\n\
         CORECAST_LICENSE: is not a setting, and is left alone\n\
         CORECAST_LIMITS_ROOMS_MAX: is not a setting, and is left alone; did you mean CORECAST_LIMITS__ROOMS_MAX?\n\
         CORECAST_LIMTS__ROOMS_MAX: is not a setting, and is left alone; did you mean CORECAST_LIMITS__ROOMS_MAX?\n\
         CORECAST_LISTEN__X: is not a setting, and is left alone; did you mean CORECAST_LISTEN?\n\
         CORECAST_LOG: is not a setting, and is left alone; did you mean CORECAST_LOG__ACCESS or CORECAST_LOG__LEVEL?\n\
         CORECAST_NAMESPACES__ROM__PRESENCE: is not a setting, and is left alone; did you mean \
         CORECAST_NAMESPACES__ROOM__PRESENCE?"
    );
}

#[test]
fn addresses_are_a_text_or_a_list_everywhere() {
    let two = [address("127.0.0.1:1"), address("127.0.0.1:2")];
    assert_eq!(good("listen = \"127.0.0.1:1\"").listen, two[..1]);
    for one in ["127.0.0.1:1", "\"127.0.0.1:1\"", "'127.0.0.1:1'", "[\"127.0.0.1:1\"]"] {
        assert_eq!(Case::new("").environment("CORECAST_LISTEN", one).good().listen, two[..1], "{one}");
        assert_eq!(Case::new("").flag(&format!("listen={one}")).good().listen, two[..1], "{one}");
    }
    assert_eq!(Case::new("").flag("listen=127.0.0.1:1,127.0.0.1:2").good().listen, two);
    assert_eq!(good("auth.allowed_origins = \"*\"").auth.allowed_origins, ["*"]);
    assert_eq!(bad("listen = 5"), "x.toml:1:1: listen must be text or a list of texts; it is a number");
}

#[test]
fn a_flag_is_what_it_looks_like_where_no_setting_says_what_it_must_be() {
    for (flag, error) in [
        ("namespaces.rom.presence=true", "namespaces[3].name must be \"room\""),
        ("namespaces.rom.history_count_max=5", "namespaces[3].name must be \"room\""),
        ("namespaces.room=true", "namespaces[3] must be a table; it is true or false"),
        ("limits=5", "limits must be a table; it is a number"),
    ] {
        let errors = Case::new("").flag(flag).bad();
        let name = flag.split('=').next().unwrap();
        assert!(errors.starts_with(&format!("--set {name}: {error}")), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
    let config = Case::new("").flag("limits={rooms_max=5}").good();
    assert_eq!(config.limits.rooms_max, 5);
}

#[test]
fn a_file_that_nobody_named_is_told() {
    let mut case = Case::new("");
    case.sources.unused_file = Some("corecast.toml".into());
    assert_eq!(
        warnings(case),
        "corecast.toml: is not used, as it was not named; to use it: --config corecast.toml, or \
         CORECAST_CONFIG=corecast.toml"
    );
}

#[test]
fn a_secret_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let with_mode = |mode| {
        let case =
            Case::new("[auth]\njwt_secret_file = \"DIR/secret\"\njwt_public_key_file = \"DIR/ed.pem\"\n")
                .file("secret", SECRET.as_bytes())
                .file("ed.pem", include_bytes!("../../auth/testdata/ed.public.pem"));
        let path = case.directory.path().join("secret");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        warnings(case)
    };
    assert_eq!((with_mode(0o600), with_mode(0o440)), (String::new(), String::new()));
    for mode in [0o604, 0o602, 0o444] {
        assert_eq!(
            with_mode(mode),
            "x.toml:2:1: auth.jwt_secret_file names the file secret, which other users can read or write; run: chmod \
             go-rw 'secret'"
        );
    }
}
