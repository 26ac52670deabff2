//! Settings that change while the node runs.

use super::{Setup, Shard};
use crate::auth::Authenticator;
use crate::base::limits::Limits;
use crate::base::time::Now;
use crate::model::channel::ChannelName;
use ipnet::IpNet;
use std::sync::Arc;

/// What a reload replaces, all of it at once; the same on every core.
#[derive(Clone)]
pub struct Reload {
    /// All bounds. What is above a lower one stays until it goes by itself.
    pub limits: Arc<Limits>,
    /// Who may speak. Sockets whose key, account or secret is not among it any more are closed.
    pub authenticator: Arc<Authenticator>,
    /// Origins that browsers may come from.
    pub allowed_origins: Arc<[String]>,
    /// Proxies that say for whom they speak; of connections that are open, those that were so when they came.
    pub trusted_proxies: Arc<[IpNet]>,
    /// Names of the surfaces whose WebSockets may be compressed, from the next one on.
    pub compressed: Arc<[String]>,
    /// Milliseconds between pings on a WebSocket, from its next one on.
    pub ping_interval_ms: u64,
    /// Milliseconds within which something must come after a ping.
    pub pong_timeout_ms: u64,
}

impl Shard {
    /// Takes over settings from here on.
    pub fn reload(&mut self, now: Now, reload: Reload) {
        self.edge.now = now;
        let Reload {
            limits,
            authenticator,
            allowed_origins,
            trusted_proxies,
            compressed,
            ping_interval_ms,
            pong_timeout_ms,
        } = reload;
        self.edge.limits.replace(limits.clone());
        self.edge.fanout.set_bounds((&*limits).into());
        let before = self.setup.authenticator.clone();
        let setup = Setup {
            limits,
            authenticator,
            allowed_origins,
            trusted_proxies,
            compressed,
            ping_interval_ms,
            pong_timeout_ms,
            ..Setup::clone(&self.setup)
        };
        self.setup = Arc::new(setup);
        self.edge.setup = self.setup.clone();
        know_users(self);
        if !self.setup.authenticator.takes_all_of(&before) {
            self.endings.recheck_sessions(&self.edge);
        }
        self.settle();
    }
}

/// Makes the users known that the operator knows and that are at home here.
pub(super) fn know_users(shard: &mut Shard) {
    let authenticator = shard.setup.authenticator.clone();
    for (user, name) in authenticator.users() {
        if shard.setup.home_of(ChannelName::of_user(&user).as_str()) == shard.setup.core {
            shard.home.know_user(&user, name);
        }
    }
}
