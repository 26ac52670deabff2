//! How a request travels: who may ask, which core answers, what becomes of it there. The table is
//! `model/command/route.rs`.
//!
//! A request that is at home on its connection's own core and needs nothing but memory is answered at once. Every other
//! one gets a slot among the answers of its connection, travels as a message, is begun on the core that answers, and
//! goes on there when the outside has done its part. A noun that needs the outside or all cores has a file, where it is
//! begun and continued.

mod admin;
mod attempts;
mod backup;
mod connection;
mod definitions;
mod fan_in;
mod groups;
mod in_turn;
mod known_addresses;
mod logins;
pub(in crate::shard) mod many;
mod meetings;
mod node;
mod revoking;
mod rooms;
mod settings;
mod then;
pub(in crate::shard) mod vouchers;
mod web_push;

pub use web_push::WebPushSettings;

pub(in crate::shard) use connection::answer_of_connection;
pub(in crate::shard) use definitions::Changes;
pub(in crate::shard) use fan_in::{FanInSide, FanIns, Whole};
pub(in crate::shard) use groups::GroupChanges;
pub(in crate::shard) use in_turn::InTurn;
pub(in crate::shard) use logins::Logins;
pub(in crate::shard) use meetings::MeetingChanges;
pub(in crate::shard) use then::Then;
pub(in crate::shard) use web_push::{WebPushSide, fire_web_push, hear_notify, notify};

use crate::base::ids::{ConnectionId, CoreId};
use crate::broker::home::{Origin, Outcome};
use crate::broker::order::oversight::execute_admin;
use crate::model::access::Use;
use crate::model::channel::ChannelName;
use crate::model::command::{Command, CoreCommand, Place, Route, StoredEffect};
use crate::model::fault::{Fault, FaultCode};
use crate::model::people::circle::Key;
use crate::model::reply::Reply;
use crate::model::session::{Scopes, Session};
use crate::shard::Effect;
use crate::shard::connections::allowances::LONG_UNITS;
use crate::shard::connections::expect::Expect;
use crate::shard::connections::pending::Turn;
use crate::shard::connections::slots::is_over;
use crate::shard::edge::Edge;
use crate::shard::effects::Class;
use crate::shard::home::HomeSide;
use crate::shard::mesh;
use crate::shard::mesh::message::{CoreMessage, Ticket};
use crate::shard::mesh::pump_ends;
use crate::shard::people;
use crate::shard::relay::{self, Relay, begin_relay};
use crate::shard::{Setup, Shard};
use logins::serve_login;
use many::serve_many;
use node::serve_node;
use std::sync::Arc;

/// The core that keeps all definitions, and asks for backups.
pub(in crate::shard) const CATALOG_CORE: CoreId = CoreId(0);

/// The core that keeps push subscriptions and sends messages to them.
pub(in crate::shard) const WEB_PUSH_CORE: CoreId = CATALOG_CORE;

/// Who is answered when a request is done.
pub(in crate::shard) struct Asker {
    /// The core of its connection.
    pub from: CoreId,
    /// Its request.
    pub ticket: Ticket,
}

impl Asker {
    fn origin(&self) -> Origin<'_> {
        Origin { core: self.from, connection: self.ticket.connection, session: &self.ticket.session }
    }
}

/// How far a request came when it was begun.
pub(in crate::shard) enum Begun {
    /// It is answered.
    Answered(Outcome),
    /// This is to be done outside, then it goes on.
    Outside(Box<(Effect, Then)>),
}

impl Begun {
    fn outside(effect: Effect, then: Then) -> Self {
        Self::Outside(Box::new((effect, then)))
    }
}

impl<T: Into<Outcome>> From<T> for Begun {
    fn from(answer: T) -> Self {
        Self::Answered(answer.into())
    }
}

