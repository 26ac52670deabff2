//! Requests of people: where each is answered, and by what part of the broker.

use super::{People, PeopleSettings, PeopleSide, recordings, statuses};
use crate::base::ids::{ConnectionId, CoreId};
use crate::base::time::Now;
use crate::broker::calls::{CallAnswer, CallDraft};
use crate::broker::groups::Conversations;
use crate::broker::huddles::{HuddleAnswer, HuddleDraft};
use crate::broker::told::{Asking, Told};
use crate::model::command::{Place, Route, StoredEffect};
use crate::model::fault::{Fault, FaultCode, Subject};
use crate::model::people::call::{CallAct, CallKind};
use crate::model::people::circle::{Circle, SocketId};
use crate::model::people::command::PeopleCommand;
use crate::model::people::conversation::ConversationAct;
use crate::model::people::device::DeviceAct;
use crate::model::people::huddle::{HuddleAct, HuddleView};
use crate::model::people::reply::{Joined, PeopleReply};
use crate::model::people::status::Status;
use crate::model::people::{UserId, minted};
use crate::model::reply::Reply;
use crate::model::session::{Scopes, Session};
use crate::shard::connections::expect::Expect;
use crate::shard::connections::slots::is_over;
use crate::shard::edge::Edge;
use crate::shard::home::HomeSide;
use crate::shard::mesh;
use crate::shard::mesh::message::{
    CoreMessage, FanInPart, PeopleMessage, PeoplePart, PeopleQuestion, Question, RecordingsQuestion, Ticket,
};
use crate::shard::people::recorder::Decided;
use crate::shard::people::speaking::hear_socket;
use crate::shard::people::stored::{PeopleChange, change_people};
use crate::shard::people::telling::pump_people;
use crate::shard::requests::{FanInSide, Whole, core_of, may_ask, needs, overloaded};
use crate::shard::{Setup, Shard};
use std::sync::Arc;

/// Huddles that one answer lists.
const LISTED_MAX: usize = 100;

/// Takes one request of a person.
pub(in crate::shard) fn submit_people(
    shard: &mut Shard,
    id: ConnectionId,
    session: &Arc<Session>,
    command: PeopleCommand,
    expect: Expect,
) {
    let command = match command {
        PeopleCommand::Spoken { circle, label, joins, act } => {
            match hear_socket(&mut shard.people_side(), id, circle, label, joins, act) {
                Some(Ok(command)) => command,
                Some(Err(fault)) => return shard.reply_now(id, expect, Reply::Fault(fault)),
                None => return,
            }
        }
        command => command,
    };
    // What it was told of its last stay can have ended it.
    if is_over(&shard.edge.connections, id, &expect) {
        return;
    }
    if let Err(fault) = permit_people(&shard.homes, session, &command) {
        return shard.reply_now(id, expect, Reply::Fault(fault));
    }
    if let PeopleCommand::SetStatus { status } = command {
        return statuses::ask(&mut shard.fan_in_side(), id, session, status, expect);
    }
    let Route { place, stored, .. } = command.route();
    if place == Place::EveryCore {
        return match question_of(session, &command) {
            Ok(question) => ask_all(&mut shard.fan_in_side(), id, session, (question, command), expect),
            Err(fault) => shard.reply_now(id, expect, Reply::Fault(fault)),
        };
    }
    let core = core_of(&shard.setup, place, session);
    // What this core has said to itself is heard first.
    if core != shard.setup.core || stored == StoredEffect::Changed || shard.homes.mesh.has_local() {
        return match may_ask(&mut shard.edge, &shard.homes, core, session) {
            Ok(()) => send_people(&mut shard.edge, &mut shard.homes, (core, id), session, command, expect),
            Err(fault) => shard.reply_now(id, expect, Reply::Fault(fault)),
        };
    }
    let ticket = Ticket { connection: id, sequence: 0, part: 0, session: session.clone() };
    let reply = execute_people(&mut shard.people, &mut shard.homes, core, &ticket, command);
    shard.reply_now(id, expect, reply);
    shard.pump_people();
}

