//! The table of the channels homed on a core. What it keeps of what was said is in `retention`.

use crate::base::hash::KeyedState;
use crate::base::index::NameIndex;
use crate::base::ledger::{Ledger, leaves_a_share};
use crate::base::limits::InForce;
use crate::base::list::List;
use crate::base::pool::Pool;
use crate::base::time::Now;
use crate::broker::home::faults;
use crate::broker::order::channel::{Channel, KEPT};
use crate::broker::order::epochs::Epochs;
use crate::broker::order::history::History;
use crate::broker::order::log::staged::Log;
use crate::broker::rules::sets::Rules;
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::{ChannelDefinition, Durability, HistoryBounds, Presence};
use crate::model::fault::{Fault, FaultCode};
use crate::model::record::HistoryRecord;
use crate::model::session::Payer;

/// The channels of a core, by name and by a small number that is theirs while they live.
pub struct Channels {
    pub(in crate::broker) pool: Pool<Channel>,
    pub(in crate::broker) rules: Rules,
    by_name: NameIndex,
    /// The number of the channel that was published to last: a burst is of one channel, and is looked up once.
    last: Option<u32>,
    /// Who pays for the channels of each namespace, and for what they keep, with a list of those that keep anything.
    pub(in crate::broker) payers: Ledger<List<KEPT>>,
    epochs: Epochs,
    pub(in crate::broker) log: Log,
    pub(in crate::broker) history_bytes: usize,
    pub(in crate::broker) history_publications: usize,
    /// Where sweeping goes on.
    pub(in crate::broker) sweep_cursor: usize,
    pub(in crate::broker) limits: InForce,
}

impl Channels {
    /// An empty table.
    pub fn new(hasher: KeyedState, rules: Rules, limits: InForce) -> Self {
        let log = Log::new(limits.get().history_queue_bytes_max);
        Self {
            pool: Pool::default(),
            rules,
            by_name: NameIndex::new(hasher),
            last: None,
            payers: Ledger::new(hasher),
            epochs: Epochs::new(hasher),
            log,
            history_bytes: 0,
            history_publications: 0,
            sweep_cursor: 0,
            limits,
        }
    }

    /// The number of what has this name, ended or not.
    fn number_of(&self, name: &ChannelName) -> Option<usize> {
        let name_of = |id: u32| self.pool[id as usize].name.as_str();
        self.by_name.find(name.as_str(), name_of).map(|id| id as usize)
    }

    /// The number of an open channel that has not ended.
    pub fn find(&self, name: &ChannelName) -> Option<usize> {
        let last = self.last.map(|last| last as usize).filter(|last| self.pool[*last].name == *name);
        let id = last.or_else(|| self.number_of(name))?;
        self.rules.holds(self.pool[id].rules, name).then_some(id)
    }

    /// The number of a channel of this name that has ended and is still to be closed.
    pub fn find_ended(&self, name: &ChannelName) -> Option<usize> {
        let id = self.number_of(name)?;
        (!self.rules.holds(self.pool[id].rules, name)).then_some(id)
    }

    /// The number of a channel outside of realms, opened if need be.
    ///
    /// # Errors
    /// It is in a realm, or as [`Channels::open`].
    pub fn find_or_open(&mut self, now: Now, name: &ChannelName, payer: &Payer<'_>) -> Result<usize, Fault> {
        if self.last.is_none_or(|last| self.pool[last as usize].name != *name) {
            self.last = self.number_of(name).map(|id| id as u32);
        }
        let last = self.last.map(|last| last as usize);
        match last.filter(|id| self.rules.holds(self.pool[*id].rules, name)) {
            Some(id) if self.rules.is_of_realm(self.pool[id].rules) => Err(faults::no_channel()),
            Some(id) => Ok(id),
            None => {
                let set = self.rules.set_of_namespace(name).ok_or_else(faults::no_channel)?;
                self.open(now, name, set, payer)
            }
        }
    }

