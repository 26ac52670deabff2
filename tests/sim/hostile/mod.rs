//! Hostile clients as a matter of course: they pipeline without end, never read, send halves, whisper to whoever is there, hear
//! everything and leave, while a bystander asks now and then whether the node is there.
//!
//! Checked: the bystander is answered within a few turns of its core, whatever waits; nobody who behaves loses its
//! connection; when the hostile ones have gone nothing of them is left.

mod attacker;
mod whisperer;

use crate::disk::Disk;
use crate::log::Files;
use crate::node::Node;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::wire;
use attacker::Attacker;
use corecast::base::time::Now;
use whisperer::Whisperer;

/// Turns of its core, of 32 wishes each, within which the bystander is answered.
const TURNS_MAX: usize = 4;

const SEEDS: u64 = 40;

struct World {
    rng: Rng,
    node: Node,
    attackers: Vec<Attacker>,
    whisperers: Vec<Whisperer>,
    bystander: usize,
    core: usize,
    answered: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x40_571e);
        let mut plan = Plan::new(&mut rng);
        plan.faults.short_write = 0;
        plan.history_flush_ms = None;
        let limits = &mut plan.limits;
        (limits.header_time_ms_max, limits.keep_alive_ms_max) = (3_600_000, 3_600_000);
        limits.body_time_ms_max = 3_600_000;
        limits.commands_per_second_max = 0;
        limits.connections_per_address_max = 1_000;
        limits.unauthenticated_per_address_max = 1_000;
        let now = Now { monotonic_us: 10_000_000, unix_ms: 1_750_000_000_000 };
        let mut node = Node::start(&plan, rng.next(), now, seed, Disk::default(), Files::default());
        let core = rng.below(node.cores());
        let bystander = attacker::open(&mut node, core, 200, &mut rng);
        let attackers = (0..12).map(|index| Attacker::new(&mut node, index, &mut rng)).collect();
        let mut world = Self { rng, node, attackers, whisperers: Vec::new(), bystander, core, answered: 0 };
        let admin = whisperer::define(&mut world.node);
        world.settle();
        world.node.reset(admin, true);
        world.whisperers =
            (0..6).map(|index| Whisperer::new(&mut world.node, index, &mut world.rng)).collect();
        world.settle();
        world.node.sockets[bystander].to_client.clear();
        world
    }

    fn chaos(&mut self, steps: usize) {
        for _ in 0..steps {
            self.node.advance(self.rng.below(300) as u64);
            match self.rng.below(100) {
                0..30 => self.node.some_turn(&mut self.rng),
                30..45 => self.node.some_delivery(16, &mut self.rng),
                45..50 => self.node.disk_step(&mut self.rng),
                50..60 => {
                    let index = self.rng.below(self.whisperers.len());
                    let names: Vec<String> =
                        self.whisperers.iter().filter_map(|other| other.name.clone()).collect();
                    self.whisperers[index].act(&mut self.node, &names, &mut self.rng);
                }
                60..95 => {
                    let index = self.rng.below(self.attackers.len());
                    self.attackers[index].act(&mut self.node, &mut self.rng);
                }
                _ => self.bystander_asks(),
            }
        }
    }

    fn bystander_asks(&mut self) {
        let mut frame = Vec::new();
        wire::put_frame(&mut frame, true, 1, br#"{"type":"ping"}"#, &mut self.rng);
        self.node.sockets[self.bystander].to_server.extend(frame);
        self.node.feed(self.bystander, usize::MAX);
        for turn in 1.. {
            assert!(turn <= TURNS_MAX, "the bystander is not answered in {TURNS_MAX} turns");
            self.node.turn(self.core, 32, &mut self.rng);
            if self.bystander_hears() {
                break;
            }
        }
        self.answered += 1;
    }

    fn bystander_hears(&mut self) -> bool {
        let socket = &mut self.node.sockets[self.bystander];
        assert!(socket.connection.is_some(), "whoever behaves stays");
        let mut bytes: Vec<u8> = socket.to_client.drain(..).collect();
        std::iter::from_fn(|| wire::take_frame(&mut bytes))
            .any(|frame| matches!(frame, wire::Frame::Text(text) if text.contains("pong")))
    }

    /// All that is under way arrives.
    fn settle(&mut self) {
        let mut still = 0;
        while still < 50 {
            self.node.advance(500);
            let mut worked = self.node.work(&mut self.rng);
            for socket in 0..self.node.sockets.len() {
                worked |= self.node.feed(socket, usize::MAX) | self.node.writable(socket);
            }
            still = if worked { 0 } else { still + 1 };
        }
        self.node.invariants();
    }

    /// The hostile ones go, and nothing of them is left.
    fn leave(&mut self) {
        let attackers = self.attackers.iter().map(|attacker| attacker.socket);
        let sockets = attackers.chain(self.whisperers.iter().map(|whisperer| whisperer.socket));
        sockets.for_each(|socket| self.node.reset(socket, true));
        self.settle();
        self.node.sockets[self.bystander].to_client.clear();
        self.bystander_asks();
        let socket = self.node.accept(0, 201).expect("there is room");
        self.node.sockets[socket].to_server.extend(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut inbox = Vec::new();
        let page = loop {
            self.settle();
            let socket = &mut self.node.sockets[socket];
            assert!(!socket.to_client.is_empty(), "an answer");
            inbox.extend(socket.to_client.drain(..));
            if let Some(page) = wire::take_response(&mut inbox) {
                break page.body;
            }
        };
        assert!(page.contains("corecast_subscriptions_open 0\n"), "nobody hears anything");
    }
}

/// The digest of the run, how often the bystander was answered, and how many whispers were heard.
fn run(seed: u64) -> (u64, u64, u64) {
    let mut world = World::new(seed);
    world.chaos(1_500);
    world.leave();
    let heard = world.whisperers.iter().map(|whisperer| whisperer.heard).sum();
    (world.node.digest, world.answered, heard)
}

#[test]
fn a_bystander_is_answered_whatever_others_do() {
    let seeds = crate::number("SIM_SEED").map_or(0..SEEDS, |seed| seed..seed + 1);
    let (mut answered, mut heard) = (0, 0);
    for seed in seeds {
        let (_, answers, whispers) = run(seed);
        (answered, heard) = (answered + answers, heard + whispers);
    }
    assert!(answered > 0, "the bystander asked");
    assert!(heard > 0, "somebody heard a whisper");
}

#[test]
fn the_same_seed_of_the_hostile_gives_the_same_bytes() {
    (2_000_000..2_000_003).for_each(|seed| assert_eq!(run(seed), run(seed), "seed {seed}"));
}
