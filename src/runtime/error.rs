//! Why the runtime could not start or had to stop, each with what to do about it.

use super::settings::ListenAddress;
use super::side::history::LogError;
use std::io;
use std::os::fd::RawFd;
use thiserror::Error;

/// A fault of the machine or of its settings; never one of a client.
#[derive(Debug, Error)]
pub enum RuntimeError {
    /// There is nothing to listen on or no core to run on.
    #[error("{what} is empty: name at least one")]
    NothingToDo {
        /// `listen` or `cores`.
        what: &'static str,
    },

    /// The client that calls servers outside cannot be made.
    #[error(
        "TLS to servers outside could not be set up ({source}); the certificates of authorities must be installed on this \
         machine (the package ca-certificates), or named with push.ca_file"
    )]
    Outbound {
        /// What the client said.
        source: reqwest::Error,
    },

    /// The sysctl forbids io_uring.
    #[error(
        "io_uring is switched off on this machine (kernel.io_uring_disabled = {value}); \
         switch it on with: sysctl -w kernel.io_uring_disabled=0"
    )]
    IoUringDisabled {
        /// What the sysctl says: 1 is for unprivileged users only, 2 is for all.
        value: u8,
    },

    /// A filter on system calls forbids io_uring, as the default profiles of containers do.
    #[error(
        "io_uring is forbidden to this process ({source}), most likely by the seccomp profile of its container; \
         allow io_uring_setup, io_uring_enter and io_uring_register \
         (docker: --security-opt seccomp=<profile that allows them>; or, less strict, seccomp=unconfined)"
    )]
    IoUringForbidden {
        /// What the kernel said.
        source: io::Error,
    },

    /// The kernel has no io_uring, or one that is too old.
    #[error(
        "io_uring of this kernel cannot serve ({source}); Linux 6.1 or newer is needed, built with CONFIG_IO_URING"
    )]
    KernelTooOld {
        /// What the kernel said.
        source: io::Error,
    },

    /// There is no memory for a ring, or none that may be locked.
    #[error(
        "io_uring could not be set up ({source}): this user has locked as much memory as it may. What other processes of this user \
         have locked counts too: stop them, or raise the limit with `ulimit -l`, LimitMEMLOCK= in a systemd unit, or \
         --ulimit memlock= in docker"
    )]
    RingMemory {
        /// What the kernel said.
        source: io::Error,
    },

    /// Another fault while a ring was set up.
    #[error("io_uring could not be set up: {source}")]
    RingSetup {
        /// What the kernel said.
        source: io::Error,
    },

    /// A ring failed while it was in use.
    #[error("io_uring failed on core {core}: {source}")]
    Ring {
        /// Which core.
        core: u16,
        /// What the kernel said.
        source: io::Error,
    },

    /// Rings need locked memory.
    #[error(
        "the limit on locked memory is {} KiB, and {} KiB are needed for cores = {cores}; raise it with `ulimit -l {}` in the shell, \
         LimitMEMLOCK={needed_bytes} in a systemd unit, or --ulimit memlock={needed_bytes} in docker, or run fewer `cores`. What \
         other processes of this user have locked counts too",
        limit_bytes / 1024, needed_bytes / 1024, needed_bytes / 1024
    )]
    MemlockLimit {
        /// Hard limit, bytes.
        limit_bytes: u64,
        /// What is needed, bytes.
        needed_bytes: u64,
        /// Cores of the broker.
        cores: usize,
    },

    /// Too few file descriptors to serve at all.
    #[error(
        "the limit on open files is {limit}, at least {needed} are needed to serve; raise it with \
         `ulimit -n`, LimitNOFILE= in a systemd unit, or --ulimit nofile= in docker"
    )]
    FilesLimit {
        /// Hard limit.
        limit: u64,
        /// What is needed.
        needed: u64,
    },

    /// Somebody listens there already.
    #[error("{address} is in use by another process; stop it or listen on another address")]
    AddressInUse {
        /// Which address.
        address: ListenAddress,
    },

    /// The address is not one of this machine.
    #[error("{address} is not an address of this machine")]
    AddressNotHere {
        /// Which address.
        address: ListenAddress,
    },

    /// Ports below 1024 are for root.
    #[error(
        "no permission to listen on {address}; use a port from 1024 up, or give the program the right with \
         setcap cap_net_bind_service=+ep"
    )]
    PortForbidden {
        /// Which address.
        address: ListenAddress,
    },

    /// Something else than a socket has the name of a Unix socket.
    #[error(
        "cannot listen on {address}: there is a file of this name, which is no socket; remove it or choose another name"
    )]
    NoSocket {
        /// Which address.
        address: ListenAddress,
    },

    /// A socket that was handed over at the start is none that can be listened on.
    #[error(
        "the descriptor {0}, which systemd handed over (LISTEN_FDS), is no socket of an address or a path; see ListenStream= in the socket unit"
    )]
    HandedUnknown(RawFd),

    /// A socket that was handed over at the start is in no entry.
    #[error(
        "systemd handed over a socket on {address}, which no entry of listen names; add it there or take it out of the socket unit"
    )]
    HandedLeft {
        /// Which address.
        address: ListenAddress,
    },

    /// Another fault while listening.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which address.
        address: ListenAddress,
        /// What the kernel said.
        source: io::Error,
    },

    /// The CPU does not exist or is not allowed to this process.
    #[error("CPU {cpu} cannot be used: {reason}")]
    Cpu {
        /// Which CPU, as Linux numbers them.
        cpu: usize,
        /// What is wrong with it.
        reason: String,
    },

    /// The executor of a core could not be made.
    #[error("the executor of core {core} could not be started: {reason}")]
    Executor {
        /// Which core.
        core: u16,
        /// What glommio said.
        reason: String,
    },

    /// The history log cannot be read or begun.
    #[error(transparent)]
    History(#[from] LogError),

    /// A thread or a signal handler could not be made.
    #[error("cannot {what}: {source}")]
    Process {
        /// What was tried.
        what: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
}