    /// Opens a channel under a set of rules.
    ///
    /// # Errors
    /// The name is too long, or its namespace, its definition or who pays has as many channels as they may.
    pub fn open(
        &mut self,
        now: Now,
        name: &ChannelName,
        rules: u32,
        payer: &Payer<'_>,
    ) -> Result<usize, Fault> {
        if name.as_str().len() > self.limits.get().channel_name_bytes_max as usize {
            return Err(Fault::new(FaultCode::InvalidChannel, "the channel's name is too long"));
        }
        let account = self.account(rules, &payer.name);
        self.check_room(rules, payer.is_bounded.then_some(&account))?;
        self.last = None;
        let id = self.pool.insert(Channel {
            name: name.clone(),
            epoch: self.epochs.next(now),
            head: 0,
            shares: Default::default(),
            history: None,
            members: None,
            rules,
            payer: self.payers.take(&account),
        });
        self.rules.enter(rules, id as u32);
        let name_of = |id: u32| self.pool[id as usize].name.as_str();
        self.by_name.set(name.as_str(), id as u32, name_of);
        Ok(id)
    }

    /// The name under which somebody pays for channels of the namespace of a set.
    pub(in crate::broker) fn account(&self, rules: u32, payer: &str) -> String {
        format!("{}:{payer}", self.rules.namespace(rules))
    }

    /// Whether there is room for one more channel under a set of rules, of an account that has a share.
    fn check_room(&self, rules: u32, bounded: Option<&String>) -> Result<(), Fault> {
        const LIMIT: &str = "channels_per_namespace_max";
        let (taken, max) = (self.rules.channels(rules), self.limits.get().channels_per_namespace_max);
        if taken >= max {
            return Err(faults::full("no room for another channel in this namespace", LIMIT));
        }
        let Some(account) = bounded else { return Ok(()) };
        if !leaves_a_share(self.payers.things_of(account), taken, max) {
            return Err(faults::share("you have as many channels of this namespace as you may", LIMIT));
        }
        if !leaves_a_share(self.rules.channels_of_definition(rules), taken, max) {
            return Err(faults::share("this definition has as many channels as it may", LIMIT));
        }
        Ok(())
    }

    /// An open channel.
    pub fn get(&self, id: usize) -> &Channel {
        &self.pool[id]
    }

    /// An open channel, to be changed.
    pub fn get_mut(&mut self, id: usize) -> &mut Channel {
        &mut self.pool[id]
    }

    /// The rules of an open channel.
    pub fn definition(&self, id: usize) -> &ChannelDefinition {
        self.rules.definition(self.pool[id].rules)
    }

    /// What the history of an open channel survives.
    pub fn durability(&self, id: usize) -> Durability {
        let definition = self.definition(id);
        if !self.log.is_attached() || definition.history.count_max == 0 {
            return Durability::Memory;
        }
        definition.durability
    }

    /// Whether a channel can take a publication in; says what that survives.
    ///
    /// # Errors
    /// The log must keep it and cannot.
    pub fn admit(&self, id: usize) -> Result<Durability, Fault> {
        let durability = self.durability(id);
        if durability != Durability::Memory {
            self.log.admit()?;
        }
        Ok(durability)
    }

    /// What an answer that repeats an earlier one waits for, as that one does: a publication that is withheld is not there yet.
    pub fn wait_for(&self, channel: &ChannelName, position: Position) -> Option<u64> {
        let at = self.pool[self.find(channel)?].position();
        let is_withheld = at.epoch == position.epoch && position.offset > at.offset;
        self.log.last_withheld().filter(|_| is_withheld)
    }

    /// Takes care that the log does not bring back where a channel was before it stopped being kept: what it publishes
    /// since then is not in the log, and its offsets would be given out again.
    pub fn log_unkept(&mut self, id: usize) {
        let Channel { name, epoch, rules, .. } = &self.pool[id];
        let was_kept = self.log.is_attached() && self.rules.history_count_high(*rules) > 0;
        if was_kept && self.rules.definition(*rules).history.count_max == 0 {
            self.log.stage(HistoryRecord::Ended { channel: name.clone(), epoch: *epoch });
        }
    }

    /// The place that the next publication of a channel gets, after those that are withheld.
    pub fn next_position(&self, id: usize) -> Position {
        let at = self.pool[id].position();
        Position { offset: at.offset + 1 + self.log.withheld_of((id, at.epoch)), ..at }
    }

    /// Puts a channel where an earlier process had it, with nothing kept.
    pub fn reset(&mut self, id: usize, head: u64) {
        self.edit_history(id, History::clear);
        self.pool[id].head = head;
    }

    /// Takes note of an epoch that an earlier process gave out.
    pub fn note_epoch(&mut self, epoch: u64) {
        self.epochs.note(epoch);
    }

    /// Begins a new life of a channel that goes on where it is.
    pub fn renew_epoch(&mut self, now: Now, id: usize) {
        self.pool[id].epoch = self.epochs.next(now);
    }

