//! Room records: one per channel, in a table of their own that outlives the channel's idle times.

use super::{Home, Origin, faults};
use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::time::Now;
use crate::model::channel::ChannelName;
use crate::model::command::Page;
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::{Body, Room};
use crate::model::reply::Reply;
use std::collections::BTreeMap;
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
    rooms_max: usize,
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
    pub fn new(hasher: KeyedState, rooms_max: u32) -> Self {
        Self {
            by_channel: KeyedMap::with_hasher(hasher),
            by_age: BTreeMap::new(),
            rooms_max: rooms_max as usize,
        }
    }

    /// Records.
    pub fn len(&self) -> usize {
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
        self.by_channel.insert(channel.clone(), room);
    }

    fn remove(&mut self, channel: &ChannelName) {
        let Some(room) = self.by_channel.remove(channel) else { return };
        if let Some(rooms) = self.by_age.get_mut(channel.namespace()) {
            rooms.remove(&(room.created_ms, channel.clone()));
            if rooms.is_empty() {
                self.by_age.remove(channel.namespace());
            }
        }
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        assert!(self.len() <= self.rooms_max, "room bound");
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

impl Home {
    pub(super) fn create_room(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        channel: ChannelName,
        name: String,
        description: String,
    ) -> Result<Reply, Fault> {
        check(Some(&name), Some(&description))?;
        if self.rooms.get(&channel).is_ok() {
            return Err(Fault::new(FaultCode::Conflict, "the room exists already"));
        }
        if self.rooms.len() >= self.rooms.rooms_max {
            return Err(faults::full("no place for another room", "rooms_max"));
        }
        let id = self.channels.find_or_open(now, &channel)?;
        self.admit(id)?;
        let owner = &origin.session.user;
        let room = Room {
            id: channel.suffix().to_owned(),
            name,
            description,
            owner: owner.as_ref().into(),
            created_ms: now.unix_ms,
            updated_ms: now.unix_ms,
        };
        self.rooms.put(&channel, room.clone());
        self.publish_on(now, id, owner, Body::RoomCreated { room: room.clone() });
        Ok(Reply::Room(room))
    }

    pub(super) fn update_room(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        channel: ChannelName,
        name: Option<String>,
        description: Option<String>,
    ) -> Result<Reply, Fault> {
        check(name.as_deref(), description.as_deref())?;
        let room = self.rooms.get(&channel)?;
        if !origin.may_change(&room.owner) {
            return Err(faults::not_yours("only the owner of a room or an admin can change it"));
        }
        let mut room = Room::clone(room);
        let id = self.channels.find_or_open(now, &channel)?;
        self.admit(id)?;
        room.name = name.unwrap_or(room.name);
        room.description = description.unwrap_or(room.description);
        room.updated_ms = now.unix_ms;
        self.rooms.put(&channel, room.clone());
        self.publish_on(now, id, &origin.session.user, Body::RoomUpdated { room: room.clone() });
        Ok(Reply::Room(room))
    }

    /// Deletes the record and the channel's history. The order goes on: the epoch stays, so whoever heard all
    /// that was said goes on, and whoever did not has a gap.
    pub(super) fn delete_room(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        channel: ChannelName,
    ) -> Result<Reply, Fault> {
        let room = self.rooms.get(&channel)?;
        if !origin.may_change(&room.owner) {
            return Err(faults::not_yours("only the owner of a room or an admin can delete it"));
        }
        let room = Room::clone(room);
        let id = self.channels.find_or_open(now, &channel)?;
        self.admit(id)?;
        self.rooms.remove(&channel);
        self.publish_on(now, id, &origin.session.user, Body::RoomDeleted { room: room.clone() });
        Ok(Reply::RoomDeleted(room))
    }

    pub(super) fn get_room(&self, channel: &ChannelName) -> Result<Reply, Fault> {
        self.rooms.get(channel).map(|room| Reply::Room(Room::clone(room)))
    }

    /// This core's part of a list of rooms: at most as many as there are up to the end of the page.
    pub fn list_rooms(&self, namespace: &str, page: Page) -> RoomsPart {
        let Some(rooms) = self.rooms.by_age.get(namespace) else { return RoomsPart::default() };
        let end = end(bounded(page));
        let items =
            if end > PAGED_ROOMS_MAX { Vec::new() } else { rooms.values().take(end).cloned().collect() };
        RoomsPart { items, total: rooms.len() as u64 }
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
    Reply::Rooms { items: slice.map(|room| Room::clone(room)).collect(), page, total }
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
