//! A running server under test.

use crate::http::Http;
use crate::{PATIENCE, client::Client, eventually, process};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;

pub const BINARY: &str = env!("CARGO_BIN_EXE_corecast");

/// A directory of its own with settings of its own; servers are started in it, one after the other.
pub struct Home {
    directory: tempfile::TempDir,
    settings: Vec<String>,
    /// A config file in the directory.
    config: Option<&'static str>,
}

impl Home {
    /// Settings as `--set` takes them. Unless they say otherwise: one core, a free port of loopback.
    pub fn new(settings: &[&str]) -> Self {
        let mut all = vec![r#"listen=["127.0.0.1:0"]"#.to_owned(), "cores=1".to_owned()];
        all.extend(settings.iter().map(|setting| (*setting).to_owned()));
        Self { directory: tempfile::tempdir().unwrap(), settings: all, config: None }
    }

    /// All settings are in a file in the directory, which is still to be written.
    pub fn with_config(file: &'static str) -> Self {
        Self { directory: tempfile::tempdir().unwrap(), settings: Vec::new(), config: Some(file) }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("corecast-data")
    }

    /// One more setting for what is started from now on.
    pub fn set(&mut self, setting: &str) {
        self.settings.push(setting.to_owned());
    }

    /// The program with a clean environment in this directory.
    pub fn command(&self, words: &[&str]) -> Command {
        self.prepared(Command::new(BINARY), words)
    }

    /// The same under a limit on open files.
    pub fn command_with_files(&self, files: u32, words: &[&str]) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {files}; exec \"$@\""), "sh", BINARY]);
        self.prepared(shell, words)
    }

    /// The same with a socket that systemd seems to have listened on before.
    pub fn command_with_socket(&self, socket: OwnedFd, words: &[&str]) -> Command {
        let mut shell = Command::new("sh");
        let script = "exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$@\"";
        shell.args(["-c", script, "sh", BINARY]);
        let mut command = self.prepared(shell, words);
        command.stdin(socket);
        command
    }

    fn prepared(&self, mut command: Command, words: &[&str]) -> Command {
        command.args(words).current_dir(self.path()).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.args(self.config.iter().flat_map(|file| ["--config", file]));
        self.settings.iter().for_each(|setting| {
            command.args(["--set", setting]);
        });
        process::die_with_parent(&mut command);
        command
    }

    pub fn start(&self) -> Server {
        Server::start(self.command(&["serve"]), self.data())
    }
}

/// A program that is killed at the latest when it is dropped.
pub struct Guard(pub Child);

impl Guard {
    /// Waits for its end and says how it went.
    #[track_caller]
    pub fn end(&mut self) -> ExitStatus {
        eventually("the end of the process", || self.0.try_wait().unwrap())
    }

