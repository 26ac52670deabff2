//! The settings in force as they were given, each with its place: shown, and compared.

use super::node::{Kind, NAMED_LIST, Node, Table};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// Keys whose texts are secrets, whatever table they stand in.
pub(super) const SECRETS: [&str; 5] = ["hash", "jwt_secret", "key", "password_hash", "turn_secret"];

/// Bytes of a digest that are told.
const DIGEST_BYTES: usize = 16;

/// What stands for a secret.
const MASK: &str = "***";

/// All layers, merged. Holds secrets, so it is not shown by `Debug`.
#[derive(Clone, Default)]
pub struct Given(pub(super) Table);

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given")
    }
}

impl Given {
    /// The settings as TOML, a line for each value with its place as a comment; secrets are masked.
    pub fn shown(&self) -> String {
        let mut text = String::new();
        push_table(&mut text, "", &self.0);
        text
    }

    /// Names of the settings that have another value in `other`.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let (mut one, mut other) = (leaves(&self.0), leaves(&other.0));
        let names: std::collections::BTreeSet<String> = one.keys().chain(other.keys()).cloned().collect();
        let mut names: Vec<String> = names.into_iter().collect();
        names.retain(|name| {
            one.remove(name).map(|node| &node.kind) != other.remove(name).map(|node| &node.kind)
        });
        names
    }

    /// Each setting with a digest of its value. Whoever has other settings can tell by it which differ, and nobody can tell
    /// what a secret is.
    pub fn digests(&self, salt: &str) -> BTreeMap<String, String> {
        let leaves = leaves(&self.0).into_iter();
        let digest = |name: &str, node: &Node| {
            let mut hash = Sha256::new();
            feed_text(&mut hash, salt);
            feed_text(&mut hash, name);
            feed(&mut hash, &node.kind);
            let mut text = String::new();
            for byte in &hash.finalize()[..DIGEST_BYTES] {
                let _ = write!(text, "{byte:02x}");
            }
            text
        };
        leaves.map(|(name, node)| (name.clone(), digest(&name, node))).collect()
    }
}

/// A value, so that no two give the same bytes.
fn feed(hash: &mut Sha256, kind: &Kind) {
    match kind {
        Kind::Text(text) => feed_text(hash, text),
        Kind::Integer(number) => feed_text(hash, &format!("number {number}")),
        Kind::Boolean(boolean) => feed_text(hash, &format!("boolean {boolean}")),
        Kind::Other(name) => feed_text(hash, &format!("other {name}")),
        Kind::List(entries) => {
            feed_text(hash, &format!("list of {}", entries.len()));
            entries.iter().for_each(|entry| feed(hash, &entry.kind));
        }
        Kind::Table(table) => {
            feed_text(hash, &format!("table of {}", table.len()));
            for (key, node) in table {
                feed_text(hash, key);
                feed(hash, &node.kind);
            }
        }
    }
}

fn feed_text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
}

/// Every setting by its name; those of a namespace by that of the namespace.
fn leaves(table: &Table) -> BTreeMap<String, &Node> {
    let mut leaves = BTreeMap::new();
    push_leaves(&mut leaves, "", table);
    leaves
}

fn push_leaves<'a>(leaves: &mut BTreeMap<String, &'a Node>, above: &str, table: &'a Table) {
    for (key, node) in table {
        let name = format!("{above}{key}");
        match &node.kind {
            Kind::Table(table) => push_leaves(leaves, &format!("{name}."), table),
            Kind::List(entries) if name == NAMED_LIST => {
                for entry in entries {
                    let Kind::Table(table) = &entry.kind else { continue };
                    let Some(Kind::Text(namespace)) = table.get("name").map(|node| &node.kind) else {
                        continue;
                    };
                    push_leaves(leaves, &format!("{name}.{namespace}."), table);
                }
            }
            _ => drop(leaves.insert(name, node)),
        }
    }
}

/// Values come before tables, as TOML wants it.
fn push_table(text: &mut String, path: &str, table: &Table) {
    for (key, node) in table.iter().filter(|(_, node)| tables_of(node).is_none()) {
        let _ = writeln!(text, "{key} = {}  # {}", value(key, node), node.place);
    }
    for (key, node) in table {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let brackets = if matches!(node.kind, Kind::Table(_)) { ("[", "]") } else { ("[[", "]]") };
        for table in tables_of(node).into_iter().flatten() {
            let _ = writeln!(text, "\n{}{path}{}", brackets.0, brackets.1);
            push_table(text, &path, table);
        }
    }
}

/// The tables that a node is made of, if it is made of tables.
fn tables_of(node: &Node) -> Option<Vec<&Table>> {
    match &node.kind {
        Kind::Table(table) => Some(vec![table]),
        Kind::List(entries) if !entries.is_empty() => entries
            .iter()
            .map(|entry| if let Kind::Table(table) = &entry.kind { Some(table) } else { None })
            .collect(),
        _ => None,
    }
}

fn value(key: &str, node: &Node) -> toml_edit::Value {
    match &node.kind {
        Kind::Text(text) if SECRETS.contains(&key) && !text.is_empty() => MASK.into(),
        Kind::Text(text) => text.into(),
        Kind::Integer(number) => (*number).into(),
        Kind::Boolean(boolean) => (*boolean).into(),
        Kind::List(entries) => entries.iter().map(|entry| value(key, entry)).collect(),
        // No setting is of these kinds, so they are mistakes and nothing is shown.
        Kind::Other(_) | Kind::Table(_) => MASK.into(),
    }
}
