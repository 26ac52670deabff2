//! A naive model of the home side: plain lists, searched from end to end. It predicts every answer.

use super::kept::{Channel, Kept};
use super::realm::{open, record};
use super::*;
use crate::broker::order::epochs::Epochs;
use crate::broker::rules::catalog::DefinitionChange;
use crate::model::definition::{DefinitionRecord, Who};
use crate::model::publication::Room;
use crate::model::reply::{ChannelReply, MessageReply, RoomReply};
use std::collections::{BTreeMap, BTreeSet};

/// User, channel, whether it was given to a message, key.
type Key = (String, ChannelName, bool, String);

/// What should be true.
pub struct Model {
    pub definitions: Definitions,
    pub limits: Limits,
    pub channels: BTreeMap<ChannelName, Channel>,
    pub congested: BTreeSet<u16>,
    rooms: BTreeMap<ChannelName, Room>,
    online: BTreeMap<String, u32>,
    keys: Vec<(u64, Key, Reply)>,
    epochs: Epochs,
    defined: BTreeMap<String, Defined>,
    last_life: u64,
}

/// A definition of realm `r1`.
struct Defined {
    record: Arc<DefinitionRecord>,
    /// Since which life its channel is, and ...
    own: u64,
    /// ... those below.
    below: u64,
}

impl Model {
    pub fn new(definitions: Definitions, limits: Limits) -> Self {
        Self {
            definitions,
            limits,
            channels: BTreeMap::new(),
            congested: BTreeSet::new(),
            rooms: BTreeMap::new(),
            online: BTreeMap::new(),
            keys: Vec::new(),
            epochs: Epochs::new(super::super::hasher(1, 0)),
            defined: BTreeMap::new(),
            last_life: 0,
        }
    }

    /// Defines a channel of the realm, or deletes its definition. Says the change and which channels are over,
    /// with the cores that heard them.
    pub fn define(
        &mut self,
        name: &str,
        put: Option<(bool, bool, u32, bool)>,
    ) -> (DefinitionChange, Vec<(u16, ChannelName)>) {
        self.last_life += 1;
        let was = self.defined.remove(name);
        let is = put.map(|(active, nested, count_max, guests)| {
            let mut rules = open();
            rules.history.count_max = count_max;
            rules.subscribe = if guests { Who::Everyone } else { Who::Authenticated };
            let mut record = DefinitionRecord::clone(&record(self.last_life, name, nested, rules));
            record.draft.active = active;
            Arc::new(record)
        });
        let change = DefinitionChange { was: was.as_ref().map(|was| was.record.clone()), is: is.clone() };
        if let Some(record) = is {
            let both = |test: fn(&DefinitionRecord) -> bool| {
                was.as_ref().is_some_and(|was| test(&was.record) && test(&record))
            };
            let active = both(|record| record.draft.active);
            let nested = both(|record| record.draft.nested);
            let before = was.as_ref().map(|was| (was.own, was.below));
            let own = before.filter(|_| active).map_or(self.last_life * 2, |(own, _)| own);
            let below =
                before.filter(|_| active && nested).map_or(self.last_life * 2 + 1, |(_, below)| below);
            self.defined.insert(name.to_owned(), Defined { record, own, below });
        }
        let over = self
            .channels
            .iter()
            .filter(|(name, channel)| name.namespace() == "r1" && self.life(name) != Some(channel.life));
        let over: Vec<ChannelName> = over.map(|(name, _)| name.clone()).collect();
        let mut heard = Vec::new();
        for name in over {
            let channel = self.channels.remove(&name).expect("listed");
            let cores: BTreeSet<u16> = channel.subscriptions.iter().map(|(core, _)| *core).collect();
            heard.extend(cores.into_iter().map(|core| (core, name.clone())));
        }
        let counts: Vec<_> =
            self.channels.keys().map(|name| (name.clone(), self.bounds(name).count_max)).collect();
        for (name, count_max) in counts {
            let bounds = HistoryBounds { count_max, ..self.bounds(&name) };
            self.channels.get_mut(&name).expect("listed").trim(&bounds);
        }
        (change, heard)
    }

    /// The definition of a realm's channel and the life that the channel has under it.
    fn covering(&self, name: &ChannelName) -> Option<(&Defined, u64)> {
        let suffix = name.suffix();
        let found = match self.defined.get(suffix) {
            Some(own) => Some((own, own.own)),
            None => {
                let above = |(name, one): &(&String, &Defined)| {
                    one.record.draft.nested && suffix.starts_with(&format!("{name}/"))
                };
                let all = self.defined.iter().filter(above);
                all.max_by_key(|(name, _)| name.len()).map(|(_, one)| (one, one.below))
            }
        };
        found.filter(|(one, _)| one.record.draft.active)
    }

