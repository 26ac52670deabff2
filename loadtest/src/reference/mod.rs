//! The reference server, `loadtest limit-server`: the least that delivers. One thread, level-triggered epoll; what a
//! read brought goes out with one `send` to each subscriber, and nothing is kept. No server that writes to each
//! subscriber what it was sent can cost less; one that gathers messages can.

mod peer;

use crate::sys::{Epoll, Event, interrupted};
use peer::Peer;
use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};

const LISTENER: usize = usize::MAX;
const BUFFER_BYTES: usize = 256 * 1024;
const EVENTS_MAX: usize = 256;

/// The server's state.
struct Reference {
    /// Length of the frames it sends, in bytes, where the data fits.
    frame_bytes: usize,
    peers: Vec<Option<Peer>>,
    channels: HashMap<Vec<u8>, Vec<usize>>,
    /// Frames for one channel, gathered from one read.
    out: Vec<u8>,
}

/// Serves until interrupted.
pub fn serve(address: SocketAddr, frame_bytes: usize) -> io::Result<()> {
    crate::sys::raise_open_files()?;
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    listener.set_reuse_address(true)?;
    listener.bind(&address.into())?;
    listener.listen(4096)?;
    let listener = TcpListener::from(listener);
    listener.set_nonblocking(true)?;
    let epoll = Epoll::new()?;
    epoll.add(&listener, LISTENER, false)?;
    let mut reference = Reference {
        frame_bytes,
        peers: Vec::new(),
        channels: HashMap::new(),
        out: Vec::with_capacity(BUFFER_BYTES),
    };
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut events = [Event::EMPTY; EVENTS_MAX];
    while !interrupted() {
        for event in epoll.wait(&mut events, None)? {
            if event.token() == LISTENER {
                let stream = listener.accept()?.0;
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
                epoll.add(&stream, reference.peers.len(), false)?;
                reference.peers.push(Some(Peer::new(stream)));
            } else {
                reference.turn(event.token(), &mut buffer);
            }
        }
    }
    Ok(())
}

impl Reference {
    /// Reads once from a peer and does what it asks. An end or an error closes it: there is nobody to tell.
    fn turn(&mut self, index: usize, buffer: &mut [u8]) {
        let Some(Some(peer)) = self.peers.get_mut(index) else { return };
        let Ok(total) = peer.read(buffer) else { return self.close(index) };
        match self.handle(index, &mut buffer[..total]) {
            Ok(used) if total - used < buffer.len() / 2 => {
                if let Some(peer) = &mut self.peers[index] {
                    peer.keep(&buffer[used..total]);
                }
            }
            _ => self.close(index),
        }
    }

    fn close(&mut self, index: usize) {
        self.peers[index] = None;
        for subscribers in self.channels.values_mut() {
            subscribers.retain(|&subscriber| subscriber != index);
        }
    }

    /// Handles every whole frame, and says how many bytes they were. Neighbouring messages to one channel go out
    /// together.
    fn handle(&mut self, index: usize, bytes: &mut [u8]) -> Result<usize, String> {
        let Some(peer) = &mut self.peers[index] else { return Ok(0) };
        let mut at = peer.upgrade(bytes)?;
        let mut gathered: Option<Vec<u8>> = None;
        while let Some((request, length)) = peer::request(&mut bytes[at..])? {
            match request {
                peer::Request::Publish(channel, data) => {
                    if gathered.as_deref().is_some_and(|other| other != channel) {
                        self.send_all(gathered.take());
                    }
                    peer::write_padded(&mut self.out, data, self.frame_bytes);
                    gathered.get_or_insert_with(|| channel.to_vec());
                }
                peer::Request::Subscribe(channel) => {
                    let subscribers = self.channels.entry(channel.to_vec()).or_default();
                    if !subscribers.contains(&index) {
                        subscribers.push(index);
                    }
                    self.answer(index)?;
                }
                peer::Request::Unsubscribe(channel) => {
                    if let Some(subscribers) = self.channels.get_mut(channel) {
                        subscribers.retain(|&subscriber| subscriber != index);
                    }
                    self.answer(index)?;
                }
                peer::Request::Other => {}
            }
            at += length;
        }
        self.send_all(gathered);
        Ok(at)
    }

    fn answer(&mut self, index: usize) -> Result<(), String> {
        let mut frame = Vec::with_capacity(8);
        crate::wire::frame::write_plain(&mut frame, crate::wire::frame::TEXT, b"ok");
        let peer = self.peers[index].as_mut().ok_or("gone")?;
        peer.write_all(&frame).map_err(|error| error.to_string())
    }

    /// One send to each subscriber of `channel`.
    fn send_all(&mut self, channel: Option<Vec<u8>>) {
        let Some(channel) = channel else { return };
        let subscribers = self.channels.get(&channel).map_or(&[][..], Vec::as_slice);
        let mut gone = Vec::new();
        for &subscriber in subscribers {
            let peer = self.peers.get_mut(subscriber).and_then(Option::as_mut);
            if peer.is_some_and(|peer| peer.write_all(&self.out).is_err()) {
                gone.push(subscriber);
            }
        }
        self.out.clear();
        gone.into_iter().for_each(|subscriber| self.close(subscriber));
    }
}
