//! Tests of the home side: one file per group of rules, and a model that predicts random runs.

mod bounds;
mod checkpoint;
mod failure;
mod gaps;
mod kept;
mod lasting;
mod log;
mod meetings;
mod messages;
mod model;
mod predict;
mod publish;
mod realm;
mod rooms;
mod subscribe;
mod users;

use super::*;
use crate::base::limits::Limits;
use crate::broker::rooms::RoomChange;
use crate::model::channel::{ChannelName, Position};
use crate::model::command::{
    Attachments, ChannelCommand, CoreCommand, MessageCommand, Page, ProfileCommand, RoomCommand,
};
use crate::model::definition::{ChannelDefinition, HistoryBounds, Presence};
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::{Body, Client, Publication, PublicationBytes};
use crate::model::reply::{ChannelReply, Message, MessageReply, Recovery, Reply};
use crate::model::session::ClientInfo;
use rkyv::util::AlignedVec;
use std::net::Ipv4Addr;

/// A home side with a clock, and commands from connection 0 of any core.
struct Bench {
    home: Home,
    now: Now,
    /// What the answer to the last command waits for.
    wait: Option<u64>,
}

/// Small histories; presence in `room:` channels; nothing kept in `user:` and `plain:` channels.
fn definitions() -> Definitions {
    let history = HistoryBounds { count_max: 5, bytes_max: 2_000, age_ms_max: 10_000 };
    let default = ChannelDefinition { history, ..ChannelDefinition::default() };
    let room = ChannelDefinition { presence: Presence::Users, ..default };
    let plain = ChannelDefinition { history: HistoryBounds { count_max: 0, ..history }, ..default };
    let namespaces = [("room", room), ("plain", plain), ("user", plain)];
    Definitions {
        default,
        namespaces: namespaces.map(|(name, rules)| (name.into(), rules)).into(),
        paces: std::collections::BTreeMap::new(),
    }
}

/// Realms `r1` and `r2`.
fn realms() -> [Arc<Realm>; 2] {
    [1, 2].map(|id| Arc::new(Realm { id, namespace: format!("r{id}").into(), key: "k".into() }))
}

/// The session of a user; `@` and `?` before the name give it a place in realm `r1`, `?` as a guest.
fn session(user: &str) -> Arc<Session> {
    let client_info = || {
        let client = Client { socket: user.into(), extras: "{}".into(), table: 0, row: 0 };
        Some(Box::new(ClientInfo {
            realm: realms()[0].clone(),
            client,
            refused: None,
            address: Ipv4Addr::LOCALHOST.into(),
        }))
    };
    if user.starts_with('?') {
        return Arc::new(Session::guest(client_info()));
    }
    if user.starts_with('@') {
        let of = Session::of(user, Scopes::READ.union(Scopes::WRITE));
        return Arc::new(Session { client_info: client_info(), ..of });
    }
    let scopes = if user == "admin" { Scopes::ADMIN } else { Scopes::READ.union(Scopes::WRITE) };
    Arc::new(Session::of(user, scopes))
}

fn name(channel: &str) -> ChannelName {
    ChannelName::new(channel)
}

fn data(json: &str) -> Body {
    Body::Data { json: json.into() }
}

fn chat(content: &str) -> Body {
    Body::MessageCreated { content: content.into(), kind: "text".into() }
}

fn page(number: u32, size: u32) -> Page {
    Page { number, size }
}

fn read(bytes: &PublicationBytes) -> Publication {
    let view = bytes.view();
    rkyv::deserialize::<_, rkyv::rancor::Error>(view).expect("archived here")
}

fn code(reply: Reply) -> FaultCode {
    match reply {
        Reply::Fault(fault) => fault.code,
        other => panic!("a fault was expected: {other:?}"),
    }
}

impl Bench {
    fn new() -> Self {
        Self::with(definitions(), Limits::default())
    }

    fn with(definitions: Definitions, limits: Limits) -> Self {
        let home = Home::new(1, 4, Arc::new(definitions), &realms(), limits.into());
        Self { home, now: Now { monotonic_us: 5_000_000, unix_ms: 1_000_000 }, wait: None }
    }

    fn pass(&mut self, ms: u64) {
        self.now.monotonic_us += ms * 1_000;
        self.now.unix_ms += ms;
    }

