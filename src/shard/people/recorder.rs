//! Calls that are recorded: what their homes and the recorder say to each other.
//!
//! ```text
//! start: decided and claimed -> the recorder opens -> the record is stored -> told, and the recorder meets who talks
//! end:   claimed -> the recorder closes -> told, and the record is stored
//! ```
//!
//! A start that fails at a step is given up. An end that fails is tried again every second, and so is storing what is not stored
//! ([`tend_recordings`]): what is over is over, also while the disk takes no record of it.
//!
//! The recorder is met as somebody who talks, by the recording's id; it is no participant. A recording ends when somebody
//! stops it, when its call is over, when the recorder says so, and when the process goes away.

use super::People;
use super::stored::PeopleChange;
use crate::base::time::Now;
use crate::broker::calls::Calls;
use crate::broker::recordings::RecordingChange;
use crate::model::fault::{Fault, FaultCode, Subject};
use crate::model::people::UserId;
use crate::model::people::call::{CallAct, CallState};
use crate::model::people::event::{CallEvent, Event};
use crate::model::people::file::FileJob;
use crate::model::people::recorder::{
    RecorderBounds, RecorderJob, RecorderNews, RecorderRefusal, RecorderWord,
};
use crate::model::people::recording::Recording;
use crate::model::people::reply::PeopleReply;
use crate::model::people::signal::Signal;
use crate::shard::effects::Class;
use crate::shard::home::HomeSide;
use crate::shard::requests::Asker;
use crate::shard::{Effect, Resolution, Setup, Shard};
use std::sync::Arc;

/// Recordings that are forgotten at once because they are old; more have their turn a second later.
const FORGOTTEN_AT_ONCE: usize = 64;

/// What somebody who wants a call to be recorded, or no longer, gets.
pub(in crate::shard) enum Decided {
    /// An answer at once.
    Answer(Box<PeopleReply>),
    /// A change, when it is stored.
    Change(PeopleChange),
}

impl People {
    /// Decides that a call is recorded, or no longer. Whether it may be was decided.
    pub(super) fn decide_recording(
        &mut self,
        now: Now,
        user: &UserId,
        id: Arc<str>,
        call: &Arc<str>,
        act: &CallAct,
    ) -> Result<Decided, Fault> {
        let running = self.recordings.running(call);
        if *act == CallAct::StopRecording {
            let Some(running) = running else { return Err(none_runs()) };
            self.recordings.claim_end(&running.id)?;
            return Ok(Decided::Change(PeopleChange::Closing(running.id.clone())));
        }
        if let Some(running) = running {
            if self.recordings.is_changing(&running.id) {
                return Err(ends_already());
            }
            return Ok(Decided::Answer(Box::new(PeopleReply::RecordingStarted(running))));
        }
        let Some(view) = self.calls.living(call) else { return Err(none_runs()) };
        let mut people: Vec<UserId> = view.participants.into_iter().map(|one| one.user).collect();
        people.sort();
        let recording = Recording {
            id,
            call: call.clone(),
            conversation: view.conversation,
            kind: view.kind,
            started_by: user.clone(),
            started_ms: now.unix_ms,
            ended_ms: None,
            people: people.into(),
            bytes: 0,
        };
        self.recordings.decide_begin(recording).map(|change| Decided::Change(PeopleChange::Opening(change)))
    }

    /// A recording runs: whoever talks in its call is met.
    fn begin_recording(&mut self, change: &RecordingChange) {
        let Some(recording) = &change.is else { return };
        let (call, id) = (&recording.call, UserId::from(&*recording.id));
        let started =
            CallEvent::RecordingStarted { recording: id.clone(), user: recording.started_by.clone() };
        self.told.extend(self.calls.tell_all(call, started));
        self.told.extend(self.calls.tell_all(call, CallEvent::Joined(id)));
        let talk = self.calls.living(call).into_iter().flat_map(|view| view.participants);
        for one in talk {
            self.recordings.note_person(&recording.id, &one.user);
            self.to_recorder.came(recording.id.clone(), one.user);
        }
    }

    /// A recording is over: those who are of its call are told; if that is over too, those who talked in it.
    fn end_recording(&mut self, recording: &Recording) {
        let id = UserId::from(&*recording.id);
        let stopped = CallEvent::RecordingStopped { recording: id.clone() };
        for event in [stopped, CallEvent::Disconnected(id)] {
            let told = self.calls.tell_all(&recording.call, event.clone());
            let told = told.unwrap_or_else(|| Calls::tell(&recording.call, recording.people.clone(), event));
            self.told.push(told);
        }
    }

