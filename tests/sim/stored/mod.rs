//! What was answered is on the disk: rooms and definitions while the disk is late, fails, and the node is killed at
//! any moment and started again, on another number of cores too.
//!
//! Checked: after a restart each record is as it was answered last, or as an unanswered or failed change would have
//! left it, and nothing else; a failed change is not seen in the same life; every request is answered; an id is given
//! once; after quiet the disk has what the node says.

mod owner;

use crate::disk::Disk;
use crate::log::Files;
use crate::node::Node;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::wire;
use corecast::base::time::Now;
use owner::Owner;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Truth {
    pub changes: u64,
    pub done: u64,
    pub failed: u64,
    pub late: u64,
    pub refused: u64,
    /// Of definitions.
    pub ids: BTreeSet<u64>,
}

struct World {
    rng: Rng,
    plan: Plan,
    node: Node,
    owners: Vec<Owner>,
    truth: Truth,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0xd15c);
        let mut plan = Plan::of_realm(&mut rng);
        // Whoever says nothing for long is not sent away.
        (plan.limits.header_time_ms_max, plan.limits.keep_alive_ms_max) = (3_600_000, 3_600_000);
        plan.limits.effects_in_flight_max = *rng.pick(&[1, 2, 1_024]);
        let now = Now { monotonic_us: 10_000_000, unix_ms: 1_750_000_000_000 };
        let node = Node::start(&plan, rng.next(), now, seed, Disk::default(), Files::default());
        let mut world = Self { rng, plan, node, owners: Vec::new(), truth: Truth::default() };
        world.owners = (0..8).map(|index| Owner::new(0, index)).collect();
        world.connect();
        world
    }

    fn connect(&mut self) {
        for owner in &mut self.owners {
            let core = self.rng.below(self.node.cores());
            owner.socket = self.node.accept(core, 1).expect("there is room");
        }
    }

    fn chaos(&mut self, steps: usize) {
        for _ in 0..steps {
            let us = self.rng.below(2_000) as u64;
            self.node.advance(us);
            match self.rng.below(100) {
                0..40 => self.node.some_turn(&mut self.rng),
                40..60 => self.node.some_delivery(6, &mut self.rng),
                60..70 => self.node.disk_step(&mut self.rng),
                70..98 => {
                    let owner = self.rng.below(self.owners.len());
                    self.owner(owner, true);
                }
                // Longer than anybody waits for a disk, now and then.
                _ if self.rng.percent(5) => self.node.advance(6_000_000),
                _ => {}
            }
        }
    }

    /// An owner acts and reads. Whether anything moved.
    fn owner(&mut self, index: usize, acts: bool) -> bool {
        let owner = &mut self.owners[index];
        let socket = owner.socket;
        if acts {
            owner.act(&mut self.node.sockets[socket], &mut self.rng, &mut self.truth);
        }
        let fed = self.node.feed(socket, usize::MAX);
        let bytes: Vec<u8> = self.node.sockets[socket].to_client.drain(..).collect();
        owner.read(&bytes, &mut self.truth);
        fed || !bytes.is_empty()
    }

    /// Nobody asks for more, the disk is well, and all that is under way arrives.
    fn quiet(&mut self) {
        self.node.disk.fails = 0;
        let mut still = 0;
        while still < 50 {
            self.node.advance(500);
            let mut worked = self.node.work(&mut self.rng);
            (0..self.owners.len()).for_each(|index| worked |= self.owner(index, false));
            still = if worked { 0 } else { still + 1 };
        }
        self.node.invariants();
        assert!(!self.owners.iter().any(Owner::is_waiting), "every request is answered");
    }

    fn ask(&mut self, target: &str) -> String {
        let socket = self.node.accept(0, 200).expect("there is room");
        let request = wire::request("GET", target, "key-of-user-0", "", "");
        self.node.sockets[socket].to_server.extend(request.bytes());
        self.node.feed(socket, usize::MAX);
        self.quiet();
        let mut inbox: Vec<u8> = self.node.sockets[socket].to_client.drain(..).collect();
        let response = wire::take_response(&mut inbox).expect("an answer");
        assert_eq!(response.status, 200, "{target}: {}", response.body);
        response.body
    }

    /// Compares what the node says with what it may say.
    fn look(&mut self) {
        let rooms: Value = serde_json::from_str(&self.ask("/v1/rooms")).expect("JSON");
        let definitions = self.ask("/workspace/1/realtime/channel");
        let definitions: Value = serde_json::from_str(&definitions).expect("JSON");
        let mut found = BTreeMap::new();
        for room in rooms["data"].as_array().expect("a list") {
            let id = room["id"].as_str().and_then(|id| id.strip_prefix("room_")).expect("an id");
            let name = room["name"].as_str().expect("a name").to_owned();
            assert!(found.insert(id.to_owned(), (None, name)).is_none(), "a room is there once");
        }
        for definition in definitions["items"].as_array().expect("a list") {
            let text = definition["description"].as_str().expect("a text").to_owned();
            let name = definition["name"].as_str().expect("a name").to_owned();
            let id = definition["id"].as_u64();
            self.truth.ids.insert(id.expect("an id"));
            assert!(found.insert(name, (id, text)).is_none(), "a name is there once");
        }
        for owner in &mut self.owners {
            owner.found(found.remove(&owner.name));
        }
        assert!(found.is_empty(), "nobody made {found:?}");
        // RangeRead out within a second.
        self.node.advance(1_000_000);
        self.quiet();
        assert!(self.ask("/health/ready").contains("\"ready\":true"), "the disk is well");
    }

    /// The node is killed and started again, with another seed and on another number of cores.
    fn restart(&mut self) {
        self.owners.iter_mut().for_each(Owner::crashed);
        self.plan.cores = self.rng.within(1, 5) as u16;
        let disk = std::mem::take(&mut self.node.disk).crash();
        let (now, digest) = (self.node.now, self.node.digest);
        self.node = Node::start(&self.plan, self.rng.next(), now, digest, disk, Files::default());
        self.connect();
    }
}

