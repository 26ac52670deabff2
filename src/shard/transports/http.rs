//! HTTP requests of this core's connections.

use crate::base::ids::ConnectionId;
use crate::metrics::counters::Counters;
use crate::metrics::words::CloseReason;
use crate::model::fault::{Fault, FaultCode};
use crate::model::session::Session;
use crate::protocol::Flow;
use crate::protocol::http::{
    CONTINUE, Connection as Persistence, DateCache, Described, Event, Head, HttpLimits, Method, PartialHead,
    PartialOrigin, Reading, Refusal, Response, ResponseContext, forwarded, origin, write_head,
    write_response,
};
use crate::shard::access;
use crate::shard::connections::allowances::give_way;
use crate::shard::connections::connection::{Due, Phase};
use crate::shard::connections::expect::{Answering, Expect};
use crate::shard::connections::reserve;
use crate::shard::edge::Edge;
use crate::shard::effects::Long;
use crate::shard::home::HomeSide;
use crate::shard::requests::needs;
use crate::shard::transports::bodies;
use crate::shard::transports::client_info::realm_of;
use crate::shard::transports::long::{self, UndecodedRequest};
use crate::shard::transports::upgrade::vouch;
use crate::shard::{Setup, Shard};
use crate::surface::router::{RouteMatch, Router};
use crate::surface::{Endpoint, EndpointAccess, Request, Surface};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

impl Edge {
    /// Answers bytes that are no acceptable request, in the shape of the surface that was asked if that is known,
    /// and closes.
    pub(in crate::shard) fn refuse(
        &mut self,
        id: ConnectionId,
        refusal: &Refusal,
        partial: Option<PartialHead>,
        why: CloseReason,
    ) {
        let router = &self.setup.router;
        let surface = partial.as_ref().map_or(router.fallback(), |partial| router.owner(&partial.path));
        let response = refusal_response(&mut self.counters, surface, refusal);
        let asked = access::asked_in_part(self, id, partial.as_ref());
        let answering = Answering { asked, ..answering_partial(&self.setup, partial, refusal.status) };
        self.connections.decide_end(id, why);
        self.respond(id, &response, &answering, refusal.fields());
        self.ignore_input(id);
    }

    pub(in crate::shard) fn respond_fault(
        &mut self,
        id: ConnectionId,
        surface: &Surface,
        answering: &Answering,
        fault: &Fault,
    ) {
        self.note_fault(id, fault.code);
        let mut out = Vec::new();
        write_fault(self, &mut out, surface.encode_fault, answering, fault);
        self.write_in_turn(id, out, answering.is_last());
    }

    pub(in crate::shard) fn respond(
        &mut self,
        id: ConnectionId,
        response: &Response,
        answering: &Answering,
        fields: &[(&str, &str)],
    ) {
        let mut out = Vec::new();
        self.write_response(&mut out, response, answering, fields);
        self.write_in_turn(id, out, answering.is_last());
    }

    /// Appends a response with the fields that every response may need.
    pub(in crate::shard) fn write_response(
        &mut self,
        out: &mut Vec<u8>,
        response: &Response,
        answering: &Answering,
        fields: &[(&str, &str)],
    ) {
        let before = out.len();
        with_context(self, answering, fields, |context, dates| write_response(out, response, context, dates));
        self.counters.note_response(response.status);
        self.note_access(answering, response.status, out.len() - before);
    }
}

/// Appends the head of a response whose body follows, with the fields that every response may need.
pub(in crate::shard) fn write_head_of(
    edge: &mut Edge,
    out: &mut Vec<u8>,
    described: Described,
    answering: &Answering,
    fields: &[(&str, &str)],
) {
    let before = out.len();
    with_context(edge, answering, fields, |context, dates| write_head(out, described, context, dates));
    let body = if answering.head_only { 0 } else { described.length as usize };
    edge.counters.note_response(described.status);
    edge.note_access(answering, described.status, out.len() - before + body);
}

