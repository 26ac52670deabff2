//! Effects under way: who waits for them, how they go on, and until when.
//!
//! A change that is to outlive the process is decided first, and its record is claimed, so that nobody else changes
//! it; then it is written; only when it is stored is it applied, told and answered. If it is not stored, the claim is
//! given back and nothing has happened.
//!
//! An effect that takes too long is answered, with a fault that says that its end is not known. It is still applied
//! if it is stored after all: what is on the disk is in force.
//!
//! Each class of effects has its own bound, deadline and sentences. What is asked, and what it is asked for, belongs to
//! `requests`: this table only keeps it.

mod class;
mod effect;
mod long;

pub(super) use class::Class;
pub use effect::{Effect, EffectId, Failure, Resolution};
pub use long::{Decoded, Long};

use super::Output;
use super::places::Places;
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::model::fault::{Fault, FaultCode};
use crate::store;
use class::{CHECKS_MAX, CLASSES};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The effects of one core that are not resolved. `A` is who waits for one, `T` how it goes on.
pub(super) struct Effects<A, T> {
    waiting: BTreeMap<EffectId, Waiting<A, T>>,
    /// Deadlines of those that are not past theirs, monotonic microseconds.
    due: BTreeSet<(u64, EffectId)>,
    /// How many were ever started.
    count: u64,
    /// How many of each class are under way.
    under_way: [usize; CLASSES],
    limits: InForce,
    /// Cores of the node, which share its checks of passwords.
    cores: u16,
    /// Effects of the store past their deadline.
    late: usize,
    /// The last write failed.
    failed: bool,
    /// The write that only finds out whether writes succeed again.
    probe: Option<EffectId>,
    writes: Writes,
    /// Users whose effects are under way, of each class.
    places: [Places; CLASSES],
    /// Checks of passwords that are not begun, in the order in which they were asked for.
    checks: VecDeque<(EffectId, Effect)>,
    /// The check that is begun.
    checking: Option<EffectId>,
}

/// Writes since the start.
#[derive(Clone, Copy, Default)]
pub(super) struct Writes {
    pub stored: u64,
    pub failed: u64,
    pub refused: u64,
}

struct Waiting<A, T> {
    class: Class,
    is_write: bool,
    /// Nobody if it was answered already, or if nobody asked.
    asker: Option<A>,
    then: Option<T>,
    started_us: u64,
    /// Whose place it has.
    user: Option<Arc<str>>,
    deadline_us: Option<u64>,
    is_late: bool,
}

/// An effect that is resolved.
pub(super) struct Done<A, T> {
    /// Who still waits for it.
    pub asker: Option<A>,
    /// How it goes on, if it does.
    pub then: Option<T>,
    /// What became of it.
    pub resolution: Resolution,
    /// Microseconds that it took.
    pub took_us: u64,
}

impl<A, T> Effects<A, T> {
    /// None. The limits bound how many are under way at once; of password checks, this core has its share of the node's.
    pub fn new(limits: InForce, cores: u16) -> Self {
        Self {
            waiting: BTreeMap::new(),
            due: BTreeSet::new(),
            count: 0,
            under_way: [0; CLASSES],
            limits,
            cores,
            late: 0,
            failed: false,
            probe: None,
            writes: Writes::default(),
            places: Default::default(),
            checks: VecDeque::new(),
            checking: None,
        }
    }

    /// When the next one is late.
    pub fn next_us(&self) -> Option<u64> {
        self.due.first().map(|(deadline_us, _)| *deadline_us)
    }

    /// Whether what is to be stored is stored: the last write succeeded, and none is overdue.
    pub fn is_store_well(&self) -> bool {
        !self.failed && self.late == 0
    }

    /// What became of writes since the start.
    pub fn writes(&self) -> Writes {
        self.writes
    }

    /// How many of a class may be under way.
    fn under_way_max(&self, class: Class) -> usize {
        let limits = self.limits.get();
        match class {
            Class::Store | Class::Decode | Class::Recorder | Class::File => {
                limits.effects_in_flight_max as usize
            }
            Class::Copy | Class::Settings => 1,
            Class::Outbound => limits.push.in_flight_max as usize,
            Class::Password => (CHECKS_MAX / usize::from(self.cores)).max(1),
        }
    }

    /// Whether one more of a class can be started. To be asked before a change is decided.
    ///
    /// # Errors
    /// As many are under way as may be.
    pub fn admit(&mut self, class: Class) -> Result<(), Fault> {
        let copies = match class {
            // The thread of the store makes them, so they have their place among its effects.
            Class::Store => self.under_way[Class::Copy as usize],
            Class::Copy
            | Class::Password
            | Class::Outbound
            | Class::Decode
            | Class::Settings
            | Class::Recorder
            | Class::File => 0,
        };
        if self.under_way[class as usize] + copies < self.under_way_max(class) {
            return Ok(());
        }
        self.writes.refused += u64::from(class == Class::Store);
        Err(class.full())
    }

