//! From HTTP to WebSocket (RFC 6455 section 4.2). Never 101 unless the request is wholly valid, its origin is
//! allowed and its credentials hold; a refused upgrade closes the connection.

use super::http::{refusal_response, starting, write_fault};
use crate::base::ids::ConnectionId;
use crate::model::fault::{Fault, FaultCode};
use crate::model::realm::Realm;
use crate::model::session::Session;
use crate::protocol::framing::Framing;
use crate::protocol::http::{Connection as Persistence, Head, Refusal, origin};
use crate::protocol::websocket::deflate::Agreement;
use crate::protocol::websocket::upgrade::Upgrade;
use crate::protocol::websocket::{Reader, upgrade};
use crate::shard::Shard;
use crate::shard::access;
use crate::shard::connections::Connections;
use crate::shard::connections::connection::{Due, Phase};
use crate::shard::connections::expect::Answering;
use crate::shard::delivery::users::user_arrived;
use crate::shard::edge::Edge;
use crate::shard::home::HomeSide;
use crate::shard::people;
use crate::shard::relay::{self, RelaySide};
use crate::shard::requests::vouchers::{is_voucher, redeem};
use crate::surface::{Language, Socket, Surface};
use std::net::Ipv4Addr;
use std::sync::Arc;

impl Shard {
    /// Opens a WebSocket, or says why not.
    pub(in crate::shard) fn upgrade(
        &mut self,
        id: ConnectionId,
        head: &Head<'_>,
        surface: &'static Surface,
        socket: &'static Socket,
        realm: Option<Arc<Realm>>,
        answering: &Answering,
    ) {
        let refused = Answering { persistence: Persistence::Close, ..answering.clone() };
        let (language, upgrade) = match check(&self.edge, &self.homes, id, head, socket) {
            Ok(checked) => checked,
            Err(why) => return refuse(&mut self.edge, id, (surface, socket), &refused, why),
        };
        let has_voucher = (surface.credentials)(head, &[]).is_some_and(|credential| is_voucher(&credential));
        if realm.is_none() && has_voucher {
            return redeem(
                &mut self.edge,
                &mut self.homes,
                id,
                (head, &upgrade),
                (surface, socket, language),
                refused,
            );
        }
        let session = match realm {
            Some(realm) => {
                let address = self.edge.connections.address(id).unwrap_or(Ipv4Addr::UNSPECIFIED.into());
                self.homes.realm_session(head, (surface, socket), realm, address).map(Some)
            }
            None => self.homes.session_for(head, &[], surface, socket.access),
        };
        let session = match session {
            Ok(session) => session,
            Err(fault) => {
                return refuse(&mut self.edge, id, (surface, socket), &refused, Refused::Socket(fault));
            }
        };
        let mut out = Vec::new();
        let protocol = socket.protocol.accepted(upgrade.protocols());
        let agreement = self.setup.compression(surface.name, &upgrade);
        upgrade::write_switching(&mut out, upgrade.key, protocol, agreement);
        access::note_opened(&mut self.edge, answering, session.as_deref(), out.len());
        self.edge.write_in_turn(id, out, false);
        let person = session.clone().zip(socket.device.map(|name| name(head, self.homes.fresh.next())));
        open_socket(&mut self.relay_side(), id, session, (socket, language), agreement);
        if let Some((session, device)) = person {
            people::person_came(&mut self.people_side(), id, &session, device.into());
        }
    }
}

