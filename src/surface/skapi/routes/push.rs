//! `/skapi/api/…`: notifications for browsers that are not connected, by Web Push.

use super::super::{faults, names};
use crate::model::command::{Command, PushDraft, WebPushCommand};
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::Reply;
use crate::model::session::Scopes;
use crate::model::web_push::{Endpoint as Target, PushAudience, PushKeys, Urgency};
use crate::protocol::http::{Method, Response};
use crate::surface::{Endpoint, EndpointAccess, json};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Stands for all users among their ids.
const EVERYBODY: &str = "all_users";

/// By which key push services know this node.
pub const GET_KEY: Endpoint = Endpoint {
    method: Method::Post,
    path: "/skapi/api/get-vapid-public-key",
    access: EndpointAccess::Scoped(Scopes::READ),
    decode: |_| Ok(Command::Core(WebPushCommand::GetKey.into())),
    encode: |reply| match reply {
        Reply::WebPushKey(key) => {
            let mut body = Vec::with_capacity(96);
            json::push_text(&mut body, key);
            Response::json(200, body)
        }
        _ => faults::mismatch(),
    },
};

/// Sends the user's notifications there from now on.
pub const SUBSCRIBE: Endpoint = Endpoint {
    method: Method::Post,
    path: "/skapi/api/store-subscription",
    access: EndpointAccess::Scoped(Scopes::WRITE),
    decode: |request| {
        let (endpoint, keys) = subscription(request.body)?;
        Ok(Command::Core(WebPushCommand::Subscribe { endpoint, keys }.into()))
    },
    encode: done,
};

/// Sends no more there.
pub const UNSUBSCRIBE: Endpoint = Endpoint {
    path: "/skapi/api/delete-subscription",
    decode: |request| {
        let (endpoint, keys) = subscription(request.body)?;
        Ok(Command::Core(WebPushCommand::Unsubscribe { endpoint, keys }.into()))
    },
    ..SUBSCRIBE
};

/// Sends a notification to some users or to all.
pub const NOTIFY: Endpoint = Endpoint {
    path: "/skapi/api/push-notification",
    access: EndpointAccess::Scoped(Scopes::ADMIN),
    decode: |request| {
        let Notify { title, body, user_ids } = json::object(request.body)?;
        let (audience, draft) = (audience(user_ids)?, Box::new(draft(&title, &body)));
        Ok(Command::Core(WebPushCommand::Send { audience, draft }.into()))
    },
    ..SUBSCRIBE
};

/// A subscription, as a browser gives it.
#[derive(Deserialize)]
struct Subscription {
    endpoint: String,
    keys: Keys,
}

#[derive(Deserialize)]
struct Keys {
    p256dh: String,
    auth: String,
}

#[derive(Deserialize)]
struct Notify<'a> {
    title: String,
    body: String,
    #[serde(borrow, default, deserialize_with = "given")]
    user_ids: Option<&'a RawValue>,
}

/// Whatever is given, be it `null`: a list that a program failed to make is not everybody.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(value).map(Some)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum UserIds {
    One(String),
    Several(Vec<String>),
}

/// What a page's service worker gets.
#[derive(Serialize)]
struct Notification<'a> {
    title: &'a str,
    body: &'a str,
}

fn subscription(body: &[u8]) -> Result<(Target, PushKeys), Fault> {
    let Subscription { endpoint, keys } = json::object(body)?;
    let keys = PushKeys::parse(&keys.p256dh, &keys.auth).map_err(|(field, wanted)| wrong(field, wanted))?;
    // Whether this node may call it is judged where its settings are known.
    let endpoint = Target::parse(&endpoint, true).map_err(|wanted| wrong("endpoint", wanted))?;
    Ok((endpoint, keys))
}

/// A notification as a message.
fn draft(title: &str, body: &str) -> PushDraft {
    let mut payload = Vec::new();
    json::push_value(&mut payload, &Notification { title, body });
    PushDraft { payload: payload.into(), urgency: Urgency::Normal, collapse_key: None }
}

/// Nobody named is everybody.
fn audience(user_ids: Option<&RawValue>) -> Result<PushAudience, Fault> {
    let Some(user_ids) = user_ids else { return Ok(PushAudience::Everybody) };
    let users: BTreeSet<String> = match json::read(user_ids.get()) {
        Ok(UserIds::One(user)) => BTreeSet::from([user]),
        Ok(UserIds::Several(users)) => users.into_iter().collect(),
        Err(_) => BTreeSet::new(),
    };
    // The library makes a list of the word where a page gives it.
    if users.contains(EVERYBODY) {
        return Ok(PushAudience::Everybody);
    }
    if users.is_empty() {
        return Err(wrong(
            "user_ids",
            "must be \"all_users\", a user's id or a list of at most 10,000 of them",
        ));
    }
    users.iter().try_for_each(|user| names::user(user).map(drop))?;
    Ok(PushAudience::Users(users.into_iter().map(Arc::from).collect()))
}

fn done(reply: &Reply) -> Response {
    match reply {
        Reply::Done => Response::json(200, b"{}".to_vec()),
        _ => faults::mismatch(),
    }
}

fn wrong(field: &'static str, wanted: &str) -> Fault {
    Fault::new(FaultCode::InvalidRequest, format!("{field} {wanted}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::command::CoreCommand;
    use crate::surface::testing::decode;

    fn asked(endpoint: &Endpoint, body: &str) -> Result<WebPushCommand, Fault> {
        match decode(endpoint, endpoint.path, &[], body)? {
            Command::Core(CoreCommand::WebPush(command)) => Ok(command),
            other => panic!("{other:?}"),
        }
    }

    fn users(names: &[&str]) -> PushAudience {
        PushAudience::Users(names.iter().map(|name| Arc::from(*name)).collect())
    }

    #[test]
    fn a_notification_is_for_one_several_or_all_each_once() {
        for (ids, expected) in [
            ("", PushAudience::Everybody),
            (r#","user_ids":"all_users""#, PushAudience::Everybody),
            (r#","user_ids":["all_users"]"#, PushAudience::Everybody),
            (r#","user_ids":"ada""#, users(&["ada"])),
            (r#","user_ids":["bob","ada","bob"]"#, users(&["ada", "bob"])),
        ] {
            let body = format!(r#"{{"service":"s","owner":"o","title":"T \"é\"","body":"B"{ids}}}"#);
            let Ok(WebPushCommand::Send { audience, draft }) = asked(&NOTIFY, &body) else {
                panic!("{body}")
            };
            assert_eq!(audience, expected);
            assert_eq!(std::str::from_utf8(&draft.payload), Ok(r#"{"title":"T \"é\"","body":"B"}"#));
        }
        for body in [
            r#"{"title":"T"}"#,
            r#"{"title":1,"body":"B"}"#,
            r#"{"title":"T","body":"B","user_ids":null}"#,
            r#"{"title":"T","body":"B","user_ids":[]}"#,
            r#"{"title":"T","body":"B","user_ids":[1]}"#,
            r#"{"title":"T","body":"B","user_ids":{}}"#,
            r#"{"title":"T","body":"B","user_ids":""}"#,
            r#"{"title":"T","body":"B","user_ids":["ada",""]}"#,
            r#"{"title":"T","body":"B","user_ids":["a\u0000"]}"#,
            "[]",
        ] {
            let fault = asked(&NOTIFY, body).unwrap_err();
            assert_eq!(fault.code, FaultCode::InvalidRequest, "{body}");
            assert!(!fault.message.contains("UserIds"), "{}", fault.message);
        }
    }
}
