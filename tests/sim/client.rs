//! One connection from the client's side: what it asked for, what it was told, and whether that fits.

use crate::oracle::{At, Oracle};
use crate::owed::{self, Told};
use crate::plan::Plan;
use crate::view::View;
use crate::wire::{self, Frame, HttpResponse};
use corecast::model::definition::Presence;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

/// A request that waits for its answer.
#[derive(Debug)]
pub struct Asked {
    /// The `id` that the answer carries.
    pub id: Option<u64>,
    pub what: What,
    /// What others are told of it.
    pub told: Option<Told>,
    /// The node has it when it was handed so many bytes of its connection.
    pub ends_at: usize,
}

impl Asked {
    /// Whether it changes what is heard of the channel.
    pub fn concerns(&self, of: &str) -> bool {
        match &self.what {
            What::Subscribe { channel, .. } | What::Unsubscribe { channel } => channel == of,
            _ => false,
        }
    }
}

#[derive(Debug)]
pub enum What {
    Upgrade,
    /// `known` is the channel's head as known when this was asked.
    Subscribe {
        channel: String,
        recover: Option<At>,
        known: Option<At>,
        /// Deletions that were answered before.
        deletions: usize,
    },
    Unsubscribe {
        channel: String,
    },
    Publish {
        channel: String,
        tag: String,
        keyed: bool,
    },
    List,
    Ping,
    /// A message that deserves this error.
    Bad {
        code: &'static str,
    },
    /// An HTTP request.
    Call(crate::call::Call),
}

/// What all clients share.
pub struct Shared<'a> {
    pub plan: &'a Plan,
    pub oracle: &'a mut Oracle,
    /// Ids of messages that were written.
    pub messages: &'a mut Vec<String>,
    /// What was refused and must never be seen.
    pub refused: &'a mut Vec<String>,
    /// Where the connection's device was in each channel.
    pub memory: &'a mut BTreeMap<String, At>,
}

pub struct Client {
    pub socket: usize,
    pub device: usize,
    pub user: usize,
    pub wants_websocket: bool,
    pub upgraded: bool,
    inbox: Vec<u8>,
    pub asked: VecDeque<Asked>,
    pub views: BTreeMap<String, View>,
    /// Channels in the order of subscribing.
    pub order: Vec<String>,
    pub stalled_until_us: u64,
    pub was_stalled: bool,
    /// It neither reads nor writes any more, and nobody has told the node.
    pub silent: bool,
    /// It has said goodbye.
    pub leaving: bool,
    /// It has sent its last byte, and still reads.
    pub finished: bool,
    /// A close frame came, with its code.
    pub closed: Option<Option<u16>>,
    /// The node said that this answer is its last.
    pub last: bool,
    pub pings: usize,
    /// It has asked for what its device heard before.
    pub resumed: bool,
    /// Bytes that the client answers with by itself.
    pub replies: Vec<Vec<u8>>,
    pub over: bool,
}

impl Client {
    pub fn new(socket: usize, device: usize, user: usize, wants_websocket: bool) -> Self {
        Self {
            socket,
            device,
            user,
            wants_websocket,
            upgraded: false,
            inbox: Vec::new(),
            asked: VecDeque::new(),
            views: BTreeMap::new(),
            order: Vec::new(),
            stalled_until_us: 0,
            was_stalled: false,
            silent: false,
            leaving: false,
            finished: false,
            closed: None,
            last: false,
            pings: 0,
            resumed: false,
            replies: Vec::new(),
            over: false,
        }
    }

    /// Whether it can ask for more.
    pub fn can_ask(&self) -> bool {
        !self.silent
            && !self.leaving
            && !self.finished
            && self.closed.is_none()
            && !self.last
            && !self.over
            && (self.upgraded || !self.wants_websocket)
    }

