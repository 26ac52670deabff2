//! `/WorldClientAPI/authenticate/…`.

use crate::base::secret::Secret;
use crate::model::command::{Command, LoginCommand};
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::{LoginReply, Reply};
use crate::protocol::http::{Method, Response};
use crate::surface::mdaemon::parameters::{Parameters, with};
use crate::surface::mdaemon::{credentials, faults, payload};
use crate::surface::{Endpoint, EndpointAccess, Request, json};
use serde::Serialize;

/// Logs in with a password.
pub const BASIC: Endpoint = Endpoint {
    method: Method::Post,
    path: "/WorldClientAPI/authenticate/basic",
    access: EndpointAccess::Proof,
    decode: |request| {
        check_size(request)?;
        with(request, log_in)
    },
    encode,
};

/// Ends the session.
pub const LOGOUT: Endpoint = Endpoint {
    method: Method::Post,
    path: "/WorldClientAPI/authenticate/logout",
    access: EndpointAccess::Proof,
    decode: log_out,
    encode,
};

/// Bytes of a body of one of these calls. Nobody has proved anything yet, so nobody may make the core read more.
const BODY_BYTES_MAX: usize = 16 << 10;

/// Whether a request is not too large for any of these calls.
///
/// # Errors
/// It is.
pub fn check_size(request: &Request<'_>) -> Result<(), Fault> {
    if request.body.len() > BODY_BYTES_MAX {
        let sentence = format!("The body of a login has at most {BODY_BYTES_MAX} bytes.");
        return Err(Fault::new(FaultCode::TooLarge, sentence));
    }
    Ok(())
}

/// The command of a login.
pub fn log_in(parameters: &Parameters<'_>) -> Result<Command, Fault> {
    let user = parameters.needed("user")?.into();
    let password = parameters.needed("password")?;
    Ok(LoginCommand::LogIn { user, password: Secret::new(password.as_bytes()) }.into())
}

/// The command of a logout.
pub fn log_out(request: &Request<'_>) -> Result<Command, Fault> {
    check_size(request)?;
    let session = credentials(request.head, request.body);
    let none = || Fault::new(FaultCode::InvalidRequest, "There is no session to end.");
    let session = session.filter(|session| !session.is_empty()).ok_or_else(none)?;
    Ok(LoginCommand::LogOut { session: Secret::new(session.as_bytes()) }.into())
}

#[derive(Serialize)]
struct LoggedIn<'a> {
    authed: bool,
    session: &'a str,
    csrf_token: &'a str,
    user: &'a str,
    remembered: bool,
}

/// What either is answered with.
pub fn encode(reply: &Reply) -> Response {
    match reply {
        Reply::Login(LoginReply::LoggedIn { session, companion, user }) => {
            let session = std::str::from_utf8(session.expose()).unwrap_or_default();
            let body = LoggedIn { authed: true, session, csrf_token: companion, user, remembered: false };
            let mut out = Vec::with_capacity(256);
            json::push_value(&mut out, &body);
            Response::json(200, out)
        }
        Reply::Done => payload::success(),
        _ => faults::mismatch(),
    }
}
