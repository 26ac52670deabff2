//! Finds the end of a request head, or of a trailer section, byte by byte and resumable, and refuses what is
//! malformed at its first wrong byte.
//!
//! The parser of the fields is lenient (bare LF, for one); here each line ends in CRLF, control bytes are
//! refused, a field name is a token directly before its colon, and there is no folding
//! (RFC 9112 sections 2.2, 5.1, 5.2).

use super::limits::{FIELDS_MAX, HttpLimits};
use super::parse::{NO_VERSION, parse_version};
use super::refusal::Refusal;

/// Where the scan is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum At {
    /// Before the request line; one empty line is skipped (RFC 9112 section 2.2).
    #[default]
    Start,
    /// After the CR of the skipped line.
    SkippedLf,
    /// Before the request line, which has to come now.
    RequestStart,
    Method,
    Target,
    Version,
    RequestLf,
    FieldStart,
    FieldName,
    FieldValue,
    FieldLf,
    /// After the CR of the empty line.
    EndLf,
}

/// The state of a scan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan {
    at: At,
    bytes: usize,
    fields: usize,
    version: Text,
}

/// The version at the end of a request line, as far as it came.
#[derive(Clone, Copy, Debug, Default)]
struct Text {
    bytes: [u8; Self::BYTES_MAX],
    len: u8,
}

impl Text {
    /// Bytes of `HTTP/1.1`.
    const BYTES_MAX: usize = 8;

