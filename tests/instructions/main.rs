//! How many instructions the cases of `benches/hot` take, against a committed baseline. Unlike time, that does not depend
//! on what else the machine does, so a tenth more is a change of the code and fails.
//!
//! Valgrind counts; without it, or with another toolchain than the baseline's, the test says so and is left out. There is
//! a baseline for each of the two profiles: that of `cargo test` guards every change, that of `cargo test --release`
//! has the code as it is shipped. docs/performance.md says how to renew them.

#[path = "../../benches/hot/cases/mod.rs"]
mod cases;

mod baseline;
mod count;

use baseline::Baseline;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// That of the program: allocating is a part of what is counted.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NAME: &str = "no_case_takes_a_tenth_more_instructions_than_its_baseline";

/// The part that a count may rise by.
const RISE_MAX: f64 = 0.10;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let mut words = arguments.iter().filter(|argument| !argument.starts_with('-')).peekable();
    if asked(count::FLAG) {
        count::turn_all();
        return ExitCode::SUCCESS;
    }
    if asked("--list") {
        println!("{NAME}: test");
        return ExitCode::SUCCESS;
    }
    if asked("--renew") {
        return report(count::all().and_then(|counts| Baseline::of(counts)?.write()));
    }
    let named = words.peek().is_none() || words.any(|word| NAME.contains(word.as_str()));
    if !named || asked("--ignored") {
        println!("\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored\n");
        return ExitCode::SUCCESS;
    }
    println!("\nrunning 1 test");
    report(test())
}

/// Says how it went, as other tests do.
fn report(result: Result<String, String>) -> ExitCode {
    match result {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            println!(
                "test {NAME} ... FAILED\n\n{why}\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored\n"
            );
            ExitCode::FAILURE
        }
    }
}

fn test() -> Result<String, String> {
    let baseline = Baseline::read()?;
    let obstacle = match count::valgrind() {
        None => Some("valgrind is not installed (apt-get install valgrind)".to_owned()),
        Some(_) => baseline.obstacle()?,
    };
    if let Some(why) = obstacle {
        let result = "test result: ok. 0 passed; 0 failed; 1 ignored";
        return Ok(format!("test {NAME} ... ignored, {why}\n\n{result}\n"));
    }
    let counts = count::all()?;
    let wrong = compare(&counts, &baseline.counts);
    if wrong.is_empty() {
        return Ok(format!("test {NAME} ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored\n"));
    }
    Err(format!("{}\n\nIf that is meant to be: {}", wrong.join("\n"), baseline::RENEW))
}

/// What is wrong with `counts`, a line each.
fn compare(counts: &BTreeMap<String, u64>, baseline: &BTreeMap<String, u64>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, count) in counts {
        let Some(before) = baseline.get(name) else {
            wrong.push(format!("{name}: {count} instructions, and nothing in the baseline"));
            continue;
        };
        let change = *count as f64 / *before as f64 - 1.0;
        if change > RISE_MAX {
            wrong.push(format!(
                "{name}: {count} instructions a turn, {:.1} % more than {before}",
                change * 100.0
            ));
        } else if change < -RISE_MAX {
            println!("{name}: {:.1} % fewer instructions; renew the baseline to hold them", -change * 100.0);
        }
    }
    let gone = baseline.keys().filter(|name| !counts.contains_key(*name));
    wrong.extend(gone.map(|name| format!("{name}: in the baseline, and no case any more")));
    wrong
}
