//! `/.well-known/acme-challenge`: what an authority of certificates asks for to see that a name is this node's.

use super::faults::mismatch;
use crate::model::command::ConnectionCommand;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::{ConnectionReply, Reply};
use crate::protocol::http::{Method, Response};
use crate::surface::{Endpoint, EndpointAccess};

/// The word of a token, while there is one.
pub const CHALLENGE: Endpoint = Endpoint {
    method: Method::Get,
    path: "/.well-known/acme-challenge/{token}",
    access: EndpointAccess::Open,
    decode: |request| {
        let token = request.parameter("token");
        let word = request.words.iter().find(|(known, _)| **known == *token);
        let (_, word) = word.ok_or_else(|| {
            Fault::new(FaultCode::NotFound, "No authority of certificates was given this token.")
        })?;
        Ok(ConnectionCommand::Show { document: word.clone() }.into())
    },
    encode: |reply| match reply {
        Reply::Connection(ConnectionReply::Shown { document }) => Response {
            status: 200,
            content_type: "application/octet-stream",
            body: document.as_bytes().to_vec(),
        },
        _ => mismatch(),
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::testing::decode;

    #[test]
    fn a_token_has_its_word_and_others_have_none() {
        let path = |token: &str| format!("/.well-known/acme-challenge/{token}");
        let document = "a-token.proof".into();
        let shown = decode(&CHALLENGE, &path("a-token"), &[], "");
        assert_eq!(shown, Ok(ConnectionCommand::Show { document }.into()));
        let fault = decode(&CHALLENGE, &path("another"), &[], "").expect_err("there is none");
        assert_eq!(fault.code, FaultCode::NotFound);
        let response =
            (CHALLENGE.encode)(&Reply::Connection(ConnectionReply::Shown { document: "a.b".into() }));
        assert_eq!((response.status, &*response.body), (200, &b"a.b"[..]));
    }
}
