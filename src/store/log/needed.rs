//! Which segments are needed still.
//!
//! A checkpoint hands over channels in the order of their numbers. What a segment has is superseded by what the checkpoint that
//! was under way at its end hands over after it, and by the next checkpoint up to the same place. So segments go one by one
//! while the next checkpoint comes along, and the log has what it stands for once, not twice.

use std::collections::VecDeque;

/// Everything: the next checkpoint has to come to its end.
const ALL: u64 = u64::MAX;

/// How far a checkpoint has to come at least: keys are handed over before all channels.
const KEYS: u64 = 1;

/// The segments that are needed still, oldest first.
#[derive(Clone, Debug)]
pub struct Needed {
    /// How far the checkpoint under way is on each core.
    cores: Vec<Core>,
    /// Segments that are complete, oldest first, each with how far the next checkpoint has to come on each core.
    segments: VecDeque<(u64, Vec<u64>)>,
    /// Nothing is known of the oldest segments: they are needed until a checkpoint is through.
    unknown: bool,
}

/// How far a core is with a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reached {
    /// Of the checkpoint.
    pub number: u64,
    /// It has handed over what lies before this in the order of its checkpoint: 0 is nothing but keys, and the channel of a
    /// number lies before the number and 2.
    pub place: u64,
}

impl Reached {
    /// The core has handed over everything for the checkpoint of this number.
    pub fn all(number: u64) -> Self {
        Self { number, place: ALL }
    }
}

/// How far the checkpoint under way is on a core.
#[derive(Clone, Copy, Debug)]
struct Core {
    /// With what may be written: a segment that ends in the middle of what a core said may have all of it.
    ahead: u64,
    /// With what is written.
    written: u64,
    /// With what is on disk.
    synced: u64,
}

impl Core {
    fn at(place: u64) -> Self {
        Self { ahead: place, written: place, synced: place }
    }
}

impl Needed {
    /// Of a log that was found at the start.
    pub fn new(cores: usize) -> Self {
        Self { cores: vec![Core::at(ALL); cores], segments: VecDeque::new(), unknown: true }
    }

    /// A checkpoint begins. `anew` says that the one before it did not come to its end.
    pub fn begin(&mut self, anew: bool) {
        if anew {
            self.lose();
        }
        self.cores.fill(Core::at(0));
    }

    /// What a core said of the checkpoint under way begins to be written, up to there.
    pub fn reaches(&mut self, core: usize, place: u64) {
        self.cores[core].ahead = place;
    }

    /// What a core said of the checkpoint under way is written up to there.
    pub fn reached(&mut self, core: usize, place: u64) {
        (self.cores[core].ahead, self.cores[core].written) = (place, place);
    }

    /// A segment is complete.
    pub fn complete(&mut self, segment: u64) {
        self.segments.push_back((segment, self.cores.iter().map(|core| core.ahead.max(KEYS)).collect()));
    }

    /// All that is written is on disk. While a checkpoint that began with a segment is under way: the first segment that is
    /// needed.
    pub fn synced(&mut self, first_segment: Option<u64>) -> Option<u64> {
        self.cores.iter_mut().for_each(|core| core.synced = core.written);
        let first_segment = first_segment.filter(|_| !self.unknown)?;
        let mut needed = None;
        while let Some((segment, bounds)) = self.segments.front()
            && *segment < first_segment
            && self.cores.iter().zip(bounds).all(|(core, bound)| core.synced >= *bound)
        {
            needed = Some(segment + 1);
            self.segments.pop_front();
        }
        needed
    }

    /// Whether a sync would free a segment, while a checkpoint that began with a segment is under way.
    pub fn is_freed_by_sync(&self, first_segment: Option<u64>) -> bool {
        let Some(first_segment) = first_segment.filter(|_| !self.unknown) else { return false };
        self.segments.front().is_some_and(|(segment, bounds)| {
            *segment < first_segment
                && self.cores.iter().zip(bounds).all(|(core, bound)| core.written >= *bound)
        })
    }

    /// A checkpoint is through, and no segment before this one is needed.
    pub fn ended(&mut self, first_segment: u64) {
        self.unknown = false;
        self.segments.retain(|(segment, _)| *segment >= first_segment);
    }

    /// Records were lost, so no checkpoint before the next stands for anything.
    pub fn lose(&mut self) {
        self.cores.fill(Core::at(ALL));
        self.segments.iter_mut().for_each(|(_, bounds)| bounds.fill(ALL));
    }
}
