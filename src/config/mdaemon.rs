//! The `[mdaemon]` section: users that log in with a password.

use super::auth::read_secret;
use super::reader::{Context, Reader};
use crate::auth::{Account, PasswordHash, is_address};
use crate::model::session::folded;

/// Reads every user.
pub(super) fn read(mut reader: Reader<'_>, context: &Context) -> Vec<Account> {
    let nodes = reader.list("user").unwrap_or_default();
    let mut accounts: Vec<Account> = Vec::new();
    for (index, node) in nodes.into_iter().enumerate() {
        let path = format!("{}[{index}]", reader.path_of("user"));
        let Some(entry) = Reader::element(context, path, node) else { continue };
        let place = entry.place().clone();
        let Some(account) = read_one(entry) else { continue };
        if accounts.iter().any(|other| folded(&other.user) == folded(&account.user)) {
            reader.refuse(&place, &format!("user[{index}].user"), "is the user of an earlier entry");
        }
        accounts.push(account);
    }
    reader.finish();
    accounts
}

fn read_one(mut entry: Reader<'_>) -> Option<Account> {
    let place = entry.place().clone();
    if !entry.has("user") {
        entry.refuse(&place, "user", "must be given");
    }
    let user = entry.text("user");
    if let Some((user, place)) = &user
        && !is_address(user)
    {
        entry.refuse(place, "user", "must be an address such as ada@example.com, of at most 128 bytes");
    }
    let found = read_secret(&mut entry, "password_hash", "password_hash_file");
    if let Ok(None) = found {
        entry.refuse(&place, "password_hash", "or password_hash_file must be given");
    }
    let password = found.ok().flatten().and_then(|found| {
        let text = String::from_utf8_lossy(found.secret.expose()).into_owned();
        let hash = PasswordHash::parse(&text);
        hash.map_err(|error| entry.refuse(&found.place, found.key, &format!("cannot be used: {error}"))).ok()
    });
    entry.finish();
    Some(Account { user: user?.0, password: password? })
}
