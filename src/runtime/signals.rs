//! What signals ask of a running node.

use super::error::RuntimeError;
use super::log;
use super::stop::Stop;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;
use signal_hook::low_level::signal_name;

/// Exit code of a process whose drain was cut short by a second signal: 128 and the number of SIGINT.
pub const EXIT_CUT_SHORT: i32 = 130;

/// What a signal asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// Read the configuration anew.
    Reload,
    /// The node has begun to stop.
    Stop,
}

/// By which terminals, supervisors and containers stop a process. A second one is from somebody who will not wait.
const STOPS: [i32; 4] = [SIGTERM, SIGINT, SIGQUIT, libc::SIGPWR];

/// By which the kernel says, each second, that the process has used the time of CPUs that it may (RLIMIT_CPU). It ends the
/// process when the hard limit is reached.
const USED_UP: i32 = libc::SIGXCPU;

/// Signals without a meaning here that end a process which does not know them.
const WITHOUT_MEANING: [i32; 7] =
    [SIGUSR1, SIGUSR2, libc::SIGALRM, libc::SIGVTALRM, libc::SIGPROF, libc::SIGIO, libc::SIGSTKFLT];

/// Handles on a thread of its own from here on what would end the process otherwise, but for what says that it is broken
/// (SIGSEGV, SIGABRT and the like) and SIGKILL. SIGTERM, SIGINT, SIGQUIT and SIGPWR stop the node; the second of them ends
/// the process at once with [`EXIT_CUT_SHORT`]. `heed` is told of the first of them, and of SIGHUP. What has no meaning
/// here, the real-time signals included, is ignored with a line. SIGPIPE and SIGXFSZ are ignored without: whoever writes
/// meets an error instead.
///
/// # Errors
/// A handler or a thread could not be made.
pub fn handle(stop: &Stop, mut heed: impl FnMut(Wish) + Send + 'static) -> Result<(), RuntimeError> {
    let failed = |source| RuntimeError::Process { what: "handle signals", source };
    let real_time = libc::SIGRTMIN()..=libc::SIGRTMAX();
    let known = STOPS.into_iter().chain([SIGHUP, USED_UP]).chain(WITHOUT_MEANING).chain(real_time);
    let mut signals = Signals::new(known).map_err(failed)?;
    let stop = stop.clone();
    let listen = move || {
        for signal in signals.forever() {
            let name = name(signal);
            match signal {
                SIGHUP => heed(Wish::Reload),
                USED_UP if stop.requested() => {}
                _ if STOPS.contains(&signal) && stop.requested() => std::process::exit(EXIT_CUT_SHORT),
                USED_UP => {
                    log::error!(
                        signal = name,
                        "the node stops: it has used the time of CPUs that it may (`ulimit -t`, LimitCPU= in a systemd unit)"
                    );
                    stop.request();
                    heed(Wish::Stop);
                }
                _ if STOPS.contains(&signal) => {
                    log::info!(signal = name, "the node stops: connections are closed over the drain time");
                    stop.request();
                    heed(Wish::Stop);
                }
                _ => log::info!(signal = name, "the signal is ignored: it means nothing to this node"),
            }
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(listen).map_err(failed)?;
    Ok(())
}

/// A signal's name; the real-time signals have numbers only.
fn name(signal: i32) -> String {
    let known = match signal {
        libc::SIGPWR => Some("SIGPWR"),
        libc::SIGXCPU => Some("SIGXCPU"),
        libc::SIGSTKFLT => Some("SIGSTKFLT"),
        _ => signal_name(signal),
    };
    known.map_or_else(|| format!("SIGRTMIN+{}", signal - libc::SIGRTMIN()), str::to_owned)
}
