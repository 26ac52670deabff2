//! Which CPUs a node runs on.

use super::ServeError;
use crate::config::Cores;
use crate::runtime::machine;

/// The CPUs of Linux that get a core of the broker each.
///
/// # Errors
/// The configuration wants what this process may not use.
pub(super) fn of(cores: &Cores) -> Result<Vec<usize>, ServeError> {
    let usable = machine::allowed_cpus();
    match cores {
        Cores::All => Ok(usable),
        Cores::Count(count) if usize::from(*count) <= usable.len() => {
            Ok(usable[..usize::from(*count)].to_vec())
        }
        Cores::Count(count) => Err(ServeError::TooManyCores { wanted: *count, usable: usable.len() }),
        Cores::List(list) => {
            let list: Vec<usize> = list.iter().map(|cpu| usize::from(*cpu)).collect();
            match list.iter().find(|cpu| !usable.contains(cpu)) {
                Some(cpu) => Err(ServeError::NoSuchCpu { cpu: *cpu, usable }),
                None => Ok(list),
            }
        }
    }
}
