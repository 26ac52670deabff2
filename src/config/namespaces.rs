//! The `[[namespaces]]`.

use super::reader::{Context, Reader};
use super::settings::Namespace;
use crate::model::access::Access;
use crate::model::definition::{ChannelDefinition, Durability, HistoryBounds, Presence, SlowPolicy};
use crate::surface::list;

/// Ten years.
const AGE_S_MAX: u32 = 315_360_000;

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
    reader.finish();
    name.map(|(name, _)| Namespace { name, definition })
}
