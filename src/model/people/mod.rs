//! People who meet: what they are on ([`circle`]), what they call each other with ([`call`], [`huddle`], [`signal`],
//! [`ice`]), what is kept of calls ([`recording`]) and by whom ([`recorder`]), what is known of them ([`status`], [`device`]), who may talk where ([`conversation`]), what they are told
//! ([`event`]), what they ask for ([`command`]) and what they are answered ([`reply`]).

pub mod call;
pub mod chat;
pub mod circle;
pub mod command;
pub mod conversation;
pub mod device;
pub mod event;
pub mod file;
pub mod huddle;
pub mod ice;
pub mod recorder;
pub mod recording;
pub mod reply;
pub mod signal;
pub mod status;

use std::sync::Arc;

/// A user's id, as tokens and payloads spell it.
pub type UserId = Arc<str>;

/// Digits of an id that are hard to guess.
const DIGITS: usize = 12;

/// Bytes that most ids take.
const ID_BYTES: usize = 48;

/// An id that this node makes: `call_1735689600000_9f86d081884c`. Twelve digits of `fresh` tell ids of one millisecond
/// apart and are hard to guess.
pub fn minted(word: &str, unix_ms: u64, fresh: u64) -> Arc<str> {
    let mut id = String::with_capacity(ID_BYTES);
    id.push_str(word);
    id.push('_');
    id.push_str(itoa::Buffer::new().format(unix_ms));
    id.push('_');
    let mut digits = [0; DIGITS];
    for (at, digit) in digits.iter_mut().rev().enumerate() {
        *digit = b"0123456789abcdef"[(fresh >> (4 * at)) as usize & 0xf];
    }
    id.push_str(str::from_utf8(&digits).expect("digits are ASCII"));
    id.into()
}