    /// Puts a channel farther on, past publications that are not kept.
    pub fn skip_to(&mut self, id: usize, head: u64) {
        self.pool[id].head = head;
        self.edit_history(id, |history| history.skip_to(head));
    }

    /// The next position of a channel's order. [`Channels::keep`] follows with the publication.
    pub fn advance(&mut self, id: usize) -> Position {
        let channel = self.get_mut(id);
        channel.head += 1;
        channel.position()
    }

    /// Closes a channel that nobody hears and that keeps nothing, not even something that waits for the disk.
    pub(in crate::broker) fn close_if_empty(&mut self, now: Now, id: usize) {
        if !self.pool[id].shares.is_empty() {
            return;
        }
        // What is too old keeps no channel.
        self.history(now, id);
        let channel = &self.pool[id];
        if channel.is_empty() && self.log.withheld_of((id, channel.epoch)) == 0 {
            self.forget(id);
        }
    }

    /// Closes a channel, with all that is kept of it.
    pub(in crate::broker) fn forget(&mut self, id: usize) {
        self.edit_history(id, History::clear);
        if self.durability(id) != Durability::Memory && self.next_position(id).offset > 1 {
            let Channel { name, epoch, .. } = &self.pool[id];
            self.log.stage(HistoryRecord::Ended { channel: name.clone(), epoch: *epoch });
        }
        self.log.forget(id);
        self.last = None;
        let channel = self.pool.remove(id);
        self.by_name.remove(channel.name.as_str(), id as u32);
        self.rules.leave(channel.rules, id as u32);
        self.payers.give_back(channel.payer);
    }

    /// Channels open now.
    pub fn len(&self) -> usize {
        self.pool.len()
    }

    /// Bytes of memory that all histories take, with their channels.
    pub fn history_held_bytes(&self) -> usize {
        self.payers.bytes()
    }

    /// Archived bytes and publications in all histories.
    pub fn history_totals(&self) -> (usize, usize) {
        (self.history_bytes, self.history_publications)
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        self.log.invariants();
        assert_eq!(self.by_name.count(), self.pool.len(), "every channel has a name");
        assert!(
            self.last.is_none_or(|last| self.pool.contains(last as usize)),
            "what was looked up is there"
        );
        let (mut bytes, mut publications, mut kept_bytes) = (0, 0, 0);
        self.payers.invariants();
        assert_eq!(self.payers.things() as usize, self.pool.len(), "somebody pays for every channel");
        let opened = self.pool.iter().map(|(id, channel)| (channel.rules, id as u32, &channel.name));
        self.rules.invariants(opened, self.limits.get().channels_per_namespace_max);
        for (id, channel) in self.pool.iter() {
            assert_eq!(self.number_of(&channel.name), Some(id), "a name leads to its channel");
            assert!(channel.epoch <= self.epochs.last(), "epochs rise");
            channel.shares.invariants();
            kept_bytes += channel.kept_bytes();
            if let Some(history) = &channel.history {
                let bounds = self.definition(id).history;
                let count_max = self.rules.history_count_high(channel.rules);
                history.invariants(channel.head, &HistoryBounds { count_max, ..bounds });
                assert!(!history.is_empty(), "an empty history is dropped");
                assert_eq!(history.counted_bytes, channel.kept_bytes(), "what it takes is counted");
                bytes += history.bytes();
                publications += history.len();
                assert!(history.link.is_linked(), "what is kept is known to who pays for it");
            }
            let subscriptions =
                channel.shares.iter().map(|share| u64::from(share.subscriptions)).sum::<u64>();
            match &channel.members {
                Some(members) => {
                    assert!(!members.is_empty(), "an empty member list is dropped");
                    assert_eq!(members.subscriptions(), subscriptions, "members are the subscribers");
                    assert!(
                        members.len() <= self.limits.get().members_per_channel_max as usize,
                        "member bound"
                    );
                }
                None => {
                    let present = self.definition(id).presence != Presence::Off;
                    assert!(!present || subscriptions == 0, "subscribers are members");
                }
            }
        }
        assert_eq!((bytes, publications), self.history_totals(), "histories add up");
        assert_eq!(kept_bytes, self.payers.bytes(), "what is held is counted");
        assert!(kept_bytes as u64 <= self.limits.get().history_bytes_max, "history bound");
    }
}
