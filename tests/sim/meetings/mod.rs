//! Meetings while several people make, change, read and delete them, on several cores, the disk is late and fails, and
//! the node is killed at any moment and started again, on another number of cores too.
//!
//! Checked throughout: what was answered with success is there, after a kill too, and what was refused is not; the messages of
//! one request are there all or none, each id once, in the order in which the requests were answered; pages go on to the last
//! one; only members read, list, add and hear; whoever hears a meeting hears each change of it once and in order, and is
//! disconnected when somebody has to go; a session holds until its logout, and never after it.

mod listener;
mod person;
mod truth;

use crate::disk::Disk;
use crate::log::Files;
use crate::node::Node;
use crate::plan::{Plan, User};
use crate::rng::Rng;
use corecast::base::time::Now;
use corecast::model::session::Scopes;
use listener::Listener;
use person::Person;
use std::collections::BTreeMap;
use truth::Truth;

pub const MEETINGS: usize = 3;

/// User 0 keeps the meetings, those up to this one may be members, and who comes after is a stranger.
pub const MEMBERS: usize = 3;
pub const USERS: usize = 5;

const LISTENERS_MAX: usize = 10;

pub fn address(user: usize) -> String {
    format!("u{user}@x.example")
}

struct World {
    rng: Rng,
    plan: Plan,
    node: Node,
    people: Vec<Person>,
    listeners: Vec<Listener>,
    truth: Truth,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x3ee7);
        let plan = plan(&mut rng);
        let now = Now { monotonic_us: 10_000_000, unix_ms: 1_750_000_000_000 };
        let node = Node::start(&plan, rng.next(), now, seed, Disk::default(), Files::default());
        let keepers = (0..MEETINGS).map(|meeting| Person::new(0, Some(meeting)));
        let people = keepers.chain((0..USERS).map(|user| Person::new(user, None))).collect();
        let truth = Truth { changes: vec![Vec::new(); MEETINGS], ..Truth::default() };
        let mut world = Self { rng, plan, node, people, listeners: Vec::new(), truth };
        world.connect();
        world
    }

    fn connect(&mut self) {
        for person in &mut self.people {
            let core = self.rng.below(self.node.cores());
            person.socket = self.node.accept(core, 1).expect("there is room");
        }
    }

    fn chaos(&mut self, steps: usize) {
        for _ in 0..steps {
            let us = self.rng.below(2_000) as u64;
            self.node.advance(us);
            self.truth.step += 1;
            match self.rng.below(100) {
                0..35 => self.node.some_turn(&mut self.rng),
                35..55 => self.node.some_delivery(6, &mut self.rng),
                55..67 => self.node.disk_step(&mut self.rng),
                67..90 => {
                    let person = self.rng.below(self.people.len());
                    self.person(person, true);
                }
                90..97 if !self.listeners.is_empty() => {
                    let listener = self.rng.below(self.listeners.len());
                    self.listener(listener);
                }
                97 => self.listen(),
                // Somebody goes without a word.
                98 if !self.listeners.is_empty() && self.rng.percent(20) => {
                    let listener = self.rng.below(self.listeners.len());
                    let socket = self.listeners.swap_remove(listener).socket;
                    self.node.reset(socket, true);
                }
                // Longer than anybody waits for a disk, now and then.
                99 if self.rng.percent(5) => {
                    self.node.advance(6_000_000);
                    self.listeners.iter_mut().for_each(Listener::overslept);
                }
                99 => self.reconnect(),
                _ => {}
            }
        }
    }

    /// Somebody who waits for nothing goes on at another core.
    fn reconnect(&mut self) {
        let (index, core) = (self.rng.below(self.people.len()), self.rng.below(self.node.cores()));
        let person = &mut self.people[index];
        if person.asked.is_none() {
            self.node.reset(person.socket, true);
            person.socket = self.node.accept(core, 1).expect("there is room");
        }
    }

    fn listen(&mut self) {
        if self.listeners.len() >= LISTENERS_MAX {
            return;
        }
        let core = self.rng.below(self.node.cores());
        let socket = self.node.accept(core, 2).expect("there is room");
        let (user, meeting) = (self.rng.below(USERS), self.rng.below(MEETINGS));
        let listener = Listener::new(socket, user, meeting);
        self.node.sockets[socket].to_server.extend(listener.upgrade().bytes());
        self.listeners.push(listener);
    }

    /// Somebody acts and reads. Whether anything moved.
    fn person(&mut self, index: usize, acts: bool) -> bool {
        let (person, now_us) = (&mut self.people[index], self.node.now.monotonic_us);
        let socket = person.socket;
        if acts {
            person.act(&mut self.node.sockets[socket], now_us, &mut self.rng, &mut self.truth);
        }
        let fed = self.node.feed(socket, usize::MAX);
        let bytes: Vec<u8> = self.node.sockets[socket].to_client.drain(..).collect();
        person.read(&bytes, &mut self.node.sockets[socket], now_us, &mut self.rng, &mut self.truth);
        fed || !bytes.is_empty()
    }

    fn listener(&mut self, index: usize) -> bool {
        let listener = &mut self.listeners[index];
        let socket = listener.socket;
        let fed = self.node.feed(socket, usize::MAX);
        let bytes: Vec<u8> = self.node.sockets[socket].to_client.drain(..).collect();
        listener.read(&bytes, &mut self.node.sockets[socket], &mut self.rng, &mut self.truth);
        if self.node.sockets[socket].at_end() {
            listener.ended(&self.truth);
        }
        fed || !bytes.is_empty()
    }

    /// Nobody asks for more, the disk is well, and all that is under way arrives.
    fn quiet(&mut self) {
        self.node.disk.fails = 0;
        let mut still = 0;
        while still < 50 {
            self.node.advance(500);
            self.truth.step += 1;
            let mut worked = self.node.work(&mut self.rng);
            (0..self.people.len()).for_each(|index| worked |= self.person(index, false));
            (0..self.listeners.len()).for_each(|index| worked |= self.listener(index));
            still = if worked { 0 } else { still + 1 };
        }
        self.node.invariants();
        self.truth.rest();
        self.truth.step += 1;
        for person in &mut self.people {
            assert!(person.asked.is_none(), "every request is answered");
            person.unsure = false;
        }
        self.listeners.iter().for_each(|listener| listener.check(&self.truth));
        self.listeners.retain(|listener| !listener.is_done());
    }

    /// The node is killed and started again, with another seed and on another number of cores.
    fn restart(&mut self) {
        self.truth.step += 1;
        self.people.iter_mut().for_each(Person::crashed);
        self.listeners.clear();
        self.truth.crashed();
        self.truth.step += 1;
        self.plan.cores = self.rng.within(1, 5) as u16;
        let disk = std::mem::take(&mut self.node.disk).crash();
        let (now, digest) = (self.node.now, self.node.digest);
        self.node = Node::start(&self.plan, self.rng.next(), now, digest, disk, Files::default());
        self.connect();
    }
}

