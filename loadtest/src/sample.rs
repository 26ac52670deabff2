//! What the kernel says of the server's process: CPU time, memory, descriptors, context switches.

use std::fs;
use std::io;

/// CPU time of a process so far in nanoseconds, summed over the tasks that live: the first field of each
/// `schedstat`, or where the kernel keeps none, user and system time in clock ticks.
pub fn cpu_ns(pid: u32) -> io::Result<u64> {
    let mut total = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A task may end between the listing and the reading.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        total += text.split(' ').next().and_then(|field| field.parse().ok()).unwrap_or(0u64);
    }
    if total > 0 { Ok(total) } else { ticks_ns(pid) }
}

/// `utime` and `stime` of `/proc/PID/stat`; a tick is 10 ms for user space whatever the kernel's own.
fn ticks_ns(pid: u32) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is a name in parentheses, which may hold spaces.
    let fields = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(ticks * 10_000_000)
}

/// What a process has used so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// CPU time in nanoseconds, over the tasks that live.
    pub cpu_ns: u64,
    /// Context switches, because it waited or because it had to.
    pub switches: u64,
    /// Time it could have run and another did, in nanoseconds.
    pub wait_ns: u64,
}

/// What a process has used so far.
pub fn usage(pid: u32) -> io::Result<Usage> {
    let mut usage = Usage { cpu_ns: cpu_ns(pid)?, ..Usage::default() };
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let path = task?.path();
        let Ok(text) = fs::read_to_string(path.join("status")) else { continue };
        let lines = text.lines().filter_map(|line| line.split_once("ctxt_switches:"));
        usage.switches += lines.filter_map(|(_, count)| count.trim().parse::<u64>().ok()).sum::<u64>();
        let schedstat = fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        usage.wait_ns += schedstat.split(' ').nth(1).and_then(|field| field.parse().ok()).unwrap_or(0u64);
    }
    Ok(usage)
}

/// Descriptors that a process has open.
pub fn open_files(pid: u32) -> io::Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}

/// The most resident memory that a process ever had, in bytes.
pub fn peak_resident(pid: u32) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok());
    Ok(kib.unwrap_or(0u64) * 1_024)
}

/// Resident memory in bytes, by the cheap way: good to some pages.
pub fn resident(pid: u32) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/statm"))?;
    let pages: u64 = text.split(' ').nth(1).and_then(|field| field.parse().ok()).unwrap_or(0);
    Ok(pages * 4096)
}

/// Memory of a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Memory {
    /// Resident bytes.
    pub rss_bytes: u64,
    /// Resident bytes, shared pages divided among those who share them.
    pub pss_bytes: u64,
}

/// Memory of a process as `smaps_rollup` tells it.
pub fn memory(pid: u32) -> io::Result<Memory> {
    Ok(parse_rollup(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?))
}

fn parse_rollup(text: &str) -> Memory {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kilobytes: Option<u64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        kilobytes.unwrap_or(0) * 1024
    };
    Memory { rss_bytes: field("Rss"), pss_bytes: field("Pss") }
}

/// CPU time that all processes of the machine used since it started, in nanoseconds; the clock ticks of
/// `/proc/stat`, so differences are good to some 10 ms.
pub fn machine_cpu_ns() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    busy_ticks(text.lines().next().unwrap_or_default()) * 10_000_000
}

/// `cpu user nice system idle iowait irq softirq steal …`: everything but idle and iowait.
fn busy_ticks(line: &str) -> u64 {
    let fields = line.split_whitespace().skip(1).take(8).map(|field| field.parse::<u64>().unwrap_or(0));
    fields.enumerate().filter(|(at, _)| !matches!(at, 3 | 4)).map(|(_, ticks)| ticks).sum()
}

/// The machine, in one line.
pub fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown", |(_, name)| name);
    // Not `available_parallelism`, which counts only the CPUs that this process is pinned to.
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    format!("{model}, {cores} CPUs, Linux {}", read("/proc/sys/kernel/osrelease").trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollup_is_read_by_its_exact_names() {
        let text = "1-2 ---p 0 00:00 0 [rollup]\nRss:   1732 kB\nPss:    339 kB\nPss_Dirty:  116 kB\n";
        assert_eq!(parse_rollup(text), Memory { rss_bytes: 1732 * 1024, pss_bytes: 339 * 1024 });
    }

    #[test]
    fn waiting_is_not_work() {
        assert_eq!(busy_ticks("cpu  1 20 300 99999 99999 4000 50000 600000 7 7"), 654_321);
        assert!(machine_cpu_ns() > 0);
    }

    #[test]
    fn this_process_uses_cpu_and_memory() {
        let pid = std::process::id();
        let before = cpu_ns(pid).unwrap();
        let start = crate::sys::thread_cpu_ns();
        while crate::sys::thread_cpu_ns() - start < 30_000_000 {}
        assert!(cpu_ns(pid).unwrap() >= before + 10_000_000);
        assert!(memory(pid).unwrap().rss_bytes > 100_000 && resident(pid).unwrap() > 100_000);
        let used = usage(pid).unwrap();
        assert!(used.cpu_ns >= before && used.switches > 0, "{used:?}");
        assert!(open_files(pid).unwrap() >= 3);
    }
}
