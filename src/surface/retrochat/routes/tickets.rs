//! `/v1/tickets`: words that open one WebSocket, once and within half a minute, and may stand in its URL.

use crate::base::time::rfc3339;
use crate::model::command::LoginCommand;
use crate::model::reply::{LoginReply, Reply};
use crate::model::session::Scopes;
use crate::protocol::http::Method;
use crate::surface::retrochat::envelope;
use crate::surface::retrochat::faults::mismatch;
use crate::surface::{Endpoint, EndpointAccess};
use serde::Serialize;

/// Gives a ticket to the caller, who opens a socket as itself with it.
pub const CREATE: Endpoint = Endpoint {
    method: Method::Post,
    path: "/v1/tickets",
    access: EndpointAccess::Scoped(Scopes::READ),
    decode: |_| Ok(LoginCommand::GiveVoucher.into()),
    encode: |reply| match reply {
        Reply::Login(LoginReply::Voucher { voucher, expires_ms }) => {
            let ticket = std::str::from_utf8(voucher.expose()).unwrap_or_default();
            envelope::one(201, &Ticket { ticket, expires_at: rfc3339(*expires_ms) })
        }
        _ => mismatch(),
    },
};

#[derive(Serialize)]
struct Ticket<'a> {
    ticket: &'a str,
    expires_at: String,
}