    fn life(&self, name: &ChannelName) -> Option<u64> {
        self.covering(name).map(|(_, life)| life)
    }

    /// What the realm's rules say against this, before the channel is looked at.
    fn refusal(&self, user: &str, name: &ChannelName) -> Option<FaultCode> {
        let known = user == "admin" || user.starts_with(['@', '?']);
        (!known || self.covering(name).is_none()).then_some(FaultCode::NoSuchChannel)
    }

    fn bounds(&self, name: &ChannelName) -> HistoryBounds {
        let count = self.covering(name).map(|(one, _)| one.record.draft.rules.history.count_max);
        match count {
            Some(count_max) if name.namespace() == "r1" => {
                HistoryBounds { count_max, ..self.definitions.default.history }
            }
            _ => self.definitions.of(name).history,
        }
    }

    /// Whether the list of members can be asked for.
    pub fn tells_presence(&self, name: &ChannelName) -> bool {
        name.namespace() == "r1" || self.definitions.of(name).presence == Presence::Users
    }

    fn answer_in_realm(&mut self, now: Now, user: &str, command: &CoreCommand) -> Option<Reply> {
        let fault = |code| Some(Reply::Fault(Fault::new(code, "")));
        let (CoreCommand::Channel(ChannelCommand::Subscribe { channel, .. })
        | CoreCommand::Channel(ChannelCommand::Publish { channel, .. })
        | CoreCommand::Channel(ChannelCommand::ListHistory { channel })
        | CoreCommand::Room(RoomCommand::Create { channel, .. })
        | CoreCommand::Channel(ChannelCommand::ListMembers { channel, .. })) = command
        else {
            return None;
        };
        if channel.namespace() != "r1" {
            return None;
        }
        if let Some(code) = self.refusal(user, channel) {
            return fault(code);
        }
        let (one, _) = self.covering(channel)?;
        let member = self.channels.get(channel).is_some_and(|channel| channel.members().contains(user));
        match command {
            CoreCommand::Channel(ChannelCommand::Subscribe { .. })
                if user.starts_with('?') && one.record.draft.rules.subscribe != Who::Everyone =>
            {
                fault(FaultCode::GuestsRefused)
            }
            CoreCommand::Channel(ChannelCommand::Subscribe { .. })
            | CoreCommand::Channel(ChannelCommand::ListMembers { .. }) => None,
            CoreCommand::Channel(ChannelCommand::Publish { body: Body::ClientMessage { .. }, .. })
            | CoreCommand::Channel(ChannelCommand::ListHistory { .. })
                if !member =>
            {
                fault(FaultCode::NotSubscribed)
            }
            CoreCommand::Channel(ChannelCommand::Publish {
                body: body @ Body::ClientMessage { .. }, ..
            }) => {
                let publisher = if user.starts_with('?') { "" } else { user };
                let (position, _) = self.say(now, channel, publisher, body.clone());
                Some(Reply::Channel(ChannelReply::Published { channel: channel.clone(), position }))
            }
            CoreCommand::Channel(ChannelCommand::ListHistory { .. })
                if self.bounds(channel).count_max == 0 =>
            {
                fault(FaultCode::Conflict)
            }
            CoreCommand::Channel(ChannelCommand::ListHistory { .. }) => {
                let said = self.channels[channel].kept.iter().filter(|kept| kept.is_said());
                let kept = said.map(Kept::bytes);
                Some(Reply::Channel(ChannelReply::History {
                    channel: channel.clone(),
                    publications: kept.collect(),
                }))
            }
            _ => fault(FaultCode::NoSuchChannel),
        }
    }

    fn open(&mut self, now: Now, name: &ChannelName) -> &mut Channel {
        if !self.channels.contains_key(name) {
            let at = Position { epoch: self.epochs.next(now), offset: 0 };
            let life = self.life(name).unwrap_or(0);
            self.channels.insert(name.clone(), Channel { at, life, ..Channel::default() });
        }
        self.channels.get_mut(name).expect("just opened")
    }

    fn say(&mut self, now: Now, name: &ChannelName, user: &str, body: Body) -> (Position, Option<Message>) {
        let bounds = self.bounds(name);
        let channel = self.open(now, name);
        channel.at.offset += 1;
        let Position { epoch, offset } = channel.at;
        let (born, time_ms, publisher) = (epoch, now.unix_ms, user.to_owned());
        let mut publication = Publication { epoch, born, offset, time_ms, publisher, body };
        channel.said.push(publication.archive(&mut AlignedVec::new()));
        channel.apply(&mut publication);
        let kept = Kept { at_ms: now.monotonic_ms(), publication };
        let message = kept.message(name);
        channel.kept.push(kept);
        channel.trim(&bounds);
        let at = channel.at;
        self.close_if_empty(name);
        (at, message)
    }

