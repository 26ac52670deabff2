//! Which settings a running node takes over, and which need a restart.

use super::{KEPT, RELOADED};

/// Whether a running node takes a setting over. Otherwise it needs a restart.
pub fn is_reloaded(name: &str) -> bool {
    let is_in = |known: &str| {
        let rest = name.strip_prefix(known);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    RELOADED.iter().any(|known| is_in(known)) && !KEPT.iter().any(|pattern| fits(name, pattern))
}

/// Whether a name is that of a pattern, of which a part may be any.
fn fits(name: &str, pattern: &str) -> bool {
    let (parts, wanted) = (name.split('.'), pattern.split('.'));
    parts.clone().count() == wanted.clone().count()
        && parts.zip(wanted).all(|(part, wanted)| wanted == "*" || part == wanted)
}