    /// Whether one more of a class can be started for somebody who is not known: those take half of its places, so that there
    /// is room for who is.
    ///
    /// # Errors
    /// Half as many are under way as may be.
    pub fn admit_stranger(&mut self, class: Class) -> Result<(), Fault> {
        if 2 * self.under_way[class as usize] < self.under_way_max(class) {
            Ok(())
        } else {
            Err(class.full())
        }
    }

    /// Whether a user may have one more of a class, of which all users have a share.
    ///
    /// # Errors
    /// The user has its share, and the rest is for others.
    pub fn admit_user(&mut self, class: Class, user: &str) -> Result<(), Fault> {
        let free = self.under_way_max(class).saturating_sub(self.under_way[class as usize]);
        // Without any place there is nothing to share.
        if free == 0 || self.places[class as usize].may_take(user, free) {
            return Ok(());
        }
        self.writes.refused += u64::from(class == Class::Store);
        Err(class.share_taken())
    }

    /// The newest effect takes a user's place.
    pub fn take_place(&mut self, user: &Arc<str>) {
        if let Some(waiting) = self.waiting.get_mut(&EffectId(self.count))
            && matches!(waiting.class, Class::Store | Class::Decode)
        {
            self.places[waiting.class as usize].take(user);
            waiting.user = Some(user.clone());
        }
    }

    /// Starts one: the wish that the shard says. A check of a password has to wait for those before it ([`Effects::next_check`]).
    pub fn start(&mut self, now: Now, effect: Effect, asker: Option<A>, then: Option<T>) -> Option<Output> {
        self.count += 1;
        let id = EffectId(self.count);
        let class = Class::of(&effect);
        let is_write = matches!(effect, Effect::Write(_) | Effect::Replace(..));
        let deadline_us = class
            .deadline_us(u64::from(self.limits.get().push.time_ms_max) * 1_000)
            .map(|us| now.monotonic_us + us);
        self.due.extend(deadline_us.map(|deadline_us| (deadline_us, id)));
        self.under_way[class as usize] += 1;
        let started_us = now.monotonic_us;
        let waiting =
            Waiting { class, is_write, asker, then, user: None, started_us, deadline_us, is_late: false };
        self.waiting.insert(id, waiting);
        if class == Class::Password {
            self.checks.push_back((id, effect));
            return None;
        }
        Some(Output::Effect(id, effect))
    }

    /// The next check of a password: a core has one done at a time, so that what nobody waits for any more is dropped before it is
    /// begun, for which nothing but time could stop it. `waits` says whether an asker is still there.
    pub fn next_check(&mut self, now: Now, waits: impl Fn(&A) -> bool) -> Option<Output> {
        while self.checking.is_none()
            && let Some((id, effect)) = self.checks.pop_front()
        {
            let asker = self.waiting.get(&id).and_then(|waiting| waiting.asker.as_ref());
            if asker.is_some_and(&waits) {
                self.checking = Some(id);
                return Some(Output::Effect(id, effect));
            }
            self.done(now, id, Resolution::Failed(Failure::Broken));
        }
        None
    }

    /// One is resolved. Nothing if it is not under way.
    pub fn done(&mut self, now: Now, id: EffectId, resolution: Resolution) -> Option<Done<A, T>> {
        let Waiting { class, is_write, asker, then, user, started_us, deadline_us, is_late } =
            self.waiting.remove(&id)?;
        user.iter().for_each(|user| self.places[class as usize].give_back(user));
        self.under_way[class as usize] -= 1;
        self.late -= usize::from(is_late && class == Class::Store);
        self.due.remove(&(deadline_us.unwrap_or_default(), id));
        self.probe = self.probe.filter(|probe| *probe != id);
        self.checking = self.checking.filter(|checking| *checking != id);
        if is_write {
            self.failed = resolution.stored().is_err();
            self.writes.stored += u64::from(!self.failed);
            self.writes.failed += u64::from(self.failed);
        }
        Some(Done { asker, then, resolution, took_us: now.monotonic_us.saturating_sub(started_us) })
    }

    /// The next one that takes too long and that somebody waits for: who, and what to tell.
    pub fn expire(&mut self, now: Now) -> Option<(Option<A>, Fault)> {
        let (deadline_us, id) = self.due.first().copied()?;
        if deadline_us > now.monotonic_us {
            return None;
        }
        self.due.pop_first();
        let waiting = self.waiting.get_mut(&id)?;
        waiting.is_late = true;
        self.late += usize::from(waiting.class == Class::Store);
        Some((waiting.asker.take(), waiting.class.late()))
    }

