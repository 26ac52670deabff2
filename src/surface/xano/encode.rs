//! From replies and pushes to frames on the socket: `{"action":…,"client":…,"options":{"channel":…},"payload":…}`, written
//! piece by piece into the bytes that go out. A channel goes by its concrete name: a client gives a frame only to the
//! channel of exactly that name.

use super::{client, faults, names};
use crate::model::channel::ChannelName;
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::{ArchivedBody, ArchivedPublication, Client, PublicationBytes};
use crate::model::reply::{ChannelReply, ConnectionReply, Notice, Push, Reply};
use crate::model::session::Session;
use crate::surface::json::{push_number, push_text};
use std::sync::Arc;

/// Appends a reply. `correlation` is the channel's name as raw JSON. A message that was sent has no reply: its sender
/// hears it like everyone.
pub fn encode_reply(out: &mut Vec<u8>, reply: &Reply, correlation: Option<&str>, session: &Session) {
    match reply {
        Reply::Channel(ChannelReply::Subscribed { channel, .. }) => {
            start(out, "join", shown_client(session));
            options(out, channel);
            out.extend_from_slice(b",\"payload\":{\"history\":[]}}");
        }
        Reply::Connection(ConnectionReply::Unsubscribed { channel }) => {
            start(out, "leave", shown_client(session));
            options(out, channel);
            out.extend_from_slice(b",\"payload\":null}");
        }
        Reply::Channel(ChannelReply::Published { .. }) | Reply::Channel(ChannelReply::Whispered) => {}
        Reply::Channel(ChannelReply::History { channel, publications }) => {
            history(out, channel, publications)
        }
        Reply::Fault(fault) => {
            let message = faults::socket(fault);
            let refused = session.client_info.as_ref().and_then(|client_info| client_info.refused.as_ref());
            match refused.filter(|_| fault.code == FaultCode::GuestsRefused) {
                // Whoever believes that it is known should hear that it is not.
                Some(why) => error(out, correlation, &format!("{message} Your token was refused: {why}.")),
                None => error(out, correlation, message),
            }
        }
        _ => error(out, correlation, "The broker gave an answer of the wrong kind; please report this."),
    }
}

/// Appends a push.
pub fn encode_push(out: &mut Vec<u8>, channel: &ChannelName, push: Push<'_>) {
    match push {
        Push::Publication(publication) => publish(out, channel, publication),
        Push::Joined(session) => presence_update(out, channel, "join", session),
        Push::Left(session) => presence_update(out, channel, "leave", session),
        Push::History(publications) => history(out, channel, publications),
        Push::Members(members) => presence_full(out, channel, members),
        Push::Whisper { sender, to, json } => {
            start(out, "message", Some(sender));
            options_open(out, channel);
            out.extend_from_slice(b",\"socketId\":");
            push_text(out, to);
            out.extend_from_slice(b"},\"payload\":");
            out.extend_from_slice(json.as_bytes());
            out.push(b'}');
        }
        Push::Ended(fault) => ended(out, channel, fault),
        Push::Gap(_) => {
            let name = quoted(channel);
            error(out, Some(&name), "Messages were lost on their way to you. Ask for the history.");
        }
        // Nobody here is in a circle or a group, or can be reached alone.
        Push::Shown { .. } | Push::People(_) | Push::Relayed(_) | Push::Closed(_) | Push::Failed(_) => {}
    }
}

/// Appends a notice. The published protocol has no frame for it, and none to answer it with.
pub fn encode_notice(out: &mut Vec<u8>, notice: Notice) {
    match notice {
        Notice::TokenEnds { in_s } => {
            let sentence =
                format!("Your token ends in {in_s} seconds. Connect again with a new one before that.");
            error(out, None, &sentence);
        }
    }
}

/// `{"action":…,"client":…`, left open.
fn start(out: &mut Vec<u8>, action: &str, who: Option<&Client>) {
    out.extend_from_slice(b"{\"action\":\"");
    out.extend_from_slice(action.as_bytes());
    out.push(b'"');
    if let Some(who) = who {
        out.extend_from_slice(b",\"client\":");
        client::push(out, who);
    }
}

