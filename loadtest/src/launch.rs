//! Servers that this program starts itself. Each is stopped and waited for when its guard is dropped, whatever
//! happened between.

use crate::failure::Failure;
use crate::reference::limit::Job;
use crate::sys;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to answer after its start.
const START: Duration = Duration::from_secs(15);
/// How long it may take to end after SIGTERM, before SIGKILL.
const STOP: Duration = Duration::from_secs(5);
/// How much of a server's log is shown, in bytes.
const LAST_WORDS_BYTES: usize = 2000;
const STEP: Duration = Duration::from_millis(10);

/// A server's process.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its API key, if it has one.
    pub key: Option<String>,
    /// Removed with the server.
    data: Option<PathBuf>,
}

impl Server {
    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Starts corecast with a data directory of its own and one core, and waits until it is healthy.
    pub fn corecast(program: &Path, arguments: &[String], cpu: usize) -> Result<Server, Failure> {
        let fail = |why: String| Failure::Failed(format!("{}: {why}", program.display()));
        let address = free_port()?;
        let data =
            std::env::temp_dir().join(format!("corecast-loadtest-{}-{}", std::process::id(), address.port()));
        fs::create_dir_all(&data)?;
        let log = fs::File::create(data.join("server.log"))?;
        let mut command = Command::new(program);
        command.arg("serve").args(["--set", &format!("listen={address}")]);
        command.args(["--set", &format!("data_dir={}", data.join("state").display()), "--set", "cores=1"]);
        command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = sys::spawn_on(&mut command, cpu).map_err(|error| fail(error.to_string()))?;
        let mut server = Server { child, address, key: None, data: Some(data.clone()) };
        let deadline = Instant::now() + START;
        while !healthy(address) {
            if sys::interrupted() {
                return Err(Failure::Interrupted);
            }
            let ended = server.child.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                let log = server.last_words().unwrap_or_default();
                let what = ended
                    .map_or("not healthy after 15 s".to_owned(), |status| format!("ended with {status}"));
                return Err(fail(format!("{what}; it said:\n{}", log)));
            }
            thread::sleep(STEP);
        }
        let key = fs::read_to_string(data.join("state/api_key"))
            .map_err(|error| fail(format!("no api_key in its data directory: {error}")))?;
        server.key = Some(key.trim().to_owned());
        Ok(server)
    }

    /// The last it said, if it is a server with a log.
    pub fn last_words(&self) -> Option<String> {
        let log = fs::read(self.data.as_ref()?.join("server.log")).ok()?;
        let tail = &log[log.len().saturating_sub(LAST_WORDS_BYTES)..];
        let text = String::from_utf8_lossy(tail).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// Starts the epoll echo.
    pub fn echo(cpu: usize) -> Result<Server, Failure> {
        Server::reference(&["echo-server".to_owned()], cpu)
    }

    /// Starts the bare send loop.
    pub fn limit(job: &Job, cpu: usize) -> Result<Server, Failure> {
        let arguments = [
            "limit-server".to_owned(),
            format!("--subscribers={}", job.subscribers),
            format!("--rate={}", job.rate),
            format!("--burst={}", job.burst),
            format!("--payload={}", job.payload_bytes),
            format!("--frame-bytes={}", job.frame_bytes),
        ];
        Server::reference(&arguments, cpu)
    }

    /// Starts this program again as a reference server, which prints its address.
    fn reference(arguments: &[String], cpu: usize) -> Result<Server, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        let child = sys::spawn_on(&mut command, cpu)?;
        let mut server = Server { child, address: (Ipv4Addr::UNSPECIFIED, 0).into(), key: None, data: None };
        let mut line = String::new();
        if let Some(output) = server.child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        server.address = line.trim().parse().map_err(|_| format!("{}: it did not start", arguments[0]))?;
        Ok(server)
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
        if let Some(data) = &self.data {
            let _ = fs::remove_dir_all(data);
        }
    }
}

fn free_port() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// Whether `GET /health` answers 200.
fn healthy(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        std::io::Result::Ok(status)
    };
    ask().is_ok_and(|status| status.ends_with(b" 200"))
}
