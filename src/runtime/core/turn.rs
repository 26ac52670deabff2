//! The loop of a core. A turn reads the clock once, handles what arrived, passes time, fulfils a chunk of the
//! shard's wishes and hands over what waits for peers. Only a core without wishes sleeps, in its ring.

use super::budget::{Budget, PEERS_US, WORK_US};
use super::token::{Kind, Token};
use super::{Core, Drain, tls};
use crate::base::ids::CoreId;
use crate::metrics::beside::BesideCounters;
use crate::runtime::clock;
use crate::runtime::log;
use crate::runtime::side::history::LogPort;
use crate::runtime::side::recorder::RecorderPort;
use crate::shard::{next_for_recorder, recorded};
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Microseconds after which a shard that never runs out of wishes is told the time all the same.
const TIMEOUT_OVERDUE_US: u64 = 10_000;

/// News of the history log heard in one turn. Pieces of a replay are the largest of them.
const NEWS_MAX: usize = 8;

/// Effects of one thread resolved in one turn, so that a group that was stored together does not keep the sockets waiting.
const RESOLUTIONS_MAX: usize = 64;

/// What comes after a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AfterTurn {
    /// Another turn: there is work.
    Turn,
    /// Nothing to do until something arrives.
    Sleep,
    /// The core is done.
    Leave,
}

impl Core {
    /// One turn.
    ///
    /// # Errors
    /// The ring failed.
    pub fn turn(&mut self) -> io::Result<AfterTurn> {
        self.now = clock::now();
        let mut batch = std::mem::take(&mut self.batch);
        let collected = self.ring.collect(&mut batch);
        self.batch = batch;
        collected?;
        self.handle_batch();
        let (shard, now) = (&mut self.shard, self.now);
        let time = Budget::of(PEERS_US);
        self.port.hear(|| time.is_left(), |from, message| shard.peer(now, from, message));
        if let Some(log) = &self.log {
            let time = Budget::of(PEERS_US);
            log.hear(NEWS_MAX, || time.is_left(), |news| shard.logged(now, news));
        }
        if let Some(recorder) = &self.recorder {
            let time = Budget::of(PEERS_US);
            recorder.hear(NEWS_MAX, || time.is_left(), |news| recorded(shard, now, news));
        }
        let time = Budget::of(PEERS_US);
        self.effects.hear(
            RESOLUTIONS_MAX,
            || time.is_left(),
            |id, resolution| shard.resolve(now, id, resolution),
        );
        tls::step(self);
        self.pass_time();
        while let Some(incident) = self.shard.next_incident(self.now) {
            log::incident(self.id, &incident);
        }
        self.do_work();
        while let Some(access) = self.shard.next_access() {
            log::access(self.id, &access);
        }
        let idle = self.fulfil() && self.batch.is_empty();
        if !idle {
            // Only a shard without wishes says when it wants to hear of time.
            let overdue_us = self.now.monotonic_us + TIMEOUT_OVERDUE_US;
            self.deadline_us = Some(self.deadline_us.map_or(overdue_us, |known| known.min(overdue_us)));
        }
        let shard = &mut self.shard;
        self.port.tell(|to| shard.next_for_peer(to));
        if let Some(log) = &mut self.log {
            log.tell(|| shard.next_for_log(now));
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.tell(|| next_for_recorder(shard));
        }
        let beside = BesideCounters {
            log_lines_lost: if self.id == CoreId(0) { log::lost() } else { 0 },
            tls: self.tls.counters,
            recorder: self.common.recorder.read(),
        };
        let busy_us = clock::monotonic_us().saturating_sub(self.now.monotonic_us);
        self.shard.note_turn(busy_us, beside);
        Ok(if self.finished() {
            AfterTurn::Leave
        } else if idle && !self.tls.is_waiting() {
            AfterTurn::Sleep
        } else {
            AfterTurn::Turn
        })
    }

    /// What the shard left for later, while there is time.
    fn do_work(&mut self) {
        let time = Budget::of(WORK_US);
        while self.shard.work(self.now) && time.is_left() {}
    }

