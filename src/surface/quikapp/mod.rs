//! The QuikApp API: calls, huddles, presence, devices and what programs reach each other by. See
//! `docs/protocol/quikapp.md`.

mod acts;
mod answer;
mod body;
mod carried;
mod dialect;
mod encode;
mod events;
mod faults;
pub mod frame;
mod names;
mod object;
mod payload;
mod query;
mod reasons;
mod routes;

use super::node::health;
use super::{Choices, Dialect, Endpoint, EndpointAccess, Language, Socket, Subprotocol, Surface};
use crate::model::session::Scopes;
use crate::protocol::http::Head;
use crate::protocol::websocket::upgrade::protocols;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use routes::{calls, conversations, devices, huddles, presence, recordings, signaling};
use std::borrow::Cow;

/// The endpoints, each below every base: the published base and the paths of the pages both say `/api`, and what comes
/// of joining them is served as well as either.
macro_rules! below_every_base {
    ($($path:literal: $endpoint:expr),* $(,)?) => {
        &[
            at("/recordings/{call_id}/{file}", recordings::FETCH),
            at("/api/realtime/health", health::HEALTH),
            at("/api/realtime/health/ready", health::READY),
            at("/api/realtime/health/live", health::LIVE),
            $(
                at(concat!("/api", $path), $endpoint),
                at(concat!("/api/realtime", $path), $endpoint),
                at(concat!("/api/realtime/api", $path), $endpoint),
            )*
        ]
    };
}

/// The surface.
pub static SURFACE: Surface = Surface {
    name: "quikapp",
    prefixes: &["/api", "/socket", "/recordings"],
    credentials,
    secret_parameters: &["token", "auth_token"],
    ignores_last_slash: false,
    endpoints: below_every_base![
        "/calls/{call_id}/invite": calls::INVITE,
        "/calls/{call_id}/participants": calls::PARTICIPANTS,
        "/calls/{call_id}/ice-servers": calls::ICE_SERVERS,
        "/calls/{call_id}/recording/start": calls::START_RECORDING,
        "/calls/{call_id}/recording/stop": calls::STOP_RECORDING,
        "/calls/{call_id}/recording/status": calls::RECORDING,
        "/recordings": recordings::LIST,
        "/recordings/{recording_id}": recordings::GET,
        "/recordings/{recording_id}": recordings::DELETE,
        "/recordings/{recording_id}/download": recordings::DOWNLOAD,
        "/huddles": huddles::CREATE,
        "/huddles/{huddle_id}": huddles::GET,
        "/huddles/{huddle_id}/invite": huddles::INVITE,
        "/huddles/{huddle_id}/join": huddles::JOIN,
        "/huddles/{huddle_id}/leave": huddles::LEAVE,
        "/presence/{user_id}": presence::USER,
        "/presence/online": presence::ONLINE,
        "/presence/typing/{conversation_id}": presence::TYPING,
        "/devices": devices::REGISTER,
        "/devices": devices::LIST,
        "/devices/{device_id}": devices::UNREGISTER,
        "/devices/{device_id}/token": devices::TOKEN,
        "/devices/{device_id}/heartbeat": devices::HEARTBEAT,
        "/signaling/ice-config": signaling::ICE_CONFIG,
        "/signaling/turn-credentials": signaling::TURN_CREDENTIALS,
        "/conversations/{conversation_id}": conversations::PUT,
        "/conversations/{conversation_id}": conversations::GET,
        "/conversations/{conversation_id}": conversations::DELETE,
    ],
    sockets: &[socket("/socket"), socket("/socket/websocket")],
    encode_fault: faults::encode_http,
};

const fn at(path: &'static str, endpoint: Endpoint) -> Endpoint {
    Endpoint { path, ..endpoint }
}

/// What is spoken in version 2.
pub static DIALECT_V2: Dialect = Dialect {
    index: 2,
    decode: dialect::decode_v2,
    encode_reply: encode::reply_v2,
    encode_push: encode::push_v2,
    encode_notice: |_, _| {},
    closes_at_end: false,
    returns_once: false,
};

/// What is spoken in version 1, and by whoever names no version.
pub static DIALECT_V1: Dialect = Dialect {
    index: 3,
    decode: dialect::decode_v1,
    encode_reply: encode::reply_v1,
    encode_push: encode::push_v1,
    encode_notice: |_, _| {},
    closes_at_end: false,
    returns_once: false,
};

/// By what `vsn` says.
static LANGUAGES: &[(&str, Language)] =
    &[("1.0.0", Language::Dialect(&DIALECT_V1)), ("2.0.0", Language::Dialect(&DIALECT_V2))];

const fn socket(path: &'static str) -> Socket {
    Socket {
        choices: Choices { parameter: "vsn", languages: LANGUAGES },
        protocol: Subprotocol::Named("phoenix"),
        device: Some(device),
        encode_refusal: Some(faults::encode_upgrade),
        ..Socket::open(path, EndpointAccess::Scoped(Scopes::READ), Language::Dialect(&DIALECT_V1))
    }
}

/// Bytes of a device's name as others are shown it.
const DEVICE_BYTES_MAX: usize = 128;

/// `platform:device_id` of the parameters.
fn device(head: &Head<'_>, fresh: u64) -> String {
    let shown = |name: &str| {
        let value = head.query_value(name)?;
        let fits = (1..=DEVICE_BYTES_MAX).contains(&value.len()) && !value.chars().any(char::is_control);
        fits.then(|| value.into_owned())
    };
    let platform = shown("platform").unwrap_or_else(|| "web".to_owned());
    let id = shown("device_id").unwrap_or_else(|| format!("{fresh:016x}"));
    format!("{platform}:{id}")
}

/// What the subprotocol that carries a token begins with.
const TOKEN_PROTOCOL: &str = "base64url.bearer.phx.";

/// `Authorization: Bearer …`; on a socket also the parameters `token` and `auth_token`, and the subprotocol of phoenix.js.
fn credentials<'a>(head: &Head<'a>, _: &'a [u8]) -> Option<Cow<'a, str>> {
    let bearer = head.bearer().map(Cow::Borrowed);
    if bearer.is_some() || !head.path.starts_with("/socket") {
        return bearer;
    }
    let parameter = head.query_value("token").or_else(|| head.query_value("auth_token"));
    parameter.or_else(|| protocol_token(head).map(Cow::Owned))
}

fn protocol_token(head: &Head<'_>) -> Option<String> {
    let encoded = protocols(head).find_map(|name| name.strip_prefix(TOKEN_PROTOCOL))?;
    // The client takes the standard alphabet, whatever the word before says, and strips the padding.
    let standard = encoded.trim_end_matches('=').replace('-', "+").replace('_', "/");
    let token = STANDARD_NO_PAD.decode(standard).ok()?;
    String::from_utf8(token).ok()
}
