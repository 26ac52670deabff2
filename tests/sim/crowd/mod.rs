//! A crowd in the channels of a realm: members who say things to all, to those who proved who they are, and to one;
//! guests; and members who behave badly: they never read, read little, stop in the middle of a frame, say much at
//! once, come back again and again.
//!
//! Checked throughout: a message reaches only whom it is for, and what one member says arrives in the order in which
//! it was said, whispers among it. A member is sent away as slow only if what it had not read of one channel, or of all that
//! is for it alone, may have been more than the node keeps of that. After quiet, whoever stayed has heard all that was for it.

mod member;
mod truth;

use crate::disk::Disk;
use crate::log::Files;
use crate::node::Node;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::wire;
use corecast::base::time::Now;
use member::{Manner, Member};
use truth::Truth;

pub const CHANNELS: [&str; 2] = ["a", "b"];

const MEMBERS_MAX: usize = 12;

struct World {
    rng: Rng,
    plan: Plan,
    node: Node,
    members: Vec<Member>,
    truth: Truth,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0xc70d);
        let mut plan = Plan::of_realm(&mut rng);
        plan.limits.egress_ring_bytes_max = *rng.pick(&[4_096, 16_384]);
        plan.limits.outbox_bytes_max = *rng.pick(&[16_384, 65_536]);
        plan.kernel_bytes_max = *rng.pick(&[1_000, 8_000]);
        plan.faults.short_write = *rng.pick(&[0, 30]);
        let now = Now { monotonic_us: 10_000_000, unix_ms: 1_750_000_000_000 };
        let node = Node::start(&plan, rng.next(), now, seed, Disk::default(), Files::default());
        let limits = &plan.limits;
        let mut truth = Truth::new(limits.egress_ring_bytes_max as usize, limits.outbox_bytes_max as usize);
        truth.whispers = rng.percent(50);
        let mut world = Self { rng, plan, node, members: Vec::new(), truth };
        world.define();
        world
    }

    /// Defines the channels, as a back end does.
    fn define(&mut self) {
        let socket = self.node.accept(0, 1).expect("room");
        for name in CHANNELS {
            let presence = self.rng.percent(50);
            let script = format!(
                "realtime_channel {name} {{\n  public_messaging = {{active: true}}\n  private_messaging = {{active: true}}\n  \
                 settings = {{anonymous_clients: true, nested_channels: false, auth_channel: false, \
                 presence: {presence}, message_history: 0}}\n}}\n"
            );
            let fields = "Content-Type: text/x-xanoscript\r\n";
            let path = "/workspace/1/realtime/channel";
            let request = wire::request("POST", path, &self.plan.users[0].key, fields, &script);
            self.node.sockets[socket].to_server.extend(request.bytes());
            let (mut inbox, mut response) = (Vec::new(), None);
            while response.is_none() {
                self.node.advance(1_000);
                self.node.feed(socket, usize::MAX);
                self.node.writable(socket);
                self.node.work(&mut self.rng);
                inbox.extend(self.node.sockets[socket].to_client.drain(..));
                response = wire::take_response(&mut inbox);
            }
            assert!(response.is_some_and(|response| response.status == 200), "{name} is defined");
        }
    }

    fn chaos(&mut self, steps: usize) {
        for _ in 0..steps {
            let us = self.rng.below(200) as u64;
            self.node.advance(us);
            self.step();
        }
    }

    fn step(&mut self) {
        match self.rng.below(100) {
            0..30 => self.node.some_turn(&mut self.rng),
            30..50 => self.node.some_delivery(6, &mut self.rng),
            50..68 => self.feed(),
            68..80 => {
                let index = self.rng.below(self.members.len().max(1));
                self.read(index, false);
            }
            80..97 => self.act(),
            97 => self.cut(),
            _ if self.members.len() < MEMBERS_MAX => self.connect(),
            _ => {}
        }
    }

    fn connect(&mut self) {
        let (core, known) = (self.rng.below(self.node.cores()), self.rng.percent(60));
        let token = known.then(|| self.plan.users[1].key.clone());
        let Some(socket) = self.node.accept(core, 2) else { return };
        let manner = Manner::some(&mut self.rng);
        let member = Member::new(self.truth.next_member(), socket, token.as_deref(), manner);
        self.node.sockets[socket].to_server.extend(member.upgrade());
        self.members.push(member);
    }

    fn feed(&mut self) {
        if self.members.is_empty() {
            return self.connect();
        }
        let (index, count) = (self.rng.below(self.members.len()), self.rng.within(1, 6_000));
        self.hand_over(index, count);
        let socket = self.members[index].socket;
        self.node.writable(socket);
        self.node.invariants_of(self.node.sockets[socket].core);
    }

    /// The node is handed up to `count` bytes of a member. Whether anything came of it.
    fn hand_over(&mut self, index: usize, count: usize) -> bool {
        let member = &mut self.members[index];
        let fed = self.node.feed(member.socket, count);
        member.hand_over(self.node.sockets[member.socket].fed, &mut self.truth);
        fed
    }

    fn act(&mut self) {
        if self.members.is_empty() {
            return self.connect();
        }
        let index = self.rng.below(self.members.len());
        let member = &mut self.members[index];
        member.act(&mut self.node.sockets[member.socket], &mut self.rng, &mut self.truth);
    }

    /// A member reads as its manner is, or all there is. Whether anything came.
    fn read(&mut self, index: usize, all: bool) -> bool {
        let Some(member) = self.members.get_mut(index) else { return false };
        let socket = &mut self.node.sockets[member.socket];
        let count = if all { usize::MAX } else { member.manner.reads(&mut self.rng) };
        let bytes: Vec<u8> = socket.to_client.drain(..count.min(socket.to_client.len())).collect();
        member.read(&bytes, &mut self.truth);
        if socket.at_end() {
            let member = self.members.swap_remove(index);
            member.gone(&mut self.truth);
        }
        !bytes.is_empty()
    }

    /// A member dies without a word.
    fn cut(&mut self) {
        if self.members.is_empty() || !self.rng.percent(40) {
            return;
        }
        let index = self.rng.below(self.members.len());
        let member = self.members.swap_remove(index);
        member.go(&mut self.truth);
        self.node.reset(member.socket, true);
    }

    /// Nobody says more, everybody reads, and all that is under way arrives.
    fn quiet(&mut self) {
        for member in &mut self.members {
            member.finish(&mut self.node.sockets[member.socket]);
        }
        let mut still = 0;
        while still < 50 {
            self.node.advance(500);
            let mut worked = false;
            for index in 0..self.members.len() {
                worked |= self.hand_over(index, usize::MAX);
                worked |= self.node.writable(self.members[index].socket);
            }
            worked |= self.node.work(&mut self.rng);
            (0..self.members.len()).rev().for_each(|index| worked |= self.read(index, true));
            still = if worked { 0 } else { still + 1 };
        }
        self.node.invariants();
        let here = self.members.iter().map(|member| member.number).collect();
        for member in &self.members {
            member.is_quiet(&self.truth, &here);
        }
        self.truth.settle();
        self.members.iter_mut().for_each(|member| member.settle(&self.truth));
    }
}

