//! Under which rules the channels of a core are: those of a namespace from the configuration, or those of a
//! definition of a realm.
//!
//! A channel belongs to a [`RuleSet`] from when it is opened until it ends. A set of a realm lives while its
//! definition covers the same names: renamed, switched off, or taken over by a more specific definition, the channels
//! end, and the same name is another channel later. So nothing old ever comes to life under another definition.
//! Changing rules changes the set, however many channels it has.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::pool::Pool;
use crate::broker::rules::catalog::DefinitionChange;
use crate::broker::rules::definitions::Definitions;
use crate::model::channel::ChannelName;
use crate::model::definition::{ChannelDefinition, DefinitionRecord, HistoryBounds, Presence, Who};
use crate::model::realm::Realm;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The rules of all channels of one core.
pub struct Rules {
    /// Those of namespaces first, at the index of their namespace.
    sets: Pool<RuleSet>,
    /// Index of a namespace by name; 0 is for all that are not named. Not those of realms.
    named: BTreeMap<Box<str>, u32>,
    /// By namespace.
    realms: BTreeMap<Arc<str>, Defined>,
    /// Channels open now, by index of their namespace.
    channels: Vec<u32>,
    /// Tasks, over all sets, that have yet to look whether channels still belong to them.
    rechecks: usize,
    /// Byte and age bounds of histories in realms.
    history: HistoryBounds,
}

/// Channels with the same rules.
pub struct RuleSet {
    definition: ChannelDefinition,
    namespace: u32,
    /// Of a realm: its channels, by number.
    channels: Option<BTreeSet<u32>>,
    /// Tasks that have yet to look whether its channels still belong to it.
    rechecks: u16,
    /// No channel belongs to it any more.
    gone: bool,
    /// The longest history it allowed: what is longer than now allowed is cut when it is looked at.
    history_count_high: u32,
}

/// What is defined in one realm.
struct Defined {
    realm: u64,
    namespace: u32,
    by_name: KeyedMap<Box<str>, Entry>,
}

/// A definition, with the sets of its channels where any was opened.
struct Entry {
    active: bool,
    nested: bool,
    rules: ChannelDefinition,
    /// Of the channel that has its name.
    own: Option<u32>,
    /// Of the channels below.
    below: Option<u32>,
}

/// What is to be done to the channels of a set, some at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Task {
    /// End those that belong to it no longer.
    Recheck(u32),
    /// Send guests away.
    DropGuests(u32),
    /// Let go of what is more than a history may be from now on.
    Trim(u32),
}

impl Task {
    /// Whose channels.
    pub fn set(self) -> u32 {
        match self {
            Self::Recheck(set) | Self::DropGuests(set) | Self::Trim(set) => set,
        }
    }
}

/// Which part of a definition covers a name.
#[derive(Clone, Copy)]
enum Part {
    Own,
    Below,
}

impl RuleSet {
    fn new(definition: ChannelDefinition, namespace: u32, in_realm: bool) -> Self {
        let history_count_high = definition.history.count_max;
        let channels = in_realm.then(BTreeSet::new);
        Self { definition, namespace, channels, rechecks: 0, gone: false, history_count_high }
    }
}

impl Defined {
    /// The definition that decides about a name: the most specific one, if it is active.
    fn covering(&self, name: &str) -> Option<(&str, Part)> {
        if let Some((name, entry)) = self.by_name.get_key_value(name) {
            return entry.active.then_some((name, Part::Own));
        }
        let (name, entry) = self.above(name)?;
        entry.active.then_some((name, Part::Below))
    }

    /// The nearest definition above a name that holds for the names below it.
    fn above(&self, name: &str) -> Option<(&str, &Entry)> {
        let ends = name.rmatch_indices('/').map(|(at, _)| &name[..at]);
        let mut entries = ends.filter_map(|above| self.by_name.get_key_value(above));
        entries.find(|(_, entry)| entry.nested).map(|(name, entry)| (&**name, entry))
    }
}

impl Entry {
    fn set(&mut self, part: Part) -> &mut Option<u32> {
        match part {
            Part::Own => &mut self.own,
            Part::Below => &mut self.below,
        }
    }
}

impl Rules {
    /// The rules of the configuration, and realms without definitions.
    pub fn new(hasher: KeyedState, definitions: &Definitions, realms: &[Arc<Realm>]) -> Self {
        let mut rules = Self {
            sets: Pool::default(),
            named: BTreeMap::new(),
            realms: BTreeMap::new(),
            channels: Vec::new(),
            rechecks: 0,
            history: definitions.default.history,
        };
        rules.add_namespace(definitions.default);
        for (name, definition) in &definitions.namespaces {
            let index = rules.add_namespace(*definition);
            rules.named.insert(name.clone(), index);
        }
        for realm in realms {
            let namespace = rules.channels.len() as u32;
            rules.channels.push(0);
            let by_name = KeyedMap::with_hasher(hasher);
            rules.realms.insert(realm.namespace.clone(), Defined { realm: realm.id, namespace, by_name });
        }
        rules
    }

