//! Rooms as lines.

use crate::model::channel::ChannelName;
use crate::model::publication::Room;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomLine {
    pub channel: String,
    name: String,
    description: String,
    owner: String,
    created_ms: u64,
    updated_ms: u64,
}

pub fn room_line(channel: &ChannelName, room: &Room) -> RoomLine {
    // The id is the suffix of the channel's name.
    let Room { id: _, name, description, owner, created_ms, updated_ms } = room.clone();
    RoomLine { channel: channel.as_str().to_owned(), name, description, owner, created_ms, updated_ms }
}

pub fn room(line: RoomLine) -> (ChannelName, Room) {
    let RoomLine { channel, name, description, owner, created_ms, updated_ms } = line;
    let channel = ChannelName::new(&channel);
    let id = channel.suffix().to_owned();
    (channel, Room { id, name, description, owner, created_ms, updated_ms })
}
