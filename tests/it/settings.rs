//! What a node is set up with: defaults, and the `@` lines at the head of a transcript.

use corecast::auth::{
    Account, ApiKey, AuthSettings, Authenticator, DownloadKey, IceSettings, PasswordHash, Secret,
};
use corecast::base::ids::CoreId;
use corecast::base::limits::Limits;
use corecast::broker::rules::definitions::Definitions;
use corecast::model::access::Access;
use corecast::model::definition::{ChannelDefinition, Presence, SlowPolicy};
use corecast::model::node::NodeInfo;
use corecast::model::pace::Pace;
use corecast::model::realm::Realm;
use corecast::model::session::Scopes;
use corecast::shard::{PeopleSettings, Setup, WebPushSettings};
use corecast::surface::router::Router;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::world::{START_UNIX_MS, START_US};

/// Signs the tokens of tests.
pub const JWT_SECRET: &str = "a secret of the tests, long enough for HS256";

/// Hashes of `ada's password` and so on, made with the least parameters so that tests are quick.
const HASHED: &str = "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$";
const ADA: &str = "2NeynwkO9ujmpBV6bVmUl658OWY77JKheBp8ZDfytGs";
const BOB: &str = "tU524n6NM0HK+5iJIsOzjebzRdyFBbfkgmwbRQR6oBI";
const EVE: &str = "F4yVcDLbBJqYa2xaMVbTECs4xxpzxoT4Zz3r991vbwc";

/// The setup of a node for a test, and who may speak to it.
#[derive(Clone)]
pub struct Settings {
    /// Cores, if the transcript says how many.
    pub cores: Option<u16>,
    pub limits: Limits,
    pub definitions: Definitions,
    /// Id and key of each realm.
    pub realms: Vec<(u64, String)>,
    pub keys: Vec<ApiKey>,
    /// Users that log in with `ada's password` and so on.
    pub accounts: Vec<Account>,
    /// Signed tokens by their names.
    pub tokens: BTreeMap<String, String>,
    pub origins: Vec<String>,
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Surfaces whose sockets may be compressed.
    pub compressed: Vec<String>,
    pub ping_ms: u64,
    pub pong_ms: u64,
    pub echo: bool,
    pub people: PeopleSettings,
}

impl Default for Settings {
    fn default() -> Self {
        let both = Scopes::READ.union(Scopes::WRITE);
        Self {
            cores: None,
            limits: Limits::default(),
            definitions: Definitions::default(),
            keys: vec![
                api_key("rc_ada", "ada", both),
                api_key("rc_bob", "bob", both),
                api_key("rc_reader", "reader", Scopes::READ),
                api_key("rc_writer", "writer", Scopes::WRITE),
                api_key("rc_admin", "admin", Scopes::ADMIN),
            ],
            accounts: vec![
                account("Ada@example.com", ADA),
                account("bob@example.com", BOB),
                account("eve@example.com", EVE),
            ],
            realms: vec![(1, "hash-of-1".into()), (2, "hash-of-2".into())],
            tokens: BTreeMap::new(),
            origins: Vec::new(),
            trusted_proxies: Vec::new(),
            compressed: Vec::new(),
            ping_ms: 30_000,
            pong_ms: 10_000,
            echo: false,
            people: PeopleSettings::default(),
        }
    }
}

fn account(user: &str, hash: &str) -> Account {
    let password = PasswordHash::parse(&format!("{HASHED}{hash}")).expect("a hash");
    Account { user: user.into(), password }
}

fn api_key(key: &str, user: &str, scopes: Scopes) -> ApiKey {
    ApiKey { key: Secret::new(key), user: user.into(), name: None, scopes }
}

impl Settings {
    /// Takes an `@` line; false if it is not about the setup.
    pub fn take(&mut self, event: &str) -> bool {
        let (word, rest) = event.split_once(' ').unwrap_or((event, ""));
        match word {
            "cores" => self.cores = Some(rest.parse().expect("a number of cores")),
            "limit" => self.limit(rest),
            "namespace" => self.namespace(rest),
            "key" => self.key(rest),
            "token" => {
                let (name, claims) = rest.split_once(' ').expect("a name and claims");
                self.tokens.insert(name.into(), token(claims));
            }
            "origins" => self.origins = rest.split(' ').map(String::from).collect(),
            "compressed" => self.compressed = rest.split(' ').map(String::from).collect(),
            "echo" => self.echo = rest == "on",
            "people" => self.people(rest),
            "ping" => {
                let (every, within) = rest.split_once(" within ").expect("ping 30s within 10s");
                (self.ping_ms, self.pong_ms) = (ms(every), ms(within));
            }
            _ => return false,
        }
        true
    }

