//! Room records: one per channel, in a table of their own that outlives the channel's idle times, and the process.
//!
//! A change is decided, which claims the room; then it is stored by whoever called; then it is applied, or given up if
//! it could not be stored. Meanwhile another change of the same room is a conflict, and everybody sees the room as it
//! was.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::ledger::Ledger;
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::broker::home::{Origin, Outcome, faults};
use crate::broker::order::Order;
use crate::broker::order::channels::Channels;
use crate::model::channel::ChannelName;
use crate::model::command::Page;
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::{Body, Room};
use crate::model::reply::{Reply, RoomReply};
use crate::model::session::Payer;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes of a room's name.
const NAME_BYTES_MAX: usize = 256;

/// Bytes of a room's description.
const DESCRIPTION_BYTES_MAX: usize = 4_096;

/// Rooms on one page, whatever was asked for.
const PAGE_ROOMS_MAX: u32 = 1_000;

/// How far into a list of rooms a page may reach. Every core contributes as many rooms, so the depth decides
/// what the deepest page costs.
const PAGED_ROOMS_MAX: usize = 10_000;

/// The room records of a core, by channel, and by age within a namespace.
pub struct Rooms {
    by_channel: KeyedMap<ChannelName, Arc<Room>>,
    by_age: BTreeMap<Box<str>, ByAge>,
    /// How many each owner has.
    owners: Ledger<()>,
    limits: InForce,
    /// Rooms with a change under way.
    changing: BTreeSet<ChannelName>,
    /// How many of them are new.
    creating: usize,
}

/// A change of a room that is decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomChange {
    /// The room's channel.
    pub channel: ChannelName,
    /// The room as it is from then on, or as it was if it is deleted.
    pub room: Room,
    /// What becomes of it.
    pub kind: RoomChangeKind,
    /// Who wants it.
    by: Arc<str>,
}

/// What becomes of a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RoomChangeKind {
    /// It is made.
    Created,
    /// It is changed.
    Updated,
    /// It is deleted.
    Deleted,
}

/// Rooms by creation time and channel; within a namespace that is by creation time and id.
type ByAge = BTreeMap<(u64, ChannelName), Arc<Room>>;

/// One core's part of a list of rooms: what of it can be on the page asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RoomsPart {
    /// The oldest rooms, by creation time and id.
    pub items: Vec<Arc<Room>>,
    /// All rooms of the namespace on this core.
    pub total: u64,
}

impl Rooms {
    /// An empty table.
    pub fn new(hasher: KeyedState, limits: InForce) -> Self {
        Self {
            by_channel: KeyedMap::with_hasher(hasher),
            by_age: BTreeMap::new(),
            owners: Ledger::new(hasher),
            limits,
            changing: BTreeSet::new(),
            creating: 0,
        }
    }

    /// Takes a room in that was stored. More of them than the bound are all taken in: it holds for new ones.
    pub fn restore(&mut self, channel: &ChannelName, room: Room) {
        self.put(channel, room);
    }

    /// Records.
    pub(super) fn len(&self) -> usize {
        self.by_channel.len()
    }

    fn get(&self, channel: &ChannelName) -> Result<&Arc<Room>, Fault> {
        let missing = || Fault::new(FaultCode::NotFound, "there is no such room");
        self.by_channel.get(channel).ok_or_else(missing)
    }

    /// Puts a record in the place of the channel's older one, if there is one.
    fn put(&mut self, channel: &ChannelName, room: Room) {
        let room = Arc::new(room);
        // The creation time is the same, so the older one is replaced in both.
        let key = (room.created_ms, channel.clone());
        self.by_age.entry(channel.namespace().into()).or_default().insert(key, room.clone());
        self.owners.take(&room.owner);
        if let Some(before) = self.by_channel.insert(channel.clone(), room) {
            self.owners.give_back_of(&before.owner);
        }
    }

    fn remove(&mut self, channel: &ChannelName) {
        let Some(room) = self.by_channel.remove(channel) else { return };
        self.owners.give_back_of(&room.owner);
        if let Some(rooms) = self.by_age.get_mut(channel.namespace()) {
            rooms.remove(&(room.created_ms, channel.clone()));
            if rooms.is_empty() {
                self.by_age.remove(channel.namespace());
            }
        }
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        self.owners.invariants();
        assert_eq!(self.owners.things() as usize, self.len(), "every room counts for its owner");
        assert_eq!(
            self.len(),
            self.by_age.values().map(BTreeMap::len).sum::<usize>(),
            "every room has an age"
        );
        for (namespace, rooms) in &self.by_age {
            for ((created_ms, channel), room) in rooms {
                assert_eq!((channel.namespace(), room.created_ms), (&**namespace, *created_ms));
                assert!(self.by_channel.get(channel).is_some_and(|other| Arc::ptr_eq(other, room)));
            }
        }
    }
}

