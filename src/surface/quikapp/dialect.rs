//! From a frame on the socket to a command.

use super::acts;
use super::carried::Carried;
use super::frame::{FRAME_BYTES_MAX, Frame, Version, correlation};
use super::names;
use crate::model::command::{Command, ConnectionCommand};
use crate::model::fault::{Fault, FaultCode};
use crate::model::people::command::PeopleCommand;
use crate::model::session::Session;
use crate::surface::{Incoming, Payload, Unreadable};

/// The name by which the socket itself is spoken to.
const SOCKET: &str = "phoenix";

/// Decodes a frame of version 1.
pub fn decode_v1(message: Payload<'_>, _: &Session) -> Incoming {
    decode(Version::V1, message)
}

/// Decodes a frame of version 2.
pub fn decode_v2(message: Payload<'_>, _: &Session) -> Incoming {
    decode(Version::V2, message)
}

fn decode(version: Version, message: Payload<'_>) -> Incoming {
    let unreadable = |code, message, end| Incoming {
        command: Err(Fault::new(code, message)),
        correlation: None,
        unreadable: Some(end),
    };
    if message.bytes().len() > FRAME_BYTES_MAX {
        let sentence = "A frame has 1000000 bytes at most.";
        return unreadable(FaultCode::TooLarge, sentence, Unreadable::TooLarge);
    }
    let Payload::Text(text) = message else {
        // Version 2 has a binary form for payloads that are no JSON. No event here takes one.
        return Incoming::refused(Fault::new(FaultCode::InvalidSyntax, "Frames here are text."), None);
    };
    let mut carried = Carried::default();
    let Some((frame, right)) = Frame::read(version, text, &mut carried) else {
        let sentence = "This is no frame of this version of the protocol.";
        return unreadable(FaultCode::InvalidSyntax, sentence, Unreadable::Malformed);
    };
    Incoming {
        command: Ok(command(&frame, &carried, right)),
        correlation: Some(correlation(&frame)),
        unreadable: None,
    }
}

fn command(frame: &Frame<'_>, carried: &Carried<'_>, right: Result<(), Fault>) -> Command {
    if frame.name == SOCKET && frame.event == "heartbeat" {
        return ConnectionCommand::Ping.into();
    }
    let circle = names::circle(&frame.name);
    // Whoever leaves what nobody can be in has left it.
    if circle.is_none() && frame.event == "phx_leave" {
        return ConnectionCommand::Ping.into();
    }
    let own = |raw: &str| (raw != "null").then(|| Box::from(raw));
    let label = own(frame.join_reference);
    let act = match (&circle, &*frame.event) {
        (Some(circle), "phx_join") => right.and_then(|()| acts::join(circle, carried)),
        (Some(circle), "phx_leave") => Ok(PeopleCommand::Leave { circle: circle.clone() }),
        (Some(circle), event) => acts::act(circle, event, carried, right),
        (None, _) => Err(acts::unmatched()),
    };
    // A client that does not name its stay goes by the request that began it.
    let label = match &*frame.event {
        "phx_join" => label.or_else(|| own(frame.reference)),
        _ => label,
    };
    let (joins, act) = (frame.event == "phx_join", act.map(Box::new));
    Command::People(Box::new(PeopleCommand::Spoken { circle, label, joins, act }))
}
