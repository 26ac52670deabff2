//! Definitions, and their changes on the way to every core and back.
//!
//! One core keeps the catalog. What it accepts is stored, and then said to every core, itself included; each takes it
//! over as home of its channels (`broker/rules/changes.rs`), ends what is over, and acknowledges. Cores that were told of ended channels
//! are asked (`Fence`) whether they have sent those subscribers away, before the acknowledgement. With the last one
//! the client is answered: from then on every core acts on the change, and nothing of an ended channel is sent.
//! None of these messages is ever left out, and the queue between two cores keeps their order, so a fence comes after
//! the ends it asks about and an end comes between the channel's publications and its next life.

use super::{Asker, Begun, CATALOG_CORE, Then};
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::broker::rules::Settled;
use crate::broker::rules::catalog::{Catalog, DefinitionChange};
use crate::model::command::DefinitionCommand;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::{DefinitionReply, Reply};
use crate::shard::delivery::users::Fresh;
use crate::shard::effects::{Class, Effects, not_stored};
use crate::shard::home::HomeSide;
use crate::shard::mesh::message::CoreMessage;
use crate::shard::{Effect, Resolution, Setup};
use crate::store::{Stored, definitions};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Microseconds within which every core acts on a change.
const DEADLINE_US: u64 = 5_000_000;

/// Changes under way at once.
const CHANGES_MAX: usize = 8_192;

/// The catalog, and changes of definitions under way.
pub(in crate::shard) struct Changes {
    /// Without definitions but on [`CATALOG_CORE`].
    catalog: Catalog,
    /// Changes that not every core acts on yet, by number; so the first deadline is that of the first.
    waiting: BTreeMap<u64, Waiting>,
    count: u64,
    /// Changes that this core did, and how many fences it waits for.
    fences: BTreeMap<u64, usize>,
}

struct Waiting {
    /// Nobody if it was answered while the disk was slow.
    asker: Option<Asker>,
    reply: Reply,
    cores_left: u16,
    deadline_us: u64,
}

impl Changes {
    pub fn new(setup: &Setup, limits: InForce, stored: &Stored) -> Self {
        let (definitions, last_id): (&[_], _) = match setup.core {
            CATALOG_CORE => (&stored.definitions, stored.last_definition_id),
            _ => (&[], 0),
        };
        let catalog = Catalog::new(setup.realms.clone(), limits, definitions, last_id);
        Self { catalog, waiting: BTreeMap::new(), count: 0, fences: BTreeMap::new() }
    }

    pub fn next_us(&self) -> Option<u64> {
        self.waiting.first_key_value().map(|(_, waiting)| waiting.deadline_us)
    }

    /// Begins a request for the catalog. A change is answered when it is stored and every core acts on it.
    pub(super) fn begin(
        &mut self,
        now: Now,
        command: DefinitionCommand,
        (fresh, effects): (&mut Fresh, &mut Effects<Asker, Then>),
    ) -> Result<Begun, Fault> {
        let change = match command {
            DefinitionCommand::Get { realm, id } => {
                let record = self.catalog.get(realm, id)?;
                return Ok(Reply::Definition(DefinitionReply::One(record.clone())).into());
            }
            DefinitionCommand::List { realm, filter, page, with_source } => {
                return self.catalog.list(realm, &filter, page, with_source).map(Begun::from);
            }
            DefinitionCommand::Create { realm, draft } => {
                self.admit(effects)?;
                let guid = [fresh.next(), fresh.next()].map(u64::to_le_bytes).concat();
                self.catalog.create(now, realm, *draft, URL_SAFE_NO_PAD.encode(guid))
            }
            DefinitionCommand::Update { realm, id, draft } => {
                self.admit(effects)?;
                self.catalog.update(now, realm, id, *draft)
            }
            DefinitionCommand::Delete { realm, id } => {
                self.admit(effects)?;
                self.catalog.delete(realm, id)
            }
        }?;
        let writes = match (&change.was, &change.is) {
            (None, Some(is)) => definitions::created(is),
            (_, Some(is)) => definitions::updated(is),
            (was, None) => was.iter().flat_map(|was| definitions::deleted(was.id)).collect(),
        };
        Ok(Begun::outside(Effect::Write(writes), Then::Definition(change)))
    }

