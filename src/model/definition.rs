//! What a channel is like: the rules that hold for it, whichever surface opened it.

use super::access::Access;

/// Bounds of a channel's history. A history of 0 publications keeps nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HistoryBounds {
    /// Publications kept that say something; as many that tell of it are kept beside them.
    pub count_max: u32,
    /// Bytes of archived publications kept.
    pub bytes_max: u32,
    /// Age in milliseconds after which a publication goes; 0 is no bound.
    pub age_ms_max: u64,
}

/// What the history of a channel survives. A channel without history keeps nothing either way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// Nothing: it ends with the process.
    Memory,
    /// A stop of the process, and a crash but for the last moments: a publication is told at once and written soon after.
    Relaxed,
    /// A crash of the process or the machine: a publication is told to anybody only once it is on disk.
    Commit,
}

/// What happens to a subscriber that owes more than its channel keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlowPolicy {
    /// Its connection is closed; it may come back and recover.
    Disconnect,
    /// It jumps to the newest publication and is told of the gap.
    Skip,
}

/// Whose presence a channel keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// Nobody's.
    Off,
    /// Users, each once however many connections it has; joins and leaves are told.
    Users,
    /// Sockets, each its own member. They are always kept, because messages can be for one of them; `told` says
    /// whether joins and leaves are told and the list can be asked for.
    Sockets {
        /// Whether others hear of it.
        told: bool,
    },
}

/// Who may do something in a channel that they hear.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Who {
    /// No client; the server side still may.
    Nobody,
    /// Sessions that proved who they are.
    Authenticated,
    /// Guests too.
    Everyone,
}

/// The rules of a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChannelDefinition {
    /// What is kept for recovery and listing.
    pub history: HistoryBounds,
    /// What that survives.
    pub durability: Durability,
    /// Whether members are kept, whose, and whether joins and leaves are told.
    pub presence: Presence,
    /// Who may subscribe.
    pub subscribe: Who,
    /// Which clients may publish to all subscribers.
    pub publish: Who,
    /// Which clients may say something to one other subscriber.
    pub whisper: Who,
    /// What a slow subscriber gets.
    pub slow: SlowPolicy,
    /// Whether what it says is compressed for clients that agreed to it.
    pub compress: bool,
    /// For whom it is. In realms for everybody: there, the three above say it.
    pub access: Access,
}

impl ChannelDefinition {
    /// The rules of a namespace of which nothing is said.
    pub fn of_namespace(name: &str) -> Self {
        Self { access: Access::usual(name), ..Self::default() }
    }
}

impl Default for ChannelDefinition {
    fn default() -> Self {
        Self {
            history: HistoryBounds { count_max: 256, bytes_max: 1 << 20, age_ms_max: 86_400_000 },
            durability: Durability::Relaxed,
            presence: Presence::Off,
            subscribe: Who::Authenticated,
            publish: Who::Authenticated,
            whisper: Who::Nobody,
            slow: SlowPolicy::Disconnect,
            compress: true,
            access: Access::Open,
        }
    }
}

/// A definition as its author wrote it, before it has an id. Everything decided by the wire is already checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DefinitionDraft {
    /// Name of the channel in its realm, without the namespace.
    pub name: Box<str>,
    /// Free text.
    pub description: Box<str>,
    /// Whether clients can use it. An inactive channel is for them one that does not exist.
    pub active: bool,
    /// Whether it also holds for the channels below it: `chat/room1` below `chat`.
    pub nested: bool,
    /// The rules.
    pub rules: ChannelDefinition,
    /// The author's text, to the byte; given back as it came.
    pub source: Box<str>,
}

/// A definition that is in force, shared between cores.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DefinitionRecord {
    /// Unique on the node, from 1, never used again.
    pub id: u64,
    /// The realm it belongs to.
    pub realm: u64,
    /// A name for it that no other node gives.
    pub guid: Box<str>,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    /// Milliseconds since 1970.
    pub updated_ms: u64,
    /// What it says.
    pub draft: DefinitionDraft,
}

/// Which definitions of a realm are listed, sorted by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DefinitionFilter {
    /// Only those whose name or description contains this, whatever the case; empty is all.
    pub search: Box<str>,
    /// From the last name to the first.
    pub descending: bool,
}
