//! What is wrong with a script, and where. Every text stands here.

use super::name::NameError;
use std::fmt;

/// The first mistake of a script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxError {
    /// Line, counted from 1. A line ends with a line feed.
    pub line: usize,
    /// Column, counted from 1 in characters. What is missing at the end of the text is one past its last character.
    pub column: usize,
    /// What is wrong there, at most some hundred bytes whatever the script says.
    pub message: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for SyntaxError {}

/// A mistake at a byte of the text.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Located {
    pub at: usize,
    pub mistake: Mistake,
}

impl Located {
    /// The byte as line and column: counted once, when something is wrong.
    pub fn within(&self, text: &str) -> SyntaxError {
        let before = &text[..self.at];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        SyntaxError {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: self.mistake.to_string(),
        }
    }
}

/// What can be wrong.
#[derive(PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Mistake {
    #[error("Unexpected character {0:?}")]
    UnexpectedCharacter(char),
    #[error("Unterminated string")]
    UnterminatedString,
    #[error(r#"Invalid escape in a string; there are \", \\, \/, \n, \r, \t and \uXXXX"#)]
    InvalidEscape,
    #[error("Expected 'realtime_channel'")]
    ExpectedKeyword,
    #[error("Expected a channel name: letters, digits and underscores, or a string")]
    ExpectedName,
    #[error("Expected an opening bracket")]
    ExpectedBody,
    #[error("Expected an argument or closing bracket")]
    ExpectedArgument,
    #[error("Expected a comma, a new line or closing bracket")]
    ExpectedSeparator,
    #[error("Expected '{sign}' after the argument '{argument}'")]
    ExpectedSign { sign: char, argument: String },
    #[error("The argument '{0}' must be true or false")]
    ExpectedBoolean(String),
    #[error("The argument '{0}' must be a string")]
    ExpectedString(String),
    #[error("The argument '{0}' must be an integer, 0 or more")]
    ExpectedInteger(String),
    #[error("The argument '{0}' must be an object in brackets")]
    ExpectedObject(String),
    #[error("The argument '{argument}' must be at most {maximum}")]
    AboveMaximum { argument: String, maximum: u32 },
    #[error("The argument '{}' is not valid in this context", abridged(.0))]
    UnknownArgument(String),
    #[error("Duplicate argument '{0}' found")]
    DuplicateArgument(String),
    #[error("Missing required argument '{0}'")]
    MissingArgument(&'static str),
    #[error("The following required arguments are missing: {}", .0.join(", "))]
    MissingArguments(Vec<&'static str>),
    #[error("Unexpected text after the closing bracket")]
    TextAfterEnd,
    #[error("{0}")]
    Name(#[from] NameError),
}

/// Text of the author, cut before it fills the answer.
fn abridged(text: &str) -> String {
    const CHARACTERS_MAX: usize = 64;
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
