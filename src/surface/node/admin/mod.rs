//! `/admin`: what an operator sees and does. Each file is a noun.

pub mod channels;
pub mod connections;
mod query;
pub mod settings;
pub mod stats;
pub mod users;

use crate::model::admin::{Cursor, Listing};
use crate::protocol::http::Response;
use crate::surface::json;
use serde::Serialize;

#[derive(Serialize)]
struct Listed<T> {
    items: Vec<T>,
    /// Where the listing goes on; null at its end.
    next: Option<String>,
}

/// A listing with its items as they are shown.
fn listed<'a, T, S: Serialize>(listing: &'a Listing<T>, show: impl Fn(&'a T) -> S) -> Response {
    let next = listing.next.map(|Cursor { core, place }| format!("{}.{place}", core.0));
    let items = listing.items.iter().map(|(_, item)| show(item)).collect();
    shown(&Listed { items, next })
}

fn shown<T: Serialize>(value: &T) -> Response {
    let mut body = Vec::new();
    json::push_value(&mut body, value);
    Response::json(200, body)
}
