//! What can be asked for.

use super::duration::parse_seconds;
use crate::config::Sources;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// A realtime message broker.
#[derive(Parser, Debug)]
#[command(name = "corecast", version, about = "A realtime message broker for Linux.", long_about = None)]
#[command(after_help = "Without a command, `corecast` serves.")]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) sources: SourceArguments,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Where settings come from.
#[derive(Args, Debug)]
pub(super) struct SourceArguments {
    /// Config file (TOML); what it leaves out has its default. Without it, the one that CORECAST_CONFIG names
    #[arg(long, short, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Override one setting, such as --set limits.message_bytes_max=65536; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", global = true)]
    set: Vec<String>,
}

impl SourceArguments {
    /// With the environment of this process.
    pub(super) fn into_sources(self) -> Sources {
        Sources::of_process(self.config, self.set)
    }
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Serve until SIGTERM or SIGINT (what a bare `corecast` does)
    Serve {
        /// Speak TLS with a certificate that is made for trying (--set tls.self_signed=true)
        #[arg(long)]
        tls_self_signed: bool,
    },
    /// Say what a start would: every mistake of the configuration with its line, and what the machine refuses
    Check {
        /// Say also what a reload of the node at this address would change, and what needs a restart
        #[arg(long, value_name = "URL")]
        against: Option<String>,
        /// File with a key of the scope admin for it [default: api_key in data_dir]
        #[arg(long, value_name = "FILE", requires = "against")]
        key_file: Option<PathBuf>,
    },
    /// Print the settings in force, each with where it comes from; secrets are masked
    Config {
        /// Print every setting with its comment and default instead
        #[arg(long)]
        default: bool,
    },
    /// Print a signed token (JWT) for a user, with the secret of a node that has started
    Token(TokenArguments),
    /// Print the hash of a password that is read from standard input, for the users of a config file
    HashPassword,
    /// Write the stored definitions and rooms to standard output as lines of JSON; no node may use them meanwhile
    Export,
    /// Take over an export from standard input, into a data directory without definitions and rooms
    Import,
    /// Have the running node copy what it stores to a new file in its data directory
    Backup {
        /// Move it here; an existing file is never replaced
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Say how the running node is; exits with 1 if it is not well
    Status {
        /// Ask only whether it should get new connections
        #[arg(long)]
        ready: bool,
    },
    /// Show what the running node does, anew each second, until Ctrl-C
    Top {
        /// Seconds between two looks
        #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_seconds)]
        every: u64,
        /// End after so many
        #[arg(long, value_name = "COUNT")]
        count: Option<u64>,
    },
    /// Look for what keeps this machine from serving well, with the fix of each
    Doctor,
    /// Print the completions of a shell: `source <(corecast completions bash)`
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page, or with --all write the pages of all commands
    Man {
        /// Write a page for each command into this directory
        #[arg(long, value_name = "DIRECTORY")]
        all: Option<PathBuf>,
    },
    /// Print the version
    Version,
}

/// The token that is wanted.
#[derive(Args, Debug)]
pub(super) struct TokenArguments {
    /// The user's id
    #[arg(long, value_name = "ID")]
    pub(super) user: String,
    /// The user's display name
    #[arg(long)]
    pub(super) name: Option<String>,
    /// What it may do, repeated or with commas [default: read,write]
    #[arg(long, value_name = "SCOPE", value_delimiter = ',')]
    pub(super) scope: Vec<ScopeWord>,
    /// How long it holds: seconds, or a number with s, m, h or d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_seconds)]
    pub(super) ttl: u64,
    /// Print the tokens that a library of an Amazon Cognito pool logs the user in with, as JSON, for this service
    #[arg(long, value_name = "SERVICE")]
    pub(super) cognito: Option<String>,
}

/// A scope as a word.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ScopeWord {
    Read,
    Write,
    Admin,
}

impl ScopeWord {
    /// As tokens spell it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn sources_may_stand_before_or_after_the_command() {
        for line in [
            "corecast --config f --set a=1 serve",
            "corecast serve --config f --set a=1",
            "corecast serve -c f --set a=1",
        ] {
            let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(arguments.sources.config, Some("f".into()));
            assert_eq!(arguments.sources.set, ["a=1"]);
            assert!(matches!(arguments.command, Some(Command::Serve { tls_self_signed: false })));
        }
    }

    #[test]
    fn scopes_repeat_or_have_commas() {
        for line in [
            "corecast token --user a --scope read,admin",
            "corecast token --user a --scope read --scope admin",
        ] {
            let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
            let Some(Command::Token(token)) = arguments.command else { panic!("{arguments:?}") };
            assert_eq!(token.scope, [ScopeWord::Read, ScopeWord::Admin]);
            assert_eq!(token.ttl, 3600);
        }
    }
}
