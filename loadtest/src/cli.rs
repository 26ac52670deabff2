//! The command line.

use crate::scenario::{self, Overrides};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Loads a realtime broker and measures what it costs.
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
    /// Run one scenario against a server that is up, or against a built-in reference.
    Run(Run),
    /// Start a corecast server, run every scenario interleaved with the references, and compare with the bars.
    Figures(Figures),
    /// Serve the epoll echo.
    #[command(hide = true)]
    EchoServer,
    /// Serve the bare send loop.
    #[command(hide = true)]
    LimitServer(LimitServer),
}

/// `loadtest run`.
#[derive(Args)]
#[command(args_override_self = true)]
pub struct Run {
    /// fanout, fanout-saturated, chat-saturated, idle, idle-distinct, round-trip, or limit (a bare send loop
    /// over the connections of fanout)
    pub scenario: String,
    /// Where the server's WebSocket is
    #[arg(long, default_value = "ws://127.0.0.1:8080/v1/realtime")]
    pub url: String,
    /// API key or token, sent as a bearer
    #[arg(long)]
    pub key: Option<String>,
    /// corecast, or a reference started here: echo (for round-trip) or limit
    #[arg(long, default_value = "corecast")]
    pub target: String,
    /// Subscribing connections
    #[arg(long)]
    pub clients: Option<usize>,
    /// Channels, to which the connections are dealt round-robin
    #[arg(long)]
    pub channels: Option<usize>,
    /// idle: a channel of its own for each connection
    #[arg(long)]
    pub distinct: bool,
    /// Messages a second, all publishers together; paced scenarios
    #[arg(long)]
    pub rate: Option<f64>,
    /// Length of the message in bytes
    #[arg(long)]
    pub payload: Option<usize>,
    /// Measured time
    #[arg(long, value_parser = scenario::parse_duration)]
    pub duration: Option<Duration>,
    /// Load before the measured time
    #[arg(long, value_parser = scenario::parse_duration)]
    pub warmup: Option<Duration>,
    /// Messages in one write
    #[arg(long)]
    pub burst: Option<u32>,
    /// Messages outstanding for each publisher; saturated scenarios
    #[arg(long)]
    pub window: Option<u32>,
    /// Length of a delivered frame that a reference imitates, in bytes
    #[arg(long, default_value_t = 180)]
    pub frame_bytes: usize,
    /// The server's process, whose CPU and memory are sampled
    #[arg(long)]
    pub server_pid: Option<u32>,
    /// CPU of a reference started here
    #[arg(long, default_value_t = 0)]
    pub server_cpu: usize,
    /// Pin the generator to this CPU
    #[arg(long)]
    pub cpu: Option<usize>,
    /// Write the result to this file
    #[arg(long)]
    pub json: Option<PathBuf>,
}

/// `loadtest figures`.
#[derive(Args)]
#[command(args_override_self = true)]
pub struct Figures {
    /// The corecast program
    #[arg(long)]
    pub server: PathBuf,
    /// One more argument for it; may be repeated
    #[arg(long, allow_hyphen_values = true)]
    pub server_arg: Vec<String>,
    /// Rounds; the figures are medians over them
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=99))]
    pub rounds: u32,
    /// Measured time of each run
    #[arg(long, value_parser = scenario::parse_duration)]
    pub duration: Option<Duration>,
    /// Load before it
    #[arg(long, value_parser = scenario::parse_duration)]
    pub warmup: Option<Duration>,
    /// Connections of the fan-out and chat scenarios
    #[arg(long)]
    pub clients: Option<usize>,
    /// Connections of the idle scenarios
    #[arg(long)]
    pub idle_clients: Option<usize>,
    /// CPU of the servers
    #[arg(long, default_value_t = 0)]
    pub server_cpu: usize,
    /// CPU of the generator
    #[arg(long, default_value_t = 1)]
    pub cpu: usize,
    /// Directory for report.json and report.md
    #[arg(long, default_value = "loadtest-report")]
    pub out: PathBuf,
}

/// `loadtest limit-server`.
#[derive(Args)]
pub struct LimitServer {
    /// Connections to wait for
    #[arg(long)]
    pub subscribers: usize,
    /// Messages a second, each to everyone
    #[arg(long)]
    pub rate: f64,
    /// Messages in one send
    #[arg(long)]
    pub burst: u32,
    /// Length of the stamp in bytes
    #[arg(long)]
    pub payload: usize,
    /// Length of a frame in bytes
    #[arg(long)]
    pub frame_bytes: usize,
}

impl Run {
    /// What differs from the built-in scenario.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            clients: self.clients,
            channels: self.channels,
            rate: self.rate,
            payload_bytes: self.payload,
            duration: self.duration,
            warmup: self.warmup,
            burst: self.burst,
            window: self.window,
        }
    }
}
