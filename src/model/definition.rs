//! What a channel is like: the rules that hold for it, whichever surface opened it.

/// Bounds of a channel's history. A history of 0 publications keeps nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HistoryBounds {
    /// Publications kept.
    pub count_max: u32,
    /// Bytes of archived publications kept.
    pub bytes_max: u32,
    /// Age in milliseconds after which a publication goes; 0 is no bound.
    pub age_ms_max: u64,
}

/// What happens to a subscriber that owes more than its channel keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlowPolicy {
    /// Its connection is closed; it may come back and recover.
    Disconnect,
    /// It jumps to the newest publication and is told of the gap.
    Skip,
}

/// The rules of a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChannelDefinition {
    /// What is kept for recovery and listing.
    pub history: HistoryBounds,
    /// Whether members are kept and joins and leaves told.
    pub presence: bool,
    /// What a slow subscriber gets.
    pub slow: SlowPolicy,
}

impl Default for ChannelDefinition {
    fn default() -> Self {
        Self {
            history: HistoryBounds { count_max: 256, bytes_max: 1 << 20, age_ms_max: 86_400_000 },
            presence: false,
            slow: SlowPolicy::Disconnect,
        }
    }
}
