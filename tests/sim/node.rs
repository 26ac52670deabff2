//! The node under test: its shards, the queues between them and their sockets, driven as the runtime does it.

use crate::disk::Disk;
use crate::log::{End, Files, Log};
use crate::plan::Plan;
use crate::rng::Rng;
use crate::socket::Socket;
use crate::trace;
use corecast::base::ids::{ConnectionId, CoreId};
use corecast::base::time::Now;
use corecast::shard::{Output, Setup, Shard, ShardMessage};
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

pub struct Node {
    pub now: Now,
    cores: Vec<Core>,
    pub log: Option<Log>,
    /// Whether a log that failed is well again some time.
    log_heals: bool,
    /// By sender, then receiver.
    lanes: Vec<Vec<Lane>>,
    pub sockets: Vec<Socket>,
    pub disk: Disk,
    lane_messages_max: usize,
    kernel_bytes_max: usize,
    short_write: usize,
    /// Of all bytes that the shards wrote, and where.
    pub digest: u64,
}

struct Core {
    shard: Shard,
    deadline_us: Option<u64>,
    sockets: BTreeMap<ConnectionId, usize>,
    drained: bool,
}

#[derive(Default)]
struct Lane {
    messages: VecDeque<ShardMessage>,
    frozen_until_us: u64,
}

/// Microseconds after which a shard that still has wishes hears of time all the same.
const OVERDUE_US: u64 = 10_000;

impl Node {
    /// A node that finds this disk, and these files of its history log.
    pub fn start(plan: &Plan, seed: u64, now: Now, digest: u64, disk: Disk, files: Files) -> Self {
        let stored = Arc::new(disk.stored());
        let setup = |core| Setup { stored: stored.clone(), ..plan.setup(core, seed, now) };
        let core = |core| Core {
            shard: Shard::new(setup(core), now),
            deadline_us: Some(now.monotonic_us),
            sockets: BTreeMap::new(),
            drained: false,
        };
        let lanes = || (0..plan.cores).map(|_| Lane::default()).collect();
        let mut cores: Vec<Core> = (0..plan.cores).map(core).collect();
        let setup = plan.setup(0, seed, now);
        let log = plan.history_flush_ms.map(|_| {
            Log::start(
                files,
                cores.len(),
                Rng::new(seed),
                |core, news| cores[core].shard.logged(now, news),
                |channel| setup.home_of(channel).index(),
            )
        });
        Self {
            now,
            log,
            log_heals: plan.faults.log_heals,
            cores,
            lanes: (0..plan.cores).map(|_| lanes()).collect(),
            sockets: Vec::new(),
            disk,
            lane_messages_max: plan.lane_messages_max,
            kernel_bytes_max: plan.kernel_bytes_max,
            short_write: plan.faults.short_write,
            digest,
        }
    }

    pub fn cores(&self) -> usize {
        self.cores.len()
    }

    /// From here on the kernel takes all it has room for, and no queue is held up.
    pub fn calm_down(&mut self) {
        self.short_write = 0;
        self.disk.fails = 0;
        self.lanes.iter_mut().flatten().for_each(|lane| lane.frozen_until_us = 0);
    }

    fn fold(&mut self, number: u64) {
        self.digest = (self.digest ^ number).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(5);
    }

