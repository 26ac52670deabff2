//! The program as a shell sees it: output, errors, exit codes.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str, text: &str) -> String {
        fs::write(self.path().join(name), text).unwrap();
        name.to_owned()
    }

    /// Runs with a clean environment in this directory.
    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, &[])
    }

    /// Runs with this on its standard input.
    fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_corecast"));
        command.args(arguments).current_dir(self.path()).env_clear();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_corecast"));
        command.args(arguments).current_dir(self.path()).env_clear().envs(environment.iter().copied());
        command.output().unwrap()
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Without what depends on the machine of the tests: whether it allows as many descriptors as there may be connections.
fn stderr(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    text.lines().filter(|line| !line.contains(FEW_FILES)).map(|line| format!("{line}\n")).collect()
}

const FEW_FILES: &str = "warning: the limit on open files is ";

#[track_caller]
fn expect(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}{}", stdout(output), stderr(output));
    assert_eq!(stderr(output).is_empty(), code == 0, "{}", stderr(output));
}

#[test]
fn help_and_version_go_to_stdout() {
    let home = Home::new();
    let help = home.run(&["--help"]);
    expect(&help, 0);
    for word in
        ["serve", "check", "config", "version", "token", "hash-password", "doctor", "--config", "--set"]
    {
        assert!(stdout(&help).contains(word), "{word}");
    }
    let version = home.run(&["--version"]);
    expect(&version, 0);
    assert_eq!(stdout(&version), format!("corecast {}\n", env!("CARGO_PKG_VERSION")));
    let command = home.run(&["version"]);
    expect(&command, 0);
    assert_eq!(stdout(&command), stdout(&version));
    expect(&home.run(&["token", "--help"]), 0);
}

