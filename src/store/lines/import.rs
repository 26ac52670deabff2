//! From lines to what is stored.

use super::definitions::definition;
use super::devices::{DeviceLine, device};
use super::groups::group;
use super::meetings::{MeetingLine, MessageLine, meeting, message};
use super::recordings::{RecordingLine, recording};
use super::rooms::room;
use super::web_push::{self, PushSubscriptionLine};
use super::{FORM, Line, LogoutLine, RevocationLine};
use crate::base::json;
use crate::model::meeting::is_id;
use crate::store::counters::last_definition_id;
use crate::store::web_push::put_subscription;
use crate::store::write::Write;
use crate::store::{definitions, devices, groups, logouts, meetings, recordings, revocations, rooms};
use std::collections::BTreeSet;
use thiserror::Error;

/// Places are below this, so that JSON numbers carry them exactly and there are always more of them.
const PLACES_MAX: u64 = 1 << 53;

/// Why lines cannot be taken over.
#[derive(PartialEq, Eq, Debug, Error)]
#[error("line {line}: {reason}; nothing was imported")]
pub struct LineError {
    /// Which, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// How much came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Imported {
    /// Channel definitions.
    pub definitions: u64,
    /// Rooms of channels.
    pub rooms: u64,
    /// Groups of channels.
    pub groups: u64,
    /// Meetings.
    pub meetings: u64,
    /// Messages of meetings.
    pub messages: u64,
    /// Sessions that were ended before their time.
    pub logouts: u64,
    /// Users whose tokens were revoked.
    pub revocations: u64,
    /// Users' devices.
    pub devices: u64,
    /// Recordings.
    pub recordings: u64,
    /// Push subscriptions.
    pub push_subscriptions: u64,
}

/// Reads lines one after the other. What it makes of them is good only once [`Import::end`] says so: put it into a
/// store in one transaction, and see there that no id of a message comes twice within a meeting. Whatever else
/// can contradict, it keeps in mind itself: ids and names, nothing of the messages.
#[derive(Default)]
pub struct Import {
    /// Lines so far, and those of them that say something.
    line: u64,
    said: u64,
    ended: bool,
    last_definition_id: u64,
    ids: BTreeSet<u64>,
    names: BTreeSet<(u64, Box<str>)>,
    channels: BTreeSet<String>,
    groups: BTreeSet<String>,
    sessions: BTreeSet<u128>,
    revoked: BTreeSet<String>,
    meetings: BTreeSet<Box<str>>,
    devices: BTreeSet<(String, String)>,
    recordings: BTreeSet<String>,
    push_numbers: BTreeSet<u64>,
    push_endpoints: BTreeSet<String>,
    /// The meeting whose messages come.
    open: Option<Open>,
    imported: Imported,
}

/// A meeting some of whose messages came.
struct Open {
    meeting: MeetingLine,
    line: u64,
    came: u64,
    bytes: u64,
    least_place: u64,
}

impl Import {
    /// For a store that has given definitions ids up to this one, which are not given again.
    pub fn new(last_definition_id: u64) -> Self {
        Self { last_definition_id, ..Self::default() }
    }

    /// The next line, without its end; one that is empty says nothing.
    ///
    /// # Errors
    /// It is not what it should be, or contradicts an earlier one.
    pub fn take(&mut self, line: &[u8]) -> Result<Vec<Write>, LineError> {
        self.line += 1;
        if line.trim_ascii().is_empty() {
            return Ok(Vec::new());
        }
        let read = json::read_bytes(line).map_err(|error| error.to_string());
        let writes = read.and_then(|line| self.enter(line)).map_err(|reason| self.wrong(reason))?;
        self.said += 1;
        Ok(writes)
    }

    /// There is no further line.
    ///
    /// # Errors
    /// There should be.
    pub fn end(&mut self) -> Result<Imported, LineError> {
        if self.ended {
            return Ok(self.imported);
        }
        self.line += 1;
        Err(self.wrong(match self.said {
            0 => "there is nothing; this is not an export".into(),
            _ => "the export was cut off: it ends before the line that says its end".into(),
        }))
    }

