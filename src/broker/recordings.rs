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
        self.give_up(change);
        match &change.is {
            Some(recording) => self.insert(recording.clone()),
            None => self.remove(&change.id),
        }
    }

    /// The end of a recording that was claimed could not be brought about: it is to be tried again.
    pub fn give_up_end(&mut self, id: &Arc<str>) {
        self.changing.remove(id);
        self.want_end(id);
    }

    /// A recording that runs is to end, as soon as that can be asked for.
    pub fn want_end(&mut self, id: &Arc<str>) {
        if self.by_id.get(id).is_some_and(|one| one.ended_ms.is_none()) {
            self.to_end.insert(id.clone());
        }
    }

    /// Whether a recording is about to end, or to go.
    pub fn is_changing(&self, id: &str) -> bool {
        self.changing.contains(id) || self.to_end.contains(id)
    }

    /// Recordings that are to end and do not yet.
    pub fn wanted_ends(&self) -> Vec<Arc<str>> {
        self.to_end.difference(&self.changing).cloned().collect()
    }

    /// Records of which more is known than is stored, and that nothing else is written of.
    pub fn unstored(&self) -> Vec<Arc<Recording>> {
        let ids = self.unstored.difference(&self.changing);
        ids.filter_map(|id| self.by_id.get(id).cloned()).collect()
    }

    /// A record is stored as it was; what happened since is not.
    pub fn stored(&mut self, recording: &Recording) {
        if self.by_id.get(&recording.id).is_some_and(|one| **one == *recording) {
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
        let runs = |id| self.by_id.get(id).is_some_and(|one: &Arc<Recording>| one.ended_ms.is_none());
        assert!(self.running.values().all(runs), "what runs is known and not over");
        assert!(self.to_end.iter().all(runs), "what is over does not end again");
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
mod tests {
    use super::*;
    use crate::base::limits::{Limits, PeopleLimits};
    use crate::model::people::call::CallKind;

    fn table(recordings_max: u32) -> Recordings {
        let people = PeopleLimits { recordings_max, ..PeopleLimits::default() };
        Recordings::new(KeyedState::new(7, 7), Limits { people, ..Limits::default() }.into())
    }

    fn recording(id: &str, started_ms: u64) -> Recording {
        Recording {
            id: id.into(),
            call: format!("call of {id}").into(),
            conversation: Some("c1".into()),
            kind: CallKind::Audio,
            started_by: "ada".into(),
            started_ms,
            ended_ms: None,
            people: Arc::from([UserId::from("ada")]),
            bytes: 0,
        }
    }

    fn begin(table: &mut Recordings, id: &str, started_ms: u64) {
        let change = table.decide_begin(recording(id, started_ms)).expect("begins");
        table.apply(&change);
    }

    fn end(table: &mut Recordings, id: &str, unix_ms: u64, people: &[&str]) {
        people.iter().for_each(|one| table.note_person(id, &UserId::from(*one)));
        let now = Now { unix_ms, monotonic_us: 0 };
        table.claim_end(id).expect("runs");
        table.end(now, id, 1).expect("ends");
    }

    fn ids(found: &[Arc<Recording>]) -> Vec<&str> {
        found.iter().map(|one| &*one.id).collect()
    }

    #[test]
    fn one_runs_until_its_end_and_is_listed_then_for_whoever_may_see_it() {
        let mut table = table(10);
        begin(&mut table, "r1", 1_000);
        assert_eq!(table.running("call of r1").map(|one| one.id.clone()), Some("r1".into()));
        assert!(table.of("c1", 9, None).is_empty());
        assert_eq!(table.get("r1", "bob").unwrap_err().code, FaultCode::Forbidden);
        assert_eq!(table.decide_delete("r1", "ada").unwrap_err().code, FaultCode::Conflict);
        end(&mut table, "r1", 4_500, &["eve", "bob", "ada", "bob"]);
        assert_eq!(table.running("call of r1"), None);
        assert_eq!(table.get("r1", "bob").unwrap().duration_s(), Some(3));
        begin(&mut table, "r2", 9_000);
        table.invariants();
        end(&mut table, "r2", 9_000, &["ada"]);
        assert_eq!(ids(&table.of("c1", 9, None)), ["r2", "r1"]);
        assert_eq!(ids(&table.of("c1", 1, None)), ["r2"]);
        assert_eq!(ids(&table.of("c1", 9, Some("eve"))), ["r1"]);
        assert!(table.of("c2", 9, None).is_empty());
        let now = Now { unix_ms: 1, monotonic_us: 0 };
        assert_eq!(table.end(now, "r1", 1).unwrap_err().code, FaultCode::NotFound);
    }

    #[test]
    fn a_recording_goes_when_who_began_it_wants_that() {
        let mut table = table(1);
        begin(&mut table, "r1", 1_000);
        end(&mut table, "r1", 2_000, &["ada", "bob"]);
        assert_eq!(table.decide_begin(recording("r2", 1)).unwrap_err().code, FaultCode::LimitExceeded);
        assert_eq!(table.decide_delete("r1", "bob").unwrap_err().code, FaultCode::Forbidden);
        let change = table.decide_delete("r1", "ada").expect("may");
        assert_eq!(table.decide_delete("r1", "ada").unwrap_err().code, FaultCode::Conflict, "it is claimed");
        table.give_up(&change);
        assert!(table.get("r1", "ada").is_ok(), "what could not be stored has not happened");
        let change = table.decide_delete("r1", "ada").expect("may again");
        table.apply(&change);
        assert_eq!(table.get("r1", "ada").unwrap_err().code, FaultCode::NotFound);
        table.invariants();
        assert!(table.by_conversation.is_empty() && table.running.is_empty() && table.changing.is_empty());
    }

    #[test]
    fn one_that_ran_when_the_node_stopped_is_over() {
        let mut table = table(10);
        table.restore(&Arc::new(recording("r1", 1_000)));
        assert_eq!(table.running("call of r1"), None);
        assert_eq!(table.get("r1", "ada").unwrap().ended_ms, Some(1_000));
    }

    #[test]
    fn what_is_over_is_over_before_it_is_stored_and_is_stored_with_whoever_came() {
        let mut table = table(10);
        begin(&mut table, "r1", 1_000);
        table.note_person("r1", &"bob".into());
        let before = table.unstored();
        assert_eq!(before.len(), 1);
        table.claim_end("r1").expect("runs");
        table.note_person("r1", &"eve".into());
        assert!(table.unstored().is_empty(), "its end comes first");
        let over = table.end(Now { unix_ms: 2_000, monotonic_us: 0 }, "r1", 7).expect("ends");
        assert!(table.get("r1", "eve").is_ok_and(|one| one.ended_ms == Some(2_000) && one.bytes == 7));
        assert_eq!((table.running("call of r1"), table.of("c1", 9, None).len()), (None, 1));
        table.stored(&before[0]);
        assert_eq!(table.unstored(), std::slice::from_ref(&over), "what is stored is as it was before");
        table.stored(&over);
        assert!(table.unstored().is_empty());
        table.invariants();
    }

    #[test]
    fn an_end_that_could_not_be_is_wanted_until_it_is() {
        let mut table = table(10);
        begin(&mut table, "r1", 1_000);
        let id = Arc::<str>::from("r1");
        assert!(!table.is_changing("r1"));
        table.claim_end("r1").expect("runs");
        assert!(table.is_changing("r1") && table.wanted_ends().is_empty());
        table.give_up_end(&id);
        assert_eq!(table.wanted_ends(), std::slice::from_ref(&id));
        end(&mut table, "r1", 2_000, &[]);
        assert!(table.wanted_ends().is_empty() && !table.is_changing("r1"));
        table.want_end(&id);
        assert!(table.wanted_ends().is_empty(), "it is over");
        table.invariants();
    }

    #[test]
    fn nobody_takes_the_room_of_others_and_what_is_old_goes() {
        let mut table = table(8);
        let of = |id: &str, user: &str| Recording { started_by: user.into(), ..recording(id, 1_000) };
        let taken = (0..8).filter(|number| {
            let change = table.decide_begin(of(&format!("r{number}"), "greedy"));
            change.map(|change| table.apply(&change)).is_ok()
        });
        assert_eq!(taken.count(), 4);
        let change = table.decide_begin(of("late", "eve")).expect("has room");
        table.apply(&change);
        for (at, id) in ["r0", "r1", "r2", "late"].into_iter().enumerate() {
            end(&mut table, id, 5_000 + at as u64, &[]);
        }
        let forgotten = table.decide_forget(5_003, 2);
        let ids: Vec<&str> = forgotten.iter().map(|one| &*one.id).collect();
        assert_eq!(ids, ["r0", "r1"], "the oldest, some at a time");
        assert_eq!(table.decide_forget(5_003, 2).len(), 1);
        assert!(table.decide_forget(5_003, 2).is_empty(), "each once");
        forgotten.iter().for_each(|change| table.apply(change));
        table.invariants();
        assert!(table.decide_begin(of("r9", "greedy")).is_ok(), "there is room again");
    }
}