    /// Whatever is due.
    fn pass_time(&mut self) {
        self.common.controls.pulse.answer(self.id);
        let now_us = self.now.monotonic_us;
        if self.drain == Drain::No && self.common.controls.stop.requested() {
            self.begin_drain();
        }
        self.tls.look_for_settings();
        if let Some(reload) = self.common.controls.reloads.take(self.id) {
            self.shard.reload(self.now, reload);
        }
        if let Some(words) = self.common.controls.reloads.take_words(self.id) {
            self.shard.tell_authorities(words);
        }
        if self.deadline_us.is_some_and(|deadline| deadline <= now_us) {
            self.deadline_us = None;
            self.shard.timeout(self.now);
        }
        tls::expire(self);
        self.end_lingering();
        if !self.accept_failed.is_empty() && self.accept_again_us <= now_us {
            self.accept_again();
        }
    }

    /// No new connections; the old ones go over the drain time.
    fn begin_drain(&mut self) {
        let settings = &self.common.settings;
        let over_us = (settings.drain_ms + settings.linger_ms) * 1000;
        self.drain = Drain::Draining { until_us: self.now.monotonic_us + over_us };
        for index in 0..self.listeners.len() as u32 {
            if self.accept_failed.contains(&index) {
                self.listeners[index as usize] = None;
            } else {
                self.ring.cancel(Token::plain(Kind::Accept, index));
            }
        }
        self.accept_failed.clear();
        self.shard.drain(self.now, settings.drain_ms);
    }

    /// Whether the core may leave: all shards are drained, so no peer waits for an answer, and the last
    /// sockets and the listeners have gone, so that a successor finds the port free, and the history log was told all; or the time is over.
    fn finished(&self) -> bool {
        match self.drain {
            Drain::No => false,
            Drain::Draining { until_us } => self.now.monotonic_us >= until_us,
            Drain::Drained { until_us } => {
                let cores_quiet = self.common.cores_busy.load(Ordering::SeqCst) == 0;
                let closed = self.sockets.is_empty() && self.listeners.iter().all(Option::is_none);
                let told = self.log.as_ref().is_none_or(|log| !log.has_undelivered());
                (cores_quiet && closed && told) || self.now.monotonic_us >= until_us
            }
        }
    }

    /// Sleeps in the ring until something arrives or is due. A busy core looks around for a while first.
    ///
    /// # Errors
    /// The ring failed.
    pub fn sleep(&mut self) -> io::Result<()> {
        if self.look_around() {
            return self.ring.enter();
        }
        self.port.doorbell().sleeping();
        let slept = if self.has_work() { self.ring.enter() } else { self.ring.sleep(self.sleep_time()) };
        self.port.doorbell().awake();
        slept
    }

    /// Looks for work for the configured time. True if there is some.
    fn look_around(&mut self) -> bool {
        let busy_us = self.common.settings.busy_poll_us;
        if busy_us == 0 {
            return false;
        }
        let start_us = clock::monotonic_us();
        let until_us = self.deadline().map_or(u64::MAX, |at| at).min(start_us + busy_us);
        loop {
            if self.ring.ready() || self.has_work() {
                return true;
            }
            if clock::monotonic_us() >= until_us {
                return false;
            }
            std::hint::spin_loop();
        }
    }

    /// Whether there is work that no completion tells of.
    fn has_work(&self) -> bool {
        self.port.ready()
            || self.log.as_ref().is_some_and(LogPort::ready)
            || self.recorder.as_ref().is_some_and(RecorderPort::ready)
            || self.effects.ready()
            || self.tls.is_waiting()
            || self.common.controls.reloads.ready(self.id)
            || self.common.controls.pulse.ready(self.id)
            || (self.drain == Drain::No && self.common.controls.stop.requested())
            || self.finished()
    }

    /// The next moment at which something is due.
    fn deadline(&self) -> Option<u64> {
        let accept = (!self.accept_failed.is_empty()).then_some(self.accept_again_us);
        let drain = match self.drain {
            Drain::No => None,
            Drain::Draining { until_us } | Drain::Drained { until_us } => Some(until_us),
        };
        [self.deadline_us, self.linger_deadline_us(), self.tls.deadline_us(), accept, drain]
            .into_iter()
            .flatten()
            .min()
    }

    fn sleep_time(&self) -> Option<Duration> {
        let deadline = self.deadline()?;
        Some(Duration::from_micros(deadline.saturating_sub(clock::monotonic_us())))
    }
}
