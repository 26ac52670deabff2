//! Channel definitions as they are stored: by id. With a new one goes its id, as the last that was given, so that none
//! is given twice.

use super::counters;
use super::format::{Format, archive};
use super::write::{Table, Write};
use crate::model::access::Access;
use crate::model::definition::{
    ChannelDefinition, DefinitionDraft, DefinitionRecord, HistoryBounds, Presence, SlowPolicy, Who,
};
use rkyv::rancor::Error;

/// Every version of definitions.
pub const DEFINITIONS: Format<DefinitionRecord> = Format(&[read_v1]);

/// A definition was made, with an id greater than all before it.
pub fn created(record: &DefinitionRecord) -> Vec<Write> {
    [updated(record), vec![counters::last_definition_id(record.id)]].concat()
}

/// A definition was changed.
pub fn updated(record: &DefinitionRecord) -> Vec<Write> {
    let value = Some(DEFINITIONS.write(&archive(&DefinitionV1::from(record))));
    vec![Write { table: Table::Definitions, key: key(record.id), value }]
}

/// A definition was deleted.
pub fn deleted(id: u64) -> Vec<Write> {
    vec![Write { table: Table::Definitions, key: key(id), value: None }]
}

/// Big-endian, so that records are in the order of their ids.
pub fn key(id: u64) -> Vec<u8> {
    id.to_be_bytes().to_vec()
}

/// Version 1. Words of the rules are numbers, in the order in which `model/definition.rs` lists them.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct DefinitionV1 {
    id: u64,
    realm: u64,
    guid: String,
    created_ms: u64,
    updated_ms: u64,
    name: String,
    description: String,
    active: bool,
    nested: bool,
    source: String,
    history_count_max: u32,
    history_bytes_max: u32,
    history_age_ms_max: u64,
    presence: u8,
    subscribe: u8,
    publish: u8,
    whisper: u8,
    slow: u8,
}

const PRESENCES: [Presence; 4] =
    [Presence::Off, Presence::Users, Presence::Sockets { told: false }, Presence::Sockets { told: true }];
const WHO: [Who; 3] = [Who::Nobody, Who::Authenticated, Who::Everyone];
const SLOW: [SlowPolicy; 2] = [SlowPolicy::Disconnect, SlowPolicy::Skip];

fn number<T: PartialEq>(words: &[T], word: &T) -> u8 {
    let index = words.iter().position(|other| other == word);
    index.expect("the list has every word") as u8
}

fn word<T: Copy>(words: &[T], number: u8) -> Option<T> {
    words.get(usize::from(number)).copied()
}

impl From<&DefinitionRecord> for DefinitionV1 {
    fn from(record: &DefinitionRecord) -> Self {
        let DefinitionRecord { id, realm, guid, created_ms, updated_ms, draft } = record;
        let DefinitionDraft { name, description, active, nested, rules, source } = draft;
        // No author can choose the durability or the compression, so they are not stored: all definitions have the same.
        let ChannelDefinition {
            history,
            durability: _,
            presence,
            subscribe,
            publish,
            whisper,
            slow,
            compress: _,
            access: _,
        } = rules;
        Self {
            id: *id,
            realm: *realm,
            guid: guid.to_string(),
            created_ms: *created_ms,
            updated_ms: *updated_ms,
            name: name.to_string(),
            description: description.to_string(),
            active: *active,
            nested: *nested,
            source: source.to_string(),
            history_count_max: history.count_max,
            history_bytes_max: history.bytes_max,
            history_age_ms_max: history.age_ms_max,
            presence: number(&PRESENCES, presence),
            subscribe: number(&WHO, subscribe),
            publish: number(&WHO, publish),
            whisper: number(&WHO, whisper),
            slow: number(&SLOW, slow),
        }
    }
}

fn read_v1(bytes: &[u8]) -> Option<DefinitionRecord> {
    let form = rkyv::from_bytes::<DefinitionV1, Error>(bytes).ok()?;
    Some(DefinitionRecord {
        id: form.id,
        realm: form.realm,
        guid: form.guid.into(),
        created_ms: form.created_ms,
        updated_ms: form.updated_ms,
        draft: DefinitionDraft {
            name: form.name.into(),
            description: form.description.into(),
            active: form.active,
            nested: form.nested,
            rules: ChannelDefinition {
                history: HistoryBounds {
                    count_max: form.history_count_max,
                    bytes_max: form.history_bytes_max,
                    age_ms_max: form.history_age_ms_max,
                },
                durability: ChannelDefinition::default().durability,
                compress: ChannelDefinition::default().compress,
                access: Access::Open,
                presence: word(&PRESENCES, form.presence)?,
                subscribe: word(&WHO, form.subscribe)?,
                publish: word(&WHO, form.publish)?,
                whisper: word(&WHO, form.whisper)?,
                slow: word(&SLOW, form.slow)?,
            },
            source: form.source.into(),
        },
    })
}
