//! What signals ask of a running node.

use super::error::RuntimeError;
use super::log;
use super::stop::Stop;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
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

/// Handles signals on a thread of its own from here on. SIGTERM and SIGINT stop the node; the second of them ends the process at
/// once with [`EXIT_CUT_SHORT`]. `heed` is told of the first of them, and of SIGHUP. SIGUSR1 and SIGUSR2, which would end a process that does not know them, are
/// ignored.
///
/// # Errors
/// A handler or a thread could not be made.
pub fn handle(stop: &Stop, mut heed: impl FnMut(Wish) + Send + 'static) -> Result<(), RuntimeError> {
    let failed = |source| RuntimeError::Process { what: "handle signals", source };
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2]).map_err(failed)?;
    let stop = stop.clone();
    let listen = move || {
        for signal in signals.forever() {
            let name = signal_name(signal).unwrap_or_default();
            match signal {
                SIGHUP => heed(Wish::Reload),
                SIGTERM | SIGINT if stop.requested() => std::process::exit(EXIT_CUT_SHORT),
                SIGTERM | SIGINT => {
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
