//! Vouchers: words that open one WebSocket, once and soon, so that they may stand in a URL. The core that gave one out keeps
//! it, whatever core the socket comes to, so that it cannot be used twice.

use super::needs;
use crate::auth::Authenticator;
use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::ids::{ConnectionId, CoreId};
use crate::base::secret::Secret;
use crate::base::time::Now;
use crate::metrics::words::CloseReason;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::{LoginReply, Reply};
use crate::model::session::Scopes;
use crate::model::session::Session;
use crate::protocol::http::Head;
use crate::protocol::websocket::upgrade::Upgrade;
use crate::protocol::websocket::write_switching;
use crate::shard::Setup;
use crate::shard::connections::account;
use crate::shard::connections::connection::Phase;
use crate::shard::connections::expect::{Answering, Expect, Opening};
use crate::shard::delivery::users::Fresh;
use crate::shard::edge::Edge;
use crate::shard::home::HomeSide;
use crate::shard::mesh::message::{CoreMessage, Ticket};
use crate::shard::mesh::post;
use crate::shard::relay::RelaySide;
use crate::shard::transports::http::{anonymous, write_fault};
use crate::shard::transports::upgrade::open_socket;
use crate::surface::{EndpointAccess, Language, Socket, Surface};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// What every voucher starts with.
const PREFIX: &str = "ct_";

/// Seconds that a voucher holds.
const VOUCHER_S: u64 = 30;

/// Vouchers of one user that were not used yet, per core.
const PER_USER_MAX: usize = 64;

/// The vouchers that a core gave out.
pub(in crate::shard) struct Vouchers {
    sessions: KeyedMap<u128, Arc<Session>>,
    /// Unused ones of each user, with when each ends, oldest first.
    users: KeyedMap<Arc<str>, VecDeque<(u64, u128)>>,
    /// When each ends, monotonic microseconds, and which it is: one that was used takes no place here.
    due: BTreeSet<(u64, u128)>,
}

impl Vouchers {
    pub fn new(seed: u64) -> Self {
        let hasher = KeyedState::new(seed, 0x71c4);
        Self {
            sessions: KeyedMap::with_hasher(hasher),
            users: KeyedMap::with_hasher(hasher),
            due: BTreeSet::new(),
        }
    }

    fn give(&mut self, now: Now, number: u128, session: &Arc<Session>) {
        let ends = (now.monotonic_us + VOUCHER_S * 1_000_000, number);
        self.users.entry(session.user.clone()).or_default().push_back(ends);
        self.sessions.insert(number, session.clone());
        self.due.insert(ends);
    }

    fn take(&mut self, number: u128) -> Option<Arc<Session>> {
        let session = self.sessions.remove(&number)?;
        if let Some(unused) = self.users.get_mut(&session.user) {
            let at = unused.iter().position(|(_, other)| *other == number);
            if let Some(ends) = at.and_then(|at| unused.remove(at)) {
                self.due.remove(&ends);
            }
            if unused.is_empty() {
                self.users.remove(&session.user);
            }
        }
        Some(session)
    }

    /// Gives a voucher to whoever asks.
    pub fn answer(&mut self, setup: &Setup, fresh: &mut Fresh, now: Now, session: &Arc<Session>) -> Reply {
        self.expire(now);
        let unused = self.users.get(&session.user).filter(|unused| unused.len() >= PER_USER_MAX);
        if let Some((due_us, _)) = unused.and_then(VecDeque::front) {
            let sentence = "You have too many tickets that were not used. Use one, or wait until they end.";
            let fault = Fault::new(FaultCode::RateLimited, sentence);
            return Reply::Fault(fault.retry_after(now.seconds_to(*due_us)));
        }
        if let Some((due_us, _)) = self.due.first()
            && self.due.len() >= setup.limits.vouchers_max as usize
        {
            let sentence =
                "No place for another ticket: vouchers_max is reached. They end after half a minute.";
            let fault = Fault::new(FaultCode::LimitExceeded, sentence);
            return Reply::Fault(fault.retry_after(now.seconds_to(*due_us)));
        }
        let halves = [fresh.next(), fresh.next()].map(u128::from);
        let number = halves[0] << 64 | halves[1];
        self.give(now, number, session);
        let core = setup.core.0.to_be_bytes();
        let bytes = [core.as_slice(), &number.to_be_bytes()].concat();
        let voucher = Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)));
        Reply::Login(LoginReply::Voucher { voucher, expires_ms: now.unix_ms + VOUCHER_S * 1_000 })
    }

    /// Takes a voucher of this core back; it is good for nothing after that.
    pub fn redeem(&mut self, now: Now, number: u128) -> Reply {
        self.expire(now);
        self.take(number)
            .map_or_else(|| Reply::Fault(no_voucher()), |session| LoginReply::Redeemed(session).into())
    }

    /// Forgets those of a user.
    pub fn forget_user(&mut self, user: &str) {
        for ends in self.users.remove(user).unwrap_or_default() {
            self.sessions.remove(&ends.1);
            self.due.remove(&ends);
        }
    }

    /// Forgets those whose time is over.
    pub fn expire(&mut self, now: Now) {
        while let Some((due_us, number)) = self.due.first().copied()
            && due_us <= now.monotonic_us
        {
            self.due.pop_first();
            self.take(number);
        }
    }

    /// Asserts what must always hold.
    pub fn invariants(&self) {
        let users: usize = self.users.values().map(VecDeque::len).sum();
        assert_eq!(users, self.sessions.len(), "vouchers of users add up");
        assert_eq!(self.sessions.len(), self.due.len(), "every voucher ends, and nothing but vouchers");
    }
}

