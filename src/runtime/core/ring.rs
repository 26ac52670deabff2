//! The io_uring of one core: what is asked of the kernel goes in, completions come out, and the core sleeps
//! in it. Used by the thread that made it only.
//!
//! The kernel does the work of a completion when the core enters it (`DEFER_TASKRUN`), so nothing interrupts
//! a turn. It does only some twenty pieces per entry: [`Ring::collect`] enters again while many come.

use super::buffers::{Buffers, GROUP};
use super::token::{Kind, SocketId, Token};
use io_uring::{IoUring, cqueue, opcode, squeue, types};
use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

/// Places for requests between two entries. More wait in `waiting`.
const REQUESTS: u32 = 256;
/// Places for completions. The kernel keeps what does not fit (`NODROP`) and hands it over later.
const COMPLETIONS: u32 = 4096;
/// Completions handed to one turn, so that one turn stays short and buffers go back in time.
pub const BATCH_MAX: usize = 256;
/// Bytes received after which a turn has enough. One entry can bring half a MiB of one socket, and what a connection
/// sends before it can be told to pause is kept, so this bounds what a flood makes a core hold for it.
const BATCH_BYTES_ENOUGH: usize = 256 << 10;
/// An entry that brought fewer completions than this has brought all there were.
const MANY: usize = 16;

/// One completion, copied out of the ring.
#[derive(Clone, Copy, Debug)]
pub struct Completion {
    /// What it answers.
    pub token: Token,
    /// A count, a file descriptor, or a negated error number.
    pub result: i32,
    flags: u32,
}

impl Completion {
    /// Whether a multishot request goes on.
    pub fn more(&self) -> bool {
        cqueue::more(self.flags)
    }

    /// Bytes that arrived with it.
    fn bytes(&self) -> usize {
        if self.buffer().is_some() { usize::try_from(self.result).unwrap_or(0) } else { 0 }
    }

    /// The receive buffer that it fills.
    pub fn buffer(&self) -> Option<u16> {
        cqueue::buffer_select(self.flags)
    }
}

/// A ring with its receive buffers.
pub struct Ring {
    ring: IoUring,
    /// Receive buffers of completions that were collected and not yet given back.
    pub buffers: Buffers,
    /// Requests that found no place. Holds at most a few for each socket.
    waiting: VecDeque<squeue::Entry>,
}

impl Ring {
    /// Bytes of locked memory that the kernel counts for a ring, with pages of so many bytes.
    pub fn locked_bytes(page_bytes: u64) -> u64 {
        // A request has 64 bytes, a completion 16, a place in the submission queue 4; the two queues have one head.
        let requests = u64::from(REQUESTS) * 64;
        let queues = u64::from(COMPLETIONS) * 16 + u64::from(REQUESTS) * 4 + 128;
        [requests, queues, Buffers::ring_bytes()].map(|bytes| bytes.next_multiple_of(page_bytes)).iter().sum()
    }

    /// Makes the ring of the calling thread.
    ///
    /// # Errors
    /// What `io_uring_setup` says: see [`crate::runtime::machine::classify`].
    pub fn new() -> io::Result<Self> {
        let ring: IoUring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_taskrun_flag()
            .setup_submit_all()
            .setup_cqsize(COMPLETIONS)
            .setup_clamp()
            .dontfork()
            .build(REQUESTS)?;
        let buffers = Buffers::register(&ring)?;
        Ok(Self { ring, buffers, waiting: VecDeque::new() })
    }

    /// Accepts connections until cancelled.
    pub fn accept(&mut self, listener: RawFd, index: u32) {
        let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        let entry = opcode::AcceptMulti::new(types::Fd(listener)).flags(flags).build();
        self.push(entry, Token::plain(Kind::Accept, index));
    }

    /// Accepts one connection.
    pub fn accept_one(&mut self, listener: RawFd, index: u32) {
        let nowhere = std::ptr::null_mut();
        let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        let entry = opcode::Accept::new(types::Fd(listener), nowhere, nowhere.cast()).flags(flags).build();
        self.push(entry, Token::plain(Kind::Accept, index));
    }

    /// Receives into the shared buffers until cancelled.
    pub fn receive(&mut self, fd: RawFd, id: SocketId) {
        let entry = opcode::RecvMulti::new(types::Fd(fd), GROUP).build();
        self.push(entry, Token::socket(Kind::Receive, id));
    }

    /// Says once when the socket has room.
    pub fn await_room(&mut self, fd: RawFd, id: SocketId) {
        let entry = opcode::PollAdd::new(types::Fd(fd), libc::POLLOUT as u32).build();
        self.push(entry, Token::socket(Kind::Writable, id));
    }

