//! Whoever carries an attack out: one thread, and connections that never wait. One that ends is opened anew.

use super::attacks::Attack;
use crate::failure::Failure;
use crate::target::Access;
use crate::wire::handshake;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// When no connection can go on.
const PAUSE: Duration = Duration::from_micros(200);

/// How long a connection stays that has nothing more to say.
const STAY: Duration = Duration::from_millis(300);

struct Connection {
    stream: TcpStream,
    /// What is said now, and how much of it was.
    saying: Vec<u8>,
    said: usize,
    since: Instant,
}

/// Attacks until it is over. Says how many bytes were sent, and over how many connections.
pub fn run(
    attack: &Attack,
    address: SocketAddr,
    access: &Access,
    over: &AtomicBool,
) -> Result<(u64, u64), Failure> {
    let authorization = super::authorization(access);
    let again = (attack.again)(&authorization);
    let mut opening = Vec::new();
    if attack.socket {
        opening = handshake::request("localhost", "/v1/realtime", &authorization);
    }
    opening.extend((attack.opening)());
    let connect = || -> Result<Connection, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nonblocking(true)?;
        Ok(Connection { stream, saying: opening.clone(), said: 0, since: Instant::now() })
    };
    let mut connections = (0..attack.connections).map(|_| connect()).collect::<Result<Vec<_>, _>>()?;
    let (mut sent_bytes, mut opened) = (0, connections.len() as u64);
    while !over.load(Ordering::Relaxed) {
        let mut moved = false;
        for connection in &mut connections {
            let before = sent_bytes;
            let lives = connection.go_on(&again, attack.reads, &mut sent_bytes);
            let has_left = again.is_empty() && connection.since.elapsed() > STAY;
            if !lives || has_left {
                // A server that refuses one for want of places is let be for a while.
                if let Ok(fresh) = connect() {
                    *connection = fresh;
                    opened += 1;
                }
            }
            moved |= sent_bytes > before;
        }
        if !moved {
            thread::sleep(PAUSE);
        }
    }
    Ok((sent_bytes, opened))
}

impl Connection {
    /// Says and reads what can be at once. Whether the connection lives.
    fn go_on(&mut self, again: &[u8], reads: bool, sent_bytes: &mut u64) -> bool {
        if self.said == self.saying.len() && !again.is_empty() {
            (self.saying, self.said) = (again.to_vec(), 0);
        }
        if self.said < self.saying.len() {
            match self.stream.write(&self.saying[self.said..]) {
                Ok(count) => {
                    self.said += count;
                    *sent_bytes += count as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
        }
        let mut buffer = [0; 1 << 16];
        match if reads { self.stream.read(&mut buffer) } else { Ok(1) } {
            Ok(count) => count > 0,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }
}
