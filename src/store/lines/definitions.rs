//! Definitions as lines.

use crate::model::access::Access;
use crate::model::definition::{
    ChannelDefinition, DefinitionDraft, DefinitionRecord, HistoryBounds, Presence, SlowPolicy, Who,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefinitionLine {
    pub id: u64,
    pub realm: u64,
    guid: Box<str>,
    pub name: Box<str>,
    description: Box<str>,
    active: bool,
    nested: bool,
    subscribe: WhoWord,
    publish: WhoWord,
    whisper: WhoWord,
    presence: PresenceWord,
    slow: SlowWord,
    history_count_max: u32,
    history_bytes_max: u32,
    history_age_ms_max: u64,
    created_ms: u64,
    updated_ms: u64,
    source: Box<str>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WhoWord {
    Nobody,
    Authenticated,
    Everyone,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PresenceWord {
    Off,
    Users,
    Sockets,
    SocketsTold,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SlowWord {
    Disconnect,
    Skip,
}

pub fn definition_line(record: &DefinitionRecord) -> DefinitionLine {
    let DefinitionRecord { id, realm, guid, created_ms, updated_ms, draft } = record.clone();
    let DefinitionDraft { name, description, active, nested, rules, source } = draft;
    // As in the store: all definitions have the same durability and compression.
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
    let who = |who| match who {
        Who::Nobody => WhoWord::Nobody,
        Who::Authenticated => WhoWord::Authenticated,
        Who::Everyone => WhoWord::Everyone,
    };
    DefinitionLine {
        id,
        realm,
        guid,
        name,
        description,
        active,
        nested,
        subscribe: who(subscribe),
        publish: who(publish),
        whisper: who(whisper),
        presence: match presence {
            Presence::Off => PresenceWord::Off,
            Presence::Users => PresenceWord::Users,
            Presence::Sockets { told: false } => PresenceWord::Sockets,
            Presence::Sockets { told: true } => PresenceWord::SocketsTold,
        },
        slow: match slow {
            SlowPolicy::Disconnect => SlowWord::Disconnect,
            SlowPolicy::Skip => SlowWord::Skip,
        },
        history_count_max: history.count_max,
        history_bytes_max: history.bytes_max,
        history_age_ms_max: history.age_ms_max,
        created_ms,
        updated_ms,
        source,
    }
}

pub fn definition(line: DefinitionLine) -> DefinitionRecord {
    let who = |word| match word {
        WhoWord::Nobody => Who::Nobody,
        WhoWord::Authenticated => Who::Authenticated,
        WhoWord::Everyone => Who::Everyone,
    };
    let rules = ChannelDefinition {
        history: HistoryBounds {
            count_max: line.history_count_max,
            bytes_max: line.history_bytes_max,
            age_ms_max: line.history_age_ms_max,
        },
        durability: ChannelDefinition::default().durability,
        compress: ChannelDefinition::default().compress,
        access: Access::Open,
        presence: match line.presence {
            PresenceWord::Off => Presence::Off,
            PresenceWord::Users => Presence::Users,
            PresenceWord::Sockets => Presence::Sockets { told: false },
            PresenceWord::SocketsTold => Presence::Sockets { told: true },
        },
        subscribe: who(line.subscribe),
        publish: who(line.publish),
        whisper: who(line.whisper),
        slow: match line.slow {
            SlowWord::Disconnect => SlowPolicy::Disconnect,
            SlowWord::Skip => SlowPolicy::Skip,
        },
    };
    DefinitionRecord {
        id: line.id,
        realm: line.realm,
        guid: line.guid,
        created_ms: line.created_ms,
        updated_ms: line.updated_ms,
        draft: DefinitionDraft {
            name: line.name,
            description: line.description,
            active: line.active,
            nested: line.nested,
            rules,
            source: line.source,
        },
    }
}
