//! Frame headers (RFC 6455 section 5.2).

use super::deflate::COMPRESSED;
use super::limits::MessageLimits;
use super::violation::Violation;

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opcode {
    /// A further fragment of a message.
    Continuation = 0,
    /// Text, or its first fragment.
    Text = 1,
    /// Binary, or its first fragment.
    Binary = 2,
    /// Close.
    Close = 8,
    /// Ping.
    Ping = 9,
    /// Pong.
    Pong = 10,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    /// Whether it is a control frame, which may come between the fragments of a message.
    pub fn is_control(self) -> bool {
        self as u8 >= 8
    }
}

/// Payload bytes of a control frame (RFC 6455 section 5.5).
pub const CONTROL_BYTES_MAX: usize = 125;

/// Bytes of a masked header at most.
pub const CLIENT_HEADER_BYTES_MAX: usize = 14;

/// The message that a frame would continue.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Whether there is one.
    pub open: bool,
    /// Payload bytes of its fragments so far.
    pub bytes: usize,
    /// Its fragments so far.
    pub fragments: u32,
}

/// The header of a frame from a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameHeader {
    /// The last fragment of a message, or an unfragmented one.
    pub fin: bool,
    /// What it is.
    pub opcode: Opcode,
    /// Whether it begins a compressed message.
    pub compressed: bool,
    /// The masking key.
    pub mask: [u8; 4],
    /// Payload bytes.
    pub payload_bytes: usize,
    /// Bytes of this header.
    pub header_bytes: usize,
}

impl FrameHeader {
    /// Reads the header at the start of `bytes`; `None` if more is needed. A byte is judged as soon as it is there,
    /// in their order, so that the verdict does not depend on how the bytes arrive.
    ///
    /// # Errors
    /// Everything that section 5 forbids to a client, with the extension if there is one, and a message over a limit.
    #[inline]
    pub fn read(
        bytes: &[u8],
        limits: &MessageLimits,
        progress: &Progress,
    ) -> Result<Option<Self>, Violation> {
        let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
        let fin = first & 0x80 != 0;
        let opcode = check_first(first, progress.open, limits.compressed)?;
        let Some((&second, rest)) = rest.split_first() else { return Ok(None) };
        if second & 0x80 == 0 {
            return Err(Violation::protocol("a client must mask its frames"));
        }
        let short = second & 0x7f;
        if opcode.is_control() && usize::from(short) > CONTROL_BYTES_MAX {
            return Err(Violation::protocol("a control frame has at most 125 bytes"));
        }
        let Some((length, rest)) = read_length(short, rest)? else { return Ok(None) };
        let payload_bytes = usize::try_from(length).unwrap_or(usize::MAX);
        if !opcode.is_control() {
            if payload_bytes > limits.message_bytes_max.saturating_sub(progress.bytes) {
                return Err(Violation::MESSAGE_TOO_BIG);
            }
            if (progress.open || !fin) && progress.fragments >= limits.fragments_max {
                return Err(Violation::TOO_MANY_FRAGMENTS);
            }
        }
        let Some((&mask, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let compressed = first & COMPRESSED != 0;
        Ok(Some(Self {
            fin,
            opcode,
            compressed,
            mask,
            payload_bytes,
            header_bytes: bytes.len() - rest.len(),
        }))
    }
}

/// The bits that only extensions give a meaning.
const RESERVED: u8 = 0x70;

/// FIN, reserved bits, opcode.
#[inline]
fn check_first(first: u8, message_open: bool, may_compress: bool) -> Result<Opcode, Violation> {
    if first & RESERVED & !COMPRESSED != 0 || first & COMPRESSED != 0 && !may_compress {
        return Err(Violation::protocol("a reserved bit is set, but no extension was negotiated for it"));
    }
    let Some(opcode) = Opcode::from_bits(first & 0x0f) else {
        return Err(Violation::protocol("the opcode is reserved"));
    };
    let fin = first & 0x80 != 0;
    match opcode {
        // Only a message is compressed, as a whole: its first frame says so (RFC 7692 section 6.1).
        Opcode::Close | Opcode::Ping | Opcode::Pong | Opcode::Continuation if first & COMPRESSED != 0 => {
            Err(Violation::protocol("only the first frame of a message may be marked as compressed"))
        }
        Opcode::Close | Opcode::Ping | Opcode::Pong if !fin => {
            Err(Violation::protocol("a control frame must not be fragmented"))
        }
        Opcode::Continuation if !message_open => Err(Violation::protocol("there is no message to continue")),
        Opcode::Text | Opcode::Binary if message_open => {
            Err(Violation::protocol("the message before this one is not finished"))
        }
        _ => Ok(opcode),
    }
}

/// The payload length, which must be in its shortest form.
#[inline]
fn read_length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, Violation> {
    const NOT_MINIMAL: Violation = Violation::protocol("a length must be in its shortest form");
    match short {
        126 => {
            let Some((&bytes, rest)) = rest.split_first_chunk::<2>() else { return Ok(None) };
            let length = u16::from_be_bytes(bytes);
            if length < 126 { Err(NOT_MINIMAL) } else { Ok(Some((length.into(), rest))) }
        }
        127 => {
            let Some((&bytes, rest)) = rest.split_first_chunk::<8>() else { return Ok(None) };
            let length = u64::from_be_bytes(bytes);
            if length >> 63 != 0 {
                return Err(Violation::protocol("the most significant bit of a length must be 0"));
            }
            if length <= u16::MAX.into() { Err(NOT_MINIMAL) } else { Ok(Some((length, rest))) }
        }
        _ => Ok(Some((short.into(), rest))),
    }
}
