//! How far the log is with what each core says, and what of it counts.
//!
//! When a write or a sync failed, nobody knows what of the records since the last sync is on disk: they are lost, and so
//! is all that a core said before it heard of it. The log is deaf to a core from then on until the core says
//! that it begins again, with the number of the last resumption.

use super::checkpoint::{Checkpoint, FoundLog, Size};
use super::needed::{Needed, Reached};

/// How far the log is with what each core says.
#[derive(Clone, Debug)]
pub struct Progress {
    cores: Vec<Core>,
    checkpoint: Checkpoint,
    needed: Needed,
    /// Number of the newest checkpoint.
    checkpoints: u64,
    /// Number of the newest resumption.
    resumptions: u64,
}

/// How far the log is with one core.
#[derive(Clone, Copy, Default, Debug)]
struct Core {
    /// What it says is about a time at which records were lost.
    deaf: bool,
    /// Number of the last record that is written.
    written: u64,
    /// Number of the last record that is on disk.
    synced: u64,
    told: (u64, u64),
    /// It has handed over all channels for the checkpoint under way.
    through: bool,
}

impl Progress {
    /// A log that was found at the start.
    pub fn new(cores: usize, size: Size, found: FoundLog) -> Self {
        Self {
            cores: vec![Core::default(); cores],
            checkpoint: Checkpoint::new(size, found),
            needed: Needed::new(cores),
            checkpoints: 0,
            resumptions: 0,
        }
    }

    /// Whether what this core says counts.
    pub fn hears(&self, core: usize) -> bool {
        !self.cores[core].deaf
    }

    /// Records of a core up to this number were written.
    pub fn wrote(&mut self, core: usize, last: u64) {
        self.cores[core].written = last;
    }

    /// Records were written: `state` bytes of a checkpoint's rings and keys, `other` bytes of the rest.
    pub fn note(&mut self, state: u64, other: u64) {
        self.checkpoint.note(state, other);
    }

    /// A core has handed over everything for the checkpoint of this number.
    pub fn through(&mut self, core: usize, checkpoint: u64) {
        let hears = self.hears(core);
        self.cores[core].through = hears && checkpoint == self.checkpoints;
        if self.cores[core].through {
            self.needed.reached(core, Reached::all(checkpoint).place);
        }
    }

    /// Records of a core begin to be written, the last of which are of a checkpoint up to there.
    pub fn reaches(&mut self, core: usize, reached: Reached) {
        if self.counts(core, reached.number) {
            self.needed.reaches(core, reached.place);
        }
    }

    /// All records of a core are written that are of a checkpoint up to there.
    pub fn reached(&mut self, core: usize, reached: Reached) {
        if self.counts(core, reached.number) {
            self.needed.reached(core, reached.place);
        }
    }

    /// Whether what a core says of a checkpoint is of the one under way.
    fn counts(&self, core: usize, checkpoint: u64) -> bool {
        self.hears(core) && checkpoint == self.checkpoints && !self.cores[core].through
    }

    /// The checkpoint under way, with the thousandths of all channels that should be handed over by now; nothing unless that is
    /// noticeably more than what was said last.
    pub fn due(&mut self) -> Option<(u64, u32)> {
        self.checkpoint.due().map(|thousandths| (self.checkpoints, thousandths))
    }

    /// A segment is complete and on disk, and another one follows.
    pub fn completed(&mut self, segment: u64) {
        self.needed.complete(segment);
    }

    /// Whether every core is through with a checkpoint whose end is not noted.
    pub fn is_through(&self) -> bool {
        self.cores.iter().all(|core| core.through)
    }

    /// Everything written so far is on disk. The segment before which all can go, if some can that could not before.
    pub fn synced(&mut self) -> Option<u64> {
        for (number, core) in self.cores.iter_mut().enumerate() {
            core.synced = core.written;
            if core.through {
                self.checkpoint.through(number);
            }
        }
        let needed = self.needed.synced(self.checkpoint.first_segment());
        let Some(first) = self.checkpoint.synced() else { return needed };
        self.cores.iter_mut().for_each(|core| core.through = false);
        self.needed.ended(first);
        Some(first)
    }

    /// Whether a sync would free a segment, so that it should not wait for its time.
    pub fn is_freed_by_sync(&self) -> bool {
        self.needed.is_freed_by_sync(self.checkpoint.first_segment())
    }

    /// Up to where the records of a core are written and synced, if it was not told so.
    pub fn moved(&mut self, core: usize) -> Option<(u64, u64)> {
        let core = &mut self.cores[core];
        let now = (core.written, core.synced);
        (std::mem::replace(&mut core.told, now) != now).then_some(now)
    }

    /// Whether a checkpoint is due.
    pub fn is_due(&self) -> bool {
        self.checkpoint.is_due()
    }

    /// Whether a log that was found must be written anew before it takes anything.
    pub fn is_found_too_large(&self) -> bool {
        self.checkpoint.is_found_too_large()
    }

    /// A checkpoint begins with this segment; says its number.
    pub fn begin_checkpoint(&mut self, first_segment: u64) -> u64 {
        self.checkpoints += 1;
        self.needed.begin(self.checkpoint.first_segment().is_some());
        self.checkpoint.begin(first_segment, self.cores.len());
        self.cores.iter_mut().for_each(|core| core.through = false);
        self.checkpoints
    }

    /// Records were lost: what is written and not synced counts as never said, and so does what is still to be heard.
    pub fn fail(&mut self) {
        self.checkpoint.lose();
        self.needed.lose();
        for core in &mut self.cores {
            (core.deaf, core.through) = (true, false);
            core.written = core.synced;
            core.told = (core.written, core.synced);
        }
    }

    /// The disk is well again; a checkpoint follows. Says the number by which cores begin again.
    pub fn resume(&mut self) -> u64 {
        self.resumptions += 1;
        self.resumptions
    }

    /// A core begins again after the resumption of this number.
    pub fn resumed(&mut self, core: usize, number: u64) {
        self.cores[core].deaf &= number != self.resumptions;
    }

    /// Whether the log may end as [`Entry::Clean`](super::Entry::Clean), when all that the cores said is on disk.
    pub fn is_whole(&self) -> bool {
        self.checkpoint.is_whole()
    }
}
