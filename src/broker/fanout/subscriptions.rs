//! Which channels each connection hears, and which of them it has bytes to get of.
//!
//! A subscription is one record in two lists of its connection: all that it hears, in the order of subscribing, and
//! what it owes. Nothing here walks more than a few of them.

use super::StreamId;
use crate::base::chunked::Chunked;
use crate::base::hash::KeyedState;
use crate::base::ids::ConnectionId;
use crate::base::index::Index;
use crate::base::list::{Link, Linked, List};
use crate::base::pool::Pool;

/// The list of all that a connection hears.
const HEARD: usize = 0;

/// The list of what a connection has bytes to get of.
const OWED: usize = 1;

/// A connection with no more subscriptions than this is looked through; with more, it is indexed.
const FEW: u32 = 8;

/// The other end of a [`super::subscriber::Subscriber`].
#[derive(Clone, Copy)]
pub(super) struct Subscription {
    pub stream: StreamId,
    /// Where in the stream its subscriber is.
    pub place: u32,
    /// The connection's index.
    connection: u32,
    heard: Link,
    owed: Link,
}

impl Linked<HEARD> for Subscription {
    fn link(&mut self) -> &mut Link {
        &mut self.heard
    }
    fn linked(&self) -> Link {
        self.heard
    }
}

impl Linked<OWED> for Subscription {
    fn link(&mut self) -> &mut Link {
        &mut self.owed
    }
    fn linked(&self) -> Link {
        self.owed
    }
}

/// What is known of a connection, at its index. A connection takes its subscriptions with it when it goes.
#[derive(Default)]
struct Listener {
    heard: List<HEARD>,
    owed: List<OWED>,
    count: u32,
    /// Whether its subscriptions are in the index; it stays so until the last one ends.
    indexed: bool,
}

/// All subscriptions of a core.
pub(super) struct Subscriptions {
    records: Pool<Subscription>,
    listeners: Chunked<Listener>,
    /// Subscriptions by connection and stream, of connections that have many.
    index: Index,
    hasher: KeyedState,
}

impl Subscriptions {
    pub fn new(hasher: KeyedState) -> Self {
        Self { records: Pool::default(), listeners: Chunked::default(), index: Index::default(), hasher }
    }

    pub fn get(&self, id: u32) -> &Subscription {
        &self.records[id as usize]
    }

    /// How many a connection has.
    pub fn count(&self, connection: ConnectionId) -> usize {
        self.listener(connection).map_or(0, |listener| listener.count as usize)
    }

    /// Whether a connection owes nothing but of a stream whose turn it is: nothing else is known, and it hears nothing else, or
    /// nothing else has something to send (`is_one`).
    pub fn owes_only(&self, connection: ConnectionId, is_one: bool) -> bool {
        let alone = |listener: &Listener| (is_one || listener.count == 1) && listener.owed.is_empty();
        self.listener(connection).is_some_and(alone)
    }

    /// Those of a connection, in the order of subscribing.
    pub fn of(&self, connection: ConnectionId) -> impl Iterator<Item = u32> {
        let heard = self.listener(connection).map(|listener| listener.heard).unwrap_or_default();
        heard.iter(&self.records)
    }

    /// The newest of a connection.
    pub fn newest(&self, connection: ConnectionId) -> Option<u32> {
        self.listener(connection)?.heard.last()
    }

    /// That of a connection to a stream.
    pub fn find(&self, connection: ConnectionId, stream: StreamId) -> Option<u32> {
        let listener = self.listener(connection)?;
        if listener.indexed {
            let same = |id: u32| {
                let one = self.get(id);
                (one.connection, one.stream) == (connection.index, stream)
            };
            return self.index.find(self.hash(connection.index, stream), same);
        }
        listener.heard.iter(&self.records).find(|id| self.get(*id).stream == stream)
    }

    /// A connection hears a stream, at this place of it. Says the subscription's number.
    pub fn add(&mut self, connection: ConnectionId, stream: StreamId, place: u32) -> u32 {
        let (heard, owed) = (Link::default(), Link::default());
        let subscription = Subscription { stream, place, connection: connection.index, heard, owed };
        let id = self.records.insert(subscription) as u32;
        while self.listeners.len() <= connection.index as usize {
            self.listeners.push(Listener::default());
        }
        let listener = &mut self.listeners[connection.index as usize];
        listener.heard.push_back(&mut self.records, id);
        listener.count += 1;
        if listener.indexed {
            self.index.insert(hash(&self.hasher, connection.index, stream), id);
        } else if listener.count > FEW {
            listener.indexed = true;
            for id in listener.heard.iter(&self.records) {
                let hash = hash(&self.hasher, connection.index, self.records[id as usize].stream);
                self.index.insert(hash, id);
            }
        }
        id
    }