    fn admit(&self, effects: &mut Effects<Asker, Then>) -> Result<(), Fault> {
        if self.waiting.len() >= CHANGES_MAX {
            let sentence = "too many changes of definitions are under way; try again shortly";
            return Err(Fault::new(FaultCode::Overloaded, sentence));
        }
        effects.admit(Class::Store)
    }

    /// Waits for all cores to act on a change; says its number.
    fn wait(&mut self, now: Now, cores_left: u16, asker: Option<Asker>, reply: Reply) -> u64 {
        self.count += 1;
        let deadline_us = now.monotonic_us + DEADLINE_US;
        self.waiting.insert(self.count, Waiting { asker, reply, cores_left, deadline_us });
        self.count
    }

    /// A core acts on a change. With the last one, who is answered, and how.
    fn applied(&mut self, number: u64) -> Option<(Option<Asker>, Reply)> {
        let waiting = self.waiting.get_mut(&number)?;
        waiting.cores_left -= 1;
        if waiting.cores_left > 0 {
            return None;
        }
        let Waiting { asker, reply, .. } = self.waiting.remove(&number)?;
        Some((asker, reply))
    }

    /// The oldest change whose time is up: who waits for it.
    fn expire(&mut self, now: Now) -> Option<Option<Asker>> {
        let first = self.waiting.first_entry()?;
        (first.get().deadline_us <= now.monotonic_us).then(|| first.remove().asker)
    }

    /// A core answered a fence. Whether it was the last that the change waits for.
    fn fenced(&mut self, number: u64) -> bool {
        let Some(left) = self.fences.get_mut(&number) else { return false };
        *left -= 1;
        let done = *left == 0;
        if done {
            self.fences.remove(&number);
        }
        done
    }
}

impl HomeSide {
    /// The disk has a change, or has it not.
    pub(super) fn continue_definition(
        &mut self,
        asker: Option<Asker>,
        change: DefinitionChange,
        resolution: &Resolution,
    ) {
        match resolution.stored() {
            Ok(()) => {
                self.changes.catalog.apply(&change);
                self.spread(asker, change);
            }
            Err(failure) => {
                self.changes.catalog.give_up(&change);
                self.answer_asker(asker, not_stored(failure));
            }
        }
    }

    /// Says a change to every core.
    fn spread(&mut self, asker: Option<Asker>, change: DefinitionChange) {
        let reply = change.is.clone().map_or(DefinitionReply::Deleted, DefinitionReply::One).into();
        let number = self.changes.wait(self.now, self.setup.cores, asker, reply);
        let change = Arc::new(change);
        self.post_all(|| CoreMessage::Change { number, change: change.clone() });
    }

    /// This core has done all that a change asks of its channels.
    pub(in crate::shard) fn settled(&mut self, settled: Settled) {
        let Settled { number, told } = settled;
        if told.is_empty() {
            return self.post(CATALOG_CORE, CoreMessage::Applied { number });
        }
        self.changes.fences.insert(number, told.len());
        for core in told {
            self.post(core, CoreMessage::Fence { number });
        }
    }

    /// A core has sent away everybody whose channels ended here.
    pub(in crate::shard) fn fenced(&mut self, number: u64) {
        if self.changes.fenced(number) {
            self.post(CATALOG_CORE, CoreMessage::Applied { number });
        }
    }

    /// A core acts on a change.
    pub(in crate::shard) fn applied(&mut self, number: u64) {
        if let Some((asker, reply)) = self.changes.applied(number) {
            self.answer_asker(asker, reply);
        }
    }

    /// Tells whoever waits for too long that a core does not turn.
    pub(in crate::shard) fn expire_changes(&mut self) {
        while let Some(asker) = self.changes.expire(self.now) {
            let sentence = "The change is stored, but a core of this node does not answer, so it is not in force everywhere yet.";
            self.answer_asker(asker, Fault::new(FaultCode::Unavailable, sentence));
        }
    }
}