/// Leaves a request to a core, maybe this one, which answers later.
fn send_people(
    edge: &mut Edge,
    homes: &mut HomeSide,
    (core, id): (CoreId, ConnectionId),
    session: &Arc<Session>,
    command: PeopleCommand,
    expect: Expect,
) {
    let sequence = edge.connections.open_slot(id, expect);
    // The socket's next words may be said where it comes to.
    if command.route().stored == StoredEffect::Changed || matches!(command, PeopleCommand::Join { .. }) {
        edge.connections.hold_reading(id, sequence);
    }
    let ticket = Ticket { connection: id, sequence, part: 0, session: session.clone() };
    mesh::post(edge, homes, core, CoreMessage::People(PeopleMessage::Request { ticket, command }));
}

pub(in crate::shard) fn permit_people(
    homes: &HomeSide,
    session: &Session,
    command: &PeopleCommand,
) -> Result<(), Fault> {
    let needed = command.route().scope;
    needs(session, needed)?;
    let tells = matches!(
        command,
        PeopleCommand::StartCall { .. }
            | PeopleCommand::Call { .. }
            | PeopleCommand::Huddle { .. }
            | PeopleCommand::SetStatus { .. }
            | PeopleCommand::SetCustom { .. }
    );
    let full = || (0..homes.setup.cores).any(|core| homes.mesh.is_congested(CoreId(core)));
    if tells && needed != Scopes::READ && full() { Err(overloaded()) } else { Ok(()) }
}

/// What all cores are asked.
fn question_of(session: &Arc<Session>, command: &PeopleCommand) -> Result<PeopleQuestion, Fault> {
    Ok(match command {
        PeopleCommand::Statuses { users, .. } => {
            PeopleQuestion::Statuses(users.clone(), session.user.clone())
        }
        PeopleCommand::Online { count_max, .. } => match count_max {
            Ok(count_max) => PeopleQuestion::Online(*count_max as usize),
            Err(fault) => return Err(fault.clone()),
        },
        PeopleCommand::Recordings { conversation, page } => {
            PeopleQuestion::Recordings(RecordingsQuestion::new(conversation, page, session))
        }
        _ => PeopleQuestion::Huddles(session.user.clone()),
    })
}

/// Asks all cores; their answers make one.
fn ask_all(
    side: &mut FanInSide<'_>,
    id: ConnectionId,
    session: &Arc<Session>,
    (question, command): (PeopleQuestion, PeopleCommand),
    expect: Expect,
) {
    let sequence = side.edge.connections.open_slot(id, expect);
    if matches!(command, PeopleCommand::Join { .. }) {
        side.edge.connections.hold_reading(id, sequence);
    } else {
        side.edge.connections.hold_long(id, sequence);
    }
    let ticket = Ticket { connection: id, sequence, part: 0, session: session.clone() };
    side.scatter(ticket, Question::People(question), Whole::People(Box::new(command)));
}

/// Does a request of a core, as the home of what it is about.
pub(in crate::shard) fn serve_people(
    side: &mut PeopleSide<'_>,
    from: CoreId,
    ticket: Ticket,
    command: PeopleCommand,
) {
    if command.route().stored == StoredEffect::Changed {
        return change_people(side.people, side.homes, from, ticket, command);
    }
    let reply = execute_people(side.people, side.homes, from, &ticket, command);
    // The answer goes first: what is told of it comes after it.
    side.post(from, CoreMessage::Answer { ticket, reply });
    pump_people(side);
}

