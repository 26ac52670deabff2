//! What is counted beside the shard, which is told it with each turn: TLS, which is spoken below it, and the threads of the process.

/// What is counted beside the shard of one core.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct BesideCounters {
    /// Lines of the process's own log that were lost; on its first core.
    pub log_lines_lost: u64,
    /// Of connections that speak TLS.
    pub tls: TlsCounters,
    /// Of the recorder; every core says the same.
    pub recorder: RecorderCounters,
}

impl BesideCounters {
    /// Adds what is counted beside another core.
    pub(super) fn merge(&mut self, other: &Self) {
        let Self { log_lines_lost, tls, recorder } = other;
        self.log_lines_lost += log_lines_lost;
        self.tls.merge(tls);
        self.recorder = *recorder;
    }
}

/// What is about TLS, of one core.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct TlsCounters {
    /// Connections open now whose handshake is done.
    pub open: u64,
    /// Handshakes that were done in full.
    pub handshakes_full: u64,
    /// Handshakes that resumed an earlier session.
    pub handshakes_resumed: u64,
    /// Handshakes that came to nothing.
    pub handshakes_failed: u64,
    /// Certificates that were got; every core says the same.
    pub acme: AcmeCounters,
}

/// Certificates that were got by ACME.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct AcmeCounters {
    /// How many.
    pub got: u64,
    /// Tries that failed.
    pub failed: u64,
    /// Seconds since 1970 at which the newest ends; 0 if there is none.
    pub until_unix_s: u64,
}

impl TlsCounters {
    fn merge(&mut self, other: &Self) {
        let Self { open, handshakes_full, handshakes_resumed, handshakes_failed, acme } = other;
        self.acme = *acme;
        self.open += open;
        self.handshakes_full += handshakes_full;
        self.handshakes_resumed += handshakes_resumed;
        self.handshakes_failed += handshakes_failed;
    }
}

/// What the recorder counts.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct RecorderCounters {
    /// Programs that it is connected with, or about to be.
    pub peers: u64,
    /// Datagrams that arrived.
    pub datagrams: u64,
    /// Datagrams of those that were nobody's, or no good.
    pub strangers: u64,
    /// Packets of media that never came, not even when they were asked for again.
    pub packets_lost: u64,
    /// Bytes written to files.
    pub bytes_written: u64,
    /// Bytes of all files that are kept.
    pub bytes_kept: u64,
    /// Microseconds in which its thread did something.
    pub busy_us: u64,
}
