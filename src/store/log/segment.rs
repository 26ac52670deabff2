//! Names of segments, and which of them make a log.

/// Ends the name of a segment's file.
const SUFFIX: &str = ".log";

/// The name of a segment's file. Names sort like the numbers.
pub fn file_name(segment: u64) -> String {
    format!("{segment:016x}{SUFFIX}")
}

/// Ends the name of a segment that is no part of the log yet.
const UNFINISHED_SUFFIX: &str = ".unfinished";

/// The name of a segment's file before it is a part of the log.
pub fn unfinished_name(segment: u64) -> String {
    format!("{segment:016x}{UNFINISHED_SUFFIX}")
}

/// Whether a file has such a name.
pub fn is_unfinished(name: &str) -> bool {
    name.ends_with(UNFINISHED_SUFFIX)
}

fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX).filter(|digits| digits.len() == 16)?;
    let number = u64::from_str_radix(digits, 16).ok()?;
    (file_name(number) == name).then_some(number)
}

/// The segments of a log, oldest first, without holes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Segments(Vec<u64>);

impl Segments {
    /// From the names in the directory, in any order; names of other things are left alone.
    ///
    /// # Errors
    /// A segment is missing between others: its name.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut numbers: Vec<u64> = names.into_iter().filter_map(number).collect();
        numbers.sort_unstable();
        match numbers.windows(2).find(|pair| pair[0] + 1 != pair[1]) {
            Some(pair) => Err(file_name(pair[0] + 1)),
            None => Ok(Self(numbers)),
        }
    }

    /// Oldest first.
    pub fn numbers(&self) -> &[u64] {
        &self.0
    }
}
