//! The rows of what people ask for.

use super::{Place, Route, StoredEffect, row};
use crate::model::people::call::CallAct;
use crate::model::people::circle::{Circle, Key};
use crate::model::people::command::PeopleCommand;
use crate::model::people::device::DeviceAct;
use crate::model::people::huddle::HuddleAct;
use crate::model::people::recording::RecordingAct;
use crate::model::session::Scopes;

impl PeopleCommand {
    /// What the command's kind decides.
    pub fn route(&self) -> Route<'_> {
        match self {
            // What is said has its own route.
            Self::Spoken { .. } => row(Scopes::NONE, Place::Connection, StoredEffect::Nothing),
            Self::Join { circle: Circle::Calls, .. }
            | Self::Leave { .. }
            | Self::Activity
            | Self::IceServers
            | Self::TurnCredentials => row(Scopes::READ, Place::Connection, StoredEffect::Nothing),
            Self::Join { circle: Circle::Huddles, .. }
            | Self::Statuses { .. }
            | Self::Online { within: None, .. }
            | Self::Recordings { .. } => row(Scopes::READ, Place::EveryCore, StoredEffect::Nothing),
            Self::Join { circle, .. } => row(Scopes::READ, Place::Key(circle.key()), StoredEffect::Nothing),
            Self::Conversation { id, .. } | Self::Online { within: Some(id), .. } => {
                row(Scopes::READ, Place::Key(Key::Conversation(id)), StoredEffect::Nothing)
            }
            Self::Person { user } => row(Scopes::READ, Place::Key(Key::Id(user)), StoredEffect::Nothing),
            Self::Chat { conversation: id, .. }
            | Self::StartCall { conversation: Some(id), .. }
            | Self::CreateHuddle { conversation: Some(id), .. } => {
                row(Scopes::WRITE, Place::Key(Key::Conversation(id)), StoredEffect::Nothing)
            }
            Self::StartCall { conversation: None, .. } | Self::CreateHuddle { conversation: None, .. } => {
                row(Scopes::WRITE, Place::Connection, StoredEffect::Nothing)
            }
            Self::SetStatus { .. } | Self::SetCustom { .. } => {
                row(Scopes::WRITE, Place::Own, StoredEffect::Nothing)
            }
            Self::Call { call, act } => self::call(Place::Key(Key::Id(call)), act),
            Self::Huddle { huddle, act } => self::huddle(Place::Key(Key::Id(huddle)), act),
            Self::Device(act) => device(act),
            Self::Recording { id, act } => recording(Place::Key(Key::Id(id)), act),
            Self::Link { id, .. } => row(Scopes::READ, Place::Key(Key::Id(id)), StoredEffect::Nothing),
            // The link says that one may.
            Self::Fetch(fetch) => {
                row(Scopes::NONE, Place::Key(Key::Id(&fetch.recording)), StoredEffect::Nothing)
            }
        }
    }
}

fn call<'a>(place: Place<'a>, act: &CallAct) -> Route<'a> {
    match act {
        CallAct::Participants | CallAct::IceServers | CallAct::Recording => {
            row(Scopes::READ, place, StoredEffect::Nothing)
        }
        CallAct::Answer
        | CallAct::Reject
        | CallAct::End
        | CallAct::Invite { .. }
        | CallAct::Toggle { .. }
        | CallAct::Signal(_)
        | CallAct::Wrong(_) => row(Scopes::WRITE, place, StoredEffect::Nothing),
        CallAct::StartRecording | CallAct::StopRecording => row(Scopes::WRITE, place, StoredEffect::Changed),
    }
}

fn huddle<'a>(place: Place<'a>, act: &HuddleAct) -> Route<'a> {
    match act {
        HuddleAct::Get => row(Scopes::READ, place, StoredEffect::Nothing),
        HuddleAct::Join
        | HuddleAct::Leave
        | HuddleAct::Invite { .. }
        | HuddleAct::Toggle { .. }
        | HuddleAct::Screen { .. }
        | HuddleAct::Hand { .. }
        | HuddleAct::Say { .. }
        | HuddleAct::Signal(_)
        | HuddleAct::Wrong(_) => row(Scopes::WRITE, place, StoredEffect::Nothing),
    }
}

fn device(act: &DeviceAct) -> Route<'_> {
    match act {
        DeviceAct::List => row(Scopes::READ, Place::Own, StoredEffect::Nothing),
        DeviceAct::Heartbeat { .. } | DeviceAct::Wrong { .. } => {
            row(Scopes::WRITE, Place::Own, StoredEffect::Nothing)
        }
        DeviceAct::Register(_) | DeviceAct::SetToken { .. } | DeviceAct::Unregister { .. } => {
            row(Scopes::WRITE, Place::Own, StoredEffect::Changed)
        }
    }
}

fn recording<'a>(place: Place<'a>, act: &RecordingAct) -> Route<'a> {
    match act {
        RecordingAct::Get => row(Scopes::READ, place, StoredEffect::Nothing),
        RecordingAct::Delete => row(Scopes::WRITE, place, StoredEffect::Changed),
    }
}
