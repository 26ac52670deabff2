//! The 64 bits that travel with each request through the kernel and come back with its completions.

/// What kind of request a completion answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// Accept of a listener.
    Accept = 1,
    /// Multishot receive of a socket.
    Receive = 2,
    /// One wait for room in a socket's send buffer.
    Writable = 3,
    /// Multishot poll of the core's doorbell.
    Doorbell = 4,
    /// Cancellation of another request; its own completion says nothing.
    Cancel = 5,
}

/// A socket of one core: its place in the socket table and how often that place was filled before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SocketId {
    /// Place in the table.
    pub index: u32,
    /// Wraps at 16 bits.
    pub generation: u16,
}

/// User data of a request: kind in the top byte, generation, index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token(u64);

impl Token {
    /// The token of a request on a socket.
    pub fn socket(kind: Kind, id: SocketId) -> Self {
        Self((kind as u64) << 56 | u64::from(id.generation) << 32 | u64::from(id.index))
    }

    /// The token of a request that is not on a socket; `index` tells several of a kind apart.
    pub fn plain(kind: Kind, index: u32) -> Self {
        Self((kind as u64) << 56 | u64::from(index))
    }

    /// The bits for the kernel.
    pub fn to_bits(self) -> u64 {
        self.0
    }

    /// The inverse of [`Token::to_bits`].
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// What was asked. `None` for bits that no token has.
    pub fn kind(self) -> Option<Kind> {
        [Kind::Accept, Kind::Receive, Kind::Writable, Kind::Doorbell, Kind::Cancel]
            .into_iter()
            .find(|kind| *kind as u64 == self.0 >> 56)
    }

    /// On which socket.
    pub fn socket_id(self) -> SocketId {
        SocketId { index: self.0 as u32, generation: (self.0 >> 32) as u16 }
    }

    /// The index of a plain token.
    pub fn index(self) -> usize {
        self.0 as u32 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_the_kernel() {
        for kind in [Kind::Accept, Kind::Receive, Kind::Writable, Kind::Doorbell, Kind::Cancel] {
            let id = SocketId { index: u32::MAX - 1, generation: u16::MAX };
            let token = Token::from_bits(Token::socket(kind, id).to_bits());
            assert_eq!((token.kind(), token.socket_id()), (Some(kind), id));
            assert_eq!(Token::plain(kind, 7).index(), 7);
        }
        assert_eq!(Token::from_bits(0).kind(), None);
        assert_eq!(Token::from_bits(u64::MAX).kind(), None);
    }
}
