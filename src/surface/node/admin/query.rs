//! What the parameters of a query say.

use crate::base::ids::CoreId;
use crate::model::admin::Cursor;
use crate::model::command::Page;
use crate::model::fault::{Fault, FaultCode};
use crate::surface::Request;

/// Items where the request does not say how many.
const SIZE: u32 = 100;
/// Items at most.
pub const SIZE_MAX: u32 = 1_000;

/// `?limit=`, from 1 to 1000.
pub fn size(request: &Request<'_>) -> Result<u32, Fault> {
    let Some(text) = request.head.query_value("limit") else { return Ok(SIZE) };
    number(&text).filter(|size| (1..=SIZE_MAX).contains(size)).ok_or_else(|| {
        Fault::new(
            FaultCode::InvalidRequest,
            format!("The parameter limit is a number from 1 to {SIZE_MAX}."),
        )
    })
}

/// `?from=`: the `next` of the listing before.
pub fn from(request: &Request<'_>) -> Result<Cursor, Fault> {
    let Some(text) = request.head.query_value("from") else { return Ok(Cursor::START) };
    let cursor = text.split_once('.').and_then(|(core, place)| {
        Some(Cursor { core: CoreId(u16::try_from(number(core)?).ok()?), place: number(place)? })
    });
    cursor.ok_or_else(|| {
        let sentence = "The parameter from is the \"next\" of the listing before, as it was given.";
        Fault::new(FaultCode::InvalidRequest, sentence)
    })
}

/// `?page=` from 1, and `?limit=`.
pub fn page(request: &Request<'_>) -> Result<Page, Fault> {
    let size = size(request)?;
    let page = request.head.query_value("page");
    let page = page.map_or(Some(1), |text| number(&text)).filter(|page| *page > 0);
    let number =
        page.ok_or_else(|| Fault::new(FaultCode::InvalidRequest, "The parameter page is a number from 1."))?;
    Ok(Page { number, size })
}

/// A number in digits only: what `parse` takes beside them, a sign, is no part of it.
pub fn number(text: &str) -> Option<u32> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_digits)
}
