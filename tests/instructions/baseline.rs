//! The committed counts, one file for each profile.

use super::count;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

/// What writes the files anew.
pub const RENEW: &str =
    "cargo test --test instructions -- --renew; cargo test --release --test instructions -- --renew";

/// What a file says.
pub struct Baseline {
    /// Compiler and machine.
    toolchain: String,
    /// Instructions of a turn, by case.
    pub counts: BTreeMap<String, u64>,
}

impl Baseline {
    /// Counts made here.
    ///
    /// # Errors
    /// The compiler does not say its version.
    pub fn of(counts: BTreeMap<String, u64>) -> Result<Baseline, String> {
        Ok(Baseline { toolchain: toolchain()?, counts })
    }

    /// The file of the profile that this program was built with.
    ///
    /// # Errors
    /// It is missing, or has a line that is none.
    pub fn read() -> Result<Baseline, String> {
        let file = file();
        let fail = |why: &str| format!("{}: {why}; write it anew: {RENEW}", file.display());
        let text = fs::read_to_string(&file).map_err(|error| fail(&error.to_string()))?;
        let toolchain = text.lines().find_map(|line| line.strip_prefix("# with "));
        let toolchain = toolchain.ok_or_else(|| fail("no toolchain"))?.to_owned();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let counts = lines.map(|line| {
            let (count, name) = line.trim().split_once(' ').ok_or_else(|| fail("a line without a name"))?;
            Ok((name.to_owned(), count.parse().map_err(|_| fail("a line without a count"))?))
        });
        Ok(Baseline { toolchain, counts: counts.collect::<Result<_, String>>()? })
    }

    /// Writes the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self) -> Result<String, String> {
        let (file, valgrind) = (file(), count::valgrind().unwrap_or_default());
        let mut text = format!(
            "# Instructions of one turn of each case of benches/hot. Written by `--renew`, see docs/performance.md,\n\
             # with {}\n# and {valgrind}\n",
            self.toolchain
        );
        for (name, count) in &self.counts {
            text += &format!("{count:>9} {name}\n");
        }
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(format!("written: {}", file.display()))
    }

    /// Why counts made here cannot be held against it, if they cannot.
    ///
    /// # Errors
    /// The compiler does not say its version.
    pub fn obstacle(&self) -> Result<Option<String>, String> {
        let here = toolchain()?;
        let differs = here != self.toolchain;
        Ok(differs.then(|| format!("the baseline was made with {}, and this is {here}", self.toolchain)))
    }
}

fn file() -> PathBuf {
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/instructions/{profile}.txt"))
}

/// The compiler and the machine it compiles for: other ones make other code.
fn toolchain() -> Result<String, String> {
    let rustc = env::var("RUSTC").unwrap_or("rustc".to_owned());
    let output = Command::new(&rustc).arg("-vV").output().map_err(|error| format!("{rustc}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("?").to_owned();
    Ok(format!("rustc {}, {}", field("rustc "), field("host: ")))
}