    /// A signal for the recorder, if it is for it.
    pub(super) fn signal_recorder(
        &mut self,
        from: &UserId,
        call: &str,
        act: &CallAct,
    ) -> Option<Result<(), Fault>> {
        let CallAct::Signal(signal) = act else { return None };
        let running = self.recordings.running(call).filter(|one| *one.id == *signal.to)?;
        if !self.calls.talks(call, from) {
            let message = "Only those who talk in the call may do this. Answer it first.";
            return Some(Err(Fault::new(FaultCode::Forbidden, message).about(Subject::Call)));
        }
        Some(self.to_recorder.signal(running.id.clone(), from.clone(), (**signal).clone()))
    }
}

/// The recorder has a file, or has none: the record is stored next.
pub(super) fn opened(
    people: &mut People,
    homes: &mut HomeSide,
    asker: &mut Option<Asker>,
    change: RecordingChange,
    done: &Resolution,
) -> Result<PeopleReply, Fault> {
    let opens = match done {
        Resolution::Recorder(Ok(_)) => homes.effects.admit(Class::Store),
        refused => Err(not_begun(refused)),
    };
    if let Err(fault) = opens {
        people.recordings.give_up(&change);
        if matches!(done, Resolution::Recorder(Ok(_))) {
            forget(homes, &change.id);
        }
        return Err(fault);
    }
    super::stored::write(homes, asker.take(), PeopleChange::Begun(change));
    Ok(PeopleReply::Done)
}

/// The recorder has closed a file, so the recording is over; it is tried again where the recorder could not.
pub(super) fn closed(
    people: &mut People,
    homes: &mut HomeSide,
    id: &Arc<str>,
    done: &Resolution,
) -> Result<PeopleReply, Fault> {
    let Resolution::Recorder(Ok(bytes)) = done else {
        people.recordings.give_up_end(id);
        let message = "The recorder of this node could not close the file yet. It is tried again by itself.";
        return Err(Fault::new(FaultCode::Unavailable, message).about(Subject::Recording));
    };
    let recording = people.recordings.end(homes.now, id, *bytes)?;
    people.end_recording(&recording);
    store_records(people, homes);
    Ok(PeopleReply::RecordingStopped(recording))
}

/// The record of a recording that runs is stored.
pub(super) fn begun(people: &mut People, homes: &mut HomeSide, change: &RecordingChange) -> PeopleReply {
    people.recordings.apply(change);
    people.begin_recording(change);
    let recording = change.is.clone().expect("what begins is kept");
    let goes_on = people.calls.living(&recording.call);
    if goes_on.is_none_or(|call| call.state != CallState::Active) || homes.drains {
        end(people, homes, &recording.id);
    }
    PeopleReply::RecordingStarted(recording)
}

/// A recording ends, which nobody waits for; where that cannot be asked for yet, it is tried again. One that ends already is left
/// alone.
fn end(people: &mut People, homes: &mut HomeSide, id: &Arc<str>) {
    if homes.effects.admit(Class::Recorder).is_err() {
        return people.recordings.want_end(id);
    }
    if people.recordings.claim_end(id).is_ok() {
        super::stored::write(homes, None, PeopleChange::Closing(id.clone()));
    } else {
        // It may be on its way to begin.
        people.recordings.want_end(id);
    }
}

/// Housekeeping: ends what could not be ended yet, stores what is not stored, and forgets what is old.
pub(in crate::shard) fn tend_recordings(people: &mut People, homes: &mut HomeSide) {
    people.recordings.wanted_ends().iter().for_each(|id| end(people, homes, id));
    store_records(people, homes);
    let age_s_max = homes.setup.limits.people.recording_age_s_max;
    if age_s_max == 0 {
        return;
    }
    let before_ms = homes.now.unix_ms.saturating_sub(u64::from(age_s_max) * 1_000);
    for _ in 0..FORGOTTEN_AT_ONCE {
        if homes.effects.admit(Class::Store).is_err() {
            return;
        }
        let Some(change) = people.recordings.decide_forget(before_ms, 1).pop() else { return };
        super::stored::write(homes, None, PeopleChange::Recording(change));
    }
}

/// Stores the records of recordings that are over, and to whose calls somebody came, who may see them from then on.
pub(super) fn store_records(people: &mut People, homes: &mut HomeSide) {
    for recording in people.recordings.unstored() {
        if homes.effects.admit(Class::Store).is_err() {
            return;
        }
        people.recordings.store(&recording);
        super::stored::write(homes, None, PeopleChange::Noted(recording));
    }
}