/// The core that gave a voucher out, and its number there. `None` if the text is no voucher.
fn read(credential: &str) -> Option<(CoreId, u128)> {
    let bytes = URL_SAFE_NO_PAD.decode(credential.strip_prefix(PREFIX)?).ok()?;
    let (core, number) = bytes.split_first_chunk::<2>()?;
    Some((CoreId(u16::from_be_bytes(*core)), u128::from_be_bytes(number.try_into().ok()?)))
}

/// Whether a credential looks like a voucher.
pub(in crate::shard) fn is_voucher(credential: &str) -> bool {
    credential.starts_with(PREFIX)
}

/// The answer to a handshake is on its way: from here on the connection is a WebSocket, or at its end.
pub(in crate::shard) fn open_or_close(
    side: &mut RelaySide<'_>,
    id: ConnectionId,
    opening: &Opening,
    reply: &Reply,
) {
    let Ok(session) = opening.session(reply, &side.edge.setup.authenticator) else {
        return side.edge.close_when_written(id, CloseReason::Finished);
    };
    if side.homes.logins.revoked.has(session) {
        // The credentials ended between the deciding of the answer and its writing.
        return side.edge.close_when_written(id, CloseReason::Unauthenticated);
    }
    let Some(connection) = side.edge.connections.get_mut(id) else { return };
    let Phase::Http(reader) = &mut connection.phase else { return };
    // Frames may have come behind the request.
    let rest = reader.take_rest();
    open_socket(side, id, Some(session.clone()), (opening.socket, opening.language), opening.agreement);
    if let Some(connection) = side.edge.connections.get_mut(id)
        && let Phase::Socket { reader, .. } = &mut connection.phase
    {
        reader.hold(&rest);
    }
}

/// Asks for the session of a voucher, with which a WebSocket opens.
pub(in crate::shard) fn redeem(
    edge: &mut Edge,
    homes: &mut HomeSide,
    id: ConnectionId,
    (head, upgrade): (&Head<'_>, &Upgrade<'_>),
    (surface, socket, language): (&'static Surface, &'static Socket, &'static Language),
    refused: Answering,
) {
    let credential = (surface.credentials)(head, &[]).unwrap_or_default();
    let account = account(&edge.connections, id, &anonymous());
    let read = read(&credential).filter(|(core, _)| core.0 < edge.setup.cores);
    let fault = match read {
        None => Some(no_voucher()),
        Some((core, _)) if !homes.mesh.may_ask(core, || account.clone()) => Some(super::overloaded()),
        Some(_) => None,
    };
    let (Some((core, number)), None) = (read, &fault) else {
        return edge.respond_fault(id, surface, &refused, &fault.unwrap_or_else(no_voucher));
    };
    let protocol = socket.protocol.accepted(upgrade.protocols()).map(Box::from);
    let agreement = edge.setup.compression(surface.name, upgrade);
    let key = upgrade.key.into();
    let opening = Opening { surface, socket, language, key, protocol, agreement, refused };
    let sequence = edge.connections.open_slot(id, Expect::Opening(Box::new(opening)));
    edge.connections.hold_reading(id, sequence);
    let ticket = Ticket { connection: id, sequence, part: 0, session: anonymous() };
    post(edge, homes, core, CoreMessage::Redeem { ticket, number, account });
}

impl Opening {
    /// Appends the answer to a handshake whose voucher was taken back.
    pub(in crate::shard) fn encode(&self, edge: &mut Edge, reply: &Reply, out: &mut Vec<u8>) {
        match self.session(reply, &edge.setup.authenticator) {
            Ok(_) => {
                write_switching(out, &self.key, self.protocol.as_deref(), self.agreement);
                edge.counters.note_response(101);
                edge.note_access(&self.refused, 101, out.len());
            }
            Err(fault) => {
                write_fault(edge, out, self.surface.encode_fault, &self.refused, &fault);
            }
        }
    }

    /// The session that the socket opens with, or why it does not.
    fn session<'a>(
        &self,
        reply: &'a Reply,
        authenticator: &Authenticator,
    ) -> Result<&'a Arc<Session>, Fault> {
        let needed =
            if let EndpointAccess::Scoped(scopes) = self.socket.access { scopes } else { Scopes::NONE };
        match reply {
            // What it was given for may have been removed since.
            Reply::Login(LoginReply::Redeemed(session)) if !authenticator.still_holds(session) => {
                Err(no_voucher())
            }
            Reply::Login(LoginReply::Redeemed(session)) => needs(session, needed).map(|()| session),
            Reply::Fault(fault) => Err(fault.clone()),
            _ => Err(no_voucher()),
        }
    }
}

fn no_voucher() -> Fault {
    let sentence =
        "The ticket is not known: it was used, its half minute is over, or the node was started anew.";
    Fault::new(FaultCode::Unauthenticated, sentence)
}
