//! The thread. It hears what cores want recorded and who is there, receives and sends datagrams, and writes files.

use super::engine::{Counts, Engine, Wish};
use super::files::Files;
use super::{RecorderDesk, RecorderFigures, RecorderSettings};
use crate::base::ids::CoreId;
use crate::base::ledger::leaves_a_share;
use crate::metrics::beside::RecorderCounters;
use crate::model::people::UserId;
use crate::model::people::recorder::{RecorderBounds, RecorderJob, RecorderNews, RecorderRefusal};
use crate::runtime::abort::AbortOnPanic;
use crate::runtime::clock;
use crate::runtime::core::doorbell::Doorbell;
use crate::runtime::error::RuntimeError;
use crate::runtime::log;
use crate::runtime::side::effects::EffectDesk;
use crate::runtime::side::priority::step_back;
use crate::shard::{Effect, Failure, Resolution};
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use str0m::crypto::from_feature_flags;

/// Datagrams of one socket that are read before others have their turn.
const DATAGRAMS_MAX: usize = 256;

/// Jobs and words of cores that are heard before datagrams have their turn.
const WORDS_AT_ONCE: usize = 64;

/// Bytes of a datagram; no link of today carries longer ones whole.
const DATAGRAM_BYTES_MAX: usize = 2_048;

/// Bytes that the kernel keeps for the thread while it is busy.
const RECEIVE_BUFFER_BYTES: usize = 8 << 20;

/// Starts the thread. It ends when every core has gone; what runs then is completed.
///
/// # Errors
/// An address cannot be used, the directory cannot, or the thread could not be made.
pub fn start(
    jobs: EffectDesk,
    words: RecorderDesk,
    settings: &RecorderSettings,
    figures: Arc<RecorderFigures>,
) -> Result<JoinHandle<()>, RuntimeError> {
    let process = |what| move |source| RuntimeError::Process { what, source };
    let sockets: io::Result<Vec<Socket>> = settings.addresses.iter().map(|one| Socket::open(*one)).collect();
    let sockets = sockets.map_err(process("use an address of the recorder (recorder_addresses)"))?;
    let files = Files::new(&settings.directory).map_err(process("use the directory of recordings"))?;
    let bell = Arc::new(Rung(Doorbell::new().map_err(process("make an event counter"))?));
    for socket in &sockets {
        log::info!(address = %socket.address, "the recorder listens");
    }
    let run = move || {
        let _guard = AbortOnPanic;
        step_back();
        let addresses = sockets.iter().map(|socket| socket.address).collect();
        let engine = Engine::new(Instant::now(), addresses, from_feature_flags());
        let owners = BTreeMap::new();
        let woken = Instant::now();
        Thread { jobs, words, sockets, files, engine, owners, bell, figures, woken, busy_us: 0 }.serve();
    };
    std::thread::Builder::new()
        .name("recorder".into())
        .spawn(run)
        .map_err(process("start the recorder's thread"))
}

/// A socket of UDP at an address by which others reach it.
struct Socket {
    socket: UdpSocket,
    address: SocketAddr,
}

impl Socket {
    /// An address of this machine is used itself; any other one leads here, and its port is received on whatever there is.
    fn open(address: SocketAddr) -> io::Result<Self> {
        let any = match address {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, address.port())),
        };
        let socket = match UdpSocket::bind(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => UdpSocket::bind(any)?,
            bound => bound?,
        };
        socket.set_nonblocking(true)?;
        // As much as this user may have.
        let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
        let port = socket.local_addr()?.port();
        Ok(Self { socket, address: SocketAddr::new(address.ip(), port) })
    }
}

/// Wakes the thread, whose sleep watches the bell's descriptor. Cores ring only while it sleeps.
struct Rung(Doorbell);

impl Wake for Rung {
    fn wake(self: Arc<Self>) {
        self.0.ring();
    }
}

/// Whose a recording is.
struct Owner {
    core: CoreId,
    /// Who began it.
    by: UserId,
}

