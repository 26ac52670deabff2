//! `/calls/{call_id}/…`

use super::{endpoint, id, people};
use crate::base::time::rfc3339;
use crate::model::command::Command;
use crate::model::fault::Fault;
use crate::model::people::call::CallAct;
use crate::model::people::command::PeopleCommand;
use crate::model::people::reply::PeopleReply;
use crate::model::session::Scopes;
use crate::protocol::http::Method;
use crate::surface::quikapp::answer::{self, end};
use crate::surface::quikapp::body::Invite;
use crate::surface::quikapp::payload;
use crate::surface::{Endpoint, Request};

fn call(request: &Request<'_>, act: CallAct) -> Result<Command, Fault> {
    Ok(people(PeopleCommand::Call { call: id(request, "call_id"), act }))
}

/// Rings somebody else.
pub const INVITE: Endpoint = endpoint(
    Method::Post,
    Scopes::WRITE,
    |request| match Invite::read(request.body) {
        Ok(user) => call(request, CallAct::Invite { user }),
        Err(fault) => call(request, CallAct::Wrong(Box::new(fault))),
    },
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::Invited { call, user } => {
                Some(end(object.text("call_id", call).text("invited_user", user)))
            }
            _ => None,
        })
    },
);

/// Who talks.
pub const PARTICIPANTS: Endpoint = endpoint(
    Method::Get,
    Scopes::READ,
    |request| call(request, CallAct::Participants),
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::Participants(list) => {
                let object = object.list("participants", list, payload::push_participant);
                Some(end(object.number("count", list.len() as u64)))
            }
            _ => None,
        })
    },
);

/// What programs reach each other by.
pub const ICE_SERVERS: Endpoint = endpoint(
    Method::Get,
    Scopes::READ,
    |request| call(request, CallAct::IceServers),
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::Ice(ice) => {
                let object = object.with("ice_servers", |out| payload::push_ice(out, ice));
                Some(end(object.number("ttl", ice.ttl_s)))
            }
            _ => None,
        })
    },
);

/// Records a call.
pub const START_RECORDING: Endpoint = endpoint(
    Method::Post,
    Scopes::WRITE,
    |request| call(request, CallAct::StartRecording),
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::RecordingStarted(one) => {
                let object = object.text("recording_id", &one.id);
                Some(end(object.text("started_at", &rfc3339(one.started_ms))))
            }
            _ => None,
        })
    },
);

/// Records a call no longer.
pub const STOP_RECORDING: Endpoint = endpoint(
    Method::Post,
    Scopes::WRITE,
    |request| call(request, CallAct::StopRecording),
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::RecordingStopped(one) => {
                let object = object.text("recording_id", &one.id);
                Some(end(object.number("duration", one.duration_s().unwrap_or_default())))
            }
            _ => None,
        })
    },
);

/// Whether a call is recorded.
pub const RECORDING: Endpoint = endpoint(
    Method::Get,
    Scopes::READ,
    |request| call(request, CallAct::Recording),
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::Recorded(None) => Some(end(object.flag("recording", false))),
            PeopleReply::Recorded(Some(one)) => {
                let object = object.flag("recording", true).text("recording_id", &one.id);
                let object = object.text("started_at", &rfc3339(one.started_ms));
                Some(end(object.text("started_by", &one.started_by)))
            }
            _ => None,
        })
    },
);
