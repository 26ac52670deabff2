//! The request reader.

use super::body::{Framing, PartialBody};
use super::head::{Head, Version};
use super::limits::HttpLimits;
use super::parse::parse_scanned;
use super::partial_head::PartialHead;
use super::refusal::Refusal;
use super::scan::Scan;
use crate::protocol::Flow;
use crate::protocol::unparsed::Unparsed;

/// What was read.
#[derive(Debug)]
pub enum Event<'a> {
    /// A whole request.
    Request {
        /// Request line and header fields.
        head: &'a Head<'a>,
        /// The decoded body; empty if there is none.
        body: &'a [u8],
    },
    /// A head whose body is still to come, before any of it is kept. After [`Flow::Stop`] none of it is read.
    Body {
        /// Request line and header fields.
        head: &'a Head<'a>,
        /// How long the body is, where the head says so.
        length: Option<usize>,
        /// How long it may be; whoever visits may lower it.
        bytes_max: &'a mut usize,
    },
    /// The client waits with its body for [`super::CONTINUE`]; the head of its request is acceptable.
    Continue,
}

/// What a reader waits for, for the choice of a deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reading {
    /// The first byte of a request.
    Idle,
    /// The rest of a head.
    Head,
    /// The rest of a body.
    Body,
}

/// Reads the requests of one connection. Small while it waits for a request.
#[derive(Debug, Default)]
pub struct RequestReader {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Partial(Box<Partial>),
    /// After a refusal: whatever comes is dropped. What was partial, where that could be read.
    Ended(Option<Box<PartialHead>>),
}

/// What is kept while something is incomplete. Never holds the bytes of more than one request, except in `unparsed`.
#[derive(Debug, Default)]
struct Partial {
    head: Vec<u8>,
    scan: Scan,
    /// There once the head is whole.
    body: Option<PartialBody>,
    /// How long the body may be.
    body_bytes_max: usize,
    unparsed: Unparsed,
}

/// What a whole head leads to.
enum Begun {
    /// A request that was visited; its body took so many bytes.
    Whole(usize, Flow),
    /// A body that is still to come, and of so many bytes at most.
    Body { body: PartialBody, bytes_max: usize, waits_for_continue: bool },
    /// A body that nobody wants to read.
    Unwanted,
}

impl RequestReader {
    /// What it waits for. A paused reader with whole requests inside is idle.
    pub fn reading(&self) -> Reading {
        match &self.state {
            State::Partial(partial) if partial.body.is_some() => Reading::Body,
            State::Partial(partial) if !partial.head.is_empty() => Reading::Head,
            _ => Reading::Idle,
        }
    }

    /// Whether nothing at all is kept.
    pub fn is_idle(&self) -> bool {
        self.reading() == Reading::Idle && self.unparsed_bytes() == 0
    }

    /// Bytes kept by [`Flow::Pause`] and [`RequestReader::hold`] that wait to be parsed.
    pub fn unparsed_bytes(&self) -> usize {
        if let State::Partial(partial) = &self.state { partial.unparsed.len() } else { 0 }
    }

    /// Heap bytes that are kept in all, for bounds and metrics; 0 while idle.
    pub fn kept_bytes(&self) -> usize {
        let State::Partial(partial) = &self.state else { return 0 };
        let body = partial.body.as_ref().map_or(0, |body| body.bytes.capacity());
        size_of::<Partial>() + partial.head.capacity() + body + partial.unparsed.capacity()
    }

    /// Keeps bytes that arrived while the caller is not ready for another request; the next read parses them
    /// first. The caller bounds them by [`RequestReader::unparsed_bytes`].
    pub fn hold(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() && !matches!(self.state, State::Ended(_)) {
            self.partial().unparsed.push(bytes);
        }
    }

    /// What is kept unparsed, after [`Flow::Stop`]: it comes before the bytes that `read` did not consume.
    pub fn take_rest(&mut self) -> Vec<u8> {
        if let State::Partial(partial) = &mut self.state {
            let rest = std::mem::take(&mut partial.unparsed).into_vec();
            self.drop_empty_partial();
            return rest;
        }
        Vec::new()
    }

