//! Room records as they are stored: by the name of their channel.

use super::format::{Format, archive};
use super::write::{Table, Write};
use crate::model::channel::ChannelName;
use crate::model::publication::Room;
use rkyv::rancor::Error;

/// Every version of rooms.
pub const ROOMS: Format<Room> = Format(&[read_v1]);

/// A room was made or changed.
pub fn put(channel: &ChannelName, room: &Room) -> Vec<Write> {
    let value = Some(ROOMS.write(&archive(&RoomV1::from(room))));
    vec![Write { table: Table::Rooms, key: key(channel), value }]
}

/// A room was deleted.
pub fn deleted(channel: &ChannelName) -> Vec<Write> {
    vec![Write { table: Table::Rooms, key: key(channel), value: None }]
}

fn key(channel: &ChannelName) -> Vec<u8> {
    channel.as_str().as_bytes().to_vec()
}

/// Version 1. The id is the suffix of the channel's name, which is the key.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct RoomV1 {
    id: String,
    name: String,
    description: String,
    owner: String,
    created_ms: u64,
    updated_ms: u64,
}

impl From<&Room> for RoomV1 {
    fn from(room: &Room) -> Self {
        let Room { id, name, description, owner, created_ms, updated_ms } = room.clone();
        Self { id, name, description, owner, created_ms, updated_ms }
    }
}

fn read_v1(bytes: &[u8]) -> Option<Room> {
    let form = rkyv::from_bytes::<RoomV1, Error>(bytes).ok()?;
    let RoomV1 { id, name, description, owner, created_ms, updated_ms } = form;
    Some(Room { id, name, description, owner, created_ms, updated_ms })
}
