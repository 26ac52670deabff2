//! The groups that are at home on one core, sorted by name and by size, so that a page of any list costs what it shows.
//!
//! Invariant: a group exists as long as it has members, and each stands once under its size.

use crate::base::ids::CoreId;
use crate::model::channel::ChannelName;
use crate::model::relay::{
    GroupList, GroupQuery, GroupRange, GroupSize, Handle, MemberList, MemberQuery, Slice, Speaker,
};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

/// Groups of connections, with their members. One connection is in one group at most; edge cores see to that.
#[derive(Default)]
pub struct ConnectionGroups {
    by_name: BTreeMap<ChannelName, Group>,
    by_size: BTreeSet<GroupSize>,
    /// Members of all groups.
    members: usize,
}

#[derive(Default)]
struct Group {
    members: BTreeSet<Speaker>,
    /// How many members each core has.
    cores: BTreeMap<CoreId, u32>,
}

/// One core's part of a list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GroupsPart {
    /// The first ones, as many as the whole list may have.
    pub items: Vec<GroupSize>,
    /// Whether there are more after them.
    pub more: bool,
}

impl GroupsPart {
    fn of((items, more): (Vec<GroupSize>, bool)) -> Self {
        Self { items, more }
    }

    /// This part and what comes after it.
    fn and(mut self, after: Self, count_max: usize) -> Self {
        self.more |= after.more || self.items.len() + after.items.len() > count_max;
        self.items.extend(after.items);
        self.items.truncate(count_max);
        self
    }
}

impl ConnectionGroups {
    /// A connection comes to a group. Whether it was not there before.
    pub fn join(&mut self, group: &ChannelName, who: &Speaker) -> bool {
        let state = self.by_name.entry(group.clone()).or_default();
        if !state.members.insert(who.clone()) {
            return false;
        }
        *state.cores.entry(who.handle.core()).or_default() += 1;
        self.members += 1;
        let size = state.members.len() as u32;
        self.resize(group, size - 1, size);
        true
    }

    /// A connection leaves a group. Whether it was there.
    pub fn leave(&mut self, group: &ChannelName, who: &Speaker) -> bool {
        let Some(state) = self.by_name.get_mut(group) else { return false };
        if !state.members.remove(who) {
            return false;
        }
        let core = who.handle.core();
        if let Some(count) = state.cores.get_mut(&core) {
            *count -= 1;
            if *count == 0 {
                state.cores.remove(&core);
            }
        }
        self.members -= 1;
        let size = state.members.len() as u32;
        if size == 0 {
            self.by_name.remove(group);
        }
        self.resize(group, size + 1, size);
        true
    }

    fn resize(&mut self, group: &ChannelName, from: u32, to: u32) {
        let mut entry = GroupSize { size: from, group: group.clone() };
        self.by_size.remove(&entry);
        if to > 0 {
            entry.size = to;
            self.by_size.insert(entry);
        }
    }

    /// Whether a connection is in a group.
    pub fn has(&self, group: &ChannelName, who: &Speaker) -> bool {
        self.by_name.get(group).is_some_and(|state| state.members.contains(who))
    }

    /// The cores that have members of a group, in order.
    pub fn cores(&self, group: &ChannelName) -> Vec<CoreId> {
        self.by_name.get(group).map(|state| state.cores.keys().copied().collect()).unwrap_or_default()
    }

    /// Groups, and members of all of them.
    pub fn totals(&self) -> (usize, usize) {
        (self.by_name.len(), self.members)
    }

    /// The users in a group, each once, without one of them.
    pub fn users(&self, group: &ChannelName, without: &str) -> Vec<Arc<str>> {
        let members = self.by_name.get(group).into_iter().flat_map(|state| &state.members);
        let others = members.map(|member| &member.user).filter(|user| ***user != *without);
        // They are sorted by their users.
        let mut users: Vec<Arc<str>> = others.cloned().collect();
        users.dedup();
        users
    }

    /// Some members of a group.
    pub fn members(&self, group: &ChannelName, query: MemberQuery) -> MemberList {
        let of_user = |handle| query.user.as_ref().map(|user| Speaker { user: user.clone(), handle });
        let (first, last) = (of_user(Handle::LEAST), of_user(Handle::GREATEST));
        let from = first.as_ref().map_or(Bound::Unbounded, Bound::Included);
        let to = last.as_ref().map_or(Bound::Unbounded, Bound::Included);
        let bounds = window(from, to, query.after.as_ref(), query.slice.ascending);
        let (items, more) = match (self.by_name.get(group), bounds) {
            (Some(state), Some(bounds)) => {
                cut(state.members.range::<Speaker, _>(bounds).cloned(), &query.slice)
            }
            _ => (Vec::new(), false),
        };
        MemberList { items, more, query }
    }