impl Shard {
    /// Takes one request of a connection; its reply leaves in the order of the requests.
    pub(in crate::shard) fn submit(
        &mut self,
        id: ConnectionId,
        session: &Arc<Session>,
        command: Command,
        expect: Expect,
    ) {
        // What ended with an earlier request has its place in the queues before this one is judged by them.
        self.part_with_departed();
        if is_over(&self.edge.connections, id, &expect) {
            return;
        }
        if let Command::Proven { token, command } = command {
            return match relay::proven(&mut self.edge, (&self.homes, &mut self.relay), id, session, &token) {
                Ok(session) => self.submit(id, &session, *command, expect),
                Err(fault) => self.reply_now(id, expect, Reply::Fault(fault)),
            };
        }
        if let Err(fault) = permit(&self.setup, session, &command) {
            return self.reply_now(id, expect, Reply::Fault(fault));
        }
        let Route { place, stored, long, .. } = command.route();
        if long {
            self.edge.connections.allowances.spend(LONG_UNITS);
        }
        if let Some(fault) =
            command.subscribes().and_then(|channel| self.edge.subscription_limit(id, channel))
        {
            return self.reply_now(id, expect, Reply::Fault(fault));
        }
        let core = core_of(&self.setup, place, session);
        match command {
            Command::People(command) => people::submit_people(self, id, session, *command, expect),
            Command::Connection(command) if connection::must_wait(&self.edge, id, &command) => {
                self.edge.connections.wait_turn(id, expect, Turn::Own(command));
            }
            Command::Connection(command) => {
                let reply = answer_of_connection(&mut self.edge, &self.homes, id, command);
                self.reply_now(id, expect, reply);
            }
            Command::Login(command) => {
                serve_login(&mut self.edge, &mut self.homes, id, session, command, expect);
            }
            Command::Node(command) => {
                let sequence = self.edge.connections.open_slot(id, expect);
                if long {
                    self.edge.connections.hold_long(id, sequence);
                }
                let ticket = Ticket { connection: id, sequence, part: 0, session: session.clone() };
                serve_node(&mut self.fan_in_side(), ticket, command);
            }
            // Taken apart above.
            Command::Proven { .. } => {}
            Command::Many(commands) => match many::admit(&mut self.edge, id, commands.len()) {
                Ok(()) => serve_many(&mut self.edge, &mut self.homes, id, session, commands, expect),
                Err(fault) => self.reply_now(id, expect, Reply::Fault(fault)),
            },
            Command::Core(command) if command.moves() && awaits(&self.edge, id) => {
                self.edge.connections.wait_turn(id, expect, Turn::Move(Box::new(command)));
            }
            Command::Core(command) if core == self.setup.core && stored == StoredEffect::Nothing => {
                self.serve_at_once(id, session, command, expect);
            }
            Command::Core(command) => match may_ask(&mut self.edge, &self.homes, core, session) {
                Ok(()) => send(&mut self.edge, &mut self.homes, (core, id), session, command, expect),
                Err(fault) => self.reply_now(id, expect, Reply::Fault(fault)),
            },
        }
    }

    /// Answers a request of this core without a way through the queues.
    fn serve_at_once(
        &mut self,
        id: ConnectionId,
        session: &Arc<Session>,
        command: CoreCommand,
        expect: Expect,
    ) {
        // What an earlier request changed here is told before this one is done. That can end the very socket that asks.
        self.pump_home();
        if is_over(&self.edge.connections, id, &expect) {
            return;
        }
        let origin = Origin { core: self.setup.core, connection: id, session };
        let begun = begin(&mut self.edge, &mut self.homes, &mut self.relay, origin, command);
        pump_ends(&mut self.edge, &mut self.homes, &mut self.endings);
        let over = is_over(&self.edge.connections, id, &expect);
        match begun {
            Begun::Answered(Outcome { reply, wait: None }) if !over => self.reply_now(id, expect, reply),
            begun => {
                // One that is over has no place for an answer, which takes back what was counted for it.
                let sequence = if over { 0 } else { self.edge.connections.open_slot(id, expect) };
                let ticket = Ticket { connection: id, sequence, part: 0, session: session.clone() };
                self.homes.carry_on(Asker { from: self.setup.core, ticket }, begun);
            }
        }
        self.pump_home();
    }

