//! Identifiers of things that live on one core.

use std::fmt;

/// A core of this process, counted from 0. Not a CPU number: the runtime maps it to one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct CoreId(pub u16);

impl CoreId {
    /// The core as an index into per-core tables.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A connection of one core: a slab index and the generation of that slot, so that a late message for a
/// closed connection never reaches its successor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId {
    /// Slot in the connection slab.
    pub index: u32,
    /// How often the slot was filled before; wraps at 24 bits.
    pub generation: u32,
}

impl ConnectionId {
    /// Bits of a generation that survive [`ConnectionId::to_bits`].
    pub const GENERATION_MASK: u32 = 0x00ff_ffff;

    /// Packs the id into the low 56 bits of a word, for a kernel's user data.
    pub fn to_bits(self) -> u64 {
        u64::from(self.index) | u64::from(self.generation & Self::GENERATION_MASK) << 32
    }

    /// The inverse of [`ConnectionId::to_bits`]; the high 8 bits are ignored.
    pub fn from_bits(bits: u64) -> Self {
        Self { index: bits as u32, generation: (bits >> 32) as u32 & Self::GENERATION_MASK }
    }
}

impl fmt::Debug for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}.{}", self.index, self.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_id_survives_packing() {
        let id = ConnectionId { index: u32::MAX, generation: ConnectionId::GENERATION_MASK };
        assert_eq!(ConnectionId::from_bits(id.to_bits() | 0xff << 56), id);
    }
}