fn plan(rng: &mut Rng) -> Plan {
    let user = |index| {
        let scopes = Scopes::READ.union(Scopes::WRITE);
        User { id: address(index), key: format!("key-of-user-{index}"), scopes }
    };
    let users: Vec<User> = (0..USERS).map(user).collect();
    let accounts = (0..USERS).map(address).collect();
    let mut plan = Plan { users, accounts, ..Plan::of_realm(rng) };
    let limits = &mut plan.limits;
    // Whoever says nothing for long is not sent away.
    (limits.header_time_ms_max, limits.keep_alive_ms_max) = (3_600_000, 3_600_000);
    limits.login_attempts_per_minute_max = 1_000_000;
    limits.effects_in_flight_max = *rng.pick(&[1, 2, 1_024, 1_024]);
    limits.meeting_changes_waiting_max = *rng.pick(&[1, 1_024]);
    limits.meeting_page_bytes_max = *rng.pick(&[1_000, 256 << 10]);
    plan
}

fn run(seed: u64) -> (u64, BTreeMap<&'static str, u64>) {
    let mut world = World::new(seed);
    for _ in 0..4 {
        world.node.disk.fails = *world.rng.pick(&[0, 10, 60]);
        let steps = world.rng.within(200, 4_000);
        world.chaos(steps);
        if world.rng.percent(50) {
            world.quiet();
            world.chaos(300);
            world.quiet();
        }
        world.restart();
    }
    (world.node.digest, world.truth.counts)
}

#[test]
fn meetings_are_what_was_answered_whatever_happens() {
    let seeds = crate::number("SIM_SEEDS").unwrap_or(200) / 2;
    let only = crate::number("SIM_SEED");
    let mut total: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in only.map_or(0..seeds, |seed| seed..seed + 1) {
        let (_, counts) = std::panic::catch_unwind(|| run(seed)).unwrap_or_else(|failure| {
            println!("reproduce: SIM_SEED={seed} cargo test --test sim meetings -- --nocapture");
            std::panic::resume_unwind(failure)
        });
        counts.into_iter().for_each(|(what, count)| *total.entry(what).or_default() += count);
    }
    println!("{total:?}");
    let kinds = ["done", "failed", "late", "refused", "further pages", "heard", "ends heard", "sent away"];
    let busy = kinds.iter().all(|kind| total.get(kind).is_some_and(|count| *count > seeds / 4));
    assert!(busy || only.is_some(), "the runs are about something");
}

#[test]
fn the_same_seed_of_a_meeting_gives_the_same_bytes() {
    for seed in 800_000..800_003 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}