pub(in crate::shard) fn execute_people(
    people: &mut People,
    homes: &mut HomeSide,
    from: CoreId,
    ticket: &Ticket,
    command: PeopleCommand,
) -> Reply {
    let fresh = homes.fresh.next();
    let socket = SocketId { core: from, connection: ticket.connection };
    let by = Asking { user: &ticket.session.user, socket, fresh };
    let minted_here = |word: &'static str| mint(&homes.setup, word, homes.now.unix_ms, fresh);
    let before = people.told.len();
    let (setup, now) = (&homes.setup, homes.now);
    let conversations = Conversations::new(&homes.home.groups, setup.people.open_conversations);
    if let Some(concern) = command.concern()
        && let Err(fault) = conversations.admit(&ticket.session, concern)
    {
        return Reply::Fault(fault);
    }
    let done = match command {
        PeopleCommand::StartCall { conversation, users, kind } => {
            let id = minted_here("call");
            people.start_call(setup, now, by, id, conversation, users, kind)
        }
        PeopleCommand::CreateHuddle { conversation, name } => {
            let id = minted_here("huddle");
            people.create_huddle(now, by, HuddleDraft { id, conversation, name })
        }
        PeopleCommand::Call { call, act } => people.in_call(setup, now, by, &call, act),
        PeopleCommand::Huddle { huddle, act } => people.in_huddle(conversations, now, by, &huddle, act),
        PeopleCommand::Join { circle, video, device } => {
            let (device, opened_s) = device.unwrap_or_default();
            let socket = Arriving { circle, video, device, opened_s };
            people.join((setup, conversations), now, by, socket)
        }
        PeopleCommand::Conversation { id, act: ConversationAct::Get } => {
            conversations.get(&id, &ticket.session).map(PeopleReply::Group)
        }
        PeopleCommand::Conversation { id, act } => people.in_conversation(&id, act),
        command => people.other(setup, now, by, command),
    };
    let lost = |told: &Told| match told {
        Told::Sockets { sockets, .. } => sockets.iter().any(|socket| homes.mesh.is_congested(socket.core)),
        _ => false,
    };
    if people.told[before..].iter().any(lost) {
        // A signal that cannot be passed on is not taken.
        people.told.truncate(before);
        return Reply::Fault(overloaded());
    }
    match done {
        Ok(reply) => Reply::People(Box::new(reply)),
        Err(fault) => Reply::Fault(fault),
    }
}

/// This core's part of an answer about people.
pub(in crate::shard) fn tell_of_people(
    people: &People,
    homes: &HomeSide,
    question: PeopleQuestion,
) -> FanInPart {
    FanInPart::People(match question {
        PeopleQuestion::Huddles(user) => PeoplePart::Huddles(people.huddles.of(&user)),
        PeopleQuestion::Recordings(question) => {
            PeoplePart::Recordings(recordings::tell(people, homes, &question))
        }
        PeopleQuestion::Online(count_max) => {
            let (some, total) = people.persons.online(count_max);
            PeoplePart::Online(some, total)
        }
        PeopleQuestion::Statuses(users, asker) => {
            let here = users.into_iter().filter(|user| homes.setup.home_of(user) == homes.setup.core);
            let status = |user: UserId| {
                let status = people.persons.status(&user, &asker);
                (user, status)
            };
            PeoplePart::Statuses(here.map(status).collect())
        }
    })
}

/// An id that is at home on this core.
fn mint(setup: &Setup, word: &'static str, unix_ms: u64, fresh: u64) -> Arc<str> {
    let mut ids = (0..).map(|step: u64| minted(word, unix_ms, fresh.wrapping_add(step)));
    ids.find(|id| setup.home_of(id) == setup.core).expect("one in as many as there are cores is")
}

/// The answer that all cores' parts make.
pub(in crate::shard) fn merge_people(command: PeopleCommand, parts: Vec<PeoplePart>) -> Reply {
    if let PeopleCommand::Recordings { page, .. } = command {
        return recordings::merge(page, parts);
    }
    let (mut huddles, mut statuses, mut online, mut all) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for part in parts {
        match part {
            PeoplePart::Huddles(some) => huddles.extend(some),
            PeoplePart::Statuses(some) => statuses.extend(some),
            PeoplePart::Online(some, total) => {
                online.extend(some);
                all += total;
            }
            PeoplePart::Recordings(_) => {}
        }
    }
    Reply::People(Box::new(match command {
        PeopleCommand::Statuses { users, wanted } => {
            statuses.sort();
            let status = |user: &UserId| {
                let at = statuses.binary_search_by(|(one, _): &(UserId, Status)| one.cmp(user));
                (user.clone(), at.map_or(Status::Offline, |at| statuses[at].1))
            };
            PeopleReply::Statuses { people: users.iter().map(status).collect(), wanted }
        }
        PeopleCommand::Online { count_max, .. } => {
            online.sort();
            online.truncate(count_max.unwrap_or_default() as usize);
            PeopleReply::Online { people: online, total: all }
        }
        _ => {
            huddles.sort_by(|a: &HuddleView, b| (a.created_ms, &a.id).cmp(&(b.created_ms, &b.id)));
            huddles.truncate(LISTED_MAX);
            PeopleReply::Joined {
                circle: Circle::Huddles,
                what: Joined::Huddles(huddles),
                cards: None,
                rings: Vec::new(),
            }
        }
    }))
}

