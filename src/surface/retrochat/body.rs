//! What a REST request carries besides its path: a JSON body, an idempotency key, a page, a caller.

use super::fields;
use crate::model::command::Page;
use crate::model::fault::{Fault, FaultCode};
use crate::model::session::Session;
use crate::surface::{Request, json};
use serde::Deserialize;

/// Items on a page where the request does not say.
const PAGE_SIZE: u32 = 50;
/// Items on a page at most.
const PAGE_SIZE_MAX: u32 = 100;

/// The body as a JSON object.
pub fn object<'a, T: Deserialize<'a>>(request: &Request<'a>) -> Result<T, Fault> {
    if !request.head.header_str("content-type").is_none_or(is_json) {
        return Err(Fault::new(
            FaultCode::InvalidRequest,
            "The body must be JSON: send Content-Type: application/json.",
        ));
    }
    json::object(request.body)
}

/// RFC 9110 section 8.3.1: the type is case-insensitive, and parameters may follow.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// The `Idempotency-Key` header.
pub fn idempotency_key(request: &Request<'_>) -> Result<Option<Box<str>>, Fault> {
    let Some(bytes) = request.head.header("idempotency-key") else {
        return Ok(None);
    };
    // What is not UTF-8 must not count as no key: the client believes that a repeat is harmless.
    fields::idempotency_key(std::str::from_utf8(bytes).unwrap_or_default()).map(Some)
}

/// `?page=` from 1 and `?limit=` up to 100, 50 unless told.
pub fn page(request: &Request<'_>) -> Result<Page, Fault> {
    page_or(request, PAGE_SIZE)
}

/// `?page=` from 1 and `?limit=` up to 100, and so many items where it is not told.
pub fn page_or(request: &Request<'_>, size: u32) -> Result<Page, Fault> {
    let number = |name: &str, default: u32| match request.head.query_value(name) {
        None => Some(default),
        Some(text) => text.parse::<u32>().ok().filter(|number| *number > 0),
    };
    match (number("page", 1), number("limit", size)) {
        (Some(number), Some(asked)) if asked <= PAGE_SIZE_MAX.max(size) => Ok(Page { number, size: asked }),
        _ => Err(Fault::new(
            FaultCode::InvalidRequest,
            "The parameters page and limit are numbers from 1; limit is at most 100.",
        )),
    }
}

/// Who asks.
pub fn caller<'a>(request: &Request<'a>) -> Result<&'a Session, Fault> {
    request.session.ok_or_else(|| Fault::new(FaultCode::Unauthenticated, "Authentication failed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::Limits;
    use crate::protocol::http::Method;
    use crate::surface::testing::with_head;

    fn with<T>(target: &str, fields: &[(&str, &str)], body: &str, read: impl FnOnce(&Request<'_>) -> T) -> T {
        with_head(Method::Post, target, fields, |head| {
            let (body, limits) = (body.as_bytes(), &Limits::default());
            read(&Request {
                head,
                parameters: &[],
                body,
                session: None,
                limits,
                public_url: "",
                words: &[],
                fresh: 0,
            })
        })
    }

    #[derive(Deserialize)]
    struct Anything {}

    #[test]
    fn a_body_is_a_json_object() {
        let read = |content_type: &str, body: &str| {
            with("/", &[("Content-Type", content_type)], body, |request| {
                object::<Anything>(request).map(|_| ()).map_err(|fault| fault.code)
            })
        };
        assert_eq!(read("application/json", "{}"), Ok(()));
        assert_eq!(read("Application/JSON; charset=utf-8", "{}"), Ok(()));
        assert_eq!(read("text/plain", "{}"), Err(FaultCode::InvalidRequest));
        assert_eq!(read("application/json", ""), Err(FaultCode::InvalidSyntax));
        assert_eq!(read("application/json", "[]"), Err(FaultCode::InvalidRequest));
        assert!(with("/", &[], "{}", |request| object::<Anything>(request).is_ok()));
    }

    #[test]
    fn pages_have_bounds() {
        let read = |target: &str| with(target, &[], "", |request| page(request).ok());
        assert_eq!(read("/"), Some(Page { number: 1, size: 50 }));
        assert_eq!(read("/?page=4294967295&limit=100"), Some(Page { number: u32::MAX, size: 100 }));
        for bad in
            ["/?page=0", "/?page=-1", "/?page=x", "/?page=4294967296", "/?limit=0", "/?limit=101", "/?limit="]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_caller_is_needed() {
        assert!(with("/", &[], "", |request| caller(request).is_err()));
    }
}
