//! What client and server agree on in the handshake (RFC 7692 sections 5 and 7.1).

use crate::protocol::http::Head;

/// The extension's name.
const NAME: &str = "permessage-deflate";

const SERVER_FORGETS: &str = "server_no_context_takeover";
const CLIENT_FORGETS: &str = "client_no_context_takeover";
const SERVER_BITS: &str = "server_max_window_bits";
const CLIENT_BITS: &str = "client_max_window_bits";
const PARAMETERS: [&str; 4] = [SERVER_FORGETS, CLIENT_FORGETS, SERVER_BITS, CLIENT_BITS];

/// How far back compressed data may refer, as the logarithm to base 2 of its bytes: 8 to 15.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WindowBits(u8);

impl WindowBits {
    /// The least that can be agreed on.
    pub const MIN: Self = Self(8);
    /// 32 KiB, all that DEFLATE knows.
    pub const MAX: Self = Self(15);

    /// So many bits, if that can be agreed on.
    pub fn new(bits: u8) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&bits).then_some(Self(bits))
    }

    /// The bits.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// From the text of a parameter: a number without leading zeros.
    fn read(text: &str) -> Option<Self> {
        let digits = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        Self::new(text.parse().ok().filter(|_| digits)?)
    }
}

/// An offer that is accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Agreement {
    /// The window of what the server sends.
    pub window: WindowBits,
    /// Whether the client asked for that window, which the answer has to say then.
    asked: bool,
}

/// The first offer of a request that can be accepted. Others are declined, as section 7.1 wants of what is unknown, malformed
/// or there twice.
pub fn agree(head: &Head<'_>) -> Option<Agreement> {
    head.list("sec-websocket-extensions").find_map(|offer| accept(str::from_utf8(offer).ok()?))
}

fn accept(offer: &str) -> Option<Agreement> {
    let mut parts = offer.split(';').map(str::trim_ascii);
    if parts.next()? != NAME {
        return None;
    }
    let mut window = None;
    let mut seen = [false; PARAMETERS.len()];
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim_ascii_end(), Some(unquoted(value.trim_ascii_start()))),
            None => (part, None),
        };
        let known = PARAMETERS.iter().position(|parameter| *parameter == name)?;
        if std::mem::replace(&mut seen[known], true) {
            return None;
        }
        match (name, value) {
            // A client that forgets is what the answer asks for anyhow, and its window may be as large as it likes.
            (SERVER_FORGETS | CLIENT_FORGETS | CLIENT_BITS, None) => {}
            (CLIENT_BITS, Some(bits)) => drop(WindowBits::read(bits)?),
            (SERVER_BITS, Some(bits)) => window = Some(WindowBits::read(bits)?),
            _ => return None,
        }
    }
    Some(Agreement { window: window.unwrap_or(WindowBits::MAX), asked: window.is_some() })
}

/// A value may be in quotes (RFC 6455 section 9.1).
fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

impl Agreement {
    /// Appends the answer's field.
    pub(in crate::protocol::websocket) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\nSec-WebSocket-Extensions: ");
        let field = [NAME, SERVER_FORGETS, CLIENT_FORGETS].join("; ");
        out.extend_from_slice(field.as_bytes());
        if self.asked {
            let window = format!("; {SERVER_BITS}={}", self.window.get());
            out.extend_from_slice(window.as_bytes());
        }
    }
}
