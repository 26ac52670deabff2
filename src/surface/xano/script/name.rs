//! Names of channels.

/// What is wrong with a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameError {
    /// It has no character.
    #[error("The channel name is empty")]
    Empty,
    /// It has more bytes than this.
    #[error("The channel name is longer than {0} bytes")]
    TooLong(u32),
    /// It has a control character.
    #[error("The channel name has a control character")]
    ControlCharacter,
    /// It starts or ends with a slash, or has two in a row.
    #[error("A slash in a channel name stands between two segments that are not empty")]
    EmptySegment,
}

/// Checks a name, of a channel that is declared or of one below it: at most `name_bytes_max` bytes, segments between
/// slashes, none of them empty, of any characters but control characters.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_name(name: &str, name_bytes_max: u32) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > name_bytes_max as usize {
        return Err(NameError::TooLong(name_bytes_max));
    }
    if name.chars().any(char::is_control) {
        return Err(NameError::ControlCharacter);
    }
    if name.split('/').any(str::is_empty) {
        return Err(NameError::EmptySegment);
    }
    Ok(())
}

/// Whether a name can stand without quotes: letters and digits of ASCII and underscores, no digit first.
pub(super) fn is_bare(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') && name.chars().all(is_word)
}

pub(super) fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}
