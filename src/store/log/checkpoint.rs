//! When a checkpoint is due, when it is through, and whether the log has everything.

/// How large a log may become.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// Bytes after which a segment is large enough; a checkpoint is never due before a third of them.
    pub segment_bytes: u64,
}

/// What is found at the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FoundLog {
    /// Bytes of all segments.
    pub bytes: u64,
    /// What they stand for: about what a checkpoint would take.
    pub live_bytes: u64,
    /// It ended in order.
    pub clean: bool,
}

/// A checkpoint begins when the log has grown by this part of what it stands for.
const BEGINS_AFTER: u64 = 6;

/// A checkpoint is through when the log has grown by this part of what it stands for since it began.
const THROUGH_AFTER: u64 = 3;

/// Thousandths by which what is due must have risen before it is said again.
const SAID_AGAIN: u32 = 20;

/// Where the log is between two checkpoints.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    size: Size,
    /// What the last checkpoint took, or the next would take at the start, in bytes.
    live_bytes: u64,
    /// Written since the last one began.
    grown_bytes: u64,
    under_way: Option<UnderWay>,
    /// Records that somebody was told of may be missing, until a whole checkpoint stands for them.
    lacking: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct UnderWay {
    first_segment: u64,
    bytes: u64,
    cores_left: Vec<bool>,
    /// The thousandths of all channels that were said to be due.
    said: u32,
}

impl Checkpoint {
    /// A log that was found at the start.
    pub fn new(size: Size, found: FoundLog) -> Self {
        let FoundLog { bytes, live_bytes, clean } = found;
        Self {
            size,
            live_bytes,
            grown_bytes: bytes.saturating_sub(live_bytes),
            under_way: None,
            lacking: !clean,
        }
    }

    /// Records were lost. One that was under way is given up.
    pub fn lose(&mut self) {
        self.lacking = true;
        self.under_way = None;
    }

    /// Whether the log and what is on its way to it are all that anybody was told, so that it may end as
    /// [`Entry::Clean`](super::Entry::Clean).
    pub fn is_whole(&self) -> bool {
        !self.lacking
    }

    /// Records were written: `state` bytes of a checkpoint's rings and keys, `other` bytes of the rest.
    pub fn note(&mut self, state: u64, other: u64) {
        self.grown_bytes += other;
        if let Some(under_way) = &mut self.under_way {
            under_way.bytes += state;
        }
    }

    /// Whether one is due: none is under way, and the log has outgrown what it stands for.
    pub fn is_due(&self) -> bool {
        // While it is under way, the log grows by a third of what it stands for, and older segments go meanwhile.
        let bytes = (self.size.segment_bytes / 3).max(self.live_bytes / BEGINS_AFTER);
        self.under_way.is_none() && self.grown_bytes > bytes
    }

    /// The thousandths of all channels that should be handed over by now, if that is noticeably more than what was said
    /// last.
    pub fn due(&mut self) -> Option<u32> {
        let under_way = self.under_way.as_mut()?;
        // As long as little is kept, a segment is what it may grow by.
        let stands_for = self.live_bytes.max(self.size.segment_bytes).max(1);
        let due = self.grown_bytes.saturating_mul(1_000 * THROUGH_AFTER) / stands_for;
        let due = due.min(1_000) as u32;
        if due < 1_000.min(under_way.said + SAID_AGAIN) || due == under_way.said {
            return None;
        }
        under_way.said = due;
        Some(due)
    }

    /// The segment that the one under way began with.
    pub fn first_segment(&self) -> Option<u64> {
        self.under_way.as_ref().map(|under_way| under_way.first_segment)
    }

    /// Whether a log that was found is so large that a checkpoint in its own stream would make it larger than it may be.
    pub fn is_found_too_large(&self) -> bool {
        (self.lacking || self.is_due()) && self.grown_bytes > 2 * self.size.segment_bytes
    }

    /// One begins with this segment; each of the cores will say when it is through.
    pub fn begin(&mut self, first_segment: u64, cores: usize) {
        self.grown_bytes = 0;
        self.under_way = Some(UnderWay { first_segment, bytes: 0, cores_left: vec![true; cores], said: 0 });
    }

    /// A core has handed over all of its channels.
    pub fn through(&mut self, core: usize) {
        let left = self.under_way.as_mut().and_then(|under_way| under_way.cores_left.get_mut(core));
        if let Some(left) = left {
            *left = false;
        }
    }

    /// Everything written so far is on disk. The segment before which all can go, if that ends the checkpoint.
    pub fn synced(&mut self) -> Option<u64> {
        let under_way = self.under_way.take_if(|under_way| !under_way.cores_left.contains(&true))?;
        self.live_bytes = under_way.bytes;
        self.lacking = false;
        Some(under_way.first_segment)
    }
}
