//! TOML text as a tree of places.

use super::error::{ConfigError, Place};
use super::node::{Kind, Node, Table};
use std::sync::Arc;
use toml_edit::{Document, Item, TableLike, Value};

/// Whose text it is, so that an offset becomes a place.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// A whole file: its name and its text.
    File(&'a Arc<str>, &'a str),
    /// Something without lines.
    At(&'a Place),
}

impl Origin<'_> {
    fn place(&self, span: Option<std::ops::Range<usize>>) -> Place {
        match self {
            Self::At(place) => (*place).clone(),
            Self::File(path, text) => {
                let Some(before) = span.and_then(|span| text.get(..span.start)) else {
                    return Place::File(Arc::clone(path));
                };
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
                Place::Line(Arc::clone(path), line, column)
            }
        }
    }
}

/// The root table of a TOML document.
///
/// # Errors
/// The first place where the text is not TOML. The text itself is not repeated: it may be a secret.
pub(super) fn parse_document(text: &str, origin: Origin<'_>) -> Result<Table, ConfigError> {
    let document = Document::parse(text).map_err(|error| ConfigError {
        place: origin.place(error.span()),
        message: format!("this is not TOML: {}", error.message()),
    })?;
    Ok(table(document.as_table(), origin))
}

/// A single TOML value.
pub(super) fn parse_value(text: &str, place: &Place) -> Result<Kind, ConfigError> {
    let mut table = parse_document(&format!("value = {text}"), Origin::At(place))?;
    match (table.remove("value"), table.is_empty()) {
        (Some(node), true) => Ok(node.kind),
        _ => Err(ConfigError { place: place.clone(), message: "this is not one TOML value".into() }),
    }
}

fn table(source: &dyn TableLike, origin: Origin<'_>) -> Table {
    let entry = |(name, item): (&str, &Item)| {
        let span = source.get_key_value(name).and_then(|(key, _)| key.span()).or_else(|| item.span());
        Some((name.to_owned(), Node { place: origin.place(span), kind: item_kind(item, origin)? }))
    };
    source.iter().filter_map(entry).collect()
}

fn item_kind(item: &Item, origin: Origin<'_>) -> Option<Kind> {
    match item {
        Item::None => None,
        Item::Value(value) => Some(value_kind(value, origin)),
        Item::Table(source) => Some(Kind::Table(table(source, origin))),
        Item::ArrayOfTables(tables) => {
            let entry = |source: &toml_edit::Table| Node {
                place: origin.place(source.span()),
                kind: Kind::Table(table(source, origin)),
            };
            Some(Kind::List(tables.iter().map(entry).collect()))
        }
    }
}

fn value_kind(value: &Value, origin: Origin<'_>) -> Kind {
    match value {
        Value::String(text) => Kind::Text(text.value().clone()),
        Value::Integer(number) => Kind::Integer(*number.value()),
        Value::Boolean(boolean) => Kind::Boolean(*boolean.value()),
        Value::Float(_) => Kind::Other("a number with a fraction"),
        Value::Datetime(_) => Kind::Other("a date"),
        Value::InlineTable(source) => Kind::Table(table(source, origin)),
        Value::Array(array) => {
            let element =
                |value: &Value| Node { place: origin.place(value.span()), kind: value_kind(value, origin) };
            Kind::List(array.iter().map(element).collect())
        }
    }
}
