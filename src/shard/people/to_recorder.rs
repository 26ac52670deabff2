//! What waits to be said to the recorder: of each person of a recorded call the newest only, so that nobody fills the queue for
//! others. A recorder that hears nothing for a while makes it no longer than there are people.

use crate::model::fault::{Fault, FaultCode, Subject};
use crate::model::people::UserId;
use crate::model::people::recorder::{DESCRIPTION_BYTES_MAX, RecorderWord};
use crate::model::people::signal::{Signal, SignalKind};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Bytes of descriptions that wait to be handed over, on one core; one that has no place is refused.
const DESCRIPTIONS_BYTES_MAX: usize = 4 << 20;

/// Which recording, and who.
type Key = (Arc<str>, UserId);

/// What waits to be said to the recorder.
#[derive(Default)]
pub(super) struct ToRecorder {
    of: BTreeMap<Key, Said>,
    /// Of whom something waits, each once, in turn.
    turns: VecDeque<Key>,
    bytes: usize,
}

/// What waits of one person.
#[derive(Default)]
struct Said {
    /// Whether the person is there, if that changed.
    is_there: Option<bool>,
    offer: Option<Box<str>>,
    answer: Option<Box<str>>,
}

impl Said {
    fn place(&mut self, kind: SignalKind) -> Option<&mut Option<Box<str>>> {
        match kind {
            SignalKind::Offer => Some(&mut self.offer),
            SignalKind::Answer => Some(&mut self.answer),
            SignalKind::Candidate => None,
        }
    }

    fn bytes(&self) -> usize {
        [&self.offer, &self.answer].into_iter().flatten().map(|json| json.len()).sum()
    }
}

impl ToRecorder {
    /// Somebody talks from now on, or came once more.
    pub fn came(&mut self, recording: Arc<str>, user: UserId) {
        self.said((recording, user)).is_there = Some(true);
    }

    /// Somebody talks no longer: what it said last matters no more.
    pub fn left(&mut self, recording: Arc<str>, user: UserId) {
        let said = self.said((recording, user));
        let bytes = said.bytes();
        *said = Said { is_there: Some(false), ..Said::default() };
        self.bytes -= bytes;
    }

    /// A person's program says something to the recorder, which takes the place of what it said before. Ways by which it can be
    /// reached are dropped: the recorder looks for nobody.
    ///
    /// # Errors
    /// It is too long, or too much waits.
    pub fn signal(&mut self, recording: Arc<str>, from: UserId, signal: Signal) -> Result<(), Fault> {
        if signal.kind == SignalKind::Candidate {
            return Ok(());
        }
        let length = signal.json.len();
        if length > DESCRIPTION_BYTES_MAX {
            let message = format!(
                "A description for the recorder has {DESCRIPTION_BYTES_MAX} bytes at most, this one has {length}."
            );
            return Err(Fault::new(FaultCode::TooLarge, message).about(Subject::Call));
        }
        if self.bytes + length > DESCRIPTIONS_BYTES_MAX {
            return Err(crate::shard::requests::overloaded());
        }
        let Some(place) = self.said((recording, from)).place(signal.kind) else { return Ok(()) };
        let before = place.replace(signal.json).map_or(0, |json| json.len());
        self.bytes = self.bytes + length - before;
        Ok(())
    }

    fn said(&mut self, key: Key) -> &mut Said {
        let turns = &mut self.turns;
        self.of.entry(key).or_insert_with_key(|key| {
            turns.push_back(key.clone());
            Said::default()
        })
    }

    /// What is said next.
    pub fn next(&mut self) -> Option<RecorderWord> {
        while let Some((recording, user)) = self.turns.front().cloned() {
            let key = (recording.clone(), user.clone());
            if let Some(said) = self.of.get_mut(&key) {
                match said.is_there.take() {
                    Some(true) => return Some(RecorderWord::Came { recording, user }),
                    Some(false) => return Some(RecorderWord::Left { recording, user }),
                    None => {}
                }
                for kind in [SignalKind::Offer, SignalKind::Answer] {
                    if let Some(json) = said.place(kind).and_then(Option::take) {
                        self.bytes -= json.len();
                        return Some(RecorderWord::Signal { recording, from: user, kind, json });
                    }
                }
            }
            self.of.remove(&key);
            self.turns.pop_front();
        }
        None
    }

    /// People of whom something waits.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        assert_eq!(self.of.len(), self.turns.len(), "everybody has one turn");
        assert_eq!(self.bytes, self.of.values().map(Said::bytes).sum::<usize>(), "what waits is counted");
        assert!(self.bytes <= DESCRIPTIONS_BYTES_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(kind: SignalKind, bytes: usize) -> Signal {
        Signal { to: "rec".into(), kind, json: "7".repeat(bytes).into() }
    }

    fn words(waits: &mut ToRecorder) -> Vec<RecorderWord> {
        std::iter::from_fn(|| waits.next()).collect()
    }

    #[test]
    fn who_says_much_is_heard_with_the_newest_and_takes_no_more_place() {
        let mut waits = ToRecorder::default();
        for turn in 1..=10_000 {
            waits.left("rec".into(), "ada".into());
            waits.came("rec".into(), "ada".into());
            let offer = signal(SignalKind::Offer, turn % 700 + 1);
            waits.signal("rec".into(), "ada".into(), offer).expect("has its place");
            waits
                .signal("rec".into(), "ada".into(), signal(SignalKind::Candidate, 1 << 20))
                .expect("is dropped");
            waits.invariants();
        }
        assert_eq!(waits.len(), 1);
        let (recording, from) = (Arc::<str>::from("rec"), UserId::from("ada"));
        let json = "7".repeat(10_000 % 700 + 1).into();
        let came = RecorderWord::Came { recording: recording.clone(), user: from.clone() };
        let offer = RecorderWord::Signal { recording, from, kind: SignalKind::Offer, json };
        assert_eq!(words(&mut waits), [came, offer]);
        assert_eq!((waits.len(), waits.bytes), (0, 0));
    }

    #[test]
    fn descriptions_are_bounded_in_bytes_each_and_together() {
        let mut waits = ToRecorder::default();
        let long = signal(SignalKind::Offer, DESCRIPTION_BYTES_MAX + 1);
        let refused = waits.signal("rec".into(), "ada".into(), long).unwrap_err();
        assert_eq!((refused.code, waits.len()), (FaultCode::TooLarge, 0));
        let longest = |waits: &mut ToRecorder, user: String| {
            let answer = signal(SignalKind::Answer, DESCRIPTION_BYTES_MAX);
            waits.signal("rec".into(), user.as_str().into(), answer)
        };
        let taken = (0..100).filter(|user| longest(&mut waits, format!("user {user}")).is_ok()).count();
        assert_eq!(taken, DESCRIPTIONS_BYTES_MAX / DESCRIPTION_BYTES_MAX);
        waits.invariants();
        assert_eq!(longest(&mut waits, "late".into()).unwrap_err().code, FaultCode::Overloaded);
        assert_eq!(words(&mut waits).len(), taken);
        assert!(longest(&mut waits, "late".into()).is_ok(), "there is room again");
    }
}
