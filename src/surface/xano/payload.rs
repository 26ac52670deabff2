//! Definitions as REST shows them. A page may have 10,000 of them, so they are written piece by piece.

use crate::base::time::rfc3339;
use crate::model::command::Page;
use crate::model::definition::DefinitionRecord;
use crate::protocol::http::Response;
use crate::surface::json::{push_number, push_text};
use std::sync::Arc;

/// Bytes that a definition without its script usually has.
const CHANNEL_BYTES: usize = 256;

/// One definition with its script.
pub fn one(record: &DefinitionRecord) -> Response {
    let mut out = Vec::with_capacity(CHANNEL_BYTES + 2 * record.draft.source.len());
    push_channel(&mut out, record, true);
    Response::json(200, out)
}

/// A page of definitions.
pub fn page(records: &[Arc<DefinitionRecord>], page: Page, total: u64, with_source: bool) -> Response {
    let count = records.len() as u64;
    let skipped = page.skip() as u64;
    let has_next = !records.is_empty() && skipped + count < total;
    let mut out = Vec::with_capacity(CHANNEL_BYTES * (records.len() + 1));
    push_field(&mut out, b"{\"itemsReceived\":", Some(count));
    push_field(&mut out, b",\"curPage\":", Some(page.number.into()));
    push_field(&mut out, b",\"nextPage\":", has_next.then_some(u64::from(page.number) + 1));
    push_field(&mut out, b",\"prevPage\":", (page.number > 1).then_some(u64::from(page.number) - 1));
    push_field(&mut out, b",\"offset\":", Some(skipped));
    push_field(&mut out, b",\"perPage\":", Some(page.size.into()));
    out.extend_from_slice(b",\"items\":[");
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_channel(&mut out, record, with_source);
    }
    out.extend_from_slice(b"]}");
    Response::json(200, out)
}

/// A definition that is no more.
pub fn nothing() -> Response {
    Response::json(200, b"{}".to_vec())
}

fn push_field(out: &mut Vec<u8>, key: &[u8], number: Option<u64>) {
    out.extend_from_slice(key);
    match number {
        Some(number) => push_number(out, number),
        None => out.extend_from_slice(b"null"),
    }
}

fn push_channel(out: &mut Vec<u8>, record: &DefinitionRecord, with_source: bool) {
    let draft = &record.draft;
    push_field(out, b"{\"id\":", Some(record.id));
    out.extend_from_slice(b",\"name\":");
    push_text(out, &draft.name);
    out.extend_from_slice(b",\"description\":");
    push_text(out, &draft.description);
    let active: &[u8] = if draft.active { b",\"active\":true" } else { b",\"active\":false" };
    out.extend_from_slice(active);
    out.extend_from_slice(b",\"guid\":");
    push_text(out, &record.guid);
    out.extend_from_slice(b",\"created_at\":");
    push_time(out, record.created_ms);
    out.extend_from_slice(b",\"updated_at\":");
    push_time(out, record.updated_ms);
    if with_source {
        out.extend_from_slice(b",\"xanoscript\":{\"status\":\"ok\",\"value\":");
        push_text(out, &draft.source);
        out.extend_from_slice(b",\"message\":\"\"}");
    }
    out.push(b'}');
}

/// `"2025-01-01 00:00:00+0000"`.
fn push_time(out: &mut Vec<u8>, unix_ms: u64) {
    let text = rfc3339(unix_ms - unix_ms % 1000);
    let (date, time) = text.split_once('T').unwrap_or_default();
    out.push(b'"');
    out.extend_from_slice(date.as_bytes());
    out.push(b' ');
    out.extend_from_slice(time.trim_end_matches('Z').as_bytes());
    out.extend_from_slice(b"+0000\"");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_seconds_of_utc() {
        let time = |unix_ms| {
            let mut out = Vec::new();
            push_time(&mut out, unix_ms);
            String::from_utf8(out).expect("UTF-8")
        };
        assert_eq!(time(1_735_689_600_000), "\"2025-01-01 00:00:00+0000\"");
        assert_eq!(time(1_735_689_601_999), "\"2025-01-01 00:00:01+0000\"");
    }
}