fn run(seed: u64) -> (u64, [u64; 4]) {
    let mut world = World::new(seed);
    for _ in 0..6 {
        world.node.disk.fails = *world.rng.pick(&[0, 10, 60]);
        let steps = world.rng.within(200, 3_000);
        world.chaos(steps);
        if world.rng.percent(40) {
            world.quiet();
            // Nothing failed is seen while the node lives; what nobody knew is one or the other.
            world.owners.iter_mut().filter(|owner| !owner.unsure).for_each(|owner| owner.maybe.clear());
            world.look();
        }
        world.restart();
        world.look();
    }
    let Truth { done, failed, late, refused, .. } = world.truth;
    (world.node.digest, [done, failed, late, refused])
}

#[test]
fn what_was_answered_is_on_the_disk_whatever_happens() {
    let seeds = crate::number("SIM_SEEDS").unwrap_or(200) / 2;
    let only = crate::number("SIM_SEED");
    let mut total = [0; 4];
    for seed in only.map_or(0..seeds, |seed| seed..seed + 1) {
        let failed = std::panic::catch_unwind(|| run(seed));
        let (_, counts) = failed.unwrap_or_else(|failure| {
            println!("reproduce: SIM_SEED={seed} cargo test --test sim on_the_disk -- --nocapture");
            std::panic::resume_unwind(failure)
        });
        total.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
    }
    let [done, failed, late, refused] = total;
    println!("{done} changes stored, {failed} failed, {late} late, {refused} refused");
    assert!(total.iter().all(|count| *count > seeds / 4) || only.is_some(), "the runs are about something");
}

#[test]
fn the_same_seed_of_a_disk_gives_the_same_bytes() {
    for seed in 700_000..700_003 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}
