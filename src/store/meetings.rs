//! Meetings as they are stored: records by id, messages by meeting and place, and the places of messages by meeting
//! and id. Ids have no control characters, so a zero byte ends them in keys.

use super::counters;
use super::format::{Format, RecordError, archive};
use super::range::Range;
use super::write::{Span, StoreRecord, Table, Write};
use crate::model::meeting::{Meeting, MessagePlace, SealedMessage, each_once};
use rkyv::rancor::Error;

/// Every version of meetings.
pub const MEETINGS: Format<Meeting> = Format(&[read_v1, read_v2]);

/// Every version of messages of meetings.
pub const MESSAGES: Format<SealedMessage> = Format(&[read_message_v1]);

/// Every version of the places of messages.
const PLACES: Format<MessagePlace> = Format(&[read_place_v1, read_place_v2]);

/// A meeting was made or changed.
pub fn put(meeting: &Meeting) -> Write {
    let value = Some(MEETINGS.write(&archive(&MeetingV2::from(meeting))));
    Write { table: Table::Meetings, key: key(&meeting.id), value }
}

/// A meeting was deleted; its messages are the caller's.
pub fn deleted(id: &str) -> Write {
    Write { table: Table::Meetings, key: key(id), value: None }
}

/// A message was added at a place, or replaced there.
pub fn put_message(meeting: &str, place: u64, message: &SealedMessage) -> [Write; 2] {
    let value = Some(MESSAGES.write(&archive(&MessageV1::from(message))));
    let found = Some(PLACES.write(&archive(&PlaceV2 { place, bytes: message.bytes() })));
    [
        Write { table: Table::MeetingMessages, key: message_key(meeting, place), value },
        Write { table: Table::MeetingMessageIds, key: id_key(meeting, &message.id), value: found },
    ]
}

/// All messages of a meeting.
pub fn messages(meeting: &str) -> Vec<Span> {
    let (from, to) = (within(meeting, 0), within(meeting, 1));
    [Table::MeetingMessages, Table::MeetingMessageIds]
        .map(|table| Span { table, from: from.clone(), to: to.clone() })
        .into()
}

/// All messages of all meetings, there or deleted. No key begins with a byte that no text begins with.
pub fn all_messages() -> Vec<Span> {
    [Table::MeetingMessages, Table::MeetingMessageIds]
        .map(|table| Span { table, from: Vec::new(), to: vec![0xff] })
        .into()
}

/// The messages of a meeting after a place.
pub fn page(meeting: &Meeting, after: u64, records_max: u32, bytes_max: u32) -> Range {
    let from = message_key(&meeting.id, after.saturating_add(1).max(meeting.first_place));
    let (table, to) = (Table::MeetingMessages, within(&meeting.id, 1));
    Range { table, from, to, reverse: false, records_max, bytes_max }
}

/// Where the place of a message is found.
pub fn id_key(meeting: &str, message: &str) -> Vec<u8> {
    [within(meeting, 0).as_slice(), message.as_bytes()].concat()
}

/// The place that was found by [`id_key`].
///
/// # Errors
/// The value cannot be used.
pub fn read_place(key: &[u8], value: &[u8]) -> Result<MessagePlace, RecordError> {
    PLACES.read(Table::MeetingMessageIds, key, value)
}

/// A message and its place.
///
/// # Errors
/// The record cannot be used.
pub fn read_message(record: &StoreRecord) -> Result<(u64, SealedMessage), RecordError> {
    let message = MESSAGES.read(record.table, &record.key, &record.value)?;
    let place = record.key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes));
    let place = place.ok_or_else(|| RecordError::Damaged("a message of a meeting".into()))?;
    Ok((place, message))
}

/// What a meeting's record is found by.
pub fn key(id: &str) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// Big-endian, so that messages are in the order of their places.
fn message_key(meeting: &str, place: u64) -> Vec<u8> {
    [within(meeting, 0).as_slice(), &place.to_be_bytes()].concat()
}

/// The start of all keys within a meeting with 0, the end of them with 1.
fn within(meeting: &str, end: u8) -> Vec<u8> {
    [meeting.as_bytes(), &[end]].concat()
}

/// Version 1.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct MeetingV1 {
    id: String,
    creator: String,
    members: Vec<String>,
    started: String,
    ended: String,
    created_ms: u64,
    messages: u64,
    first_place: u64,
    next_place: u64,
}

/// Version 2: with the bytes of its messages.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct MeetingV2 {
    meeting: MeetingV1,
    bytes: u64,
}

impl From<&Meeting> for MeetingV2 {
    fn from(meeting: &Meeting) -> Self {
        let Meeting {
            id,
            creator,
            members,
            started,
            ended,
            created_ms,
            messages,
            bytes,
            first_place,
            next_place,
        } = meeting.clone();
        let meeting = MeetingV1 {
            id: id.into(),
            creator: creator.into(),
            members: members.into_iter().map(String::from).collect(),
            started: started.into(),
            ended: ended.into(),
            created_ms,
            messages,
            first_place,
            next_place,
        };
        Self { meeting, bytes }
    }
}

