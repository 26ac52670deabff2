//! Everything that was stored, read at the start and handed to every core.

use super::counters::{self, COUNTERS};
use super::definitions::{self, DEFINITIONS};
use super::devices::{self, DEVICES};
use super::format::RecordError;
use super::groups::{self, GROUPS};
use super::known_addresses::{self, KNOWN_ADDRESSES, KnownAddresses};
use super::logouts;
use super::meetings::{self, MEETINGS};
use super::recordings::{self, RECORDINGS};
use super::revocations;
use super::rooms::ROOMS;
use super::web_push::{self, PUSH_MESSAGES, PUSH_STEPS, PUSH_SUBSCRIPTIONS, StoredMessage, StoredStep};
use super::write::{StoreRecord, Table};
use crate::model::channel::ChannelName;
use crate::model::definition::DefinitionRecord;
use crate::model::group::Group;
use crate::model::meeting::Meeting;
use crate::model::people::device::OwnedDevice;
use crate::model::people::recording::Recording;
use crate::model::publication::Room;
use crate::model::web_push::PushSubscription;
use std::sync::Arc;

/// Everything that was stored.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stored {
    /// The definitions of all realms.
    pub definitions: Vec<Arc<DefinitionRecord>>,
    /// The rooms of all channels.
    pub rooms: Vec<(ChannelName, Room)>,
    /// The last id that a definition got; 0 before the first.
    pub last_definition_id: u64,
    /// How often the store was written.
    pub commits: u64,
    /// Meetings, without their messages.
    pub meetings: Vec<Meeting>,
    /// Groups of channels.
    pub groups: Vec<Group>,
    /// Sessions that were ended before their time, with the second until which they would have held.
    pub logouts: Vec<(u128, u64)>,
    /// Users whose tokens were revoked, with the second up to which.
    pub revocations: Vec<(Arc<str>, u64)>,
    /// Addresses at which users have logged in.
    pub known_addresses: Vec<KnownAddresses>,
    /// Users' devices.
    pub devices: Vec<OwnedDevice>,
    /// Records of recordings.
    pub recordings: Vec<Arc<Recording>>,
    /// Where browsers are sent messages, by number.
    pub push_subscriptions: Vec<(u64, Arc<PushSubscription>)>,
    /// Messages to browsers that are on their way, by number.
    pub push_messages: Vec<(u64, StoredMessage)>,
    /// How far each of them is with its audience that is not all found, by number.
    pub push_steps: Vec<(u64, StoredStep)>,
    /// Deliveries that have no end: the numbers of message and subscription.
    pub push_deliveries: Vec<(u64, u64)>,
    /// The last number that a push subscription or a push message got; 0 before the first.
    pub last_push_number: u64,
}

