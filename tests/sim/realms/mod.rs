//! Clients of a realm while its channels are defined, changed and deleted under them, on several cores.
//!
//! Checked throughout: whoever is in a channel that was deleted is told so and disconnected with 4404, and after the
//! deletion was answered nothing of the channel is written to its socket; what is said while a channel does not exist
//! reaches nobody; every request is answered once, and of two creators of one name one
//! wins. After quiet, the list of members is that of the living clients.

mod guest;
mod keeper;

use crate::disk::Disk;
use crate::log::Files;
use crate::node::Node;
use crate::plan::Plan;
use crate::rng::Rng;
use corecast::base::time::Now;
use guest::Guest;
use keeper::Keeper;
use std::collections::{BTreeMap, BTreeSet};

/// What is defined: each by a keeper of its own, with the channels below it where it is nested.
pub const TOPS: [&str; 2] = ["a", "b"];
pub const CHANNELS: [&str; 5] = ["a", "a/x", "a/x/y", "b", "b/z"];

/// The definition that covers a channel.
pub fn top(channel: &str) -> usize {
    TOPS.iter().position(|top| channel.starts_with(top)).expect("a channel of ours")
}

/// What everybody knows.
#[derive(Default)]
pub struct Truth {
    /// Steps so far.
    pub step: u64,
    /// Since which step a definition is gone, as far as its keeper was told, and until it asks for it again.
    pub gone: [Option<u64>; 2],
    /// What each message was said in, and the `gone` of that channel then.
    pub said: Vec<(&'static str, Option<u64>)>,
    pub deletions: u64,
    pub heard: u64,
    pub ended: u64,
    pub won: u64,
}

struct World {
    rng: Rng,
    plan: Plan,
    node: Node,
    keepers: Vec<Keeper>,
    guests: Vec<Guest>,
    truth: Truth,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x5ea1);
        let plan = Plan::of_realm(&mut rng);
        let now = Now { monotonic_us: 10_000_000, unix_ms: 1_750_000_000_000 };
        let node = Node::start(&plan, rng.next(), now, seed, Disk::default(), Files::default());
        let mut world =
            Self { rng, plan, node, keepers: Vec::new(), guests: Vec::new(), truth: Truth::default() };
        for (index, _) in TOPS.iter().enumerate() {
            let core = world.rng.below(world.node.cores());
            let socket = world.node.accept(core, 1).expect("room");
            world.keepers.push(Keeper::new(socket, index));
        }
        world
    }

    fn chaos(&mut self, steps: usize) {
        for _ in 0..steps {
            let us = self.rng.below(200) as u64;
            self.node.advance(us);
            self.truth.step += 1;
            self.step();
        }
    }

    fn step(&mut self) {
        match self.rng.below(104) {
            100.. => self.node.disk_step(&mut self.rng),
            0..30 => self.node.some_turn(&mut self.rng),
            30..52 => self.node.some_delivery(6, &mut self.rng),
            52..66 => self.feed(),
            66..80 => self.read(),
            80..94 => self.speak(),
            94..98 => {
                let keeper = self.rng.below(self.keepers.len());
                let socket = self.keepers[keeper].socket;
                self.keepers[keeper].act(&mut self.node.sockets[socket], &mut self.rng, &mut self.truth);
            }
            98 if self.guests.len() < 24 => self.connect(),
            _ => self.cut(),
        }
    }

    fn connect(&mut self) {
        let (core, key) = (self.rng.below(self.node.cores()), self.rng.percent(50));
        let token = key.then(|| self.plan.users[1].key.clone());
        let Some(socket) = self.node.accept(core, 2) else { return };
        let guest = Guest::new(socket, token.as_deref());
        self.node.sockets[socket].to_server.extend(guest.upgrade());
        self.guests.push(guest);
    }

    /// A client dies without a word.
    fn cut(&mut self) {
        if self.guests.is_empty() || !self.rng.percent(30) {
            return;
        }
        let index = self.rng.below(self.guests.len());
        let guest = self.guests.swap_remove(index);
        self.node.reset(guest.socket, true);
    }

    fn sockets(&self) -> Vec<usize> {
        self.keepers.iter().map(|one| one.socket).chain(self.guests.iter().map(|one| one.socket)).collect()
    }

    fn feed(&mut self) {
        let sockets = self.sockets();
        let (socket, count) = (*self.rng.pick(&sockets), self.rng.within(1, 3_000));
        self.node.feed(socket, count);
        self.node.writable(socket);
        self.node.invariants_of(self.node.sockets[socket].core);
    }

    fn speak(&mut self) {
        if self.guests.is_empty() {
            return self.connect();
        }
        let index = self.rng.below(self.guests.len());
        let guest = &mut self.guests[index];
        guest.act(&mut self.node.sockets[guest.socket], &mut self.rng, &mut self.truth);
    }

    fn read(&mut self) {
        let at = self.rng.below(self.keepers.len() + self.guests.len());
        if at < self.keepers.len() {
            self.read_keeper(at);
        } else {
            self.read_guest(at - self.keepers.len());
        }
    }

    fn read_keeper(&mut self, index: usize) -> bool {
        let keeper = &mut self.keepers[index];
        let bytes: Vec<u8> = self.node.sockets[keeper.socket].to_client.drain(..).collect();
        if let Some(asked) = keeper.read(&bytes, &mut self.truth) {
            // From here on nothing of the channel may be written to whoever was in it when this was asked.
            for guest in &mut self.guests {
                let written = guest.read_bytes + self.node.sockets[guest.socket].to_client.len();
                guest.forbid(top(TOPS[index]), asked, written);
            }
        }
        !bytes.is_empty()
    }

    fn read_guest(&mut self, index: usize) -> bool {
        let guest = &mut self.guests[index];
        let socket = &mut self.node.sockets[guest.socket];
        let bytes: Vec<u8> = socket.to_client.drain(..).collect();
        guest.read(&bytes, &mut self.truth);
        if socket.at_end() {
            assert!(guest.closed, "a client is disconnected without a close frame");
            self.guests.swap_remove(index);
        }
        !bytes.is_empty()
    }

    /// Nobody asks for more, and all that is under way arrives.
    fn quiet(&mut self) {
        let mut still = 0;
        while still < 50 {
            self.node.advance(500);
            self.truth.step += 1;
            let mut worked = false;
            for socket in self.sockets() {
                worked |= self.node.feed(socket, usize::MAX);
                self.node.writable(socket);
            }
            worked |= self.node.work(&mut self.rng);
            (0..self.keepers.len()).for_each(|index| worked |= self.read_keeper(index));
            for index in (0..self.guests.len()).rev() {
                worked |= self.read_guest(index);
            }
            still = if worked { 0 } else { still + 1 };
        }
        self.node.invariants();
        for keeper in &self.keepers {
            assert!(keeper.asked.is_none(), "every request is answered");
        }
        for guest in &self.guests {
            guest.is_quiet();
        }
    }

    /// Asks for the list of members where presence is told, and compares.
    fn check(&mut self) {
        let mut expected: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for guest in &self.guests {
            for channel in guest.joined.keys() {
                expected.entry(channel).or_default().insert(guest.name.clone().expect("it has joined"));
            }
        }
        for channel in CHANNELS {
            self.connect();
            let probe = self.guests.len() - 1;
            self.quiet();
            let guest = &mut self.guests[probe];
            guest.join(channel, &mut self.node.sockets[guest.socket], &mut self.rng, &self.truth);
            self.quiet();
            let Some(probe) = self.guests.get(probe) else { continue };
            if let Some(list) = &probe.listed {
                let mut wanted = expected.remove(channel).unwrap_or_default();
                wanted.insert(probe.name.clone().expect("it has joined"));
                assert_eq!(*list, wanted, "the members of {channel} are the living clients");
            }
        }
    }
}

