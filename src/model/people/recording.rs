//! Recordings of calls: what is kept of one besides what was heard and seen.

use super::UserId;
use super::call::CallKind;
use std::sync::Arc;

/// Seconds for which a link to a recording holds.
pub const DOWNLOAD_TTL_S: u64 = 3_600;

/// What the names of files of recordings, and so the ids of recordings, begin with.
pub const FILE_NAME: &str = "rec_";

/// Whether an id can be the name of a file.
pub fn is_file_name(id: &str) -> bool {
    id.strip_prefix(FILE_NAME).is_some_and(|rest| {
        !rest.is_empty()
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    })
}

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
    /// Bytes of its file; 0 is that there is none, as long as it runs too. Not stored: the file says it.
    pub bytes: u64,
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
    /// Forget it.
    Delete,
}