    fn execute(&mut self, core: u16, user: &str, command: impl Into<CoreCommand>) -> Reply {
        let connection = ConnectionId { index: 0, generation: 0 };
        let session = session(user);
        let origin = Origin { core: CoreId(core), connection, session: &session };
        let (home, now) = (&mut self.home, self.now);
        let Outcome { reply, wait } = match command.into() {
            CoreCommand::Channel(command) => home.execute_channel(now, origin, command),
            CoreCommand::Message(command) => home.execute_message(now, origin, command),
            CoreCommand::Profile(command) => home.execute_profile(now, origin, command),
            CoreCommand::Room(RoomCommand::Get { channel }) => home.rooms.show(&channel).into(),
            CoreCommand::Room(command) => match decide(home, now, origin, command) {
                Ok(change) => home.apply_room(now, change),
                Err(fault) => fault.into(),
            },
            other => panic!("a home does not answer {other:?} alone"),
        };
        self.wait = wait;
        self.home.invariants();
        reply
    }

    fn subscribe(&mut self, core: u16, user: &str, channel: &str) -> Position {
        match self.execute(
            core,
            user,
            ChannelCommand::Subscribe { channel: name(channel), recover: None, with: Attachments::default() },
        ) {
            Reply::Channel(ChannelReply::Subscribed { position, recovery: Recovery::NotAsked, .. }) => {
                position
            }
            other => panic!("{other:?}"),
        }
    }

    fn recover(&mut self, core: u16, user: &str, channel: &str, from: Position) -> Recovery {
        let with = Attachments::default();
        match self.execute(
            core,
            user,
            ChannelCommand::Subscribe { channel: name(channel), recover: Some(from), with },
        ) {
            Reply::Channel(ChannelReply::Subscribed { recovery, .. }) => recovery,
            other => panic!("{other:?}"),
        }
    }

    fn unsubscribe(&mut self, core: u16, user: &str, channel: &str) {
        let id = self.home.order.channels.find(&name(channel));
        let epoch = id.map_or(0, |id| self.home.order.channels.get(id).epoch);
        self.home.unsubscribe(self.now, CoreId(core), user, &name(channel), epoch);
        self.home.invariants();
    }

    fn try_publish(&mut self, user: &str, channel: &str, body: Body, key: Option<&str>) -> Reply {
        let idempotency_key = key.map(Into::into);
        self.execute(0, user, ChannelCommand::Publish { channel: name(channel), body, idempotency_key })
    }

    fn publish(&mut self, user: &str, channel: &str, json: &str) -> Position {
        match self.try_publish(user, channel, data(json), None) {
            Reply::Channel(ChannelReply::Published { position, .. }) => position,
            other => panic!("{other:?}"),
        }
    }

    fn write(&mut self, user: &str, channel: &str, content: &str) -> Message {
        match self.try_publish(user, channel, chat(content), None) {
            Reply::Message(MessageReply::One(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    /// What was pushed since the last call: the core and what it was told.
    fn pushes(&mut self) -> Vec<(u16, HomePush)> {
        let outputs = std::iter::from_fn(|| self.home.pop_output());
        outputs.map(|HomeOutput::Push { to, push, .. }| (to.0, push)).collect()
    }

    /// Bodies of what was pushed since the last call; nothing but publications may have been.
    fn bodies(&mut self) -> Vec<(u16, Body)> {
        let body = |(core, push)| match push {
            HomePush::Publication(bytes) => (core, read(&bytes).body),
            other => panic!("{other:?}"),
        };
        self.pushes().into_iter().map(body).collect()
    }
}

/// The JSON of publications of data.
fn jsons(publications: &[PublicationBytes]) -> Vec<String> {
    let json = |bytes| match read(bytes).body {
        Body::Data { json } => json,
        other => panic!("{other:?}"),
    };
    publications.iter().map(json).collect()
}

/// What becomes of a command that changes a room.
fn decide(home: &mut Home, now: Now, origin: Origin<'_>, command: RoomCommand) -> Result<RoomChange, Fault> {
    match command {
        RoomCommand::Create { channel, name, description } => {
            home.create_room(now, origin, channel, (name, description))
        }
        RoomCommand::Update { channel, name, description } => {
            home.update_room(now, origin, channel, (name, description))
        }
        RoomCommand::Delete { channel } => home.delete_room(now, origin, channel),
        RoomCommand::Get { .. } => panic!("nothing is decided"),
    }
}
