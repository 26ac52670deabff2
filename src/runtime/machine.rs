//! What the machine must allow before the runtime can start, checked with a clear word for each refusal.

use super::core::ring::Ring;
use super::error::RuntimeError;
use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

/// glommio refuses to make an executor below this limit on locked memory, whatever it needs.
const MEMLOCK_BYTES_MIN: u64 = 512 << 10;

/// glommio registers 64 KiB with each of its three rings.
const EXECUTOR_BUFFER_BYTES: u64 = 3 * (64 << 10);
/// The rings of glommio, each with two mappings of less than a page.
const EXECUTOR_RING_PAGES: u64 = 3 * 2;

/// Descriptors that a core needs for itself: rings, event counters.
const FILES_PER_CORE: u64 = 16;
/// Descriptors of the process besides its cores: the standard streams, the lock, the store, a backup of it, the history log and
/// what it replaces, and as many again for what comes and goes (a socket that is refused, a file that is read).
const FILES_BASE: u64 = 48;
/// Sockets of each core without which a node is not worth starting.
const SOCKETS_MIN: u64 = 24;

/// Checks what rings need, and raises the soft limit on locked memory to the hard one.
///
/// # Errors
/// io_uring is forbidden or too old, or the limit is too low.
pub fn check(cores: usize) -> Result<(), RuntimeError> {
    check_memlock(cores)?;
    check_io_uring()
}

/// Whether a ring of our kind can be made by this process now.
///
/// # Errors
/// The cause, as exactly as it can be told.
pub fn check_io_uring() -> Result<(), RuntimeError> {
    // On a thread of its own, because a thread that has used a ring keeps some state of it in the kernel.
    let made = std::thread::spawn(|| patiently(Ring::new, lacks_memory).map(drop)).join();
    match made {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(classify(error)),
        Err(_) => Err(classify(io::Error::other("the check itself failed"))),
    }
}

/// How often a ring is tried to be made that has no memory, and the time between two tries. The locked memory of a process
/// that has ended counts until the kernel has taken its rings down, which it does in its own time.
const TRIES_MAX: u32 = 100;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// Makes what needs locked memory: again and again for some time, while there is none.
///
/// # Errors
/// The last reason, if it is still the same, or any other reason.
pub fn patiently<T, E>(
    mut make: impl FnMut() -> Result<T, E>,
    lacks_memory: impl Fn(&E) -> bool,
) -> Result<T, E> {
    for _ in 1..TRIES_MAX {
        match make() {
            Err(error) if lacks_memory(&error) => std::thread::sleep(BETWEEN_TRIES),
            made => return made,
        }
    }
    make()
}

/// Whether an error says that there is no memory, or none that may be locked.
pub fn lacks_memory(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENOMEM)
}

/// Tells why a ring could not be made.
pub fn classify(source: io::Error) -> RuntimeError {
    let sysctl = std::fs::read_to_string("/proc/sys/kernel/io_uring_disabled").ok();
    explain(source, sysctl.and_then(|text| text.trim().parse().ok()).unwrap_or(0))
}

fn explain(source: io::Error, disabled: u8) -> RuntimeError {
    match source.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) if disabled > 0 => RuntimeError::IoUringDisabled { value: disabled },
        Some(libc::EPERM | libc::EACCES) => RuntimeError::IoUringForbidden { source },
        // EINVAL: a flag that the kernel does not know. A filter may answer ENOSYS too; where the kernel
        // shows the sysctl it has io_uring, but the sysctl is younger than io_uring, so this is no proof.
        Some(libc::ENOSYS | libc::EINVAL) => RuntimeError::KernelTooOld { source },
        Some(libc::ENOMEM) => RuntimeError::RingMemory { source },
        _ => RuntimeError::RingSetup { source },
    }
}

/// The first kernel that counts a ring itself as locked memory. Older ones count what is registered with it only.
const RINGS_COUNTED_FROM: (u32, u32) = (6, 14);

/// Bytes of locked memory that so many cores may need at once on this kernel.
pub fn memlock_bytes_needed(cores: usize) -> u64 {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    // SAFETY: the call takes no pointers.
    let page = u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
    memlock_bytes(cores as u64, page, counts_rings(&release))
}

fn counts_rings(release: &str) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().ok());
    // A kernel that does not say what it is may be any.
    let (Some(Some(major)), Some(Some(minor))) = (numbers.next(), numbers.next()) else { return true };
    (major, minor) >= RINGS_COUNTED_FROM
}

