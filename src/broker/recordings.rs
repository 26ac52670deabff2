//! The recordings whose records are at home on one core. Stored: a change is decided, which claims the recording, then
//! stored by whoever called, then applied, or given up. What is heard and seen is a recorder's; it begins a record with
//! [`Recordings::decide_begin`] and ends it with [`Recordings::end`], which needs no disk: what is over is over, and the record
//! of it is stored when the disk takes it.

use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::ledger::Ledger;
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::model::fault::{Fault, FaultCode, Subject};
use crate::model::people::UserId;
use crate::model::people::recording::Recording;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Recordings of one conversation, so that a list of some of them is made in one go.
pub const PER_CONVERSATION_MAX: usize = 10_000;

/// A change that is decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordingChange {
    /// Which recording.
    pub id: Arc<str>,
    /// What is kept of it from then on; `None` if it is forgotten.
    pub is: Option<Arc<Recording>>,
}

/// Recordings by begin and id.
type InOrder = BTreeMap<(u64, Arc<str>), Arc<Recording>>;

/// The recordings whose records are at home on one core: by their ids, which are made where the home of their call is.
pub struct Recordings {
    by_id: KeyedMap<Arc<str>, Arc<Recording>>,
    /// Those of each conversation.
    by_conversation: KeyedMap<Arc<str>, InOrder>,
    /// The recording that runs, of each call that has one.
    running: KeyedMap<Arc<str>, Arc<str>>,
    changing: BTreeSet<Arc<str>>,
    /// Calls whose recording begins.
    beginning: BTreeSet<Arc<str>>,
    /// How many of them each began.
    starters: Ledger<()>,
    /// Those that are over, by their end.
    ended: BTreeSet<(u64, Arc<str>)>,
    /// Those that run and are to end, which could not be asked for yet.
    to_end: BTreeSet<Arc<str>>,
    /// Those of which more is known than is stored: that they are over, and who was there.
    unstored: BTreeSet<Arc<str>>,
    /// Those of them that are on their way to the disk.
    storing: BTreeSet<Arc<str>>,
    limits: InForce,
}

impl Recordings {
    /// No recordings yet.
    pub fn new(hasher: KeyedState, limits: InForce) -> Self {
        Self {
            by_id: KeyedMap::with_hasher(hasher),
            by_conversation: KeyedMap::with_hasher(hasher),
            running: KeyedMap::with_hasher(hasher),
            changing: BTreeSet::new(),
            beginning: BTreeSet::new(),
            starters: Ledger::new(hasher),
            ended: BTreeSet::new(),
            to_end: BTreeSet::new(),
            unstored: BTreeSet::new(),
            storing: BTreeSet::new(),
            limits,
        }
    }

    /// One that was stored. If it ran, it ended with the node that made it.
    pub fn restore(&mut self, recording: &Arc<Recording>) {
        self.insert(match recording.ended_ms {
            Some(_) => recording.clone(),
            None => {
                Arc::new(Recording { ended_ms: Some(recording.started_ms), ..Recording::clone(recording) })
            }
        });
    }

    fn insert(&mut self, recording: Arc<Recording>) {
        match recording.ended_ms {
            None => self.running.insert(recording.call.clone(), recording.id.clone()),
            Some(_) if self.running.get(&recording.call) == Some(&recording.id) => {
                self.running.remove(&recording.call)
            }
            Some(_) => None,
        };
        if let Some(conversation) = &recording.conversation {
            let of = self.by_conversation.entry(conversation.clone()).or_default();
            of.insert((recording.started_ms, recording.id.clone()), recording.clone());
        }
        if let Some(ended_ms) = recording.ended_ms {
            self.ended.insert((ended_ms, recording.id.clone()));
            self.to_end.remove(&recording.id);
        }
        let starter = recording.started_by.clone();
        if self.by_id.insert(recording.id.clone(), recording).is_none() {
            self.starters.take(&starter);
        }
    }

    fn remove(&mut self, id: &str) {
        let Some(recording) = self.by_id.remove(id) else { return };
        self.starters.give_back_of(&recording.started_by);
        self.ended.remove(&(recording.ended_ms.unwrap_or_default(), recording.id.clone()));
        self.to_end.remove(id);
        self.unstored.remove(id);
        if self.running.get(&recording.call) == Some(&recording.id) {
            self.running.remove(&recording.call);
        }
        let Some(conversation) = &recording.conversation else { return };
        if let Some(of) = self.by_conversation.get_mut(conversation) {
            of.remove(&(recording.started_ms, recording.id.clone()));
            if of.is_empty() {
                self.by_conversation.remove(conversation);
            }
        }
    }