/// A socket that comes to a circle.
struct Arriving {
    circle: Circle,
    video: bool,
    device: Arc<str>,
    opened_s: u64,
}

pub(super) type Done = Result<PeopleReply, Fault>;

impl People {
    /// Decides a change of what is stored.
    pub(super) fn decide(
        &mut self,
        setup: &Setup,
        now: Now,
        by: Asking<'_>,
        command: PeopleCommand,
    ) -> Result<Decided, Fault> {
        let change = match command {
            PeopleCommand::Device(act) => {
                self.devices.decide(now, by.user, act, by.fresh).map(PeopleChange::Device)
            }
            PeopleCommand::Recording { id, .. } => {
                self.recordings.decide_delete(&id, by.user).map(PeopleChange::Recording)
            }
            PeopleCommand::Call { call, act } => {
                self.calls.act(now, by, &call, act.clone(), &mut self.told)?;
                let id = mint(setup, "rec", now.unix_ms, by.fresh);
                return self.decide_recording(now, by.user, id, &call, &act);
            }
            _ => Err(unanswerable()),
        };
        change.map(Decided::Change)
    }

    #[allow(clippy::too_many_arguments, reason = "what a call is made of")]
    fn start_call(
        &mut self,
        setup: &Setup,
        now: Now,
        by: Asking<'_>,
        id: Arc<str>,
        conversation: Option<Arc<str>>,
        users: Vec<UserId>,
        kind: CallKind,
    ) -> Done {
        let draft = CallDraft { id, conversation, users, kind };
        let (rings, rings_max) = (&self.rings, setup.limits.people.rings_of_user_max);
        let is_busy = |user: &UserId| !rings.leave_room(user, by.user, rings_max);
        let call = self.calls.start(now, by, draft, is_busy, &mut self.told)?;
        let ice = setup.people.ice.servers_for(by.user, now);
        Ok(PeopleReply::Call { call, ice, answered: false })
    }

    fn in_call(&mut self, setup: &Setup, now: Now, by: Asking<'_>, call: &Arc<str>, act: CallAct) -> Done {
        if let Some(signalled) = self.signal_recorder(by.user, call, &act) {
            return signalled.map(|()| PeopleReply::Done);
        }
        let ice = |settings: &PeopleSettings| settings.ice.servers_for(by.user, now);
        let reply = match &act {
            CallAct::IceServers => PeopleReply::Ice(ice(&setup.people)),
            CallAct::Recording => PeopleReply::Recorded(self.recordings.running(call)),
            CallAct::Invite { user } => {
                PeopleReply::Invited { call: call.clone(), user: UserId::from(&**user) }
            }
            _ => PeopleReply::Done,
        };
        let act = self.rings.refuse_busy(by.user, call, act, setup.limits.people.rings_of_user_max);
        Ok(match self.calls.act(now, by, call, act, &mut self.told)? {
            CallAnswer::Done => reply,
            CallAnswer::View(call) => PeopleReply::Call { call, ice: ice(&setup.people), answered: true },
            CallAnswer::Participants(list) => PeopleReply::Participants(list),
        })
    }

    fn create_huddle(&mut self, now: Now, by: Asking<'_>, draft: HuddleDraft) -> Done {
        let (huddle, created) = self.huddles.create(now, by, draft)?;
        Ok(PeopleReply::Huddle { huddle, created })
    }

    /// Whether somebody belongs to a huddle's conversation.
    fn belongs(&self, conversations: Conversations<'_>, huddle: &str, user: &str) -> bool {
        let conversation = self.huddles.conversation_of(huddle);
        conversation.is_some_and(|conversation| conversations.has(conversation, user))
    }

    fn in_huddle(
        &mut self,
        conversations: Conversations<'_>,
        now: Now,
        by: Asking<'_>,
        huddle: &str,
        act: HuddleAct,
    ) -> Done {
        let belongs = self.belongs(conversations, huddle, by.user);
        Ok(match self.huddles.act(now, by, huddle, act, belongs, &mut self.told)? {
            HuddleAnswer::Done => PeopleReply::Done,
            HuddleAnswer::View(huddle) => PeopleReply::Huddle { huddle, created: false },
            HuddleAnswer::Invited(users) => PeopleReply::HuddleInvited(users),
        })
    }

