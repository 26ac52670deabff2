//! Typed reading of a table: each mistake is noted and a stand-in returned, so that one run finds them all.

use super::error::{Findings, Place};
use super::node::{Kind, Node, Table};
use super::suggest::nearest;
use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// What the readers of one configuration share.
#[derive(Default, Debug)]
pub(super) struct Context {
    pub(super) findings: Findings,
    /// Settings that were asked for and given by no layer. Never one that `default.toml` should have.
    pub(super) missing: RefCell<Vec<String>>,
    /// Every setting with its place, for checks across settings.
    places: RefCell<Vec<(String, Place)>>,
}

impl Context {
    /// The place of whichever of these settings was given last, by the precedence of layers.
    pub(super) fn latest(&self, paths: &[&str]) -> Place {
        let places = self.places.borrow();
        let wanted = places.iter().filter(|(path, _)| paths.contains(&path.as_str()));
        wanted.map(|(_, place)| place).max().cloned().unwrap_or(Place::Default)
    }

    /// A setting of this name in another table.
    fn elsewhere(&self, key: &str) -> Option<String> {
        let places = self.places.borrow();
        let mut paths = places.iter().map(|(path, _)| path).filter(|path| !path.contains('['));
        paths.find(|path| path.rsplit('.').next() == Some(key)).cloned()
    }
}

/// Reads one table.
pub(super) struct Reader<'a> {
    context: &'a Context,
    /// Path of the table, such as `limits`; empty for the root.
    path: String,
    place: Place,
    table: Table,
    /// Keys asked for so far.
    known: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(context: &'a Context, path: String, place: Place, table: Table) -> Self {
        Self { context, path, place, table, known: Vec::new() }
    }

    /// A reader of an element that should be a table.
    pub(super) fn element(context: &'a Context, path: String, node: Node) -> Option<Self> {
        match node.kind {
            Kind::Table(table) => Some(Self::new(context, path, node.place, table)),
            kind => {
                let message = format!("{path} must be a table; it is {}", kind.describe());
                context.findings.add(&node.place, message);
                None
            }
        }
    }

    /// The full name of a key of this table.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Where the table stands.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Where a key stands that has not been read yet, or else the table.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.table.get(key).map_or(&self.place, |node| &node.place).clone()
    }

    /// Notes a mistake in a value of this table.
    pub(super) fn refuse(&self, place: &Place, key: &str, message: &str) {
        self.context.findings.add(place, format!("{} {message}", self.path_of(key)));
    }

    /// Notes something odd in a value of this table that keeps nobody from starting.
    pub(super) fn warn(&self, place: &Place, key: &str, message: &str) {
        self.context.findings.warn(place, format!("{} {message}", self.path_of(key)));
    }

    /// A value of any kind.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Node> {
        self.known.push(key);
        let path = self.path_of(key);
        match self.table.remove(key) {
            Some(node) => {
                self.context.places.borrow_mut().push((path, node.place.clone()));
                Some(node)
            }
            None => {
                self.context.missing.borrow_mut().push(path);
                None
            }
        }
    }

    fn wrong_kind(&self, key: &str, node: &Node, wanted: &str) {
        let message = format!("must be {wanted}; it is {}", node.kind.describe());
        self.refuse(&node.place, key, &message);
    }

    /// A number within a range.
    pub(super) fn integer<N>(&mut self, key: &'static str, range: RangeInclusive<N>) -> Option<N>
    where
        N: TryFrom<i64> + PartialOrd + Display + Copy,
    {
        let node = self.take(key)?;
        let (least, most) = range.into_inner();
        let Kind::Integer(number) = node.kind else {
            self.wrong_kind(key, &node, &format!("a whole number from {least} to {most}"));
            return None;
        };
        match N::try_from(number) {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                self.refuse(&node.place, key, &format!("must be {least}..={most}; it is {number}"));
                None
            }
        }
    }

    /// True or false.
    pub(super) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let node = self.take(key)?;
        let Kind::Boolean(boolean) = node.kind else {
            self.wrong_kind(key, &node, "true or false");
            return None;
        };
        Some(boolean)
    }

    /// Text, and where it stands.
    pub(super) fn text(&mut self, key: &'static str) -> Option<(String, Place)> {
        let node = self.take(key)?;
        let Kind::Text(text) = node.kind else {
            self.wrong_kind(key, &node, "text");
            return None;
        };
        Some((text, node.place))
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let (text, place) = self.text(key)?;
        let found = choices.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.refuse(&place, key, &format!("must be {}; it is {text:?}", words.join(" or ")));
        }
        found.map(|(_, value)| *value)
    }

    /// The elements of a list.
    pub(super) fn list(&mut self, key: &'static str) -> Option<Vec<Node>> {
        let node = self.take(key)?;
        if !matches!(node.kind, Kind::List(_)) {
            self.wrong_kind(key, &node, "a list");
        }
        match node.kind {
            Kind::List(nodes) => Some(nodes),
            _ => None,
        }
    }

    /// The texts of a list of at most so many, each with its place; what is more is refused, and left out is what is no text.
    pub(super) fn texts_up_to(
        &mut self,
        key: &'static str,
        count_max: usize,
        what: &str,
    ) -> Vec<(String, Place)> {
        let place = self.place_of(key);
        let nodes = self.list(key).unwrap_or_default();
        if nodes.len() > count_max {
            self.refuse(&place, key, &format!("must hold at most {count_max} {what}"));
        }
        nodes.into_iter().filter_map(|node| self.element_text(key, node)).collect()
    }

    /// The elements of a list of texts, each with its place; elements of another kind are noted and left out. A text
    /// alone is a list of one.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<(String, Place)>> {
        let node = self.take(key)?;
        let nodes = match node.kind {
            Kind::List(nodes) => nodes,
            Kind::Text(_) => vec![node],
            _ => {
                self.wrong_kind(key, &node, "text or a list of texts");
                return None;
            }
        };
        Some(nodes.into_iter().filter_map(|node| self.element_text(key, node)).collect())
    }

    /// An element that should be text.
    pub(super) fn element_text(&self, key: &str, node: Node) -> Option<(String, Place)> {
        if let Kind::Text(text) = node.kind {
            return Some((text, node.place));
        }
        self.refuse(&node.place, key, &format!("must hold texts; one is {}", node.kind.describe()));
        None
    }

    /// A reader of a table within this one; an empty one if there is none.
    pub(super) fn section(&mut self, key: &'static str) -> Reader<'a> {
        let path = self.path_of(key);
        let reader = self.take(key).and_then(|node| Reader::element(self.context, path.clone(), node));
        reader.unwrap_or_else(|| Reader::new(self.context, path, self.place.clone(), Table::new()))
    }

    /// Whether the table has this key, read or not yet.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Notes every key that nobody asked for.
    pub(super) fn finish(self) {
        for (key, node) in &self.table {
            let near = nearest(key, self.known.iter().copied()).map(|near| self.path_of(near));
            let near = near.or_else(|| self.context.elsewhere(key));
            let hint = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
            let message = format!("{} is not a setting{hint}", self.path_of(key));
            self.context.findings.add(&node.place, message);
        }
    }
}
