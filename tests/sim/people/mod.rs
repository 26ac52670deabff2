//! People who call, meet in huddles and look who is there, each on several sockets, which are on several cores and die
//! without a word; queues between cores that are full; time that passes; a node that ends in the middle of it all.
//!
//! Checked throughout: a call has one end, told once on each socket, and nothing of it after that; a signal reaches nobody
//! but whom it is for, and only if it is one of the call's or in the huddle; whoever is invisible is shown to nobody. After
//! quiet, whoever was there from a call's first moment on has been told of its end, and presence is the living sockets.
//! When all are gone and their deadlines have passed, nothing is left.

mod person;
mod truth;

use crate::disk::Disk;
use crate::log::Files;
use crate::node::Node;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::wire;
use corecast::base::time::Now;
use corecast::shard::PeopleSettings;
use person::Person;
use std::collections::BTreeMap;
use truth::Truth;

/// Users by their place in the plan: those who may read and write.
const USERS: usize = 4;

const SOCKETS_MAX: usize = 9;

/// Microseconds after which every call and huddle of these runs is over, and forgotten.
const ALL_OVER_US: u64 = 8_000_000_000;

/// Microseconds after which nobody is remembered who was here before.
const ALL_FORGOTTEN_US: u64 = 100_000_000_000;

struct World {
    rng: Rng,
    plan: Plan,
    node: Node,
    people: Vec<Person>,
    truth: Truth,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x009e_091e);
        let mut plan = Plan::of_realm(&mut rng);
        plan.cores = rng.within(1, 3) as u16;
        plan.limits.peer_queue_messages_max = *rng.pick(&[4, 16, 8_192, 8_192]);
        // Time passes in great steps, also while somebody opens a socket or says something.
        (plan.limits.header_time_ms_max, plan.limits.body_time_ms_max) = (100_000_000, 100_000_000);
        plan.people = PeopleSettings { ring_ms: 3_000, call_ms_max: 60_000, ..PeopleSettings::default() };
        plan.people.huddle_participants_max = *rng.pick(&[2, 50]);
        let now = Now { monotonic_us: 10_000_000, unix_ms: 1_750_000_000_000 };
        let node = Node::start(&plan, rng.next(), now, seed, Disk::default(), Files::default());
        Self { rng, plan, node, people: Vec::new(), truth: Truth::default() }
    }

    /// The process ends, and another one begins: nobody is connected, and what was in memory is gone.
    fn restart(&mut self) {
        let (now, digest) = (self.node.now, self.node.digest);
        let seed = self.rng.next();
        self.node = Node::start(&self.plan, seed, now, digest, Disk::default(), Files::default());
        self.people.clear();
        self.truth.forget();
    }

    fn chaos(&mut self, steps: usize) {
        for _ in 0..steps {
            let us = if self.rng.percent(1) { self.rng.below(4_000_000) } else { self.rng.below(300) };
            self.node.advance(us as u64);
            self.truth.step += 1;
            self.step();
        }
    }

    fn step(&mut self) {
        match self.rng.below(100) {
            0..30 => self.node.some_turn(&mut self.rng),
            30..50 => self.node.some_delivery(6, &mut self.rng),
            50..66 => self.feed(),
            66..80 => {
                let index = self.rng.below(self.people.len().max(1));
                self.read(index);
            }
            80..96 => self.act(),
            96 => self.cut(),
            97 => {
                let cores = self.node.cores();
                let (from, to, us) = (self.rng.below(cores), self.rng.below(cores), self.rng.below(3_000));
                self.node.freeze(from, to, us as u64);
            }
            _ if self.people.len() < SOCKETS_MAX => self.connect(),
            _ => {}
        }
    }

    fn connect(&mut self) {
        let (core, user) = (self.rng.below(self.node.cores()), self.rng.below(USERS));
        self.connect_as(core, user);
    }

    fn connect_as(&mut self, core: usize, user: usize) {
        let Some(socket) = self.node.accept(core, 1 + user as u8) else { return };
        let user = &self.plan.users[user];
        let person = Person::new(self.truth.next_number(), socket, &user.id);
        self.node.sockets[socket].to_server.extend(person.upgrade(&user.key));
        self.people.push(person);
    }

    fn feed(&mut self) {
        if self.people.is_empty() {
            return self.connect();
        }
        let (index, count) = (self.rng.below(self.people.len()), self.rng.within(1, 2_000));
        let socket = self.people[index].socket;
        self.node.feed(socket, count);
        self.node.writable(socket);
        self.node.invariants_of(self.node.sockets[socket].core);
    }

    fn act(&mut self) {
        if self.people.is_empty() {
            return self.connect();
        }
        let index = self.rng.below(self.people.len());
        let person = &mut self.people[index];
        person.act(&mut self.node.sockets[person.socket], &mut self.rng, &mut self.truth);
    }

    /// Whether anything came.
    fn read(&mut self, index: usize) -> bool {
        let Some(person) = self.people.get_mut(index) else { return false };
        let socket = &mut self.node.sockets[person.socket];
        let bytes: Vec<u8> = socket.to_client.drain(..).collect();
        person.read(&bytes, &mut self.truth);
        assert!(!socket.at_end(), "nobody is sent away here");
        !bytes.is_empty()
    }

    /// A socket dies without a word.
    fn cut(&mut self) {
        if self.people.is_empty() || !self.rng.percent(60) {
            return;
        }
        let index = self.rng.below(self.people.len());
        let person = self.people.swap_remove(index);
        self.truth.hidden.remove(&person.user);
        self.truth.secret.remove(&person.user);
        self.node.reset(person.socket, true);
    }

    /// Nobody says more, everybody reads, and all that is under way arrives.
    fn quiet(&mut self) {
        let mut still = 0;
        while still < 50 {
            self.node.advance(500);
            self.truth.step += 1;
            let mut worked = false;
            for index in (0..self.people.len()).rev() {
                let socket = self.people[index].socket;
                worked |= self.node.feed(socket, usize::MAX);
                worked |= self.node.writable(socket);
            }
            worked |= self.node.work(&mut self.rng);
            (0..self.people.len()).rev().for_each(|index| worked |= self.read(index));
            still = if worked { 0 } else { still + 1 };
        }
        self.node.invariants();
        self.people.iter().for_each(Person::is_quiet);
    }

    /// Each user says how it is, and everybody sees just that, of just the sockets that live.
    fn check_presence(&mut self) {
        self.truth.hidden.clear();
        self.truth.secret.clear();
        self.truth.statuses_open.clear();
        self.truth.statuses_mixed.clear();
        let mut said: BTreeMap<String, &'static str> = BTreeMap::new();
        for user in 0..USERS {
            let id = self.plan.users[user].id.clone();
            if !self.people.iter().any(|person| person.user == id && person.is_present()) {
                continue;
            }
            let status = *self.rng.pick(&["online", "away", "busy", "invisible"]);
            let first = self.people.iter_mut().find(|person| person.user == id && person.is_present());
            let person = first.expect("found above");
            person.say_status(status, &mut self.node.sockets[person.socket], &mut self.rng);
            said.insert(id, status);
            self.quiet();
        }
        // A queue that is full refuses; then it is as it was.
        let refused = self.people.iter().any(|person| person.was_refused);
        let mut expected: BTreeMap<String, usize> = BTreeMap::new();
        for person in self.people.iter().filter(|person| person.is_present()) {
            if said.get(&person.user).is_none_or(|status| *status != "invisible") {
                *expected.entry(person.user.clone()).or_default() += 1;
            }
        }
        if refused {
            return;
        }
        for person in self.people.iter().filter(|person| person.is_present()) {
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            for (user, status) in person.seen.values() {
                *seen.entry(user.clone()).or_default() += 1;
                assert_eq!(Some(&status.as_str()), said.get(user), "{user} is seen so by {}", person.user);
            }
            assert_eq!(seen, expected, "whom {} sees", person.user);
            self.truth.compared += 1;
        }
        self.truth.hidden =
            said.into_iter().filter(|(_, how)| *how == "invisible").map(|(user, _)| user).collect();
    }

    /// Everybody goes; when every deadline has passed nothing is left of anything.
    fn leave(&mut self) {
        for person in std::mem::take(&mut self.people) {
            self.node.reset(person.socket, true);
        }
        self.quiet();
        let mut passed_us = 0;
        while passed_us < ALL_OVER_US {
            self.node.advance(500_000_000);
            passed_us += 500_000_000;
            self.quiet();
        }
        self.node.advance(ALL_FORGOTTEN_US);
        self.quiet();
        let page = self.metrics();
        for name in [
            "calls_active",
            "huddles_active",
            "circles_open",
            "people_entries",
            "subscriptions_open",
            "websockets_open",
        ] {
            let line = format!("\ncorecast_{name} 0\n");
            assert!(page.contains(&line), "{name} is not 0:\n{page}");
        }
    }

    fn metrics(&mut self) -> String {
        let socket = self.node.accept(0, 99).expect("room");
        self.node.sockets[socket].to_server.extend(b"GET /metrics HTTP/1.1\r\nHost: sim\r\n\r\n");
        let (mut inbox, mut response) = (Vec::new(), None);
        while response.is_none() {
            self.node.advance(1_000);
            self.node.feed(socket, usize::MAX);
            self.node.writable(socket);
            self.node.work(&mut self.rng);
            inbox.extend(self.node.sockets[socket].to_client.drain(..));
            response = wire::take_response(&mut inbox);
        }
        self.node.reset(socket, true);
        response.map(|response| response.body).unwrap_or_default()
    }

    /// All calls that are under way end by themselves, and whoever was there all the time is told so.
    fn check_ends(&mut self) {
        for _ in 0..8 {
            self.node.advance(10_000_000);
            self.quiet();
        }
        let certain: usize = self.people.iter().map(|person| person.has_all_ends(&self.truth)).sum();
        self.truth.expected_ends += certain as u64;
    }
}

