//! What the machine must allow before the runtime can start, checked with a clear word for each refusal.

use super::core::ring::Ring;
use super::error::RuntimeError;
use std::io;

/// glommio refuses to start an executor below this limit on locked memory.
pub const MEMLOCK_BYTES: u64 = 512 << 10;

/// Descriptors that a core needs for itself: rings, event counters, listeners.
const FILES_PER_CORE: u64 = 24;
/// Descriptors of the process besides its cores.
const FILES_BASE: u64 = 64;

/// Checks everything, and raises soft limits to the hard ones where that helps.
///
/// # Errors
/// io_uring is forbidden or too old, or a hard limit is too low.
pub fn check(cores: usize) -> Result<(), RuntimeError> {
    check_memlock()?;
    check_files(cores)?;
    check_io_uring()
}

/// Whether a ring of our kind can be made by this process now.
///
/// # Errors
/// The cause, as exactly as it can be told.
pub fn check_io_uring() -> Result<(), RuntimeError> {
    // On a thread of its own, because a thread that has used a ring keeps some state of it in the kernel.
    let made = std::thread::spawn(|| Ring::new().map(drop)).join();
    match made {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(classify(error)),
        Err(_) => Err(classify(io::Error::other("the check itself failed"))),
    }
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
        _ => RuntimeError::RingSetup { source },
    }
}

/// Room for glommio's rings in the limit on locked memory.
///
/// # Errors
/// The hard limit is too low.
pub fn check_memlock() -> Result<(), RuntimeError> {
    let limit = raise(libc::RLIMIT_MEMLOCK)?;
    if limit < MEMLOCK_BYTES {
        return Err(RuntimeError::MemlockLimit { limit_bytes: limit, needed_bytes: MEMLOCK_BYTES });
    }
    Ok(())
}

/// Room for the descriptors of the process itself. The soft limit is raised to the hard one, so that as many
/// clients as allowed can come. Returns the limit.
///
/// # Errors
/// The hard limit is too low.
pub fn check_files(cores: usize) -> Result<u64, RuntimeError> {
    let limit = raise(libc::RLIMIT_NOFILE)?;
    let needed = FILES_BASE + FILES_PER_CORE * cores as u64;
    if limit < needed {
        return Err(RuntimeError::FilesLimit { limit, needed });
    }
    Ok(limit)
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
        assert!(cause(libc::ENOMEM, 0).contains("could not be set up"));
    }

    #[test]
    fn this_machine_has_a_cpu() {
        assert!(!allowed_cpus().is_empty());
    }

    #[test]
    fn a_limit_is_named_with_what_is_needed() {
        let refused = check_files(1 << 40).expect_err("nobody has so many");
        assert!(refused.to_string().contains("ulimit -n"), "{refused}");
    }
}
