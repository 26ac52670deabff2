//! Judging the facts of a machine against a configuration.

use super::facts::Facts;
use super::ring::explain_ring_error;
use crate::config::{Config, Cores};
use crate::runtime::machine::memlock_bytes_required;
use crate::server::ServeError;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    Ok,
    /// Serves, but less than it could.
    Warn,
    /// Does not start, or not as configured.
    Fail,
}

/// One line of the doctor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    pub(super) subject: &'static str,
    pub(super) text: String,
    /// The command that mends it.
    pub(super) fix: Option<String>,
}

/// How the limit of locked memory is raised.
pub(super) fn memlock_fix(bytes: u64) -> String {
    format!(
        "ulimit -l {} (in a systemd unit: LimitMEMLOCK={bytes}; with docker: --ulimit memlock={bytes})",
        bytes >> 10
    )
}

/// Files a node has open besides its connections: rings, listeners, logs, libraries.
const FILES_BESIDES: u64 = 1024;

/// Connections that may wait for accept in a burst of reconnects; the kernel's own default.
const SOMAXCONN_MIN: u64 = 4096;

/// Ports of the kernel's default range.
const PORTS_MIN: u64 = 28_000;

/// Every check, in the order in which a start would meet them.
pub(super) fn all(facts: &Facts, config: &Config) -> Vec<Finding> {
    vec![
        kernel(facts),
        io_uring(facts),
        cpus(facts, config),
        memlock(facts, config),
        open_files(facts, config),
        somaxconn(facts),
        ports(facts),
        kernel_tls(facts),
    ]
}

/// What the files and addresses of the configuration keep from starting; each says its fix itself.
pub(super) fn surroundings(errors: &[ServeError]) -> Vec<Finding> {
    const SUBJECT: &str = "start";
    if errors.is_empty() {
        return vec![ok(SUBJECT, "addresses, data directory and secrets of the configuration can be used")];
    }
    let finding = |error: &ServeError| Finding {
        verdict: Verdict::Fail,
        subject: SUBJECT,
        text: error.to_string(),
        fix: None,
    };
    errors.iter().map(finding).collect()
}

fn ok(subject: &'static str, text: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Ok, subject, text: text.into(), fix: None }
}

fn bad(verdict: Verdict, subject: &'static str, text: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding { verdict, subject, text: text.into(), fix: Some(fix.into()) }
}

fn kernel(facts: &Facts) -> Finding {
    let mut parts =
        facts.kernel.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0u32));
    let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    let text = format!("Linux {} (6.1 or later is needed)", facts.kernel);
    if version >= (6, 1) {
        ok("kernel", text)
    } else {
        bad(Verdict::Fail, "kernel", text, "run a kernel of 6.1 or later")
    }
}

fn io_uring(facts: &Facts) -> Finding {
    match &facts.ring {
        Ok(()) => {
            ok("io_uring", "a ring with single issuer, deferred task work and buffer rings can be made")
        }
        Err(error) => {
            let (text, fix) = explain_ring_error(error);
            bad(Verdict::Fail, "io_uring", text, fix)
        }
    }
}

/// Nothing needs it, so it is never bad.
fn kernel_tls(facts: &Facts) -> Finding {
    let text = match facts.kernel_tls {
        Some(true) => "the kernel has TLS; it is not used: records are encrypted by the node itself",
        Some(false) => "the kernel has no TLS, and needs none: records are encrypted by the node itself",
        None => "whether the kernel has TLS cannot be found out; it is not needed",
    };
    ok("kernel TLS", text)
}

/// Executors of this configuration: one for each core.
fn executors(facts: &Facts, config: &Config) -> u64 {
    let cores = match &config.cores {
        Cores::All => facts.cpus.len(),
        Cores::Count(count) => usize::from(*count),
        Cores::List(cpus) => cpus.len(),
    };
    cores as u64
}

