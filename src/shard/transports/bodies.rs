//! Whose bodies are read. A large one is kept, and then parsed, for whoever may ask what it asks: that is known by the head, so
//! nobody else gets to send it.

use crate::base::ids::ConnectionId;
use crate::model::fault::FaultCode;
use crate::protocol::Flow;
use crate::protocol::http::{Connection as Persistence, Head};
use crate::shard::edge::Edge;
use crate::shard::home::HomeSide;
use crate::shard::transports::http::{answering, follow_client, route};
use crate::surface::EndpointAccess;
use crate::surface::router::RouteMatch;

/// Bytes of a body that anybody may send, to log in for example, or with credentials in a form.
const ANYBODYS_BYTES_MAX: usize = 64 << 10;

/// A body is still to come: says whether it is read, and how much of it.
pub(super) fn expect(
    edge: &mut Edge,
    homes: &HomeSide,
    id: ConnectionId,
    head: &Head<'_>,
    length: Option<usize>,
    bytes_max: &mut usize,
) -> Flow {
    if length.is_some_and(|length| length <= ANYBODYS_BYTES_MAX) {
        return Flow::Continue;
    }
    let router = edge.setup.router.clone();
    let judged = match route(edge, &router, id, head) {
        RouteMatch::Endpoint { surface, endpoint, .. }
            if matches!(endpoint.access, EndpointAccess::Scoped(_)) =>
        {
            homes.session_for(head, &[], surface, endpoint.access).map_err(|fault| (surface, fault)).map(drop)
        }
        _ => {
            *bytes_max = ANYBODYS_BYTES_MAX.min(*bytes_max);
            return Flow::Continue;
        }
    };
    match judged {
        Ok(()) => Flow::Continue,
        // They may be in the body, if it turns out to be short.
        Err((_, fault)) if fault.code == FaultCode::NoCredentials && length.is_none() => {
            *bytes_max = ANYBODYS_BYTES_MAX.min(*bytes_max);
            Flow::Continue
        }
        Err((surface, fault)) => {
            // Whether the client has a place is not asked any more: this is the last that it hears.
            follow_client(edge, id, head);
            let mut answering = answering(edge, id, head);
            answering.persistence = Persistence::Close;
            edge.respond_fault(id, surface, &answering, &fault);
            edge.ignore_input_if_http(id);
            Flow::Stop
        }
    }
}
