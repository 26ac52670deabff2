//! Changes of definitions on their way to every core, and back.
//!
//! One core keeps the catalog. What it accepts is stored, and then said to every core, itself included; each takes it
//! over as home of its channels (`broker/rules/changes.rs`), ends what is over, and acknowledges. Cores that were told of ended channels
//! are asked (`Fence`) whether they have sent those subscribers away, before the acknowledgement. With the last one
//! the client is answered: from then on every core acts on the change, and nothing of an ended channel is sent.
//! None of these messages is ever left out, and the queue between two cores keeps their order, so a fence comes after
//! the ends it asks about and an end comes between the channel's publications and its next life.

use crate::base::ids::CoreId;
use crate::broker::rules::Settled;
use crate::broker::rules::catalog::{Catalog, Change};
use crate::model::command::Command;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::Reply;
use crate::shard::Shard;
use crate::shard::effects::{Asker, Then, not_stored};
use crate::shard::mesh::message::{Said, Ticket};
use crate::shard::{Effect, Failure, Setup};
use crate::store::{Stored, definitions};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The core that keeps all definitions.
pub(in crate::shard) const CATALOG_CORE: CoreId = CoreId(0);

/// Microseconds within which every core acts on a change.
const DEADLINE_US: u64 = 5_000_000;

/// Changes under way at once.
const CHANGES_MAX: usize = 8_192;

/// See the module.
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
    pub fn new(setup: &Setup, stored: &Stored) -> Self {
        let (definitions, last_id): (&[_], _) = match setup.core {
            CATALOG_CORE => (&stored.definitions, stored.last_definition_id),
            _ => (&[], 0),
        };
        let catalog = Catalog::new(setup.realms.clone(), setup.limits.clone(), definitions, last_id);
        Self { catalog, waiting: BTreeMap::new(), count: 0, fences: BTreeMap::new() }
    }

    pub fn next_us(&self) -> Option<u64> {
        self.waiting.first_key_value().map(|(_, waiting)| waiting.deadline_us)
    }
}

/// Whether a command is one that the catalog answers.
pub(in crate::shard) fn is_for_catalog(command: &Command) -> bool {
    matches!(
        command,
        Command::CreateDefinition { .. }
            | Command::UpdateDefinition { .. }
            | Command::DeleteDefinition { .. }
            | Command::GetDefinition { .. }
            | Command::ListDefinitions { .. }
    )
}

impl Shard {
    /// Does a request for the catalog. A change is answered when it is stored and every core acts on it.
    pub(in crate::shard) fn serve_catalog(&mut self, from: CoreId, ticket: Ticket, command: Command) {
        let reply = match command {
            Command::GetDefinition { realm, id } => {
                self.changes.catalog.get(realm, id).cloned().map(Reply::Definition)
            }
            Command::ListDefinitions { realm, filter, page, with_source } => {
                self.changes.catalog.list(realm, &filter, page, with_source)
            }
            change => match self.accept_change(change) {
                Ok(change) => {
                    let writes = match (&change.was, &change.is) {
                        (None, Some(is)) => definitions::created(is),
                        (_, Some(is)) => definitions::updated(is),
                        (was, None) => was.iter().flat_map(|was| definitions::deleted(was.id)).collect(),
                    };
                    let asker = Some(Asker { from, ticket });
                    return self.start_effect(Effect::Write(writes), asker, Then::Define(change));
                }
                Err(fault) => Err(fault),
            },
        };
        let reply = reply.unwrap_or_else(Reply::Fault);
        self.say(from, Said::Answer { ticket, reply });
    }

    fn accept_change(&mut self, command: Command) -> Result<Change, Fault> {
        if self.changes.waiting.len() >= CHANGES_MAX {
            return Err(Fault::new(
                FaultCode::Overloaded,
                "too many changes of definitions are under way; try again shortly",
            ));
        }
        if let Some(fault) = self.effects_full() {
            return Err(fault);
        }
        let catalog = &mut self.changes.catalog;
        match command {
            Command::CreateDefinition { realm, draft } => {
                let guid = [self.fresh.next(), self.fresh.next()].map(u64::to_le_bytes).concat();
                catalog.create(self.now, realm, *draft, URL_SAFE_NO_PAD.encode(guid))
            }
            Command::UpdateDefinition { realm, id, draft } => catalog.update(self.now, realm, id, *draft),
            Command::DeleteDefinition { realm, id } => catalog.delete(realm, id),
            _ => Err(Fault::new(FaultCode::UnknownType, "the catalog cannot answer this")),
        }
    }

    /// The disk has a change, or has it not.
    pub(in crate::shard) fn defined(
        &mut self,
        asker: Option<Asker>,
        change: Change,
        failure: Option<Failure>,
    ) {
        match failure {
            None => {
                self.changes.catalog.apply(&change);
                self.spread(asker, change);
            }
            Some(failure) => {
                self.changes.catalog.give_up(&change);
                self.answer_asker(asker, Reply::Fault(not_stored(failure)));
            }
        }
    }

    /// Says a change to every core.
    fn spread(&mut self, asker: Option<Asker>, change: Change) {
        let reply = change.is.clone().map_or(Reply::DefinitionDeleted, Reply::Definition);
        let (cores_left, deadline_us) = (self.setup.cores, self.now.monotonic_us + DEADLINE_US);
        self.changes.count += 1;
        let number = self.changes.count;
        self.changes.waiting.insert(number, Waiting { asker, reply, cores_left, deadline_us });
        let change = Arc::new(change);
        for core in 0..self.setup.cores {
            self.say(CoreId(core), Said::Change { number, change: change.clone() });
        }
    }

    /// This core has done all that a change asks of its channels.
    pub(in crate::shard) fn settled(&mut self, settled: Settled) {
        let Settled { number, told } = settled;
        if told.is_empty() {
            return self.say(CATALOG_CORE, Said::Applied { number });
        }
        self.changes.fences.insert(number, told.len());
        for core in told {
            self.say(core, Said::Fence { number });
        }
    }

    /// A core has sent away everybody whose channels ended here.
    pub(in crate::shard) fn fenced(&mut self, number: u64) {
        let Some(left) = self.changes.fences.get_mut(&number) else { return };
        *left -= 1;
        if *left == 0 {
            self.changes.fences.remove(&number);
            self.say(CATALOG_CORE, Said::Applied { number });
        }
    }

    /// A core acts on a change.
    pub(in crate::shard) fn applied(&mut self, number: u64) {
        let Some(waiting) = self.changes.waiting.get_mut(&number) else { return };
        waiting.cores_left -= 1;
        if waiting.cores_left == 0
            && let Some(Waiting { asker, reply, .. }) = self.changes.waiting.remove(&number)
        {
            self.answer_asker(asker, reply);
        }
    }

    /// Tells whoever waits for too long that a core does not turn.
    pub(in crate::shard) fn expire_changes(&mut self) {
        while let Some(entry) = self.changes.waiting.first_entry()
            && entry.get().deadline_us <= self.now.monotonic_us
        {
            let asker = entry.remove().asker;
            let reply = Reply::Fault(Fault::new(
                FaultCode::Unavailable,
                "The change is stored, but a core of this node does not answer, so it is not in force everywhere yet.",
            ));
            self.answer_asker(asker, reply);
        }
    }
}