fn cpus(facts: &Facts, config: &Config) -> Finding {
    let text = format!("this process may run on {} CPUs; cores = {}", facts.cpus.len(), shown(&config.cores));
    let available = match &config.cores {
        Cores::All => true,
        Cores::Count(count) => usize::from(*count) <= facts.cpus.len(),
        Cores::List(wanted) => wanted.iter().all(|cpu| facts.cpus.contains(cpu)),
    };
    if available {
        ok("cpus", text)
    } else {
        let fix = format!("--set cores=all (or CPUs among {})", shown(&Cores::List(facts.cpus.clone())));
        bad(Verdict::Fail, "cpus", text, fix)
    }
}

fn shown(cores: &Cores) -> String {
    match cores {
        Cores::All => "\"all\"".into(),
        Cores::Count(count) => count.to_string(),
        Cores::List(cpus) => format!("{cpus:?}"),
    }
}

fn memlock(facts: &Facts, config: &Config) -> Finding {
    const SUBJECT: &str = "memlock";
    let Some(bytes) = facts.memlock_bytes else { return ok(SUBJECT, "memory may be locked without limit") };
    let cores = executors(facts, config);
    let needed = memlock_bytes_required(cores as usize, facts.locks_uncounted);
    let text = format!("{} KiB may be locked; cores = {cores} needs {} KiB", bytes >> 10, needed >> 10);
    if bytes >= needed { ok(SUBJECT, text) } else { bad(Verdict::Fail, SUBJECT, text, memlock_fix(needed)) }
}

fn open_files(facts: &Facts, config: &Config) -> Finding {
    const SUBJECT: &str = "open files";
    let Some(files) = facts.open_files else { return ok(SUBJECT, "files may be opened without limit") };
    let connections = u64::from(config.limits.connections_max);
    let needed = connections + FILES_BESIDES;
    let text = format!(
        "{files} may be open, so about {} connections; limits.connections_max is {connections}",
        files.saturating_sub(FILES_BESIDES)
    );
    if files >= needed {
        return ok(SUBJECT, text);
    }
    let fix = match facts.nr_open {
        Some(nr_open) if nr_open < needed => {
            format!("sudo sysctl -w fs.nr_open={needed} && {}", nofile_fix(needed))
        }
        _ => nofile_fix(needed),
    };
    bad(if files <= FILES_BESIDES { Verdict::Fail } else { Verdict::Warn }, SUBJECT, text, fix)
}

/// How the limit of open files is raised.
pub(super) fn nofile_fix(files: u64) -> String {
    format!(
        "ulimit -n {files} (in a systemd unit: LimitNOFILE={files}; with docker: --ulimit nofile={files})"
    )
}

fn somaxconn(facts: &Facts) -> Finding {
    const SUBJECT: &str = "somaxconn";
    let Some(waiting) = facts.somaxconn else { return ok(SUBJECT, "net.core.somaxconn cannot be read here") };
    let text = format!("{waiting} connections may wait for accept ({SOMAXCONN_MIN} or more are wanted)");
    if waiting >= SOMAXCONN_MIN {
        ok(SUBJECT, text)
    } else {
        bad(Verdict::Warn, SUBJECT, text, format!("sudo sysctl -w net.core.somaxconn={SOMAXCONN_MIN}"))
    }
}

