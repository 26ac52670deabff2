//! What a body is: a form, or a JSON object, which may also come in base64 as the field `request` of a form or query.

use super::form::Form;
use crate::model::fault::{Fault, FaultCode, FaultPlace};
use crate::protocol::http::Head;
use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memchr2;
use std::borrow::Cow;

/// A body by its type.
pub enum FormOrJson<'a> {
    /// There is none.
    Empty,
    /// `application/x-www-form-urlencoded`.
    Form(Form<'a>),
    /// `application/json`, not read yet.
    Json(&'a [u8]),
}

impl<'a> FormOrJson<'a> {
    /// The body of a request.
    ///
    /// # Errors
    /// It is of a type that is not served.
    pub fn of(head: &Head<'a>, body: &'a [u8]) -> Result<Self, Fault> {
        let looks_like_json = || body.trim_ascii_start().starts_with(b"{");
        match essence(head) {
            _ if body.trim_ascii().is_empty() => Ok(Self::Empty),
            Some(essence) if essence.eq_ignore_ascii_case("application/json") => Ok(Self::Json(body)),
            // No form begins so, but what tools send as a form that were not told what it is.
            Some(essence) if essence.eq_ignore_ascii_case(FORM) && looks_like_json() => Ok(Self::Json(body)),
            Some(essence) if essence.eq_ignore_ascii_case(FORM) => Ok(Self::Form(Form::new(body))),
            Some(_) => Err(Fault::new(
                FaultCode::InvalidRequest,
                "The body must be JSON or a form: send Content-Type: application/json.",
            )),
            // Whoever does not say what it sends means what it looks like.
            None if looks_like_json() => Ok(Self::Json(body)),
            None => Ok(Self::Form(Form::new(body))),
        }
    }
}

/// The value of a field, if the body is a form.
pub fn form_value<'a>(head: &Head<'a>, body: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    if !essence(head).is_some_and(|essence| essence.eq_ignore_ascii_case(FORM)) {
        return None;
    }
    Form::new(body).value(name)
}

/// The JSON of a field `request`. Encoders break it into lines (RFC 2045 section 6.8), and clients forget to escape it, so
/// a `+` may have become a space; both alphabets do.
///
/// # Errors
/// It is not base64.
pub fn unpacked(request: Cow<'_, str>) -> Result<Vec<u8>, Fault> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let mut text = request.into_owned().into_bytes();
    text.retain(|byte| !matches!(byte, b'\r' | b'\n' | b'\t'));
    text.iter_mut().filter(|byte| **byte == b' ').for_each(|byte| *byte = b'+');
    let alphabet = if memchr2(b'-', b'_', &text).is_some() { &URL_SAFE } else { &STANDARD };
    GeneralPurpose::new(alphabet, LENIENT).decode(text).map_err(|_| {
        let fault =
            Fault::new(FaultCode::InvalidRequest, "The field request must be a JSON object in base64.");
        fault.at(FaultPlace::Parameter("request"))
    })
}

const FORM: &str = "application/x-www-form-urlencoded";

/// RFC 9110 section 8.3.1: the type is case-insensitive, and parameters may follow.
fn essence<'a>(head: &Head<'a>) -> Option<&'a str> {
    let given = head.header_str("content-type")?;
    given.split(';').next().map(str::trim)
}
