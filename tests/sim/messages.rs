//! What must be true of chat messages: a text that was deleted is told to nobody who asks later, and a message that was
//! written is there until others like it have pushed it out.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Messages {
    /// Messages that must be there, by id, with their channels.
    written: BTreeMap<String, String>,
    /// Messages whose deletion was asked for: they may be gone.
    doubted: BTreeSet<String>,
    /// Messages whose deletion was answered: as how many-th of all, and of which channel.
    deleted: BTreeMap<String, (usize, String)>,
    /// Deletions that were answered.
    pub deletions: usize,
}

impl Messages {
    /// The node starts anew: what does not survive may be gone, and the deletion of it forgotten.
    pub fn restart(&mut self, survives: impl Fn(&str) -> bool) {
        self.written.retain(|_, channel| survives(channel));
        self.deleted.retain(|_, (_, channel)| survives(channel));
    }

    pub fn written(&mut self, channel: &str, id: &str) {
        self.written.insert(id.to_owned(), channel.to_owned());
    }

    /// Somebody asks for a deletion.
    pub fn doubt(&mut self, id: &str) {
        self.doubted.insert(id.to_owned());
    }

    /// A deletion was answered.
    pub fn deleted(&mut self, channel: &str, id: &str) {
        self.deletions += 1;
        self.deleted.entry(id.to_owned()).or_insert((self.deletions, channel.to_owned()));
    }

    /// A text of a message was told to somebody who asked after so many deletions.
    pub fn told(&self, id: &str, deletions: usize) {
        let before = self.deleted.get(id).filter(|(number, _)| *number <= deletions);
        assert!(before.is_none(), "{id} was deleted before this was asked, and is told all the same");
    }

    /// The messages of a channel that nobody asked to delete.
    pub fn kept<'a>(&'a self, channel: &'a str) -> impl Iterator<Item = &'a str> {
        let here = self.written.iter().filter(move |(_, of)| *of == channel).map(|(id, _)| id.as_str());
        here.filter(|id| !self.doubted.contains(*id))
    }
}
