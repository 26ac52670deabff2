//! Floor 3: one core's whole world, without I/O, clock or randomness.
//!
//! The runtime and the simulator drive a [`Shard`] through this contract and nothing else. After any call the
//! caller drains [`Shard::poll`] until it says [`Output::Idle`], and moves what waits for peers with
//! [`Shard::next_for_peer`]. The same calls with the same seed give the same bytes.

pub mod output;

use crate::base::ids::{ConnectionId, CoreId};
use crate::base::time::Now;
use output::{Output, ShardMessage, Slices};
use std::net::IpAddr;

/// One core's world.
pub struct Shard {}

impl Shard {
    /// A socket exists. `None` means that a limit refuses it: the caller closes the socket at once.
    pub fn accept(&mut self, _now: Now, _peer: IpAddr) -> Option<ConnectionId> {
        todo!()
    }

    /// Bytes arrived. They are parsed in place (and changed: unmasked); only a partial frame is kept.
    pub fn receive(&mut self, _now: Now, _connection: ConnectionId, _bytes: &mut [u8]) {
        todo!()
    }

    /// The peer will send no more (FIN). Answers that are still owed are written before [`Output::Close`].
    pub fn ended(&mut self, _now: Now, _connection: ConnectionId) {
        todo!()
    }

    /// The socket is gone (reset, error); the id is dead after this call and the caller closes the socket.
    pub fn disconnected(&mut self, _now: Now, _connection: ConnectionId) {
        todo!()
    }

    /// What to write next, borrowed from the rings; at least one byte after [`Output::Transmit`].
    pub fn transmit(&self, _connection: ConnectionId) -> Slices<'_> {
        todo!()
    }

    /// How many of the bytes of the last `transmit` the kernel took. Fewer than all of them means that the
    /// socket is full: the shard leaves it alone until `writable`.
    pub fn sent(&mut self, _now: Now, _connection: ConnectionId, _bytes: usize) {
        todo!()
    }

    /// The socket has room again.
    pub fn writable(&mut self, _now: Now, _connection: ConnectionId) {
        todo!()
    }

    /// Another core speaks. Messages of one core arrive in the order in which it said them.
    pub fn peer(&mut self, _now: Now, _from: CoreId, _message: ShardMessage) {
        todo!()
    }

    /// The next message for another core. The caller takes it only when it can hand it over; what is not
    /// taken waits here, bounded by [`crate::base::limits::Limits::peer_queue_messages_max`].
    pub fn next_for_peer(&mut self, _to: CoreId) -> Option<ShardMessage> {
        todo!()
    }

    /// Time passed; due when the deadline of [`Output::Idle`] is reached.
    pub fn timeout(&mut self, _now: Now) {
        todo!()
    }

    /// The process goes away: close every connection, spread over `over_ms`. [`Output::Drained`] follows.
    pub fn drain(&mut self, _now: Now, _over_ms: u64) {
        todo!()
    }

    /// What to do next.
    pub fn poll(&mut self) -> Output {
        todo!()
    }

    /// Notes how long a turn took, for the metrics; the shard itself reads no clock.
    pub fn note_turn(&mut self, _busy_us: u64) {
        todo!()
    }
}