fn read_v1(bytes: &[u8]) -> Option<Meeting> {
    rkyv::from_bytes::<MeetingV1, Error>(bytes).ok().map(|form| meeting_of(form, 0))
}

fn read_v2(bytes: &[u8]) -> Option<Meeting> {
    rkyv::from_bytes::<MeetingV2, Error>(bytes).ok().map(|form| meeting_of(form.meeting, form.bytes))
}

fn meeting_of(form: MeetingV1, bytes: u64) -> Meeting {
    Meeting {
        id: form.id.into(),
        creator: form.creator.into(),
        // Written when people were told apart by lowercase, a list may name somebody twice.
        members: each_once(form.members.into_iter().map(Box::from)),
        started: form.started.into(),
        ended: form.ended.into(),
        created_ms: form.created_ms,
        messages: form.messages,
        bytes,
        first_place: form.first_place,
        next_place: form.next_place,
    }
}

/// Version 2 of a place: with the bytes of its message. Before, it was a number alone.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct PlaceV2 {
    place: u64,
    bytes: u64,
}

fn read_place_v1(bytes: &[u8]) -> Option<MessagePlace> {
    counters::read_v1(bytes).map(|place| MessagePlace { place, bytes: 0 })
}

fn read_place_v2(bytes: &[u8]) -> Option<MessagePlace> {
    let form = rkyv::from_bytes::<PlaceV2, Error>(bytes).ok()?;
    Some(MessagePlace { place: form.place, bytes: form.bytes })
}

/// Version 1.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct MessageV1 {
    id: String,
    salt: String,
    data: String,
    from: String,
    sent_ms: u64,
}

impl From<&SealedMessage> for MessageV1 {
    fn from(message: &SealedMessage) -> Self {
        let SealedMessage { id, salt, data, from, sent_ms } = message.clone();
        Self { id: id.into(), salt: salt.into(), data: data.into(), from: from.into(), sent_ms }
    }
}

fn read_message_v1(bytes: &[u8]) -> Option<SealedMessage> {
    let form = rkyv::from_bytes::<MessageV1, Error>(bytes).ok()?;
    Some(SealedMessage {
        id: form.id.into(),
        salt: form.salt.into(),
        data: form.data.into(),
        from: form.from.into(),
        sent_ms: form.sent_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meeting() -> Meeting {
        Meeting {
            id: "r1".into(),
            creator: "ada@x.example".into(),
            members: vec!["bob@x.example".into(), "é".into()],
            started: "s".into(),
            ended: "".into(),
            created_ms: 5,
            messages: 2,
            bytes: 77,
            first_place: 3,
            next_place: 9,
        }
    }

    #[test]
    fn a_meeting_and_its_messages_read_back() {
        let meeting = meeting();
        let write = put(&meeting);
        let value = write.value.expect("a value");
        assert_eq!(MEETINGS.read(write.table, &write.key, &value), Ok(meeting));
        let message = SealedMessage {
            id: "m".into(),
            salt: "s".into(),
            data: "\0d\"".into(),
            from: "ada".into(),
            sent_ms: 7,
        };
        let writes = put_message("r1", 258, &message);
        let [written, found] = &writes[..] else { panic!("{writes:?}") };
        let value = written.value.clone().expect("a value");
        let record = StoreRecord { table: written.table, key: written.key.clone(), value };
        assert_eq!(read_message(&record), Ok((258, message.clone())));
        assert_eq!(found.key, id_key("r1", "m"));
        assert_eq!(
            read_place(&found.key, found.value.as_ref().expect("a value")),
            Ok(MessagePlace { place: 258, bytes: message.bytes() })
        );
        let before = counters::number(Table::MeetingMessageIds, found.key.clone(), 7).value.expect("a value");
        assert_eq!(read_place(&found.key, &before), Ok(MessagePlace { place: 7, bytes: 0 }), "of version 1");
        let short = StoreRecord { key: b"short".to_vec(), ..record.clone() };
        assert!(read_message(&short).is_err());
        let cut = StoreRecord { value: record.value[..9].to_vec(), ..record };
        assert!(read_message(&cut).is_err());
    }

    #[test]
    fn a_page_has_its_meeting_only_and_in_order() {
        let meeting = meeting();
        let range = page(&meeting, 255, 9, 9);
        assert_eq!(page(&meeting, 0, 9, 9).from, message_key("r1", 3), "what was deleted is not read");
        let key = |meeting: &str, place| message_key(meeting, place);
        let has = |key: Vec<u8>| range.from <= key && key < range.to;
        assert!(has(key("r1", 256)) && has(key("r1", u64::MAX)));
        assert!(!has(key("r1", 255)) && !has(key("r", 256)) && !has(key("r11", 256)) && !has(key("r2", 256)));
        for span in messages("r1") {
            let has = |key: Vec<u8>| span.from <= key && key < span.to;
            assert!(has(key("r1", 0)) && has(key("r1", u64::MAX)) && has(id_key("r1", "é")));
            assert!(!has(key("r", 0)) && !has(key("r11", 0)) && !has(id_key("r10", "m")));
        }
    }
}
