//! The documented envelope of REST bodies: `{"success":true,"data":…,"meta":…}` and
//! `{"success":false,"error":{"code":…,"message":…}}`.

use crate::model::command::Page;
use crate::protocol::http::Response;
use crate::surface::json;
use serde::Serialize;

#[derive(Serialize)]
struct Success<'a, D: Serialize + ?Sized> {
    success: bool,
    data: &'a D,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Meta>,
}

#[derive(Serialize)]
struct Meta {
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    total: u64,
}

#[derive(Serialize)]
struct Failure<'a> {
    success: bool,
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    code: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Deleted<I: Serialize> {
    id: I,
    deleted: bool,
}

/// One thing.
pub fn one<D: Serialize>(status: u16, data: &D) -> Response {
    written(status, &Success { success: true, data, meta: None })
}

/// A page of a list.
pub fn page<D: Serialize>(items: &[D], page: Page, total: u64) -> Response {
    let meta = Meta { page: Some(page.number), limit: Some(page.size), total };
    written(200, &Success { success: true, data: items, meta: Some(meta) })
}

/// A list that is short as a rule: as a page only if it is not all of it.
pub fn all<D: Serialize>(items: &[D], page: Page, total: u64) -> Response {
    if items.len() as u64 != total {
        return self::page(items, page, total);
    }
    whole(items)
}

/// A whole list.
pub fn whole<D: Serialize>(items: &[D]) -> Response {
    let meta = Meta { page: None, limit: None, total: items.len() as u64 };
    written(200, &Success { success: true, data: items, meta: Some(meta) })
}

/// A thing that is no more.
pub fn deleted<I: Serialize>(id: I) -> Response {
    one(200, &Deleted { id, deleted: true })
}

/// A fault.
pub fn fault(status: u16, code: &str, message: &str) -> Response {
    written(status, &Failure { success: false, error: Error { code, message } })
}

fn written<T: Serialize>(status: u16, value: &T) -> Response {
    let mut body = Vec::with_capacity(256);
    json::push_value(&mut body, value);
    Response::json(status, body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::testing::shown;

    #[test]
    fn envelopes_have_the_documented_shape() {
        assert_eq!(shown(&one(201, &1)), (201, r#"{"success":true,"data":1}"#.into()));
        assert_eq!(
            shown(&page(&[1, 2], Page { number: 3, size: 2 }, 9)),
            (200, r#"{"success":true,"data":[1,2],"meta":{"page":3,"limit":2,"total":9}}"#.into())
        );
        let some = Page { number: 1, size: 1 };
        let whole = r#"{"success":true,"data":["a"],"meta":{"total":1}}"#;
        assert_eq!(shown(&all(&["a"], some, 1)), (200, whole.into()));
        assert_eq!(shown(&all(&["a"], some, 2)), shown(&page(&["a"], some, 2)));
        assert_eq!(
            shown(&deleted("room_1")),
            (200, r#"{"success":true,"data":{"id":"room_1","deleted":true}}"#.into())
        );
    }
}
