//! Definitions as REST shows them.

use crate::base::time::rfc3339;
use crate::model::command::Page;
use crate::model::definition::DefinitionRecord;
use crate::protocol::http::Response;
use crate::surface::json;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
struct Channel<'a> {
    id: u64,
    name: &'a str,
    description: &'a str,
    active: bool,
    guid: &'a str,
    created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    xanoscript: Option<Source<'a>>,
}

#[derive(Serialize)]
struct Source<'a> {
    status: &'a str,
    value: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listing<'a> {
    items_received: usize,
    cur_page: u32,
    next_page: Option<u32>,
    prev_page: Option<u32>,
    offset: usize,
    per_page: u32,
    items: Vec<Channel<'a>>,
}

/// One definition with its script.
pub fn one(record: &DefinitionRecord) -> Response {
    written(&channel(record, true), 512)
}

/// A page of definitions.
pub fn page(records: &[Arc<DefinitionRecord>], page: Page, total: u64, with_source: bool) -> Response {
    let items: Vec<_> = records.iter().map(|record| channel(record, with_source)).collect();
    let reached = page.skip() as u64 + items.len() as u64;
    let listing = Listing {
        items_received: items.len(),
        cur_page: page.number,
        next_page: page.number.checked_add(1).filter(|_| !items.is_empty() && reached < total),
        prev_page: page.number.checked_sub(1).filter(|number| *number > 0),
        offset: page.skip(),
        per_page: page.size,
        items,
    };
    written(&listing, 256 * (listing.items.len() + 1))
}

/// A definition that is no more.
pub fn nothing() -> Response {
    Response::json(200, b"{}".to_vec())
}

fn channel(record: &DefinitionRecord, with_source: bool) -> Channel<'_> {
    let draft = &record.draft;
    Channel {
        id: record.id,
        name: &draft.name,
        description: &draft.description,
        active: draft.active,
        guid: &record.guid,
        created_at: time(record.created_ms),
        updated_at: time(record.updated_ms),
        xanoscript: with_source.then_some(Source { status: "ok", value: &draft.source, message: "" }),
    }
}

/// `2025-01-01 00:00:00+0000`.
fn time(unix_ms: u64) -> String {
    let text = rfc3339(unix_ms - unix_ms % 1000);
    text.replace('T', " ").replace('Z', "+0000")
}

fn written<T: Serialize>(value: &T, capacity: usize) -> Response {
    let mut body = Vec::with_capacity(capacity);
    json::push_value(&mut body, value);
    Response::json(200, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_seconds_of_utc() {
        assert_eq!(time(1_735_689_600_000), "2025-01-01 00:00:00+0000");
        assert_eq!(time(1_735_689_601_999), "2025-01-01 00:00:01+0000");
    }
}
