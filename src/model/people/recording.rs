//! Recordings of calls: what is kept of one besides what was heard and seen.

use super::UserId;
use super::call::CallKind;
use std::sync::Arc;

/// Seconds for which a place to fetch a recording from holds.
pub const DOWNLOAD_TTL_S: u64 = 3_600;

/// What is kept of a recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recording {
    /// Its id.
    pub id: Arc<str>,
    /// The call that it is of.
    pub call: Arc<str>,
    /// The conversation that the call belonged to.
    pub conversation: Option<Arc<str>>,
    /// What the call was begun with.
    pub kind: CallKind,
    /// Who began to record.
    pub started_by: UserId,
    /// When, milliseconds since 1970.
    pub started_ms: u64,
    /// When it was over, milliseconds since 1970; `None` while it runs.
    pub ended_ms: Option<u64>,
    /// Who talked in the call, sorted, each once.
    pub people: Arc<[UserId]>,
}

impl Recording {
    /// Whether somebody may see it: who talked, and who began it.
    pub fn is_of(&self, user: &str) -> bool {
        *self.started_by == *user || self.people.binary_search_by(|one| (**one).cmp(user)).is_ok()
    }

    /// Seconds from its begin to its end; `None` while it runs.
    pub fn duration_s(&self) -> Option<u64> {
        self.ended_ms.map(|ended_ms| ended_ms.saturating_sub(self.started_ms) / 1_000)
    }
}

/// What is asked of a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordingAct {
    /// What is kept of it.
    Get,
    /// Where what was heard and seen can be fetched.
    Download,
    /// Forget it.
    Delete,
}
