//! Records and what is done to them.

/// Where records of one kind are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Table {
    /// Channel definitions, by id.
    Definitions,
    /// Room records, by channel.
    Rooms,
    /// Numbers that only rise, by name.
    Counters,
    /// Meetings, by id.
    Meetings,
    /// Messages of meetings, by meeting and place.
    MeetingMessages,
    /// Places of messages, by meeting and id.
    MeetingMessageIds,
    /// Sessions that were ended before their time.
    Logouts,
    /// Users whose tokens were revoked.
    Revocations,
    /// Addresses at which users have logged in, by user and hash.
    KnownAddresses,
    /// Groups, by channel.
    Groups,
    /// Users' devices, by user and id.
    Devices,
    /// Records of recordings, by id.
    Recordings,
    /// Where browsers are sent messages, by number.
    PushSubscriptions,
    /// Messages to browsers that are on their way, by number.
    PushMessages,
    /// How far each of them is with its audience, by number.
    PushSteps,
    /// Which of them is still to be sent where, by both numbers.
    PushDeliveries,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 16] = [
        Self::Definitions,
        Self::Rooms,
        Self::Counters,
        Self::Meetings,
        Self::MeetingMessages,
        Self::MeetingMessageIds,
        Self::Logouts,
        Self::Revocations,
        Self::KnownAddresses,
        Self::Groups,
        Self::Devices,
        Self::Recordings,
        Self::PushSubscriptions,
        Self::PushMessages,
        Self::PushSteps,
        Self::PushDeliveries,
    ];

    /// Those that are read whole at the start; of the others, a part is read when it is asked for.
    pub const LOADED: [Self; 14] = [
        Self::Definitions,
        Self::Rooms,
        Self::Counters,
        Self::Meetings,
        Self::Logouts,
        Self::Revocations,
        Self::KnownAddresses,
        Self::Groups,
        Self::Devices,
        Self::Recordings,
        Self::PushSubscriptions,
        Self::PushMessages,
        Self::PushSteps,
        Self::PushDeliveries,
    ];

    /// Its name on the disk; never changed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Definitions => "definitions",
            Self::Rooms => "rooms",
            Self::Counters => "counters",
            Self::Meetings => "meetings",
            Self::MeetingMessages => "meeting_messages",
            Self::MeetingMessageIds => "meeting_message_ids",
            Self::Logouts => "logouts",
            Self::Revocations => "revocations",
            Self::KnownAddresses => "known_addresses",
            Self::Groups => "groups",
            Self::Devices => "devices",
            Self::Recordings => "recordings",
            Self::PushSubscriptions => "push_subscriptions",
            Self::PushMessages => "push_messages",
            Self::PushSteps => "push_steps",
            Self::PushDeliveries => "push_deliveries",
        }
    }
}

/// One record as it is on the disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoreRecord {
    /// Where it is.
    pub table: Table,
    /// What it is found by.
    pub key: Vec<u8>,
    /// What it says; see [`super::format`].
    pub value: Vec<u8>,
}

/// What becomes of one record. Writes of one change are done together or not at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Write {
    /// Where it is.
    pub table: Table,
    /// What it is found by.
    pub key: Vec<u8>,
    /// What it says from now on; `None` deletes it.
    pub value: Option<Vec<u8>>,
}

/// All records of a table between two keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    /// Where they are.
    pub table: Table,
    /// The least key.
    pub from: Vec<u8>,
    /// Keys from this one on are left out.
    pub to: Vec<u8>,
}
