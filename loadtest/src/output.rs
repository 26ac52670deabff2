//! What is printed. A reader that has left, as `head` does, ends nothing: files and the exit code tell the result too.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

/// Prints a line of the result, on standard output.
pub fn say(line: impl Display) {
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            note(format_args!("loadtest: the output cannot be written: {error}"));
        }
        _ => {}
    }
}

/// Prints a line about the result, on standard error.
pub fn note(line: impl Display) {
    // Without it there is no one to tell.
    let _ = writeln!(std::io::stderr(), "{line}");
}
