//! `/admin/channels`.

use super::{listed, query, shown};
use crate::base::time::rfc3339;
use crate::model::admin::{AdminReply, ChannelInfo};
use crate::model::channel::ChannelName;
use crate::model::command::{AdminCommand, NodeCommand};
use crate::model::publication::{ArchivedBody, ArchivedPublication};
use crate::model::reply::{ChannelReply, Reply};
use crate::model::session::Scopes;
use crate::protocol::http::{Method, Response};
use crate::surface::node::faults::mismatch;
use crate::surface::{Endpoint, EndpointAccess, Request, json};
use serde::Serialize;
use serde_json::value::RawValue;

/// The open channels.
pub const LIST: Endpoint = Endpoint {
    method: Method::Get,
    path: "/admin/channels",
    access: EndpointAccess::Scoped(Scopes::ADMIN),
    decode: |request| {
        let prefix = request.head.query_value("prefix").unwrap_or_default().as_ref().into();
        let (from, size) = (query::from(request)?, query::size(request)?);
        Ok(NodeCommand::ListChannels { prefix, from, size }.into())
    },
    encode,
};

/// One channel.
pub const GET: Endpoint = Endpoint {
    path: "/admin/channels/{channel}",
    decode: |request| Ok(AdminCommand::GetChannel { channel: named(request) }.into()),
    ..LIST
};

/// Who is there.
pub const MEMBERS: Endpoint = Endpoint {
    path: "/admin/channels/{channel}/members",
    decode: |request| {
        let page = query::page(request)?;
        Ok(AdminCommand::ListMembers { channel: named(request), page }.into())
    },
    ..LIST
};

/// What is kept.
pub const HISTORY: Endpoint = Endpoint {
    path: "/admin/channels/{channel}/history",
    decode: |request| {
        let count_max = query::size(request)?;
        Ok(AdminCommand::ListHistory { channel: named(request), count_max }.into())
    },
    ..LIST
};

/// Deletes what is kept.
pub const PURGE: Endpoint = Endpoint {
    method: Method::Delete,
    path: "/admin/channels/{channel}/history",
    decode: |request| Ok(AdminCommand::Purge { channel: named(request) }.into()),
    ..LIST
};

fn named(request: &Request<'_>) -> ChannelName {
    ChannelName::new(request.parameter("channel"))
}

#[derive(Serialize)]
struct Channel<'a> {
    name: &'a str,
    epoch: String,
    offset: u64,
    subscriptions: u64,
    members: u64,
    publications: u64,
    history_bytes: u64,
}

impl<'a> Channel<'a> {
    fn of(info: &'a ChannelInfo) -> Self {
        Self {
            name: info.name.as_str(),
            // Beyond the numbers that JavaScript has exactly.
            epoch: info.position.epoch.to_string(),
            offset: info.position.offset,
            subscriptions: info.subscriptions,
            members: info.members,
            publications: info.publications,
            history_bytes: info.history_bytes,
        }
    }
}

#[derive(Serialize)]
struct Members<'a> {
    items: Vec<Member<'a>>,
    page: u32,
    limit: u32,
    total: u64,
}

#[derive(Serialize)]
struct Member<'a> {
    id: &'a str,
    user: &'a str,
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct History<'a> {
    items: Vec<Kept<'a>>,
}

#[derive(Serialize)]
struct Kept<'a> {
    offset: u64,
    time: String,
    publisher: &'a str,
    kind: &'static str,
    /// What was said, where it is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    /// What was said, where it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

#[derive(Serialize)]
struct Purged {
    deleted: u64,
}

impl<'a> Kept<'a> {
    fn of(publication: &'a ArchivedPublication) -> Self {
        let (kind, value, text) = match &publication.body {
            ArchivedBody::Data { json } => ("data", Some(json), None),
            ArchivedBody::ClientMessage { json, .. } => ("client_message", Some(json), None),
            ArchivedBody::Event { json, .. } => ("event", Some(json), None),
            ArchivedBody::MessageCreated { content, .. } | ArchivedBody::MessageRewritten { content, .. } => {
                ("message", None, Some(content))
            }
            ArchivedBody::MessageUpdated { content, .. } => ("message_updated", None, Some(content)),
            ArchivedBody::MessageDeleted { .. } => ("message_deleted", None, None),
            ArchivedBody::MessageTouched { .. } => ("message_touched", None, None),
            ArchivedBody::RoomCreated { .. } => ("room_created", None, None),
            ArchivedBody::RoomUpdated { .. } => ("room_updated", None, None),
            ArchivedBody::RoomDeleted { .. } => ("room_deleted", None, None),
            ArchivedBody::MeetingMessage { .. } => ("meeting_message", None, None),
            ArchivedBody::MeetingEnded { .. } => ("meeting_ended", None, None),
            ArchivedBody::MeetingCleared => ("meeting_cleared", None, None),
            ArchivedBody::UserOnline => ("user_online", None, None),
            ArchivedBody::UserOffline => ("user_offline", None, None),
            ArchivedBody::UserUpdated { .. } => ("user_updated", None, None),
        };
        Self {
            offset: publication.offset.to_native(),
            time: rfc3339(publication.time_ms.to_native()),
            publisher: &publication.publisher,
            kind,
            data: value.and_then(|json| json::read::<&RawValue>(json).ok()),
            text: text.map(|text| text.as_str()),
        }
    }
}

fn encode(reply: &Reply) -> Response {
    match reply {
        Reply::Admin(reply) => match &**reply {
            AdminReply::Channels(listing) => listed(listing, Channel::of),
            AdminReply::Channel(info) => shown(&Channel::of(info)),
            AdminReply::History(publications) => {
                let items = publications.iter().map(|bytes| Kept::of(bytes.view())).collect();
                shown(&History { items })
            }
            AdminReply::Purged(deleted) => shown(&Purged { deleted: *deleted }),
            _ => mismatch(),
        },
        Reply::Channel(ChannelReply::Members { items, page, total }) => {
            let members = items.iter().map(|session| Member {
                id: session.member(),
                user: &session.user,
                name: session.name.as_deref(),
            });
            let (page, limit) = (page.number, page.size);
            shown(&Members { items: members.collect(), page, limit, total: *total })
        }
        _ => mismatch(),
    }
}
