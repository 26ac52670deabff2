//! Settings that change while the node runs.

use super::{PeopleSettings, Setup, Shard, WebPushSettings};
use crate::auth::{Authenticator, IceSettings};
use crate::base::limits::Limits;
use crate::base::time::Now;
use crate::broker::rules::definitions::Definitions;
use crate::model::access::Access;
use crate::shard::delivery::pacing;
use ipnet::IpNet;
use std::sync::Arc;

/// What a reload replaces, all of it at once; the same on every core.
#[derive(Clone)]
pub struct Reload {
    /// All bounds. What is above a lower one stays until it goes by itself.
    pub limits: Arc<Limits>,
    /// Who may speak. Sockets whose key, account or secret is not among it any more are closed.
    pub authenticator: Arc<Authenticator>,
    /// The rules of channels, but for what open channels are kept by: presence and durability are those of the start. Sockets
    /// that hear a channel which is for others from then on are closed, to come back and be judged anew.
    pub definitions: Arc<Definitions>,
    /// What programs reach each other by.
    pub ice: IceSettings,
    /// How Web Push is set up.
    pub web_push: Arc<WebPushSettings>,
    /// Where surfaces are reached from outside, by their names.
    pub public_urls: Arc<[(&'static str, Box<str>)]>,
    /// Origins that browsers may come from.
    pub allowed_origins: Arc<[String]>,
    /// Proxies that say for whom they speak; of connections that are open, those that were so when they came.
    pub trusted_proxies: Arc<[IpNet]>,
    /// Names of the surfaces whose WebSockets may be compressed, from the next one on.
    pub compressed: Arc<[String]>,
    /// Whether requests are told for the access log.
    pub access_log: bool,
    /// Milliseconds between pings on a WebSocket, from its next one on.
    pub ping_interval_ms: u64,
    /// Milliseconds within which something must come after a ping.
    pub pong_timeout_ms: u64,
}

impl Shard {
    /// Takes over settings from here on.
    pub fn reload(&mut self, now: Now, reload: Reload) {
        self.begin_call(now);
        let before = self.setup.clone();
        self.setup = Arc::new(setup(&before, reload));
        self.edge.setup = self.setup.clone();
        self.edge.limits.replace(self.setup.limits.clone());
        pacing::release_all(&mut self.edge);
        self.homes.home.set_definitions(self.setup.definitions.clone());
        self.homes.setup = self.setup.clone();
        self.homes.know_users();
        self.homes.logins.fingerprints.forget_all();
        if !self.setup.authenticator.takes_all_of(&before.authenticator) {
            self.endings.recheck_sessions(&self.edge);
        }
        let narrowed = narrowed(&before.definitions, &self.setup.definitions);
        if !narrowed.is_empty() {
            self.endings.send_back(&self.edge, narrowed.into());
        }
        self.settle();
    }
}

/// The setup with what a reload replaces.
fn setup(before: &Setup, reload: Reload) -> Setup {
    let Reload {
        limits,
        authenticator,
        definitions,
        ice,
        web_push,
        public_urls,
        allowed_origins,
        trusted_proxies,
        compressed,
        access_log,
        ping_interval_ms,
        pong_timeout_ms,
    } = reload;
    Setup {
        limits,
        authenticator,
        definitions,
        people: Arc::new(PeopleSettings { ice, ..PeopleSettings::clone(&before.people) }),
        web_push,
        public_urls,
        allowed_origins,
        trusted_proxies,
        compressed,
        access_log,
        ping_interval_ms,
        pong_timeout_ms,
        ..before.clone()
    }
}

/// The namespaces whose channels are for others than before, and not for everybody.
fn narrowed(before: &Definitions, now: &Definitions) -> Vec<Box<str>> {
    let is_narrowed = |name: &str, access: Access| {
        let was = before.namespaces.get(name).unwrap_or(&before.default).access;
        access != Access::Open && access != was
    };
    let narrowed = now.namespaces.iter().filter(|(name, rules)| is_narrowed(name, rules.access));
    narrowed.map(|(name, _)| name.clone()).collect()
}