fn run(seed: u64) -> (u64, Truth) {
    let mut world = World::new(seed);
    for _ in 0..3 {
        world.chaos(3_000);
        world.quiet();
    }
    (world.node.digest, world.truth)
}

#[test]
fn nobody_pays_for_what_is_not_for_it() {
    let seeds = crate::number("SIM_SEEDS").unwrap_or(200) / 2;
    let only = crate::number("SIM_SEED");
    let (mut heard, mut whispers, mut slow) = (0, 0, 0);
    for seed in only.map_or(0..seeds, |only| only..only + 1) {
        let run = std::panic::catch_unwind(|| run(seed));
        let (_, truth) = run.unwrap_or_else(|failure| {
            println!("reproduce: SIM_SEED={seed} cargo test --test sim nobody_pays -- --nocapture");
            std::panic::resume_unwind(failure)
        });
        heard += truth.heard;
        whispers += truth.whispers_heard;
        slow += truth.slow;
    }
    println!("{heard} messages heard, {whispers} of them whispers, {slow} members sent away as slow");
    let busy = heard > seeds * 100 && whispers > seeds * 20 && slow > seeds / 10;
    assert!(busy || only.is_some(), "the runs are about something");
}

#[test]
fn the_same_seed_of_a_crowd_gives_the_same_bytes() {
    for seed in 700_000..700_003 {
        assert_eq!(run(seed).0, run(seed).0, "seed {seed}");
    }
}