    /// Waits for its end; says how it went and what it wrote to stderr.
    #[track_caller]
    pub fn failure(mut self) -> (ExitStatus, String) {
        let status = self.end();
        let mut text = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (status, text)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Both fail only where the process has ended and was waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub struct Server {
    pub process: Guard,
    pub address: SocketAddr,
    /// The admin key.
    pub key: String,
    /// All that was printed up to the readiness.
    pub banner: String,
    data: PathBuf,
}

impl Server {
    /// Starts and waits until it serves.
    pub fn start(mut command: Command, data: PathBuf) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
        let mut process = Guard(child.unwrap());
        let banner = first_lines(process.0.stdout.take().unwrap());
        let address =
            *addresses(&banner).first().unwrap_or_else(|| panic!("no address in the banner: {banner}"));
        let key = fs::read_to_string(data.join("api_key")).unwrap().trim_end().to_owned();
        Self { process, address, key, banner, data }
    }

    /// A WebSocket with the admin key.
    pub fn client(&self) -> Client {
        Client::connect(self.address, &self.key)
    }

    pub fn http(&self) -> Http {
        Http::connect(self.address)
    }

    /// A token signed by the program itself.
    pub fn token(&self, user: &str, scope: &str) -> String {
        let mut command = Command::new(BINARY);
        command.args(["token", "--user", user, "--scope", scope, "--set"]);
        command.arg(format!("data_dir={}", self.data.display()));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    pub fn signal(&self, signal: i32) {
        process::signal(&self.process.0, signal);
    }

    fn proc(&self, file: &str) -> PathBuf {
        format!("/proc/{}/{file}", self.process.0.id()).into()
    }

    /// Open file descriptors.
    pub fn files(&self) -> usize {
        fs::read_dir(self.proc("fd")).unwrap().count()
    }

    /// Resident memory in bytes.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// CPU time used so far, in ticks of 10 ms.
    pub fn cpu_ticks(&self) -> u64 {
        let stat = fs::read_to_string(self.proc("stat")).unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1;
        after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }

    /// Seconds of a CPU that the threads of this name have used so far.
    pub fn cpu_s(&self, thread: &str) -> f64 {
        let of = |task: fs::DirEntry| {
            let stat = fs::read_to_string(task.path().join("stat")).ok()?;
            let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
            let ticks = rest.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap());
            (name == thread).then(|| ticks.sum::<f64>() / 100.0)
        };
        fs::read_dir(self.proc("task")).unwrap().filter_map(|task| of(task.unwrap())).sum()
    }

    /// The names of its threads, each with how nice it is.
    pub fn niceness(&self) -> BTreeMap<String, i32> {
        let of = |task: fs::DirEntry| {
            let stat = fs::read_to_string(task.path().join("stat")).ok()?;
            let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
            Some((name.to_owned(), rest.split_whitespace().nth(16)?.parse().ok()?))
        };
        fs::read_dir(self.proc("task")).unwrap().filter_map(|task| of(task.unwrap())).collect()
    }

    /// A metric without labels, as it stands on the page; 0 where it is not there.
    pub fn figure(&self, name: &str) -> f64 {
        let page = self.http().call("GET", "/metrics", &self.key, &Value::Null).body;
        let line = page.lines().find(|line| line.split(' ').next() == Some(name));
        line.and_then(|line| line.split(' ').nth(1)).and_then(|value| value.parse().ok()).unwrap_or_default()
    }

    /// Sum of a metric over its labels, on a connection of its own.
    pub fn metric(&self, name: &str) -> u64 {
        self.http().metric(name)
    }
}

/// The ports that a banner names, in order, whatever is spoken there.
pub fn addresses(banner: &str) -> Vec<SocketAddr> {
    let urls = banner.lines().filter_map(|line| line.trim().strip_prefix("listening on  "));
    urls.filter_map(|url| url.split_once("://")?.1.parse().ok()).collect()
}

/// Reads until the last line of the banner has come. What comes after it is read away, so that the program
/// never waits for us.
pub fn first_lines(stdout: impl Read + Send + 'static) -> String {
    let (lines, read) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = lines.send(line);
        }
    });
    let mut banner = String::new();
    while let Ok(line) = read.recv_timeout(PATIENCE) {
        banner += &line;
        banner.push('\n');
        if line.ends_with("token --user ada --ttl 1h") {
            return banner;
        }
    }
    panic!("the server did not start; it printed: {banner}");
}

/// Whether there are two CPUs; says so where there are not.
pub fn two_cpus() -> bool {
    let enough = std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() >= 2);
    if !enough {
        eprintln!("SKIPPED: this test needs two CPUs");
    }
    enough
}

/// The string at `pointer` in a message.
#[track_caller]
pub fn text<'a>(message: &'a Value, pointer: &str) -> &'a str {
    message.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} in {message}"))
}

/// The number at `pointer` in a message.
#[track_caller]
pub fn number(message: &Value, pointer: &str) -> u64 {
    message.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer} in {message}"))
}
