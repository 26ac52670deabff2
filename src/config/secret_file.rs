//! Files that hold a secret or a key.

use super::error::Place;
use super::reader::Reader;
use std::io::Read;

/// Bytes of such a file; the largest key is far below.
const BYTES_MAX: u64 = 64 << 10;

/// The contents of a file named by the setting `key`, without one newline at the end. Mistakes are noted at
/// the setting; the contents are never shown.
pub(super) fn read(reader: &Reader<'_>, key: &str, path: &str, place: &Place) -> Option<Vec<u8>> {
    match contents(path) {
        Ok(bytes) if bytes.is_empty() => {
            reader.refuse(place, key, &format!("names the file {path}, which is empty"));
            None
        }
        Ok(bytes) if bytes.len() as u64 > BYTES_MAX => {
            reader.refuse(place, key, &format!("names the file {path}, which is above {BYTES_MAX} bytes"));
            None
        }
        Ok(bytes) => Some(bytes),
        Err(error) => {
            reader.refuse(place, key, &format!("names the file {path}, which cannot be read: {error}"));
            None
        }
    }
}

/// Editors and `echo` end a file with a newline that is not meant.
fn contents(path: &str) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    Ok(bytes)
}