fn memlock_bytes(cores: u64, page: u64, counts_rings: bool) -> u64 {
    let ring = if counts_rings { Ring::locked_bytes(page) } else { 0 };
    let executor = if counts_rings { EXECUTOR_RING_PAGES * page } else { 0 } + EXECUTOR_BUFFER_BYTES;
    // And the ring that is made to see whether one can be made: the kernel takes it down in its own time.
    ((executor + ring) * cores + ring).max(MEMLOCK_BYTES_MIN)
}

/// Whether locked memory of this process is not counted: it has the capability CAP_IPC_LOCK, as root has.
pub fn locks_uncounted() -> bool {
    const IPC_LOCK: u64 = 1 << 14;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective
        .and_then(|text| u64::from_str_radix(text.trim(), 16).ok())
        .is_some_and(|set| set & IPC_LOCK != 0)
}

/// Bytes that the limit must be for so many cores of this process.
pub fn memlock_bytes_required(cores: usize, uncounted: bool) -> u64 {
    if uncounted { MEMLOCK_BYTES_MIN } else { memlock_bytes_needed(cores) }
}

/// Room for rings in the limit on locked memory.
fn check_memlock(cores: usize) -> Result<(), RuntimeError> {
    let limit = raise(libc::RLIMIT_MEMLOCK)?;
    let needed = memlock_bytes_required(cores, locks_uncounted());
    if limit < needed {
        return Err(RuntimeError::MemlockLimit { limit_bytes: limit, needed_bytes: needed, cores });
    }
    Ok(())
}

/// How the descriptors of the process are divided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Files {
    /// All that may be open.
    pub limit: u64,
    /// Kept for the process itself: for the store, the history log and the cores.
    pub own: u64,
}

impl Files {
    /// What is left for sockets of so many cores that listen on so many addresses each.
    fn of(limit: u64, cores: usize, addresses: usize) -> Self {
        // A core accepts one socket more on each of its listeners before it turns it away.
        let core = FILES_PER_CORE + 2 * addresses as u64;
        Self { limit, own: FILES_BASE + core * cores as u64 }
    }

    /// Descriptors for sockets.
    pub fn sockets(&self) -> u64 {
        self.limit.saturating_sub(self.own)
    }
}

/// Raises the soft limit on descriptors to the hard one, so that as many clients as allowed can come, and divides them.
///
/// # Errors
/// The hard limit is too low to serve at all.
pub fn files(cores: usize, addresses: usize) -> Result<Files, RuntimeError> {
    let files = Files::of(raise(libc::RLIMIT_NOFILE)?, cores, addresses);
    if files.sockets() < SOCKETS_MIN * cores as u64 {
        let needed = files.own + SOCKETS_MIN * cores as u64;
        return Err(RuntimeError::FilesLimit { limit: files.limit, needed });
    }
    Ok(files)
}

/// Raises a soft limit to its hard one. Returns what holds now.
fn raise(resource: libc::__rlimit_resource_t) -> Result<u64, RuntimeError> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid rlimit for the whole call.
    if unsafe { libc::getrlimit(resource, &mut limit) } != 0 {
        return Err(RuntimeError::Process {
            what: "read a resource limit",
            source: io::Error::last_os_error(),
        });
    }
    if limit.rlim_cur < limit.rlim_max {
        let raised = libc::rlimit { rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max };
        // SAFETY: `raised` is a valid rlimit for the whole call.
        if unsafe { libc::setrlimit(resource, &raised) } == 0 {
            return Ok(raised.rlim_cur);
        }
    }
    Ok(limit.rlim_cur)
}

/// The CPUs that this process may use, in order: its affinity, which also carries the cpuset of a container.
pub fn allowed_cpus() -> Vec<usize> {
    // SAFETY: an all-zero cpu_set_t is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` is valid for its size for the whole call.
    let read = unsafe { libc::sched_getaffinity(0, size_of_val(&set), &mut set) };
    if read != 0 {
        return vec![0];
    }
    // SAFETY: every number asked for is below the size of the set.
    (0..libc::CPU_SETSIZE as usize).filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &set) }).collect()
}