    /// False where there is no room.
    fn push(&mut self, byte: u8) -> bool {
        let place = self.bytes.get_mut(usize::from(self.len));
        self.len += u8::from(place.is_some());
        place.map(|place| *place = byte).is_some()
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl Scan {
    /// A scan of trailer fields: there is no request line, and the first empty line ends it.
    pub fn trailers() -> Self {
        Self { at: At::FieldStart, ..Self::default() }
    }

    /// Scans what arrived. `Some(n)`: the section ends after `n` of these bytes. `None`: more is needed.
    ///
    /// # Errors
    /// 400 where a byte is wrong, 414 or 431 where the section grows over a limit.
    pub fn advance(&mut self, bytes: &[u8], limits: &HttpLimits) -> Result<Option<usize>, Refusal> {
        let room = limits.head_bytes_max.saturating_sub(self.bytes);
        let fields_max = limits.headers_max.min(FIELDS_MAX);
        let mut rest = bytes.get(..room).unwrap_or(bytes);
        let whole = rest.len();
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            if self.step(byte, fields_max)? {
                let taken = whole - rest.len();
                self.bytes += taken;
                return Ok(Some(taken));
            }
            rest = rest.get(self.passed(rest)..).unwrap_or_default();
        }
        if bytes.len() > room {
            return Err(match self.at {
                At::Start
                | At::SkippedLf
                | At::RequestStart
                | At::Method
                | At::Target
                | At::Version
                | At::RequestLf => Refusal::TARGET_TOO_LONG,
                _ => Refusal::HEAD_TOO_LARGE,
            });
        }
        self.bytes += bytes.len();
        Ok(None)
    }

    /// How many of these bytes leave the scan where it is: most of a head is the middle of a target, a name or a value.
    fn passed(&self, bytes: &[u8]) -> usize {
        let (class, whole) = match self.at {
            At::Target => (TARGET, plain_words(bytes, b'!')),
            At::FieldName => (TOKEN, 0),
            At::FieldValue => (VALUE, plain_words(bytes, b' ')),
            _ => return 0,
        };
        let rest = bytes.get(whole..).unwrap_or_default();
        let passed = rest.iter().position(|&byte| CLASSES[usize::from(byte)] & class == 0);
        whole + passed.unwrap_or(rest.len())
    }

    /// One byte; true where it was the last of the section.
    fn step(&mut self, byte: u8, fields_max: usize) -> Result<bool, Refusal> {
        const LINE_END: Refusal = Refusal::bad_request("every line of a request ends in CR LF");
        self.at = match (self.at, byte) {
            (At::Target, b'!'..=b'~') => At::Target,
            (At::FieldName, b':') => At::FieldValue,
            (At::FieldName, _) if is_token(byte) => At::FieldName,
            (At::FieldValue, _) if is_of_value(byte) => At::FieldValue,
            (At::Start, b'\r') => At::SkippedLf,
            (At::SkippedLf, b'\n') => At::RequestStart,
            (At::Start | At::RequestStart | At::Method, _) if is_token(byte) => At::Method,
            (At::Method, b' ') => At::Target,
            (At::Target, b' ') => At::Version,
            (At::Version, b'!'..=b'~') => {
                if !self.version.push(byte) {
                    return Err(NO_VERSION);
                }
                At::Version
            }
            // Told at the end of the line: a client of HTTP/0.9 sends nothing after it.
            (At::Method | At::Target, b'\r') => return Err(NO_VERSION),
            (At::Version, b'\r') => {
                parse_version(self.version.as_bytes())?;
                At::RequestLf
            }
            (At::RequestLf | At::FieldLf, b'\n') => At::FieldStart,
            (At::FieldStart, b'\r') => At::EndLf,
            (At::FieldStart, _) if is_token(byte) => {
                self.fields += 1;
                if self.fields > fields_max {
                    return Err(Refusal::TOO_MANY_FIELDS);
                }
                At::FieldName
            }
            (At::FieldValue, b'\r') => At::FieldLf,
            (At::EndLf, b'\n') => return Ok(true),
            (_, b'\n') | (At::SkippedLf | At::RequestLf | At::FieldLf | At::EndLf, _) => {
                return Err(LINE_END);
            }
            (At::FieldStart, b' ' | b'\t') => {
                return Err(Refusal::bad_request("a header field must not be folded over lines"));
            }
            (At::FieldStart | At::FieldName, _) => {
                return Err(Refusal::bad_request("a header field is a name, a colon and a value"));
            }
            (At::FieldValue, _) => {
                return Err(Refusal::bad_request("a header field has a control character"));
            }
            (At::Start | At::RequestStart | At::Method | At::Target | At::Version, _) => {
                return Err(Refusal::bad_request("the request line is malformed"));
            }
        };
        Ok(false)
    }
}

/// Bytes at the front, in words of eight, that are all ASCII from `least` (at most 0x80) to `~`: they can be in the middle of
/// a target or a value.
fn plain_words(bytes: &[u8], least: u8) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGHS: u64 = ONES << 7;
    let is_plain = |word: &&[u8; 8]| {
        let word = u64::from_le_bytes(**word);
        // A byte below `least` borrows into its high bit; 0x7f and what is above carry into theirs, or have it.
        let (below, above) = (word.wrapping_sub(ONES * u64::from(least)), word.wrapping_add(ONES));
        (below | above | word) & HIGHS == 0
    };
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().take_while(is_plain).count() * 8
}

/// Whether a byte may be in a field's value (RFC 9110 section 5.5).
fn is_of_value(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & VALUE != 0
}

/// Whether a byte may be in a token (RFC 9110 section 5.6.2).
pub fn is_token(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & TOKEN != 0
}

const TOKEN: u8 = 1;
const VALUE: u8 = 2;
const TARGET: u8 = 4;

/// Where each byte may be.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (is_print, is_target) = (byte >= 0x20 && byte <= 0x7e, byte >= 0x21 && byte <= 0x7e);
        if byte < 128 && (byte as u8).is_ascii_alphanumeric() {
            classes[byte] |= TOKEN;
        }
        if byte == 0x09 || is_print || byte >= 0x80 {
            classes[byte] |= VALUE;
        }
        if is_target {
            classes[byte] |= TARGET;
        }
        byte += 1;
    }
    let others = b"!#$%&'*+-.^_`|~";
    let mut index = 0;
    while index < others.len() {
        classes[others[index] as usize] |= TOKEN;
        index += 1;
    }
    classes
};