    fn join(
        &mut self,
        (setup, conversations): (&Setup, Conversations<'_>),
        now: Now,
        by: Asking<'_>,
        socket: Arriving,
    ) -> Done {
        let Arriving { circle, video, device, opened_s } = socket;
        let ice = || setup.people.ice.servers_for(by.user, now);
        let what = match &circle {
            Circle::Lobby => Joined::Lobby { user: by.user.clone() },
            Circle::Conversation(id) => Joined::Conversation(id.clone()),
            Circle::Presence(_) => Joined::Presence,
            Circle::Calls => Joined::Calls(ice()),
            Circle::Huddles => Joined::Huddles(Vec::new()),
            Circle::Call(id) => Joined::Call(self.calls.join(now, by, id, &mut self.told)?, ice()),
            Circle::Huddle(id) => {
                let belongs = self.belongs(conversations, id, by.user);
                let view = self.huddles.join(now, by, id, video, belongs, &mut self.told)?;
                Joined::Huddle(view, ice())
            }
        };
        let cards = if circle.shows_who_is_there() {
            Some(self.circles.join(now, by, &circle, device, opened_s, &mut self.told)?)
        } else {
            None
        };
        Ok(PeopleReply::Joined { circle, what, cards, rings: Vec::new() })
    }

    fn in_conversation(&self, id: &Arc<str>, act: ConversationAct) -> Done {
        match act {
            ConversationAct::Typing => Ok(PeopleReply::Typing(self.circles.writing(id))),
            ConversationAct::Get => Err(unanswerable()),
        }
    }

    fn other(&mut self, setup: &Setup, now: Now, by: Asking<'_>, command: PeopleCommand) -> Done {
        match command {
            PeopleCommand::Chat { conversation, act } => {
                let silent = matches!(act, crate::model::people::chat::ChatAct::Typing { .. });
                Ok(match self.circles.chat(now, by, &conversation, act, &mut self.told)? {
                    Some(message) => PeopleReply::Message(message),
                    None if silent => PeopleReply::Silence,
                    None => PeopleReply::Done,
                })
            }
            PeopleCommand::Person { user } => Ok(PeopleReply::Person(self.persons.get(&user, by.user))),
            PeopleCommand::Online { within: Some(id), count_max } => {
                let (people, total) = self.circles.shown(&Circle::Presence(id), count_max? as usize);
                Ok(PeopleReply::Online { people, total })
            }
            PeopleCommand::SetCustom { custom } => {
                self.persons.set_custom(by.user, custom, &mut self.told);
                Ok(PeopleReply::Done)
            }
            PeopleCommand::Device(DeviceAct::List) => Ok(PeopleReply::Devices(self.devices.of(by.user))),
            PeopleCommand::Device(DeviceAct::Heartbeat { id }) => {
                self.devices.heartbeat(now, by.user, &id).map(|()| PeopleReply::Done)
            }
            PeopleCommand::Device(act) => {
                self.devices.decide(now, by.user, act, by.fresh).and_then(|_| Err(unanswerable()))
            }
            PeopleCommand::Activity => Ok(PeopleReply::Silence),
            PeopleCommand::Leave { circle } => Ok(PeopleReply::Left { circle, stay: None }),
            PeopleCommand::IceServers => Ok(PeopleReply::Ice(setup.people.ice.servers_for(by.user, now))),
            PeopleCommand::TurnCredentials => {
                let ice = setup.people.ice.servers_for(by.user, now);
                if ice.credentials.is_some() { Ok(PeopleReply::Ice(ice)) } else { Err(no_turn()) }
            }
            PeopleCommand::Recording { id, act } => self.of_recording(by.user, &id, act),
            PeopleCommand::Link { id, base } => self.link(setup, now, (by.user, &id), base),
            PeopleCommand::Fetch(fetch) => self.fetch(setup, now, fetch),
            _ => Err(unanswerable()),
        }
    }
}

fn no_turn() -> Fault {
    let message = "This node has no TURN servers or does not share a secret with them, so there are no credentials. The \
                   operator can set both.";
    Fault::new(FaultCode::Unavailable, message).about(Subject::Turn).retry_after(None)
}

pub(super) fn unanswerable() -> Fault {
    Fault::new(FaultCode::UnknownType, "This cannot be answered here.")
}