    /// What is wrong with the line that was taken last.
    pub fn wrong(&self, reason: String) -> LineError {
        LineError { line: self.line, reason }
    }

    fn enter(&mut self, line: Line) -> Result<Vec<Write>, String> {
        match (&line, self.said) {
            (Line::CorecastExport(FORM), 0) => return Ok(Vec::new()),
            (Line::CorecastExport(form), 0) => {
                return Err(format!("this is form {form} of an export, and this corecast reads form {FORM}"));
            }
            (Line::CorecastExport(_), _) => return Err("another export begins within this one".into()),
            (_, 0) => return Err(format!("an export begins with {{\"corecast_export\":{FORM}}}")),
            _ if self.ended => return Err("the line before said that it was the last".into()),
            _ => {}
        }
        if let Line::Message(line) = line {
            return self.enter_message(line);
        }
        let mut writes = self.close_meeting()?;
        writes.extend(self.enter_line(line)?);
        Ok(writes)
    }

    fn enter_line(&mut self, line: Line) -> Result<Vec<Write>, String> {
        match line {
            Line::CorecastExport(_) => Ok(Vec::new()),
            Line::LastDefinitionId(id) => {
                self.last_definition_id = self.last_definition_id.max(id);
                Ok(Vec::new())
            }
            Line::Definition(line) => {
                if line.id == 0 || !self.ids.insert(line.id) {
                    return Err(format!("the id {} is 0 or there twice", line.id));
                }
                if !self.names.insert((line.realm, line.name.clone())) {
                    return Err(format!("the name {:?} is there twice in realm {}", line.name, line.realm));
                }
                self.last_definition_id = self.last_definition_id.max(line.id);
                self.imported.definitions += 1;
                Ok(definitions::updated(&definition(line)))
            }
            Line::Room(line) => {
                if !line.channel.contains(':') || !self.channels.insert(line.channel.clone()) {
                    return Err(format!("the channel {:?} is no room's, or is there twice", line.channel));
                }
                self.imported.rooms += 1;
                let (channel, room) = room(line);
                Ok(rooms::put(&channel, &room))
            }
            Line::Group(line) => {
                if !line.channel.contains(':') || !self.groups.insert(line.channel.clone()) {
                    return Err(format!("the channel {:?} has no group, or is there twice", line.channel));
                }
                self.imported.groups += 1;
                Ok(vec![groups::put(&group(line))])
            }
            Line::Logout(line) => self.enter_logout(&line),
            Line::Revocation(line) => self.enter_revocation(line),
            Line::Device(line) => self.enter_device(line),
            Line::Recording(line) => self.enter_recording(line),
            Line::PushSubscription(line) => self.enter_push_subscription(&line),
            Line::Meeting(line) => self.enter_meeting(line),
            // Entered before.
            Line::Message(_) => Ok(Vec::new()),
            Line::End(lines) if lines != self.said => {
                Err(format!("{lines} lines should come before this one, and {} did", self.said))
            }
            Line::End(_) => {
                self.ended = true;
                Ok(vec![last_definition_id(self.last_definition_id)])
            }
        }
    }

    fn enter_logout(&mut self, line: &LogoutLine) -> Result<Vec<Write>, String> {
        let digits = line.session.len() == 32 && line.session.bytes().all(|byte| byte.is_ascii_hexdigit());
        let session = u128::from_str_radix(&line.session, 16).ok().filter(|_| digits);
        let session = session.ok_or_else(|| format!("{:?} is not 32 hexadecimal digits", line.session))?;
        if !self.sessions.insert(session) {
            return Err(format!("the session {:?} is there twice", line.session));
        }
        self.imported.logouts += 1;
        Ok(vec![logouts::added(session, line.until_unix_s)])
    }

