use super::*;
use crate::model::definition::{
    ChannelDefinition, DefinitionDraft, HistoryBounds, Presence, SlowPolicy, Who,
};
use crate::store::lines::tests::{export, import};
use crate::store::rooms;
use crate::store::write::Write;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![Just(Who::Nobody), Just(Who::Authenticated), Just(Who::Everyone)]
}

fn rules() -> impl Strategy<Value = ChannelDefinition> {
    let presence = prop_oneof![
        Just(Presence::Off),
        Just(Presence::Users),
        any::<bool>().prop_map(|told| Presence::Sockets { told })
    ];
    let slow = prop_oneof![Just(SlowPolicy::Disconnect), Just(SlowPolicy::Skip)];
    let history = (any::<u32>(), any::<u32>(), any::<u64>());
    (history, presence, who(), who(), who(), slow).prop_map(
        |((count_max, bytes_max, age_ms_max), presence, subscribe, publish, whisper, slow)| {
            let history = HistoryBounds { count_max, bytes_max, age_ms_max };
            let default = ChannelDefinition::default();
            ChannelDefinition { history, presence, subscribe, publish, whisper, slow, ..default }
        },
    )
}

fn definition() -> impl Strategy<Value = DefinitionRecord> {
    let texts = (".*", ".*", ".*", ".*");
    let numbers = (any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>());
    (texts, numbers, any::<bool>(), any::<bool>(), rules()).prop_map(
        |((name, description, source, guid), (id, realm, created_ms, updated_ms), active, nested, rules)| {
            let (name, description, source) = (name.into(), description.into(), source.into());
            let draft = DefinitionDraft { name, description, active, nested, rules, source };
            DefinitionRecord { id, realm, guid: guid.into(), created_ms, updated_ms, draft }
        },
    )
}

fn room() -> impl Strategy<Value = (ChannelName, Room)> {
    ("[a-z]{1,5}", ".*", ".*", ".*", ".*", any::<(u64, u64)>()).prop_map(
        |(namespace, id, name, description, owner, (created_ms, updated_ms))| {
            let channel = ChannelName::new(&format!("{namespace}:{id}"));
            (channel, Room { id, name, description, owner, created_ms, updated_ms })
        },
    )
}

/// What the writes leave on a disk.
fn records(writes: Vec<Write>) -> Vec<StoreRecord> {
    let record =
        |Write { table, key, value }| StoreRecord { table, key, value: value.expect("nothing is deleted") };
    writes.into_iter().map(record).collect()
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(
        definitions in prop::collection::vec(definition().prop_map(Arc::new), 0..4),
        rooms in prop::collection::vec(room(), 0..4),
        more in 0..9_u64,
    ) {
        let last = definitions.iter().map(|record| record.id).max().unwrap_or_default();
        let last_definition_id = last.saturating_add(more);
        let writes = definitions.iter().flat_map(|one| definitions::updated(one));
        let writes = writes.chain(rooms.iter().flat_map(|(channel, room)| rooms::put(channel, room)));
        let writes = writes.chain([counters::last_definition_id(last_definition_id)]).collect();
        let stored = Stored { definitions, rooms, last_definition_id, ..Stored::default() };
        prop_assert_eq!(Stored::read(records(writes)), Ok(stored));
    }

    #[test]
    fn what_was_exported_is_imported(
        definitions in prop::collection::vec(definition().prop_map(Arc::new), 0..4),
        rooms in prop::collection::vec(room(), 0..4),
    ) {
        let mut stored = Stored { definitions, rooms, last_definition_id: u64::MAX, ..Stored::default() };
        stored.definitions.sort_by_key(|record| record.id);
        stored.definitions.dedup_by_key(|record| record.id);
        stored.definitions.retain(|record| record.id > 0);
        stored.rooms.sort_by(|a, b| a.0.cmp(&b.0));
        stored.rooms.dedup_by(|a, b| a.0 == b.0);
        let lines = export(&stored, &[]).expect("there are no meetings");
        prop_assert!(lines.iter().all(|line| !line.contains('\n')));
        let read = import(lines.iter().map(String::as_str));
        let names: BTreeSet<_> = stored.definitions.iter().map(|one| (one.realm, &one.draft.name)).collect();
        match names.len() == stored.definitions.len() {
            true => prop_assert_eq!(Stored::read(records(read.expect("good").0)), Ok(stored)),
            false => prop_assert!(read.is_err()),
        }
    }

    #[test]
    fn damage_never_panics_and_is_named_or_harmless(
        definition in definition(),
        room in room(),
        at in any::<prop::sample::Index>(),
        by in 1..=255_u8,
    ) {
        let (channel, room) = room;
        let writes = [definitions::created(&definition), rooms::put(&channel, &room)].concat();
        for damaged in 0..3 {
            let mut records = records(writes.clone());
            let value = &mut records[damaged].value;
            let at = at.index(value.len());
            value[at] = value[at].wrapping_add(by);
            // A letter of a text may have become another one: the file's own checksums are for that.
            let read = Stored::read(records.clone());
            prop_assert!(at > 0 || read.is_err());
            records[damaged].value.truncate(at);
            prop_assert!(Stored::read(records).is_err() || at > 0);
        }
    }
}

#[test]
fn ids_that_were_given_are_remembered_after_their_definitions_are_gone() {
    let counter = records(vec![counters::last_definition_id(9)]);
    assert_eq!(Stored::read(counter).map(|stored| stored.last_definition_id), Ok(9));
    assert_eq!(Stored::read(records(vec![counters::probe(9)])), Ok(Stored::default()), "nothing that counts");
    assert_eq!(Stored::read([]).map(|stored| stored.last_definition_id), Ok(0));
}

#[test]
fn a_record_that_is_not_where_it_belongs_is_refused() {
    let room = Room {
        id: "1".into(),
        name: "n".into(),
        description: String::new(),
        owner: "o".into(),
        created_ms: 1,
        updated_ms: 2,
    };
    let good = records(rooms::put(&ChannelName::new("room:1"), &room)).remove(0);
    assert!(Stored::read([good.clone()]).is_ok());
    for key in [&b"room:2"[..], b"room:\xff", b""] {
        let moved = StoreRecord { key: key.to_vec(), ..good.clone() };
        assert!(matches!(Stored::read([moved]), Err(RecordError::Damaged(_))), "{key:?}");
    }
    let unknown = StoreRecord { table: Table::Counters, ..good };
    assert!(matches!(Stored::read([unknown]), Err(RecordError::Damaged(_))));
}
