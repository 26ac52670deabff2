//! What a seed decides before the run: the node's limits and rules, its users, and which faults there are.

use crate::rng::Rng;
use corecast::auth::{Account, ApiKey, AuthSettings, Authenticator, PasswordHash, Secret};
use corecast::base::ids::CoreId;
use corecast::base::limits::Limits;
use corecast::base::time::Now;
use corecast::broker::rules::definitions::Definitions;
use corecast::model::definition::{ChannelDefinition, Durability, HistoryBounds, Presence, SlowPolicy};
use corecast::model::node::NodeInfo;
use corecast::model::pace::Pace;
use corecast::model::realm::Realm;
use corecast::model::session::Scopes;
use corecast::shard::{PeopleSettings, Setup};
use corecast::surface::router::Router;
use std::sync::Arc;

/// Of whatever password: the disk says which one fits.
const SOME_HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub struct User {
    pub id: String,
    pub key: String,
    pub scopes: Scopes,
}

pub struct Plan {
    pub cores: u16,
    pub limits: Limits,
    pub definitions: Definitions,
    pub channels: Vec<String>,
    pub users: Vec<User>,
    /// Who logs in with a password.
    pub accounts: Vec<String>,
    pub sockets: usize,
    /// Whether most connections are on one core.
    pub crowded: bool,
    pub callers: usize,
    /// Places in the queue between two cores.
    pub lane_messages_max: usize,
    /// What the kernel keeps of what is sent to one socket.
    pub kernel_bytes_max: usize,
    pub history_flush_ms: Option<u32>,
    pub ping_interval_ms: u64,
    pub pong_timeout_ms: u64,
    /// Steps of chaos in one life of the node.
    pub steps: usize,
    pub lives: usize,
    pub people: PeopleSettings,
    pub faults: Faults,
}

/// Chances in percent, each on its own occasion.
pub struct Faults {
    pub short_write: usize,
    pub cut: usize,
    pub stall: usize,
    pub freeze: usize,
    pub jump: usize,
    /// That what is to be stored is not.
    pub disk: usize,
    /// Whether one life ends in a drain.
    pub drain: bool,
    /// Whether lives end in the middle of everything.
    pub crash: bool,
    /// The history log fails.
    pub log: usize,
    /// Whether it is well again some time.
    pub log_heals: bool,
}

