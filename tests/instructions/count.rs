//! Counting. This program starts itself under callgrind, which counts what happens within one function, and writes a file
//! each time that function is left.

use super::cases::{Case, GROUPS};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Makes this program do what is counted.
pub const FLAG: &str = "--turn-all";

/// The function whose instructions count, as callgrind names it.
const COUNTED: &str = "instructions::count::turns_that_are_counted";

/// Turns before those that count: buffers have grown and tables are filled then.
const TURNS_BEFORE: u64 = 3;

/// The version of valgrind, if it is installed.
pub fn valgrind() -> Option<String> {
    let output = Command::new("valgrind").arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Every case by name, in a fixed order.
fn cases() -> impl Iterator<Item = (String, &'static Case)> {
    let named = |(group, cases): &'static (&str, &[Case])| {
        cases.iter().map(move |case| (format!("{group}/{}", case.name), case))
    };
    GROUPS.iter().flat_map(named)
}

/// How many turns of a case are counted: many of a small one, so that what happens once in a while counts too.
fn turns(case: &Case) -> u64 {
    (1000 / case.elements).clamp(2, 100)
}

/// Sets up every case and turns it.
pub fn turn_all() {
    for (_, case) in cases() {
        let mut turn = (case.make)();
        (0..TURNS_BEFORE).for_each(|_| turn());
        turns_that_are_counted(&mut turn, turns(case));
    }
}

#[inline(never)]
fn turns_that_are_counted(turn: &mut dyn FnMut(), turns: u64) {
    (0..turns).for_each(|_| turn());
}

/// Instructions that a turn of each case takes.
///
/// # Errors
/// Valgrind did not run, or its files are not what they should be.
pub fn all() -> Result<BTreeMap<String, u64>, String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new("valgrind");
    command.arg("--tool=callgrind");
    command.args([format!("--zero-before={COUNTED}"), format!("--dump-after={COUNTED}")]);
    command.arg(format!("--callgrind-out-file={}", directory.path().join("out").display()));
    // The C library copies with what the CPU can; without these it does so alike everywhere.
    command.env("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-AVX512F,-AVX512VL,-EVEX,-ERMS,-FSRM");
    let output = command.arg(program).arg(FLAG).output().map_err(|error| format!("valgrind: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("valgrind ended with {}: {said}", output.status));
    }
    let count = |(at, (name, case)): (usize, (String, &Case))| {
        let instructions = read(&directory.path().join(format!("out.{}", at + 1)))?;
        Ok((name, instructions / turns(case)))
    };
    cases().enumerate().map(count).collect()
}

/// The instructions that one of callgrind's files tells.
fn read(file: &Path) -> Result<u64, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let summary = text.lines().find_map(|line| line.strip_prefix("summary: ")?.trim().parse().ok());
    summary.filter(|count| *count > 0).ok_or_else(|| format!("{}: nothing was counted", file.display()))
}
