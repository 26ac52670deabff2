//! Effects on their way to the threads that do them: each thread has a port, and a core asks the one whose work it is.

use super::port::{Desk, Port, port};
use crate::runtime::core::doorbell::Doorbell;
use crate::shard::{Effect, EffectId, Resolution};
use std::sync::Arc;

type Job = (EffectId, Effect);
type Done = (EffectId, Resolution);

/// The end of a thread that does effects.
pub type EffectDesk = Desk<Job, Done>;

/// A core's ways to the threads that do effects.
pub struct Effects {
    store: Port<Job, Done>,
    passwords: Port<Job, Done>,
    outbound: Port<Job, Done>,
    decoding: Port<Job, Done>,
    operator: Port<Job, Done>,
    recorder: Port<Job, Done>,
    files: Port<Job, Done>,
}

/// What the threads hold at the other end.
pub struct EffectDesks {
    /// The store's.
    pub store: EffectDesk,
    /// Of the thread that checks passwords.
    pub passwords: EffectDesk,
    /// Of the thread that calls servers outside.
    pub outbound: EffectDesk,
    /// Of the thread that reads long input.
    pub decoding: EffectDesk,
    /// Of the thread that reads settings.
    pub operator: EffectDesk,
    /// The recorder's.
    pub recorder: EffectDesk,
    /// Of the thread that reads files of recordings.
    pub files: EffectDesk,
}

/// The ways of all cores, in their order. A shard has at most
/// [`effects_in_flight_max`](crate::base::limits::Limits::effects_in_flight_max) effects of a thread under way, or
/// `calls_in_flight_max` calls outside, and every queue has place for as many, so nobody ever finds one full.
pub fn effects(
    doorbells: &Arc<[Doorbell]>,
    effects_in_flight_max: u32,
    calls_in_flight_max: u32,
) -> (Vec<Effects>, EffectDesks) {
    let places = effects_in_flight_max as usize;
    let (to_store, store) = port(doorbells, places);
    let (to_passwords, passwords) = port(doorbells, places);
    let (to_outbound, outbound) = port(doorbells, calls_in_flight_max as usize);
    let (to_decoding, decoding) = port(doorbells, places);
    let (to_operator, operator) = port(doorbells, places);
    let (to_recorder, recorder) = port(doorbells, places);
    let (to_files, files) = port(doorbells, places);
    let cores = to_store
        .into_iter()
        .zip(to_passwords)
        .zip(to_outbound)
        .zip(to_decoding)
        .zip(to_operator)
        .zip(to_recorder)
        .zip(to_files);
    let cores = cores.map(|((((((store, passwords), outbound), decoding), operator), recorder), files)| {
        Effects { store, passwords, outbound, decoding, operator, recorder, files }
    });
    (cores.collect(), EffectDesks { store, passwords, outbound, decoding, operator, recorder, files })
}

impl EffectDesk {
    /// Does what the cores ask for, in order, until all of them have left. What a core asked for that has left is not done:
    /// nobody hears of it, and a stop would wait for it.
    pub fn serve(&self, mut resolve: impl FnMut(&Effect) -> Resolution) {
        while let Some(batch) = self.take() {
            for (core, (id, effect)) in batch {
                if self.hears(core.index()) {
                    self.tell(core.index(), (id, resolve(&effect)));
                }
            }
        }
    }
}

impl Effects {
    /// Hands an effect over.
    pub fn ask(&mut self, id: EffectId, effect: Effect) {
        let thread = match effect {
            Effect::Verify { .. } => &mut self.passwords,
            Effect::Push(_) => &mut self.outbound,
            Effect::Decode(_) => &mut self.decoding,
            Effect::Settings(_) => &mut self.operator,
            Effect::Recorder(_) => &mut self.recorder,
            Effect::File(_) => &mut self.files,
            Effect::Write(_)
            | Effect::Replace(..)
            | Effect::Find(..)
            | Effect::Read(_)
            | Effect::Backup { .. } => &mut self.store,
        };
        thread.ask((id, effect));
    }

    /// Hears of effects that are done, of `count_max` of each thread at most, and of one of each at least; of more while
    /// `may_go_on` says so.
    pub fn hear(
        &self,
        count_max: usize,
        mut may_go_on: impl FnMut() -> bool,
        mut on_done: impl FnMut(EffectId, Resolution),
    ) {
        for thread in self.threads() {
            thread.hear(count_max, &mut may_go_on, |(id, resolution)| on_done(id, resolution));
        }
    }

    /// Whether an effect is done.
    pub fn ready(&self) -> bool {
        self.threads().iter().any(|thread| thread.ready())
    }

    fn threads(&self) -> [&Port<Job, Done>; 7] {
        let Self { store, passwords, outbound, decoding, operator, recorder, files } = self;
        [store, passwords, outbound, decoding, operator, recorder, files]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::settings::SettingsCommand;

    #[test]
    fn what_a_core_asked_for_that_has_left_is_not_done() {
        let doorbells: Arc<[Doorbell]> = (0..2).map(|_| Doorbell::new().expect("a descriptor")).collect();
        let (mut cores, desks) = effects(&doorbells, 8, 1);
        for core in &mut cores {
            (0..4).for_each(|id| core.ask(EffectId(id), Effect::Settings(SettingsCommand::Show)));
        }
        let mut done = 0;
        // The first leaves before anything is done, the second after its first.
        drop(cores.remove(0));
        desks.operator.serve(|_| {
            done += 1;
            cores.clear();
            Resolution::Verified(true)
        });
        assert_eq!(done, 1);
    }

    #[test]
    fn a_thread_hears_some_of_a_flood_and_has_time_for_its_other_work() {
        let doorbells: Arc<[Doorbell]> = [Doorbell::new().expect("a descriptor")].into();
        let (mut cores, desks) = effects(&doorbells, 8, 1);
        (0..8).for_each(|id| cores[0].ask(EffectId(id), Effect::Settings(SettingsCommand::Show)));
        let mut heard = 0;
        assert!(desks.operator.hear_some(3, |_| heard += 1), "there is more");
        assert_eq!(heard, 3);
        assert!(!desks.operator.hear_some(8, |_| heard += 1));
        assert_eq!(heard, 8);
    }
}
