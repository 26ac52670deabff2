//! Names are looked up here, so that what is judged is what is connected to: a name may lead somewhere else a moment later.

use crate::base::address::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::error::Error;
use std::net::SocketAddr;

/// Addresses of one name that are looked at.
const ADDRESSES_MAX: usize = 16;

/// Looks names up, and gives addresses that may be called.
#[derive(Clone, Copy, Debug)]
pub struct Resolver {
    /// Whether those that only this network has may be, too.
    pub local_too: bool,
}

/// All that a name leads to are addresses that may not be called.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to addresses that are not for everybody")]
pub struct Forbidden;

impl Forbidden {
    /// Whether this is why a call failed.
    pub fn is_in(error: &reqwest::Error) -> bool {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if error.is::<Self>() {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let local_too = self.local_too;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found = allowed(found.collect(), local_too)?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Those that may be called. A name that leads to both kinds is a trick, or a network of its own: none of it is called.
fn allowed(found: Vec<SocketAddr>, local_too: bool) -> Result<Vec<SocketAddr>, Forbidden> {
    if !local_too && !found.iter().all(|address| is_public(address.ip())) {
        return Err(Forbidden);
    }
    Ok(found.into_iter().take(ADDRESSES_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_to_a_private_address_is_not_called() {
        let addresses = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect()
        };
        for (found, may) in [
            (&["1.1.1.1"][..], true),
            (&["1.1.1.1", "2606:4700::1111"], true),
            (&["127.0.0.1"], false),
            (&["1.1.1.1", "10.0.0.1"], false),
            (&["::ffff:169.254.169.254"], false),
        ] {
            assert_eq!(allowed(addresses(found), false).is_ok(), may, "{found:?}");
            assert_eq!(allowed(addresses(found), true).unwrap(), addresses(found));
        }
        assert_eq!(allowed(addresses(&["1.1.1.1"; 99]), false).unwrap().len(), ADDRESSES_MAX);
    }
}