struct Thread {
    jobs: EffectDesk,
    words: RecorderDesk,
    sockets: Vec<Socket>,
    files: Files,
    engine: Engine,
    /// Whose each recording is that runs.
    owners: BTreeMap<Arc<str>, Owner>,
    bell: Arc<Rung>,
    figures: Arc<RecorderFigures>,
    /// Since when it does something, as far as that is not counted yet.
    woken: Instant,
    /// Microseconds in which it did something.
    busy_us: u64,
}

impl Thread {
    fn serve(mut self) {
        self.jobs.wake_by(Waker::from(self.bell.clone()));
        self.words.wake_by(Waker::from(self.bell.clone()));
        loop {
            let mut is_busy = self.do_jobs();
            let engine = &mut self.engine;
            is_busy |= self.words.hear_some(WORDS_AT_ONCE, |(_, word)| engine.hear(Instant::now(), word));
            if self.jobs.closed() && !self.jobs.ready() {
                return self.end();
            }
            is_busy |= self.receive();
            self.engine.pass(Instant::now());
            self.do_wishes();
            self.tell_figures();
            if !is_busy {
                self.sleep();
                self.woken = Instant::now();
            }
        }
    }

    /// Makes known what is counted.
    fn tell_figures(&mut self) {
        let now = Instant::now();
        self.busy_us += now.saturating_duration_since(self.woken).as_micros() as u64;
        self.woken = now;
        let Counts { peers, datagrams, strangers, lost, .. } = self.engine.counts();
        self.figures.tell(&RecorderCounters {
            peers,
            datagrams,
            strangers,
            packets_lost: lost,
            bytes_written: self.files.written_bytes,
            bytes_kept: self.files.bytes(),
            busy_us: self.busy_us,
        });
    }

    /// Does what cores wait for, in turns. Whether there is more.
    fn do_jobs(&mut self) -> bool {
        let mut jobs = Vec::new();
        let is_busy = self.jobs.hear_some(WORDS_AT_ONCE, |job| jobs.push(job));
        for (core, (id, effect)) in jobs {
            let resolution = match effect {
                Effect::Recorder(job) => Resolution::Recorder(self.job(core, job)),
                // Not what is asked of this thread.
                _ => Resolution::Failed(Failure::Broken),
            };
            self.jobs.tell(core.index(), (id, resolution));
        }
        is_busy
    }

    /// Does what a core waits for.
    fn job(&mut self, core: CoreId, job: RecorderJob) -> Result<u64, RecorderRefusal> {
        match job {
            RecorderJob::Open { recording, by, bounds } => {
                self.open(Owner { core, by }, recording, bounds).map(|()| 0)
            }
            RecorderJob::Close { recording } => Ok(self.close(&recording)),
            RecorderJob::Forget { recording } => {
                self.close(&recording);
                if let Err(error) = self.files.forget(&recording) {
                    log::error!(%recording, "the file of a recording could not be deleted: {error}");
                }
                Ok(0)
            }
        }
    }

    fn open(&mut self, owner: Owner, id: Arc<str>, bounds: RecorderBounds) -> Result<(), RecorderRefusal> {
        let run = self.owners.len() as u32;
        if run >= bounds.at_once_max {
            return Err(RecorderRefusal::TooMany);
        }
        let own = self.owners.values().filter(|other| other.by == owner.by).count() as u32;
        if !leaves_a_share(own, run, bounds.at_once_max) {
            return Err(RecorderRefusal::TooManyOfYours);
        }
        if self.files.bytes() >= bounds.recordings_bytes_max {
            return Err(RecorderRefusal::NoRoom);
        }
        if let Err(error) = self.files.begin(id.clone()) {
            log::error!(recording = %id, "the file of a recording could not be made: {error}");
            return Err(refusal(error.kind()));
        }
        self.engine.open(Instant::now(), clock::now().unix_ms, id.clone(), bounds);
        self.do_wishes();
        if let Some(kind) = self.files.broken(&id) {
            self.close(&id);
            return Err(refusal(kind));
        }
        self.owners.insert(id, owner);
        Ok(())
    }

