//! `corecast completions` and `corecast man`: what a shell and `man` show of the command line, made from the command line itself.

use super::arguments::Arguments;
use super::{Failure, print};
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use std::path::Path;

/// Prints the completions of a shell.
pub(super) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "corecast", &mut script);
    print(String::from_utf8_lossy(&script).trim_end())
}

/// Prints the page of the program, or writes one for it and one for each of its commands.
pub(super) fn manual(directory: Option<&Path>) -> Result<(), Failure> {
    let Some(directory) = directory else {
        let mut page = Vec::new();
        Man::new(Arguments::command()).render(&mut page)?;
        return print(String::from_utf8_lossy(&page).trim_end());
    };
    clap_mangen::generate_to(Arguments::command(), directory).map_err(|error| {
        Failure::Said(format!(
            "the pages cannot be written to {}: {error}; make the directory first",
            directory.display()
        ))
    })
}
