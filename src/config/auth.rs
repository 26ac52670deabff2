//! The `[auth]` section, with the files it names.

use super::error::Place;
use super::reader::{Context, Reader};
use super::settings::AuthConfig;
use super::{api_keys, origins, secret_file};
use crate::auth::{Secret, check_jwt_secret, check_public_key};

/// Reads the section.
pub(super) fn read(mut reader: Reader<'_>, context: &Context) -> AuthConfig {
    let secret = read_secret(&mut reader, "jwt_secret", "jwt_secret_file").ok().flatten();
    if let Some(found) = &secret
        && let Err(error) = check_jwt_secret(&found.secret)
    {
        reader.refuse(&found.place, found.key, &format!("cannot be used: {error}"));
    }
    let config = AuthConfig {
        jwt_secret: secret.map(|found| found.secret),
        jwt_public_keys: read_public_keys(&mut reader),
        jwt_leeway_s: reader.integer("jwt_leeway_s", 0..=300).unwrap_or(0),
        allowed_origins: origins::read(&mut reader),
        api_keys: api_keys::read(&mut reader, context),
    };
    reader.finish();
    config
}

/// A secret and the setting it came from.
pub(super) struct FoundSecret {
    pub(super) secret: Secret,
    pub(super) key: &'static str,
    pub(super) place: Place,
}

/// A mistake was noted already.
pub(super) struct Noted;

/// A secret from its setting or from the file that another names; empty settings count as not given. Both at
/// once are refused, as one of them would be ignored.
pub(super) fn read_secret(
    reader: &mut Reader<'_>,
    key: &'static str,
    file_key: &'static str,
) -> Result<Option<FoundSecret>, Noted> {
    let mut given = |key: &'static str| {
        let present = reader.has(key);
        match reader.text(key) {
            None if present => Err(Noted),
            found => Ok(found.filter(|(text, _)| !text.is_empty())),
        }
    };
    let (inline, file) = (given(key), given(file_key));
    match (inline?, file?) {
        (Some((_, first)), Some((_, second))) => {
            let message = format!("and {} are both given; leave one out", reader.path_of(file_key));
            reader.refuse(&first.max(second), key, &message);
            Err(Noted)
        }
        (Some((text, place)), None) => Ok(Some(FoundSecret { secret: Secret::new(text), key, place })),
        (None, Some((path, place))) => {
            let bytes = secret_file::read(reader, file_key, &path, &place).ok_or(Noted)?;
            Ok(Some(FoundSecret { secret: Secret::new(bytes), key: file_key, place }))
        }
        (None, None) => Ok(None),
    }
}

fn read_public_keys(reader: &mut Reader<'_>) -> Vec<Vec<u8>> {
    const KEY: &str = "jwt_public_key_file";
    let mut keys = Vec::new();
    for (path, place) in reader.texts(KEY).unwrap_or_default() {
        if path.is_empty() {
            continue;
        }
        let Some(pem) = secret_file::read_public(reader, KEY, &path, &place) else { continue };
        match check_public_key(&pem) {
            Ok(()) => keys.push(pem),
            Err(error) => {
                reader.refuse(&place, KEY, &format!("names the file {path}, which cannot be used: {error}"))
            }
        }
    }
    keys
}