    /// Does a request of a core, as the home of its channel or as the keeper of the catalog.
    pub(in crate::shard) fn serve(&mut self, from: CoreId, ticket: Ticket, command: CoreCommand) {
        let asker = Asker { from, ticket };
        let stored = command.route().stored;
        if stored != StoredEffect::Nothing
            && let Err(fault) = self.homes.effects.admit_user(Class::Store, &asker.ticket.session.user)
        {
            return self.homes.answer_asker(Some(asker), fault);
        }
        match command {
            CoreCommand::Group(command) if stored == StoredEffect::Changed => {
                self.homes.change_group_in_turn(asker, command);
            }
            CoreCommand::Meeting(command) if stored == StoredEffect::Changed => {
                self.homes.change_meeting_in_turn(asker, command);
            }
            command => {
                let origin = asker.origin();
                let begun = begin(&mut self.edge, &mut self.homes, &mut self.relay, origin, command);
                pump_ends(&mut self.edge, &mut self.homes, &mut self.endings);
                // Whoever asks next hears what it said before.
                relay::pump_relay(&mut self.relay_side());
                self.part_with_departed();
                self.homes.carry_on(asker, begun);
            }
        }
    }
}

/// Whether a core, maybe this one, may be asked something for a session.
///
/// # Errors
/// It has too much to do.
pub(in crate::shard) fn may_ask(
    edge: &mut Edge,
    homes: &HomeSide,
    core: CoreId,
    session: &Session,
) -> Result<(), Fault> {
    if homes.mesh.may_ask(core, || session.account()) {
        return Ok(());
    }
    edge.counters.peer_overloads += 1;
    Err(overloaded())
}

/// Leaves a request to a core, maybe this one, which answers later.
fn send(
    edge: &mut Edge,
    homes: &mut HomeSide,
    (core, id): (CoreId, ConnectionId),
    session: &Arc<Session>,
    command: CoreCommand,
    expect: Expect,
) {
    let sequence = edge.connections.open_slot(id, expect);
    let Route { stored, long, .. } = command.route();
    // What a channel has yet to tell comes before the answer to a subscribe that came again.
    let long = long || command.subscribes().is_some_and(|channel| edge.fanout.hears(id, channel));
    if stored == StoredEffect::Changed || command.moves() {
        edge.connections.hold_reading(id, sequence);
    } else if long {
        edge.connections.hold_long(id, sequence);
    }
    let ticket = Ticket { connection: id, sequence, part: 0, session: session.clone() };
    mesh::post(edge, homes, core, CoreMessage::Request { ticket, command });
}

/// Whether a connection asked for something that is not answered.
fn awaits(edge: &Edge, id: ConnectionId) -> bool {
    edge.connections.get(id).is_some_and(|connection| connection.in_flight() > 0)
}

/// Leaves what moves a connection to a core, now that all before it is answered. Nothing more is read until it is too.
///
/// # Errors
/// That core is behind.
pub(in crate::shard) fn send_in_turn(
    edge: &mut Edge,
    homes: &mut HomeSide,
    (id, sequence): (ConnectionId, u32),
    command: CoreCommand,
) -> Result<(), Fault> {
    let Some(session) = edge.connections.get(id).and_then(|connection| connection.session.clone()) else {
        return Ok(());
    };
    let core = core_of(&edge.setup, command.route().place, &session);
    may_ask(edge, homes, core, &session)?;
    edge.connections.hold_reading(id, sequence);
    let ticket = Ticket { connection: id, sequence, part: 0, session };
    mesh::post(edge, homes, core, CoreMessage::Request { ticket, command });
    Ok(())
}

/// Begins a request of a core. Ends of channels that this finds are passed on before its answer: see [`pump_ends`].
fn begin(
    edge: &mut Edge,
    homes: &mut HomeSide,
    relay: &mut Relay,
    origin: Origin<'_>,
    command: CoreCommand,
) -> Begun {
    let now = homes.now;
    if let Some((channel, wanted)) = command.route().uses()
        && let Err(fault) = homes.home.may_use(origin.session, channel, wanted)
    {
        return Begun::from(fault);
    }
    let HomeSide { setup, home, effects, changes, fresh, .. } = &mut *homes;
    let begun = match command {
        CoreCommand::Channel(command) => Ok(home.execute_channel(now, origin, command).into()),
        CoreCommand::Message(command) => Ok(home.execute_message(now, origin, command).into()),
        CoreCommand::Profile(command) => Ok(home.execute_profile(now, origin, command).into()),
        CoreCommand::Room(command) => rooms::begin((home, effects), now, origin, command),
        CoreCommand::Group(command) => groups::begin((home, effects), now, origin.session, command),
        CoreCommand::Meeting(command) => {
            meetings::begin((home, effects), &setup.limits, now, origin.session, command)
        }
        CoreCommand::Relay(command) => Ok(begin_relay(edge, homes, relay, origin, command).into()),
        CoreCommand::Definition(command) => changes.begin(now, command, (fresh, effects)),
        CoreCommand::WebPush(command) => web_push::begin_web_push(homes, origin.session, command),
        CoreCommand::Admin(command) => Ok(execute_admin(home, now, command).into()),
        CoreCommand::Settings(command) => settings::begin(effects, command),
        CoreCommand::Backup => backup::begin(now, effects, setup.limits.backups_max),
    };
    begun.unwrap_or_else(Begun::from)
}

