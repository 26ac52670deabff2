//! Settings from the environment and from `--set`.

use super::error::{ConfigError, Findings, Place};
use super::node::{Kind, NAMED_LIST, Node, Table, name_of};
use super::parse::parse_value;
use super::suggest::nearest;
use std::sync::Arc;

/// What the names of our environment variables start with.
const PREFIX: &str = "CORECAST_";

/// Settings that are text by default and may be a list.
const TEXT_OR_LIST: [&str; 4] = ["cores", "auth.jwt_public_key_file", "tls.certificate_file", "tls.key_file"];

/// The variable that names the config file.
pub(super) const FILE_VARIABLE: &str = "CORECAST_CONFIG";

/// The table that an environment variable lays over the others; `None` if it is not ours. Variables are given by
/// whoever runs the host, also for programs beside this one, so one that is no setting is warned of and left alone.
pub(super) fn from_environment(
    name: &str,
    value: &str,
    defaults: &Table,
    findings: &Findings,
) -> Option<Table> {
    let variable = name.strip_prefix(PREFIX)?;
    if name == FILE_VARIABLE || is_service_link(variable) {
        return None;
    }
    let key = variable.to_ascii_lowercase().replace("__", ".");
    let place = Place::Environment(name.into());
    let known = find(defaults, &key.split('.').collect::<Vec<_>>());
    if known.is_none_or(|node| matches!(node.kind, Kind::Table(_))) {
        findings.warn(&place, format!("is not a setting, and is left alone{}", suggestion(&key, defaults)));
        return None;
    }
    Some(lay(&key, value, &place, defaults, findings))
}

/// Settings of a section that are told to whoever named the section only.
const TOLD_OF_SECTION_MAX: usize = 3;

/// The variables that may have been meant: those of this section, or the one of nearly this name.
fn suggestion(key: &str, defaults: &Table) -> String {
    let mut known = Vec::new();
    paths(defaults, "", &mut known);
    let known = || known.iter().map(String::as_str);
    let is_inside = |path: &&str| path.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    let mut meant: Vec<String> = known().filter(is_inside).map(variable).collect();
    if meant.is_empty() {
        meant.extend(nearest(key, known()).map(variable));
    }
    if meant.len() > TOLD_OF_SECTION_MAX {
        meant.truncate(TOLD_OF_SECTION_MAX);
        meant.push("another of its settings".into());
    }
    if meant.is_empty() { String::new() } else { format!("; did you mean {}?", meant.join(" or ")) }
}

/// The variable of a setting.
fn variable(path: &str) -> String {
    format!("{PREFIX}{}", path.to_ascii_uppercase().replace('.', "__"))
}

/// Every setting that a variable can name.
fn paths(table: &Table, above: &str, known: &mut Vec<String>) {
    for (key, node) in table {
        let path = format!("{above}{key}");
        match &node.kind {
            Kind::Table(table) => paths(table, &format!("{path}."), known),
            Kind::List(entries) if key == NAMED_LIST => {
                for entry in entries {
                    if let (Kind::Table(table), Some(name)) = (&entry.kind, name_of(entry)) {
                        paths(table, &format!("{path}.{name}."), known);
                    }
                }
            }
            _ => known.push(path),
        }
    }
}

/// The table that a `--set key=value` lays over the others.
pub(super) fn from_flag(flag: &str, defaults: &Table, findings: &Findings) -> Option<Table> {
    let Some((key, value)) = flag.split_once('=') else {
        let place = Place::Flag(flag.into());
        findings.add(&place, "the flag must be --set section.key=value");
        return None;
    };
    let key = key.trim();
    Some(lay(key, value, &Place::Flag(key.into()), defaults, findings))
}

/// Kubernetes sets such variables for a service that is called "corecast"; no setting has these names.
fn is_service_link(key: &str) -> bool {
    key == "PORT" || ["PORT_", "SERVICE_HOST", "SERVICE_PORT"].iter().any(|start| key.starts_with(start))
}

fn lay(key: &str, value: &str, place: &Place, defaults: &Table, findings: &Findings) -> Table {
    let path: Vec<&str> = key.split('.').collect();
    let kind = read(value, key, find(defaults, &path), place).unwrap_or_else(|error| {
        findings.add(place, format!("{key}: {}", error.message));
        // The default stands in, so that the mistake is reported once.
        find(defaults, &path).map_or(Kind::Text(String::new()), |node| node.kind.clone())
    });
    let leaf = Node { place: place.clone(), kind };
    let (first, rest) = path.split_first().unwrap_or((&"", &[]));
    let node = rest.iter().rev().fold(leaf, |node, key| Node {
        place: place.clone(),
        kind: Kind::Table(Table::from([((*key).to_owned(), node)])),
    });
    Table::from([((*first).to_owned(), node)])
}

/// The default at a path. Within the list of named tables, a name leads to the table of that name.
fn find<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Node> {
    let (first, rest) = path.split_first()?;
    let node = table.get(*first)?;
    match (&node.kind, rest) {
        (_, []) => Some(node),
        (Kind::Table(table), rest) => find(table, rest),
        (Kind::List(entries), [name, rest @ ..]) => {
            let named = entries.iter().find(|entry| name_of(entry) == Some(name))?;
            if let Kind::Table(table) = &named.kind { find(table, rest) } else { None }
        }
        _ => None,
    }
}

/// Reads a value as the kind that the default has: text needs no quotes, a list may be TOML or have commas, and a quoted text
/// is a list of one. Anything else is TOML if it can be, and text if not.
fn read(value: &str, key: &str, default: Option<&Node>, place: &Place) -> Result<Kind, ConfigError> {
    let trimmed = value.trim();
    let text = || Kind::Text(value.to_owned());
    match default.map(|node| &node.kind) {
        Some(Kind::List(_)) if trimmed.starts_with('[') => parse_value(trimmed, place),
        Some(Kind::List(_)) if trimmed.starts_with(['"', '\'']) => {
            Ok(parse_value(trimmed, place).unwrap_or_else(|_| comma_separated(trimmed, place)))
        }
        Some(Kind::List(_)) => Ok(comma_separated(trimmed, place)),
        Some(Kind::Text(_)) if TEXT_OR_LIST.contains(&key) && trimmed.starts_with('[') => {
            parse_value(trimmed, place)
        }
        Some(Kind::Text(_)) if trimmed.starts_with(['"', '\'']) => {
            Ok(parse_value(trimmed, place).unwrap_or_else(|_| text()))
        }
        Some(Kind::Text(_)) => Ok(text()),
        // What the setting wants is not known here, so that whoever reads it can only say what was given.
        _ => Ok(parse_value(trimmed, place).unwrap_or_else(|_| text())),
    }
}

fn comma_separated(text: &str, place: &Place) -> Kind {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    Kind::List(words.map(|word| Node { place: place.clone(), kind: Kind::Text(word.to_owned()) }).collect())
}

/// The variables of this process that may be settings, in the order of their names.
pub(super) fn process_environment() -> Vec<(String, String)> {
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    let mut variables: Vec<_> = std::env::vars_os()
        .map(|(name, value)| (lossy(name), lossy(value)))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    variables.sort();
    variables
}

/// A file's name as places show it.
pub(super) fn shown(path: &std::path::Path) -> Arc<str> {
    path.display().to_string().into()
}