    /// Says each time the doorbell is rung, and at once if it was.
    pub fn watch(&mut self, doorbell: RawFd) {
        let entry = opcode::PollAdd::new(types::Fd(doorbell), libc::POLLIN as u32).multi(true).build();
        self.push(entry, Token::plain(Kind::Doorbell, 0));
    }

    /// Ends the request with this token; its own last completion says so.
    pub fn cancel(&mut self, token: Token) {
        let entry = opcode::AsyncCancel::new(token.to_bits()).build();
        self.push(entry, Token::plain(Kind::Cancel, 0));
    }

    fn push(&mut self, entry: squeue::Entry, token: Token) {
        self.waiting.push_back(entry.user_data(token.to_bits()));
        self.fill();
    }

    /// Moves waiting requests to the submission queue as far as it has places.
    fn fill(&mut self) {
        let mut queue = self.ring.submission();
        while let Some(entry) = self.waiting.front() {
            // SAFETY: no entry points to memory of ours. Receives use registered buffers, and the descriptors
            // stay open until the last completion of their requests.
            if unsafe { queue.push(entry) }.is_err() {
                break;
            }
            self.waiting.pop_front();
        }
    }

    /// Whether completions are there or could be had without waiting. Reads memory only.
    pub fn ready(&mut self) -> bool {
        if !self.ring.completion().is_empty() {
            return true;
        }
        let queue = self.ring.submission();
        queue.taskrun() || queue.cq_overflow()
    }

    /// Hands requests over and lets the kernel work, without waiting.
    pub fn enter(&mut self) -> io::Result<()> {
        const GETEVENTS: u32 = 1;
        loop {
            let queued = self.ring.submission().len() as u32;
            // SAFETY: no argument is passed, and the flags ask for nothing but events.
            let entered =
                unsafe { self.ring.submitter().enter::<libc::sigset_t>(queued, 0, GETEVENTS, None) };
            let stop = forgive(entered)?;
            if self.waiting.is_empty() || stop {
                return Ok(());
            }
            self.fill();
        }
    }

    /// Sleeps until something completes or `timeout` is over. Hands requests over on the way, so that a turn
    /// which ends in sleep enters the kernel once.
    pub fn sleep(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        if !self.waiting.is_empty() {
            self.enter()?;
        }
        let slept = match timeout {
            None => self.ring.submitter().submit_and_wait(1),
            Some(timeout) => {
                let time = types::Timespec::from(timeout);
                let arguments = types::SubmitArgs::new().timespec(&time);
                self.ring.submitter().submit_with_args(1, &arguments)
            }
        };
        forgive(slept).map(drop)
    }

    /// Whether entering the kernel would do anything: it has work for this thread, or requests wait for it.
    fn needs_enter(&mut self) -> bool {
        let queue = self.ring.submission();
        !self.waiting.is_empty() || !queue.is_empty() || queue.taskrun() || queue.cq_overflow()
    }

    /// Fills `batch` with what completed. The kernel is entered only where that would bring something: a core
    /// in the middle of a large fan-out looks here after every chunk, and mostly finds nothing.
    pub fn collect(&mut self, batch: &mut Vec<Completion>) -> io::Result<()> {
        let mut enter = self.needs_enter();
        let mut bytes = 0;
        while batch.len() < BATCH_MAX && bytes < BATCH_BYTES_ENOUGH {
            if enter {
                self.enter()?;
            }
            let before = batch.len();
            let room = BATCH_MAX - before;
            batch.extend(self.ring.completion().take(room).map(|entry| Completion {
                token: Token::from_bits(entry.user_data()),
                result: entry.result(),
                flags: entry.flags(),
            }));
            if batch.len() - before < MANY {
                break;
            }
            bytes += batch[before..].iter().map(Completion::bytes).sum::<usize>();
            enter = true;
        }
        Ok(())
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // The kernel takes a ring down in its own time; after this no request can still pick a buffer.
        self.buffers.unregister(&self.ring);
    }
}

/// Sorts what an entry says. True is "not now": a signal, a timeout, or a completion queue that must be
/// drained first.
fn forgive(entered: io::Result<usize>) -> io::Result<bool> {
    match entered {
        Ok(_) => Ok(false),
        Err(error) => match error.raw_os_error() {
            Some(libc::EINTR | libc::ETIME | libc::EBUSY | libc::EAGAIN) => Ok(true),
            _ => Err(error),
        },
    }
}
