//! The streams of each channel.

use super::StreamId;
use super::stream::{Kind, Stream};
use crate::base::hash::KeyedState;
use crate::base::index::NameIndex;
use crate::base::pool::Pool;
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::SlowPolicy;

/// All streams of a core. Those of a channel are few: one for each kind of subscriber that it has here.
pub(super) struct Streams {
    pub pool: Pool<Stream>,
    /// The first stream of a channel; the others follow by [`Stream::sibling`], those of one encoding together.
    by_channel: NameIndex,
    /// The first stream of the channel that was published to last: a burst is of one channel, and is looked up once.
    last: Option<StreamId>,
}

impl std::ops::Index<StreamId> for Streams {
    type Output = Stream;

    fn index(&self, id: StreamId) -> &Stream {
        &self.pool[id.index()]
    }
}

impl std::ops::IndexMut<StreamId> for Streams {
    fn index_mut(&mut self, id: StreamId) -> &mut Stream {
        &mut self.pool[id.index()]
    }
}

impl Streams {
    pub fn new(hasher: KeyedState) -> Self {
        Self { pool: Pool::default(), by_channel: NameIndex::new(hasher), last: None }
    }

    /// The first stream of a channel.
    pub fn first(&self, channel: &ChannelName) -> Option<StreamId> {
        let name_of = |index: u32| self.pool[index as usize].channel().as_str();
        self.by_channel.find(channel.as_str(), name_of).map(|index| StreamId::of(index as usize))
    }

    /// The same for a channel that is published to.
    pub fn first_published(&mut self, channel: &ChannelName) -> Option<StreamId> {
        if self.last.is_none_or(|last| self[last].channel() != channel) {
            self.last = self.first(channel);
        }
        self.last
    }

    /// All streams of a channel.
    pub fn of(&self, channel: &ChannelName) -> impl Iterator<Item = StreamId> {
        std::iter::successors(self.first(channel), |id| self[*id].sibling())
    }

    /// The stream of a channel for subscribers of a kind, made if need be.
    pub fn find_or_open(
        &mut self,
        channel: &ChannelName,
        kind: Kind,
        slow: SlowPolicy,
        position: Position,
    ) -> StreamId {
        if let Some(id) = self.of(channel).find(|id| self[*id].kind() == kind) {
            return id;
        }
        let same = self.of(channel).find(|id| self[*id].kind().encoding == kind.encoding);
        let next = match same {
            Some(same) => self[same].sibling(),
            None => self.first(channel),
        };
        let id = StreamId::of(self.pool.insert(Stream::new(channel.clone(), kind, slow, position, next)));
        match same {
            Some(same) => self[same].set_sibling(Some(id)),
            None => self.set_first(id),
        }
        id
    }

    /// What has the channel's name from now on is another channel.
    pub fn forget_channel(&mut self, channel: &ChannelName) {
        self.last = None;
        if let Some(first) = self.first(channel) {
            self.by_channel.remove(channel.as_str(), first.index() as u32);
        }
    }

    /// Takes a stream out that has lost its last subscriber.
    pub fn remove(&mut self, id: StreamId) {
        self.last = None;
        let gone = &self[id];
        if !gone.has_ended() {
            let (channel, next) = (gone.channel().clone(), gone.sibling());
            let before = self.of(&channel).find(|other| self[*other].sibling() == Some(id));
            match (before, next) {
                (Some(before), next) => self[before].set_sibling(next),
                (None, Some(next)) => self.set_first(next),
                (None, None) => self.by_channel.remove(channel.as_str(), id.index() as u32),
            }
        }
        self.pool.remove(id.index());
    }

    /// Makes a stream the first of its channel.
    fn set_first(&mut self, id: StreamId) {
        self.last = None;
        let name_of = |index: u32| self.pool[index as usize].channel().as_str();
        let index = id.index() as u32;
        self.by_channel.set(name_of(index), index, name_of);
    }

    pub fn invariants(&self) {
        for (index, stream) in self.pool.iter() {
            stream.invariants();
            let linked = self.of(stream.channel()).any(|other| other.index() == index);
            assert!(linked != stream.has_ended(), "every stream is linked until it ends");
        }
        assert!(self.by_channel.count() <= self.pool.len());
        if let Some(last) = self.last {
            assert_eq!(self.first(self[last].channel()), Some(last), "what was looked up is still so");
        }
    }
}
