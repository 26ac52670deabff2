//! The plainest dialect there is, for servers that this crate brings itself: text messages `s CHANNEL` and
//! `u CHANNEL`, answered with `ok`, and `p CHANNEL DATA`, whose data goes to every subscriber.

use super::{Dialect, Notice, Upgrade, said};
use crate::wire::{Framing, frame};

/// The plain dialect.
pub struct Plain;

impl Dialect for Plain {
    fn upgrade(&self) -> Option<Upgrade> {
        Some(Upgrade { path: "/".to_owned(), headers: String::new(), opcode: frame::TEXT })
    }

    fn framing(&self) -> Framing {
        Framing::WebSocket
    }

    fn subscribe(&self, channel: &str) -> Vec<u8> {
        format!("s {channel}").into()
    }

    fn unsubscribe(&self, channel: &str) -> Vec<u8> {
        format!("u {channel}").into()
    }

    fn publish(&self, channel: &str, stamp: &str) -> Vec<u8> {
        format!("p {channel} {stamp}").into()
    }

    fn read(&self, unit: &[u8]) -> Notice {
        if unit == b"ok" { Notice::Done } else { said(unit) }
    }
}
