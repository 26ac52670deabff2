//! What the standard library has no safe call for: signals, and what a child does before it becomes the program.

use crate::PATIENCE;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

/// Sends a signal to a child that was not waited for yet, so its id is its own.
pub fn signal(child: &Child, signal: i32) {
    // SAFETY: plain system call.
    let sent = unsafe { libc::kill(child.id() as libc::pid_t, signal) };
    assert_eq!(sent, 0, "{}", io::Error::last_os_error());
}

/// No file of the child may grow beyond this many bytes from now on; `None` takes the limit away.
pub fn limit_files(child: &Child, bytes: Option<u64>) {
    let limit =
        libc::rlimit { rlim_cur: bytes.unwrap_or(libc::RLIM_INFINITY), rlim_max: libc::RLIM_INFINITY };
    let nothing = std::ptr::null_mut();
    // SAFETY: the limit is readable, and the old one is not asked for.
    let set =
        unsafe { libc::prlimit(child.id() as libc::pid_t, libc::RLIMIT_FSIZE, &raw const limit, nothing) };
    assert_eq!(set, 0, "{}", io::Error::last_os_error());
}

/// The child is killed when the thread that starts it ends, however that comes about.
pub fn die_with_parent(command: &mut Command) {
    // SAFETY: between fork and exec only one system call, which allocates nothing.
    unsafe {
        command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        });
    }
}

/// The child may not make an io_uring: `io_uring_setup` answers EPERM, as in a container with a strict profile.
pub fn forbid_io_uring(command: &mut Command) {
    let load_number = libc::sock_filter { code: 0x20, jt: 0, jf: 0, k: 0 };
    let is_setup = libc::sock_filter { code: 0x15, jt: 0, jf: 1, k: libc::SYS_io_uring_setup as u32 };
    let answer = |k| libc::sock_filter { code: 0x06, jt: 0, jf: 0, k };
    let refuse = answer(libc::SECCOMP_RET_ERRNO | libc::EPERM as u32);
    let mut filter = [load_number, is_setup, refuse, answer(libc::SECCOMP_RET_ALLOW)];
    // SAFETY: between fork and exec only two system calls; the filter lives in the closure.
    unsafe {
        command.pre_exec(move || {
            let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
            let refused = libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
                || libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) != 0;
            if refused { Err(io::Error::last_os_error()) } else { Ok(()) }
        });
    }
}

/// Closing the socket resets the connection instead of ending it.
pub fn reset_on_close(socket: &std::net::TcpStream) {
    socket2::SockRef::from(socket).set_linger(Some(std::time::Duration::ZERO)).unwrap();
}

/// A terminal that nobody sits at.
pub struct Terminal {
    screen: File,
    end: OwnedFd,
}

impl Terminal {
    pub fn new() -> Self {
        let (mut screen, mut end) = (0, 0);
        let nothing = std::ptr::null_mut();
        // SAFETY: both numbers can be written to, and nothing else is asked for.
        let opened = unsafe { libc::openpty(&mut screen, &mut end, nothing, nothing.cast(), nothing.cast()) };
        assert_eq!(opened, 0, "{}", io::Error::last_os_error());
        // SAFETY: the call opened both, and nobody else has them.
        let (screen, end) = unsafe { (File::from_raw_fd(screen), OwnedFd::from_raw_fd(end)) };
        Self { screen, end }
    }

    /// What a program writes to.
    pub fn end(&self) -> OwnedFd {
        self.end.try_clone().unwrap()
    }

    /// What was written until this came, as a screen gets it.
    pub fn read_until(&self, last: &str) -> String {
        let mut screen = self.screen.try_clone().unwrap();
        let (send, text) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                if send.send(String::from_utf8_lossy(&bytes[..count]).into_owned()).is_err() {
                    break;
                }
            }
        });
        let mut read = String::new();
        while !read.contains(last) {
            let more = text.recv_timeout(PATIENCE);
            read += &more.unwrap_or_else(|_| panic!("{last:?} never came after: {read}"));
        }
        read
    }
}

/// A pipe that holds a page: the end that is read, and the one that is written.
pub fn small_pipe() -> (OwnedFd, OwnedFd) {
    let (reader, writer) = io::pipe().unwrap();
    // SAFETY: plain system call on a pipe that is open.
    let bytes = unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, 4096) };
    assert_eq!(bytes, 4096, "{}", io::Error::last_os_error());
    (reader.into(), writer.into())
}

/// A thread of another process that stands still until this is dropped, by the thread that stopped it.
pub struct StoppedThread(libc::pid_t);

impl StoppedThread {
    /// Stops the thread of this name.
    pub fn of(child: &Child, name: &str) -> Self {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
        let is_it = |task: &std::fs::DirEntry| {
            std::fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name)
        };
        let task = tasks.map(Result::unwrap).find(is_it).unwrap_or_else(|| panic!("no thread {name}"));
        let id: libc::pid_t = task.file_name().to_str().unwrap().parse().unwrap();
        let none = std::ptr::null_mut::<libc::c_void>();
        // SAFETY: system calls on a child's thread, without memory.
        let stopped = unsafe {
            libc::ptrace(libc::PTRACE_SEIZE, id, none, none) == 0
                && libc::ptrace(libc::PTRACE_INTERRUPT, id, none, none) == 0
                && libc::waitpid(id, std::ptr::null_mut(), libc::__WALL) == id
        };
        assert!(stopped, "{}", io::Error::last_os_error());
        Self(id)
    }
}

impl Drop for StoppedThread {
    fn drop(&mut self) {
        let none = std::ptr::null_mut::<libc::c_void>();
        // SAFETY: as above. It fails only where the thread has ended.
        unsafe { libc::ptrace(libc::PTRACE_DETACH, self.0, none, none) };
    }
}