    /// `message_bytes_max 1000`
    fn limit(&mut self, text: &str) {
        let (name, value) = text.split_once(' ').expect("a limit and its value");
        let value: u32 = value.parse().expect("the value of a limit");
        let limits = &mut self.limits;
        let place = match name {
            "connections_max" => &mut limits.connections_max,
            "connections_per_address_max" => &mut limits.connections_per_address_max,
            "unauthenticated_per_address_max" => &mut limits.unauthenticated_per_address_max,
            "subscriptions_per_connection_max" => &mut limits.subscriptions_per_connection_max,
            "commands_per_second_max" => &mut limits.commands_per_second_max,
            "requests_in_flight_max" => &mut limits.requests_in_flight_max,
            "outbox_bytes_max" => &mut limits.outbox_bytes_max,
            "message_bytes_max" => &mut limits.message_bytes_max,
            "unfinished_bytes_max" => &mut limits.unfinished_bytes_max,
            "fragments_per_message_max" => &mut limits.fragments_per_message_max,
            "header_bytes_max" => &mut limits.header_bytes_max,
            "headers_max" => &mut limits.headers_max,
            "header_time_ms_max" => &mut limits.header_time_ms_max,
            "body_time_ms_max" => &mut limits.body_time_ms_max,
            "peer_bytes_per_second_min" => &mut limits.peer_bytes_per_second_min,
            "keep_alive_ms_max" => &mut limits.keep_alive_ms_max,
            "channels_per_namespace_max" => &mut limits.channels_per_namespace_max,
            "egress_ring_bytes_max" => &mut limits.egress_ring_bytes_max,
            "members_per_channel_max" => &mut limits.members_per_channel_max,
            "idempotency_keys_max" => &mut limits.idempotency_keys_max,
            "idempotency_ms_max" => &mut limits.idempotency_ms_max,
            "rooms_max" => &mut limits.rooms_max,
            "profiles_max" => &mut limits.profiles_max,
            "definitions_max" => &mut limits.definitions_max,
            "definition_source_bytes_max" => &mut limits.definition_source_bytes_max,
            "message_history_max" => &mut limits.message_history_max,
            "effects_in_flight_max" => &mut limits.effects_in_flight_max,
            "session_s_max" => &mut limits.session_s_max,
            "login_attempts_per_minute_max" => &mut limits.login_attempts_per_minute_max,
            "logouts_max" => &mut limits.ended.logouts_max,
            "revocations_max" => &mut limits.ended.revocations_max,
            "vouchers_max" => &mut limits.vouchers_max,
            "groups_max" => &mut limits.groups_max,
            "group_members_max" => &mut limits.lists.group_members_max,
            "group_changes_waiting_max" => &mut limits.group_changes_waiting_max,
            "meetings_max" => &mut limits.meetings_max,
            "meeting_members_max" => &mut limits.lists.meeting_members_max,
            "meeting_message_bytes_max" => &mut limits.meeting_message_bytes_max,
            "meeting_messages_per_request_max" => &mut limits.meeting_messages_per_request_max,
            "meeting_page_bytes_max" => &mut limits.meeting_page_bytes_max,
            "meeting_changes_waiting_max" => &mut limits.meeting_changes_waiting_max,
            "circles_per_connection_max" => &mut limits.people.circles_per_connection_max,
            "calls_max" => &mut limits.people.calls_max,
            "rings_by_user_max" => &mut limits.people.rings_by_user_max,
            "rings_of_user_max" => &mut limits.people.rings_of_user_max,
            "huddles_max" => &mut limits.people.huddles_max,
            "recordings_max" => &mut limits.people.recordings_max,
            "recordings_at_once_max" => &mut limits.people.recordings_at_once_max,
            "recording_s_max" => &mut limits.people.recording_s_max,
            "recording_age_s_max" => &mut limits.people.recording_age_s_max,
            "downloads_max" => &mut limits.people.downloads_max,
            "device_users_max" => &mut limits.people.device_users_max,
            "push_subscriptions_max" => &mut limits.push.subscriptions_max,
            "push_subscriptions_per_user_max" => &mut limits.push.subscriptions_per_user_max,
            "push_in_flight_max" => &mut limits.push.in_flight_max,
            "push_queue_max" => &mut limits.push.queue_max,
            "push_queue_bytes_max" => &mut limits.push.queue_bytes_max,
            "peer_queue_messages_max" => &mut limits.peer_queue_messages_max,
            _ => panic!("{name} is no limit"),
        };
        *place = value;
    }

    /// `room presence slow=skip history=10 age=60s`
    fn namespace(&mut self, text: &str) {
        let mut words = text.split(' ');
        let name = words.next().expect("a namespace");
        let (mut definition, mut pace) = (ChannelDefinition::of_namespace(name), Pace::default());
        for word in words {
            match word.split_once('=').unwrap_or((word, "")) {
                ("presence", "") => definition.presence = Presence::Users,
                ("plain", "") => definition.compress = false,
                ("slow", "skip") => definition.slow = SlowPolicy::Skip,
                ("history", count) => definition.history.count_max = count.parse().expect("a count"),
                ("access", access) => {
                    definition.access = match access {
                        "open" => Access::Open,
                        "listed" => Access::Listed,
                        "members" => Access::Members,
                        "own" => Access::Own,
                        _ => panic!("{access} is no access"),
                    }
                }
                ("conflate", time) => pace.conflate_ms = ms(time) as u32,
                ("by", member) => pace.conflate_key = Some(member.into()),
                ("coalesce", time) => pace.coalesce_us = ms(time) as u32 * 1000,
                ("age", age) => definition.history.age_ms_max = ms(age),
                _ => panic!("{word} is no rule of a namespace"),
            }
        }
        self.definitions.namespaces.insert(name.into(), definition);
        if !pace.is_at_once() {
            self.definitions.paces.insert(name.into(), pace);
        }
    }

