//! A node in memory: shards, the queues between them, sockets and a clock, driven by the contract of
//! [`corecast::shard::Shard`] as the runtime drives it.

use crate::disk::Disk;
use crate::push_service::PushServices;
use crate::recorder::Recorder;
use corecast::base::ids::{ConnectionId, CoreId};
use corecast::base::time::Now;
use corecast::shard::{
    Effect, LogMessage, Output, Reload, Setup, Shard, ShardMessage, WRITE_BYTES_MAX, next_for_recorder,
    recorded,
};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

/// 2025-01-01T00:00:00Z, when every world starts.
pub const START_UNIX_MS: u64 = 1_735_689_600_000;
/// The monotonic clock at the start.
pub const START_US: u64 = 5_000_000;

/// How bytes travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Manner {
    /// Each byte arrives alone.
    pub byte_by_byte: bool,
    /// Bytes that a socket takes in one write; 0 is all.
    pub sip_bytes: usize,
}

/// A socket as its client sees it.
#[derive(Default)]
pub struct Socket {
    pub core: usize,
    pub id: Option<ConnectionId>,
    /// All that was sent to the client.
    pub output: Vec<u8>,
    /// The server ended it.
    pub closed: bool,
    /// Bytes the client still takes; `None` is any number.
    room: Option<usize>,
    /// Written less than offered, so nothing is written until the socket says that it has room.
    blocked: bool,
    paused: bool,
    /// What was sent while the server did not read.
    waiting: VecDeque<Vec<u8>>,
    /// The client's FIN comes after what waits.
    fin: bool,
}

pub struct World {
    pub shards: Vec<Shard>,
    pub now: Now,
    pub sockets: Vec<Socket>,
    pub drained: Vec<bool>,
    /// Slices of work that shards were given.
    pub works: u64,
    /// Writes that sockets were offered.
    pub writes: u64,
    /// How often a shard was told that its time had come.
    pub timeouts: u64,
    /// What each core said to the history log.
    pub log: Vec<VecDeque<LogMessage>>,
    by_id: HashMap<(usize, ConnectionId), usize>,
    deadlines: Vec<Option<u64>>,
    frozen: Vec<bool>,
    mail: Vec<VecDeque<(CoreId, ShardMessage)>>,
    manner: Manner,
    pub disk: Disk,
    pub push_services: PushServices,
    pub recorder: Recorder,
}

impl World {
    pub fn new(setup: &Setup, manner: Manner) -> Self {
        let now = Now { monotonic_us: START_US, unix_ms: START_UNIX_MS };
        let cores = usize::from(setup.cores);
        let mut world = Self {
            shards: shards(setup, now),
            now,
            sockets: Vec::new(),
            drained: vec![false; cores],
            works: 0,
            writes: 0,
            timeouts: 0,
            log: (0..cores).map(|_| VecDeque::new()).collect(),
            by_id: HashMap::new(),
            deadlines: vec![None; cores],
            frozen: vec![false; cores],
            mail: (0..cores).map(|_| VecDeque::new()).collect(),
            manner,
            disk: Disk::default(),
            push_services: PushServices::default(),
            recorder: Recorder::default(),
        };
        world.settle();
        world
    }

    /// The process is killed and started anew: all that is left is on the disk. Channels find another home.
    pub fn restart(&mut self, setup: &Setup) {
        let stored = self.disk.restart().into();
        self.push_services.restart();
        self.recorder.restart();
        self.shards = shards(&Setup { seed: setup.seed + 1, stored, ..setup.clone() }, self.now);
        for socket in &mut self.sockets {
            (socket.id, socket.closed) = (None, true);
        }
        self.by_id.clear();
        self.mail.iter_mut().for_each(VecDeque::clear);
        self.settle();
    }

    /// Every core takes over what of these settings can change while it runs.
    pub fn reload(&mut self, setup: &Setup) {
        let reload = Reload {
            limits: setup.limits.clone(),
            authenticator: setup.authenticator.clone(),
            definitions: setup.definitions.clone(),
            ice: setup.people.ice.clone(),
            web_push: setup.web_push.clone(),
            public_urls: setup.public_urls.clone(),
            allowed_origins: setup.allowed_origins.clone(),
            trusted_proxies: setup.trusted_proxies.clone(),
            compressed: setup.compressed.clone(),
            access_log: setup.access_log,
            ping_interval_ms: setup.ping_interval_ms,
            pong_timeout_ms: setup.pong_timeout_ms,
        };
        let now = self.now;
        self.shards.iter_mut().for_each(|shard| shard.reload(now, reload.clone()));
        self.settle();
    }

