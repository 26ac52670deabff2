//! The `[[auth.api_keys]]`.

use super::auth::{FoundSecret, read_secret};
use super::error::Place;
use super::reader::{Context, Reader};
use crate::auth::{ApiKey, AuthSetupError};
use crate::model::session::Scopes;

/// Reads the list.
pub(super) fn read(reader: &mut Reader<'_>, context: &Context) -> Vec<ApiKey> {
    let nodes = reader.list("api_keys").unwrap_or_default();
    let mut keys: Vec<ApiKey> = Vec::new();
    for (index, node) in nodes.into_iter().enumerate() {
        let path = format!("{}[{index}]", reader.path_of("api_keys"));
        let Some(entry) = Reader::element(context, path, node) else { continue };
        let place = entry.place().clone();
        if let Some(key) = read_one(entry) {
            if keys.iter().any(|other| other.key == key.key) {
                reader.refuse(&place, &format!("api_keys[{index}].key"), "is the key of an earlier entry");
            }
            keys.push(key);
        }
    }
    keys
}

fn read_one(mut entry: Reader<'_>) -> Option<ApiKey> {
    let place = entry.place().clone();
    let secret = read_secret(&mut entry, "key", "key_file");
    if let Ok(None) = secret {
        entry.refuse(&place, "key", "or key_file must be given");
    }
    if !entry.has("user") {
        entry.refuse(&place, "user", "must be given");
    }
    let user = entry.text("user");
    let name = entry.text("name");
    let scopes = read_scopes(&mut entry);
    let found = match (secret, user) {
        (Ok(Some(secret)), Some(user)) => Some(checked(&entry, secret, user, name, scopes)),
        _ => None,
    };
    entry.finish();
    found
}

/// The key as a whole, with what is wrong noted at the setting it concerns.
fn checked(
    entry: &Reader<'_>,
    secret: FoundSecret,
    (user, user_place): (String, Place),
    name: Option<(String, Place)>,
    scopes: Scopes,
) -> ApiKey {
    let (name, name_place) = name.unzip();
    let name = name.filter(|name| !name.is_empty());
    let api_key = ApiKey { key: secret.secret, user, name, scopes };
    if let Err(error) = api_key.check() {
        let (key, place) = match error {
            AuthSetupError::User => ("user", &user_place),
            AuthSetupError::Name => ("name", name_place.as_ref().unwrap_or(entry.place())),
            _ => (secret.key, &secret.place),
        };
        entry.refuse(place, key, &format!("cannot be used: {error}"));
    }
    api_key
}

fn read_scopes(entry: &mut Reader<'_>) -> Scopes {
    if !entry.has("scopes") {
        // Asked for all the same, so that a slip in its name is suggested.
        let _ = entry.take("scopes");
        return Scopes::READ.union(Scopes::WRITE);
    }
    let words = entry.texts("scopes").unwrap_or_default();
    let mut scopes = Scopes::NONE;
    for (word, place) in words {
        match Scopes::parse(&word) {
            Some(scope) => scopes = scopes.union(scope),
            None => entry.refuse(
                &place,
                "scopes",
                &format!(r#"must be among "read", "write" and "admin"; one is {word:?}"#),
            ),
        }
    }
    scopes
}
