//! From what is stored to lines.

use super::definitions::definition_line;
use super::devices::device_line;
use super::groups::group_line;
use super::meetings::{meeting_line, message_line};
use super::recordings::recording_line;
use super::rooms::room_line;
use super::web_push::subscription_line;
use super::{FORM, Line, LogoutLine, RevocationLine};
use crate::model::meeting::{Meeting, SealedMessage};
use crate::store::Stored;
use thiserror::Error;

/// The messages of a meeting are not those that its record counts.
#[derive(PartialEq, Eq, Debug, Error)]
#[error(
    "the meeting {meeting:?} has {counted} messages by its record, and {found} were found: restore a backup"
)]
pub struct Damage {
    meeting: Box<str>,
    counted: u64,
    found: u64,
}

/// Makes lines one after the other, none with a line feed in it: [`Export::records`], then for each meeting
/// [`Export::meeting`], [`Export::message`] for all of its messages in the order of their places and
/// [`Export::met`], then [`Export::end`].
#[derive(Default)]
pub struct Export {
    lines: u64,
    messages: u64,
}

impl Export {
    /// The form, and all but meetings, in the order of ids and names.
    pub fn records(&mut self, stored: &Stored) -> impl Iterator<Item = String> {
        let head = [Line::CorecastExport(FORM), Line::LastDefinitionId(stored.last_definition_id)];
        let definitions = stored.definitions.iter().map(|record| Line::Definition(definition_line(record)));
        let rooms = stored.rooms.iter().map(|(channel, room)| Line::Room(room_line(channel, room)));
        let groups = stored.groups.iter().map(|group| Line::Group(group_line(group)));
        let logouts = stored.logouts.iter().map(|(session, until_unix_s)| {
            Line::Logout(LogoutLine { session: format!("{session:032x}"), until_unix_s: *until_unix_s })
        });
        let revocations = stored.revocations.iter().map(|(user, until_unix_s)| {
            Line::Revocation(RevocationLine { user: user.to_string(), until_unix_s: *until_unix_s })
        });
        let people = stored.devices.iter().map(|owned| Line::Device(device_line(owned)));
        let recordings = stored.recordings.iter().map(|one| Line::Recording(recording_line(one)));
        let people = people.chain(recordings);
        let push = stored.push_subscriptions.iter();
        let push = push.map(|(number, one)| Line::PushSubscription(subscription_line(*number, one)));
        let lines = head.into_iter().chain(definitions).chain(rooms).chain(groups).chain(logouts);
        let lines = lines.chain(revocations).chain(people).chain(push);
        lines.map(|line| self.write(&line))
    }

    /// A meeting.
    pub fn meeting(&mut self, meeting: &Meeting) -> String {
        self.messages = 0;
        self.write(&Line::Meeting(meeting_line(meeting)))
    }

    /// A message of it.
    pub fn message(&mut self, meeting: &Meeting, place: u64, message: SealedMessage) -> String {
        self.messages += 1;
        self.write(&Line::Message(message_line(&meeting.id, place, message)))
    }

    /// These were all messages of a meeting.
    ///
    /// # Errors
    /// They were not.
    pub fn met(&self, meeting: &Meeting) -> Result<(), Damage> {
        match meeting.messages == self.messages {
            true => Ok(()),
            false => {
                Err(Damage { meeting: meeting.id.clone(), counted: meeting.messages, found: self.messages })
            }
        }
    }

    /// The last line.
    pub fn end(mut self) -> String {
        self.write(&Line::End(self.lines))
    }

    fn write(&mut self, line: &Line) -> String {
        self.lines += 1;
        serde_json::to_string(line).expect("these types have a JSON form")
    }
}