    /// Opens a socket to a core; `None` if it is refused.
    pub fn connect(&mut self, core: usize, from: IpAddr) -> Option<usize> {
        let id = self.shards[core].accept(self.now, from)?;
        let socket = self.sockets.len();
        assert!(self.by_id.insert((core, id), socket).is_none(), "an id that lives is given again");
        self.sockets.push(Socket { core, id: Some(id), ..Socket::default() });
        self.settle();
        Some(socket)
    }

    /// Bytes arrive, in the world's manner. Other cores and sockets move between two arrivals of one byte.
    pub fn send(&mut self, socket: usize, bytes: &[u8]) {
        if !self.manner.byte_by_byte {
            return self.arrive(socket, bytes.to_vec());
        }
        for byte in bytes {
            self.arrive(socket, vec![*byte]);
            self.settle();
        }
    }

    fn arrive(&mut self, at: usize, mut bytes: Vec<u8>) {
        let socket = &mut self.sockets[at];
        let Some(id) = socket.id else { return };
        if socket.paused || self.frozen[socket.core] || !socket.waiting.is_empty() {
            return socket.waiting.push_back(bytes);
        }
        self.shards[socket.core].receive(self.now, id, &mut bytes);
        self.shards[socket.core].invariants();
    }

    /// The client sends no more.
    pub fn end(&mut self, socket: usize) {
        self.sockets[socket].fin = true;
        self.settle();
    }

    /// The client's FIN was on its way when its socket was paused, and arrives.
    pub fn end_at_once(&mut self, at: usize) {
        let socket = &self.sockets[at];
        if let Some(id) = socket.id {
            self.shards[socket.core].ended(self.now, id);
        }
    }

    /// The bytes that would be written to a client next: of what it is owed, as much as one write offers.
    pub fn owed_bytes(&self, at: usize) -> usize {
        let socket = &self.sockets[at];
        socket.id.map_or(0, |id| self.shards[socket.core].transmit(id).bytes())
    }

    /// The client is gone without a word.
    pub fn reset(&mut self, at: usize) {
        let socket = &mut self.sockets[at];
        if let Some(id) = socket.id.take() {
            self.by_id.remove(&(socket.core, id));
            self.shards[socket.core].disconnected(self.now, id);
        }
        self.settle();
    }

    /// From now on the client takes `room` more bytes; `None` is any number.
    pub fn set_room(&mut self, socket: usize, room: Option<usize>) {
        self.sockets[socket].room = room;
        self.settle();
    }

    /// A core stops turning: nothing is handed to it and nothing taken from it.
    pub fn freeze(&mut self, core: usize) {
        self.frozen[core] = true;
    }

    /// It turns again.
    pub fn thaw(&mut self, core: usize) {
        self.frozen[core] = false;
        self.shards[core].timeout(self.now);
        self.settle();
    }

    pub fn drain(&mut self, over_ms: u64) {
        for shard in &mut self.shards {
            shard.drain(self.now, over_ms);
        }
        self.settle();
    }

    /// Time passes; every deadline on the way is met when it is due.
    pub fn advance(&mut self, us: u64) {
        let until_us = self.now.monotonic_us + us;
        loop {
            let due = self.turning().filter_map(|core| self.deadlines[core]).min();
            let at_us = due.map_or(until_us, |due| due.clamp(self.now.monotonic_us, until_us));
            self.now.unix_ms += at_us / 1000 - self.now.monotonic_us / 1000;
            self.now.monotonic_us = at_us;
            for core in self.turning().collect::<Vec<_>>() {
                if self.deadlines[core].is_some_and(|deadline| deadline <= at_us) {
                    self.deadlines[core] = None;
                    self.timeouts += 1;
                    self.shards[core].timeout(self.now);
                }
            }
            self.settle();
            let pending = self.turning().filter_map(|core| self.deadlines[core]).any(|due| due <= until_us);
            if at_us == until_us && !pending {
                return;
            }
        }
    }