fn run(seed: u64) -> (u64, u64, u64, u64, u64) {
    let mut world = World::new(seed);
    for _ in 0..3 {
        world.chaos(2_500);
        world.quiet();
    }
    world.check();
    assert!(world.truth.won <= 1, "a name is given once");
    let Truth { deletions, heard, ended, won, .. } = world.truth;
    (world.node.digest, deletions, heard, ended, won)
}

#[test]
fn deleted_channels_are_silent_and_members_are_the_living() {
    let seeds = crate::number("SIM_SEEDS").unwrap_or(200) / 2;
    let only = crate::number("SIM_SEED");
    let mut total = (0, 0, 0, 0);
    for seed in 0..seeds {
        let seed = only.unwrap_or(seed);
        let failed = std::panic::catch_unwind(|| run(seed));
        let (_, deletions, heard, ended, won) = failed.unwrap_or_else(|failure| {
            println!("reproduce: SIM_SEED={seed} cargo test --test sim deleted -- --nocapture");
            std::panic::resume_unwind(failure)
        });
        total = (total.0 + deletions, total.1 + heard, total.2 + ended, total.3 + won);
        if only.is_some() {
            break;
        }
    }
    println!(
        "{} deletions, {} messages heard, {} clients sent away, {} races won",
        total.0, total.1, total.2, total.3
    );
    let busy = total.0 > seeds && total.1 > seeds * 10 && total.2 > seeds && total.3 > 0;
    assert!(busy || only.is_some(), "the runs are about something");
}

#[test]
fn the_same_seed_of_a_realm_gives_the_same_bytes() {
    for seed in 500_000..500_003 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}
