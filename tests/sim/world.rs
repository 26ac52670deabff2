//! The whole of a run: the node, the clients around it, and the scheduler that decides what happens next.

use crate::act::{self, Scene};
use crate::client::{Asked, Client, Shared, What};
use crate::disk::Disk;
use crate::log::{End, Files};
use crate::node::Node;
use crate::oracle::{At, Oracle};
use crate::owed::Told;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::trace;
use crate::wire;
use corecast::base::time::Now;
use std::collections::BTreeMap;

const START_UNIX_MS: u64 = 1_760_000_000_000;
const YEAR_MS: u64 = 31_536_000_000;

/// Something that connects again and again on behalf of one user, and remembers what it heard.
pub struct Device {
    pub user: usize,
    pub websocket: bool,
    pub client: Option<usize>,
    pub memory: BTreeMap<String, At>,
}

pub struct World {
    pub plan: Plan,
    pub rng: Rng,
    pub node: Node,
    pub devices: Vec<Device>,
    /// Every connection there ever was in this life of the node.
    pub clients: Vec<Client>,
    pub oracle: Oracle,
    pub messages: Vec<String>,
    pub refused: Vec<String>,
    pub said: u64,
    pub life: usize,
    pub draining: bool,
    seed: u64,
}

impl World {
    pub fn new(seed: u64, plan: impl FnOnce(&mut Rng) -> Plan) -> Self {
        let mut rng = Rng::new(seed);
        let plan = plan(&mut rng);
        let device = |websocket, user| Device { user, websocket, client: None, memory: BTreeMap::new() };
        let mut devices: Vec<_> =
            (0..plan.sockets).map(|_| device(true, rng.below(plan.users.len()))).collect();
        devices.extend((0..plan.callers).map(|_| device(false, rng.below(plan.users.len()))));
        let now = Now { monotonic_us: 5_000_000, unix_ms: START_UNIX_MS };
        let node = Node::start(&plan, seed, now, 0, Disk::new(plan.faults.disk), Files::default());
        Self {
            plan,
            rng,
            node,
            devices,
            clients: Vec::new(),
            oracle: Oracle::default(),
            messages: Vec::new(),
            refused: Vec::new(),
            said: 0,
            life: 0,
            draining: false,
            seed,
        }
    }

    /// The process dies and comes back: nothing is left of what it knew but what is on the disk. Its clock may be years off, because the
    /// epochs of two lives differ by the clock only.
    pub fn restart(&mut self) {
        if self.plan.faults.log > 0 && self.rng.percent(70) {
            // What follows a failure step by step, cut off anywhere.
            self.node.fail_log(&mut self.rng);
            let steps = self.rng.below(150);
            self.chaos(steps);
        }
        trace::note(|| "the node restarts".into());
        self.life += 1;
        let years = self.life as u64 * YEAR_MS;
        let unix_ms = if self.rng.percent(50) { START_UNIX_MS - years } else { START_UNIX_MS + years };
        let now = Now { unix_ms, ..self.node.now };
        // Also in the middle of everything.
        let in_order = self.rng.percent(if self.draining { 80 } else { 40 });
        let end = match self.rng.percent(50) {
            _ if in_order => End::Clean,
            true => End::Killed,
            false => End::PowerCut,
        };
        let (files, clean) = self.node.end(end, &mut self.rng);
        trace::note(|| format!("the log is clean: {clean}, it is {unix_ms} now"));
        let mut disk = std::mem::take(&mut self.node.disk).crash();
        disk.fails = self.plan.faults.disk;
        let digest = self.node.digest ^ self.seed;
        self.node = Node::start(&self.plan, self.rng.next(), now, digest, disk, files);
        self.clients.clear();
        self.devices.iter_mut().for_each(|device| device.client = None);
        let aged = unix_ms > START_UNIX_MS;
        self.oracle.restart(&self.plan, clean, aged);
        self.draining = false;
    }

    /// Starts that did not come far.
    pub fn stumble(&mut self) {
        while self.plan.faults.crash && self.rng.percent(25) {
            let steps = self.rng.below(60);
            self.chaos(steps);
            self.restart();
        }
    }