    /// Where the last write failed and nothing is under way, a write that finds out whether writes succeed again.
    pub fn probe(&mut self, now: Now) -> Option<Output> {
        if !self.failed || self.probe.is_some() || !self.waiting.is_empty() {
            return None;
        }
        let output = self.start(now, Effect::Write(vec![store::probe(now.unix_ms)]), None, None);
        self.probe = Some(EffectId(self.count));
        output
    }

    /// Asserts what must hold between calls.
    pub fn invariants(&self) {
        assert_eq!(self.under_way.iter().sum::<usize>(), self.waiting.len(), "every effect is counted");
        let placed = self.waiting.values().filter(|waiting| waiting.user.is_some()).count();
        let taken = self.places.iter().map(Places::taken).sum::<usize>();
        assert_eq!(placed, taken, "every place is somebody's");
        let late = self.waiting.values().filter(|waiting| waiting.is_late);
        assert_eq!(
            late.clone().filter(|waiting| waiting.class == Class::Store).count(),
            self.late,
            "effects past their deadline"
        );
        let timed = self.waiting.values().filter(|waiting| waiting.deadline_us.is_some()).count();
        assert_eq!(self.due.len() + late.count(), timed, "every deadline is kept");
        let checks = self.checks.iter().map(|(id, _)| id).chain(&self.checking);
        assert!(checks.clone().all(|id| self.waiting.contains_key(id)), "checks are under way");
        assert_eq!(checks.count(), self.under_way[Class::Password as usize], "and all of them are known");
    }
}

