//! What meetings may be at any moment, as far as those know who changed them: each change took place at some moment
//! between its request and its answer, or not at all.

use std::collections::{BTreeMap, BTreeSet};

pub type Step = u64;

/// A message: its batch, the version of that, and which of the batch it is.
pub type Sent = (usize, usize, usize);

pub const NEVER: Step = Step::MAX;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    Done,
    /// Nobody had to store anything.
    Refused,
    /// It was not stored, so it did not happen; but the disk may have it all the same.
    Failed,
    Unknown,
}

/// When a change took place, if it did.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub asked: Step,
    pub answered: Step,
    pub fate: Fate,
    /// The disk may have it though it failed, until something else is stored.
    doubtful: bool,
}

impl Moment {
    pub fn may(&self) -> bool {
        matches!(self.fate, Fate::Done | Fate::Unknown)
    }

    pub fn is_done(&self) -> bool {
        self.fate == Fate::Done
    }

    /// Whether it may have taken place within these steps.
    pub fn may_within(&self, from: Step, to: Step) -> bool {
        self.may() && self.asked <= to && self.answered >= from
    }
}

/// What a meeting's record says. Members are indices of users; the creator is not among them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    pub members: BTreeSet<usize>,
    pub started: String,
    pub ended: String,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Put(Record),
    Clear,
    Delete,
}

/// What the keeper of a meeting did with it; one after the other.
#[derive(Clone, Debug)]
pub struct Change {
    pub moment: usize,
    pub kind: Kind,
}

/// A version of some messages that were added in one request.
#[derive(Clone, Debug)]
pub struct Batch {
    pub moment: usize,
    pub meeting: usize,
    pub count: usize,
}

/// Everything that everybody knows.
#[derive(Default)]
pub struct Truth {
    pub step: Step,
    pub moments: Vec<Moment>,
    /// Of each meeting.
    pub changes: Vec<Vec<Change>>,
    /// By number, then version.
    pub batches: Vec<Vec<Batch>>,
    pub counts: BTreeMap<&'static str, u64>,
}

impl Truth {
    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// A change is asked for.
    pub fn ask(&mut self) -> usize {
        self.moments.push(Moment { asked: self.step, answered: NEVER, fate: Fate::Unknown, doubtful: false });
        self.moments.len() - 1
    }

    /// It is answered. What is not known may still come later.
    pub fn answer(&mut self, moment: usize, fate: Fate) {
        let asked = self.moments[moment].asked;
        if fate == Fate::Done {
            // What was said to have failed was put back before.
            let settled = |one: &&mut Moment| one.doubtful && one.answered < asked;
            self.moments.iter_mut().filter(settled).for_each(|one| one.doubtful = false);
        }
        let one = &mut self.moments[moment];
        one.fate = fate;
        (one.answered, one.doubtful) = match fate {
            Fate::Unknown => (NEVER, false),
            Fate::Failed => (self.step, true),
            Fate::Refused | Fate::Done => (self.step, false),
        };
    }

    /// Nothing is under way any more.
    pub fn rest(&mut self) {
        let step = self.step;
        let open = self.moments.iter_mut().filter(|one| one.answered == NEVER);
        open.for_each(|one| one.answered = step);
    }

    /// The node was killed.
    pub fn crashed(&mut self) {
        self.rest();
        for one in self.moments.iter_mut().filter(|one| one.doubtful) {
            (one.doubtful, one.fate, one.answered) = (false, Fate::Unknown, self.step);
        }
    }

    pub fn moment(&self, change: &Change) -> &Moment {
        &self.moments[change.moment]
    }

    /// What a record may have been at some time within these steps.
    pub fn states(&self, meeting: usize, from: Step, to: Step) -> Vec<Option<&Record>> {
        let mut states = vec![None];
        for change in &self.changes[meeting] {
            let moment = self.moment(change);
            let state = match &change.kind {
                Kind::Put(record) => Some(record),
                Kind::Delete => None,
                Kind::Clear => continue,
            };
            if !moment.may() || moment.asked > to {
                continue;
            }
            if moment.is_done() && moment.answered < from {
                states.clear();
            }
            states.push(state);
        }
        states
    }

    /// Whether somebody may have been answered so within these steps; the keeper is user 0.
    pub fn may_answer(&self, meeting: usize, user: usize, status: u16, from: Step, to: Step) -> bool {
        self.states(meeting, from, to).iter().any(|state| {
            status
                == match state {
                    None => 404,
                    Some(record) if user == 0 || record.members.contains(&user) => 200,
                    Some(_) => 403,
                }
        })
    }