    /// Steps of chaos.
    pub fn chaos(&mut self, steps: usize) {
        for _ in 0..steps {
            let us = self.rng.below(300) as u64;
            self.node.advance(us);
            self.step();
        }
    }

    fn step(&mut self) {
        match self.rng.below(104) {
            100.. => self.node.disk_step(&mut self.rng),
            0..30 => self.node.some_turn(&mut self.rng),
            30..50 => self.node.some_delivery(8, &mut self.rng),
            50..66 => {
                let Some(client) = self.some_client() else { return };
                let socket = self.clients[client].socket;
                let count =
                    if self.rng.percent(30) { self.rng.within(1, 20) } else { self.rng.within(1, 6_000) };
                self.feed(client, count);
                self.node.writable(socket);
                self.node.invariants_of(self.node.sockets[socket].core);
            }
            66..82 => {
                let Some(client) = self.some_client() else { return };
                let count = self.rng.within(1, 4_000);
                self.read(client, count);
            }
            82..97 => {
                let device = self.rng.below(self.devices.len());
                self.act(device);
            }
            _ => self.fault(),
        }
        self.node.turn_log(&mut self.rng);
    }

    fn some_client(&mut self) -> Option<usize> {
        let device = self.rng.below(self.devices.len());
        self.devices[device].client
    }

    /// The client reads up to `count` bytes. Whether anything came of it.
    pub fn read(&mut self, index: usize, count: usize) -> bool {
        let client = &mut self.clients[index];
        let socket = &mut self.node.sockets[client.socket];
        if client.over || client.silent || client.stalled_until_us > self.node.now.monotonic_us {
            return false;
        }
        let count = count.min(socket.to_client.len());
        let bytes: Vec<u8> = socket.to_client.drain(..count).collect();
        let mut shared = Shared {
            plan: &self.plan,
            oracle: &mut self.oracle,
            messages: &mut self.messages,
            refused: &mut self.refused,
            memory: &mut self.devices[client.device].memory,
        };
        if count > 0 {
            client.read(&bytes, &mut shared);
        }
        for payload in client.replies.drain(..) {
            if !client.finished && !client.leaving {
                let mut frame = Vec::new();
                wire::put_frame(&mut frame, true, 10, &payload, &mut self.rng);
                socket.to_server.extend(frame);
            }
        }
        let ended = socket.at_end() || socket.reset;
        if ended {
            if !socket.reset {
                client.was_stalled |= socket.was_full;
                client.end(socket.unread_at_close, &self.plan);
            }
            client.over = true;
            self.devices[client.device].client = None;
        }
        count > 0 || ended
    }

    /// The node is handed up to `count` bytes of a client. Whether anything came of it.
    pub fn feed(&mut self, index: usize, count: usize) -> bool {
        let client = &mut self.clients[index];
        let fed = self.node.feed(client.socket, count);
        client.hand_over(self.node.sockets[client.socket].fed, &mut self.oracle);
        fed
    }

    fn act(&mut self, device: usize) {
        let Some(index) = self.devices[device].client else { return self.connect(device) };
        let client = &mut self.clients[index];
        let socket = &mut self.node.sockets[client.socket];
        let stalled = client.stalled_until_us > self.node.now.monotonic_us;
        if !client.can_ask() || stalled || socket.to_server.len() > 20_000 || socket.reset {
            return;
        }
        let mut scene = Scene {
            plan: &self.plan,
            oracle: &mut self.oracle,
            rng: &mut self.rng,
            messages: &self.messages,
            memory: &self.devices[device].memory,
            said: &mut self.said,
            life: self.life,
        };
        let (mut out, asked) = (Vec::new(), client.asked.len());
        if client.upgraded && !std::mem::replace(&mut client.resumed, true) {
            act::resume(client, &mut out, &mut scene);
        }
        for _ in 0..*scene.rng.pick(&[1, 1, 2, 5]) {
            if client.upgraded {
                act::say(client, &mut out, &mut scene);
            } else {
                act::call(client, &mut out, &mut scene);
            }
        }
        let before = socket.fed + socket.to_server.len();
        client.asked.iter_mut().skip(asked).for_each(|asked| asked.ends_at += before);
        socket.to_server.extend(out);
    }

