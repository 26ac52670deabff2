//! What is answered about the room record of a channel.

use crate::model::command::Page;
use crate::model::publication::Room;

/// The answer to a [`RoomCommand`](crate::model::command::RoomCommand).
#[derive(Clone, PartialEq, Debug)]
pub enum RoomReply {
    /// To `CreateRoom`, `UpdateRoom`, `GetRoom`.
    One(Room),
    /// To `DeleteRoom`.
    Deleted(Room),
    /// To `ListRooms`.
    Page {
        /// The slice, oldest first.
        items: Vec<Room>,
        /// Which slice this is, as asked for.
        page: Page,
        /// Rooms in the whole list.
        total: u64,
    },
}
