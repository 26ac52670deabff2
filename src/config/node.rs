//! Settings before they have types: a tree in which each value knows its place, and how layers are merged.

use super::error::{Findings, Place};
use std::collections::BTreeMap;

/// A value and where it stands: its key where it has one, itself in a list.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) kind: Kind,
}

/// A table by key.
pub(super) type Table = BTreeMap<String, Node>;

/// What a value is.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Kind {
    Text(String),
    Integer(i64),
    Boolean(bool),
    /// A kind that no setting has, by its name.
    Other(&'static str),
    List(Vec<Node>),
    Table(Table),
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Kind {
    /// What the value is, for a sentence.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::Other(name) => name,
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// The list whose tables are merged by their `name`.
pub(super) const NAMED_LIST: &str = "namespaces";

/// Lays `over` on the root table `base`.
pub(super) fn merge_root(base: &mut Table, over: Table, findings: &Findings) {
    for (key, node) in over {
        match base.get_mut(&key) {
            Some(below) if key == NAMED_LIST => merge_named(below, node, findings),
            Some(below) => merge(below, node),
            None => drop(base.insert(key, node)),
        }
    }
}

/// Tables are merged key by key; anything else replaces what is below it.
fn merge(below: &mut Node, over: Node) {
    match (&mut below.kind, over.kind) {
        (Kind::Table(below), Kind::Table(over)) => merge_tables(below, over),
        (kind, over_kind) => {
            *kind = over_kind;
            below.place = over.place;
        }
    }
}

fn merge_tables(below: &mut Table, over: Table) {
    for (key, node) in over {
        match below.get_mut(&key) {
            Some(below) => merge(below, node),
            None => drop(below.insert(key, node)),
        }
    }
}

/// Merges a list of tables by `name`; a name that is new is added. Also takes a table of tables, in which the
/// keys are the names: the form of environment variables and flags.
fn merge_named(below: &mut Node, over: Node, findings: &Findings) {
    let entries = match over.kind {
        Kind::List(entries) => entries,
        Kind::Table(table) => table.into_iter().map(|(name, node)| named(name, node)).collect(),
        kind => {
            below.kind = kind;
            below.place = over.place;
            return;
        }
    };
    let Kind::List(present) = &mut below.kind else { return };
    let mut seen: Vec<String> = Vec::new();
    for entry in entries {
        let name = name_of(&entry).map(str::to_owned);
        if let Some(name) = &name {
            if seen.contains(name) {
                findings.add(&entry.place, format!("{NAMED_LIST}: the name \"{name}\" is given twice"));
            }
            seen.push(name.clone());
        }
        match present.iter_mut().find(|node| name.is_some() && name_of(node) == name.as_deref()) {
            Some(node) => merge(node, entry),
            None => present.push(entry),
        }
    }
}

fn named(name: String, mut node: Node) -> Node {
    if let Kind::Table(table) = &mut node.kind {
        let name = Node { place: node.place.clone(), kind: Kind::Text(name) };
        table.insert("name".into(), name);
    }
    node
}

/// What a table in a list is called.
pub(super) fn name_of(node: &Node) -> Option<&str> {
    let Kind::Table(table) = &node.kind else { return None };
    match &table.get("name")?.kind {
        Kind::Text(name) => Some(name),
        _ => None,
    }
}