    /// A channel that nobody hears and that keeps nothing is not there.
    fn close_if_empty(&mut self, name: &ChannelName) {
        if self.channels.get(name).is_some_and(Channel::is_empty) {
            self.channels.remove(name);
        }
    }

    /// Time passed: what is too old goes. Channels are forgotten only by [`Model::sweep`].
    pub fn age(&mut self, now: Now) {
        for (name, channel) in &mut self.channels {
            let age_ms_max = self.definitions.of(name).history.age_ms_max;
            channel.age(now, age_ms_max);
        }
        let age_ms_max = u64::from(self.limits.idempotency_ms_max);
        self.keys.retain(|(at_ms, ..)| now.monotonic_ms() - at_ms < age_ms_max);
    }

    pub fn sweep(&mut self) {
        self.channels.retain(|_, channel| !channel.is_empty());
    }

    pub fn unsubscribe(&mut self, core: u16, user: &str, name: &ChannelName) {
        let channel = self.channels.get_mut(name).expect("subscribed");
        let subscription = (core, user.to_owned());
        let place =
            channel.subscriptions.iter().position(|other| *other == subscription).expect("subscribed");
        channel.subscriptions.remove(place);
        self.close_if_empty(name);
    }

    pub fn connected(&mut self, now: Now, user: &str, connected: bool) {
        let cores = self.online.entry(user.into()).or_default();
        let before = *cores;
        *cores = if connected { before + 1 } else { before.saturating_sub(1) };
        let body = match (before, *cores) {
            (0, 1) => Body::UserOnline,
            (1, 0) => Body::UserOffline,
            _ => return,
        };
        let name = ChannelName::of_user(user);
        if self.channels.contains_key(&name) {
            self.say(now, &name, user, body);
        }
    }

    pub fn answer(&mut self, now: Now, core: u16, user: &str, command: CoreCommand) -> Reply {
        let fault = |code| Reply::Fault(Fault::new(code, ""));
        if let Some(answer) = self.answer_in_realm(now, user, &command) {
            return answer;
        }
        match command {
            CoreCommand::Channel(ChannelCommand::Subscribe { channel: name, recover, .. }) => {
                let congested = self.congested.contains(&core);
                let channel = self.open(now, &name);
                if congested {
                    self.close_if_empty(&name);
                    return fault(FaultCode::Overloaded);
                }
                channel.subscriptions.push((core, user.into()));
                let recovery = recover.map_or(Recovery::NotAsked, |from| channel.recover(from));
                let (history, members) = (None, None);
                ChannelReply::Subscribed { channel: name, position: channel.at, recovery, history, members }
                    .into()
            }
            CoreCommand::Channel(ChannelCommand::Publish { channel, body, idempotency_key }) => {
                self.publish(now, user, channel, body, idempotency_key)
            }
            CoreCommand::Message(MessageCommand::Update { channel, message, content }) => {
                self.change(now, user, channel, message, Some(content))
            }
            CoreCommand::Message(MessageCommand::Delete { channel, message }) => {
                self.change(now, user, channel, message, None)
            }
            CoreCommand::Message(MessageCommand::Get { channel, message }) => self
                .message(&channel, message)
                .map_or(fault(FaultCode::NotFound), |message| MessageReply::One(message).into()),
            CoreCommand::Message(MessageCommand::List { channel, page }) => {
                let kept = self.channels.get(&channel).map_or(&[][..], |channel| &channel.kept);
                let messages = || kept.iter().rev().filter(|kept| kept.message(&channel).is_some());
                let items = messages().skip(page.skip()).take(page.size as usize).map(Kept::bytes).collect();
                Reply::Message(MessageReply::Page {
                    items,
                    page,
                    total: messages().count() as u64,
                    channel: channel.clone(),
                })
            }
            CoreCommand::Channel(ChannelCommand::ListMembers { channel, page })
                if self.tells_presence(&channel) =>
            {
                let members = self.channels.get(&channel).map(Channel::members).unwrap_or_default();
                let items = members.iter().skip(page.skip()).take(page.size as usize);
                let items = items.map(|user| session(user)).collect();
                Reply::Channel(ChannelReply::Members { items, page, total: members.len() as u64 })
            }
            CoreCommand::Channel(ChannelCommand::ListMembers { .. }) => fault(FaultCode::Conflict),
            CoreCommand::Room(command) => self.answer_room(now, user, command),
            CoreCommand::Channel(ChannelCommand::ListHistory { .. }) => fault(FaultCode::NoSuchChannel),
            other => panic!("not modelled: {other:?}"),
        }
    }

