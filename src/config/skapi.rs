//! `[skapi]`.

use super::public_url;
use super::reader::Reader;
use super::settings::RelayConfig;

/// Reads the section.
pub(super) fn read(mut reader: Reader<'_>) -> RelayConfig {
    let public_url = public_url::read(&mut reader);
    reader.finish();
    RelayConfig { public_url }
}