impl Rooms {
    /// Claims the room of a change that was decided; the claim ends with [`Rooms::apply`] or [`Rooms::give_up`].
    fn claim(&mut self, change: RoomChange) -> Result<RoomChange, Fault> {
        if !self.changing.insert(change.channel.clone()) {
            return Err(Fault::new(
                FaultCode::Conflict,
                "another change of this room is being stored; look at the result before you try again",
            ));
        }
        self.creating += usize::from(change.kind == RoomChangeKind::Created);
        Ok(change)
    }

    /// Decides about a new room that is homed here. [`Rooms::apply`] or [`Rooms::give_up`] follows.
    ///
    /// # Errors
    /// Why it may not be done; then nothing follows.
    pub fn create(
        &mut self,
        channels: &mut Channels,
        now: Now,
        origin: Origin<'_>,
        channel: ChannelName,
        (name, description): (String, String),
    ) -> Result<RoomChange, Fault> {
        check(Some(&name), Some(&description))?;
        if self.get(&channel).is_ok() {
            return Err(Fault::new(FaultCode::Conflict, "the room exists already"));
        }
        let rooms_max = self.limits.get().rooms_max;
        if self.len() + self.creating >= rooms_max as usize {
            return Err(faults::full("no place for another room", "rooms_max"));
        }
        if !origin.is_admin() && !self.owners.leaves_a_share(&origin.session.user, rooms_max) {
            return Err(faults::share("you own as many rooms as you may", "rooms_max"));
        }
        let id = channels.find_or_open(now, &channel, &origin.session.payer())?;
        channels.admit(id)?;
        let owner = &origin.session.user;
        let room = Room {
            id: channel.suffix().to_owned(),
            name,
            description,
            owner: owner.as_ref().into(),
            created_ms: now.unix_ms,
            updated_ms: now.unix_ms,
        };
        self.claim(RoomChange { channel, room, kind: RoomChangeKind::Created, by: owner.clone() })
    }

    /// Decides about a change of a room that is homed here. [`Rooms::apply`] or [`Rooms::give_up`] follows.
    ///
    /// # Errors
    /// Why it may not be done; then nothing follows.
    pub fn update(
        &mut self,
        channels: &mut Channels,
        now: Now,
        origin: Origin<'_>,
        channel: ChannelName,
        (name, description): (Option<String>, Option<String>),
    ) -> Result<RoomChange, Fault> {
        check(name.as_deref(), description.as_deref())?;
        let room = self.get(&channel)?;
        if !origin.may_change(&room.owner) {
            return Err(faults::not_yours("only the owner of a room or an admin can change it"));
        }
        let mut room = Room::clone(room);
        let id = channels.find_or_open(now, &channel, &origin.session.payer())?;
        channels.admit(id)?;
        room.name = name.unwrap_or(room.name);
        room.description = description.unwrap_or(room.description);
        room.updated_ms = now.unix_ms;
        self.claim(RoomChange {
            channel,
            room,
            kind: RoomChangeKind::Updated,
            by: origin.session.user.clone(),
        })
    }

    /// Decides about the end of a room that is homed here. [`Rooms::apply`] or [`Rooms::give_up`] follows.
    ///
    /// # Errors
    /// Why it may not be done; then nothing follows.
    pub fn delete(
        &mut self,
        channels: &mut Channels,
        now: Now,
        origin: Origin<'_>,
        channel: ChannelName,
    ) -> Result<RoomChange, Fault> {
        let room = self.get(&channel)?;
        if !origin.may_change(&room.owner) {
            return Err(faults::not_yours("only the owner of a room or an admin can delete it"));
        }
        let room = Room::clone(room);
        let id = channels.find_or_open(now, &channel, &origin.session.payer())?;
        channels.admit(id)?;
        self.claim(RoomChange {
            channel,
            room,
            kind: RoomChangeKind::Deleted,
            by: origin.session.user.clone(),
        })
    }