/// Whether the session may do this. Ownership of a single thing is judged where the thing is.
pub(super) fn permit(setup: &Setup, session: &Session, command: &Command) -> Result<(), Fault> {
    let Route { scope, place, .. } = command.route();
    needs(session, scope)?;
    let Some(grants) = &session.grants else { return Ok(()) };
    let uses = command.route().uses();
    let (needed, allowed) = match (place, uses) {
        (Place::WebPush, _) if scope == Scopes::ADMIN => ("send this to everybody", false),
        _ if scope == Scopes::ADMIN => ("manage this", false),
        (_, Some((channel, wanted))) => {
            let needed = if wanted == Use::Subscribe { "subscribe to this" } else { "publish here" };
            (needed, is_own_profile(session, command) || grants.allow(wanted, name_of(setup, channel)))
        }
        // Of lists it gets what it is for, and each part of several is judged for itself.
        _ => return Ok(()),
    };
    if allowed {
        return Ok(());
    }
    let sentence =
        format!("Your token is for certain channels (its claim \"channels\") and may not {needed}.");
    Err(Fault::new(FaultCode::Forbidden, sentence))
}

/// What a channel is called by those who use it: in a realm, its name there.
fn name_of<'a>(setup: &Setup, channel: &'a ChannelName) -> &'a str {
    let is_in_realm = setup.realms.iter().any(|realm| *realm.namespace == *channel.namespace());
    if is_in_realm { channel.suffix() } else { channel.as_str() }
}

/// The core that answers a session, or that asks the others.
pub(in crate::shard) fn core_of(setup: &Setup, place: Place<'_>, session: &Session) -> CoreId {
    match place {
        Place::Home(channel) => setup.home_of(channel.as_str()),
        Place::Core(core) if core.0 < setup.cores => core,
        Place::Catalog => CATALOG_CORE,
        Place::WebPush => WEB_PUSH_CORE,
        Place::Key(key) => setup.home_of_key(key),
        Place::Own => setup.home_of_key(Key::Id(&session.user)),
        Place::Core(_) | Place::Connection | Place::EveryCore => setup.core,
    }
}

/// Whether a session asks for the profile of its own user: whoever has a token may know whose it is.
fn is_own_profile(session: &Session, command: &Command) -> bool {
    matches!(command, Command::Core(CoreCommand::Profile(command)) if command.shows(&session.user))
}

/// Whether a session has a scope.
///
/// # Errors
/// It does not; the sentence says what is missing.
pub(in crate::shard) fn needs(session: &Session, needed: Scopes) -> Result<(), Fault> {
    if session.scopes.contains(needed) {
        return Ok(());
    }
    let word = needed.word();
    let sentence = match session.scopes {
        // Whoever issues tokens for many services names scopes of others only.
        Scopes::NONE => format!(
            "This needs the scope \"{word}\", and your key or token has none that is known here: its scopes must have one \
             of the words \"read\", \"write\" and \"admin\"."
        ),
        _ => format!(
            "This needs the scope \"{word}\", which your key or token does not have. Use one that has it."
        ),
    };
    Err(Fault::new(FaultCode::Forbidden, sentence))
}

pub(in crate::shard) fn overloaded() -> Fault {
    Fault::new(
        FaultCode::Overloaded,
        "A core of this node has more to do than its queue holds, so this was not done. Try again shortly.",
    )
}