/// The groups that this process belongs to.
pub fn own_groups() -> Vec<u32> {
    // SAFETY: without a place to write to, it only counts.
    let count = unsafe { libc::getgroups(0, std::ptr::null_mut()) };
    let mut groups = vec![0; usize::try_from(count).unwrap_or(0)];
    // SAFETY: there is room for as many as the call is told.
    let count = unsafe { libc::getgroups(groups.len() as libc::c_int, groups.as_mut_ptr()) };
    groups.truncate(usize::try_from(count).unwrap_or(0));
    // SAFETY: it takes nothing and always succeeds.
    groups.push(unsafe { libc::getegid() });
    groups
}

/// Whether this process may make and replace files in a directory.
///
/// # Errors
/// The kernel's reason why not.
pub fn check_writable(directory: &std::path::Path) -> io::Result<()> {
    let path = std::ffi::CString::new(directory.as_os_str().as_encoded_bytes())?;
    // SAFETY: the path is a string of C for the whole call.
    match unsafe { libc::access(path.as_ptr(), libc::W_OK | libc::X_OK) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether the kernel can encrypt records of TLS itself. It finds out by asking for it on a socket that has no peer: a kernel that
/// can, complains of the peer, and loads its module if need be.
///
/// # Errors
/// The kernel gives no socket.
pub fn has_kernel_tls() -> io::Result<bool> {
    const NAME: &[u8] = b"tls";
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    let length = NAME.len() as libc::socklen_t;
    // SAFETY: the name is there, with this length, for the whole call, and the socket is open.
    let set = unsafe {
        libc::setsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_ULP, NAME.as_ptr().cast(), length)
    };
    Ok(set == 0 || io::Error::last_os_error().kind() == io::ErrorKind::NotConnected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(errno: i32, disabled: u8) -> String {
        explain(io::Error::from_raw_os_error(errno), disabled).to_string()
    }

    #[test]
    fn each_refusal_names_its_cause_and_its_fix() {
        assert!(cause(libc::EPERM, 2).contains("sysctl -w kernel.io_uring_disabled=0"));
        assert!(cause(libc::EPERM, 0).contains("seccomp"));
        assert!(cause(libc::EACCES, 0).contains("seccomp"));
        assert!(cause(libc::ENOSYS, 0).contains("Linux 6.1"));
        assert!(cause(libc::EINVAL, 0).contains("Linux 6.1"));
        assert!(cause(libc::ENOMEM, 0).contains("ulimit -l"));
        assert!(cause(libc::EIO, 0).contains("could not be set up"));
    }

    #[test]
    fn memory_that_is_still_locked_is_waited_for_and_nothing_else() {
        let tried = |errors: &[i32]| {
            let (mut tries, mut errors) = (0, errors.iter());
            let made = patiently(
                || {
                    tries += 1;
                    errors.next().map_or(Ok(()), |errno| Err(io::Error::from_raw_os_error(*errno)))
                },
                lacks_memory,
            );
            (tries, made.is_ok())
        };
        assert_eq!(tried(&[]), (1, true));
        assert_eq!(tried(&[libc::ENOMEM; 3]), (4, true));
        assert_eq!(tried(&[libc::ENOMEM, libc::EPERM, libc::ENOMEM]), (2, false));
        assert_eq!(tried(&[libc::ENOMEM; TRIES_MAX as usize]), (TRIES_MAX, false));
    }

    #[test]
    fn this_machine_has_a_cpu() {
        assert!(!allowed_cpus().is_empty());
    }

    #[test]
    fn a_limit_is_named_with_what_is_needed() {
        let refused = files(1 << 40, 1).expect_err("nobody has so many");
        assert!(refused.to_string().contains("ulimit -n"), "{refused}");
    }

    #[test]
    fn more_cores_need_more_locked_memory_and_more_descriptors() {
        let kib = |cores, counts_rings| memlock_bytes(cores, 4096, counts_rings) >> 10;
        let counted = [1, 2, 3].map(|cores| kib(cores, true));
        assert_eq!(counted, [512, 696, 1_000], "glommio's bound, then 304 KiB for each core");
        assert_eq!([1, 2, 3].map(|cores| kib(cores, false)), [512, 512, 576], "192 KiB for each core");
        assert!(counts_rings("6.14.0-rc1") && counts_rings("7.0") && counts_rings("?"));
        assert!(!counts_rings("6.13.9-amd64") && !counts_rings("5.20"));
        assert_eq!(memlock_bytes_required(64, true), MEMLOCK_BYTES_MIN);
        assert_eq!(Files::of(100, 2, 1).sockets(), 100 - FILES_BASE - 2 * FILES_PER_CORE - 4);
        assert_eq!(Files::of(10, 1, 1).sockets(), 0);
    }
}
