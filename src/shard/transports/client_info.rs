//! Who a client of a realm is, and what others are shown of it: settled when its socket opens.

use crate::auth::Shown;
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::Client;
use crate::model::realm::Realm;
use crate::model::session::{ClientInfo, Session};
use crate::protocol::http::Head;
use crate::shard::Setup;
use crate::shard::delivery::users::Fresh;
use crate::shard::home::HomeSide;
use crate::shard::requests::needs;
use crate::surface::router::Parameters;
use crate::surface::{EndpointAccess, Socket, Surface};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::net::IpAddr;
use std::sync::Arc;

impl HomeSide {
    /// The session of a socket of a realm, its own: with a place, and a guest's where guests may come and the
    /// credentials do not hold.
    ///
    /// # Errors
    /// Who comes may not.
    pub(in crate::shard) fn realm_session(
        &mut self,
        head: &Head<'_>,
        (surface, socket): (&Surface, &Socket),
        realm: Arc<Realm>,
        address: IpAddr,
    ) -> Result<Arc<Session>, Fault> {
        let name = socket_name(&mut self.fresh);
        let client_info = |shown: Shown, refused: Option<Box<str>>| {
            let client = Client { socket: name, extras: shown.extras, table: shown.table, row: shown.row };
            Some(Box::new(ClientInfo { realm, client, refused, address }))
        };
        match self.known(head, surface, socket.access) {
            Ok((session, shown)) => {
                Ok(Arc::new(Session { client_info: client_info(shown, None), ..Session::clone(&session) }))
            }
            Err(fault) if socket.guests => {
                let came_with_none = fault.code == FaultCode::NoCredentials;
                let refused = (!came_with_none).then(|| fault.message.as_ref().into());
                Ok(Arc::new(Session::guest(client_info(Shown::of_guest(), refused))))
            }
            Err(fault) => Err(fault),
        }
    }

    /// Who comes, and what others are shown of it.
    fn known(
        &self,
        head: &Head<'_>,
        surface: &Surface,
        access: EndpointAccess,
    ) -> Result<(Arc<Session>, Shown), Fault> {
        let needed = match access {
            EndpointAccess::Open | EndpointAccess::Proof => {
                return Err(Fault::new(FaultCode::NoCredentials, "Whoever comes here is a guest."));
            }
            EndpointAccess::Scoped(scopes) => scopes,
        };
        let none = || Fault::new(FaultCode::NoCredentials, "No key or token was sent.");
        let credential = (surface.credentials)(head, &[]).filter(|credential| !credential.is_empty());
        let (session, shown) = self.verify(&credential.ok_or_else(none)?)?;
        needs(&session, needed).map(|()| (session, shown))
    }
}

/// The realm of a socket that belongs to one.
///
/// # Errors
/// No realm has the key of the path.
pub(super) fn realm_of(
    setup: &Setup,
    socket: &Socket,
    parameters: &Parameters<'_>,
) -> Result<Option<Arc<Realm>>, Fault> {
    let Some(name) = socket.realm else { return Ok(None) };
    let key = parameters.iter().find(|(parameter, _)| *parameter == name).map(|(_, value)| value);
    let realm = setup.realms.iter().find(|realm| key.is_some_and(|key| **key == *realm.key));
    let unknown = || Fault::new(FaultCode::NotFound, "Nothing is served at this path. Check its last part.");
    realm.cloned().map(Some).ok_or_else(unknown)
}

/// A name of a socket: 128 bits that nobody can guess and that come once.
fn socket_name(fresh: &mut Fresh) -> String {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&fresh.next().to_le_bytes());
    bytes[8..].copy_from_slice(&fresh.next().to_le_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}
