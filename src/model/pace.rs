//! When what a channel says leaves for its subscribers.

/// How the publications of a namespace are paced on their way to subscribers. The usual is that each leaves at once.
///
/// A publication leaves when both have passed: so long since it, or one that waits with it, was published, and so long since
/// the channel said something last. What waits leaves together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pace {
    /// Microseconds that a publication waits for others to leave together with. 0 is none.
    pub coalesce_us: u32,
    /// Milliseconds between two sends of a channel; of what waits meanwhile, a newer publication takes the place of an older
    /// one of the same key. 0 is none, and nothing takes another's place.
    pub conflate_ms: u32,
    /// The member of the data that is a publication's key. Data without it takes nothing's place. `None`: all data has the same
    /// key, so that the newest one is left.
    pub conflate_key: Option<Box<str>>,
}

impl Pace {
    /// Whether everything leaves at once.
    pub fn is_at_once(&self) -> bool {
        self.coalesce_us == 0 && self.conflate_ms == 0
    }
}