    fn turning(&self) -> impl Iterator<Item = usize> + use<'_> {
        (0..self.shards.len()).filter(|core| !self.frozen[*core])
    }

    /// Lets everything happen that needs no time.
    pub fn settle(&mut self) {
        let mut turns = 0_u32;
        while self.turn() {
            turns += 1;
            assert!(turns < 1_000_000, "the node does not come to rest");
        }
        self.shards.iter().for_each(Shard::invariants);
    }

    fn turn(&mut self) -> bool {
        let mut moved = false;
        for core in self.turning().collect::<Vec<_>>() {
            moved |= self.deliver(core);
            while let Some((core, id, resolution)) =
                self.disk.answer().or_else(|| self.push_services.answer()).or_else(|| self.recorder.answer())
            {
                self.shards[core].resolve(self.now, id, resolution);
                moved = true;
            }
            while let Some((from, message)) = self.mail[core].pop_front() {
                self.shards[core].peer(self.now, from, message);
                moved = true;
            }
            while self.fulfil(core) {
                moved = true;
            }
            while let Some(word) = next_for_recorder(&mut self.shards[core]) {
                self.recorder.hear(word);
                moved = true;
            }
            while let Some((core, news)) = self.recorder.news() {
                recorded(&mut self.shards[core], self.now, news);
                moved = true;
            }
            while let Some(message) = self.shards[core].next_for_log(self.now) {
                self.log[core].push_back(message);
                moved = true;
            }
            // The queue to a core that does not turn is full: what is said to it waits where it was said.
            for to in self.turning().collect::<Vec<_>>() {
                while let Some(message) = self.shards[core].next_for_peer(CoreId(to as u16)) {
                    self.mail[to].push_back((CoreId(core as u16), message));
                    moved = true;
                }
            }
        }
        moved
    }

    /// What waits for a core and may come now: bytes, ends, room in sockets.
    fn deliver(&mut self, core: usize) -> bool {
        let mut moved = false;
        for at in 0..self.sockets.len() {
            let socket = &mut self.sockets[at];
            let Some(id) = socket.id.filter(|_| socket.core == core) else { continue };
            if socket.blocked && socket.room != Some(0) {
                socket.blocked = false;
                self.shards[core].writable(self.now, id);
                moved = true;
            } else if socket.paused {
            } else if let Some(mut bytes) = socket.waiting.pop_front() {
                self.shards[core].receive(self.now, id, &mut bytes);
                moved = true;
            } else if std::mem::take(&mut socket.fin) {
                self.shards[core].ended(self.now, id);
                moved = true;
            }
        }
        moved
    }

    /// One wish of a shard; false when it has none.
    fn fulfil(&mut self, core: usize) -> bool {
        match self.shards[core].poll() {
            Output::Transmit(id) => self.transmit(core, id),
            Output::Pause(id) => self.set_paused(core, id, true),
            Output::Resume(id) => self.set_paused(core, id, false),
            Output::Close(id) => {
                let socket = self.socket_of(core, id);
                socket.closed = true;
                socket.id = None;
                self.by_id.remove(&(core, id));
            }
            Output::Effect(id, Effect::Push(delivery)) => self.push_services.call(core, id, delivery),
            Output::Effect(id, Effect::Recorder(job)) => self.recorder.ask(core, id, Ok(job)),
            Output::Effect(id, Effect::File(job)) => self.recorder.ask(core, id, Err(job)),
            Output::Effect(id, effect) => self.disk.ask(core, id, effect),
            Output::Work => {
                self.works += 1;
                self.shards[core].work(self.now);
            }
            Output::Drained => {
                self.drained[core] = true;
                self.deadlines[core] = None;
                return false;
            }
            Output::Idle { deadline_us } => {
                self.deadlines[core] = deadline_us;
                return false;
            }
        }
        true
    }

    fn socket_of(&mut self, core: usize, id: ConnectionId) -> &mut Socket {
        let at =
            *self.by_id.get(&(core, id)).unwrap_or_else(|| panic!("core {core} speaks of a dead {id:?}"));
        &mut self.sockets[at]
    }

    /// A socket that was reset may still have wishes about it.
    fn set_paused(&mut self, core: usize, id: ConnectionId, paused: bool) {
        if let Some(at) = self.by_id.get(&(core, id)) {
            self.sockets[*at].paused = paused;
        }
    }

    fn transmit(&mut self, core: usize, id: ConnectionId) {
        let sip = self.manner.sip_bytes;
        let mut bytes: Vec<u8> = self.shards[core].transmit(id).pieces().concat();
        assert!(!bytes.is_empty(), "a wish to write nothing");
        assert!(bytes.len() <= WRITE_BYTES_MAX, "a write of {} bytes", bytes.len());
        self.writes += 1;
        let socket = self.socket_of(core, id);
        assert!(!socket.blocked, "a write to a socket that is full");
        let offered = bytes.len();
        bytes.truncate(socket.room.unwrap_or(usize::MAX).min(if sip == 0 { usize::MAX } else { sip }));
        socket.output.extend_from_slice(&bytes);
        socket.room = socket.room.map(|room| room - bytes.len());
        socket.blocked = bytes.len() < offered;
        self.shards[core].sent(self.now, id, bytes.len());
    }
}

fn shards(setup: &Setup, now: Now) -> Vec<Shard> {
    let shard = |core| Shard::new(Setup { core: CoreId(core), ..setup.clone() }, now);
    (0..setup.cores).map(shard).collect()
}