    fn enter_revocation(&mut self, line: RevocationLine) -> Result<Vec<Write>, String> {
        if line.user.is_empty() || !self.revoked.insert(line.user.clone()) {
            return Err(format!("the revocation of {:?} is nobody's, or is there twice", line.user));
        }
        self.imported.revocations += 1;
        Ok(vec![revocations::added(&line.user, line.until_unix_s)])
    }

    fn enter_device(&mut self, line: DeviceLine) -> Result<Vec<Write>, String> {
        let wrong = format!("the device {:?} of {:?} cannot be so, or is there twice", line.id, line.user);
        let is_new = self.devices.insert((line.user.clone(), line.id.clone()));
        let owned = device(line).filter(|_| is_new).ok_or(wrong)?;
        self.imported.devices += 1;
        Ok(vec![devices::put(&owned.user, &owned.device)])
    }

    fn enter_recording(&mut self, line: RecordingLine) -> Result<Vec<Write>, String> {
        let wrong = format!("the recording {:?} cannot be so, or is there twice", line.id);
        let is_new = self.recordings.insert(line.id.clone());
        let recording = recording(line).filter(|_| is_new).ok_or(wrong)?;
        self.imported.recordings += 1;
        Ok(vec![recordings::put(&recording)])
    }

    fn enter_push_subscription(&mut self, line: &PushSubscriptionLine) -> Result<Vec<Write>, String> {
        let wrong = format!("the push subscription {} cannot be so, or is there twice", line.number);
        let is_new =
            self.push_numbers.insert(line.number) && self.push_endpoints.insert(line.endpoint.clone());
        let subscription = web_push::subscription(line).filter(|_| is_new).ok_or(wrong)?;
        self.imported.push_subscriptions += 1;
        Ok(vec![put_subscription(line.number, &subscription)])
    }

    fn enter_meeting(&mut self, line: MeetingLine) -> Result<Vec<Write>, String> {
        if !is_id(&line.id) || !self.meetings.insert(line.id.clone()) {
            return Err(format!("the meeting {:?} has an id that none can have, or is there twice", line.id));
        }
        let places = line.next_place.saturating_sub(line.first_place);
        if line.first_place == 0 || line.next_place < line.first_place || line.next_place >= PLACES_MAX {
            return Err(format!(
                "the places of its messages cannot be {} to {}",
                line.first_place, line.next_place
            ));
        }
        if line.messages > places {
            return Err(format!("{} messages cannot have {places} places", line.messages));
        }
        let least_place = line.first_place;
        self.open = Some(Open { meeting: line, line: self.line, came: 0, bytes: 0, least_place });
        self.imported.meetings += 1;
        Ok(Vec::new())
    }

    fn enter_message(&mut self, line: MessageLine) -> Result<Vec<Write>, String> {
        let open = self.open.as_mut().filter(|open| open.meeting.id == line.meeting);
        let open = open.ok_or_else(|| format!("it does not follow its meeting {:?}", line.meeting))?;
        if !is_id(&line.id) {
            return Err(format!("the message {:?} has an id that none can have", line.id));
        }
        let end = open.meeting.next_place;
        if !(open.least_place..end).contains(&line.place) {
            let least = open.least_place;
            return Err(format!("the place {} is not from {least} to below {end}", line.place));
        }
        (open.least_place, open.came) = (line.place + 1, open.came + 1);
        self.imported.messages += 1;
        let (id, place) = (line.meeting.clone(), line.place);
        let message = message(line);
        open.bytes += message.bytes();
        Ok(meetings::put_message(&id, place, &message).into())
    }

    /// All messages of a meeting came: it is known how many bytes they have.
    fn close_meeting(&mut self) -> Result<Vec<Write>, String> {
        let Some(Open { meeting: line, line: at, came, bytes, .. }) = self.open.take() else {
            return Ok(Vec::new());
        };
        if line.messages != came {
            return Err(format!(
                "the meeting {:?} of line {at} should have {} messages, and {came} came",
                line.id, line.messages
            ));
        }
        Ok(vec![meetings::put(&meeting(line, bytes))])
    }
}
