//! Seats: the places of clients in a realm, given when a socket opens.

use crate::auth::Shown;
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::Client;
use crate::model::realm::Realm;
use crate::model::session::{Seat, Session};
use crate::protocol::http::Head;
use crate::shard::Shard;
use crate::surface::router::Parameters;
use crate::surface::{Access, Socket, Surface};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::Arc;

impl Shard {
    /// The realm of a socket that belongs to one.
    ///
    /// # Errors
    /// No realm has the key of the path.
    pub(in crate::shard) fn realm_of(
        &self,
        socket: &Socket,
        parameters: &Parameters<'_>,
    ) -> Result<Option<Arc<Realm>>, Fault> {
        let Some(name) = socket.realm else { return Ok(None) };
        let key = parameters.iter().find(|(parameter, _)| *parameter == name).map(|(_, value)| value);
        let realm = self.setup.realms.iter().find(|realm| key.is_some_and(|key| **key == *realm.key));
        let unknown =
            || Fault::new(FaultCode::NotFound, "Nothing is served at this path. Check its last part.");
        realm.cloned().map(Some).ok_or_else(unknown)
    }

    /// The session of a socket of a realm, its own: with a seat, and a guest's where guests may come and the
    /// credentials do not hold.
    ///
    /// # Errors
    /// Who comes may not.
    pub(in crate::shard) fn seat(
        &mut self,
        head: &Head<'_>,
        surface: &Surface,
        socket: &Socket,
        realm: Arc<Realm>,
    ) -> Result<Arc<Session>, Fault> {
        let name = self.socket_name();
        let seat = |shown: Shown| {
            let client = Client { socket: name, extras: shown.extras, table: shown.table, row: shown.row };
            Some(Box::new(Seat { realm, client }))
        };
        match self.known(head, surface, socket.access) {
            Ok((session, shown)) => Ok(Arc::new(Session { seat: seat(shown), ..Session::clone(&session) })),
            Err(_) if socket.guests => Ok(Arc::new(Session::guest(seat(Shown::of_guest())))),
            Err(fault) => Err(fault),
        }
    }

    /// Who comes, and what others are shown of it.
    fn known(
        &self,
        head: &Head<'_>,
        surface: &Surface,
        access: Access,
    ) -> Result<(Arc<Session>, Shown), Fault> {
        let needed = match access {
            Access::Open | Access::Proof => {
                return Err(Fault::new(FaultCode::Unauthenticated, "Whoever comes here is a guest."));
            }
            Access::Scoped(scopes) => scopes,
        };
        let credential = (surface.credentials)(head, &[]).unwrap_or_default();
        let (session, shown) = self.verify(&credential)?;
        if !session.scopes.contains(needed) {
            return Err(Fault::new(
                FaultCode::Forbidden,
                "The key or token lacks the scope that this needs.",
            ));
        }
        Ok((session, shown))
    }

    /// A name of a socket: 128 bits that nobody can guess and that come once.
    fn socket_name(&mut self) -> String {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.fresh.next().to_le_bytes());
        bytes[8..].copy_from_slice(&self.fresh.next().to_le_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }
}
