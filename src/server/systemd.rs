//! What systemd is told of the node (`sd_notify`): that it serves, reloads, stops, and that it is alive.
//! Of a process that it did not start nothing is said.

use super::ServeError;
use crate::runtime::{Controls, Listen, log};
use sd_notify::NotifyState;
use std::fmt::Write;
use std::os::fd::RawFd;

/// Descriptors of the sockets that it listens on for this node (socket activation). It comes first of all that opens anything:
/// the numbers must be nobody else's.
///
/// # Errors
/// The variables that say so are wrong.
pub(super) fn sockets() -> Result<Vec<RawFd>, ServeError> {
    sd_notify::listen_fds().map(Iterator::collect).map_err(ServeError::Sockets)
}

/// Everything is read, every core turns.
pub(super) fn ready(served: &[Listen]) {
    let mut status = String::from("Serving on ");
    for (index, Listen { address, .. }) in served.iter().enumerate() {
        // Writing to a string does not fail.
        let _ = write!(status, "{}{address}", if index == 0 { "" } else { ", " });
    }
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// The start is under way.
pub(super) fn starting(reads_history: bool) {
    let status = if reads_history { "Reading the history" } else { "Starting" };
    tell(&[NotifyState::Status(status)]);
}

/// The configuration is read anew, by `reload`.
pub(super) fn reloading<T>(reload: impl FnOnce() -> T) -> T {
    // It takes the word for the answer to its request by this time.
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
    let done = reload();
    tell(&[NotifyState::Ready]);
    done
}

/// Connections are closed over the drain time.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("Closing connections")]);
}

/// Has a thread of its own tell systemd, twice in each of its intervals, that the node lives, if it wants to hear of that.
/// It is told only when every core has turned since the last time; when one has not, the node is silent, and the log has the core.
///
/// # Errors
/// The thread could not be made.
pub(super) fn feed_watchdog(controls: &Controls) -> Result<(), ServeError> {
    let Some(interval) = sd_notify::watchdog_enabled() else { return Ok(()) };
    let pulse = controls.pulse.clone();
    let feed = move || {
        loop {
            let silent = pulse.silent_cores();
            if silent.is_empty() {
                tell(&[NotifyState::Watchdog]);
            } else {
                let cores: Vec<_> = silent.iter().map(|core| core.0.to_string()).collect();
                log::error!(cores = cores.join(", "), "these cores do not turn: the watchdog is not fed");
            }
            std::thread::sleep(interval / 2);
        }
    };
    std::thread::Builder::new().name("watchdog".into()).spawn(feed).map_err(ServeError::Watchdog)?;
    Ok(())
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::warn!(%error, "systemd cannot be told of the node's state");
    }
}
