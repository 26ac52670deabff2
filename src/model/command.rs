//! What a client asks for. One request is one [`Command`]; a surface decodes it, `shard` decides where it
//! goes, `broker` does it.

use super::channel::{ChannelName, Position};
use super::definition::{DefinitionDraft, DefinitionFilter};
use super::meeting::{MeetingDraft, MeetingPage, MessagePage};
use super::publication::Body;
use crate::base::secret::Secret;

/// A request, with everything decided by the wire already checked by its surface.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    // Answered on the connection's own core.
    /// Is the other side there?
    Ping,
    /// The subscriptions of this connection.
    ListSubscriptions,
    /// Stop hearing a channel. Always succeeds.
    Unsubscribe {
        /// Which.
        channel: ChannelName,
    },

    // Answered by the channel's home core.
    /// Hear a channel from now on, or from a position.
    Subscribe {
        /// Which.
        channel: ChannelName,
        /// The last position the client has, if it wants what came after it.
        recover: Option<Position>,
        /// What else the client wants with the answer.
        with: Attachments,
    },
    /// Say something to a channel.
    Publish {
        /// Where.
        channel: ChannelName,
        /// What.
        body: Body,
        /// A repeated key of the same user on the same channel gives the first answer again.
        idempotency_key: Option<Box<str>>,
    },
    /// Say something to one other subscriber of a channel. Not kept in history.
    Whisper {
        /// Where both are.
        channel: ChannelName,
        /// The socket of who is to hear it.
        to: Box<str>,
        /// One valid JSON value.
        json: Box<str>,
    },
    /// What a channel's history has; by a subscriber.
    ListHistory {
        /// Which channel.
        channel: ChannelName,
    },
    /// Change the text of a message that is still in history; by its author or an admin.
    UpdateMessage {
        /// Where the message is.
        channel: ChannelName,
        /// The position of its `MessageCreated`.
        message: Position,
        /// The new text.
        content: String,
    },
    /// Delete a message that is still in history; by its author or an admin.
    DeleteMessage {
        /// Where the message is.
        channel: ChannelName,
        /// The position of its `MessageCreated`.
        message: Position,
    },
    /// A message that is still in history.
    GetMessage {
        /// Where the message is.
        channel: ChannelName,
        /// The position of its `MessageCreated`.
        message: Position,
    },
    /// The messages in a channel's history, newest first.
    ListMessages {
        /// Which channel.
        channel: ChannelName,
        /// Which slice.
        page: Page,
    },
    /// Who is subscribed to a channel with presence.
    ListMembers {
        /// Which channel.
        channel: ChannelName,
    },
    /// Make the room record of a channel.
    CreateRoom {
        /// The room's channel.
        channel: ChannelName,
        /// Display name.
        name: String,
        /// Free text.
        description: String,
    },
    /// Change the room record of a channel; by its owner or an admin.
    UpdateRoom {
        /// The room's channel.
        channel: ChannelName,
        /// New display name, if it changes.
        name: Option<String>,
        /// New text, if it changes.
        description: Option<String>,
    },
    /// Delete the room record of a channel, with its history; by its owner or an admin.
    DeleteRoom {
        /// The room's channel.
        channel: ChannelName,
    },
    /// The room record of a channel.
    GetRoom {
        /// The room's channel.
        channel: ChannelName,
    },
    /// What a user says of itself. `channel` is the user's channel.
    GetProfile {
        /// The user's channel; its suffix is the user id.
        channel: ChannelName,
    },
    /// Change what the session's own user says of itself.
    UpdateProfile {
        /// The user's channel; its suffix is the user id.
        channel: ChannelName,
        /// New display name, if it changes.
        name: Option<String>,
        /// New status word, if it changes.
        status: Option<String>,
    },

    /// Make a meeting or change it, and add messages to it. Answered when it is stored.
    PutMeeting {
        /// The meeting's channel.
        channel: ChannelName,
        /// What it is to be.
        draft: Box<MeetingDraft>,
    },
    /// Delete a meeting with its messages. Answered when that is stored.
    DeleteMeeting {
        /// The meeting's channel.
        channel: ChannelName,
    },
    /// Delete the messages of a meeting. Answered when that is stored.
    ClearMeeting {
        /// The meeting's channel.
        channel: ChannelName,
    },
    /// A meeting and a part of its messages.
    GetMeeting {
        /// The meeting's channel.
        channel: ChannelName,
        /// Which messages.
        page: MessagePage,
        /// Whether the answer shows the record, not only the messages.
        record: bool,
    },

    // Answered on the connection's own core, with the help of the outside.
    /// Log in with a password.
    LogIn {
        /// The user, as it was written.
        user: Box<str>,
        /// The password.
        password: Secret,
    },
    /// End a session before its time. Answered when that is stored and every core knows.
    LogOut {
        /// The session.
        session: Secret,
    },

    // Answered by the core that keeps all definitions.
    /// Define a channel of a realm. Answered when every core acts on it.
    CreateDefinition {
        /// The realm.
        realm: u64,
        /// The definition.
        draft: Box<DefinitionDraft>,
    },
    /// Replace a definition. Answered when every core acts on it.
    UpdateDefinition {
        /// The realm.
        realm: u64,
        /// The definition's id.
        id: u64,
        /// The whole definition.
        draft: Box<DefinitionDraft>,
    },
    /// Delete a definition, with what its channels keep; their subscribers are disconnected. Answered when every
    /// core has done it.
    DeleteDefinition {
        /// The realm.
        realm: u64,
        /// The definition's id.
        id: u64,
    },
    /// A definition.
    GetDefinition {
        /// The realm.
        realm: u64,
        /// The definition's id.
        id: u64,
    },
    /// The definitions of a realm.
    ListDefinitions {
        /// The realm.
        realm: u64,
        /// Which, and in which order.
        filter: DefinitionFilter,
        /// Which slice.
        page: Page,
        /// Whether the answer shows the authors' texts.
        with_source: bool,
    },

    /// Copy all that is stored to a file of the node's choice, while everything goes on.
    Backup,

    // Answered by all cores together.
    /// The room records of one namespace, by creation time.
    ListRooms {
        /// The namespace of the rooms' channels.
        namespace: &'static str,
        /// Which slice.
        page: Page,
    },
    /// The meetings of the session's user, newest first.
    ListMeetings {
        /// Which.
        page: MeetingPage,
    },
    /// The state of the node, for health checks.
    NodeState,
    /// The counters of all cores.
    Metrics,
}

/// What a client wants with the answer to its subscribe.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attachments {
    /// What history has, as of the subscribe.
    pub history: bool,
    /// Who is present, itself included, if the channel's rules let that be told.
    pub members: bool,
}

/// A slice of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    /// Page number, from 1.
    pub number: u32,
    /// Items on a page, at least 1.
    pub size: u32,
}

impl Page {
    /// Items before this page.
    pub fn skip(self) -> usize {
        (self.number.saturating_sub(1) as usize).saturating_mul(self.size as usize)
    }
}
