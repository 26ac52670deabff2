//! Requests as the access log tells them, where the operator wants one: never with what bodies hold, and without credentials.

pub mod record;

use self::record::{AccessRecord, Asked};
use super::connections::expect::Answering;
use super::edge::Edge;
use crate::base::ids::ConnectionId;
use crate::model::session::Session;
use crate::protocol::http::{Head, PartialHead, forwarded};
use crate::surface::router::Router;
use std::net::IpAddr;

/// Bytes that are told of a method; all that there are, are shorter.
const METHOD_BYTES_MAX: usize = 16;

/// Bytes that are told of a path, and of a query.
const TARGET_BYTES_MAX: usize = 512;

/// Bytes of a value in a query that may be a key, whatever its name: it is not told.
const KEY_BYTES_MIN: usize = 16;

/// What the access log needs of a request, if there is one.
pub(in crate::shard) fn asked(edge: &Edge, id: ConnectionId, head: &Head<'_>) -> Option<Box<Asked>> {
    edge.setup.access_log.then(|| {
        Box::new(Asked {
            address: client(edge, id, head),
            user: None,
            method: cut(head.method_name, METHOD_BYTES_MAX).into(),
            target: target(&edge.setup.router, head),
            at_us: edge.now.monotonic_us,
        })
    })
}

/// The client that a request counts for, also where it has no place for the connection.
fn client(edge: &Edge, id: ConnectionId, head: &Head<'_>) -> Option<IpAddr> {
    let named = is_proxied(edge, id).then(|| forwarded::client(head, |address| edge.setup.trusts(address)));
    named.flatten().or_else(|| edge.connections.address(id))
}

/// Whether a connection is a trusted proxy's, which speaks for others.
fn is_proxied(edge: &Edge, id: ConnectionId) -> bool {
    edge.connections.get(id).is_some_and(|connection| connection.flags.proxied)
}

/// The same of a request that is refused before its head is whole, or because it cannot be read: what is known of its path.
pub(in crate::shard) fn asked_in_part(
    edge: &Edge,
    id: ConnectionId,
    partial: Option<&PartialHead>,
) -> Option<Box<Asked>> {
    edge.setup.access_log.then(|| {
        let path = partial.map_or("".into(), |partial| edge.setup.router.shown(&partial.path));
        let shown = if path.is_empty() { "-" } else { cut(&path, TARGET_BYTES_MAX) };
        Box::new(Asked {
            // Of a proxy's connection it is that of the request before.
            address: edge.connections.address(id).filter(|_| !is_proxied(edge, id)),
            user: None,
            method: "-".into(),
            target: shown.into(),
            at_us: edge.now.monotonic_us,
        })
    })
}

/// A WebSocket is opened.
pub(in crate::shard) fn note_opened(
    edge: &mut Edge,
    answering: &Answering,
    session: Option<&Session>,
    bytes: usize,
) {
    edge.counters.note_response(101);
    let mut opened = answering.clone();
    session.iter().for_each(|session| opened.note_user(session));
    edge.note_access(&opened, 101, bytes);
}

impl Edge {
    /// A request is answered. What is noted here is taken after each turn, which bounds it.
    pub(in crate::shard) fn note_access(&mut self, answering: &Answering, status: u16, bytes: usize) {
        let Some(asked) = &answering.asked else { return };
        let Asked { address, user, method, target, at_us } = Asked::clone(asked);
        let took_us = self.now.monotonic_us.saturating_sub(at_us);
        self.accesses.push_back(AccessRecord { address, user, method, target, status, bytes, took_us });
    }
}

fn target(router: &Router, head: &Head<'_>) -> Box<str> {
    let path = router.shown(head.path);
    let mut target = cut(&path, TARGET_BYTES_MAX).to_owned();
    let query = cut(head.query, TARGET_BYTES_MAX);
    for (index, pair) in query.split('&').enumerate().filter(|(_, pair)| !pair.is_empty()) {
        target.push(if index == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name, value)) if router.is_secret(pair) || value.len() >= KEY_BYTES_MIN => {
                target.push_str(cut(name, KEY_BYTES_MIN));
                target.push_str("=***");
            }
            _ => target.push_str(cut(pair, 2 * KEY_BYTES_MIN)),
        }
    }
    target.into()
}

/// As much of a text as fits, in whole letters.
fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
