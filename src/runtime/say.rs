//! Lines for the operator on stderr. If stderr is a file on a disk that is full, they are lost, and the node lives on.

use std::fmt::Arguments;
use std::io::Write;

/// Writes a line, if stderr takes it.
pub fn say(line: Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "corecast: {line}");
}
