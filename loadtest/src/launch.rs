//! Servers that this program starts itself: on a port and in a directory of their own, pinned to a CPU. Each is
//! stopped and waited for when it is dropped, whatever happened between.

use crate::failure::Failure;
use crate::sys;
use crate::target::Access;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take to answer after its start.
const START: Duration = Duration::from_secs(15);
/// How long it may take to end after SIGTERM, before SIGKILL.
const STOP: Duration = Duration::from_secs(5);
/// How much of a server's log is shown, in bytes.
const LAST_WORDS_BYTES: usize = 2000;
const STEP: Duration = Duration::from_millis(10);

/// Where a server is to run.
pub struct Place {
    /// Where it is to listen.
    pub address: SocketAddr,
    cpu: usize,
    directory: TempDir,
}

/// How to see that a server is up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ready {
    /// It accepts connections.
    Listening,
    /// It answers `GET /health` with 200.
    Healthy,
}

/// A server's process.
pub struct Server {
    child: Child,
    directory: Option<TempDir>,
    /// Length of its log when it was up.
    log_bytes: usize,
    /// Where it listens.
    pub address: SocketAddr,
    /// What its clients must know.
    pub access: Access,
    /// Its command line and configuration file, for reports.
    pub configuration: String,
}

impl Place {
    /// A place on `cpu`, at `port` of loopback or, for none, at a free one. A port that is taken is an error.
    pub fn new(cpu: usize, port: Option<u16>) -> Result<Place, Failure> {
        let address = match port {
            None => Place::free_port()?,
            Some(port) => {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
                TcpListener::bind(address)
                    .map_err(|error| Failure::Failed(format!("cannot use port {port}: {error}")))?;
                address
            }
        };
        let directory = tempfile::Builder::new().prefix("loadtest-").tempdir()?;
        Ok(Place { address, cpu, directory })
    }

    /// The directory for configuration and data; it goes with the server.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// An address of loopback that nobody listens on.
    pub fn free_port() -> Result<SocketAddr, Failure> {
        Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
    }

    /// Starts `command` here and waits until it is up. `name` is for messages.
    pub fn launch(&self, name: &str, mut command: Command, ready: Ready) -> Result<Server, Failure> {
        let output = fs::File::create(self.directory().join("server.log"))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let configuration = self.configuration(&command);
        let child = sys::spawn_on(&mut command, self.cpu).map_err(|error| {
            Failure::Failed(format!("{name}: {}: {error}", command.get_program().to_string_lossy()))
        })?;
        let address = self.address;
        let access = Access::default();
        let mut server = Server { child, directory: None, log_bytes: 0, address, access, configuration };
        let deadline = Instant::now() + START;
        while !ready.holds(address) {
            let ended = server.child.try_wait()?;
            if sys::interrupted() {
                return Err(Failure::Interrupted);
            }
            if ended.is_some() || Instant::now() > deadline {
                let what = ended
                    .map_or("not up after 15 s".to_owned(), |status| format!("ended at once with {status}"));
                let log = last_words(self.directory(), 0);
                return Err(Failure::Failed(format!("{name}: {what}; it said:\n{log}")));
            }
            thread::sleep(STEP);
        }
        server.log_bytes = log(self.directory()).len();
        Ok(server)
    }

    /// The command line, and every configuration file written for it.
    fn configuration(&self, command: &Command) -> String {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        let mut text = words.join(" ");
        let files = fs::read_dir(self.directory()).into_iter().flatten().flatten();
        for file in
            files.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e != "log"))
        {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            text += &format!("\n{name}:\n{}", fs::read_to_string(&file).unwrap_or_default().trim_end());
        }
        text.replace(&*self.directory().to_string_lossy(), "DIRECTORY")
    }
}

impl Ready {
    fn holds(self, address: SocketAddr) -> bool {
        let health = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        match self {
            Ready::Listening => TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok(),
            Ready::Healthy => request(address, health).is_ok(),
        }
    }
}

impl Server {
    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets the server keep its place: the directory goes when the server has.
    pub fn keep(mut self, place: Place) -> Server {
        self.directory = Some(place.directory);
        self
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The last it said since it was up, without its key: reports are shown to others.
    pub fn last_words(&self) -> String {
        let words = |directory: &TempDir| last_words(directory.path(), self.log_bytes);
        let words = self.directory.as_ref().map_or(String::new(), words);
        self.access.key.as_ref().map_or(words.clone(), |key| words.replace(key, "(its key)"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A child that already ended has been reaped by `try_wait`, and its id may be another's by now.
        if let Ok(None) = self.child.try_wait() {
            sys::terminate(&self.child);
            let deadline = Instant::now() + STOP;
            while let Ok(None) = self.child.try_wait() {
                if Instant::now() > deadline {
                    let _ = self.child.kill();
                    let _ = self.child.wait();
                    break;
                }
                thread::sleep(STEP);
            }
        }
    }
}

/// Makes one HTTP request: the answer's head and body as far as they came, or why that is no success.
pub fn request(address: SocketAddr, bytes: &[u8]) -> Result<String, String> {
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(bytes)?;
        let mut answer = vec![0; 4096];
        let count = stream.read(&mut answer)?;
        answer.truncate(count);
        std::io::Result::Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = ask().map_err(|error| error.to_string())?;
    let succeeded = answer.split(' ').nth(1).is_some_and(|status| status.starts_with('2'));
    if succeeded { Ok(answer) } else { Err(answer) }
}

fn log(directory: &Path) -> Vec<u8> {
    fs::read(directory.join("server.log")).unwrap_or_default()
}

/// The end of a server's log from `from` on.
fn last_words(directory: &Path, from: usize) -> String {
    let log = log(directory);
    let tail = &log[log.len().saturating_sub(LAST_WORDS_BYTES).max(from.min(log.len()))..];
    let text = String::from_utf8_lossy(tail).trim().to_owned();
    if text.is_empty() { "nothing".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_ends_at_once_is_told_with_its_last_words() {
        let place = Place::new(0, None).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no disk; exit 7"]);
        let failure = place.launch("sh", command, Ready::Listening).err().unwrap().to_string();
        assert!(failure.contains("exit status: 7") && failure.contains("no disk"), "{failure}");
        let failure = place.launch("none", Command::new("/no/such"), Ready::Listening).err().unwrap();
        assert!(failure.to_string().contains("/no/such"), "{failure}");
    }

    #[test]
    fn what_a_server_said_since_it_was_up_is_told_without_its_key() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("server.log"), "up, secret\ndisk full, secret\n").unwrap();
        let server = |log_bytes| Server {
            child: Command::new("true").spawn().unwrap(),
            directory: None,
            log_bytes,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
            access: Access { key: Some("secret".to_owned()), path: None },
            configuration: String::new(),
        };
        let mut server = [server(11), server(29)];
        assert_eq!(server[0].last_words(), "");
        server[0].directory = Some(directory);
        assert_eq!(server[0].last_words(), "disk full, (its key)");
        server[1].directory = server[0].directory.take();
        assert_eq!(server[1].last_words(), "nothing");
    }

    #[test]
    fn a_port_that_is_taken_is_told() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let failure = Place::new(0, Some(port)).err().unwrap().to_string();
        assert!(failure.contains(&format!("port {port}")) && failure.contains("in use"), "{failure}");
    }
}
