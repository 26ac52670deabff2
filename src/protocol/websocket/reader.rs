//! The reader of a client's frames.

use super::close_code;
use super::frame::{FrameHeader, Opcode, Progress};
use super::limits::MessageLimits;
use super::mask::unmask;
use super::partial::{Partial, Whole};
use super::violation::Violation;
use crate::protocol::Flow;
use crate::protocol::unparsed::Unparsed;

/// What a client sent, whole and unmasked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SocketMessage<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A compressed message, and whether it is text: see [`super::deflate::Inflater`].
    Compressed {
        /// Whether what it is made of is text.
        is_text: bool,
        /// Its bytes as they came.
        payload: &'a [u8],
    },
    /// A ping, to be answered by a pong of the same bytes; at most 125.
    Ping(&'a [u8]),
    /// A pong; at most 125 bytes.
    Pong(&'a [u8]),
    /// A close with its code and reason, if there were any. The last message.
    Close(Option<(u16, &'a str)>),
}

impl SocketMessage<'_> {
    /// Bytes of its payload.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes)
            | Self::Compressed { payload: bytes, .. }
            | Self::Ping(bytes)
            | Self::Pong(bytes) => bytes.len(),
            Self::Close(close) => close.map_or(0, |(_, reason)| reason.len()),
        }
    }
}

/// Reads the messages of one connection. 16 bytes while nothing is incomplete.
#[derive(Debug, Default)]
pub struct Reader {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Partial(Box<Partial>),
    /// After a close, a violation or a stop: whatever comes is dropped.
    Ended,
}

impl Reader {
    /// Whether nothing is kept: no part of a message, and nothing held back.
    pub fn is_idle(&self) -> bool {
        !matches!(self.state, State::Partial(_))
    }

    /// Whether it has ended, by a close, a violation or [`Flow::Stop`]; it ignores what comes.
    pub fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Bytes kept by [`Flow::Pause`] and [`Reader::hold`] that wait to be parsed.
    pub fn unparsed_bytes(&self) -> usize {
        if let State::Partial(partial) = &self.state { partial.unparsed.len() } else { 0 }
    }

    /// Heap bytes that are kept in all, for bounds and metrics; 0 while idle.
    pub fn kept_bytes(&self) -> usize {
        if let State::Partial(partial) = &self.state { partial.kept_bytes() } else { 0 }
    }

    /// Keeps bytes that arrived while the caller is not ready for another message; the next read parses them
    /// first. The caller bounds them by [`Reader::unparsed_bytes`].
    pub fn hold(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if let Some(partial) = self.partial() {
            partial.unparsed.push(bytes);
        }
    }

