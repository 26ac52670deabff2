//! The bare send loop: one `send` of the same bytes to every connection, on schedule, and nothing else. What it
//! costs is what the kernel charges for a delivery; no server that sends messages singly can cost less.

use super::listen;
use crate::sys::{interrupted, now_ns};
use crate::target::{Limit, Target, imitation};
use crate::wire::stamp::{MARKER, Stamp};
use crate::wire::{frame, handshake};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

/// What to send.
pub struct Job {
    /// Connections to wait for.
    pub subscribers: usize,
    /// Messages a second, each to everyone.
    pub rate: f64,
    /// Messages in one `send`.
    pub burst: u32,
    /// Length of the stamp, in bytes.
    pub payload_bytes: usize,
    /// Length of a frame, in bytes.
    pub frame_bytes: usize,
}

/// Waits for everyone, then sends until the first of them leaves.
pub fn serve(job: &Job) -> io::Result<()> {
    let listener = listen()?;
    let mut peers = Vec::with_capacity(job.subscribers);
    while peers.len() < job.subscribers {
        peers.push(upgrade(listener.accept()?.0)?);
    }
    let stamp = String::from_utf8_lossy(&Stamp::template(0, job.payload_bytes)).into_owned();
    let mut frame = Vec::with_capacity(job.frame_bytes);
    let text = imitation(&Limit.channel(0), &stamp, job.frame_bytes);
    frame::write_plain(&mut frame, frame::TEXT, text.as_bytes());
    let stamp_at = frame.windows(MARKER.len()).position(|window| window == MARKER).unwrap_or(0);
    // The last one to be let in needs a moment until it reads.
    let begin = now_ns() + 200_000_000;
    let mut bytes = frame.repeat(job.burst as usize);
    for number in (0..u32::MAX).step_by(job.burst as usize) {
        let due = begin + (f64::from(number) / job.rate * 1e9) as u64;
        let now = now_ns();
        if due > now {
            thread::sleep(Duration::from_nanos(due - now));
        }
        if interrupted() {
            break;
        }
        for (message, number) in bytes.chunks_exact_mut(frame.len()).zip(number..) {
            Stamp::fill(&mut message[stamp_at..], number, due);
        }
        if !send_to_all(&mut peers, &bytes)? {
            break;
        }
    }
    Ok(())
}

/// Whether everyone was still there.
fn send_to_all(peers: &mut [TcpStream], bytes: &[u8]) -> io::Result<bool> {
    for peer in peers {
        match peer.write(bytes) {
            Ok(count) if count == bytes.len() => {}
            Ok(_) => return Err(io::Error::other("a receiver is too slow for a bare send loop")),
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
                return Ok(false);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err(io::Error::other("a receiver is too slow for a bare send loop"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

fn upgrade(mut stream: TcpStream) -> io::Result<TcpStream> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&buffer[..count]);
        if let Some((_, response)) = handshake::respond(&head).map_err(io::Error::other)? {
            stream.write_all(&response)?;
            stream.set_nonblocking(true)?;
            return Ok(stream);
        }
    }
}