/// `,"options":{"channel":…`, left open.
fn options_open(out: &mut Vec<u8>, channel: &ChannelName) {
    out.extend_from_slice(b",\"options\":{\"channel\":");
    push_text(out, names::name(channel));
}

fn options(out: &mut Vec<u8>, channel: &ChannelName) {
    options_open(out, channel);
    out.push(b'}');
}

fn shown_client(session: &Session) -> Option<&Client> {
    session.client_info.as_ref().map(|client_info| &client_info.client)
}

/// Appends what one publication is on this wire; nothing for what no client of a workspace can cause.
fn publish(out: &mut Vec<u8>, channel: &ChannelName, publication: &ArchivedPublication) {
    match &publication.body {
        ArchivedBody::ClientMessage { sender, json, .. } => {
            out.extend_from_slice(b"{\"action\":\"message\",\"client\":");
            client::push_archived(out, sender);
            options(out, channel);
            out.extend_from_slice(b",\"payload\":");
            out.extend_from_slice(json.as_bytes());
            out.push(b'}');
        }
        ArchivedBody::Event { json, table, row } => {
            start(out, "event", None);
            options(out, channel);
            out.extend_from_slice(b",\"payload\":{\"data\":");
            out.extend_from_slice(json.as_bytes());
            out.extend_from_slice(b",\"dbo_id\":");
            push_number(out, table.to_native());
            out.extend_from_slice(b",\"row_id\":");
            push_number(out, row.to_native());
            out.extend_from_slice(b"}}");
        }
        _ => {}
    }
}

fn history(out: &mut Vec<u8>, channel: &ChannelName, publications: &[PublicationBytes]) {
    start(out, "history", None);
    options(out, channel);
    out.extend_from_slice(b",\"payload\":{\"history\":[");
    let mut first = true;
    for publication in publications.iter().map(PublicationBytes::view) {
        let before = out.len();
        if !first {
            out.push(b',');
        }
        let empty = out.len();
        publish(out, channel, publication);
        if out.len() == empty {
            out.truncate(before);
        } else {
            first = false;
        }
    }
    out.extend_from_slice(b"]}}");
}

fn presence_full(out: &mut Vec<u8>, channel: &ChannelName, members: &[Arc<Session>]) {
    start(out, "presence_full", None);
    options(out, channel);
    out.extend_from_slice(b",\"payload\":{\"presence\":[");
    for (index, member) in members.iter().filter_map(|member| shown_client(member)).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        client::push(out, member);
    }
    out.extend_from_slice(b"]}}");
}

fn presence_update(out: &mut Vec<u8>, channel: &ChannelName, action: &str, session: &Session) {
    let Some(member) = shown_client(session) else { return };
    start(out, "presence_update", None);
    options(out, channel);
    out.extend_from_slice(b",\"payload\":{\"action\":\"");
    out.extend_from_slice(action.as_bytes());
    out.extend_from_slice(b"\",\"presence\":");
    client::push(out, member);
    out.extend_from_slice(b"}}");
}

fn ended(out: &mut Vec<u8>, channel: &ChannelName, fault: &Fault) {
    error(out, Some(&quoted(channel)), faults::socket(fault));
}

/// The name of a channel as raw JSON.
fn quoted(channel: &ChannelName) -> String {
    serde_json::Value::from(names::name(channel)).to_string()
}

/// `channel` is raw JSON. Without it the client gives the frame to all its channels.
fn error(out: &mut Vec<u8>, channel: Option<&str>, message: &str) {
    start(out, "error", None);
    if let Some(channel) = channel {
        out.extend_from_slice(b",\"options\":{\"channel\":");
        out.extend_from_slice(channel.as_bytes());
        out.push(b'}');
    }
    out.extend_from_slice(b",\"payload\":{\"message\":");
    push_text(out, message);
    out.extend_from_slice(b"}}");
}

#[cfg(test)]
mod tests;
