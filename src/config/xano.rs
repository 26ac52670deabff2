//! The `[xano]` section: workspaces, and what their sockets are opened by.

use super::auth::{FoundSecret, read_secret};
use super::reader::{Context, Reader};
use super::settings::Workspace;

/// Ids that any client's numbers hold exactly (2^53).
const ID_MAX: i64 = 1 << 53;

/// Reads every workspace.
pub(super) fn read(mut reader: Reader<'_>, context: &Context) -> Vec<Workspace> {
    let nodes = reader.list("workspace").unwrap_or_default();
    let mut workspaces: Vec<Workspace> = Vec::new();
    for (index, node) in nodes.into_iter().enumerate() {
        let path = format!("{}[{index}]", reader.path_of("workspace"));
        let Some(entry) = Reader::element(context, path, node) else { continue };
        let place = entry.place().clone();
        let Some(workspace) = read_one(entry) else { continue };
        if workspaces.iter().any(|other| other.id == workspace.id) {
            reader.refuse(&place, &format!("workspace[{index}].id"), "is the id of an earlier entry");
        }
        if workspace.hash.is_some() && workspaces.iter().any(|other| other.hash == workspace.hash) {
            reader.refuse(&place, &format!("workspace[{index}].hash"), "is the hash of an earlier entry");
        }
        workspaces.push(workspace);
    }
    reader.finish();
    workspaces
}

fn read_one(mut entry: Reader<'_>) -> Option<Workspace> {
    let place = entry.place().clone();
    if !entry.has("id") {
        entry.refuse(&place, "id", "must be given");
    }
    let id = entry.integer("id", 1..=ID_MAX);
    let hash = read_secret(&mut entry, "hash", "hash_file").ok().flatten();
    let hash = hash.map(|found| checked(&entry, &found));
    entry.finish();
    Some(Workspace { id: id?.unsigned_abs(), hash })
}

fn checked(entry: &Reader<'_>, found: &FoundSecret) -> String {
    let hash = String::from_utf8_lossy(found.secret.expose()).into_owned();
    if !is_hash(&hash) {
        entry.refuse(&found.place, found.key, "must be 8 to 128 letters, digits, hyphens or underscores");
    }
    hash
}

/// A hash stands in a path: it has only what needs no escapes there, and enough of it that it is not hit by chance.
fn is_hash(hash: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (8..=128).contains(&hash.len()) && hash.bytes().all(allowed)
}
