//! What this machine is like, as its kernel tells in `/proc`.

use super::ring;
use crate::runtime::machine;
use std::io;

/// The machine and what this process may do on it. What cannot be read is `None`.
#[derive(Debug)]
pub(super) struct Facts {
    /// Release of the kernel, such as `6.8.0-45-generic`.
    pub(super) kernel: String,
    /// What trying io_uring gave.
    pub(super) ring: io::Result<()>,
    /// Bytes this process may lock once it has raised its limit; `None` is no limit.
    pub(super) memlock_bytes: Option<u64>,
    /// What it locks is not counted.
    pub(super) locks_uncounted: bool,
    /// Files it may have open; `None` is no limit.
    pub(super) open_files: Option<u64>,
    /// Files any process may ever be allowed to open.
    pub(super) nr_open: Option<u64>,
    /// Connections that may wait for accept.
    pub(super) somaxconn: Option<u64>,
    /// First and last port of outgoing connections.
    pub(super) port_range: Option<(u64, u64)>,
    /// CPUs this process may run on.
    pub(super) cpus: Vec<u16>,
    /// Whether the kernel can encrypt records of TLS itself.
    pub(super) kernel_tls: Option<bool>,
}

impl Facts {
    pub(super) fn of_this_machine() -> Self {
        let limits = read("/proc/self/limits");
        Self {
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            ring: ring::probe(),
            memlock_bytes: hard_limit(&limits, "Max locked memory"),
            locks_uncounted: machine::locks_uncounted(),
            open_files: hard_limit(&limits, "Max open files"),
            nr_open: number("/proc/sys/fs/nr_open"),
            somaxconn: number("/proc/sys/net/core/somaxconn"),
            port_range: pair(&read("/proc/sys/net/ipv4/ip_local_port_range")),
            cpus: allowed_cpus(&read("/proc/self/status")),
            kernel_tls: machine::has_kernel_tls().ok(),
        }
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn number(path: &str) -> Option<u64> {
    read(path).trim().parse().ok()
}

fn pair(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.split_whitespace().map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// The hard limit of a line of `/proc/self/limits`, to which a start raises the soft one; `unlimited` and a missing line are no
/// limit.
fn hard_limit(limits: &str, name: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// `Cpus_allowed_list: 0-3,8` as numbers.
fn allowed_cpus(status: &str) -> Vec<u16> {
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or_default();
    let mut cpus = Vec::new();
    for range in list.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        if let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) {
            cpus.extend(first..=last);
        }
    }
    cpus
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files_are_read() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max open files            1024                 524288               files     \n\
                      Max locked memory         unlimited            unlimited            bytes     \n";
        assert_eq!(hard_limit(limits, "Max open files"), Some(524_288));
        assert_eq!(hard_limit(limits, "Max locked memory"), None);
        assert_eq!(hard_limit(limits, "Max stack size"), None);
        assert_eq!(allowed_cpus("Name:\tx\nCpus_allowed_list:\t0-2,5\n"), [0, 1, 2, 5]);
        assert!(allowed_cpus("").is_empty());
        assert_eq!(pair("32768\t60999\n"), Some((32_768, 60_999)));
        assert_eq!(pair("32768"), None);
    }

    #[test]
    fn this_machine_has_facts() {
        let facts = Facts::of_this_machine();
        assert!(!facts.kernel.is_empty() && !facts.cpus.is_empty(), "{facts:?}");
    }
}
