//! The server as the kernel sees it, at the marks of a run and now and then between.

use crate::failure::Failure;
use crate::sample::{self, Memory, Usage};
use crate::sys::now_ns;
use serde::Serialize;

/// One look at the server while it works.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sample {
    /// Seconds since the measured time began; negative in the warm-up.
    pub at_s: f64,
    /// CPU since the sample before: 1 is a whole core.
    pub server_cpu: f64,
    /// Resident memory in bytes.
    pub rss_bytes: u64,
}

/// What the server used.
#[derive(Clone, Default)]
pub struct Sampler {
    pid: Option<u32>,
    /// Memory before the first connection.
    pub base: Option<Memory>,
    /// Memory with every connection, and nothing sent yet.
    pub connected: Option<Memory>,
    /// Memory at the end of the measured time.
    pub full: Option<Memory>,
    /// At the beginning of the measured time.
    pub from: Option<(u64, Usage, u64)>,
    /// At its end.
    pub to: Option<(u64, Usage, u64)>,
    /// Open descriptors at its end.
    pub fds: Option<usize>,
    /// In between, with the time in nanoseconds.
    pub samples: Vec<Sample>,
    last: Option<(u64, u64)>,
}

impl Sampler {
    /// Of the process `pid`, which nobody has connected to yet.
    pub fn new(pid: Option<u32>) -> Result<Sampler, Failure> {
        let mut sampler = Sampler { pid, ..Sampler::default() };
        sampler.base = sampler.memory()?;
        Ok(sampler)
    }

    /// Every connection stands.
    pub fn connected(&mut self) -> Result<(), Failure> {
        self.connected = self.memory()?;
        Ok(())
    }

    /// The measured time begins.
    pub fn begin(&mut self) -> Result<(), Failure> {
        self.from = self.mark()?;
        Ok(())
    }

    /// The measured time ends.
    pub fn end(&mut self) -> Result<(), Failure> {
        self.to = self.mark()?;
        self.full = self.memory()?;
        self.fds = self.pid.map(sample::open_files).transpose().map_err(|error| gone(&error))?;
        Ok(())
    }

    /// A look in between.
    pub fn tick(&mut self, now: u64, begin: u64) -> Result<(), Failure> {
        let Some(pid) = self.pid else { return Ok(()) };
        let cpu_ns = sample::cpu_ns(pid).map_err(|error| gone(&error))?;
        let rss_bytes = sample::resident(pid).map_err(|error| gone(&error))?;
        if let Some((at, cpu)) = self.last.filter(|_| begin > 0) {
            let server_cpu = cpu_ns.saturating_sub(cpu) as f64 / (now - at).max(1) as f64;
            let at_s = (now as f64 - begin as f64) / 1e9;
            self.samples.push(Sample { at_s, server_cpu, rss_bytes });
        }
        self.last = Some((now, cpu_ns));
        Ok(())
    }

    fn mark(&self) -> Result<Option<(u64, Usage, u64)>, Failure> {
        let usage = self.pid.map(sample::usage).transpose().map_err(|error| gone(&error))?;
        Ok(usage.map(|usage| (now_ns(), usage, sample::machine_cpu_ns())))
    }

    fn memory(&self) -> Result<Option<Memory>, Failure> {
        self.pid.map(sample::memory).transpose().map_err(|error| gone(&error))
    }
}

fn gone(error: &std::io::Error) -> Failure {
    Failure::Failed(format!("the server's process is gone: {error}"))
}
