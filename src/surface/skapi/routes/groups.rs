//! `/skapi/api/get-ws-group`: which groups there are, and who is in one of them.

use super::super::{faults, names};
use super::conditions::{Condition, by_name, by_size};
use crate::model::channel::ChannelName;
use crate::model::command::{Command, NodeCommand, RelayCommand};
use crate::model::fault::{Fault, FaultCode, FaultPlace};
use crate::model::relay::{
    GroupList, GroupQuery, GroupRange, GroupSize, MemberList, MemberQuery, Slice, Speaker,
};
use crate::model::reply::{RelayReply, Reply};
use crate::model::session::Scopes;
use crate::protocol::http::{Method, Response};
use crate::surface::json::{self, Text, push_number, push_text};
use crate::surface::{Endpoint, EndpointAccess, Request};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Entries of a list where the request does not say, and at most.
const LIMIT: (u32, u32) = (50, 1_000);

/// Bytes of the name of a service, which stands before each name in a list.
const SERVICE_BYTES_MAX: usize = 256;

/// Where a list goes on that has nothing more.
const END: &str = "\"end\"";

/// Both lists.
pub const LIST: Endpoint = Endpoint {
    method: Method::Post,
    path: "/skapi/api/get-ws-group",
    access: EndpointAccess::Scoped(Scopes::READ),
    decode: |request| decode(request),
    encode: |reply| match reply {
        Reply::Relay(RelayReply::Groups(list)) => groups(list),
        Reply::Relay(RelayReply::Members(list)) => members(list),
        _ => faults::mismatch(),
    },
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListRequest<'a> {
    #[serde(borrow)]
    service: Option<Text<'a>>,
    #[serde(borrow)]
    group: Option<Text<'a>>,
    #[serde(borrow, rename = "user_id")]
    user: Option<Text<'a>>,
    #[serde(borrow)]
    search_for: Option<Text<'a>>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(borrow)]
    condition: Option<Text<'a>>,
    #[serde(borrow)]
    range: Option<&'a RawValue>,
    #[serde(borrow)]
    limit: Option<&'a RawValue>,
    #[serde(borrow)]
    start_key: Option<&'a RawValue>,
    ascending: Option<bool>,
}

/// Where a list goes on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key<'a> {
    #[serde(borrow)]
    rid: Option<Text<'a>>,
    cnt: Option<u32>,
    #[serde(borrow)]
    uid: Option<Text<'a>>,
    #[serde(borrow)]
    cid: Option<Text<'a>>,
}

fn decode(request: &Request<'_>) -> Result<Command, Fault> {
    let mut body: ListRequest<'_> = json::object(request.body)?;
    let service = body.service.as_ref().map_or("", |service| &*service.0);
    if service.len() > SERVICE_BYTES_MAX || service.contains('#') {
        return Err(invalid("service", "must have at most 256 bytes, and no \"#\""));
    }
    let mut slice = Slice {
        ascending: body.ascending.unwrap_or(true),
        count_max: limit(body.limit)?,
        label: service.into(),
    };
    if body.start_key.is_some_and(|raw| raw.get() == END) {
        (slice.count_max, body.start_key) = (0, None);
    }
    match &body.group {
        Some(group) => {
            let query = member_query(&body, slice)?;
            Ok(RelayCommand::ListMembers { group: names::group(&group.0)?, query: Box::new(query) }.into())
        }
        None => {
            let query = group_query(&body, slice)?.into();
            Ok(NodeCommand::ListConnectionGroups { query }.into())
        }
    }
}

fn invalid(field: &'static str, what: &str) -> Fault {
    let fault = Fault::new(FaultCode::InvalidRequest, format!("\"{field}\" {what}."));
    fault.at(FaultPlace::Parameter(field))
}

fn limit(raw: Option<&RawValue>) -> Result<u32, Fault> {
    let (usual, max) = LIMIT;
    let Some(raw) = raw else { return Ok(usual) };
    let limit = raw.get().parse::<u32>().ok().filter(|limit| (1..=max).contains(limit));
    limit.ok_or_else(|| invalid("limit", "must be a whole number from 1 to 1000"))
}

fn member_query(body: &ListRequest<'_>, slice: Slice) -> Result<MemberQuery, Fault> {
    let user = body.user.as_ref().map(|user| names::user(&user.0)).transpose()?;
    let after = match key(body)? {
        None => None,
        Some(Key { uid: Some(uid), cid: Some(cid), rid: None, cnt: None }) => {
            let handle = names::handle(&cid.0).ok_or_else(unknown_key)?;
            let of_another = user.is_some_and(|user| *user != *uid.0);
            let speaker = Speaker { user: names::user(&uid.0).map_err(|_| unknown_key())?.into(), handle };
            Some((!of_another).then_some(speaker).ok_or_else(unknown_key)?)
        }
        Some(_) => return Err(unknown_key()),
    };
    Ok(MemberQuery { user: user.map(Into::into), after, slice })
}