    /// Reads what arrived and visits each whole request. Returns how many of `bytes` were consumed: all, except
    /// after [`Flow::Stop`].
    ///
    /// # Errors
    /// The first request that is refused; the reader ignores everything after it.
    pub fn read<F>(&mut self, bytes: &[u8], limits: &HttpLimits, mut visit: F) -> Result<usize, Refusal>
    where
        F: FnMut(Event<'_>) -> Flow,
    {
        let mut unparsed = match &mut self.state {
            State::Partial(partial) => std::mem::take(&mut partial.unparsed),
            _ => Unparsed::default(),
        };
        if unparsed.is_empty() {
            self.drop_empty_partial();
            self.advance(bytes, limits, &mut visit).map(|(used, next)| match next {
                Flow::Stop => used,
                _ => {
                    self.hold(bytes.get(used..).unwrap_or_default());
                    bytes.len()
                }
            })
        } else {
            unparsed.push(bytes);
            self.advance(unparsed.as_mut_slice(), limits, &mut visit).map(|(used, _)| {
                unparsed.consume(used);
                if unparsed.is_empty() {
                    self.drop_empty_partial();
                } else {
                    self.partial().unparsed = unparsed;
                }
                bytes.len()
            })
        }
    }

    /// What the request asks for that was refused, or that is not whole yet, where that can be read.
    pub fn partial_head(&self) -> Option<PartialHead> {
        match &self.state {
            State::Ended(partial) => partial.as_deref().cloned(),
            State::Partial(partial) => PartialHead::of(&partial.head),
            State::Idle => None,
        }
    }

    /// Ends the reading with a request whose head has `fresh` after what is kept of it.
    fn end(&mut self, fresh: &[u8]) {
        let partial = match &self.state {
            State::Partial(partial) if !partial.head.is_empty() => {
                PartialHead::of(&[partial.head.as_slice(), fresh].concat())
            }
            _ => PartialHead::of(fresh),
        };
        self.state = State::Ended(partial.map(Box::new));
    }

    /// Reads until the bytes are used up or the visitor does not want to go on.
    fn advance<F>(
        &mut self,
        bytes: &[u8],
        limits: &HttpLimits,
        visit: &mut F,
    ) -> Result<(usize, Flow), Refusal>
    where
        F: FnMut(Event<'_>) -> Flow,
    {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (used, next) = match &self.state {
                State::Ended(_) => (rest.len(), Flow::Continue),
                State::Partial(partial) if partial.body.is_some() => self.read_body(rest, limits, visit)?,
                _ => self.read_head(rest, limits, visit)?,
            };
            rest = rest.get(used..).unwrap_or_default();
            if next != Flow::Continue {
                return Ok((bytes.len() - rest.len(), next));
            }
        }
        Ok((bytes.len(), Flow::Continue))
    }

    fn read_head<F>(
        &mut self,
        bytes: &[u8],
        limits: &HttpLimits,
        visit: &mut F,
    ) -> Result<(usize, Flow), Refusal>
    where
        F: FnMut(Event<'_>) -> Flow,
    {
        let mut scan = if let State::Partial(partial) = &self.state { partial.scan } else { Scan::default() };
        let scanned = scan.advance(bytes, limits).inspect_err(|_| self.end(bytes))?;
        let Some(end) = scanned else {
            let partial = self.partial();
            partial.scan = scan;
            partial.head.extend_from_slice(bytes);
            return Ok((bytes.len(), Flow::Continue));
        };
        let (fresh, after) = bytes.split_at(end);
        let kept = match std::mem::take(&mut self.state) {
            State::Partial(mut partial) if !partial.head.is_empty() => {
                partial.head.extend_from_slice(fresh);
                Some(partial.head)
            }
            _ => None,
        };
        let whole = kept.as_deref().unwrap_or(fresh);
        let begun = parse_scanned(whole, |head| begin(head, after, limits, visit));
        let begun = begun.inspect_err(|_| self.end(whole))?;
        match begun {
            Begun::Whole(body_bytes, next) => Ok((end + body_bytes, next)),
            Begun::Body { body, bytes_max, waits_for_continue } => {
                let head = kept.unwrap_or_else(|| fresh.to_vec());
                let partial =
                    Partial { head, body: Some(body), body_bytes_max: bytes_max, ..Partial::default() };
                self.state = State::Partial(Box::new(partial));
                Ok((end, if waits_for_continue { visit(Event::Continue) } else { Flow::Continue }))
            }
            Begun::Unwanted => Ok((end, Flow::Stop)),
        }
    }

    fn read_body<F>(
        &mut self,
        bytes: &[u8],
        limits: &HttpLimits,
        visit: &mut F,
    ) -> Result<(usize, Flow), Refusal>
    where
        F: FnMut(Event<'_>) -> Flow,
    {
        let State::Partial(partial) = &mut self.state else { return Ok((0, Flow::Continue)) };
        let Some(body) = &mut partial.body else { return Ok((0, Flow::Continue)) };
        let limits = HttpLimits { body_bytes_max: partial.body_bytes_max, ..*limits };
        let fed = body.feed(bytes, &limits);
        let (used, whole) = match fed {
            Ok(fed) => fed,
            Err(refusal) => {
                self.end(&[]);
                return Err(refusal);
            }
        };
        if !whole {
            return Ok((used, Flow::Continue));
        }
        let (head, body) = (std::mem::take(&mut partial.head), std::mem::take(&mut body.bytes));
        self.state = State::Idle;
        let next = parse_scanned(&head, |head| Ok(visit(Event::Request { head, body: &body })))?;
        Ok((used, next))
    }

    fn partial(&mut self) -> &mut Partial {
        if !matches!(self.state, State::Partial(_)) {
            self.state = State::Partial(Box::default());
        }
        match &mut self.state {
            State::Partial(partial) => partial,
            State::Idle | State::Ended(_) => unreachable!("the state was made partial above"),
        }
    }

    fn drop_empty_partial(&mut self) {
        if self.is_idle() && matches!(self.state, State::Partial(_)) {
            self.state = State::Idle;
        }
    }
}

/// Visits the request of this head, if its body is there too.
fn begin<F>(head: &Head<'_>, after: &[u8], limits: &HttpLimits, visit: &mut F) -> Result<Begun, Refusal>
where
    F: FnMut(Event<'_>) -> Flow,
{
    let framing = Framing::of(head, limits)?;
    if framing != Framing::Empty && head.list("content-encoding").any(is_encoded) {
        return Err(Refusal::CONTENT_ENCODED);
    }
    let waits_for_continue = expects_continue(head)?;
    let (body, length) = match framing {
        Framing::Empty => return Ok(Begun::Whole(0, visit(Event::Request { head, body: &[] }))),
        Framing::Chunked => (PartialBody::chunked(), None),
        Framing::Length(length) => match after.get(..length) {
            Some(body) if !waits_for_continue => {
                return Ok(Begun::Whole(length, visit(Event::Request { head, body })));
            }
            _ => (PartialBody::length(length), Some(length)),
        },
    };
    let mut bytes_max = limits.body_bytes_max;
    if visit(Event::Body { head, length, bytes_max: &mut bytes_max }) == Flow::Stop {
        return Ok(Begun::Unwanted);
    }
    if length.is_some_and(|length| length > bytes_max) {
        return Err(Refusal::BODY_TOO_LARGE);
    }
    Ok(Begun::Body { body, bytes_max, waits_for_continue })
}

/// Whether an element of `Content-Encoding` stands for a coding; `identity` stands for none (RFC 9110 section 8.4.1).
fn is_encoded(coding: &[u8]) -> bool {
    !coding.eq_ignore_ascii_case(b"identity")
}

/// Whether the client waits for 100 Continue. HTTP/1.0 has no expectations (RFC 9110 section 10.1.1).
fn expects_continue(head: &Head<'_>) -> Result<bool, Refusal> {
    let mut expectations = head.list("expect").peekable();
    if head.version == Version::Http10 || expectations.peek().is_none() {
        return Ok(false);
    }
    match expectations.all(|value| value.eq_ignore_ascii_case(b"100-continue")) {
        true => Ok(true),
        false => Err(Refusal::EXPECTATION_FAILED),
    }
}
