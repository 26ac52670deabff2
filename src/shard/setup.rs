//! What a shard is made of: the same on every core but for its number.

use super::connections::reserve::BESIDES_CONNECTIONS;
use super::{PeopleSettings, WebPushSettings};
use crate::auth::Authenticator;
use crate::base::hash::KeyedState;
use crate::base::ids::CoreId;
use crate::base::limits::Limits;
use crate::broker::rules::definitions::Definitions;
use crate::model::channel::with_conversation;
use crate::model::node::NodeInfo;
use crate::model::people::circle::Key;
use crate::model::realm::Realm;
use crate::protocol::websocket::Upgrade;
use crate::protocol::websocket::deflate::Agreement;
use crate::store::Stored;
use crate::surface::router::Router;
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;

/// What a shard is made of.
#[derive(Clone)]
pub struct Setup {
    /// Which core this is.
    pub core: CoreId,
    /// How many there are.
    pub cores: u16,
    /// Secret of this process; the same on every core, for all must agree where a channel is at home.
    pub seed: u64,
    /// Who the node is.
    pub node: Arc<NodeInfo>,
    /// All bounds.
    pub limits: Arc<Limits>,
    /// The rules of channels.
    pub definitions: Arc<Definitions>,
    /// The realms, by number.
    pub realms: Arc<[Arc<Realm>]>,
    /// Who may speak.
    pub authenticator: Arc<Authenticator>,
    /// What is served.
    pub router: Arc<Router>,
    /// Sockets of one core for which there are descriptors.
    pub sockets_per_core_max: usize,
    /// Origins that browsers may come from, exactly; `*` is any.
    pub allowed_origins: Arc<[String]>,
    /// Proxies that say for whom they speak.
    pub trusted_proxies: Arc<[IpNet]>,
    /// Milliseconds between pings on a WebSocket.
    pub ping_interval_ms: u64,
    /// Milliseconds within which something must come after a ping.
    pub pong_timeout_ms: u64,
    /// Milliseconds within which records of relaxed channels are handed to the node's history log; `None` is no log. With one,
    /// nothing is served until it was replayed.
    pub history_flush_ms: Option<u32>,
    /// Where surfaces are reached from outside, by their names, as far as the configuration says.
    pub public_urls: Arc<[(&'static str, Box<str>)]>,
    /// Names of the surfaces whose WebSockets may be compressed.
    pub compressed: Arc<[String]>,
    /// Whether operators have listeners of their own: what they may ask is not served on the others.
    pub operators_apart: bool,
    /// Whether requests are told for the access log.
    pub access_log: bool,
    /// Whether the echo socket is served.
    pub echo: bool,
    /// How calls, huddles and conversations are set up.
    pub people: Arc<PeopleSettings>,
    /// How Web Push is set up.
    pub web_push: Arc<WebPushSettings>,
    /// What was stored when the node started: all of it, whatever the core. Not kept.
    pub stored: Arc<Stored>,
}

impl Setup {
    /// A seed for this core's own tables.
    pub(super) fn core_seed(&self) -> u64 {
        KeyedState::new(self.seed, 0xc02e).hash_bytes(&self.core.0.to_le_bytes())
    }

    /// The core that owns a channel's order, history and presence.
    pub fn home_of(&self, channel: &str) -> CoreId {
        if self.cores == 1 {
            return CoreId(0);
        }
        let hash = KeyedState::new(self.seed, 0x803e).hash_bytes(channel.as_bytes());
        CoreId((hash % u64::from(self.cores)) as u16)
    }

    /// The core that is home of something of people's.
    pub(super) fn home_of_key(&self, key: Key<'_>) -> CoreId {
        match key {
            Key::Id(id) => self.home_of(id),
            Key::Conversation(_) if self.cores == 1 => CoreId(0),
            Key::Conversation(id) => with_conversation(id, |channel| self.home_of(channel)),
        }
    }

    /// Where a surface is reached from outside; empty where the configuration does not say.
    pub(super) fn public_url_of(&self, surface: &str) -> &str {
        self.public_urls.iter().find(|(name, _)| *name == surface).map_or("", |(_, url)| url)
    }

    /// What can be agreed on of the compression that a client of a surface offers.
    pub(super) fn compression(&self, surface: &str, upgrade: &Upgrade<'_>) -> Option<Agreement> {
        let allowed = self.compressed.iter().any(|name| name == surface);
        upgrade.compression().filter(|_| allowed)
    }

    /// Whether an address is that of a proxy which says for whom it speaks.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// This core's share of the node's connections, with room for an uneven spread.
    pub(super) fn connections_per_core_max(&self) -> usize {
        let share = self.limits.connections_max as usize / usize::from(self.cores);
        let share = if self.cores == 1 { share } else { share + share / 4 };
        share.min(self.sockets_per_core_max.saturating_sub(BESIDES_CONNECTIONS))
    }
}
