//! The client's side of the wire, written without the server's own code: frames with masks, and readers of
//! responses and of unmasked frames.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

/// A frame from a client.
pub fn frame(fin: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut out = vec![u8::from(fin) << 7 | opcode];
    match payload.len() {
        length @ 0..126 => out.push(0x80 | length as u8),
        length @ 126..65536 => {
            out.push(0x80 | 126);
            out.extend((length as u16).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend((length as u64).to_be_bytes());
        }
    }
    out.extend(MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}

/// A message as it is compressed (RFC 7692 section 7.2.1).
pub fn deflate(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    let mut compress = Compress::new(Compression::default(), false);
    compress.compress_vec(message, &mut out, FlushCompress::Sync).expect("it is compressed");
    out.truncate(out.len() - 4);
    out
}

/// A message as it was before; `None` if it is not compressed.
pub fn inflate(payload: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(1 << 20);
    let whole = [payload, &[0, 0, 0xff, 0xff]].concat();
    Decompress::new(false).decompress_vec(&whole, &mut out, FlushDecompress::Sync).ok()?;
    Some(out)
}

/// Something whole that a server sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    Response(Response),
    Frame {
        opcode: u8,
        payload: Vec<u8>,
    },
    /// Bytes that are none of the two, or a part of one.
    Torn(Vec<u8>),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Response {
    pub status: u16,
    pub reason: String,
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// The response at the start of `bytes`, and how many bytes it has. `head` says that it answers a HEAD.
pub fn read_response(bytes: &[u8], head: bool) -> Option<(Response, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..end - 4]).ok()?;
    let mut lines = text.split("\r\n");
    let mut status_line = lines.next()?.strip_prefix("HTTP/1.1 ")?.splitn(2, ' ');
    let (status, reason) = (status_line.next()?.parse().ok()?, status_line.next()?.to_owned());
    let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let fields = lines.map(field).collect::<Option<Vec<_>>>()?;
    let mut response = Response { status, reason, fields, body: Vec::new() };
    let bodiless = head || status < 200 || status == 204 || status == 304;
    let length: usize = match response.field("content-length") {
        Some(length) if !bodiless => length.parse().ok()?,
        None if !bodiless => return None,
        _ => 0,
    };
    response.body = bytes.get(end..end + length)?.to_vec();
    Some((response, end + length))
}

/// The frame at the start of `bytes`, and how many bytes it has. A server neither masks nor fragments.
pub fn read_frame(bytes: &[u8]) -> Option<(Item, usize)> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    let compressed = first & 0xf0 == 0xc0;
    if first & 0xf0 != 0x80 && !compressed || second & 0x80 != 0 {
        return None;
    }
    let (length, header): (usize, usize) = match second {
        126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize, 10),
        short => (usize::from(short), 2),
    };
    let minimal = match second {
        126 => length >= 126,
        127 => length > 65535,
        _ => true,
    };
    let payload = bytes.get(header..header.checked_add(length)?)?.to_vec();
    let item = match compressed {
        true => Item::Frame { opcode: first & 0x4f, payload: inflate(&payload)? },
        false => Item::Frame { opcode: first & 0x0f, payload },
    };
    minimal.then_some((item, header + length))
}

impl std::fmt::Display for Item {
    /// As a transcript would say it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Response(response) => {
                write!(f, "< {} {}", response.status, response.reason)?;
                for (name, value) in &response.fields {
                    write!(f, "\n   {name}: {value}")?;
                }
                if response.body.is_empty() {
                    return Ok(());
                }
                write!(f, "\n\n   {}", String::from_utf8_lossy(&response.body).replace('\n', "\n   "))
            }
            Self::Frame { opcode: 1, payload } => write!(f, "< {}", String::from_utf8_lossy(payload)),
            Self::Frame { opcode: 0x41, payload } => {
                write!(f, "<deflated {}", String::from_utf8_lossy(payload))
            }
            Self::Frame { opcode: 2, payload } => write!(f, "<binary {}", hex(payload)),
            Self::Frame { opcode: 8, payload } => match payload.split_first_chunk::<2>() {
                Some((code, reason)) => {
                    write!(f, "<close {} {}", u16::from_be_bytes(*code), String::from_utf8_lossy(reason))
                }
                None => write!(f, "<close"),
            },
            Self::Frame { opcode: 9, payload } => write!(f, "<ping {}", String::from_utf8_lossy(payload)),
            Self::Frame { opcode: 10, payload } => write!(f, "<pong {}", String::from_utf8_lossy(payload)),
            Self::Frame { opcode, payload } => write!(f, "<frame of opcode {opcode}: {}", hex(payload)),
            Self::Torn(bytes) => write!(f, "< torn: {}", bytes.escape_ascii()),
        }
    }
}

/// Bytes as two digits each.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of hexadecimal digits, white space aside.
pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let value = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(value).collect()
}