    fn connect(&mut self, device: usize) {
        let crowded = self.plan.crowded && self.rng.percent(80);
        let core = if crowded { 1 } else { self.rng.below(self.node.cores()) };
        let Some(socket) = self.node.accept(core, self.rng.within(1, 3) as u8) else {
            let full = self.plan.limits.connections_per_address_max < 1_000;
            return assert!(full || self.draining, "a connection is refused without a reason");
        };
        let one = &mut self.devices[device];
        let mut client = Client::new(socket, device, one.user, one.websocket);
        if one.websocket {
            let upgrade = wire::upgrade(&self.plan.users[one.user].key);
            self.node.sockets[socket].to_server.extend(upgrade.bytes());
            client.asked.push_back(Asked { id: None, what: What::Upgrade, told: None, ends_at: 0 });
            // The user comes online, and will go.
            let channel = format!("user:{}", self.plan.users[one.user].id);
            (0..2).for_each(|_| self.oracle.said.hand_over(&mut Told::of(&channel, 0)));
        }
        one.client = Some(self.clients.len());
        self.clients.push(client);
    }

    fn fault(&mut self) {
        let faults = &self.plan.faults;
        let chances = [faults.cut, faults.stall, faults.freeze, faults.jump, faults.log];
        let kind = self.rng.below(chances.len());
        if !self.rng.percent(chances[kind]) {
            return;
        }
        match kind {
            0 => self.cut(),
            1 => self.stall(),
            2 => {
                let (from, to) = (self.rng.below(self.node.cores()), self.rng.below(self.node.cores()));
                let us = self.rng.within(1_000, 200_000) as u64;
                self.node.freeze(from, to, us);
            }
            3 => self.jump(),
            _ => self.node.fail_log(&mut self.rng),
        }
    }

    fn cut(&mut self) {
        let Some(index) = self.some_client() else { return };
        self.part(index);
    }

    /// A client goes, in one of the ways in which clients go.
    pub fn part(&mut self, index: usize) {
        let client = &mut self.clients[index];
        let socket = &mut self.node.sockets[client.socket];
        if client.over {
            return;
        }
        match self.rng.below(4) {
            0 if !client.leaving => {
                // A WebSocket ends with the FIN; HTTP still answers what was asked.
                socket.client_ended = true;
                client.finished = true;
                client.leaving |= client.wants_websocket;
            }
            1 if client.upgraded && !client.leaving && !client.finished => {
                let mut frame = Vec::new();
                wire::put_frame(&mut frame, true, 8, &1000u16.to_be_bytes(), &mut self.rng);
                socket.to_server.extend(frame);
                client.leaving = true;
            }
            _ => {
                client.over = true;
                self.devices[client.device].client = None;
                let (socket, told) = (client.socket, self.rng.percent(50));
                self.node.reset(socket, told);
            }
        }
    }

    fn stall(&mut self) {
        let Some(index) = self.some_client() else { return };
        let client = &mut self.clients[index];
        client.was_stalled = true;
        if self.rng.percent(10) {
            client.silent = true;
            self.devices[client.device].client = None;
        } else {
            client.stalled_until_us = self.node.now.monotonic_us + self.rng.within(1_000, 400_000) as u64;
        }
        trace::note(|| format!("socket {} stalls", client.socket));
    }

    fn jump(&mut self) {
        let us = *self.rng.pick(&[10_000, 500_000, 3_000_000, 30_000_000, 80_000_000]);
        trace::note(|| format!("time jumps by {us} us"));
        self.node.advance(us);
        if us >= 1_000_000 {
            // Nobody ran in that time, the clients neither.
            self.clients.iter_mut().for_each(|client| client.was_stalled = true);
        }
        if self.rng.percent(30) {
            self.node.now.unix_ms -= self.rng.below(3_600_000) as u64;
        }
    }
}