fn with_context(
    edge: &mut Edge,
    answering: &Answering,
    fields: &[(&str, &str)],
    write: impl FnOnce(&ResponseContext<'_>, &mut DateCache),
) {
    let mut all = fields.to_vec();
    if !edge.setup.allowed_origins.is_empty() {
        // The answer differs by origin, so a cache must not mix them up.
        all.push(("Vary", "Origin"));
    }
    if let Some(origin) = &answering.origin {
        all.push(("Access-Control-Allow-Origin", origin));
    }
    if answering.secret {
        // RFC 6750 sections 2.3 and 5.3: neither the browser nor a proxy may keep it.
        all.push(("Cache-Control", "no-store"));
    }
    let context = ResponseContext {
        head_only: answering.head_only,
        connection: answering.persistence,
        unix_s: edge.now.unix_s(),
        fields: &all,
    };
    write(&context, &mut edge.date);
}

impl Shard {
    /// Reads requests. Whether the connection speaks WebSocket from here on, with the bytes after the upgrade.
    pub(in crate::shard) fn read_http(&mut self, id: ConnectionId, bytes: &[u8]) -> Option<Vec<u8>> {
        let connection = self.edge.connections.get_mut(id)?;
        let Phase::Http(reader) = &mut connection.phase else { return None };
        let mut reader = std::mem::take(reader);
        let limits = HttpLimits {
            head_bytes_max: self.setup.limits.header_bytes_max as usize,
            headers_max: self.setup.limits.headers_max as usize,
            body_bytes_max: self.setup.limits.message_bytes_max as usize,
        };
        let result = reader.read(bytes, &limits, |event| self.request(id, event));
        match result {
            Ok(used) => {
                let rest = match self.edge.connections.get_mut(id) {
                    Some(connection) if connection.is_socket() => reader.take_rest(),
                    Some(connection) => {
                        let reading = reader.reading();
                        if let Phase::Http(place) = &mut connection.phase {
                            *place = reader;
                            await_more(&mut self.edge, id, reading);
                        }
                        return None;
                    }
                    None => return None,
                };
                Some([rest.as_slice(), bytes.get(used..).unwrap_or_default()].concat())
            }
            Err(refusal) => {
                self.edge.refuse(id, &refusal, reader.partial_head(), CloseReason::Protocol);
                None
            }
        }
    }

    fn request(&mut self, id: ConnectionId, event: Event<'_>) -> Flow {
        let Some(connection) = self.edge.connections.get_mut(id) else { return Flow::Stop };
        let (head, body) = match event {
            Event::Continue => {
                // Answers of earlier requests come first; a client that pipelines before it asks has waited for them.
                if connection.pending.is_none() {
                    self.edge.counters.note_response(100);
                    self.edge.write(id, CONTINUE);
                }
                return Flow::Continue;
            }
            Event::Body { head, length, bytes_max } => {
                return bodies::expect(&mut self.edge, &self.homes, id, head, length, bytes_max);
            }
            Event::Request { head, body } => (head, body),
        };
        self.edge.connections.allowances.spend_input(body.len(), true);
        let surface = self.setup.router.owner(head.path);
        let in_the_way =
            self.edge.connections.is_reserved(id) && !std::ptr::eq(surface, self.setup.router.fallback());
        let has_place = in_the_way || follow_client(&mut self.edge, id, head);
        let mut answering = answering(&self.edge, id, head);
        let quota = self.setup.limits.commands_per_second_max;
        let refusal = if in_the_way {
            self.edge.counters.connections_refused += 1;
            answering.persistence = Persistence::Close;
            Some(reserve::full())
        } else if !has_place {
            answering.persistence = Persistence::Close;
            Some(too_many_connections())
        } else {
            (!self.edge.connections.take_quota(self.edge.now, id, quota)).then(rate_limited)
        };
        let last = answering.is_last();
        match refusal {
            Some(fault) => self.edge.respond_fault(id, surface, &answering, &fault),
            None => self.dispatch(id, head, body, answering),
        }
        let Some(connection) = self.edge.connections.get(id) else { return Flow::Stop };
        if connection.decoding_bytes > 0 {
            return Flow::Pause;
        }
        if last || !matches!(connection.phase, Phase::Http(_)) {
            self.edge.ignore_input_if_http(id);
            return Flow::Stop;
        }
        if self.edge.connections.pause_if_busy(id, &self.setup.limits)
            || give_way(&mut self.edge.connections, id)
        {
            return Flow::Pause;
        }
        Flow::Continue
    }

    fn dispatch(&mut self, id: ConnectionId, head: &Head<'_>, body: &[u8], mut answering: Answering) {
        let router = self.setup.router.clone();
        match route(&self.edge, &router, id, head) {
            RouteMatch::Endpoint { surface, endpoint, .. }
                if self.homes.log.is_starting() && endpoint.access != EndpointAccess::Open =>
            {
                self.edge.respond_fault(id, surface, &answering, &starting());
            }
            RouteMatch::Endpoint { surface, endpoint, parameters } => {
                let fresh = self.homes.fresh.next();
                let session = match self.homes.session_for(head, body, surface, endpoint.access) {
                    Ok(session) => session,
                    Err(fault) => return self.edge.respond_fault(id, surface, &answering, &fault),
                };
                vouch(&mut self.edge.connections, id, &session);
                session.iter().for_each(|session| answering.note_user(session));
                let limits = &*self.setup.limits;
                let request = Request {
                    head,
                    parameters: &parameters,
                    body,
                    session: session.as_deref(),
                    limits,
                    public_url: self.setup.public_url_of(surface.name),
                    words: &self.words,
                    fresh,
                };
                if long::is_long(body) {
                    let long = Long::request(endpoint, &request, session.clone(), self.setup.limits.clone());
                    let asked = UndecodedRequest { surface, endpoint, answering, session };
                    return long::leave_request(&mut self.edge, &mut self.homes, id, long, asked);
                }
                match (endpoint.decode)(&request) {
                    Err(fault) => self.edge.respond_fault(id, surface, &answering, &fault),
                    Ok(command) => {
                        let session = session.unwrap_or_else(anonymous);
                        self.submit(id, &session, command, expect(surface, endpoint, answering));
                    }
                }
            }
            RouteMatch::Socket { surface, socket, parameters } => {
                match realm_of(&self.setup, socket, &parameters) {
                    Ok(realm) => self.upgrade(id, head, surface, socket, realm, &answering),
                    Err(fault) => self.edge.respond_fault(id, surface, &answering, &fault),
                }
            }
            RouteMatch::Options { allow, .. } => {
                let fields = options_fields(head, &answering, &allow);
                self.edge.respond(id, &Response::empty(204), &answering, &fields);
            }
            RouteMatch::MethodNotAllowed { surface, allow } => {
                let detail = format!("{} is not served here. Allowed: {allow}.", head.method_name);
                self.edge.note_fault(id, FaultCode::MethodNotAllowed);
                let response = (surface.encode_fault)(&Fault::new(FaultCode::MethodNotAllowed, detail));
                self.edge.respond(id, &response, &answering, &[("Allow", &allow)]);
            }
            RouteMatch::NotFound { surface } => {
                let fault = Fault::new(
                    FaultCode::NotFound,
                    "Nothing is served at this path. Check it for a typing error.",
                );
                self.edge.respond_fault(id, surface, &answering, &fault);
            }
        }
    }
}

impl HomeSide {
    /// Who asks, if it may. `None` is nobody, where that is allowed.
    pub(in crate::shard) fn session_for(
        &self,
        head: &Head<'_>,
        body: &[u8],
        surface: &Surface,
        access: EndpointAccess,
    ) -> Result<Option<Arc<Session>>, Fault> {
        let EndpointAccess::Scoped(scopes) = access else { return Ok(None) };
        let Some(credential) = (surface.credentials)(head, body) else {
            return Err(Fault::new(
                FaultCode::NoCredentials,
                "No key or token was sent. Send the header \"Authorization: Bearer <key or token>\".",
            ));
        };
        let (session, _) = self.verify(&credential)?;
        needs(&session, scopes).map(|()| Some(session))
    }
}

/// What serves a request of a connection: operators may be served on listeners of their own only.
pub(in crate::shard) fn route<'p>(
    edge: &Edge,
    router: &Router,
    id: ConnectionId,
    head: &Head<'p>,
) -> RouteMatch<'p> {
    let is_theirs = || edge.connections.get(id).is_some_and(|connection| connection.flags.operators);
    if edge.setup.operators_apart && router.is_for_operators(head.path) && !is_theirs() {
        return RouteMatch::NotFound { surface: router.owner(head.path) };
    }
    router.find(head.method, head.path)
}

