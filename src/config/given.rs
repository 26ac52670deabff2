//! The settings in force as they were given, each with its place: shown, and compared.

use super::node::{Kind, Node, Table};
use std::fmt::{self, Write};

/// Keys whose texts are secrets, whatever table they stand in.
pub(super) const SECRETS: [&str; 5] = ["hash", "jwt_secret", "key", "password_hash", "turn_secret"];

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
        let mut names = Vec::new();
        compare(&mut names, "", &self.0, &other.0);
        names
    }
}

fn compare(names: &mut Vec<String>, above: &str, one: &Table, other: &Table) {
    let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    for key in keys {
        match (one.get(key).map(|node| &node.kind), other.get(key).map(|node| &node.kind)) {
            (Some(Kind::Table(one)), Some(Kind::Table(other))) => {
                compare(names, &format!("{above}{key}."), one, other);
            }
            (one, other) if one != other => names.push(format!("{above}{key}")),
            _ => {}
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
