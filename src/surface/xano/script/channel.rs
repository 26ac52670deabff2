//! What a script declares.

/// A channel as its script declares it. What the script leaves out has the value of [`ChannelScript::new`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChannelScript {
    /// Its name; [`check_name`](super::check_name) says which there are.
    pub name: String,
    /// What its author says of it: any text, empty by default.
    pub description: String,
    /// Whether it can be joined. On by default.
    pub active: bool,
    /// Messages of a client to everyone in the channel.
    pub public_messaging: Messaging,
    /// Messages of a client to another one in the channel.
    pub private_messaging: Messaging,
    /// The rest of its rules.
    pub settings: Settings,
}

impl ChannelScript {
    /// What an empty body declares: an active channel where everything else is off.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            active: true,
            public_messaging: Messaging::default(),
            private_messaging: Messaging::default(),
            settings: Settings::default(),
        }
    }
}

/// One way for clients to send. All off by default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Messaging {
    /// Whether clients can send so at all.
    pub active: bool,
    /// Whether only authenticated clients can.
    pub auth: bool,
}

/// `settings`: a script that has the block has all five, one without has them off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// Whether clients without authentication may join.
    pub anonymous_clients: bool,
    /// Whether there are channels below this one: `chat/room1` below `chat`.
    pub nested_channels: bool,
    /// Messages kept; 0 keeps none.
    pub message_history: u32,
    /// Whether a client must be authenticated to join.
    pub auth_channel: bool,
    /// Whether it is told who is there.
    pub presence: bool,
}