fn run(seed: u64) -> (u64, Truth) {
    let mut world = World::new(seed);
    for life in 0..2 {
        for _ in 0..2 {
            world.chaos(1_500);
            world.quiet();
            world.check_presence();
            world.chaos(800);
            world.quiet();
            world.check_ends();
        }
        if life == 0 {
            world.chaos(500);
            world.restart();
        }
    }
    world.leave();
    (world.node.digest, world.truth)
}

#[test]
fn calls_end_once_and_presence_is_the_living_sockets() {
    let seeds = crate::number("SIM_SEEDS").unwrap_or(200) / 16;
    let only = crate::number("SIM_SEED");
    let mut total = Truth::default();
    for seed in only.map_or(0..seeds, |only| only..only + 1) {
        let run = std::panic::catch_unwind(|| run(seed));
        let (_, truth) = run.unwrap_or_else(|failure| {
            println!("reproduce: SIM_SEED={seed} cargo test --test sim calls_end -- --nocapture");
            std::panic::resume_unwind(failure)
        });
        total.add(&truth);
    }
    println!("{}", total.summary());
    assert!(total.is_busy(seeds) || only.is_some(), "the runs are about something: {}", total.summary());
}

#[test]
fn the_same_seed_of_people_gives_the_same_bytes() {
    for seed in 800_000..800_002 {
        assert_eq!(run(seed).0, run(seed).0, "seed {seed}");
    }
}
