//! What is kept of a frame or message that is not whole yet.

use super::frame::{CLIENT_HEADER_BYTES_MAX, CONTROL_BYTES_MAX, FrameHeader, Opcode, Progress};
use super::limits::MessageLimits;
use super::mask::unmask;
use super::violation::Violation;
use crate::protocol::unparsed::Unparsed;

/// The incomplete frame, the incomplete message, and what is held back.
#[derive(Debug)]
pub struct Partial {
    /// Bytes of a header that is not whole.
    header: [u8; CLIENT_HEADER_BYTES_MAX],
    header_bytes: usize,
    /// The frame whose payload is arriving, and how much of it did.
    frame: Option<FrameHeader>,
    frame_bytes: usize,
    /// The payload of a control frame: it may come between fragments, so it has its own place.
    control: [u8; CONTROL_BYTES_MAX],
    /// The message whose fragments are arriving.
    pub message: MessageProgress,
    /// Bytes that a pause keeps unparsed.
    pub unparsed: Unparsed,
}

/// A message whose end is still to come.
#[derive(Debug, Default)]
pub struct MessageProgress {
    /// Text or binary; `None` while there is no message.
    opcode: Option<Opcode>,
    fragments: u32,
    /// Whether the payload is compressed.
    compressed: bool,
    payload: Vec<u8>,
    /// How much of the text is known to be whole characters.
    validated: usize,
}

impl Default for Partial {
    fn default() -> Self {
        Self {
            header: [0; CLIENT_HEADER_BYTES_MAX],
            header_bytes: 0,
            frame: None,
            frame_bytes: 0,
            control: [0; CONTROL_BYTES_MAX],
            message: MessageProgress::default(),
            unparsed: Unparsed::default(),
        }
    }
}

/// A frame that is whole now.
pub enum Whole<'a> {
    /// A control frame.
    Control(Opcode, &'a [u8]),
    /// The last fragment of this message.
    SocketMessage(MessageProgress),
    /// A fragment, not the last.
    Fragment,
}

impl Partial {
    /// Whether nothing is kept, so that the box can go.
    pub fn is_empty(&self) -> bool {
        self.is_between_frames() && self.message.opcode.is_none() && self.unparsed.is_empty()
    }

    /// Bytes of memory that are taken.
    pub fn kept_bytes(&self) -> usize {
        size_of::<Self>() + self.message.payload.capacity() + self.unparsed.capacity()
    }

    /// Whether the next byte starts a frame.
    pub fn is_between_frames(&self) -> bool {
        self.header_bytes == 0 && self.frame.is_none()
    }

    /// Takes what arrived of a frame: how many bytes, and the frame if it is whole now. Takes no byte of the frame
    /// after it.
    pub fn feed(
        &mut self,
        bytes: &mut [u8],
        limits: &MessageLimits,
    ) -> Result<(usize, Option<Whole<'_>>), Violation> {
        let (mut used, frame) = match self.frame {
            Some(frame) => (0, frame),
            None => match self.feed_header(bytes, limits)? {
                (used, None) => return Ok((used, None)),
                (used, Some(frame)) => (used, frame),
            },
        };
        let rest = bytes.get_mut(used..).unwrap_or_default();
        let missing = frame.payload_bytes - self.frame_bytes;
        let arrived = rest.len().min(missing);
        let fresh = rest.get_mut(..arrived).unwrap_or_default();
        unmask(fresh, frame.mask, self.frame_bytes);
        used += arrived;
        if frame.opcode.is_control() {
            let place = self.control.get_mut(self.frame_bytes..self.frame_bytes + arrived);
            place.unwrap_or_default().copy_from_slice(fresh);
        } else {
            self.message.push(fresh)?;
        }
        self.frame_bytes += arrived;
        if arrived < missing {
            return Ok((used, None));
        }
        self.frame = None;
        self.frame_bytes = 0;
        Ok((used, Some(self.whole(frame)?)))
    }

    /// Takes what arrived of a header. Once it is whole, the frame is under way.
    fn feed_header(
        &mut self,
        bytes: &[u8],
        limits: &MessageLimits,
    ) -> Result<(usize, Option<FrameHeader>), Violation> {
        let place = self.header.get_mut(self.header_bytes..).unwrap_or_default();
        let copied = place.len().min(bytes.len());
        for (to, from) in place.iter_mut().zip(bytes) {
            *to = *from;
        }
        let known = self.header_bytes + copied;
        let header = self.header.get(..known).unwrap_or_default();
        let Some(frame) = FrameHeader::read(header, limits, &self.message.progress())? else {
            self.header_bytes = known;
            return Ok((copied, None));
        };
        let used = frame.header_bytes - self.header_bytes;
        self.header_bytes = 0;
        self.frame = Some(frame);
        if !frame.opcode.is_control() {
            self.message.begin(frame);
        }
        Ok((used, Some(frame)))
    }

    fn whole(&mut self, frame: FrameHeader) -> Result<Whole<'_>, Violation> {
        if frame.opcode.is_control() {
            let payload = self.control.get(..frame.payload_bytes).unwrap_or_default();
            return Ok(Whole::Control(frame.opcode, payload));
        }
        if !frame.fin {
            return Ok(Whole::Fragment);
        }
        Ok(Whole::SocketMessage(std::mem::take(&mut self.message)))
    }
}

impl MessageProgress {
    /// What the next frame is judged by.
    pub fn progress(&self) -> Progress {
        Progress { open: self.opcode.is_some(), bytes: self.payload.len(), fragments: self.fragments }
    }

    fn begin(&mut self, frame: FrameHeader) {
        self.opcode.get_or_insert(frame.opcode);
        self.compressed |= frame.compressed;
        self.fragments += 1;
    }

    /// Adds unmasked payload. Text is validated as it comes, so that what can no longer become UTF-8 fails at once
    /// (RFC 6455 section 8.1).
    fn push(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        self.payload.extend_from_slice(bytes);
        if self.opcode == Some(Opcode::Text) && !self.compressed {
            let fresh = self.payload.get(self.validated..).unwrap_or_default();
            self.validated += match str::from_utf8(fresh) {
                Ok(text) => text.len(),
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                Err(_) => return Err(Violation::INVALID_UTF8),
            };
        }
        Ok(())
    }

    /// Its kind, whether it is compressed, and the payload. Text is checked for its end by the caller.
    pub fn payload(&self) -> (bool, bool, &[u8]) {
        (self.opcode == Some(Opcode::Text), self.compressed, &self.payload)
    }
}
