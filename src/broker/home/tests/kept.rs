//! What the model keeps of a channel: all of it in one plain list, and what is told put together from that.

use super::*;
use std::collections::BTreeSet;

#[derive(Default)]
pub struct Channel {
    pub at: Position,
    /// All publications of this epoch.
    pub said: Vec<PublicationBytes>,
    /// Core and user of every subscription.
    pub subscriptions: Vec<(u16, String)>,
    pub kept: Vec<Kept>,
    /// The newest offset that is not kept.
    pub gone: u64,
    /// In a realm: the life it belongs to.
    pub life: u64,
}

impl Channel {
    /// Whether nobody hears it and it keeps nothing.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.subscriptions.is_empty()
    }
}

/// A publication as it is kept.
pub struct Kept {
    pub at_ms: u64,
    pub publication: Publication,
}

impl Kept {
    pub fn bytes(&self) -> PublicationBytes {
        self.publication.archive(&mut AlignedVec::new())
    }

    /// Whether it says something, and does not only tell of that.
    pub fn is_said(&self) -> bool {
        !matches!(
            self.publication.body,
            Body::MessageTouched { .. }
                | Body::MessageDeleted { .. }
                | Body::RoomCreated { .. }
                | Body::RoomDeleted { .. }
                | Body::UserOnline
                | Body::UserOffline
        )
    }

    pub fn message(&self, channel: &ChannelName) -> Option<Message> {
        let (content, kind, updated_ms) = match &self.publication.body {
            Body::MessageCreated { content, kind } => (content, kind, None),
            Body::MessageRewritten { content, kind, updated_ms } => (content, kind, Some(*updated_ms)),
            _ => return None,
        };
        Some(Message {
            channel: channel.clone(),
            position: Position { epoch: self.publication.born, offset: self.publication.offset },
            author: self.publication.publisher.clone(),
            content: content.clone(),
            kind: kind.clone(),
            created_ms: self.publication.time_ms,
            updated_ms,
        })
    }
}

impl Channel {
    pub fn members(&self) -> BTreeSet<String> {
        self.subscriptions.iter().map(|(_, user)| user.clone()).collect()
    }

    /// What history has of an offset.
    pub fn find(&self, offset: u64) -> Option<&Kept> {
        self.kept.iter().find(|kept| kept.publication.offset == offset)
    }

    /// What an entry is told as: an edit as its message stands.
    pub fn told(&self, kept: &Kept) -> Option<PublicationBytes> {
        let Body::MessageTouched { of } = kept.publication.body else { return Some(kept.bytes()) };
        let message = &self.find(of)?.publication;
        let (body, time_ms) = match &message.body {
            Body::MessageRewritten { content, kind, updated_ms } => {
                let (of, author) = (Position { epoch: message.born, offset: of }, message.publisher.clone());
                let (content, kind, created_ms) = (content.clone(), kind.clone(), message.time_ms);
                (Body::MessageUpdated { of, author, created_ms, content, kind }, *updated_ms)
            }
            deleted @ Body::MessageDeleted { .. } => (deleted.clone(), message.time_ms),
            other => panic!("an edit of {other:?}"),
        };
        Some(Publication { body, time_ms, ..kept.publication.clone() }.archive(&mut AlignedVec::new()))
    }

    pub fn recover(&self, from: Position) -> Recovery {
        let same = from.epoch == self.at.epoch;
        if from == self.at {
            return Recovery::Complete(Vec::new());
        }
        if same && from.offset > self.at.offset {
            return Recovery::Gap(Vec::new());
        }
        let after: Vec<_> = self.kept.iter().filter(|kept| kept.publication.offset > from.offset).collect();
        let told: Vec<_> = after.iter().filter_map(|kept| self.told(kept)).collect();
        if same && from.offset >= self.gone && told.len() as u64 == self.at.offset - from.offset {
            return Recovery::Complete(told);
        }
        Recovery::Gap(self.kept.iter().filter_map(|kept| self.told(kept)).collect())
    }

    /// Lets go of the oldest that says something, or that tells of it.
    pub fn drop_oldest(&mut self, said: bool) {
        let place = self.kept.iter().position(|kept| kept.is_said() == said).expect("there is one");
        let offset = self.kept.remove(place).publication.offset;
        self.lose(offset);
    }

    pub fn lose(&mut self, offset: u64) {
        let gone = self.gone.max(offset);
        self.gone = gone;
        self.kept.retain(|kept| kept.is_said() || kept.publication.offset > gone);
    }

    pub fn count(&self, said: bool) -> usize {
        self.kept.iter().filter(|kept| kept.is_said() == said).count()
    }

    pub fn trim(&mut self, bounds: &HistoryBounds) {
        if bounds.count_max == 0 {
            self.kept.clear();
            return self.lose(self.at.offset);
        }
        while self.kept.iter().map(|kept| kept.bytes().len()).sum::<usize>() > bounds.bytes_max as usize {
            self.drop_oldest(self.count(false) == 0);
        }
        for said in [true, false] {
            while self.count(said) > bounds.count_max as usize {
                self.drop_oldest(said);
            }
        }
        if self.kept.is_empty() {
            self.gone = self.at.offset;
        }
    }

    pub fn age(&mut self, now: Now, age_ms_max: u64) {
        for said in [true, false] {
            let old = |kept: &Kept| kept.is_said() == said && now.monotonic_ms() - kept.at_ms > age_ms_max;
            while self.kept.iter().any(old) {
                self.drop_oldest(said);
            }
        }
        if self.kept.is_empty() {
            self.gone = self.at.offset;
        }
    }

    /// What a publication does to what was said before.
    pub fn apply(&mut self, publication: &mut Publication) {
        match publication.body.clone() {
            Body::MessageUpdated { of, content, kind, .. } => {
                let updated_ms = publication.time_ms;
                publication.body = Body::MessageTouched { of: of.offset };
                let message = self.kept.iter_mut().find(|kept| kept.publication.offset == of.offset);
                let body = &mut message.expect("it was found").publication.body;
                *body = Body::MessageRewritten { content, kind, updated_ms };
            }
            deleted @ Body::MessageDeleted { of, .. } => {
                let place = self.kept.iter().position(|kept| kept.publication.offset == of.offset);
                let left = &mut self.kept[place.expect("it was found")].publication;
                (left.body, left.time_ms) = (deleted, publication.time_ms);
                self.lose(0);
            }
            Body::RoomDeleted { .. } => {
                self.kept.clear();
                self.lose(publication.offset - 1);
            }
            _ => {}
        }
    }
}