/// Chooses the deadline that fits what the connection waits for.
fn await_more(edge: &mut Edge, id: ConnectionId, reading: Reading) {
    let limits = &edge.setup.limits;
    let Some(connection) = edge.connections.get(id) else { return };
    let (due, ms) = match reading {
        Reading::Idle => (Due::KeepAlive, limits.keep_alive_ms_max),
        Reading::Head => (Due::Header, limits.header_time_ms_max),
        Reading::Body => (Due::Body, limits.body_time_ms_max),
    };
    // A deadline runs from the first byte: more bytes do not move it (slow requests are an attack).
    if connection.due != due || due == Due::KeepAlive {
        edge.connections.set_deadline(edge.now, id, due, u64::from(ms));
    }
}

/// What the refusal of a request needs, of which not all may be known. It says nothing of anybody: where it is not
/// known which origin asks, any may read it.
fn answering_partial(setup: &Setup, partial: Option<PartialHead>, status: u16) -> Answering {
    let origins = &setup.allowed_origins;
    let mut answering = Answering {
        head_only: false,
        persistence: Persistence::Close,
        origin: None,
        secret: false,
        asked: None,
    };
    if let Some(PartialHead { head_only, query, origin, .. }) = partial {
        answering.head_only = head_only;
        // A line that is too long is cut where its query may have been.
        answering.secret = status == 414 || setup.router.is_secret(&query);
        answering.origin = match origin {
            PartialOrigin::Is(origin) if origin::allowed(&origin, origins, None) => {
                String::from_utf8(origin).ok().map(Box::from)
            }
            // Of a head that is too large the rest is not read, so what there is of it may be a matter of luck.
            PartialOrigin::Absent if !matches!(status, 414 | 431) => None,
            PartialOrigin::Unread | PartialOrigin::Absent if !origins.is_empty() => Some("*".into()),
            _ => None,
        };
    }
    answering
}

