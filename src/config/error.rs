//! What is wrong with a configuration, and where.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

/// Where a setting comes from. Later variants override earlier ones.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    /// The defaults that are compiled in.
    Default,
    /// A config file as a whole.
    File(Arc<str>),
    /// A line and column of a config file, counted from 1.
    Line(Arc<str>, usize, usize),
    /// An environment variable.
    Environment(Arc<str>),
    /// A `--set` flag, without its value.
    Flag(Arc<str>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("built-in default"),
            Self::File(path) => f.write_str(path),
            Self::Line(path, line, column) => write!(f, "{path}:{line}:{column}"),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(key) => write!(f, "--set {key}"),
        }
    }
}

/// One mistake, or one warning. Never contains a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ConfigError {
    /// Where it is.
    pub place: Place,
    /// What is wrong, with the name of the setting.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Every mistake of a configuration, in the order of the file, one to a line; at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// What was found so far; shared by everything that reads one configuration.
#[derive(Default, Debug)]
pub(super) struct Findings {
    errors: RefCell<Vec<ConfigError>>,
    warnings: RefCell<Vec<ConfigError>>,
}

impl Findings {
    pub(super) fn add(&self, place: &Place, message: impl Into<String>) {
        self.errors.borrow_mut().push(ConfigError { place: place.clone(), message: message.into() });
    }

    /// Something odd that keeps nobody from starting.
    pub(super) fn warn(&self, place: &Place, message: impl Into<String>) {
        self.warnings.borrow_mut().push(ConfigError { place: place.clone(), message: message.into() });
    }

    /// The warnings, or every mistake, in order.
    pub(super) fn into_result(self) -> Result<Vec<ConfigError>, ConfigErrors> {
        let in_order = |found: RefCell<Vec<ConfigError>>| {
            let mut found = found.into_inner();
            found.sort();
            found.dedup();
            found
        };
        let errors = in_order(self.errors);
        if errors.is_empty() { Ok(in_order(self.warnings)) } else { Err(ConfigErrors(errors)) }
    }
}