#[test]
fn a_shell_and_man_are_told_of_every_command() {
    let home = Home::new();
    let page = home.run(&["man"]);
    expect(&page, 0);
    assert!(
        stdout(&page).starts_with(".ie") && stdout(&page).contains("corecast\\-doctor"),
        "{}",
        stdout(&page)
    );
    for shell in ["bash", "zsh", "fish"] {
        let script = home.run(&["completions", shell]);
        expect(&script, 0);
        assert!(stdout(&script).contains("hash-password"), "{shell}");
    }
    let missing = home.run(&["man", "--all", "pages"]);
    expect(&missing, 1);
    assert!(stderr(&missing).contains("make the directory first"), "{}", stderr(&missing));
    fs::create_dir(home.path().join("pages")).unwrap();
    expect(&home.run(&["man", "--all", "pages"]), 0);
    for name in ["corecast.1", "corecast-serve.1", "corecast-token.1"] {
        assert!(home.path().join("pages").join(name).exists(), "{name}");
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    let home = Home::new();
    for arguments in [
        &["dance"][..],
        &["--verbose"],
        &["token"],
        &["token", "--user", "a", "--scope", "all"],
        &["token", "--user", "a", "--ttl", "soon"],
        &["check", "--config"],
    ] {
        let output = home.run(arguments);
        expect(&output, 2);
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn check_accepts_a_good_file() {
    let home = Home::new();
    let file = home.file("good.toml", "[limits]\nrooms_max = 5\n");
    let output = home.run(&["check", "--config", &file]);
    expect(&output, 0);
    assert_eq!(stdout(&output), "good.toml: ok\n");
    let defaults = home.run(&["check"]);
    expect(&defaults, 0);
    assert_eq!(stdout(&defaults), "built-in defaults: ok\n");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "check writes nothing");
}

#[test]
fn check_reports_every_mistake_with_its_line() {
    let home = Home::new();
    let file = home.file("bad.toml", "lisen = []\n[limits]\nrooms_max = 0\n");
    let environment = [("CORECAST_DRAIN_TIME_S", "soon")];
    let output = home.run_with(&["check", "--config", &file, "--set", "cores=none"], &environment);
    expect(&output, 1);
    assert!(output.stdout.is_empty());
    let errors = stderr(&output);
    let lines: Vec<&str> = errors.lines().collect();
    assert_eq!(lines.len(), 4, "{errors}");
    assert_eq!(lines[0], "bad.toml:1:1: lisen is not a setting; did you mean listen?");
    assert_eq!(lines[1], "bad.toml:3:1: limits.rooms_max must be 1..=100000000; it is 0");
    assert!(lines[2].starts_with("CORECAST_DRAIN_TIME_S: drain_time_s must be a whole number"));
    assert!(lines[3].starts_with("--set cores: cores must be \"all\""));
}

#[test]
fn every_command_refuses_a_bad_configuration() {
    let home = Home::new();
    for arguments in [&["serve"][..], &[], &["token", "--user", "a"], &["doctor"]] {
        let output = home.run(&[arguments, &["--config", "none.toml"]].concat());
        expect(&output, 1);
        assert!(stderr(&output).starts_with("none.toml: the config file cannot be read"));
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_token_is_signed_with_the_secret_of_the_data_directory() {
    let home = Home::new();
    let without = home.run(&["token", "--user", "ada"]);
    expect(&without, 1);
    let error = stderr(&without);
    assert!(error.starts_with("there is no secret of tokens in ./corecast-data:"), "{error}");
    assert!(error.contains("--set data_dir="), "{error}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "nothing is made");
    corecast::config::data_dir::prepare(&home.path().join("corecast-data"), true).unwrap();
    let secret = fs::read(home.path().join("corecast-data/jwt_secret")).unwrap();
    let output = home.run(&["token", "--user", "ada", "--scope", "read"]);
    expect(&output, 0);
    assert_eq!(stdout(&output).trim_end().split('.').count(), 3);
    let output = home.run(&["token", "--user", "ada", "--cognito", "us01abc"]);
    expect(&output, 0);
    let pair: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    for name in ["idToken", "accessToken"] {
        assert_eq!(pair[name].as_str().unwrap().split('.').count(), 3, "{pair}");
    }
    assert!(pair["refreshToken"].is_string(), "{pair}");
    assert_eq!(fs::read(home.path().join("corecast-data/jwt_secret")).unwrap(), secret);
}

#[test]
fn check_says_what_a_start_would() {
    let home = Home::new();
    let cores = home.run(&["check", "--set", "cores=4096"]);
    expect(&cores, 1);
    assert!(stderr(&cores).starts_with("cores = 4096, but this process may use "), "{}", stderr(&cores));
    let file = home.file("occupied", "a file");
    let data = home.run_with(&["check"], &[("CORECAST_DATA_DIR", &format!("{file}/data"))]);
    expect(&data, 1);
    assert!(
        stderr(&data).starts_with("the data directory occupied/data cannot be used:"),
        "{}",
        stderr(&data)
    );
    let two = home.run(&["check", "--set", "listen=192.0.2.1:0", "--set", &format!("data_dir={file}")]);
    expect(&two, 1);
    assert_eq!(stderr(&two).lines().count(), 2, "{}", stderr(&two));
    assert!(stderr(&two).starts_with("192.0.2.1:0 is not an address of this machine\n"), "{}", stderr(&two));
    let doctor = home.run(&["doctor", "--set", "listen=192.0.2.1:0"]);
    expect(&doctor, 1);
    assert!(stdout(&doctor).contains("fail  start         192.0.2.1:0 is not"), "{}", stdout(&doctor));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "check makes nothing");
}

#[test]
fn a_config_file_is_named_by_a_flag_or_a_variable_and_never_found() {
    let home = Home::new();
    home.file("corecast.toml", "node_name = \"usual\"\n");
    home.file("other.toml", "node_name = \"other\"\n");
    let ignored = home.run(&["check"]);
    assert_eq!((ignored.status.code(), stdout(&ignored)), (Some(0), "built-in defaults: ok\n".into()));
    assert!(stderr(&ignored).starts_with("warning: corecast.toml: is not used"), "{}", stderr(&ignored));
    let shown = |arguments: &[&str], environment: &[(&str, &str)]| {
        stdout(&home.run_with(&[&["config"], arguments].concat(), environment))
    };
    assert!(!shown(&[], &[]).contains("usual"));
    let variable = [("CORECAST_CONFIG", "./corecast.toml")];
    assert!(shown(&[], &variable).contains("node_name = \"usual\"  # ./corecast.toml:1:1"));
    assert!(shown(&["-c", "other.toml"], &variable).contains("node_name = \"other\"  # other.toml:1:1"));
    let used = home.run_with(&["check"], &variable);
    expect(&used, 0);
    assert_eq!(stdout(&used), "./corecast.toml: ok\n");
}

#[test]
fn config_prints_what_is_in_force_and_what_there_is() {
    let home = Home::new();
    let output = home.run(&["config", "--set", "auth.jwt_secret=0123456789abcdef0123456789abcdef"]);
    expect(&output, 0);
    let text = stdout(&output);
    assert!(
        text.contains("jwt_secret = \"***\"  # --set auth.jwt_secret\n") && !text.contains("abcdef"),
        "{text}"
    );
    let default = home.run(&["config", "--default"]);
    expect(&default, 0);
    assert_eq!(stdout(&default), include_str!("../config/default.toml"));
    let bad = home.run(&["config", "--set", "cores=0"]);
    expect(&bad, 1);
    assert!(bad.stdout.is_empty());
}

/// Runs with an output that nobody reads, as `head` leaves it.
fn unread(home: &Home, arguments: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_corecast"));
    command.args(arguments).current_dir(home.path()).env_clear().stdin(Stdio::null()).stdout(writer);
    command.output().unwrap()
}

#[test]
fn an_output_that_nobody_reads_ends_a_command_quietly() {
    let home = Home::new();
    let secret = "auth.jwt_secret=0123456789abcdef0123456789abcdef";
    for arguments in [
        &["config"][..],
        &["config", "--default"],
        &["check"],
        &["version"],
        &["--help"],
        &["--version"],
        &["man"],
        &["completions", "bash"],
        &["token", "--user", "ada", "--set", secret],
    ] {
        let output = unread(&home, arguments);
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{arguments:?}");
    }
    let doctor = unread(&home, &["doctor", "--set", "listen=192.0.2.1:0"]);
    assert_eq!(doctor.status.code(), Some(1), "what was found counts nevertheless");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_corecast"));
    let output = command.arg("config").current_dir(home.path()).env_clear().stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("the output cannot be written:"), "{}", stderr(&output));
}

#[test]
fn check_warns_of_what_a_start_warns_of() {
    let home = Home::new();
    home.file("corecast.toml", "");
    let few = ["--set", "limits.connections_max=10000000"];
    let variable = [("CORECAST_LIMTS", "5")];
    let checked = home.run_with(&[&["check"], &few[..]].concat(), &variable);
    assert_eq!(checked.status.code(), Some(0));
    let lines = String::from_utf8(checked.stderr).unwrap();
    let warned: Vec<String> =
        lines.lines().filter_map(|line| Some(line.strip_prefix("warning: ")?.to_owned())).collect();
    assert_eq!(warned.len(), 3, "{warned:?}");
    assert!(warned[2].contains("though limits.connections_max is 10000000"), "{warned:?}");
    // What keeps it from listening comes after all that it warns of.
    let nowhere = [&["serve", "--set", "listen=192.0.2.1:0"], &few[..]].concat();
    let started = home.run_with(&nowhere, &variable);
    let lines = stderr(&started);
    let lines = lines.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let said: Vec<String> = lines
        .filter(|line| line["level"] == "WARN")
        .map(|line| line["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(said, warned);
}

#[test]
fn a_foreign_variable_keeps_nobody_from_anything() {
    let home = Home::new();
    let output = home.run_with(&["check"], &[("CORECAST_LIMITS_ROOMS_MAX", "5")]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        stderr(&output),
        "warning: CORECAST_LIMITS_ROOMS_MAX: is not a setting, and is left alone; did you mean \
         CORECAST_LIMITS__ROOMS_MAX?\n"
    );
}

#[test]
fn a_token_verifies_with_the_configured_secret() {
    use corecast::auth::{AuthSettings, Authenticator, Secret};
    use corecast::base::time::Now;
    let home = Home::new();
    let secret = "a configured secret of at least 32 bytes";
    let setting = format!("auth.jwt_secret={secret}");
    let output = home.run(&[
        "token",
        "--user",
        "ada",
        "--name",
        "Ada",
        "--scope=read",
        "--ttl",
        "10m",
        "--set",
        &setting,
    ]);
    expect(&output, 0);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "nothing is made");
    let settings = AuthSettings { jwt_secret: Some(Secret::new(secret)), ..AuthSettings::default() };
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = Now { monotonic_us: 0, unix_ms: since.as_millis() as u64 };
    let session = Authenticator::new(settings).unwrap().verify(stdout(&output).trim_end(), now).unwrap();
    assert_eq!((&*session.user, session.name.as_deref()), ("ada", Some("Ada")));
    let left_s = session.expires_unix_s.unwrap() - now.unix_s();
    assert!((590..=600).contains(&left_s), "{left_s}");
}

#[test]
fn a_token_needs_a_secret() {
    let home = Home::new();
    let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/src/auth/testdata/ed.public.pem");
    let setting = format!("auth.jwt_public_key_file={pem}");
    let output = home.run(&["token", "--user", "ada", "--set", &setting]);
    expect(&output, 1);
    assert!(stderr(&output).contains("only verifies tokens"));
    let nobody =
        home.run(&["token", "--user", "", "--set", "auth.jwt_secret=0123456789abcdef0123456789abcdef"]);
    expect(&nobody, 1);
    assert!(stderr(&nobody).starts_with("the user must be"));
}

#[test]
fn a_password_is_hashed_from_standard_input() {
    use corecast::auth::{PasswordHash, Secret};
    let home = Home::new();
    let hashed = |password: &str| home.run_with_input(&["hash-password"], password.as_bytes());
    let (first, second) = (hashed("correct horse\n"), hashed("correct horse"));
    expect(&first, 0);
    assert_ne!(stdout(&first), stdout(&second), "each has a salt of its own");
    for output in [first, second] {
        let hash = PasswordHash::parse(stdout(&output).trim_end()).unwrap();
        assert!(hash.verify(&Secret::new("correct horse")));
        assert!(!hash.verify(&Secret::new("correct horse\n")));
    }
    for bad in ["", "\n", &"x".repeat(1025)] {
        let output = hashed(bad);
        expect(&output, 1);
        assert_eq!(stderr(&output), "a password must be 1 to 1024 bytes\n");
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "nothing is made");
}

#[test]
fn the_doctor_judges_each_subject() {
    let home = Home::new();
    let output = home.run(&["doctor"]);
    let text = stdout(&output);
    for subject in ["kernel", "io_uring", "cpus", "memlock", "open files", "somaxconn", "port range"] {
        assert!(
            text.lines().any(|line| line.get(6..).is_some_and(|line| line.starts_with(subject))),
            "{text}"
        );
    }
    let failed = text.lines().any(|line| line.starts_with("fail"));
    expect(&output, i32::from(failed));
    let impossible = home.run(&["doctor", "--set", "cores=[8191]"]);
    expect(&impossible, 1);
    assert!(stdout(&impossible).contains("fix: --set cores=all"));
}