    /// Decides that a recording begins, and claims it.
    ///
    /// # Errors
    /// There are too many, or it is being changed.
    pub fn decide_begin(&mut self, recording: Recording) -> Result<RecordingChange, Fault> {
        if self.beginning.contains(&recording.call) {
            return Err(conflict("A recording of this call is about to begin. Try again shortly."));
        }
        let conversation = recording.conversation.as_ref();
        let of = conversation.and_then(|id| self.by_conversation.get(id)).map_or(0, BTreeMap::len);
        let recordings_max = self.limits.get().people.recordings_max as usize;
        if self.by_id.len() + self.changing.len() >= recordings_max || of >= PER_CONVERSATION_MAX {
            let message = "As many recordings are kept as may be. Delete some.";
            return Err(Fault::new(FaultCode::LimitExceeded, message).about(Subject::Recording));
        }
        if !self.starters.leaves_a_share(&recording.started_by, self.limits.get().people.recordings_max) {
            let message = "You began as many of the recordings that are kept as there is room for beside those of others. \
                           Delete some.";
            return Err(Fault::new(FaultCode::LimitExceeded, message).about(Subject::Recording));
        }
        self.claim(&recording.id)?;
        self.beginning.insert(recording.call.clone());
        Ok(RecordingChange { id: recording.id.clone(), is: Some(Arc::new(recording)) })
    }

    /// Decides that a recording that runs is about to end, and claims it until [`Recordings::end`].
    ///
    /// # Errors
    /// There is none that runs, or it ends already.
    pub fn claim_end(&mut self, id: &str) -> Result<(), Fault> {
        let runs = self.by_id.get(id).filter(|recording| recording.ended_ms.is_none());
        let id = runs.ok_or_else(not_found)?.id.clone();
        self.claim(&id)
    }

    /// A recording of which the end was claimed is over, with a file of so many bytes. Its record as it is then, which is
    /// [`Recordings::unstored`].
    ///
    /// # Errors
    /// There is none that runs.
    pub fn end(&mut self, now: Now, id: &str, bytes: u64) -> Result<Arc<Recording>, Fault> {
        let runs = self.by_id.get(id).filter(|recording| recording.ended_ms.is_none());
        let recording = Recording::clone(runs.ok_or_else(not_found)?);
        let ended = Arc::new(Recording { ended_ms: Some(now.unix_ms), bytes, ..recording });
        self.changing.remove(id);
        self.unstored.insert(ended.id.clone());
        self.insert(ended.clone());
        Ok(ended)
    }

    /// Decides that a recording is forgotten, and claims it. Who began it may do that, once it is over.
    ///
    /// # Errors
    /// There is none, somebody else began it, it runs, or it is being changed.
    pub fn decide_delete(&mut self, id: &str, user: &str) -> Result<RecordingChange, Fault> {
        let recording = self.by_id.get(id).ok_or_else(not_found)?.clone();
        if *recording.started_by != *user {
            let message = "Only who began this recording may delete it.";
            return Err(Fault::new(FaultCode::Forbidden, message).about(Subject::Recording));
        }
        if recording.ended_ms.is_none() {
            return Err(conflict("This recording runs. Stop it first."));
        }
        self.claim(&recording.id)?;
        Ok(RecordingChange { id: recording.id.clone(), is: None })
    }

    fn claim(&mut self, id: &Arc<str>) -> Result<(), Fault> {
        if self.changing.insert(id.clone()) {
            return Ok(());
        }
        Err(conflict("Another change of this recording is on its way to the disk. Try again."))
    }

    /// A change is stored.
    pub fn apply(&mut self, change: &RecordingChange) {
        match &change.is {
            Some(recording) => self.insert(recording.clone()),
            None => self.remove(&change.id),
        }
        self.give_up(change);
    }

    /// The end of a recording that was claimed could not be brought about: it is to be tried again.
    pub fn give_up_end(&mut self, id: &Arc<str>) {
        self.changing.remove(id);
        self.want_end(id);
    }

    /// A recording that runs, or is about to, is to end as soon as that can be asked for.
    pub fn want_end(&mut self, id: &Arc<str>) {
        if self.runs(id) || self.begins(id) {
            self.to_end.insert(id.clone());
        }
    }

    fn runs(&self, id: &str) -> bool {
        self.by_id.get(id).is_some_and(|one| one.ended_ms.is_none())
    }

    /// Whether a recording is about to run.
    fn begins(&self, id: &str) -> bool {
        self.changing.contains(id) && !self.by_id.contains_key(id)
    }

    /// Whether a recording is about to end, or to go.
    pub fn is_changing(&self, id: &str) -> bool {
        self.changing.contains(id) || self.to_end.contains(id)
    }

    /// Recordings that are to end and do not yet.
    pub fn wanted_ends(&self) -> Vec<Arc<str>> {
        self.to_end.difference(&self.changing).cloned().collect()
    }

    /// Records of which more is known than is stored, and that nothing is written of.
    pub fn unstored(&self) -> Vec<Arc<Recording>> {
        let ids =
            self.unstored.iter().filter(|id| !self.changing.contains(*id) && !self.storing.contains(*id));
        ids.filter_map(|id| self.by_id.get(id).cloned()).collect()
    }

