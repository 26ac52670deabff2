//! The command line.

use crate::target::Options;
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Loads realtime brokers, checks every message, and says what a delivery costs.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Run one scenario on one target: a server that is up (--url), or one started for it.
    Run(Run),
    /// Run scenarios on several targets, round by round, and report how they compare.
    Compare(Compare),
    /// Attack a Corecast in every way that is known, and hold what it costs others against bars.
    Hostile(Hostile),
    /// Say which targets are installed, and what installs the others.
    Peers(Targets),
    /// List the scenarios.
    Scenarios,
    /// Serve the bare send loop.
    #[command(hide = true)]
    LimitServer(LimitServer),
}

/// What concerns the servers that are started.
#[derive(Args, Clone)]
pub struct Targets {
    /// The corecast program [default: the one beside this program, or on PATH]
    #[arg(long)]
    pub server: Option<PathBuf>,
    /// One more argument for it; may be repeated
    #[arg(long, allow_hyphen_values = true)]
    pub server_arg: Vec<String>,
    /// CPU of the server
    #[arg(long, default_value_t = 0)]
    pub server_cpu: usize,
    /// Port of the server [default: a free one]
    #[arg(long)]
    pub port: Option<u16>,
    /// Length of the frames that `limit` sends, in bytes
    #[arg(long, default_value_t = 180)]
    pub frame_bytes: usize,
}

/// `loadtest run`.
#[derive(Args)]
pub struct Run {
    /// A scenario's name or a TOML file
    #[arg(value_name = "SCENARIO", required_unless_present = "file")]
    pub scenario: Option<String>,
    /// The scenario as a TOML file
    #[arg(long = "scenario", value_name = "FILE", conflicts_with = "scenario")]
    pub file: Option<String>,
    /// Change a value of the scenario, such as rate=200 or slow.clients=5; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// What is loaded; `loadtest peers` lists the targets
    #[arg(long, default_value = "corecast")]
    pub target: String,
    /// A server that is up: ws://host:port/path, or tcp://host:port for what is no WebSocket
    #[arg(long)]
    pub url: Option<String>,
    /// API key or token for it
    #[arg(long)]
    pub key: Option<String>,
    /// Its process, whose CPU and memory are sampled
    #[arg(long)]
    pub server_pid: Option<u32>,
    /// Pin the generator to these CPUs, one worker on each, such as 1 or 1,2,3
    #[arg(long, value_delimiter = ',')]
    pub cpu: Vec<usize>,
    /// Search the highest rate that holds this, such as 'p99<20ms' or 'p99.9<1s'; paced scenarios
    #[arg(long)]
    pub slo: Option<String>,
    /// Write the result to this file
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Write the raw histograms into this directory
    #[arg(long, value_name = "DIRECTORY")]
    pub hdr: Option<PathBuf>,
    /// Write plots of the result into this directory
    #[arg(long, value_name = "DIRECTORY")]
    pub plots: Option<PathBuf>,
    #[command(flatten)]
    pub targets: Targets,
}

/// `loadtest hostile`.
#[derive(Args)]
pub struct Hostile {
    /// The attacks [default: all]
    #[arg(value_name = "ATTACK")]
    pub attacks: Vec<String>,
    /// List the attacks
    #[arg(long)]
    pub list: bool,
    /// How long each takes
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    #[command(flatten)]
    pub targets: Targets,
}

/// `loadtest compare`.
#[derive(Args)]
pub struct Compare {
    /// What is compared, the first with each of the others
    #[arg(long, value_delimiter = ',', default_value = "corecast,uws,nats,redis,mosquitto,centrifugo,limit")]
    pub targets: Vec<String>,
    /// The scenarios, names or files [default: most of them, with --quick seven]
    #[arg(long, value_delimiter = ',')]
    pub scenarios: Vec<String>,
    /// Change a value of every scenario, such as rate=200, or of one, such as idle:clients=500; may be repeated
    #[arg(long, value_name = "[SCENARIO:]KEY=VALUE")]
    pub set: Vec<String>,
    /// Hold the results against the bars of this file
    #[arg(long, value_name = "FILE")]
    pub bars: Option<PathBuf>,
    /// Rounds; figures are medians over them [default: 5, with --quick 2]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=99))]
    pub rounds: Option<u32>,
    /// Short runs: all of it in five minutes
    #[arg(long)]
    pub quick: bool,
    /// Directory for the reports and histograms
    #[arg(long, default_value = "loadtest-report")]
    pub out: PathBuf,
    /// CPUs of the generator, one worker on each
    #[arg(long, value_delimiter = ',', default_value = "1")]
    pub cpu: Vec<usize>,
    #[command(flatten)]
    pub starting: Targets,
}

/// `loadtest limit-server`.
#[derive(Args)]
pub struct LimitServer {
    /// Where to listen
    pub address: SocketAddr,
    /// Length of a frame in bytes
    #[arg(long)]
    pub frame_bytes: usize,
}

impl Targets {
    /// What the targets are made of.
    pub fn options(&self) -> Options {
        Options {
            server: self.server.clone(),
            server_args: self.server_arg.clone(),
            frame_bytes: self.frame_bytes,
        }
    }
}