    /// Whenever messages may have been deleted.
    fn clears(&self, meeting: usize) -> impl Iterator<Item = &Moment> {
        let all = self.changes[meeting].iter().filter(|change| !matches!(change.kind, Kind::Put(_)));
        all.map(|change| self.moment(change)).filter(|moment| moment.may())
    }

    /// Whether nothing may have been deleted within these steps.
    fn is_calm(&self, meeting: usize, from: Step, to: Step) -> bool {
        !self.clears(meeting).any(|clear| clear.may_within(from, to))
    }

    /// Checks the messages of a meeting, as somebody found them within these steps: batch, version, place in the batch.
    pub fn check_messages(&self, meeting: usize, found: &[Sent], from: Step, to: Step) {
        let calm = self.is_calm(meeting, from, to);
        let mut seen: BTreeMap<usize, Vec<(usize, usize, usize)>> = BTreeMap::new();
        for (at, (batch, version, index)) in found.iter().enumerate() {
            self.check_message(meeting, *batch, *version, *index, from, to);
            seen.entry(*batch).or_default().push((at, *version, *index));
        }
        for (batch, messages) in seen.iter().filter(|_| calm) {
            let versions = &self.batches[*batch];
            let first = messages[0].0;
            let whole: Vec<_> = (0..versions[0].count).map(|index| (first + index, index)).collect();
            let came: Vec<_> = messages.iter().map(|(at, _, index)| (*at, *index)).collect();
            assert_eq!(came, whole, "batch {batch} is there whole, once, in its order: {found:?}");
            let moments = versions.iter().map(|version| &self.moments[version.moment]);
            if !moments.clone().any(|moment| moment.may_within(from, to)) {
                let same = messages.iter().all(|(_, version, _)| *version == messages[0].1);
                assert!(same, "batch {batch} is of one version: {messages:?}");
            }
        }
        for (number, versions) in self.batches.iter().enumerate() {
            if versions[0].meeting == meeting
                && versions.iter().any(|version| self.must_be(version, from, to))
            {
                assert!(
                    seen.contains_key(&number),
                    "batch {number} is missing from {from} to {to}: {found:?}"
                );
            }
        }
        if calm {
            self.check_order(&seen);
        }
    }

    fn check_message(
        &self,
        meeting: usize,
        batch: usize,
        version: usize,
        index: usize,
        from: Step,
        to: Step,
    ) {
        let known = self.batches.get(batch).and_then(|versions| versions.get(version));
        let known = known.unwrap_or_else(|| panic!("nobody added batch {batch} version {version}"));
        assert!(known.meeting == meeting && index < known.count, "batch {batch} belongs elsewhere");
        let put = &self.moments[known.moment];
        assert!(put.may() && put.asked <= to, "batch {batch} was refused, and is there");
        let gone = |clear: &&Moment| clear.is_done() && clear.asked > put.answered && clear.answered < from;
        assert!(!self.clears(meeting).any(|clear| gone(&clear)), "batch {batch} was deleted, and is there");
        let later = self.batches[batch][version + 1..].iter().map(|later| &self.moments[later.moment]);
        let replaced = later.filter(|later| later.is_done() && later.answered < from).count();
        assert_eq!(replaced, 0, "version {version} of batch {batch} was replaced, and is there");
    }

    fn must_be(&self, version: &Batch, from: Step, to: Step) -> bool {
        let put = &self.moments[version.moment];
        let kept = || !self.clears(version.meeting).any(|clear| clear.may_within(put.asked, to));
        put.is_done() && put.answered < from && kept()
    }

    /// What was answered before other messages were asked for comes before them.
    fn check_order(&self, seen: &BTreeMap<usize, Vec<(usize, usize, usize)>>) {
        let single = seen.iter().filter(|(batch, _)| self.batches[**batch].len() == 1);
        let mut single: Vec<_> = single
            .map(|(batch, messages)| (messages[0].0, self.moments[self.batches[*batch][0].moment]))
            .collect();
        single.sort_by_key(|(at, _)| *at);
        let mut latest_asked = 0;
        for (_, moment) in single {
            assert!(moment.answered >= latest_asked, "messages are in the order of their requests");
            latest_asked = latest_asked.max(moment.asked);
        }
    }
}