    pub fn accept(&mut self, core: usize, host: u8) -> Option<usize> {
        let address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, host));
        let connection = self.cores[core].shard.accept(self.now, address)?;
        let socket = self.sockets.len();
        trace::note(|| format!("core {core} accepts {connection:?} as socket {socket}"));
        self.cores[core].sockets.insert(connection, socket);
        self.sockets.push(Socket::new(core, connection));
        Some(socket)
    }

    /// Time passes.
    pub fn advance(&mut self, us: u64) {
        let before_ms = self.now.monotonic_us / 1000;
        self.now.monotonic_us += us;
        self.now.unix_ms += self.now.monotonic_us / 1000 - before_ms;
    }

    /// Some core has a turn.
    pub fn some_turn(&mut self, rng: &mut Rng) {
        let (core, count) = (rng.below(self.cores()), rng.within(1, 32));
        self.turn(core, count, rng);
        self.invariants_of(core);
    }

    /// Some core hears of another one.
    pub fn some_delivery(&mut self, count_max: usize, rng: &mut Rng) {
        let cores = self.cores();
        let (from, to, count) = (rng.below(cores), rng.below(cores), rng.within(1, count_max));
        if from != to && self.deliver(from, to, count) {
            self.invariants_of(to);
        }
    }

    /// The disk and all cores do what there is to do. Whether there was anything.
    pub fn work(&mut self, rng: &mut Rng) -> bool {
        let mut worked = self.disk_all(rng);
        for core in 0..self.cores() {
            worked |= self.turn(core, 1_000, rng);
            for to in (0..self.cores()).filter(|to| *to != core) {
                worked |= self.deliver(core, to, usize::MAX);
            }
        }
        worked
    }

    /// Hands up to `count` bytes of the client to the shard, or the news of its end. Whether there was anything.
    pub fn feed(&mut self, socket: usize, count: usize) -> bool {
        let one = &mut self.sockets[socket];
        let Some(connection) = one.connection else {
            one.to_server.clear();
            return false;
        };
        if one.paused && !std::mem::take(&mut one.straggler) {
            return false;
        }
        let shard = &mut self.cores[one.core].shard;
        let count = count.min(one.to_server.len());
        if count > 0 {
            let mut bytes: Vec<u8> = one.to_server.drain(..count).collect();
            one.fed += count;
            shard.receive(self.now, connection, &mut bytes);
            return true;
        }
        if one.client_ended && !one.told_ended && !one.paused {
            one.told_ended = true;
            trace::note(|| format!("socket {socket} has ended"));
            shard.ended(self.now, connection);
            return true;
        }
        false
    }

    /// Tells the shard that a full socket has room, if it has.
    pub fn writable(&mut self, socket: usize) -> bool {
        let one = &mut self.sockets[socket];
        if !one.polling || (one.to_client.len() >= self.kernel_bytes_max && !one.reset) {
            return false;
        }
        one.polling = false;
        let Some(connection) = one.connection else { return false };
        self.cores[one.core].shard.writable(self.now, connection);
        true
    }

    /// The client's side is gone; `told` says whether the node hears of it now or at its next write.
    pub fn reset(&mut self, socket: usize, told: bool) {
        let one = &mut self.sockets[socket];
        one.reset = true;
        one.to_server.clear();
        one.to_client.clear();
        trace::note(|| format!("socket {socket} is reset, told: {told}"));
        if told {
            self.broken(socket);
        }
    }

    pub fn broken(&mut self, socket: usize) {
        let one = &mut self.sockets[socket];
        if let Some(connection) = one.connection.take() {
            let core = &mut self.cores[one.core];
            core.sockets.remove(&connection);
            core.shard.disconnected(self.now, connection);
        }
    }

    /// Moves up to `count` messages from one core to another.
    pub fn deliver(&mut self, from: usize, to: usize, count: usize) -> bool {
        if self.lanes[from][to].frozen_until_us > self.now.monotonic_us {
            return false;
        }
        let mut moved = false;
        for _ in 0..count {
            let Some(message) = self.lanes[from][to].messages.pop_front() else { break };
            trace::note(|| format!("core {from} to {to}: {message:?}"));
            self.cores[to].shard.peer(self.now, CoreId(from as u16), message);
            moved = true;
        }
        moved
    }

    pub fn freeze(&mut self, from: usize, to: usize, for_us: u64) {
        self.lanes[from][to].frozen_until_us = self.now.monotonic_us + for_us;
    }

    /// The disk does what waits, or tells what is done, or does not.
    pub fn disk_step(&mut self, rng: &mut Rng) {
        match rng.below(3) {
            0 => drop(self.disk.commit(rng)),
            1 => drop(self.resolve_one(rng)),
            _ => {}
        }
    }

    /// The disk does and tells all. Whether there was anything.
    pub fn disk_all(&mut self, rng: &mut Rng) -> bool {
        let mut moved = self.disk.commit(rng);
        while self.resolve_one(rng) {
            moved = true;
        }
        moved
    }

    fn resolve_one(&mut self, rng: &mut Rng) -> bool {
        let Some((core, id, resolution)) = self.disk.tell(rng) else { return false };
        trace::note(|| format!("core {core} hears of {id:?}: {resolution:?}"));
        self.cores[core].shard.resolve(self.now, id, resolution);
        self.invariants_of(core);
        true
    }

    /// One turn of a core without input: time, up to `count` wishes, what waits for peers.
    pub fn turn(&mut self, core: usize, count: usize, rng: &mut Rng) -> bool {
        let mut worked = self.pass_time(core);
        self.bring_on(core, rng);
        let mut idle = false;
        for _ in 0..count {
            let output = self.cores[core].shard.poll();
            if let Output::Idle { deadline_us } = output {
                self.cores[core].deadline_us = deadline_us;
                idle = true;
                break;
            }
            worked = true;
            self.fulfil(core, output, rng);
        }
        if !idle {
            let overdue_us = self.now.monotonic_us + OVERDUE_US;
            let known = &mut self.cores[core].deadline_us;
            *known = Some(known.map_or(overdue_us, |known| known.min(overdue_us)));
        }
        for peer in (0..self.cores.len()).filter(|peer| *peer != core) {
            worked |= self.tell(core, peer);
        }
        if let Some(log) = &mut self.log {
            while let Some(message) = self.cores[core].shard.next_for_log(self.now) {
                log.hear(core, message);
                worked = true;
            }
        }
        worked
    }

    /// The history log does something, or tells a core what it did.
    pub fn turn_log(&mut self, rng: &mut Rng) {
        let Some(log) = &mut self.log else { return };
        let core = rng.below(self.cores.len());
        if self.log_heals && log.has_failed() && rng.below(3) == 0 {
            trace::note(|| "the history log tries to go on".into());
            return log.mend(40, rng);
        }
        match rng.below(4) {
            0 => log.write(core, rng.within(1, 3)),
            1 if rng.below(log.laziness) == 0 => log.sync(),
            1 => {}
            _ => self.hear_log(core),
        }
    }

    /// The history log does all that there is to do. Whether there was anything.
    pub fn settle_log(&mut self, rng: &mut Rng) -> bool {
        let Some(log) = &mut self.log else { return false };
        let mut moved = false;
        while self.log_heals && log.has_failed() {
            moved = true;
            log.mend(0, rng);
        }
        for core in 0..self.cores.len() {
            moved |= log.has_work(core);
            log.write(core, usize::MAX);
        }
        if moved || log.is_dirty() {
            moved = true;
            log.sync();
        }
        for core in 0..self.cores.len() {
            moved |= self.log.as_ref().is_some_and(|log| log.has_news(core));
            self.hear_log(core);
        }
        moved
    }

    fn hear_log(&mut self, core: usize) {
        let Some(log) = &mut self.log else { return };
        while let Some(news) = log.next_news(core) {
            trace::note(|| format!("the log tells core {core}: {news:?}"));
            self.cores[core].shard.logged(self.now, news);
        }
    }

    fn pass_time(&mut self, core: usize) -> bool {
        let one = &mut self.cores[core];
        let due = one.deadline_us.is_some_and(|deadline| deadline <= self.now.monotonic_us);
        if due {
            one.deadline_us = None;
            one.shard.timeout(self.now);
        }
        due
    }

    fn tell(&mut self, core: usize, peer: usize) -> bool {
        let mut told = false;
        while self.lanes[core][peer].messages.len() < self.lane_messages_max
            && let Some(message) = self.cores[core].shard.next_for_peer(CoreId(peer as u16))
        {
            self.lanes[core][peer].messages.push_back(message);
            told = true;
        }
        told
    }

    fn fulfil(&mut self, core: usize, output: Output, rng: &mut Rng) {
        let find = |connection| self.cores[core].sockets.get(&connection).copied();
        match output {
            Output::Transmit(connection) => {
                let socket = find(connection).expect("the shard writes to living connections only");
                self.transmit(core, connection, socket, rng);
            }
            Output::Pause(connection) => {
                let Some(socket) = find(connection) else { return };
                self.sockets[socket].paused = true;
                self.sockets[socket].straggler = rng.percent(50);
            }
            Output::Resume(connection) => {
                let Some(socket) = find(connection) else { return };
                self.sockets[socket].paused = false;
            }
            Output::Close(connection) => {
                let Some(socket) = self.cores[core].sockets.remove(&connection) else { return };
                trace::note(|| format!("core {core} closes socket {socket}"));
                let one = &mut self.sockets[socket];
                one.connection = None;
                one.server_ended = true;
                one.unread_at_close = !one.to_server.is_empty();
                one.to_server.clear();
            }
            Output::Effect(id, effect) => self.disk.ask(core, id, effect),
            Output::Work => self.bring_on(core, rng),
            Output::Drained => self.cores[core].drained = true,
            Output::Idle { .. } => {}
        }
    }

    /// One slice of work, or as many as there are: a core goes on while it has time and is told that there is more, so what only
    /// its other doings bring on must not be among it.
    fn bring_on(&mut self, core: usize, rng: &mut Rng) {
        let all = rng.percent(30);
        let mut slices = 0;
        while self.cores[core].shard.work(self.now) && all {
            slices += 1;
            assert!(slices < 100_000, "work comes to its end by itself");
        }
    }

    fn transmit(&mut self, core: usize, connection: ConnectionId, socket: usize, rng: &mut Rng) {
        let one = &mut self.sockets[socket];
        if one.reset {
            return self.broken(socket);
        }
        let slices = self.cores[core].shard.transmit(connection);
        let wanted = slices.bytes();
        assert!(wanted > 0, "a transmit has something to send");
        let mut room = wanted.min(self.kernel_bytes_max.saturating_sub(one.to_client.len()));
        if rng.percent(self.short_write) {
            room = rng.below(room + 1);
        }
        let bytes: Vec<u8> = slices.pieces().concat();
        one.to_client.extend(&bytes[..room]);
        if room < wanted {
            one.polling = true;
            one.was_full = true;
        }
        trace::note(|| format!("core {core} sends {room} of {wanted} bytes to socket {socket}"));
        self.fold(((core as u64) << 48) ^ ((socket as u64) << 32) ^ room as u64);
        bytes[..room].iter().for_each(|byte| self.fold(u64::from(*byte)));
        self.cores[core].shard.sent(self.now, connection, room);
    }

    /// The history log takes nothing until it is well again, if it ever is.
    pub fn fail_log(&mut self, rng: &mut Rng) {
        if let Some(log) = &mut self.log {
            trace::note(|| "the history log fails".into());
            log.fail(rng);
        }
    }

    /// The process ends so; what its successor finds, and whether all is in it.
    pub fn end(&mut self, end: End, rng: &mut Rng) -> (Files, bool) {
        if end == End::Clean {
            // The cores go and say what is staged; the log writes it, and nobody hears of that.
            for core in 0..self.cores.len() {
                self.cores[core].shard.drain(self.now, 0);
                self.turn(core, 1_000, rng);
                if let Some(log) = &mut self.log {
                    log.write(core, usize::MAX);
                }
            }
        }
        self.log.take().map_or_else(Default::default, |log| log.end(end, rng))
    }

    pub fn drain(&mut self, over_ms: u64) {
        for core in &mut self.cores {
            core.shard.drain(self.now, over_ms);
        }
    }

    pub fn is_drained(&self) -> bool {
        self.cores.iter().all(|core| core.drained)
    }

    pub fn invariants_of(&self, core: usize) {
        self.cores[core].shard.invariants();
    }

    pub fn invariants(&self) {
        (0..self.cores()).for_each(|core| self.invariants_of(core));
    }

    /// The earliest moment at which a core wants to hear of time.
    pub fn deadline_us(&self) -> u64 {
        self.cores.iter().filter_map(|core| core.deadline_us).min().unwrap_or(u64::MAX)
    }
}
