//! What is loaded. A [`Target`] is a server that can be found, started and stopped; its [`Dialect`] says how its
//! messages are spelled, and the engine does the rest: it asks nothing of a dialect for a message with a stamp.
//!
//! A new target is a file here and a line in [`all`].

mod centrifugo;
mod corecast;
mod limit;
mod mosquitto;
mod nats;
mod plain;
mod redis;
mod uws;
mod xano;

use crate::failure::Failure;
use crate::launch::{Place, Server};
use crate::wire::Framing;
use std::path::PathBuf;
use std::process::Command;

/// A kind of server.
pub trait Target {
    /// Its name on the command line and in reports.
    fn name(&self) -> &'static str;
    /// Whether it is on this machine.
    fn installed(&self) -> Installed;
    /// Starts it with nobody else's help: own port, own configuration, own directory.
    fn start(&self, place: &Place) -> Result<Server, Failure>;
    /// How to talk to a server of this kind.
    fn dialect(&self, access: &Access) -> Box<dyn Dialect>;
}

/// Whether a target is on this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Installed {
    /// It is, in this version.
    Version(String),
    /// It is not; this installs it.
    Missing(String),
}

/// What a client must know of a server beyond its address.
#[derive(Clone, Default, Debug)]
pub struct Access {
    /// API key or token.
    pub key: Option<String>,
    /// Path of the WebSocket; the target's own where there is none.
    pub path: Option<String>,
}

/// What a unit without a stamp means to the engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The last greeting, subscribe or unsubscribe was done.
    Done,
    /// The last subscribe was done, and the server says that it cannot give what was missed.
    DoneWithGap,
    /// Something went wrong, in the server's own words.
    Error(String),
    /// The server took the connection's oldest message that it had not answered.
    Accepted,
    /// Nothing of interest.
    Other,
}

/// The upgrade to WebSocket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upgrade {
    /// The path asked for.
    pub path: String,
    /// Header lines beyond those of RFC 6455, each ended by CRLF.
    pub headers: String,
    /// The opcode of messages.
    pub opcode: u8,
}

/// How messages are spelled. What is given is one unit of [`Dialect::framing`], where that is not WebSocket framed
/// already.
pub trait Dialect: Sync {
    /// The upgrade; none for a protocol of its own on plain TCP.
    fn upgrade(&self) -> Option<Upgrade>;
    /// How the stream is cut; inside WebSocket messages if there is an upgrade and it is another framing.
    fn framing(&self) -> Framing;
    /// The name of channel number `index`.
    fn channel(&self, index: usize) -> String {
        format!("room:{index}")
    }
    /// What is said first on connection number `connection`, and answered.
    fn greeting(&self, connection: usize) -> Option<Vec<u8>> {
        let _ = connection;
        None
    }
    /// Whether only who has subscribed to a channel may publish to it.
    fn publishers_join(&self) -> bool {
        false
    }
    /// Whether every message is answered, in order, once the server has taken it.
    fn acknowledges(&self) -> bool {
        false
    }
    /// The request that subscribes.
    fn subscribe(&self, channel: &str) -> Vec<u8>;
    /// The request that unsubscribes.
    fn unsubscribe(&self, channel: &str) -> Vec<u8>;
    /// The request that subscribes and asks for what came after `last`, the last unit received with a position in
    /// it. None where the server knows no such thing.
    fn recover(&self, channel: &str, last: &[u8]) -> Option<Vec<u8>> {
        let _ = (channel, last);
        None
    }
    /// The message that publishes `stamp` (JSON), which stands in it unchanged.
    fn publish(&self, channel: &str, stamp: &str) -> Vec<u8>;
    /// The meaning of a unit that carries no stamp.
    fn read(&self, unit: &[u8]) -> Notice;
    /// Management calls, whole HTTP requests to the same address; empty where there is no such thing.
    fn management(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }
}

/// What the command line says of targets.
#[derive(Clone, Default, Debug)]
pub struct Options {
    /// The corecast program; the one beside this program or on PATH where it is none.
    pub server: Option<PathBuf>,
    /// More arguments for it.
    pub server_args: Vec<String>,
    /// Length of a delivered frame that `limit` imitates, in bytes.
    pub frame_bytes: usize,
}

/// Every target.
pub fn all(options: &Options) -> Vec<Box<dyn Target>> {
    vec![
        Box::new(corecast::Corecast::new(options, false)),
        Box::new(corecast::Corecast::new(options, true)),
        Box::new(xano::Xano::new(options)),
        Box::new(uws::Uws),
        Box::new(nats::Nats::Tcp),
        Box::new(nats::Nats::WebSocket),
        Box::new(nats::Nats::JetStream),
        Box::new(redis::Redis),
        Box::new(mosquitto::Mosquitto { websocket: false }),
        Box::new(mosquitto::Mosquitto { websocket: true }),
        Box::new(centrifugo::Centrifugo),
        Box::new(limit::Limit { frame_bytes: options.frame_bytes }),
    ]
}

/// The target of this name, or what there is instead.
pub fn by_name(name: &str, options: &Options) -> Result<Box<dyn Target>, Failure> {
    let mut all = all(options);
    let names: Vec<&str> = all.iter().map(|target| target.name()).collect();
    match all.iter().position(|target| target.name() == name) {
        Some(at) => Ok(all.swap_remove(at)),
        None => Err(Failure::Usage(format!("no target {name}; there are {}", names.join(", ")))),
    }
}

/// The first line that a program prints when run with `arguments`, or how to install it.
fn version(program: &str, arguments: &[&str], install: &str) -> Installed {
    let output = Command::new(program).args(arguments).output();
    let Ok(output) = output else { return Installed::Missing(install.to_owned()) };
    let text = [output.stdout, output.stderr].concat();
    let line = String::from_utf8_lossy(&text);
    Installed::Version(line.lines().next().unwrap_or("unknown").trim().to_owned())
}

/// The whole text of a unit, for an error.
fn said(unit: &[u8]) -> Notice {
    Notice::Error(String::from_utf8_lossy(unit).trim().to_owned())
}