/// What a client is told whose change was not stored.
pub(super) fn not_stored(failure: Failure) -> Fault {
    let message = format!("This could not be stored, so nothing was changed: {}.", failure.reason());
    Fault::new(FaultCode::Unavailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{PasswordHash, Secret};
    use crate::base::limits::{Limits, PushLimits};
    use crate::model::web_push::PushDelivery;

    fn at(second: u64) -> Now {
        Now { monotonic_us: second * 1_000_000, unix_ms: 0 }
    }

    fn limits(effects_in_flight_max: u32) -> InForce {
        let push = PushLimits { in_flight_max: 2, ..PushLimits::default() };
        Limits { effects_in_flight_max, push, ..Limits::default() }.into()
    }

    fn push() -> Effect {
        let subscription = crate::model::web_push::testing::subscription("ada", "https://push.example.com/1");
        let message = crate::model::web_push::testing::message("hello");
        Effect::Push(Box::new(PushDelivery { subscription, message, ttl_s: 1 }))
    }

    fn verify() -> Effect {
        let hash =
            "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$2NeynwkO9ujmpBV6bVmUl658OWY77JKheBp8ZDfytGs";
        let hash = Arc::new(PasswordHash::parse(hash).expect("a hash"));
        Effect::Verify { password: Secret::new("p"), hash }
    }

    fn write() -> Effect {
        Effect::Write(vec![store::probe(1)])
    }

    #[test]
    fn each_class_has_a_bound_of_its_own() {
        let mut effects = Effects::<(), ()>::new(limits(2), 32);
        let start = |effects: &mut Effects<(), ()>, effect: fn() -> Effect| {
            effects.admit(Class::of(&effect())).map_err(|fault| fault.code)?;
            effects.start(at(1), effect(), None, None);
            effects.invariants();
            Ok(())
        };
        let backup = || Effect::Backup { file: "f".into(), count_max: 1 };
        for (effect, max, code) in [
            (write as fn() -> Effect, 2, FaultCode::Overloaded),
            (verify, 2, FaultCode::Overloaded),
            (push, 2, FaultCode::Overloaded),
            (backup, 1, FaultCode::Conflict),
        ] {
            for _ in 0..max {
                assert_eq!(start(&mut effects, effect), Ok(()));
            }
            assert_eq!(start(&mut effects, effect), Err(code));
        }
        assert_eq!(effects.writes().refused, 1, "of writes");
        effects.done(at(9), EffectId(1), Resolution::Stored);
        assert_eq!(start(&mut effects, write), Err(FaultCode::Overloaded), "a copy has its place among them");
        effects.done(at(9), EffectId(2), Resolution::Stored);
        assert_eq!(start(&mut effects, write), Ok(()));
    }

    #[test]
    fn a_user_leaves_places_of_the_store_to_others() {
        let mut effects = Effects::<(), ()>::new(limits(100), 1);
        let start = |effects: &mut Effects<(), ()>, user: &str| {
            effects
                .admit_user(Class::Store, user)
                .and_then(|()| effects.admit(Class::Store))
                .map_err(|fault| fault.code)?;
            effects.start(at(1), write(), None, None);
            effects.take_place(&user.into());
            effects.invariants();
            Ok(())
        };
        let greedy = (0..2_500).filter(|_| start(&mut effects, "greedy").is_ok()).count();
        assert_eq!(greedy, 51);
        let others = (0..20).filter(|user| start(&mut effects, &format!("other {user}")).is_ok()).count();
        assert_eq!(others, 20, "nobody else is refused");
        assert_eq!(start(&mut effects, "greedy"), Err(FaultCode::Overloaded));
        (1..=51).for_each(|id| drop(effects.done(at(1), EffectId(id), Resolution::Stored)));
        assert_eq!(start(&mut effects, "greedy"), Ok(()));
    }

    #[test]
    fn what_is_late_is_told_in_the_words_of_its_class_and_only_the_store_makes_the_disk_unwell() {
        let mut effects = Effects::<u8, ()>::new(limits(9), 1);
        effects.start(at(1), verify(), Some(1), None);
        effects.start(at(1), Effect::Backup { file: "f".into(), count_max: 1 }, Some(2), None);
        effects.start(at(2), write(), Some(3), None);
        assert!(effects.expire(at(5)).is_none());
        let (asker, fault) = effects.expire(at(6)).expect("the password");
        assert_eq!(asker, Some(1));
        assert!(!fault.message.contains("disk"), "{fault:?}");
        assert!(effects.expire(at(6)).is_none() && effects.is_store_well());
        let (asker, fault) = effects.expire(at(99)).expect("the write; a copy has no deadline");
        assert_eq!(asker, Some(3));
        assert!(fault.message.contains("disk"), "{fault:?}");
        assert!(effects.expire(at(99)).is_none() && !effects.is_store_well());
        effects.invariants();
        let done = effects.done(at(9), EffectId(3), Resolution::Stored).expect("it is under way");
        assert_eq!(done.asker, None, "who waited was answered");
        assert!(effects.is_store_well());
        assert!(effects.done(at(9), EffectId(3), Resolution::Stored).is_none(), "once");
        effects.invariants();
    }

    #[test]
    fn checks_of_passwords_are_begun_one_by_one_and_never_for_nobody() {
        let mut effects = Effects::<u64, ()>::new(limits(9), 1);
        for asker in 1..=40 {
            assert!(
                effects.start(at(asker / 10), verify(), Some(asker), None).is_none(),
                "it waits for its turn"
            );
        }
        let begun = |effects: &mut Effects<u64, ()>, second, waits: fn(&u64) -> bool| {
            effects.invariants();
            match effects.next_check(at(second), waits) {
                Some(Output::Effect(EffectId(id), _)) => Some(id),
                _ => None,
            }
        };
        assert_eq!(begun(&mut effects, 4, |_| true), Some(1));
        assert_eq!(begun(&mut effects, 4, |_| true), None, "one at a time");
        effects.done(at(4), EffectId(1), Resolution::Verified(true));
        assert_eq!(begun(&mut effects, 4, |asker| *asker == 5 || *asker > 20), Some(5), "2 to 4 have gone");
        assert!(effects.admit(Class::Password).is_ok() && effects.under_way[Class::Password as usize] == 36);
        effects.done(at(5), EffectId(5), Resolution::Verified(true));
        let late = std::iter::from_fn(|| effects.expire(at(7))).count();
        assert_eq!(late, 24, "6 to 29 were told that it takes too long");
        assert_eq!(begun(&mut effects, 7, |_| true), Some(30));
        effects.done(at(7), EffectId(30), Resolution::Verified(true));
        assert_eq!(begun(&mut effects, 7, |_| false), None);
        assert_eq!(effects.under_way[Class::Password as usize], 0, "nobody is left");
        effects.invariants();
    }

    #[test]
    fn whatever_is_late_says_when_to_come_again() {
        let classes = [
            Class::Store,
            Class::Copy,
            Class::Password,
            Class::Outbound,
            Class::Decode,
            Class::Settings,
            Class::Recorder,
            Class::File,
        ];
        assert_eq!(classes.len(), CLASSES);
        assert!(classes.iter().all(|class| class.late().retry_after_s == Some(1)));
    }

    #[test]
    fn a_failed_write_is_followed_by_one_probe_at_a_time() {
        let mut effects = Effects::<(), ()>::new(limits(9), 1);
        effects.start(at(1), write(), None, None);
        assert!(effects.probe(at(1)).is_none(), "nothing failed");
        effects.done(at(9), EffectId(1), Resolution::Failed(Failure::DiskFull));
        assert!(effects.probe(at(2)).is_some() && effects.probe(at(3)).is_none());
        effects.done(at(9), EffectId(2), Resolution::Failed(Failure::DiskFull));
        assert!(effects.probe(at(4)).is_some());
        effects.done(at(9), EffectId(3), Resolution::Stored);
        assert!(effects.is_store_well() && effects.probe(at(5)).is_none());
    }
}