    /// A change that was decided is stored: it is in force, and the channel is told. A deleted room takes the channel's
    /// history with it; the order goes on: the epoch stays, so whoever heard all that was said goes on, and whoever
    /// did not has a gap.
    pub fn apply(&mut self, order: &mut Order, now: Now, change: RoomChange) -> Outcome {
        self.give_up(&change);
        let RoomChange { channel, room, kind, by } = change;
        // Where the channel finds no place any more, nobody is in it who could be told.
        let id = order.channels.find_or_open(now, &channel, &Payer::unbounded(&by)).ok();
        let (body, reply) = match kind {
            RoomChangeKind::Created => {
                (Body::RoomCreated { room: room.clone() }, Reply::Room(RoomReply::One(room.clone())))
            }
            RoomChangeKind::Updated => {
                (Body::RoomUpdated { room: room.clone() }, Reply::Room(RoomReply::One(room.clone())))
            }
            RoomChangeKind::Deleted => {
                (Body::RoomDeleted { room: room.clone() }, Reply::Room(RoomReply::Deleted(room.clone())))
            }
        };
        if kind == RoomChangeKind::Deleted {
            self.remove(&channel);
        } else {
            self.put(&channel, room);
        }
        let wait = id.and_then(|id| order.publish_on(now, id, &by, body).wait);
        Outcome { reply, wait }
    }

    /// A change that was decided could not be stored.
    pub fn give_up(&mut self, change: &RoomChange) {
        self.changing.remove(&change.channel);
        self.creating -= usize::from(change.kind == RoomChangeKind::Created);
    }

    /// A room.
    ///
    /// # Errors
    /// There is none.
    pub fn show(&self, channel: &ChannelName) -> Result<Reply, Fault> {
        self.get(channel).map(|room| Reply::Room(RoomReply::One(Room::clone(room))))
    }

    /// This core's part of a list of rooms: at most as many as there are up to the end of the page. `told` says which of
    /// them may be told of; without it all may.
    pub fn list<F: Fn(&ChannelName) -> bool>(
        &self,
        namespace: &str,
        page: Page,
        told: Option<F>,
    ) -> RoomsPart {
        let Some(rooms) = self.by_age.get(namespace) else { return RoomsPart::default() };
        let end = end(bounded(page));
        let take = if end > PAGED_ROOMS_MAX { 0 } else { end };
        let is_told = |((_, channel), _): &(&(u64, ChannelName), &Arc<Room>)| {
            told.as_ref().is_none_or(|told| told(channel))
        };
        let items = rooms.iter().filter(is_told).take(take).map(|(_, room)| room.clone()).collect();
        let total = if told.is_none() { rooms.len() } else { rooms.iter().filter(is_told).count() };
        RoomsPart { items, total: total as u64 }
    }
}

/// A page of all cores' rooms from their parts, which were made for the same page. A page that reaches past the
/// first 10,000 rooms is answered with a fault.
pub fn merge_rooms(parts: Vec<RoomsPart>, page: Page) -> Reply {
    let page = bounded(page);
    if end(page) > PAGED_ROOMS_MAX {
        let message = format!("rooms can be listed up to the first {PAGED_ROOMS_MAX}; ask for a lower page");
        return Reply::Fault(Fault::new(FaultCode::InvalidRequest, message));
    }
    let total = parts.iter().map(|part| part.total).sum();
    let mut rooms: Vec<Arc<Room>> = parts.into_iter().flat_map(|part| part.items).collect();
    // Stable sorting finds the sorted runs and merges them.
    rooms.sort_by(|a, b| (a.created_ms, &a.id).cmp(&(b.created_ms, &b.id)));
    let slice = rooms.iter().skip(page.skip()).take(page.size as usize);
    Reply::Room(RoomReply::Page { items: slice.map(|room| Room::clone(room)).collect(), page, total })
}

fn bounded(page: Page) -> Page {
    Page { size: page.size.min(PAGE_ROOMS_MAX), ..page }
}

/// How far into the list a page reaches.
fn end(page: Page) -> usize {
    page.skip().saturating_add(page.size as usize)
}

fn check(name: Option<&str>, description: Option<&str>) -> Result<(), Fault> {
    if name.is_some_and(|name| name.len() > NAME_BYTES_MAX) {
        return Err(faults::too_long("the room's name", NAME_BYTES_MAX));
    }
    if description.is_some_and(|description| description.len() > DESCRIPTION_BYTES_MAX) {
        return Err(faults::too_long("the room's description", DESCRIPTION_BYTES_MAX));
    }
    Ok(())
}