impl Plan {
    pub fn new(rng: &mut Rng) -> Self {
        let mut definitions = Definitions::default();
        let slow = [SlowPolicy::Disconnect, SlowPolicy::Skip];
        let first = rng.below(2);
        for (name, policy) in [("room", slow[first]), ("conversation", slow[1 - first])] {
            let definition = ChannelDefinition {
                history: HistoryBounds {
                    count_max: *rng.pick(&[0, 3, 20, 200, 200]),
                    bytes_max: *rng.pick(&[2_000, 1 << 20, 1 << 20]),
                    age_ms_max: *rng.pick(&[0, 5_000, 86_400_000, 86_400_000]),
                },
                durability: *rng.pick(&[
                    Durability::Memory,
                    Durability::Relaxed,
                    Durability::Commit,
                    Durability::Commit,
                ]),
                presence: if name == "room" || rng.percent(50) { Presence::Users } else { Presence::Off },
                slow: policy,
                ..ChannelDefinition::default()
            };
            definitions.namespaces.insert(name.into(), definition);
        }
        let rooms = if rng.percent(20) { 12 } else { rng.within(1, 5) };
        definitions.paces.extend(pace_of_rooms(rooms));
        let mut channels: Vec<String> = (0..rooms).map(|n| format!("room:r{n}")).collect();
        channels.extend((0..rng.within(1, 4)).map(|n| format!("conversation:c{n}")));
        channels.extend((0..3).map(|n| format!("user:u{n}")));
        let scopes = [Scopes::ADMIN, write(), write(), write(), Scopes::READ];
        let user = |(n, scopes): (usize, &Scopes)| User {
            id: format!("u{n}"),
            key: format!("key-of-user-{n}"),
            scopes: *scopes,
        };
        let calm = rng.percent(25);
        let mut chance = |list: &[usize]| if calm { 0 } else { *rng.pick(list) };
        let faults = Faults {
            short_write: chance(&[0, 20, 60]),
            cut: chance(&[0, 10, 40]),
            stall: chance(&[0, 10, 40]),
            freeze: chance(&[0, 20, 60]),
            jump: chance(&[0, 20, 60]),
            disk: chance(&[0, 0, 30]),
            drain: chance(&[0, 0, 1]) == 1,
            crash: chance(&[0, 1]) == 1,
            log: chance(&[0, 0, 0, 20, 60]),
            log_heals: chance(&[0, 1, 1, 1]) == 1,
        };
        Self {
            cores: rng.within(4, 6) as u16,
            limits: limits(rng),
            definitions,
            channels,
            users: scopes.iter().enumerate().map(user).collect(),
            accounts: Vec::new(),
            sockets: *rng.pick(&[4, 8, 12, 40]),
            crowded: rng.percent(30),
            callers: rng.within(1, 4),
            lane_messages_max: *rng.pick(&[1, 3, 64, 1024]),
            kernel_bytes_max: *rng.pick(&[300, 2_000, 60_000]),
            history_flush_ms: *rng.pick(&[None, Some(0), Some(5), Some(50)]),
            ping_interval_ms: *rng.pick(&[3_000, 25_000]),
            pong_timeout_ms: *rng.pick(&[2_000, 10_000]),
            steps: rng.within(600, 5_000),
            lives: rng.within(1, 3),
            people: PeopleSettings::default(),
            faults,
        }
    }

    /// How long what is said may wait for more at most, microseconds.
    pub fn coalesce_us_max(&self) -> u64 {
        let all = self.definitions.paces.values().map(|pace| u64::from(pace.coalesce_us));
        all.max().unwrap_or(0)
    }

    /// For a run in a realm: nothing is lost on the way but time.
    pub fn of_realm(rng: &mut Rng) -> Self {
        let lane_messages_max = *rng.pick(&[1, 3, 64, 1024]);
        let faults = Faults {
            short_write: 0,
            cut: 0,
            stall: 0,
            freeze: 0,
            jump: 0,
            disk: 0,
            drain: false,
            crash: false,
            log: 0,
            log_heals: false,
        };
        let limits = Limits::default();
        let long = 3_600_000;
        Self {
            limits,
            lane_messages_max,
            kernel_bytes_max: 1 << 24,
            ping_interval_ms: long,
            pong_timeout_ms: long,
            faults,
            history_flush_ms: None,
            ..Self::new(rng)
        }
    }

    /// For a run about the history log: everything is kept, the log fails again and again and is well again, and lives are short
    /// and end in the middle of everything.
    pub fn of_log(rng: &mut Rng) -> Self {
        let mut plan = Self::new(rng);
        let history = HistoryBounds { count_max: 200, bytes_max: 1 << 20, age_ms_max: 86_400_000 };
        for definition in plan.definitions.namespaces.values_mut() {
            let durability = *rng.pick(&[Durability::Relaxed, Durability::Commit]);
            *definition = ChannelDefinition { history, durability, ..*definition };
        }
        let limits = Limits::default();
        plan.limits.history_bytes_max = limits.history_bytes_max;
        plan.limits.history_queue_bytes_max = limits.history_queue_bytes_max;
        plan.history_flush_ms = Some(*rng.pick(&[0, 5, 50]));
        plan.faults = Faults { log: 60, log_heals: true, crash: true, drain: false, ..plan.faults };
        (plan.steps, plan.lives) = (rng.within(200, 1_200), 5);
        plan
    }