/// What happened in a call, if it is recorded, is the recorder's business too.
pub(super) fn note_event(people: &mut People, homes: &mut HomeSide, event: &Event) {
    let Event::Call { call, event } = event else { return };
    let Some(running) = people.recordings.running(call) else { return };
    let recording = running.id.clone();
    match event {
        CallEvent::Answered(user) | CallEvent::Joined(user) if **user != *recording => {
            people.recordings.note_person(&recording, user);
            people.to_recorder.came(recording, user.clone());
            store_records(people, homes);
        }
        CallEvent::Disconnected(user) if **user != *recording => {
            people.to_recorder.left(recording, user.clone());
        }
        CallEvent::Ended(_) | CallEvent::Missed | CallEvent::Cancelled
            if people.calls.living(call).is_none() =>
        {
            end(people, homes, &recording);
        }
        _ => {}
    }
}

/// The process goes away: what is recorded here is over.
pub(in crate::shard) fn end_recordings(people: &mut People, homes: &mut HomeSide) {
    let running: Vec<Arc<str>> = people.recordings.all_running().cloned().collect();
    running.iter().for_each(|id| end(people, homes, id));
}

/// A recording did not begin, or is not kept: its file goes, at the next start if there is too much to do.
pub(super) fn forget(homes: &mut HomeSide, id: &Arc<str>) {
    let recording = id.clone();
    let (class, job) = if homes.setup.people.records {
        (Class::Recorder, Effect::Recorder(RecorderJob::Forget { recording }))
    } else {
        (Class::File, Effect::File(FileJob::Delete { recording }))
    };
    if homes.effects.admit(class).is_ok() {
        homes.start_effect(job, None, None);
    }
}

/// What the recorder is asked for.
pub(super) fn opening(setup: &Setup, change: &RecordingChange) -> Effect {
    let by = change.is.as_ref().map_or_else(|| "".into(), |recording| recording.started_by.clone());
    let limits = &setup.limits.people;
    let bounds = RecorderBounds {
        at_once_max: limits.recordings_at_once_max,
        recording_s_max: limits.recording_s_max,
        recording_bytes_max: limits.recording_bytes_max,
        recordings_bytes_max: limits.recordings_bytes_max,
    };
    Effect::Recorder(RecorderJob::Open { recording: change.id.clone(), by, bounds })
}

/// The recorder has news of a recording of this core.
pub fn recorded(shard: &mut Shard, now: Now, news: RecorderNews) {
    shard.begin_call(now);
    match news {
        RecorderNews::Signal { recording, to, kind, json } => {
            let people = &mut shard.people;
            if let Some(call) = people.recordings.find(&recording).map(|one| one.call.clone()) {
                let signal = Signal { to: (&*to).into(), kind, json };
                let told = people.calls.pass_on(&call, &UserId::from(&*recording), signal);
                people.told.extend(told);
            }
        }
        RecorderNews::Ended { recording } => end(&mut shard.people, &mut shard.homes, &recording),
    }
    shard.settle();
}

/// The next that the recorder is to hear of what this core says.
pub fn next_for_recorder(shard: &mut Shard) -> Option<RecorderWord> {
    shard.people.to_recorder.next()
}

fn ends_already() -> Fault {
    let message = "The recording of this call is about to end. Begin another one when it has.";
    Fault::new(FaultCode::Conflict, message).about(Subject::Recording)
}

fn none_runs() -> Fault {
    Fault::new(FaultCode::NotFound, "This call is not recorded.").about(Subject::Recording)
}

fn not_begun(done: &Resolution) -> Fault {
    let message = match done {
        Resolution::Recorder(Err(RecorderRefusal::TooMany)) => {
            "As many calls are recorded as this node records at a time (limits.recordings_at_once_max). Try again later."
        }
        Resolution::Recorder(Err(RecorderRefusal::TooManyOfYours)) => {
            "You began as many of the recordings that run on this node as there is room for beside those of others. Stop one first."
        }
        Resolution::Recorder(Err(RecorderRefusal::DiskFull)) => {
            "The disk of this node is full, so the call is not recorded. The operator has to make room."
        }
        Resolution::Recorder(Err(RecorderRefusal::NoRoom)) => {
            "The recordings that are kept take as many bytes as they may (limits.recordings_bytes_max). Delete some."
        }
        _ => {
            "The recorder of this node could not begin a file, so the call is not recorded. The operator's log says why."
        }
    };
    Fault::new(FaultCode::Unavailable, message).about(Subject::Recording)
}