    /// `open turn ring=10s call=1h participants=3`
    fn people(&mut self, text: &str) {
        for word in text.split(' ') {
            match word.split_once('=').unwrap_or((word, "")) {
                ("open", "") => self.people.open_conversations = true,
                ("turn", "") => {
                    self.people.ice = IceSettings {
                        stun_urls: Arc::from([Arc::from("stun:stun.example.com:3478")]),
                        turn_urls: Arc::from([Arc::from("turn:turn.example.com:3478")]),
                        turn_secret: Some(Secret::new("north-wind-and-sun")),
                    };
                }
                ("records", "") => {
                    self.people.records = true;
                    let secret = Secret::new("sun-and-north-wind");
                    self.people.download_key = Some(Arc::new(DownloadKey::new(&secret)));
                }
                ("ring", time) => self.people.ring_ms = ms(time),
                ("call", time) => self.people.call_ms_max = ms(time),
                ("participants", count) => {
                    self.people.huddle_participants_max = count.parse().expect("a count")
                }
                _ => panic!("{word} is no setting of people"),
            }
        }
    }

    /// `name user=user_123 scopes=read,write called=Ada` makes the key `rc_name`.
    fn key(&mut self, text: &str) {
        let mut words = text.split(' ');
        let name = words.next().expect("the name of a key");
        let mut key = api_key(&format!("rc_{name}"), name, Scopes::NONE);
        for word in words {
            match word.split_once('=') {
                Some(("user", user)) => key.user = user.into(),
                Some(("called", called)) => key.name = Some(called.into()),
                Some(("scopes", scopes)) => {
                    let scope = |word| Scopes::parse(word).expect("a scope");
                    key.scopes = scopes.split(',').map(scope).fold(Scopes::NONE, Scopes::union);
                }
                _ => panic!("{word} is nothing of a key"),
            }
        }
        self.keys.push(key);
    }

    /// A node of this many cores.
    pub fn setup(&self, cores: u16) -> Setup {
        let authenticator = Authenticator::new(AuthSettings {
            api_keys: self.keys.clone(),
            jwt_secret: Some(Secret::new(JWT_SECRET)),
            jwt_public_keys: Vec::new(),
            leeway_s: 0,
            accounts: self.accounts.clone(),
            session_secret: Some(Secret::new("the secret of sessions in tests")),
            session_s: self.limits.session_s_max,
        });
        Setup {
            core: CoreId(0),
            cores,
            seed: 7,
            node: Arc::new(NodeInfo {
                name: "corecast@test".into(),
                version: "1.2.3",
                started_unix_ms: START_UNIX_MS,
                started_monotonic_us: START_US,
            }),
            sockets_per_core_max: usize::MAX,
            limits: Arc::new(self.limits.clone()),
            definitions: Arc::new(self.definitions.clone()),
            realms: self.realms.iter().map(|(id, key)| realm(*id, key)).collect(),
            authenticator: Arc::new(authenticator.expect("the keys of tests are good")),
            router: Arc::new(Router::new()),
            allowed_origins: self.origins.clone().into(),
            trusted_proxies: self.trusted_proxies.clone().into(),
            compressed: self.compressed.clone().into(),
            ping_interval_ms: self.ping_ms,
            pong_timeout_ms: self.pong_ms,
            operators_apart: false,
            access_log: false,
            history_flush_ms: None,
            echo: self.echo,
            people: Arc::new(self.people.clone()),
            public_urls: Arc::default(),
            web_push: Arc::new(WebPushSettings { public_key: "BKey".into(), ..WebPushSettings::default() }),
            stored: Arc::default(),
        }
    }
}

fn realm(id: u64, key: &str) -> Arc<Realm> {
    Arc::new(Realm { id, namespace: format!("r{id}").into(), key: key.into() })
}

/// A token with these claims, which are JSON.
fn token(claims: &str) -> String {
    let claims: serde_json::Value = serde_json::from_str(claims).expect("claims are JSON");
    let key = jsonwebtoken::EncodingKey::from_secret(JWT_SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).expect("a token")
}

/// `500ms`, `5s`, `2min` or `3h` in milliseconds.
pub fn ms(text: &str) -> u64 {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().unwrap_or_else(|_| panic!("{text} is no duration"));
    number
        * match unit {
            "ms" => 1,
            "s" => 1_000,
            "min" => 60_000,
            "h" => 3_600_000,
            _ => panic!("{text} has no unit"),
        }
}
