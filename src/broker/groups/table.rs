//! Groups by channel and by member.

use crate::base::few::Few;
use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::ledger::Lacks;
use crate::base::limits::InForce;
use crate::broker::accounts::Accounts;
use crate::model::channel::ChannelName;
use crate::model::command::Page;
use crate::model::fault::{Fault, FaultCode};
use crate::model::group::Group;
use crate::model::reply::{GroupReply, Reply};
use std::sync::Arc;

/// Bytes of memory that a group takes, besides its members and ...
const HELD_BYTES: usize = 512;

/// ... that a member takes, besides its id.
const MEMBER_BYTES: usize = 112;

/// Groups on one page, whatever was asked for.
const PAGE_GROUPS_MAX: u32 = 1_000;

/// How far into a list of groups a page may reach. Every core contributes as many, so the depth decides what the
/// deepest page costs.
const PAGED_GROUPS_MAX: usize = 10_000;

/// The groups of a core.
pub struct Groups {
    by_channel: KeyedMap<ChannelName, Arc<Group>>,
    /// Groups of a member, oldest first.
    by_member: KeyedMap<Arc<str>, Few<(u64, ChannelName)>>,
    /// Who made them, with the bytes of memory that they take.
    held: Accounts,
    pub(super) limits: InForce,
}

/// One core's part of a list of groups: what of it can be on the page asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GroupsPart {
    /// The oldest groups, by creation time and channel.
    pub items: Vec<Arc<Group>>,
    /// All groups of the member on this core.
    pub total: u64,
}

impl Groups {
    /// An empty table.
    pub fn new(hasher: KeyedState, limits: InForce) -> Self {
        Self {
            by_channel: KeyedMap::with_hasher(hasher),
            by_member: KeyedMap::with_hasher(hasher),
            held: Accounts::new(hasher),
            limits,
        }
    }

    /// The group of a channel.
    pub fn get(&self, channel: &ChannelName) -> Option<&Arc<Group>> {
        self.by_channel.get(channel)
    }

    /// The group of the channel with this name.
    pub fn get_by_name(&self, channel: &str) -> Option<&Arc<Group>> {
        self.by_channel.get(channel)
    }

    /// What somebody lacks for another one, beside those that are on their way to the disk.
    pub(super) fn lacks_one(&self, creator: &str, bounded: bool) -> Option<Lacks> {
        self.held.lacks_one(creator, self.limits.get().groups_max, bounded)
    }

    /// What the maker of a group lacks for what becomes of it. Only what grows needs room.
    pub(super) fn lacks(&self, is: &Group, bounded: bool) -> Option<Lacks> {
        self.held.lacks(&is.creator, self.added(is), self.limits.get().lists.group_bytes_max, bounded)
    }

    /// What becomes of a group is on its way to the disk: what it adds is taken from here on.
    pub(super) fn charge(&mut self, is: &Group) {
        let (is_new, added) = (self.get(&is.channel).is_none(), self.added(is));
        self.held.charge(&is.channel, &is.creator, is_new, added);
    }

    /// A change is stored, or will not be.
    pub(super) fn settle(&mut self, channel: &ChannelName) {
        self.held.settle(channel);
    }

    /// The bytes that a group takes more than before.
    fn added(&self, is: &Group) -> usize {
        held_bytes(is).saturating_sub(self.get(&is.channel).map_or(0, |was| held_bytes(was)))
    }

    /// Puts a group in the place of the channel's older one, if there is one.
    pub fn put(&mut self, group: Arc<Group>) {
        self.remove(&group.channel);
        for member in &group.members {
            let groups = self.by_member.entry(member.clone()).or_default();
            groups.insert((group.created_ms, group.channel.clone()));
        }
        self.held.put(&group.channel, &group.creator, held_bytes(&group));
        self.by_channel.insert(group.channel.clone(), group);
    }

    /// The channel has no group from then on.
    pub fn remove(&mut self, channel: &ChannelName) {
        let Some(group) = self.by_channel.remove(channel) else { return };
        self.held.remove(channel, &group.creator, held_bytes(&group));
        for member in &group.members {
            let Some(groups) = self.by_member.get_mut(member) else { continue };
            groups.remove(&(group.created_ms, channel.clone()));
            if groups.is_empty() {
                self.by_member.remove(member);
            }
        }
    }

    /// This core's part of a list: at most as many as there are up to the end of the page. `admits` says which channels
    /// may be told of.
    pub fn list(
        &self,
        member: &str,
        namespace: &str,
        page: Page,
        admits: impl Fn(&ChannelName) -> bool,
    ) -> GroupsPart {
        let Some(groups) = self.by_member.get(member) else { return GroupsPart::default() };
        let told = |(_, channel): &&(u64, ChannelName)| channel.namespace() == namespace && admits(channel);
        let total = groups.iter().filter(told).count() as u64;
        let end = end(bounded(page));
        let take = if end > PAGED_GROUPS_MAX { 0 } else { end };
        let items = groups.iter().filter(told).take(take);
        let items = items.filter_map(|(_, channel)| self.by_channel.get(channel).cloned());
        GroupsPart { items: items.collect(), total }
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        let bytes = self.by_channel.values().map(|group| held_bytes(group)).sum();
        self.held.invariants(self.by_channel.len(), bytes);
        for (member, groups) in &self.by_member {
            assert!(!groups.is_empty(), "nobody is kept for nothing");
            let knows = |channel| self.by_channel.get(channel).is_some_and(|group| group.has(member));
            assert!(groups.iter().all(|(_, channel)| knows(channel)), "a member's groups know the member");
        }
        assert_eq!(
            self.by_channel.values().map(|group| group.members.len()).sum::<usize>(),
            self.by_member.values().map(Few::len).sum::<usize>(),
            "every group is found by all its members"
        );
    }
}

/// A page of all cores' groups from their parts, which were made for the same page. What reaches past the first 10,000
/// is answered with a fault.
pub fn merge_groups(parts: Vec<GroupsPart>, page: Page) -> Reply {
    let page = bounded(page);
    if end(page) > PAGED_GROUPS_MAX {
        let message = format!("The list is shown up to its first {PAGED_GROUPS_MAX}; ask for a lower page.");
        return Reply::Fault(Fault::new(FaultCode::InvalidRequest, message));
    }
    let total = parts.iter().map(|part| part.total).sum();
    let mut groups: Vec<Arc<Group>> = parts.into_iter().flat_map(|part| part.items).collect();
    // Stable sorting finds the sorted runs and merges them.
    groups.sort_by(|a, b| (a.created_ms, &a.channel).cmp(&(b.created_ms, &b.channel)));
    let items = groups.into_iter().skip(page.skip()).take(page.size as usize).collect();
    Reply::Group(GroupReply::Page { items, page, total })
}

/// Bytes of memory that a group takes, about: its record, and that each of its members finds it.
fn held_bytes(group: &Group) -> usize {
    HELD_BYTES + group.members.iter().map(|member| MEMBER_BYTES + member.len()).sum::<usize>()
}

fn bounded(page: Page) -> Page {
    Page { size: page.size.min(PAGE_GROUPS_MAX), ..page }
}

/// How far into the list a page reaches.
fn end(page: Page) -> usize {
    page.skip().saturating_add(page.size as usize)
}
