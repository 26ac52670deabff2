//! An echo in the plainest way there is: one thread, level-triggered epoll, a read, a write. The round trip of a
//! broker is compared with it.

use super::listen;
use crate::sys::{Epoll, Event, interrupted};
use crate::wire::{frame, handshake};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

const LISTENER: usize = usize::MAX;
const BUFFER_BYTES: usize = 64 * 1024;

struct Peer {
    stream: TcpStream,
    upgraded: bool,
    partial: Vec<u8>,
}

/// Serves until interrupted.
pub fn serve() -> io::Result<()> {
    let listener = listen()?;
    listener.set_nonblocking(true)?;
    let epoll = Epoll::new()?;
    epoll.add(&listener, LISTENER, false)?;
    let mut peers: Vec<Option<Peer>> = Vec::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut out = Vec::with_capacity(BUFFER_BYTES);
    let mut events = [Event::EMPTY; 64];
    while !interrupted() {
        for event in epoll.wait(&mut events, None)? {
            if event.token() == LISTENER {
                let stream = listener.accept()?.0;
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
                epoll.add(&stream, peers.len(), false)?;
                peers.push(Some(Peer { stream, upgraded: false, partial: Vec::new() }));
            } else if let Some(Some(peer)) = peers.get_mut(event.token()) {
                // An end or an error closes the peer; an echo has nobody to tell.
                if !matches!(peer.turn(&mut buffer, &mut out), Ok(true)) {
                    peers[event.token()] = None;
                }
            }
        }
    }
    Ok(())
}

impl Peer {
    /// Reads and answers once. Whether the peer is still there.
    fn turn(&mut self, buffer: &mut [u8], out: &mut Vec<u8>) -> io::Result<bool> {
        let kept = self.partial.len();
        buffer[..kept].copy_from_slice(&self.partial);
        let total = match self.stream.read(&mut buffer[kept..]) {
            Ok(0) => return Ok(false),
            Ok(count) => kept + count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
            Err(error) => return Err(error),
        };
        out.clear();
        let used = self.answer(&mut buffer[..total], out).map_err(io::Error::other)?;
        self.partial.clear();
        self.partial.extend_from_slice(&buffer[used..total]);
        self.stream.write_all(out)?;
        Ok(self.partial.len() < BUFFER_BYTES)
    }

    fn answer(&mut self, bytes: &mut [u8], out: &mut Vec<u8>) -> Result<usize, String> {
        let mut at = 0;
        if !self.upgraded {
            let Some((length, response)) = handshake::respond(bytes)? else { return Ok(0) };
            out.extend_from_slice(&response);
            self.upgraded = true;
            at = length;
        }
        while let Some(header) = frame::read_header(&bytes[at..])? {
            let Some(payload) = bytes.get_mut(at + header.bytes..at + header.frame_bytes()) else { break };
            frame::apply_mask(payload, header.mask.ok_or("an unmasked frame")?);
            match header.opcode {
                frame::CLOSE => return Err("closed".to_owned()),
                opcode => frame::write_plain(out, opcode, payload),
            }
            at += header.frame_bytes();
        }
        Ok(at)
    }
}