    fn add_namespace(&mut self, definition: ChannelDefinition) -> u32 {
        let namespace = self.channels.len() as u32;
        self.channels.push(0);
        self.sets.insert(RuleSet::new(definition, namespace, false)) as u32
    }

    /// Other rules of the configuration are in force from here on. A namespace that was not named before keeps the rules of those that
    /// are not. What histories have too much goes when they are next looked at.
    pub fn set_definitions(&mut self, definitions: &Definitions) {
        self.history = definitions.default.history;
        let named =
            self.named.iter().filter_map(|(name, set)| Some((*set, *definitions.namespaces.get(name)?)));
        for (set, definition) in [(0, definitions.default)].into_iter().chain(named) {
            let set = &mut self.sets[set as usize];
            set.definition = definition;
            set.history_count_high = set.history_count_high.max(definition.history.count_max);
        }
    }

    /// Whether a channel is one of a realm.
    pub fn in_realm(&self, name: &ChannelName) -> bool {
        !self.realms.is_empty() && self.realms.contains_key(name.namespace())
    }

    /// The set of a channel outside of realms; `None` if it is in one.
    pub fn set_of_namespace(&self, name: &ChannelName) -> Option<u32> {
        if self.in_realm(name) {
            return None;
        }
        Some(self.named.get(name.namespace()).copied().unwrap_or(0))
    }

    /// The rules that a channel of a realm would have; `None` if it does not exist.
    pub fn in_force(&self, name: &ChannelName) -> Option<&ChannelDefinition> {
        let defined = self.realms.get(name.namespace())?;
        let (covering, _) = defined.covering(name.suffix())?;
        Some(&defined.by_name[covering].rules)
    }

    /// The set that a channel of a realm belongs to, made if need be; `None` if it does not exist.
    pub fn set_in_realm(&mut self, name: &ChannelName) -> Option<u32> {
        let defined = self.realms.get_mut(name.namespace())?;
        let (covering, part) = defined.covering(name.suffix())?;
        let covering: Box<str> = covering.into();
        let entry = defined.by_name.get_mut(&covering)?;
        let (rules, namespace) = (entry.rules, defined.namespace);
        let sets = &mut self.sets;
        let set = entry.set(part);
        Some(*set.get_or_insert_with(|| sets.insert(RuleSet::new(rules, namespace, true)) as u32))
    }

    /// Whether a channel of this set still belongs to it.
    pub fn holds(&self, set: u32, name: &ChannelName) -> bool {
        if self.rechecks == 0 || self.sets[set as usize].rechecks == 0 {
            return true;
        }
        let Some(defined) = self.realms.get(name.namespace()) else { return true };
        defined.covering(name.suffix()).is_some_and(|(covering, part)| {
            let entry = &defined.by_name[covering];
            let now = match part {
                Part::Own => entry.own,
                Part::Below => entry.below,
            };
            now == Some(set)
        })
    }

    /// The rules of a set.
    pub fn definition(&self, set: u32) -> &ChannelDefinition {
        &self.sets[set as usize].definition
    }

    /// Whether a set is of a realm.
    pub fn is_of_realm(&self, set: u32) -> bool {
        self.sets[set as usize].channels.is_some()
    }

    /// Channels open in the namespace of a set.
    pub fn channels(&self, set: u32) -> u32 {
        self.channels[self.sets[set as usize].namespace as usize]
    }

    /// The namespace of a set, as a number.
    pub fn namespace(&self, set: u32) -> u32 {
        self.sets[set as usize].namespace
    }

    /// Channels open under a set of a realm; 0 for other sets.
    pub fn channels_of_definition(&self, set: u32) -> u32 {
        self.sets[set as usize].channels.as_ref().map_or(0, |channels| channels.len() as u32)
    }

    /// A channel was opened.
    pub fn enter(&mut self, set: u32, channel: u32) {
        let set = &mut self.sets[set as usize];
        self.channels[set.namespace as usize] += 1;
        if let Some(channels) = &mut set.channels {
            channels.insert(channel);
        }
    }

    /// A channel is closed.
    pub fn leave(&mut self, set: u32, channel: u32) {
        let set = &mut self.sets[set as usize];
        self.channels[set.namespace as usize] -= 1;
        if let Some(channels) = &mut set.channels {
            channels.remove(&channel);
        }
    }

    /// The next channel of a realm's set, from this number on.
    pub fn next_channel(&self, set: u32, from: u32) -> Option<u32> {
        self.sets[set as usize].channels.as_ref()?.range(from..).next().copied()
    }

