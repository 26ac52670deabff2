//! The `[[namespaces]]`.

use super::reader::{Context, Reader};
use super::settings::Namespace;
use crate::base::json::scan::is_plain;
use crate::model::access::Access;
use crate::model::definition::{ChannelDefinition, Durability, HistoryBounds, Presence, SlowPolicy};
use crate::model::pace::Pace;
use crate::surface::list;

/// Ten years.
const AGE_S_MAX: u32 = 315_360_000;

/// Microseconds that a publication may wait for others.
const COALESCE_US_MAX: u32 = 1_000_000;

/// Milliseconds that a channel may be silent for.
const CONFLATE_MS_MAX: u32 = 60_000;

/// Bytes of the name of a member.
const CONFLATE_KEY_BYTES_MAX: usize = 128;

/// Reads every namespace; what an entry leaves out is as in [`ChannelDefinition::default`].
pub(super) fn read(root: &mut Reader<'_>, context: &Context) -> Vec<Namespace> {
    let nodes = root.list("namespaces").unwrap_or_default();
    let mut namespaces = Vec::new();
    for (index, node) in nodes.into_iter().enumerate() {
        if let Some(reader) = Reader::element(context, format!("namespaces[{index}]"), node) {
            namespaces.extend(read_one(reader));
        }
    }
    namespaces
}

fn read_one(mut reader: Reader<'_>) -> Option<Namespace> {
    if !reader.has("name") {
        reader.refuse(&reader.place().clone(), "name", "is missing");
    }
    let name = reader.text("name");
    if let Some((name, place)) = &name
        && !list::namespaces().any(|served| served == name)
    {
        let served: Vec<String> = list::namespaces().map(|served| format!("\"{served}\"")).collect();
        let message =
            format!("must be {}, as no API has other channels; it is {name:?}", served.join(" or "));
        reader.refuse(place, "name", &message);
    }
    let default = ChannelDefinition::default();
    let bounds = default.history;
    let policies = [("disconnect", SlowPolicy::Disconnect), ("skip", SlowPolicy::Skip)];
    let durabilities =
        [("commit", Durability::Commit), ("relaxed", Durability::Relaxed), ("memory", Durability::Memory)];
    let accesses = [
        ("open", Access::Open),
        ("listed", Access::Listed),
        ("members", Access::Members),
        ("own", Access::Own),
    ];
    let age_s = reader.integer("history_age_s_max", 0..=AGE_S_MAX);
    let definition = ChannelDefinition {
        history: HistoryBounds {
            count_max: reader.integer("history_count_max", 0..=1 << 20).unwrap_or(bounds.count_max),
            bytes_max: reader.integer("history_bytes_max", 0..=1 << 30).unwrap_or(bounds.bytes_max),
            age_ms_max: age_s.map_or(bounds.age_ms_max, |seconds| u64::from(seconds) * 1000),
        },
        durability: reader.choice("history_durability", &durabilities).unwrap_or(default.durability),
        presence: match reader.boolean("presence") {
            Some(true) => Presence::Users,
            Some(false) => Presence::Off,
            None => default.presence,
        },
        slow: reader.choice("slow_policy", &policies).unwrap_or(default.slow),
        compress: reader.boolean("compress").unwrap_or(default.compress),
        access: reader
            .choice("access", &accesses)
            .unwrap_or_else(|| Access::usual(name.as_ref().map_or("", |(name, _)| name))),
        ..default
    };
    let pace = pace(&mut reader);
    reader.finish();
    name.map(|(name, _)| Namespace { name, definition, pace })
}

fn pace(reader: &mut Reader<'_>) -> Pace {
    let coalesce_us = reader.integer("coalesce_us", 0..=COALESCE_US_MAX).unwrap_or_default();
    let conflate_ms = reader.integer("conflate_ms", 0..=CONFLATE_MS_MAX).unwrap_or_default();
    let Some((key, place)) = reader.text("conflate_key").filter(|(key, _)| !key.is_empty()) else {
        return Pace { coalesce_us, conflate_ms, conflate_key: None };
    };
    if key.len() > CONFLATE_KEY_BYTES_MAX || !is_plain(key.as_bytes(), 0) {
        let message = format!(
            "must be the name of a member of the data, at most {CONFLATE_KEY_BYTES_MAX} bytes without quotes, backslashes and \
             control characters; it is {key:?}"
        );
        reader.refuse(&place, "conflate_key", &message);
    } else if conflate_ms == 0 {
        reader.refuse(&place, "conflate_key", "is of use only where conflate_ms is above 0: set that too");
    }
    Pace { coalesce_us, conflate_ms, conflate_key: Some(key.into()) }
}
