//! A TCP connection as the node's kernel shows it: bytes on their way in both directions, a bounded send
//! buffer, FIN and reset.

use corecast::base::ids::ConnectionId;
use std::collections::VecDeque;

pub struct Socket {
    pub core: usize,
    /// `None` once the shard has closed it or was told that it is gone.
    pub connection: Option<ConnectionId>,
    pub to_server: VecDeque<u8>,
    pub to_client: VecDeque<u8>,
    /// Bytes that the shard was handed.
    pub fed: usize,
    /// The shard is owed a `writable`.
    pub polling: bool,
    /// The shard does not want to be handed more. One more piece may be on its way.
    pub paused: bool,
    pub straggler: bool,
    /// The client has sent its last byte.
    pub client_ended: bool,
    /// The shard was told of that.
    pub told_ended: bool,
    /// The node has sent its last byte.
    pub server_ended: bool,
    /// The node closed while there were bytes of the client that it had not read.
    pub unread_at_close: bool,
    /// The client's side is gone: a write fails.
    pub reset: bool,
    /// Whether the kernel ever had no room for all that was to be written.
    pub was_full: bool,
}

impl Socket {
    pub fn new(core: usize, connection: ConnectionId) -> Self {
        Self {
            core,
            connection: Some(connection),
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            fed: 0,
            polling: false,
            paused: false,
            straggler: false,
            client_ended: false,
            told_ended: false,
            server_ended: false,
            unread_at_close: false,
            reset: false,
            was_full: false,
        }
    }

    /// Whether the client has read all there will ever be.
    pub fn at_end(&self) -> bool {
        self.server_ended && self.to_client.is_empty()
    }
}