    /// Takes over a change; says what is to be done to channels that are open.
    pub fn apply(&mut self, change: &DefinitionChange) -> Vec<Task> {
        let mut tasks = Vec::new();
        let Some(record) = change.is.as_ref().or(change.was.as_ref()) else { return tasks };
        let Some(defined) = self.realms.values_mut().find(|defined| defined.realm == record.realm) else {
            return tasks;
        };
        let old = change.was.as_ref().and_then(|was| defined.by_name.remove(&was.draft.name));
        let mut new = change.is.as_ref().map(|is| entry(is, &self.history));
        let same_name = match (&change.was, &change.is) {
            (Some(was), Some(is)) => was.draft.name == is.draft.name,
            _ => false,
        };
        let mut same_names = false;
        if let Some(mut old) = old {
            let (active, nested) = match &new {
                Some(new) => (old.active && new.active, old.nested && new.nested),
                None => (false, false),
            };
            same_names = same_name && new.as_ref().is_some_and(|new| new.nested == old.nested);
            for (part, kept) in [(Part::Own, true), (Part::Below, nested)] {
                let Some(set) = *old.set(part) else { continue };
                match &mut new {
                    Some(new) if kept && active && same_name => {
                        *new.set(part) = Some(set);
                        self.sets[set as usize].change(new.rules, &mut tasks, set);
                    }
                    _ => {
                        self.sets[set as usize].gone = true;
                        tasks.push(Task::Recheck(set));
                    }
                }
            }
        }
        if let (Some(is), Some(new)) = (&change.is, new) {
            if !same_names && let Some((_, above)) = defined.above(&is.draft.name) {
                // Channels that were under a wider definition are under this one now.
                tasks.extend(above.below.map(Task::Recheck));
            }
            defined.by_name.insert(is.draft.name.clone(), new);
        }
        for task in &tasks {
            if let Task::Recheck(set) = task {
                self.sets[*set as usize].rechecks += 1;
                self.rechecks += 1;
            }
        }
        tasks
    }

    /// A task is done.
    pub fn finish(&mut self, task: Task) {
        let Task::Recheck(index) = task else { return };
        let set = &mut self.sets[index as usize];
        set.rechecks -= 1;
        self.rechecks -= 1;
        if set.gone && set.rechecks == 0 {
            assert!(set.channels.as_ref().is_some_and(|channels| channels.is_empty()), "all have ended");
            self.sets.remove(index as usize);
        }
    }

    /// The longest history that channels of a set may still have.
    pub fn history_count_high(&self, set: u32) -> u32 {
        self.sets[set as usize].history_count_high
    }

    /// Asserts what must always hold. `channels` are the set, number and name of every open channel.
    pub fn invariants<'a>(&self, channels: impl Iterator<Item = (u32, u32, &'a ChannelName)>, max: u32) {
        let mut counts = vec![0; self.channels.len()];
        let mut in_realms = 0;
        for (set, id, name) in channels {
            let found = &self.sets[set as usize];
            counts[found.namespace as usize] += 1;
            assert_eq!(found.channels.is_some(), self.in_realm(name), "sets of realms are for realms");
            if let Some(channels) = &found.channels {
                in_realms += 1;
                assert!(channels.contains(&id), "a set knows its channels");
                assert!(found.rechecks > 0 || !found.gone, "no channel outlives its definition");
            }
        }
        assert_eq!(counts, self.channels, "channels of a namespace add up");
        assert!(counts.iter().all(|count| *count <= max), "channel bound");
        let known = |(_, set): (usize, &RuleSet)| set.channels.as_ref().map_or(0, |channels| channels.len());
        assert_eq!(self.sets.iter().map(known).sum::<usize>(), in_realms, "a set knows only its channels");
        let rechecks = self.sets.iter().map(|(_, set)| usize::from(set.rechecks)).sum::<usize>();
        assert_eq!(rechecks, self.rechecks, "rechecks add up");
    }
}

impl RuleSet {
    /// Puts other rules in force.
    fn change(&mut self, rules: ChannelDefinition, tasks: &mut Vec<Task>, index: u32) {
        let refuses_guests = self.definition.subscribe == Who::Everyone && rules.subscribe != Who::Everyone;
        if refuses_guests {
            tasks.push(Task::DropGuests(index));
        }
        if rules.history.count_max < self.definition.history.count_max {
            tasks.push(Task::Trim(index));
        }
        self.definition = rules;
        self.history_count_high = self.history_count_high.max(rules.history.count_max);
    }
}

/// A definition as it is kept here: sockets are always members, and only the count of a history is its author's.
fn entry(record: &DefinitionRecord, history: &HistoryBounds) -> Entry {
    let rules = record.draft.rules;
    let presence = match rules.presence {
        Presence::Sockets { told } => Presence::Sockets { told },
        Presence::Off | Presence::Users => Presence::Sockets { told: false },
    };
    let history = HistoryBounds { count_max: rules.history.count_max, ..*history };
    Entry {
        active: record.draft.active,
        nested: record.draft.nested,
        rules: ChannelDefinition { history, presence, ..rules },
        own: None,
        below: None,
    }
}
