//! Records of recordings as lines.

use super::devices::is_id;
use crate::model::people::UserId;
use crate::model::people::call::CallKind;
use crate::model::people::recording::{Recording, is_file_name};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordingLine {
    pub id: String,
    call: String,
    conversation: Option<String>,
    video: bool,
    started_by: String,
    started_ms: u64,
    ended_ms: Option<u64>,
    people: Vec<String>,
}

pub fn recording_line(recording: &Recording) -> RecordingLine {
    RecordingLine {
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

/// `None` if no recording can be so.
pub fn recording(line: RecordingLine) -> Option<Recording> {
    let names = [&line.id, &line.call, &line.started_by];
    let fit = names.into_iter().chain(&line.conversation).chain(&line.people).all(|name| is_id(name));
    if !fit || !is_file_name(&line.id) || line.ended_ms.is_some_and(|ended_ms| ended_ms < line.started_ms) {
        return None;
    }
    let mut people: Vec<UserId> = line.people.into_iter().map(Arc::from).collect();
    people.sort();
    people.dedup();
    Some(Recording {
        id: line.id.into(),
        call: line.call.into(),
        conversation: line.conversation.map(Arc::from),
        kind: if line.video { CallKind::Video } else { CallKind::Audio },
        started_by: line.started_by.into(),
        started_ms: line.started_ms,
        ended_ms: line.ended_ms,
        people: people.into(),
        bytes: 0,
    })
}
