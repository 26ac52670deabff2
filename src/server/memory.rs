//! How much memory the node plans with, and what that makes of its limits: what clients can make a core take by what
//! they say and do not read is bounded by shares of the core's part, whatever larger limits say.

use crate::base::limits::{Limits, ListLimits, RINGS_PER_CORE};
use std::path::Path;

/// The setting without which the node looks how much there is.
const ALL: u64 = 0;

/// What a part is for, in eighths: histories, ...
const HISTORIES: u64 = 4;
/// ... publications that were not read, in rings, and ...
const RINGS: u64 = 2;
/// ... input that is not whole. The last eighth is for connections and what the rest needs, half of it for ...
const INPUT: u64 = 1;
/// ... meetings and groups, each such a part of what a core has.
const LISTS: u64 = 32;

/// Bytes that a limit has at least beside the longest messages that it is about.
const OVERHEAD_BYTES: u64 = 65_536;

/// Bytes of memory that one of so many cores plans with. `setting` is of the node; 0 is three quarters of what there is.
pub(super) fn part_bytes(setting: u64, cores: u16) -> u64 {
    let node_bytes = if setting == ALL { there_is() / 4 * 3 } else { setting };
    node_bytes / u64::from(cores.max(1))
}

/// The limits of a core whose part has so many bytes: those that are more than their share of it are less. A longest message
/// always has room.
pub(super) fn fit(limits: Limits, part_bytes: u64) -> Limits {
    let share = |eighths: u64| part_bytes / 8 * eighths;
    let messages = 2 * u64::from(limits.message_bytes_max) + OVERHEAD_BYTES;
    let at_most = |limit: u32, bytes: u64| limit.min(u32::try_from(bytes.max(messages)).unwrap_or(u32::MAX));
    Limits {
        history_bytes_max: limits.history_bytes_max.min(share(HISTORIES)),
        egress_ring_bytes_max: at_most(
            limits.egress_ring_bytes_max,
            share(RINGS) / u64::from(RINGS_PER_CORE),
        ),
        lists: ListLimits {
            meeting_bytes_max: limits.lists.meeting_bytes_max.min(part_bytes / LISTS),
            group_bytes_max: limits.lists.group_bytes_max.min(part_bytes / LISTS),
            ..limits.lists
        },
        unfinished_bytes_max: at_most(limits.unfinished_bytes_max, share(INPUT)),
        ..limits
    }
}

/// Bytes of memory that the machine has, or the process' cgroup if that has less. Without an answer there is no bound.
fn there_is() -> u64 {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    let own = read(Path::new("/proc/self/cgroup"));
    let own = own.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    let root = Path::new("/sys/fs/cgroup");
    let groups = root.join(own);
    let groups = groups.ancestors().take_while(|path| path.starts_with(root));
    let mut bounds: Vec<String> = groups.map(|path| read(&path.join("memory.max"))).collect();
    bounds.push(read(&root.join("memory/memory.limit_in_bytes")));
    least(&read(Path::new("/proc/meminfo")), &bounds)
}

/// The least of what the kernel says of the machine and of control groups.
fn least(meminfo: &str, bounds: &[String]) -> u64 {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let total = total.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    let bounds = bounds.iter().filter_map(|text| text.trim().parse().ok());
    bounds.chain(total.map(|kib| kib * 1_024)).min().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_that_the_kernel_says_counts() {
        let meminfo = "MemTotal:       16000000 kB\nMemFree:         1 kB\n";
        let least = |bounds: &[&str]| {
            super::least(meminfo, &bounds.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(least(&["max\n", ""]), 16_384_000_000);
        assert_eq!(least(&["max\n", "536870912\n", "9223372036854771712"]), 512 << 20);
        assert_eq!(super::least("", &[]), u64::MAX);
        assert!(there_is() > 1 << 20);
    }

    #[test]
    fn limits_are_less_where_there_is_little_and_a_message_has_room() {
        let own = Limits::default();
        assert_eq!(fit(own.clone(), u64::MAX), own);
        assert_eq!(part_bytes(4 << 30, 4), 1 << 30);
        let little = fit(own.clone(), part_bytes(512 << 20, 2));
        assert_eq!(little.history_bytes_max, 128 << 20);
        assert_eq!(little.unfinished_bytes_max, 32 << 20);
        assert_eq!(little.egress_ring_bytes_max, (2 << 20) + 65_536);
        let held = little.history_bytes_max
            + 32 * u64::from(little.egress_ring_bytes_max)
            + u64::from(little.unfinished_bytes_max);
        assert!(held < 256 << 20, "{held} bytes of 256 MiB");
    }
}