    fn answer_room(&mut self, now: Now, user: &str, command: RoomCommand) -> Reply {
        let fault = |code| Reply::Fault(Fault::new(code, ""));
        match command {
            RoomCommand::Create { channel, .. } if self.rooms.contains_key(&channel) => {
                fault(FaultCode::Conflict)
            }
            RoomCommand::Create { channel, name, description } => {
                let (id, owner, created_ms) = (channel.suffix().into(), user.into(), now.unix_ms);
                let room = Room { id, name, description, owner, created_ms, updated_ms: created_ms };
                self.rooms.insert(channel.clone(), room.clone());
                self.say(now, &channel, user, Body::RoomCreated { room: room.clone() });
                Reply::Room(RoomReply::One(room))
            }
            RoomCommand::Delete { channel } => match self.rooms.get(&channel).cloned() {
                None => fault(FaultCode::NotFound),
                Some(room) if room.owner != user && user != "admin" => fault(FaultCode::Forbidden),
                Some(room) => {
                    self.rooms.remove(&channel);
                    self.open(now, &channel);
                    self.answer_keys(&channel, None, &fault(FaultCode::Conflict));
                    self.say(now, &channel, user, Body::RoomDeleted { room: room.clone() });
                    Reply::Room(RoomReply::Deleted(room))
                }
            },
            other => panic!("not modelled: {other:?}"),
        }
    }

    fn publish(
        &mut self,
        now: Now,
        user: &str,
        name: ChannelName,
        body: Body,
        key: Option<Box<str>>,
    ) -> Reply {
        let message = matches!(body, Body::MessageCreated { .. });
        let key = key.map(|key| (user.to_owned(), name.clone(), message, key.into_string()));
        if let Some((_, _, first)) = self.keys.iter().find(|(_, other, _)| Some(other) == key.as_ref()) {
            return first.clone();
        }
        let (position, message) = self.say(now, &name, user, body);
        let reply = message
            .map_or(Reply::Channel(ChannelReply::Published { channel: name, position }), |message| {
                MessageReply::One(message).into()
            });
        if let Some(key) = key {
            self.keys.push((now.monotonic_ms(), key, reply.clone()));
            let surplus = self.keys.len().saturating_sub(self.limits.idempotency_keys_max as usize);
            self.keys.drain(..surplus);
        }
        reply
    }

    fn message(&self, name: &ChannelName, at: Position) -> Option<Message> {
        let channel = self.channels.get(name).filter(|channel| channel.at.epoch == at.epoch)?;
        channel.find(at.offset)?.message(name)
    }

    /// The keys of a message, or of all of a channel, are answered with this from now on.
    fn answer_keys(&mut self, name: &ChannelName, at: Option<Position>, with: &Reply) {
        for (_, _, reply) in &mut self.keys {
            if let Reply::Message(MessageReply::One(message)) = reply
                && message.channel == *name
                && at.is_none_or(|at| at == message.position)
            {
                *reply = with.clone();
            }
        }
    }

    /// Whether a message stays with another text.
    fn has_room(&self, name: &ChannelName, message: &Message, content: &str) -> bool {
        let kept = &self.channels[name].kept;
        let from = kept
            .iter()
            .filter(|kept| kept.is_said())
            .skip_while(|kept| kept.publication.offset < message.position.offset);
        let bytes: usize = from.map(|kept| kept.bytes().len()).sum();
        let (before, after) = (message.content.len(), content.len());
        after <= before || bytes + after - before <= self.bounds(name).bytes_max as usize
    }

    fn change(
        &mut self,
        now: Now,
        user: &str,
        name: ChannelName,
        at: Position,
        content: Option<String>,
    ) -> Reply {
        let fault = |code| Reply::Fault(Fault::new(code, ""));
        let Some(mut message) = self.message(&name, at) else { return fault(FaultCode::NotFound) };
        if message.author != user && user != "admin" {
            return fault(FaultCode::Forbidden);
        }
        let (author, created_ms, kind) = (message.author.clone(), message.created_ms, message.kind.clone());
        let Some(content) = content else {
            self.answer_keys(&name, Some(at), &fault(FaultCode::Conflict));
            self.say(now, &name, user, Body::MessageDeleted { of: at, author, created_ms });
            return Reply::Message(MessageReply::One(message));
        };
        if !self.has_room(&name, &message, &content) {
            return fault(FaultCode::TooLarge);
        }
        message.content.clone_from(&content);
        message.updated_ms = Some(now.unix_ms);
        self.answer_keys(&name, Some(at), &Reply::Message(MessageReply::One(message.clone())));
        self.say(now, &name, user, Body::MessageUpdated { of: at, author, created_ms, content, kind });
        Reply::Message(MessageReply::One(message))
    }
}
