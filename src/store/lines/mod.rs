//! Everything that is stored as lines of JSON, for people and other programs: what `corecast export` writes and
//! `corecast import` reads. The first line says the form; each other one is a record.

mod definitions;

use super::Stored;
use crate::model::channel::ChannelName;
use crate::model::publication::Room;
use definitions::{DefinitionLine, definition, definition_line};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use thiserror::Error;

/// The form that is written.
const FORM: u32 = 1;

/// Why lines cannot be taken over.
#[derive(PartialEq, Eq, Debug, Error)]
#[error("line {line}: {reason}; nothing was imported")]
pub struct LineError {
    /// Which, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// A line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    CorecastExport(u32),
    LastDefinitionId(u64),
    Definition(DefinitionLine),
    Room(RoomLine),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomLine {
    channel: String,
    name: String,
    description: String,
    owner: String,
    created_ms: u64,
    updated_ms: u64,
}

/// All of it, a line each, in the order of ids and names.
pub fn export(stored: &Stored) -> impl Iterator<Item = String> {
    let head = [Line::CorecastExport(FORM), Line::LastDefinitionId(stored.last_definition_id)];
    let definitions = stored.definitions.iter().map(|record| Line::Definition(definition_line(record)));
    let rooms = stored.rooms.iter().map(|(channel, room)| Line::Room(room_line(channel, room)));
    let lines = head.into_iter().chain(definitions).chain(rooms);
    lines.map(|line| serde_json::to_string(&line).expect("these types have a JSON form"))
}

/// Reads lines; empty ones are left out.
///
/// # Errors
/// The first line that is not what it should be, or contradicts an earlier one.
pub fn import<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Stored, LineError> {
    let (mut stored, mut seen) = (Stored::default(), Seen::default());
    for (index, text) in lines.into_iter().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        let at = |reason: String| LineError { line: index + 1, reason };
        let line: Line = serde_json::from_str(text).map_err(|error| at(error.to_string()))?;
        seen.check(&line).map_err(at)?;
        match line {
            Line::CorecastExport(_) => {}
            Line::LastDefinitionId(id) => stored.last_definition_id = stored.last_definition_id.max(id),
            Line::Definition(line) => {
                stored.last_definition_id = stored.last_definition_id.max(line.id);
                stored.definitions.push(Arc::new(definition(line)));
            }
            Line::Room(line) => stored.rooms.push(room(line)),
        }
    }
    match seen.head {
        true => Ok(stored),
        false => Err(LineError { line: 1, reason: "there is nothing; this is not an export".into() }),
    }
}

/// What earlier lines said.
#[derive(Default)]
struct Seen {
    head: bool,
    ids: BTreeSet<u64>,
    names: BTreeSet<(u64, Box<str>)>,
    channels: BTreeSet<String>,
}

impl Seen {
    fn check(&mut self, line: &Line) -> Result<(), String> {
        match line {
            Line::CorecastExport(FORM) => self.head = true,
            Line::CorecastExport(form) => {
                return Err(format!("this is form {form} of an export, and this corecast reads form {FORM}"));
            }
            _ if !self.head => return Err(format!("an export begins with {{\"corecast_export\":{FORM}}}")),
            Line::LastDefinitionId(_) => {}
            Line::Definition(line) => {
                if line.id == 0 || !self.ids.insert(line.id) {
                    return Err(format!("the id {} is 0 or there twice", line.id));
                }
                if !self.names.insert((line.realm, line.name.clone())) {
                    return Err(format!("the name {:?} is there twice in realm {}", line.name, line.realm));
                }
            }
            Line::Room(line) => {
                if !line.channel.contains(':') || !self.channels.insert(line.channel.clone()) {
                    return Err(format!("the channel {:?} is no room's, or is there twice", line.channel));
                }
            }
        }
        Ok(())
    }
}

fn room_line(channel: &ChannelName, room: &Room) -> RoomLine {
    // The id is the suffix of the channel's name.
    let Room { id: _, name, description, owner, created_ms, updated_ms } = room.clone();
    RoomLine { channel: channel.as_str().to_owned(), name, description, owner, created_ms, updated_ms }
}

fn room(line: RoomLine) -> (ChannelName, Room) {
    let RoomLine { channel, name, description, owner, created_ms, updated_ms } = line;
    let channel = ChannelName::new(&channel);
    let id = channel.suffix().to_owned();
    (channel, Room { id, name, description, owner, created_ms, updated_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<Stored, LineError> {
        import(lines.iter().copied())
    }

    fn reason(lines: &[&str]) -> (usize, String) {
        let error = read(lines).expect_err("refused");
        (error.line, error.reason)
    }

    const HEAD: &str = r#"{"corecast_export":1}"#;
    const ROOM: &str = concat!(
        r#"{"room":{"channel":"room:hall","name":"Hall","description":"","owner":"ada","#,
        r#""created_ms":1,"updated_ms":2}}"#
    );

    #[test]
    fn lines_are_what_they_were() {
        let last = r#"{"last_definition_id":7}"#;
        let stored = read(&[HEAD, last, "", ROOM]).expect("good");
        assert_eq!((stored.last_definition_id, stored.rooms[0].1.id.as_str()), (7, "hall"));
        assert_eq!(export(&stored).collect::<Vec<_>>(), [HEAD, last, ROOM]);
    }

    #[test]
    fn what_is_no_export_is_refused_at_its_line() {
        assert_eq!(reason(&[]).0, 1);
        assert_eq!(reason(&[ROOM]).0, 1);
        assert!(reason(&[r#"{"corecast_export":2}"#]).1.contains("form 2"));
        assert_eq!(reason(&[HEAD, "", "{"]).0, 3);
        assert!(reason(&[HEAD, r#"{"chair":{}}"#]).1.contains("chair"));
        assert!(reason(&[HEAD, &ROOM.replace("ada\",", "ada\",\"colour\":1,")]).1.contains("colour"));
        assert!(reason(&[HEAD, ROOM, ROOM]).1.contains("twice"));
        assert!(reason(&[HEAD, &ROOM.replace("room:hall", "hall")]).1.contains("\"hall\""));
    }
}