    /// Reads what arrived and visits each whole message, borrowed from `bytes` (which are unmasked in place) where
    /// it is whole in them.
    ///
    /// # Errors
    /// The first breach of the protocol or of a limit; the reader ignores everything after it.
    pub fn read<F>(&mut self, bytes: &mut [u8], limits: &MessageLimits, mut visit: F) -> Result<(), Violation>
    where
        F: FnMut(SocketMessage<'_>) -> Flow,
    {
        let mut unparsed = match &mut self.state {
            State::Partial(partial) => std::mem::take(&mut partial.unparsed),
            _ => Unparsed::default(),
        };
        let result = if unparsed.is_empty() {
            self.advance(bytes, limits, &mut visit).map(|(used, next)| {
                if next == Flow::Pause {
                    self.hold(bytes.get(used..).unwrap_or_default());
                }
            })
        } else {
            unparsed.push(bytes);
            self.advance(unparsed.as_mut_slice(), limits, &mut visit).map(|(used, _)| {
                unparsed.consume(used);
                if let Some(partial) = self.partial().filter(|_| !unparsed.is_empty()) {
                    partial.unparsed = unparsed;
                }
            })
        };
        match &self.state {
            _ if result.is_err() => self.state = State::Ended,
            State::Partial(partial) if partial.is_empty() => self.state = State::Idle,
            _ => {}
        }
        result
    }

    /// Reads until the bytes are used up or the visitor does not want to go on.
    fn advance<F>(
        &mut self,
        bytes: &mut [u8],
        limits: &MessageLimits,
        visit: &mut F,
    ) -> Result<(usize, Flow), Violation>
    where
        F: FnMut(SocketMessage<'_>) -> Flow,
    {
        let mut at = 0;
        while let Some(rest) = bytes.get_mut(at..).filter(|rest| !rest.is_empty()) {
            let progress = match &self.state {
                State::Idle => Some(Progress::default()),
                State::Partial(partial) if partial.is_between_frames() => Some(partial.message.progress()),
                State::Partial(_) => None,
                State::Ended => break,
            };
            let (used, next) = match progress {
                Some(progress) => match whole_frame(rest, limits, &progress)? {
                    Some((message, used)) => {
                        let close = matches!(message, SocketMessage::Close(_));
                        let next = visit(message);
                        (used, if close { Flow::Stop } else { next })
                    }
                    None => self.read_partial(rest, limits, visit)?,
                },
                None => self.read_partial(rest, limits, visit)?,
            };
            at += used;
            match next {
                Flow::Continue => {}
                Flow::Pause => return Ok((at, Flow::Pause)),
                Flow::Stop => self.state = State::Ended,
            }
        }
        Ok((bytes.len(), Flow::Continue))
    }

    /// A frame that is not whole in these bytes, or a fragment.
    #[cold]
    fn read_partial<F>(
        &mut self,
        bytes: &mut [u8],
        limits: &MessageLimits,
        visit: &mut F,
    ) -> Result<(usize, Flow), Violation>
    where
        F: FnMut(SocketMessage<'_>) -> Flow,
    {
        let Some(partial) = self.partial() else { return Ok((bytes.len(), Flow::Stop)) };
        let (used, whole) = partial.feed(bytes, limits)?;
        let next = match whole {
            None | Some(Whole::Fragment) => Flow::Continue,
            Some(Whole::Control(opcode, payload)) => {
                let next = visit(control(opcode, payload)?);
                if opcode == Opcode::Close { Flow::Stop } else { next }
            }
            Some(Whole::SocketMessage(message)) => {
                if partial.is_empty() {
                    self.state = State::Idle;
                }
                let (is_text, compressed, payload) = message.payload();
                visit(data(is_text, compressed, payload)?)
            }
        };
        Ok((used, next))
    }

    /// The box of what is kept, made if there is none; `None` once the reader has ended.
    fn partial(&mut self) -> Option<&mut Partial> {
        if matches!(self.state, State::Idle) {
            self.state = State::Partial(Box::default());
        }
        if let State::Partial(partial) = &mut self.state { Some(partial) } else { None }
    }
}

/// The hot path: an unfragmented frame that is whole at the start of `bytes`, unmasked in place.
#[inline]
fn whole_frame<'a>(
    bytes: &'a mut [u8],
    limits: &MessageLimits,
    progress: &Progress,
) -> Result<Option<(SocketMessage<'a>, usize)>, Violation> {
    let Some(frame) = FrameHeader::read(bytes, limits, progress)? else { return Ok(None) };
    if !frame.fin || frame.opcode == Opcode::Continuation {
        return Ok(None);
    }
    let end = frame.header_bytes.saturating_add(frame.payload_bytes);
    let Some(payload) = bytes.get_mut(frame.header_bytes..end) else { return Ok(None) };
    unmask(payload, frame.mask, 0);
    let message = match frame.opcode {
        Opcode::Text | Opcode::Binary => data(frame.opcode == Opcode::Text, frame.compressed, payload)?,
        opcode => control(opcode, payload)?,
    };
    Ok(Some((message, end)))
}

#[inline]
fn data(is_text: bool, compressed: bool, payload: &[u8]) -> Result<SocketMessage<'_>, Violation> {
    if compressed {
        return Ok(SocketMessage::Compressed { is_text, payload });
    }
    if !is_text {
        return Ok(SocketMessage::Binary(payload));
    }
    str::from_utf8(payload).map(SocketMessage::Text).map_err(|_| Violation::INVALID_UTF8)
}

fn control(opcode: Opcode, payload: &[u8]) -> Result<SocketMessage<'_>, Violation> {
    Ok(match opcode {
        Opcode::Ping => SocketMessage::Ping(payload),
        Opcode::Pong => SocketMessage::Pong(payload),
        _ => SocketMessage::Close(close(payload)?),
    })
}

/// The code and reason of a close (RFC 6455 section 5.5.1).
fn close(payload: &[u8]) -> Result<Option<(u16, &str)>, Violation> {
    let Some((&code, reason)) = payload.split_first_chunk::<2>() else {
        return match payload {
            [] => Ok(None),
            _ => Err(Violation::protocol("a close code has two bytes")),
        };
    };
    let code = u16::from_be_bytes(code);
    if !close_code::may_be_sent(code) {
        return Err(Violation::protocol("this close code must not be sent"));
    }
    str::from_utf8(reason).map(|reason| Some((code, reason))).map_err(|_| Violation::INVALID_UTF8)
}