/// How the answer to a request is to be written, as far as its head says.
pub(super) fn answering(edge: &Edge, id: ConnectionId, head: &Head<'_>) -> Answering {
    let origin = match origin::check(head, &edge.setup.allowed_origins, false) {
        origin::Verdict::Allowed(origin) => Some(origin.into()),
        _ => None,
    };
    let persistence = if edge.drain.is_some() { Persistence::Close } else { head.connection() };
    let secret = edge.setup.router.is_secret(head.query);
    let head_only = head.method == Some(Method::Head);
    Answering { head_only, persistence, origin, secret, asked: access::asked(edge, id, head) }
}

/// Counts the connection of a trusted proxy for the client that it speaks for; all clients that it does not name count as
/// one. False if the client has as many connections as may be.
pub(super) fn follow_client(edge: &mut Edge, id: ConnectionId, head: &Head<'_>) -> bool {
    if !edge.connections.get(id).is_some_and(|connection| connection.flags.proxied) {
        return true;
    }
    let client = forwarded::client(head, |address| edge.setup.trusts(address));
    let client = client.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    edge.connections.follow(id, client, &edge.setup.limits)
}

/// What whoever asks for the options of a path is told of it.
fn options_fields<'a>(
    head: &'a Head<'_>,
    answering: &Answering,
    allow: &'a str,
) -> Vec<(&'static str, &'a str)> {
    let mut fields = vec![("Allow", allow)];
    // A preflight (Fetch standard, section 3.3): only an origin that may read the answer is told what it may do.
    if answering.origin.is_some() {
        fields.push(("Access-Control-Allow-Methods", allow));
        if let Some(wanted) = head.header_str("access-control-request-headers") {
            fields.push(("Access-Control-Allow-Headers", wanted));
        }
        fields.push(("Access-Control-Max-Age", "600"));
    }
    fields
}

/// A refusal in the error shape of a surface, with the refusal's own status.
pub(super) fn refusal_response(counters: &mut Counters, surface: &Surface, refusal: &Refusal) -> Response {
    let code = match refusal.status {
        413 | 414 | 431 => FaultCode::TooLarge,
        403 => FaultCode::Forbidden,
        405 => FaultCode::MethodNotAllowed,
        503 => FaultCode::Overloaded,
        _ => FaultCode::InvalidRequest,
    };
    counters.note_fault(code);
    let mut response = (surface.encode_fault)(&Fault::new(code, refusal.reason));
    response.status = refusal.status;
    response
}

pub(in crate::shard) fn anonymous() -> Arc<Session> {
    Arc::new(Session::guest(None))
}

pub(super) fn expect(surface: &'static Surface, endpoint: &'static Endpoint, answering: Answering) -> Expect {
    Expect::Response { surface, endpoint, answering }
}

/// What a connection is told that asks too often.
pub(in crate::shard) fn rate_limited() -> Fault {
    Fault::new(
        FaultCode::RateLimited,
        "This connection sends more requests a second than the node allows. Slow down and try again.",
    )
}

/// What a client behind a proxy is told whose address has as many connections as may be.
fn too_many_connections() -> Fault {
    Fault::new(
        FaultCode::RateLimited,
        "Your address has as many connections to this node as it may have. Close some and try again.",
    )
    .retry_after(None)
}

/// Appends the answer that tells a fault.
pub(in crate::shard) fn write_fault(
    edge: &mut Edge,
    out: &mut Vec<u8>,
    encode: fn(&Fault) -> Response,
    answering: &Answering,
    fault: &Fault,
) {
    let fields = fault_fields(fault);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, &**value)).collect();
    edge.write_response(out, &encode(fault), answering, &fields);
}

/// Header fields that go with a fault.
fn fault_fields(fault: &Fault) -> Vec<(&'static str, Cow<'static, str>)> {
    let asks = matches!(fault.code, FaultCode::Unauthenticated | FaultCode::NoCredentials);
    let asks = asks.then_some(("WWW-Authenticate", "Bearer".into()));
    let waits = fault.retry_after_s.map(|s| ("Retry-After", s.to_string().into()));
    asks.into_iter().chain(waits).collect()
}

/// What is asked for needs what the node is still reading.
pub(in crate::shard) fn starting() -> Fault {
    Fault::new(
        FaultCode::Unavailable,
        "This node is reading what it kept before its start. Try again shortly.",
    )
}
