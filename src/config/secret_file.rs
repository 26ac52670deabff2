//! Files that hold a secret or a key.

use super::access::{READ, WRITE, strangers_may};
use super::error::Place;
use super::reader::Reader;
use std::io::Read;

/// Bytes of such a file; the largest key is far below.
const BYTES_MAX: u64 = 64 << 10;

/// The contents of a file with a secret, named by the setting `key`. Where strangers can read or replace it, that is warned of
/// and no mistake: orchestrators hand secrets over in files whose mode is theirs to choose, in containers that nobody else is in.
pub(super) fn read(reader: &Reader<'_>, key: &str, path: &str, place: &Place) -> Option<Vec<u8>> {
    if std::fs::metadata(path).is_ok_and(|file| file.is_file() && strangers_may(&file, READ | WRITE)) {
        let message =
            format!("names the file {path}, which other users can read or write; run: chmod go-rw '{path}'");
        reader.warn(place, key, &message);
    }
    read_public(reader, key, path, place)
}

/// The contents of a file that is no secret, named by the setting `key`, without one newline at the end. Mistakes are
/// noted at the setting; the contents are never shown.
pub(super) fn read_public(reader: &Reader<'_>, key: &str, path: &str, place: &Place) -> Option<Vec<u8>> {
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
