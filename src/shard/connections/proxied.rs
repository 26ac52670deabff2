//! Clients of a proxy that says who they are before anything else (the PROXY protocol).

use super::Connections;
use crate::base::ids::ConnectionId;
use crate::shard::Setup;
use std::net::IpAddr;

/// Counts the connection of a trusted proxy for the client that it named; `None` is that it speaks for itself. What is said
/// later of who the client is counts only if the client is a trusted proxy too.
///
/// # Errors
/// The proxy is not trusted, or the client has as many connections as may be.
pub(in crate::shard) fn speaks_for(
    connections: &mut Connections,
    id: ConnectionId,
    client: Option<IpAddr>,
    setup: &Setup,
) -> Result<(), &'static str> {
    let Some(connection) = connections.get_mut(id) else { return Ok(()) };
    if !connection.flags.proxied {
        return Err("its address is none of trusted_proxies");
    }
    let is_proxy = client.is_some_and(|client| setup.trusts(client));
    connection.flags.proxied = is_proxy;
    match client {
        Some(client) if !is_proxy && !connections.follow(id, client, &setup.limits) => {
            Err("its client has as many connections as may be")
        }
        _ => Ok(()),
    }
}