    pub fn setup(&self, core: u16, seed: u64, now: Now) -> Setup {
        let key = |user: &User| ApiKey {
            key: Secret::new(user.key.clone()),
            user: user.id.clone(),
            name: None,
            scopes: user.scopes,
        };
        let password = PasswordHash::parse(SOME_HASH).expect("a hash");
        let account = |user: &String| Account { user: user.clone(), password: password.clone() };
        let settings = AuthSettings {
            api_keys: self.users.iter().map(key).collect(),
            accounts: self.accounts.iter().map(account).collect(),
            session_secret: Some(Secret::new("a secret of sessions, long enough for all")),
            session_s: 1_000_000,
            ..AuthSettings::default()
        };
        Setup {
            sockets_per_core_max: usize::MAX,
            core: CoreId(core),
            cores: self.cores,
            seed,
            node: Arc::new(NodeInfo {
                name: "corecast@sim".into(),
                version: "0",
                started_unix_ms: now.unix_ms,
                started_monotonic_us: now.monotonic_us,
            }),
            limits: Arc::new(self.limits.clone()),
            definitions: Arc::new(self.definitions.clone()),
            realms: Arc::new([Arc::new(Realm { id: 1, namespace: "r1".into(), key: "hash-of-1".into() })]),
            authenticator: Arc::new(Authenticator::new(settings).expect("the keys are good")),
            router: Arc::new(Router::new()),
            allowed_origins: Arc::from([]),
            trusted_proxies: Arc::from([]),
            compressed: Arc::default(),
            ping_interval_ms: self.ping_interval_ms,
            pong_timeout_ms: self.pong_timeout_ms,
            operators_apart: false,
            access_log: false,
            history_flush_ms: self.history_flush_ms,
            echo: false,
            people: Arc::new(self.people.clone()),
            public_urls: Arc::default(),
            web_push: Arc::default(),
            stored: Arc::default(),
        }
    }

    pub fn definition(&self, channel: &str) -> &ChannelDefinition {
        let namespace = channel.split(':').next().unwrap_or_default();
        self.definitions.namespaces.get(namespace).unwrap_or(&self.definitions.default)
    }
}

/// What a channel's history survives.
impl Plan {
    pub fn durability(&self, channel: &str) -> Durability {
        let definition = self.definition(channel);
        match self.history_flush_ms {
            Some(_) if definition.history.count_max > 0 => definition.durability,
            _ => Durability::Memory,
        }
    }
}

fn write() -> Scopes {
    Scopes::READ.union(Scopes::WRITE)
}

fn limits(rng: &mut Rng) -> Limits {
    Limits {
        connections_per_address_max: *rng.pick(&[3, 1_000, 1_000]),
        subscriptions_per_connection_max: *rng.pick(&[3, 1_000]),
        commands_per_second_max: *rng.pick(&[0, 0, 0, 50]),
        requests_in_flight_max: *rng.pick(&[2, 16, 1_024]),
        outbox_bytes_max: *rng.pick(&[6_000, 1 << 20]),
        egress_ring_bytes_max: *rng.pick(&[512, 2_048, 1 << 20]),
        history_bytes_max: *rng.pick(&[4_000, 1 << 24, 1 << 24]),
        members_per_channel_max: *rng.pick(&[2, 1_000]),
        idempotency_ms_max: 86_400_000,
        peer_queue_messages_max: *rng.pick(&[2, 8, 64, 8_192]),
        history_queue_bytes_max: *rng.pick(&[20_000, 1 << 24, 1 << 24]),
        ..Limits::default()
    }
}

/// Some runs let what is said in rooms wait for more. Nothing gives way: whoever hears a room hears all of it.
fn pace_of_rooms(rooms: usize) -> Option<(Box<str>, Pace)> {
    let coalesce_us = [None, Some(700), None, Some(40_000)][rooms % 4]?;
    Some(("room".into(), Pace { coalesce_us, ..Pace::default() }))
}