/// A node opens few connections itself; a proxy or load generator on the same host opens one per client.
fn ports(facts: &Facts) -> Finding {
    const SUBJECT: &str = "port range";
    let Some((first, last)) = facts.port_range else {
        return ok(SUBJECT, "net.ipv4.ip_local_port_range cannot be read here");
    };
    let ports = (last + 1).saturating_sub(first);
    let text = format!("{first}-{last}: {ports} connections from one local address to one listener");
    if ports >= PORTS_MIN {
        ok(SUBJECT, text)
    } else {
        let fix = "sudo sysctl -w net.ipv4.ip_local_port_range='1024 65535'";
        bad(Verdict::Warn, SUBJECT, text, fix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;
    use std::io;

    fn facts() -> Facts {
        Facts {
            kernel: "6.1.0-13-amd64".into(),
            ring: Ok(()),
            memlock_bytes: None,
            locks_uncounted: false,
            open_files: Some(1_001_024),
            nr_open: Some(1 << 20),
            somaxconn: Some(4096),
            port_range: Some((32_768, 60_999)),
            cpus: vec![0, 1, 5],
            kernel_tls: Some(false),
        }
    }

    fn findings(change: impl FnOnce(&mut Facts), flags: &[&str]) -> Vec<Finding> {
        let mut facts = facts();
        change(&mut facts);
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        all(&facts, &Config::load(&Sources { flags, ..Sources::default() }).unwrap())
    }

    /// The one finding that is not fine.
    fn finding(change: impl FnOnce(&mut Facts), flags: &[&str]) -> Finding {
        let mut bad = findings(change, flags);
        bad.retain(|finding| finding.verdict != Verdict::Ok);
        assert_eq!(bad.len(), 1, "{bad:?}");
        bad.remove(0)
    }

    #[test]
    fn a_good_machine_is_fine() {
        let findings = findings(|_| (), &[]);
        assert!(findings.iter().all(|finding| finding.verdict == Verdict::Ok), "{findings:?}");
    }

    #[test]
    fn kernels_are_compared_by_number() {
        for (kernel, verdict) in [("6.0.19", Verdict::Fail), ("5.15.0-1", Verdict::Fail), ("", Verdict::Fail)]
        {
            assert_eq!(finding(|facts| facts.kernel = kernel.into(), &[]).verdict, verdict, "{kernel}");
        }
        assert!(findings(|facts| facts.kernel = "10.0".into(), &[])[0].verdict == Verdict::Ok);
    }

    #[test]
    fn a_refused_ring_fails() {
        let found = finding(|facts| facts.ring = Err(io::Error::from_raw_os_error(libc::EINVAL)), &[]);
        assert_eq!((found.verdict, found.subject), (Verdict::Fail, "io_uring"));
        assert!(found.fix.is_some());
    }

    #[test]
    fn cores_must_be_ours() {
        assert_eq!(finding(|_| (), &["cores=4"]).verdict, Verdict::Fail);
        let found = finding(|_| (), &["cores=[0,2]"]);
        assert_eq!(found.fix.unwrap(), "--set cores=all (or CPUs among [0, 1, 5])");
        assert!(findings(|_| (), &["cores=[0,5]"]).iter().all(|finding| finding.verdict == Verdict::Ok));
    }

    #[test]
    fn memory_to_lock_is_what_a_start_would_ask_for() {
        let needed = memlock_bytes_required(3, false);
        let with = |bytes: u64| findings(|facts| facts.memlock_bytes = Some(bytes), &[])[3].clone();
        assert_eq!(with(needed).verdict, Verdict::Ok);
        assert_eq!(with(needed - 1).verdict, Verdict::Fail);
        assert_eq!(with(needed - 1).fix, Some(memlock_fix(needed)));
        let found = finding(|facts| facts.memlock_bytes = Some(512 << 10), &[]);
        assert_eq!(found.subject, "memlock", "what glommio asks for is not enough for three cores");
        let root = |facts: &mut Facts| (facts.memlock_bytes, facts.locks_uncounted) = (Some(512 << 10), true);
        assert_eq!(findings(root, &[])[3].verdict, Verdict::Ok);
    }

    #[test]
    fn open_files_are_compared_with_the_connections() {
        let found = finding(|facts| facts.open_files = Some(65_536), &[]);
        assert_eq!(found.verdict, Verdict::Warn);
        assert!(found.fix.unwrap().starts_with("ulimit -n 1001024 "));
        assert_eq!(finding(|facts| facts.open_files = Some(1024), &[]).verdict, Verdict::Fail);
        let more = finding(|_| (), &["limits.connections_max=2000000"]);
        assert!(more.fix.unwrap().starts_with("sudo sysctl -w fs.nr_open=2001024 && ulimit -n 2001024 "));
    }

    #[test]
    fn small_queues_and_ranges_are_told() {
        let found = finding(|facts| facts.somaxconn = Some(128), &[]);
        assert_eq!(found.fix.as_deref(), Some("sudo sysctl -w net.core.somaxconn=4096"));
        assert_eq!(finding(|facts| facts.port_range = Some((5, 4)), &[]).verdict, Verdict::Warn);
    }
}
