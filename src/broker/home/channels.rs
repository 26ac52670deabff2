//! The table of the channels homed on a core. What it keeps of what was said is in `retention`.

use super::channel::Channel;
use super::faults;
use crate::base::hash::KeyedState;
use crate::base::index::NameIndex;
use crate::base::limits::Limits;
use crate::base::pool::Pool;
use crate::base::time::Now;
use crate::broker::definitions::Definitions;
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::ChannelDefinition;
use crate::model::fault::{Fault, FaultCode};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Wall clock past which epochs only count up, so that they stay below 2^53 whatever the clock says.
const EPOCH_CLOCK_MAX: u64 = 1 << 52;

/// The channels of a core, by name and by a small number that is theirs while they live.
pub struct Channels {
    pub(super) pool: Pool<Channel>,
    by_name: NameIndex,
    namespaces: Vec<Namespace>,
    /// Index into `namespaces` by name; index 0 is for all that are not named.
    named: BTreeMap<Box<str>, u32>,
    last_epoch: u64,
    pub(super) history_bytes: usize,
    pub(super) history_publications: usize,
    /// Where sweeping goes on.
    pub(super) sweep_cursor: usize,
    /// Where cutting histories short goes on.
    pub(super) cut_cursor: usize,
    pub(super) limits: Arc<Limits>,
}

/// Channels with the same rules.
struct Namespace {
    definition: ChannelDefinition,
    /// Channels open now.
    channels: u32,
}

impl Channels {
    /// An empty table.
    pub fn new(hasher: KeyedState, definitions: &Definitions, limits: Arc<Limits>) -> Self {
        let mut namespaces = vec![Namespace { definition: definitions.default, channels: 0 }];
        let mut named = BTreeMap::new();
        for (name, definition) in &definitions.namespaces {
            named.insert(name.clone(), namespaces.len() as u32);
            namespaces.push(Namespace { definition: *definition, channels: 0 });
        }
        Self {
            pool: Pool::default(),
            by_name: NameIndex::new(hasher),
            namespaces,
            named,
            last_epoch: 0,
            history_bytes: 0,
            history_publications: 0,
            sweep_cursor: 0,
            cut_cursor: 0,
            limits,
        }
    }

    /// The number of an open channel.
    pub fn find(&self, name: &ChannelName) -> Option<usize> {
        let name_of = |id: u32| self.pool[id as usize].name.as_str();
        self.by_name.find(name.as_str(), name_of).map(|id| id as usize)
    }

    /// The number of a channel, opened if need be.
    ///
    /// # Errors
    /// The name is too long, or its namespace has as many channels as it may.
    pub fn find_or_open(&mut self, now: Now, name: &ChannelName) -> Result<usize, Fault> {
        if let Some(id) = self.find(name) {
            return Ok(id);
        }
        if name.as_str().len() > self.limits.channel_name_bytes_max as usize {
            return Err(Fault::new(FaultCode::InvalidChannel, "the channel's name is too long"));
        }
        let index = self.named.get(name.namespace()).copied().unwrap_or(0);
        let namespace = &mut self.namespaces[index as usize];
        if namespace.channels >= self.limits.channels_per_namespace_max {
            return Err(faults::full(
                "no room for another channel in this namespace",
                "channels_per_namespace_max",
            ));
        }
        namespace.channels += 1;
        self.last_epoch = now.unix_ms.min(EPOCH_CLOCK_MAX).max(self.last_epoch + 1);
        let id = self.pool.insert(Channel {
            name: name.clone(),
            epoch: self.last_epoch,
            head: 0,
            shares: Default::default(),
            history: None,
            members: None,
            namespace: index,
            used_s: seconds(now),
        });
        let name_of = |id: u32| self.pool[id as usize].name.as_str();
        self.by_name.set(name.as_str(), id as u32, name_of);
        Ok(id)
    }

    /// An open channel.
    pub fn get(&self, id: usize) -> &Channel {
        &self.pool[id]
    }

    /// An open channel, noted as used now.
    pub fn touch(&mut self, now: Now, id: usize) -> &mut Channel {
        let channel = &mut self.pool[id];
        channel.used_s = seconds(now);
        channel
    }

    /// The rules of an open channel.
    pub fn definition(&self, id: usize) -> &ChannelDefinition {
        &self.namespaces[self.pool[id].namespace as usize].definition
    }

    /// The next position of a channel's order. [`Channels::append`] follows with the publication.
    pub fn advance(&mut self, now: Now, id: usize) -> Position {
        let channel = self.touch(now, id);
        channel.head += 1;
        channel.position()
    }

    /// Closes a channel that nobody hears and of which nothing is kept.
    pub(super) fn forget(&mut self, id: usize) {
        let channel = self.pool.remove(id);
        self.by_name.remove(channel.name.as_str(), id as u32);
        self.namespaces[channel.namespace as usize].channels -= 1;
    }

    /// Channels open now.
    pub fn len(&self) -> usize {
        self.pool.len()
    }

    /// Archived bytes and publications in all histories.
    pub fn history_totals(&self) -> (usize, usize) {
        (self.history_bytes, self.history_publications)
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        assert_eq!(self.by_name.len(), self.pool.len(), "every channel has a name");
        let (mut bytes, mut publications) = (0, 0);
        let mut counts = vec![0; self.namespaces.len()];
        for (id, channel) in self.pool.iter() {
            assert_eq!(self.find(&channel.name), Some(id), "a name leads to its channel");
            assert!(channel.epoch <= self.last_epoch, "epochs rise");
            channel.shares.invariants();
            counts[channel.namespace as usize] += 1;
            if let Some(history) = &channel.history {
                history.invariants(channel.head, &self.definition(id).history);
                assert!(!history.is_empty(), "an empty history is dropped");
                bytes += history.bytes();
                publications += history.len();
            }
            let subscriptions =
                channel.shares.iter().map(|share| u64::from(share.subscriptions)).sum::<u64>();
            match &channel.members {
                Some(members) => {
                    assert!(!members.is_empty(), "an empty member list is dropped");
                    assert_eq!(members.subscriptions(), subscriptions, "members are the subscribers");
                    assert!(members.len() <= self.limits.members_per_channel_max as usize, "member bound");
                }
                None => {
                    assert!(!self.definition(id).presence || subscriptions == 0, "subscribers are members")
                }
            }
        }
        assert_eq!((bytes, publications), self.history_totals(), "histories add up");
        assert!(bytes as u64 <= self.limits.history_bytes_max, "history bound");
        for (namespace, count) in self.namespaces.iter().zip(counts) {
            assert_eq!(namespace.channels, count, "channels of a namespace add up");
            assert!(count <= self.limits.channels_per_namespace_max, "channel bound");
        }
    }
}

/// Monotonic seconds, enough for 136 years.
pub fn seconds(now: Now) -> u32 {
    (now.monotonic_us / 1_000_000).min(u64::from(u32::MAX)) as u32
}