fn group_query(body: &ListRequest<'_>, slice: Slice) -> Result<GroupQuery, Fault> {
    let condition = body.condition.as_ref().map(|condition| {
        let unknown = || invalid("condition", "must be one of >, >=, =, <, <=, !=, gt, gte, eq, lt, lte, ne");
        Condition::parse(&condition.0).ok_or_else(unknown)
    });
    let condition = condition.transpose()?;
    let range = match body.search_for.as_ref().map_or("group", |word| &*word.0) {
        "group" => {
            let text = |field, raw: Option<&RawValue>| match raw.map(|raw| json::read::<Text<'_>>(raw.get()))
            {
                None => Ok(None),
                Some(Ok(text)) => Ok(Some(text.0.into_owned())),
                Some(Err(_)) => Err(invalid(field, "must be a text where groups are searched by name")),
            };
            by_name(text("value", body.value)?, condition, text("range", body.range)?)
        }
        "number_of_users" => {
            let number = |field, raw: Option<&RawValue>| match raw.map(|raw| json::read::<f64>(raw.get())) {
                None => Ok(None),
                Some(Ok(number)) => Ok(Some(number)),
                Some(Err(_)) => Err(invalid(field, "must be a number where groups are searched by size")),
            };
            by_size(number("value", body.value)?, condition, number("range", body.range)?)
        }
        _ => return Err(invalid("searchFor", "must be \"group\" or \"number_of_users\"")),
    };
    let after = match (key(body)?, &range) {
        (None, _) => None,
        (Some(Key { rid: Some(rid), cnt: None, uid: None, cid: None }), GroupRange::Names { .. }) => {
            Some(GroupSize { size: 0, group: known(&rid.0)? })
        }
        (Some(Key { rid: Some(rid), cnt: Some(size), uid: None, cid: None }), GroupRange::Sizes { .. }) => {
            Some(GroupSize { size, group: known(&rid.0)? })
        }
        _ => return Err(unknown_key()),
    };
    if after.as_ref().is_some_and(|after| !range.has(after)) {
        return Err(unknown_key());
    }
    Ok(GroupQuery { range, after, slice })
}

fn known(name: &str) -> Result<ChannelName, Fault> {
    names::group(name).map_err(|_| unknown_key())
}

fn key<'a>(body: &ListRequest<'a>) -> Result<Option<Key<'a>>, Fault> {
    let Some(raw) = body.start_key else { return Ok(None) };
    json::object(raw.get().as_bytes()).map(Some).map_err(|_| unknown_key())
}

fn unknown_key() -> Fault {
    invalid("startKey", "must be one that was given with a part of this very list")
}

/// `{"list":[{"rid":"service#name","cnt":2}],"startKey":…,"endOfList":…}`
fn groups(list: &GroupList) -> Response {
    let by_size = matches!(list.query.range, GroupRange::Sizes { .. });
    answer(&list.items, list.more, &list.query.slice, |out, label, item| {
        out.extend_from_slice(b"{\"rid\":");
        push_labelled(out, label, item.group.suffix());
        if label.is_some() || by_size {
            out.extend_from_slice(b",\"cnt\":");
            push_number(out, item.size.into());
        }
        out.push(b'}');
    })
}

/// `{"list":[{"uid":"service#id","cid":"…="}],"startKey":…,"endOfList":…}`
fn members(list: &MemberList) -> Response {
    answer(&list.items, list.more, &list.query.slice, |out, label, item| {
        out.extend_from_slice(b"{\"uid\":");
        push_labelled(out, label, &item.user);
        out.extend_from_slice(b",\"cid\":\"");
        names::push_handle(out, item.handle);
        out.extend_from_slice(b"\"}");
    })
}

/// A list, and where it goes on: after its last entry, which is written once more without the service before its name.
fn answer<T>(
    items: &[T],
    more: bool,
    slice: &Slice,
    write: impl Fn(&mut Vec<u8>, Option<&str>, &T),
) -> Response {
    let mut out = Vec::with_capacity(64 + 64 * items.len());
    out.extend_from_slice(b"{\"list\":[");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(&mut out, Some(&slice.label), item);
    }
    out.extend_from_slice(b"],\"startKey\":");
    match items.last().filter(|_| more) {
        Some(last) => write(&mut out, None, last),
        None => out.extend_from_slice(END.as_bytes()),
    }
    out.extend_from_slice(if more { b",\"endOfList\":false}" } else { b",\"endOfList\":true}" });
    Response::json(200, out)
}

fn push_labelled(out: &mut Vec<u8>, label: Option<&str>, name: &str) {
    match label {
        Some(label) => push_text(out, &format!("{label}#{name}")),
        None => push_text(out, name),
    }
}

#[cfg(test)]
mod tests;
