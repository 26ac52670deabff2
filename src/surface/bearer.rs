//! Credentials among the subprotocols that a client offers: a page can set nothing else of the request that opens a
//! WebSocket, and what stands in a URL ends up in logs.
//!
//! `bearer.` and the credential in base64 for URLs (RFC 4648 section 5), without padding, because not every credential is a
//! token as RFC 9110 has it.

use crate::protocol::http::Head;
use crate::protocol::websocket::upgrade::protocols;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::borrow::Cow;

/// What stands before the credential.
const PREFIX: &str = "bearer.";

/// The first credential that is offered with an upgrade. One that cannot be read comes as no credential has it.
pub fn offered<'a>(head: &Head<'a>) -> Option<Cow<'a, str>> {
    head.header("upgrade")?;
    let offered = protocols(head).find_map(|name| name.strip_prefix(PREFIX))?;
    let decoded = URL_SAFE_NO_PAD.decode(offered).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    Some(decoded.filter(|text| !text.is_empty()).map_or(Cow::Borrowed(PREFIX), Cow::Owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::http::Method;
    use crate::surface::testing::with_head;

    fn found(fields: &[(&str, &str)]) -> Option<String> {
        with_head(Method::Get, "/", fields, |head| offered(head).map(Cow::into_owned))
    }

    #[test]
    fn a_credential_is_offered_beside_the_protocol() {
        let upgrade = ("Upgrade", "websocket");
        let with = |offer: &str| found(&[upgrade, ("Sec-WebSocket-Protocol", offer)]);
        assert_eq!(with("corecast.v1, bearer.cmNfYWRh").as_deref(), Some("rc_ada"));
        assert_eq!(with("bearer.YS5iLmM,corecast.v1,bearer.eA").as_deref(), Some("a.b.c"));
        let lines = [upgrade, ("Sec-WebSocket-Protocol", "x"), ("Sec-WebSocket-Protocol", "bearer.eA")];
        assert_eq!(found(&lines).as_deref(), Some("x"));
        assert_eq!(with("corecast.v1"), None);
        assert_eq!(found(&[("Sec-WebSocket-Protocol", "bearer.eA")]), None, "this opens nothing");
        for bad in ["bearer.", "bearer.eA==", "bearer.%%", "bearer.a.b.c", "bearer._w"] {
            assert_eq!(with(bad).as_deref(), Some(PREFIX), "{bad}");
        }
        assert_eq!(with("Bearer.eA"), None, "names are case-sensitive");
    }
}