    /// Ends a recording; the bytes of its file.
    fn close(&mut self, id: &Arc<str>) -> u64 {
        let is_kept = self.engine.close(Instant::now(), id);
        self.do_wishes();
        self.owners.remove(id);
        self.files.finish(id, is_kept).unwrap_or_else(|error| {
            log::error!(recording = %id, "the file of a recording could not be completed: {error}");
            0
        })
    }

    /// Every core has gone.
    fn end(&mut self) {
        let running: Vec<Arc<str>> = self.engine.running().cloned().collect();
        for id in &running {
            self.close(id);
        }
        let Counts { datagrams, strangers, .. } = self.engine.counts();
        log::info!(datagrams, strangers, "the recorder has stopped");
    }

    /// Receives what is there, in turns. Whether there may be more.
    fn receive(&mut self) -> bool {
        let mut datagram = [0; DATAGRAM_BYTES_MAX];
        let mut is_busy = false;
        for Socket { socket, address } in &self.sockets {
            let mut count = 0;
            while count < DATAGRAMS_MAX
                && let Ok((length, from)) = socket.recv_from(&mut datagram)
            {
                self.engine.receive(Instant::now(), from, *address, &datagram[..length]);
                count += 1;
            }
            is_busy |= count == DATAGRAMS_MAX;
        }
        is_busy
    }

    fn do_wishes(&mut self) {
        for wish in self.engine.wishes() {
            match wish {
                Wish::Send(one) => {
                    let socket = self.sockets.iter().find(|socket| socket.address == one.source);
                    // What finds no room is lost, as it may be on its way.
                    let _ = socket.map(|socket| socket.socket.send_to(&one.contents, one.destination));
                }
                Wish::Write(id, piece) => {
                    if let Err(error) = self.files.write(&id, &piece) {
                        log::error!(recording = %id, "a recording ends, because its file could not be written: {error}");
                        self.ends(&id);
                    }
                }
                Wish::Tell(news) => {
                    let (RecorderNews::Signal { recording, .. } | RecorderNews::Ended { recording }) = &news;
                    if let Some(owner) = self.owners.get(recording) {
                        self.words.tell(owner.core.index(), news);
                    }
                }
                Wish::Close(id) => {
                    log::info!(recording = %id, "a recording ends, because it is as long as it may be");
                    self.ends(&id);
                }
            }
        }
    }

    /// A recording is over, which nobody asked for: its core is told, and closes it.
    fn ends(&self, id: &Arc<str>) {
        if let Some(owner) = self.owners.get(id) {
            self.words.tell(owner.core.index(), RecorderNews::Ended { recording: id.clone() });
        }
    }

    /// Sleeps until a datagram arrives, a core says something, or something is due.
    fn sleep(&self) {
        self.bell.0.sleeping();
        if self.jobs.doze() {
            if self.words.doze() {
                self.wait();
                self.words.awake();
            }
            self.jobs.awake();
        }
        self.bell.0.awake();
    }

    fn wait(&self) {
        let due = self.engine.due().map(|due| due.saturating_duration_since(Instant::now()));
        let at_most =
            due.map_or(-1, |due| (due + Duration::from_micros(999)).as_millis().min(60_000) as libc::c_int);
        let descriptors = self.sockets.iter().map(|socket| socket.socket.as_raw_fd());
        let descriptors = descriptors.chain([self.bell.0.as_raw_fd()]);
        let mut polled: Vec<libc::pollfd> =
            descriptors.map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }).collect();
        // SAFETY: the list is there, with its length, for the whole call.
        let woken = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, at_most) };
        let was_rung = polled.last().is_some_and(|bell| bell.revents != 0);
        if woken > 0 && was_rung {
            let mut count = [0_u8; 8];
            // SAFETY: there is room for eight bytes, and the descriptor is open.
            unsafe { libc::read(self.bell.0.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
        }
    }
}

/// What is said of a file that cannot be begun.
fn refusal(kind: io::ErrorKind) -> RecorderRefusal {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            RecorderRefusal::DiskFull
        }
        _ => RecorderRefusal::Broken,
    }
}
