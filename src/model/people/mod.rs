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
pub mod shown;
pub mod signal;
pub mod status;

use std::sync::Arc;

/// A user's id, as tokens and payloads spell it.
pub type UserId = Arc<str>;

/// Digits of an id that are hard to guess.
const DIGITS: usize = 12;

/// Bytes of an id at most: of a word, a moment of all the digits that there are, the digits, and what stands between them.
const ID_BYTES_MAX: usize = 64;

/// An id that this node makes: `call_1735689600000_9f86d081884c`. Twelve digits of `fresh` tell ids of one millisecond
/// apart and are hard to guess. The word is a short one of ours; the id needs no escapes in JSON.
pub fn minted(word: &'static str, unix_ms: u64, fresh: u64) -> Arc<str> {
    let (mut id, mut len) = ([0; ID_BYTES_MAX], 0);
    let mut put = |part: &[u8]| {
        id[len..len + part.len()].copy_from_slice(part);
        len += part.len();
    };
    put(word.as_bytes());
    put(b"_");
    put(itoa::Buffer::new().format(unix_ms).as_bytes());
    put(b"_");
    put(&std::array::from_fn::<u8, DIGITS, _>(|at| HEX[(fresh >> (4 * (DIGITS - 1 - at))) as usize & 0xf]));
    str::from_utf8(&id[..len]).expect("words and digits are ASCII").into()
}

const HEX: &[u8; 16] = b"0123456789abcdef";