/// A connection is a WebSocket from here on.
pub(in crate::shard) fn open_socket(
    side: &mut RelaySide<'_>,
    id: ConnectionId,
    session: Option<Arc<Session>>,
    (socket, language): (&'static Socket, &'static Language),
    agreement: Option<Agreement>,
) {
    let session = match session {
        Some(session) if socket.reachable => Some(relay::with_handle(side.homes, &session)),
        session => session,
    };
    side.edge.counters.websockets_open += 1;
    vouch(&mut side.edge.connections, id, &session);
    if let Some(session) = &session {
        user_arrived(side, session);
    }
    let Some(connection) = side.edge.connections.get_mut(id) else { return };
    connection.session = session;
    connection.outbox.begin_frames();
    if let Some(agreement) = agreement {
        connection.framing = Framing::Deflate(agreement.window);
    }
    connection.phase = Phase::Socket { reader: Reader::default(), language };
    relay::came(side, id);
    side.edge.watch_token(id);
    // The first ping of a storm of connections is spread over the interval.
    let interval = side.edge.setup.ping_interval_ms;
    let earlier = side.homes.fresh.next() % (interval / 4 + 1);
    side.edge.connections.set_deadline(side.edge.now, id, Due::Ping, interval - earlier);
}

/// The connection is no longer one that nobody vouches for.
pub(super) fn vouch(connections: &mut Connections, id: ConnectionId, session: &Option<Arc<Session>>) {
    // A guest vouches for nobody.
    if session.as_ref().is_some_and(|session| !session.is_guest()) {
        connections.vouch(id);
    }
}

/// Why a WebSocket does not open, by how it is told.
enum Refused {
    /// The request is no acceptable handshake.
    Request(Refusal),
    /// The socket is not for whoever asks, or not in this way.
    Socket(Fault),
    /// This node does not open it at present.
    Node(Fault),
}

/// Whether a request may open a WebSocket, whoever it is of: the language that is spoken there, and what was asked for.
fn check<'h>(
    edge: &Edge,
    homes: &HomeSide,
    id: ConnectionId,
    head: &'h Head<'_>,
    socket: &'static Socket,
) -> Result<(&'static Language, Upgrade<'h>), Refused> {
    if matches!(socket.language, Language::Echo) && !edge.setup.echo {
        let detail = "The echo socket is switched off. Set debug.echo = true to serve it.";
        return Err(Refused::Node(Fault::new(FaultCode::NotFound, detail)));
    }
    if edge.connections.get(id).is_some_and(|connection| connection.in_flight() > 0) {
        let reason = "an upgrade may not follow requests that are not answered yet";
        return Err(Refused::Request(Refusal::bad_request(reason)));
    }
    let Some(language) = socket.language_for(head) else {
        let name = socket.choices.parameter;
        let detail = format!("The parameter {name} asks for a version that is not spoken here.");
        return Err(Refused::Socket(Fault::new(FaultCode::InvalidRequest, detail)));
    };
    let upgrade = upgrade::check(head).map_err(Refused::Request)?;
    if origin::check(head, &edge.setup.allowed_origins, true) == origin::Verdict::Refused {
        let reason = "pages of this origin may not connect: the operator can add it to auth.allowed_origins";
        return Err(Refused::Request(Refusal::new(403, reason)));
    }
    if homes.log.is_starting() {
        return Err(Refused::Node(starting()));
    }
    if edge.drain.is_some() {
        let detail = "This node is going away. Connect again.";
        return Err(Refused::Node(Fault::new(FaultCode::Unavailable, detail)));
    }
    Ok((language, upgrade))
}

fn refuse(
    edge: &mut Edge,
    id: ConnectionId,
    (surface, socket): (&Surface, &Socket),
    answering: &Answering,
    why: Refused,
) {
    match why {
        Refused::Node(fault) => edge.respond_fault(id, surface, answering, &fault),
        Refused::Request(refusal) => {
            let response = refusal_response(&mut edge.counters, surface, &refusal);
            edge.respond(id, &response, answering, refusal.fields());
        }
        Refused::Socket(fault) => {
            edge.counters.note_fault(fault.code);
            let mut out = Vec::new();
            let encode = socket.encode_refusal.unwrap_or(surface.encode_fault);
            write_fault(edge, &mut out, encode, answering, &fault);
            edge.write_in_turn(id, out, answering.is_last());
        }
    }
}