    /// The node was handed so many bytes of this connection.
    pub fn hand_over(&mut self, bytes: usize, oracle: &mut Oracle) {
        let whole = self.asked.iter_mut().filter(|asked| asked.ends_at <= bytes);
        whole.filter_map(|asked| asked.told.as_mut()).for_each(|told| oracle.said.hand_over(told));
    }

    /// Bytes came.
    pub fn read(&mut self, bytes: &[u8], shared: &mut Shared<'_>) {
        self.inbox.extend_from_slice(bytes);
        while !self.upgraded
            && let Some(response) = wire::take_response(&mut self.inbox)
        {
            self.response(&response, shared);
        }
        while self.upgraded
            && let Some(frame) = wire::take_frame(&mut self.inbox)
        {
            assert!(self.closed.is_none(), "{frame:?} comes after the close frame");
            match frame {
                Frame::Text(text) => self.text(&text, shared),
                Frame::Ping(payload) => self.replies.push(payload),
                Frame::Pong => {
                    self.pings = self.pings.checked_sub(1).expect("a pong answers a ping");
                }
                Frame::Close(code) => self.close_frame(code, shared),
            }
        }
    }

    fn close_frame(&mut self, code: Option<u16>, shared: &mut Shared<'_>) {
        self.closed = Some(code);
        match code {
            _ if self.leaving => {}
            Some(1013) => {
                shared.oracle.slow += 1;
                let owed = self.owed(shared);
                assert!(
                    owed::may_be_too_much(&shared.plan.limits, &owed, !self.asked.is_empty()),
                    "socket {} is called slow and owes at most so many bytes of its channels: {owed:?}",
                    self.socket
                );
            }
            Some(4000) => assert!(self.was_stalled, "a living client is told that its ping timed out"),
            Some(1012) => assert!(shared.plan.faults.drain, "a restart is told without one"),
            other => panic!("closed with {other:?}"),
        }
    }

    /// Bytes that it owes at most of each channel that it hears or is about to hear: what was said there and it has not heard.
    fn owed(&self, shared: &Shared<'_>) -> Vec<usize> {
        let said = &shared.oracle.said;
        let heard =
            self.views.iter().map(|(channel, view)| said.on(channel).saturating_sub(view.heard_bytes));
        let coming = self.asked.iter().map(|asked| match &asked.what {
            What::Subscribe { channel, .. } if !self.views.contains_key(channel) => said.on(channel),
            _ => 0,
        });
        heard.chain(coming).collect()
    }

    /// The node has closed and all was read. Nothing may be owed, unless there is a reason.
    pub fn end(&mut self, unread: bool, plan: &Plan) {
        self.over = true;
        assert!(self.inbox.is_empty() || self.was_stalled, "the end cuts {:?}", self.inbox);
        if self.closed.is_some() || self.leaving || unread {
            return;
        }
        if self.upgraded {
            let small = plan.limits.outbox_bytes_max < 1 << 20;
            assert!(small || self.was_stalled, "a WebSocket ends without a close frame");
        } else if !self.last && !self.was_stalled && !plan.faults.drain {
            assert!(self.asked.is_empty(), "the connection ends and owes {:?}", self.asked.front());
        }
    }

    fn front(&mut self, told: &str) -> Asked {
        self.asked.pop_front().unwrap_or_else(|| panic!("nothing was asked that {told} answers"))
    }

    fn response(&mut self, response: &HttpResponse, shared: &mut Shared<'_>) {
        self.last = wire::header(&response.head, "connection") == Some("close");
        if response.status == 408 {
            // Also told to whoever asks nothing for too long.
            return assert!(
                self.was_stalled || self.asked.is_empty(),
                "a living client is told that it is late"
            );
        }
        let asked = self.front(&response.head);
        match asked.what {
            What::Upgrade if response.status == 101 => {
                let accept = wire::header(&response.head, "sec-websocket-accept");
                assert_eq!(accept, Some(wire::WEBSOCKET_ACCEPT));
                (self.upgraded, self.last) = (true, false);
            }
            What::Upgrade => {
                assert!(response.status == 429 || response.status == 503, "upgrade: {}", response.head);
                assert!(response.status == 429 || shared.plan.faults.drain, "upgrade: {}", response.head);
            }
            What::Call(call) => {
                call.check(response, self.user, shared);
                if (400..500).contains(&response.status) {
                    asked.told.iter().for_each(|told| shared.oracle.said.take_back(told));
                }
            }
            other => panic!("{other:?} is no HTTP request"),
        }
    }

