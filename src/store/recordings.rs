//! Records of recordings as they are stored: by their id.

use super::format::{Format, archive};
use super::write::{Table, Write};
use crate::model::people::call::CallKind;
use crate::model::people::recording::Recording;
use rkyv::rancor::Error;
use std::sync::Arc;

/// Every version of recordings.
pub const RECORDINGS: Format<Recording> = Format(&[read_v1]);

/// A recording began or ended.
pub fn put(recording: &Recording) -> Write {
    let value = Some(RECORDINGS.write(&archive(&RecordingV1::from(recording))));
    Write { table: Table::Recordings, key: key(&recording.id), value }
}

/// A recording was forgotten.
pub fn deleted(id: &str) -> Write {
    Write { table: Table::Recordings, key: key(id), value: None }
}

/// What a recording is found by.
pub(super) fn key(id: &str) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// Version 1.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct RecordingV1 {
    id: String,
    call: String,
    conversation: Option<String>,
    video: bool,
    started_by: String,
    started_ms: u64,
    ended_ms: Option<u64>,
    people: Vec<String>,
}

impl From<&Recording> for RecordingV1 {
    fn from(recording: &Recording) -> Self {
        Self {
            id: (*recording.id).to_owned(),
            call: (*recording.call).to_owned(),
            conversation: recording.conversation.as_deref().map(str::to_owned),
            video: recording.kind == CallKind::Video,
            started_by: (*recording.started_by).to_owned(),
            started_ms: recording.started_ms,
            ended_ms: recording.ended_ms,
            people: recording.people.iter().map(|one| (**one).to_owned()).collect(),
        }
    }
}

fn read_v1(bytes: &[u8]) -> Option<Recording> {
    let form = rkyv::from_bytes::<RecordingV1, Error>(bytes).ok()?;
    Some(Recording {
        id: form.id.into(),
        call: form.call.into(),
        conversation: form.conversation.map(Arc::from),
        kind: if form.video { CallKind::Video } else { CallKind::Audio },
        started_by: form.started_by.into(),
        started_ms: form.started_ms,
        ended_ms: form.ended_ms,
        people: form.people.into_iter().map(Arc::from).collect(),
        bytes: 0,
    })
}