    /// A record is on its way to the disk.
    pub fn store(&mut self, recording: &Recording) {
        self.storing.insert(recording.id.clone());
    }

    /// A record is stored as it was, or could not be; what happened since is not.
    pub fn stored(&mut self, recording: &Recording, is_done: bool) {
        self.storing.remove(&recording.id);
        if is_done && self.by_id.get(&recording.id).is_some_and(|one| **one == *recording) {
            self.unstored.remove(&recording.id);
        }
    }

    /// Decides that up to `count_max` recordings are forgotten that were over before this moment, milliseconds since 1970, and
    /// claims them.
    pub fn decide_forget(&mut self, before_ms: u64, count_max: usize) -> Vec<RecordingChange> {
        let old = self.ended.iter().take_while(|(ended_ms, _)| *ended_ms < before_ms);
        let free = old.filter(|(_, id)| !self.changing.contains(id)).take(count_max);
        let ids: Vec<Arc<str>> = free.map(|(_, id)| id.clone()).collect();
        self.changing.extend(ids.iter().cloned());
        ids.into_iter().map(|id| RecordingChange { id, is: None }).collect()
    }

    /// A change could not be stored.
    pub fn give_up(&mut self, change: &RecordingChange) {
        self.changing.remove(&change.id);
        if let Some(recording) = &change.is {
            self.beginning.remove(&recording.call);
        }
        if !self.by_id.contains_key(&change.id) {
            self.to_end.remove(&change.id);
        }
    }

    /// Somebody talks in a call that is recorded: it may see the recording.
    pub fn note_person(&mut self, id: &str, user: &UserId) {
        let Some(recording) = self.by_id.get(id) else { return };
        let Err(at) = recording.people.binary_search(user) else { return };
        let mut people = recording.people.to_vec();
        people.insert(at, user.clone());
        let recording = Arc::new(Recording { people: people.into(), ..Recording::clone(recording) });
        self.unstored.insert(recording.id.clone());
        self.insert(recording);
    }

    /// A recording that is kept or runs.
    pub fn find(&self, id: &str) -> Option<&Arc<Recording>> {
        self.by_id.get(id)
    }

    /// The recordings that run, with their calls.
    pub fn all_running(&self) -> impl Iterator<Item = &Arc<str>> {
        self.running.values()
    }

    /// A recording, for somebody who may see it.
    ///
    /// # Errors
    /// There is none, or it is of a call of other people.
    pub fn get(&self, id: &str, user: &str) -> Result<Arc<Recording>, Fault> {
        let recording = self.by_id.get(id).ok_or_else(not_found)?;
        if recording.is_of(user) {
            return Ok(recording.clone());
        }
        let message = "This is a recording of a call of other people.";
        Err(Fault::new(FaultCode::Forbidden, message).about(Subject::Recording))
    }

    /// The recording of a call that runs.
    pub fn running(&self, call: &str) -> Option<Arc<Recording>> {
        self.by_id.get(self.running.get(call)?).cloned()
    }

    /// Recordings of a conversation that are over, newest first, `count_max` at most: all of them, or those that `user`
    /// may see.
    pub fn of(&self, conversation: &str, count_max: usize, user: Option<&str>) -> Vec<Arc<Recording>> {
        let all = self.by_conversation.get(conversation).into_iter().flat_map(|of| of.values().rev());
        let shown = all.filter(|recording| recording.ended_ms.is_some());
        let shown = shown.filter(|recording| user.is_none_or(|user| recording.is_of(user)));
        shown.take(count_max).cloned().collect()
    }

    /// Changes on their way to the disk.
    pub fn changing(&self) -> usize {
        self.changing.len()
    }

    /// Asserts what must always hold; for tests and the simulator.
    pub fn invariants(&self) {
        let listed: usize = self.by_conversation.values().map(BTreeMap::len).sum();
        assert!(
            self.by_conversation.values().all(|of| !of.is_empty()),
            "no conversation is kept for nothing"
        );
        let of_conversations = self.by_id.values().filter(|one| one.conversation.is_some()).count();
        assert_eq!(listed, of_conversations, "every recording of a conversation is listed once");
        assert!(self.running.values().all(|id| self.runs(id)), "what runs is known and not over");
        let may_end = |id: &Arc<str>| self.runs(id) || self.begins(id);
        assert!(self.to_end.iter().all(may_end), "what is over does not end again");
        let over = self.by_id.values().filter(|one| one.ended_ms.is_some()).count();
        assert_eq!(self.ended.len(), over, "what is over is listed by its end once");
        assert_eq!(self.starters.things() as usize, self.by_id.len(), "every recording is somebody's");
        self.starters.invariants();
    }
}

fn not_found() -> Fault {
    Fault::new(FaultCode::NotFound, "There is no such recording.").about(Subject::Recording)
}

fn conflict(message: &'static str) -> Fault {
    Fault::new(FaultCode::Conflict, message).about(Subject::Recording)
}

#[cfg(test)]
mod tests;