    pub fn remove(&mut self, id: u32) {
        let Subscription { connection, stream, .. } = *self.get(id);
        let listener = &mut self.listeners[connection as usize];
        listener.heard.remove(&mut self.records, id);
        listener.owed.remove(&mut self.records, id);
        listener.count -= 1;
        let indexed = listener.indexed;
        listener.indexed &= listener.count > 0;
        if indexed {
            self.index.remove(self.hash(connection, stream), id);
        }
        self.records.remove(id as usize);
    }

    /// Its subscriber is at another place of the stream.
    pub fn set_place(&mut self, id: u32, place: u32) {
        self.records[id as usize].place = place;
    }

    /// It is the newest one from here on.
    pub fn move_back(&mut self, id: u32) {
        let listener = &mut self.listeners[self.records[id as usize].connection as usize];
        listener.heard.move_back(&mut self.records, id);
    }

    /// There are bytes to write of it.
    pub fn owe(&mut self, id: u32) {
        let listener = &mut self.listeners[self.records[id as usize].connection as usize];
        listener.owed.push_back(&mut self.records, id);
    }

    /// There are none.
    pub fn owe_nothing(&mut self, id: u32) {
        let listener = &mut self.listeners[self.records[id as usize].connection as usize];
        listener.owed.remove(&mut self.records, id);
    }

    /// Whether it is known that there are bytes to write of it.
    pub fn is_owed(&self, id: u32) -> bool {
        self.get(id).owed.is_linked()
    }

    /// Whether it is known that there are bytes to write to a connection.
    pub fn owes(&self, connection: ConnectionId) -> bool {
        self.first_owed(connection).is_some()
    }

    /// The first of what a connection has bytes to get of.
    pub fn first_owed(&self, connection: ConnectionId) -> Option<u32> {
        self.listener(connection)?.owed.first()
    }

    /// What a connection has bytes to get of, in the order in which that was seen.
    pub fn owed(&self, connection: ConnectionId) -> impl Iterator<Item = u32> {
        let owed = self.listener(connection).map(|listener| listener.owed).unwrap_or_default();
        owed.iter(&self.records)
    }

    fn listener(&self, connection: ConnectionId) -> Option<&Listener> {
        self.listeners.get(connection.index as usize)
    }

    fn hash(&self, connection: u32, stream: StreamId) -> u32 {
        hash(&self.hasher, connection, stream)
    }
}

fn hash(hasher: &KeyedState, connection: u32, stream: StreamId) -> u32 {
    let pair = u64::from(connection) << 32 | stream.index() as u64;
    hasher.hash_bytes(&pair.to_le_bytes()) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn connection(index: u32) -> ConnectionId {
        ConnectionId { index, generation: 0 }
    }

    proptest! {
        #[test]
        fn they_are_lists_in_order_and_found_by_stream(steps in proptest::collection::vec((0u32..3, 0usize..24, 0u8..4), 0..400)) {
            let mut subscriptions = Subscriptions::new(KeyedState::new(1, 2));
            let mut model: [Vec<usize>; 3] = Default::default();
            for (listener, stream, action) in steps {
                let (connection, heard) = (connection(listener), &mut model[listener as usize]);
                let known = heard.iter().position(|other| *other == stream);
                let found = subscriptions.find(connection, StreamId::of(stream));
                prop_assert_eq!(found.is_some(), known.is_some());
                match (found, action) {
                    (None, 0..3) => {
                        subscriptions.add(connection, StreamId::of(stream), 0);
                        heard.push(stream);
                    }
                    (Some(id), 0 | 1) => {
                        subscriptions.remove(id);
                        heard.remove(known.unwrap());
                    }
                    (Some(id), 2) => {
                        subscriptions.move_back(id);
                        heard.remove(known.unwrap());
                        heard.push(stream);
                    }
                    (Some(id), _) => {
                        let owed = subscriptions.is_owed(id);
                        if owed { subscriptions.owe_nothing(id) } else { subscriptions.owe(id) }
                        prop_assert_eq!(subscriptions.owed(connection).any(|other| other == id), !owed);
                    }
                    (None, _) => {}
                }
                let told: Vec<usize> =
                    subscriptions.of(connection).map(|id| subscriptions.get(id).stream.index()).collect();
                prop_assert_eq!(subscriptions.count(connection), heard.len());
                prop_assert_eq!(&told, heard);
            }
        }
    }

    #[test]
    fn a_subscription_stays_small() {
        assert!(size_of::<Option<Subscription>>() <= 28, "{}", size_of::<Option<Subscription>>());
        assert!(size_of::<Listener>() <= 24, "{}", size_of::<Listener>());
    }
}