impl Stored {
    /// Reads records, in whatever order.
    ///
    /// # Errors
    /// One of them cannot be used. None is left out silently.
    pub fn read(records: impl IntoIterator<Item = StoreRecord>) -> Result<Self, RecordError> {
        let mut stored = Self::default();
        for StoreRecord { table, key, value } in records {
            let odd = || RecordError::Damaged(format!("a record of the table \"{}\"", table.name()));
            match table {
                Table::Definitions => {
                    let record = DEFINITIONS.read(table, &key, &value)?;
                    if definitions::key(record.id) != key {
                        return Err(odd());
                    }
                    stored.last_definition_id = stored.last_definition_id.max(record.id);
                    stored.definitions.push(Arc::new(record));
                }
                Table::Rooms => {
                    let room = ROOMS.read(table, &key, &value)?;
                    let channel = ChannelName::new(std::str::from_utf8(&key).map_err(|_| odd())?);
                    if channel.suffix() != room.id {
                        return Err(odd());
                    }
                    stored.rooms.push((channel, room));
                }
                Table::Meetings => {
                    let meeting = MEETINGS.read(table, &key, &value)?;
                    if meetings::key(&meeting.id) != key {
                        return Err(odd());
                    }
                    stored.meetings.push(meeting);
                }
                Table::Groups => {
                    let group = GROUPS.read(table, &key, &value)?;
                    if groups::key(&group.channel) != key {
                        return Err(odd());
                    }
                    stored.groups.push(group);
                }
                Table::Logouts | Table::Revocations | Table::KnownAddresses => {
                    stored.take_login(StoreRecord { table, key, value })?;
                }
                Table::Devices | Table::Recordings => {
                    stored.take_people(StoreRecord { table, key, value })?;
                }
                Table::PushSubscriptions | Table::PushMessages | Table::PushSteps | Table::PushDeliveries => {
                    stored.take_push(StoreRecord { table, key, value })?;
                }
                // Read when they are asked for.
                Table::MeetingMessages | Table::MeetingMessageIds => {}
                Table::Counters if key == counters::LAST_DEFINITION_ID => {
                    let last = COUNTERS.read(table, &key, &value)?;
                    stored.last_definition_id = stored.last_definition_id.max(last);
                }
                Table::Counters if key == counters::LAST_PUSH_NUMBER => {
                    let last = COUNTERS.read(table, &key, &value)?;
                    stored.last_push_number = stored.last_push_number.max(last);
                }
                Table::Counters if key == counters::PROBE => {}
                Table::Counters if key == counters::COMMITS => {
                    stored.commits = COUNTERS.read(table, &key, &value)?;
                }
                Table::Counters => return Err(odd()),
            }
        }
        Ok(stored)
    }

    /// Reads a record about logins.
    fn take_login(&mut self, record: StoreRecord) -> Result<(), RecordError> {
        let StoreRecord { table, key, value } = record;
        let odd = || RecordError::Damaged(format!("a record of the table \"{}\"", table.name()));
        if table == Table::KnownAddresses {
            let places = KNOWN_ADDRESSES.read(table, &key, &value)?;
            self.known_addresses.push(known_addresses::of(&key, places).ok_or_else(odd)?);
            return Ok(());
        }
        let at_unix_s = COUNTERS.read(table, &key, &value)?;
        match table {
            Table::Logouts => self.logouts.push((logouts::id_of(&key).ok_or_else(odd)?, at_unix_s)),
            _ => {
                let user = revocations::user_of(&key).ok_or_else(odd)?;
                self.revocations.push((user.into(), at_unix_s));
            }
        }
        Ok(())
    }

    /// Reads a record of people.
    fn take_people(&mut self, record: StoreRecord) -> Result<(), RecordError> {
        let StoreRecord { table, key, value } = record;
        let odd = || RecordError::Damaged(format!("a record of the table \"{}\"", table.name()));
        if table == Table::Devices {
            let device = DEVICES.read(table, &key, &value)?;
            self.devices.push(devices::of(&key, device).ok_or_else(odd)?);
            return Ok(());
        }
        let recording = RECORDINGS.read(table, &key, &value)?;
        if recordings::key(&recording.id) != key {
            return Err(odd());
        }
        self.recordings.push(Arc::new(recording));
        Ok(())
    }

    /// Reads a record of Web Push.
    fn take_push(&mut self, record: StoreRecord) -> Result<(), RecordError> {
        let StoreRecord { table, key, value } = record;
        let odd = || RecordError::Damaged(format!("a record of the table \"{}\"", table.name()));
        if table == Table::PushDeliveries {
            self.push_deliveries.push(web_push::delivery_of(&key).ok_or_else(odd)?);
            return Ok(());
        }
        let number = web_push::number_of(&key).ok_or_else(odd)?;
        self.last_push_number = self.last_push_number.max(number);
        match table {
            Table::PushMessages => {
                self.push_messages.push((number, PUSH_MESSAGES.read(table, &key, &value)?));
            }
            Table::PushSteps => self.push_steps.push((number, PUSH_STEPS.read(table, &key, &value)?)),
            _ => {
                let subscription = PUSH_SUBSCRIPTIONS.read(table, &key, &value)?;
                self.push_subscriptions.push((number, Arc::new(subscription)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