    /// Some groups.
    pub fn list(&self, query: &GroupQuery) -> GroupsPart {
        let slice = &query.slice;
        match &query.range {
            GroupRange::Names { from, to, except } => {
                let after = query.after.as_ref().map(|after| &after.group);
                let Some(bounds) = window(from.as_ref(), to.as_ref(), after, slice.ascending) else {
                    return GroupsPart::default();
                };
                // At most one is passed over.
                let found = self
                    .by_name
                    .range::<ChannelName, _>(bounds)
                    .filter(|(group, _)| except.as_ref() != Some(group));
                let size = |state: &Group| state.members.len() as u32;
                let found = found.map(|(group, state)| GroupSize { size: size(state), group: group.clone() });
                GroupsPart::of(cut(found, slice))
            }
            GroupRange::Sizes { from, to, except } => {
                let part = |from: u32, to: u32| self.list_sizes(from, to, query.after.as_ref(), slice);
                let Some(except) = except.filter(|except| (*from..=*to).contains(except)) else {
                    return part(*from, *to);
                };
                // What is left out may be most of them, so it is not walked over.
                let below = except.checked_sub(1).map(|to| part(*from, to)).unwrap_or_default();
                let above = except.checked_add(1).map(|from| part(from, *to)).unwrap_or_default();
                let (first, second) = if slice.ascending { (below, above) } else { (above, below) };
                first.and(second, slice.count_max as usize)
            }
        }
    }

    fn list_sizes(&self, from: u32, to: u32, after: Option<&GroupSize>, slice: &Slice) -> GroupsPart {
        let least = |size| GroupSize { size, group: ChannelName::new("") };
        let (first, last) = (least(from), to.checked_add(1).map(least));
        let to = last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        match window(Bound::Included(&first), to, after, slice.ascending) {
            Some(bounds) => GroupsPart::of(cut(self.by_size.range::<GroupSize, _>(bounds).cloned(), slice)),
            None => GroupsPart::default(),
        }
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        let sizes = self.by_name.iter();
        let sizes: BTreeSet<GroupSize> = sizes
            .map(|(group, state)| GroupSize { size: state.members.len() as u32, group: group.clone() })
            .collect();
        assert_eq!(sizes, self.by_size, "each group stands once under its size");
        for state in self.by_name.values() {
            assert!(!state.members.is_empty(), "a group has members");
            let counted: u32 = state.cores.values().sum();
            assert_eq!(counted as usize, state.members.len(), "every member is counted on its core");
        }
        let members: usize = self.by_name.values().map(|state| state.members.len()).sum();
        assert_eq!(members, self.members);
    }
}

/// The list that all cores' parts make.
pub fn merge_connection_groups(parts: Vec<GroupsPart>, query: GroupQuery) -> GroupList {
    let more = parts.iter().any(|part| part.more);
    let mut items: Vec<GroupSize> = parts.into_iter().flat_map(|part| part.items).collect();
    match query.range {
        GroupRange::Names { .. } => items.sort_by(|a, b| a.group.cmp(&b.group)),
        GroupRange::Sizes { .. } => items.sort(),
    }
    if !query.slice.ascending {
        items.reverse();
    }
    let count_max = query.slice.count_max as usize;
    let more = more || items.len() > count_max;
    items.truncate(count_max);
    GroupList { items, more, query }
}

/// As many entries as a list may have, and whether there are more. Walks over one entry more than it gives.
fn cut<T>(found: impl DoubleEndedIterator<Item = T>, slice: &Slice) -> (Vec<T>, bool) {
    let count_max = slice.count_max as usize;
    if count_max == 0 {
        return (Vec::new(), false);
    }
    let mut items: Vec<T> = if slice.ascending {
        found.take(count_max + 1).collect()
    } else {
        found.rev().take(count_max + 1).collect()
    };
    let more = items.len() > count_max;
    items.truncate(count_max);
    (items, more)
}

/// The bounds of what comes after an entry, in the order of the list. `None` says that nothing can be there: the maps panic
/// where the first bound is after the last.
fn window<'a, T: Ord>(
    from: Bound<&'a T>,
    to: Bound<&'a T>,
    after: Option<&'a T>,
    ascending: bool,
) -> Option<(Bound<&'a T>, Bound<&'a T>)> {
    let (mut from, mut to) = (from, to);
    if let Some(after) = after {
        let place = if ascending { &mut from } else { &mut to };
        let is_tighter = match *place {
            Bound::Unbounded => true,
            Bound::Included(bound) | Bound::Excluded(bound) => (after >= bound) == ascending,
        };
        if is_tighter {
            *place = Bound::Excluded(after);
        }
    }
    let has_room = match (from, to) {
        (Bound::Included(first), Bound::Included(last)) => first <= last,
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => true,
        (Bound::Included(first) | Bound::Excluded(first), Bound::Included(last) | Bound::Excluded(last)) => {
            first < last
        }
    };
    has_room.then_some((from, to))
}

#[cfg(test)]
mod tests;