    fn text(&mut self, text: &str, shared: &mut Shared<'_>) {
        let value: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("JSON: {text}"));
        let kind = value["type"].as_str().unwrap_or_else(|| panic!("a type: {text}")).to_owned();
        match kind.as_str() {
            "subscribed" | "unsubscribed" | "subscriptions" | "pong" | "published" | "error" => {
                self.answer(&kind, text, &value, shared);
            }
            _ => self.push(&kind, text, &value, shared),
        }
    }

    fn push(&mut self, kind: &str, text: &str, value: &Value, shared: &mut Shared<'_>) {
        let channel = value["channel"].as_str().expect("a push names its channel");
        let view = self.views.get_mut(channel);
        let view = view.unwrap_or_else(|| panic!("not subscribed, but told {text}"));
        if value["offset"].is_null() || kind != "gap" && At::of(value) > view.since {
            view.heard_bytes += owed::counted(value);
        }
        match kind {
            "member:joined" | "member:left" => {
                let user = value["data"]["user_id"].as_str().expect("a member has an id");
                assert_ne!(user, shared.plan.users[self.user].id, "told of itself: {text}");
                assert_eq!(shared.plan.definition(channel).presence, Presence::Users, "{text}");
                view.member(channel, user, kind == "member:joined");
            }
            "gap" => {
                let owed = shared.oracle.said.on(channel).saturating_sub(view.heard_bytes);
                let limits = &shared.plan.limits;
                // What comes from another core is also lost where the queue between them is full.
                let may_lose =
                    limits.peer_queue_messages_max < 1_000 || owed::may_be_too_much(limits, &[owed], false);
                assert!(may_lose, "a gap, and at most {owed} bytes are owed: {text}");
                view.heard_bytes += shared.oracle.known_bytes(shared.plan, channel, view.at, At::of(value));
                shared.oracle.gaps += 1;
                shared.oracle.raise(channel, At::of(value));
                view.gap(channel, At::of(value));
            }
            _ => {
                let at = At::of(value);
                view.event(channel, at);
                if let ("message:new" | "message:updated", Some(id)) = (kind, value["data"]["id"].as_str())
                    && at <= view.since
                {
                    shared.oracle.messages.told(id, view.deletions);
                }
                shared.oracle.event(channel, at, text, value);
            }
        }
        shared.memory.insert(channel.to_owned(), view.at);
    }

    fn answer(&mut self, kind: &str, text: &str, value: &Value, shared: &mut Shared<'_>) {
        let asked = self.front(text);
        assert_eq!(value["id"].as_u64(), asked.id, "{text} answers {asked:?}");
        match (kind, asked.what) {
            ("error", what) => {
                let code = value["code"].as_str().expect("a code");
                self.error(code, &what, shared);
                // What was on its way to a disk that failed may be found on it.
                if code != "UNAVAILABLE" {
                    asked.told.iter().for_each(|told| shared.oracle.said.take_back(told));
                }
            }
            ("pong", What::Ping) => {}
            ("published", What::Publish { channel, tag, .. }) => {
                assert_eq!(value["channel"], *channel);
                shared.oracle.acknowledge(&channel, At::of(value), &tag);
            }
            ("unsubscribed", What::Unsubscribe { channel }) => {
                assert_eq!(value["channel"], *channel);
                self.views.remove(&channel);
                self.order.retain(|other| *other != channel);
            }
            ("subscribed", What::Subscribe { channel, recover, known, deletions }) => {
                assert_eq!(value["channel"], *channel);
                self.subscribed(&channel, recover, (known, deletions), value, shared);
            }
            ("subscriptions", What::List) => {
                let listed = value["subscriptions"].as_array().expect("a list").iter();
                let listed: Vec<_> = listed.map(|one| one["channel"].as_str().expect("a name")).collect();
                assert_eq!(listed, self.order, "what a connection hears, in the order of subscribing");
            }
            (_, what) => panic!("{text} does not answer {what:?}"),
        }
    }

    fn subscribed(
        &mut self,
        channel: &str,
        recover: Option<At>,
        (known, deletions): (Option<At>, usize),
        value: &Value,
        shared: &mut Shared<'_>,
    ) {
        let at = At::of(value);
        assert!(known.is_none_or(|known| known <= at), "{channel} was at {known:?} before it was at {at:?}");
        let (recovered, gap) = (value["recovered"].as_u64(), value["gap"] == true);
        shared.oracle.raise(channel, at);
        if let Some(view) = self.views.get(channel) {
            assert_eq!(view.at, at, "all up to the second answer for {channel} came before it");
            assert!(recovered.is_none() && !gap, "a second subscribe recovers nothing: {value}");
            return;
        }
        self.order.push(channel.to_owned());
        let mut view = match recover {
            None => {
                assert!(recovered.is_none() && !gap, "nothing was to recover: {value}");
                View::new(at, at, deletions)
            }
            Some(from) => {
                shared.oracle.recoveries += 1;
                let must = shared.oracle.must_recover(shared.plan, channel, from, at);
                assert!(!must || !gap, "{channel} from {from:?} to {at:?} is in history");
                assert!(gap != recovered.is_some(), "recovered or not: {value}");
                if let Some(count) = recovered {
                    assert_eq!(from.epoch, at.epoch, "no epoch continues another");
                    assert_eq!(from.offset + count, at.offset, "all that was missed of {channel}");
                }
                if gap { View::after_gap(at, deletions) } else { View::new(from, at, deletions) }
            }
        };
        let before = shared.oracle.settled(channel);
        let heard_bytes = shared.oracle.known_bytes(shared.plan, channel, before, at);
        shared.memory.insert(channel.to_owned(), view.at);
        view.heard_bytes = heard_bytes;
        self.views.insert(channel.to_owned(), view);
    }

    fn error(&self, code: &str, what: &What, shared: &mut Shared<'_>) {
        let limits = &shared.plan.limits;
        let scopes = shared.plan.users[self.user].scopes;
        let admin = corecast::model::session::Scopes::ADMIN;
        let expected = match (code, what) {
            ("OVERLOADED", _) => {
                limits.peer_queue_messages_max < 1_000 || limits.history_queue_bytes_max < 1 << 20
            }
            ("UNAVAILABLE", What::Publish { .. }) => shared.plan.faults.log > 0,
            ("RATE_LIMITED", _) => limits.commands_per_second_max > 0,
            ("LIMIT_EXCEEDED", What::Subscribe { .. }) => {
                limits.subscriptions_per_connection_max < 10 || limits.members_per_channel_max < 10
            }
            ("FORBIDDEN", What::Publish { channel, .. }) => {
                !scopes.contains(corecast::model::session::Scopes::WRITE)
                    || channel.starts_with("user:") && !scopes.contains(admin)
            }
            (code, What::Bad { code: deserved }) => code == *deserved,
            _ => false,
        };
        assert!(expected, "{what:?} is answered with the error {code}");
        // What was on its way to a disk that failed may be found on it.
        if let What::Publish { tag, keyed: false, .. } = what
            && code != "UNAVAILABLE"
        {
            shared.refused.push(tag.clone());
        }
    }
}
