//! One member of the crowd, and its manner.

use super::CHANNELS;
use super::truth::{Hearer, Said, Since, To, Truth};
use crate::rng::Rng;
use crate::socket::Socket;
use crate::wire::{self, Frame};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How a member behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// Reads what comes.
    Steady,
    /// Hears, and says nothing.
    Silent,
    /// Reads a little now and then.
    Slow,
    /// Reads nothing once it is in.
    Deaf,
    /// Stops in the middle of what it says.
    Halting,
    /// Says much at once.
    Chatty,
}

impl Manner {
    pub fn some(rng: &mut Rng) -> Self {
        *rng.pick(&[
            Self::Steady,
            Self::Steady,
            Self::Silent,
            Self::Silent,
            Self::Slow,
            Self::Deaf,
            Self::Halting,
            Self::Chatty,
        ])
    }

    /// How many bytes it reads at once.
    pub fn reads(self, rng: &mut Rng) -> usize {
        match self {
            Self::Deaf if rng.percent(90) => 0,
            Self::Slow => rng.below(300),
            _ => rng.within(1, 20_000),
        }
    }

    fn says_at_once(self, rng: &mut Rng) -> usize {
        match self {
            Self::Silent => 0,
            Self::Chatty => rng.within(1, 12),
            _ => 1,
        }
    }
}

pub struct Member {
    /// Its number among all that ever were.
    pub number: usize,
    pub socket: usize,
    pub manner: Manner,
    token: Option<String>,
    upgraded: bool,
    inbox: Vec<u8>,
    name: Option<String>,
    /// Channels that it asked to join, and is not answered.
    joining: BTreeSet<&'static str>,
    leaving: BTreeSet<&'static str>,
    /// Channels it is in, and how much had been said when it read so.
    joined: BTreeMap<&'static str, usize>,
    /// Channels that it asked to join and has not left, and from where on it may hear them.
    since: BTreeMap<&'static str, Since>,
    heard: BTreeSet<usize>,
    /// The newest that it heard of each member in each channel.
    newest: BTreeMap<(&'static str, usize), usize>,
    /// The rest of what it stopped in the middle of.
    rest: Vec<u8>,
    /// What it said and the node was not handed yet: numbers, and bytes of its connection up to there.
    saying: Vec<(usize, usize)>,
    /// Whispers for which it may be told that nobody is there.
    whispers: usize,
    closed: bool,
}

/// What an answer to a join or leave takes at most: a join brings the list of members.
const ANSWER_BYTES_MAX: usize = 6_000;

/// What it takes to be told that nobody is there to be whispered to.
const ERROR_BYTES_MAX: usize = 400;

impl Member {
    pub fn new(number: usize, socket: usize, token: Option<&str>, manner: Manner) -> Self {
        Self {
            number,
            socket,
            manner,
            token: token.map(str::to_owned),
            upgraded: false,
            inbox: Vec::new(),
            name: None,
            joining: BTreeSet::new(),
            leaving: BTreeSet::new(),
            joined: BTreeMap::new(),
            since: BTreeMap::new(),
            heard: BTreeSet::new(),
            newest: BTreeMap::new(),
            rest: Vec::new(),
            saying: Vec::new(),
            whispers: 0,
            closed: false,
        }
    }

    pub fn upgrade(&self) -> Vec<u8> {
        let token = self.token.as_ref();
        let protocol = token.map_or(String::new(), |token| format!("Sec-WebSocket-Protocol: {token}\r\n"));
        format!(
            "GET /rt/hash-of-1 HTTP/1.1\r\nHost: sim\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n{protocol}\r\n",
            wire::WEBSOCKET_KEY
        )
        .into_bytes()
    }

    fn hearer(&self) -> Hearer<'_> {
        Hearer { name: self.name.as_deref(), guest: self.token.is_none() }
    }

    pub fn act(&mut self, socket: &mut Socket, rng: &mut Rng, truth: &mut Truth) {
        if !self.upgraded || self.closed || socket.to_server.len() > 8_000 {
            return;
        }
        if !self.rest.is_empty() {
            socket.to_server.extend(self.rest.drain(..));
            return;
        }
        let channel = *rng.pick(&CHANNELS);
        let busy = self.joining.contains(channel) || self.leaving.contains(channel);
        let (mut out, first) = (Vec::new(), truth.said.len());
        if busy {
            return;
        } else if !self.joined.contains_key(channel) {
            self.joining.insert(channel);
            self.since.insert(channel, truth.since(channel));
            truth.come(channel);
            put(&mut out, "join", channel, "", r#"{"presence":true}"#, rng);
        } else if rng.percent(6) {
            self.leaving.insert(channel);
            truth.come(channel);
            put(&mut out, "leave", channel, "", "null", rng);
        } else {
            (0..self.manner.says_at_once(rng)).for_each(|_| self.say(channel, &mut out, rng, truth));
        }
        let before = socket.fed + socket.to_server.len();
        let new = self.saying.iter_mut().filter(|(number, _)| *number >= first);
        new.for_each(|(_, ends_at)| *ends_at += before);
        if self.manner == Manner::Halting && out.len() > 1 {
            self.rest = out.split_off(rng.within(1, out.len() - 1));
        }
        socket.to_server.extend(out);
    }

    fn say(&mut self, channel: &'static str, out: &mut Vec<u8>, rng: &mut Rng, truth: &mut Truth) {
        let names: Vec<&String> =
            truth.names.iter().filter(|(_, at)| **at == channel).map(|(name, _)| name).collect();
        let to = match if truth.whispers && rng.percent(98) { 0 } else { rng.below(10) } {
            0..5 if !names.is_empty() => To::One((*rng.pick(&names)).clone()),
            5 | 6 if self.token.is_some() => To::Authenticated,
            _ => To::All,
        };
        let bytes = *rng.pick(&[10, 200, 2_000]);
        let option = match &to {
            To::All => String::new(),
            To::Authenticated => r#","authenticated":true"#.to_owned(),
            To::One(name) => format!(r#","socketId":"{name}""#),
        };
        let payload = format!(r#"{{"n":{},"pad":"{}"}}"#, truth.said.len(), "x".repeat(bytes));
        put(out, "message", channel, &option, &payload, rng);
        // Whoever it is for may be gone: then its sender is told so.
        self.whispers += usize::from(matches!(to, To::One(_)));
        self.saying.push((truth.said.len(), out.len()));
        truth.said.push(Said {
            channel,
            by: self.number,
            to,
            bytes: payload.len(),
            handed_over: false,
            heard: false,
        });
    }

    /// The node was handed so many bytes of its connection.
    pub fn hand_over(&mut self, bytes: usize, truth: &mut Truth) {
        self.saying.retain(|(number, ends_at)| {
            truth.said[*number].handed_over |= *ends_at <= bytes;
            *ends_at > bytes
        });
    }

    /// It says what it stopped in the middle of, and nothing more.
    pub fn finish(&mut self, socket: &mut Socket) {
        socket.to_server.extend(self.rest.drain(..));
    }

    pub fn read(&mut self, bytes: &[u8], truth: &mut Truth) {
        self.inbox.extend_from_slice(bytes);
        if !self.upgraded {
            let Some(response) = wire::take_response(&mut self.inbox) else { return };
            assert_eq!(response.status, 101, "{}", response.head);
            self.upgraded = true;
        }
        while let Some(frame) = wire::take_frame(&mut self.inbox) {
            assert!(!self.closed, "{frame:?} after the close frame");
            match frame {
                Frame::Text(text) => self.text(&text, truth),
                Frame::Close(code) => {
                    assert_eq!(code, Some(1013), "only who is slow is sent away");
                    self.closed = true;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// The node has ended its connection.
    pub fn gone(&self, truth: &mut Truth) {
        if let Some(name) = &self.name {
            truth.names.remove(name);
        }
        let (of_channels, whispered) =
            truth.owed(&self.hearer(), &self.since, |number| self.heard.contains(&number));
        self.go(truth);
        let answers = (self.joining.len() + self.leaving.len()) * ANSWER_BYTES_MAX;
        truth.sent_away(&of_channels, whispered + answers + self.whispers * ERROR_BYTES_MAX);
    }

    /// It goes from all channels that it may be in.
    pub fn go(&self, truth: &mut Truth) {
        self.since.keys().for_each(|channel| truth.come(channel));
    }

    /// Everything has arrived.
    pub fn settle(&mut self, truth: &Truth) {
        self.whispers = 0;
        for (channel, since) in &mut self.since {
            since.comings = truth.comings_of(channel);
        }
    }

    fn text(&mut self, text: &str, truth: &mut Truth) {
        let value: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("JSON: {text}"));
        let name = value["options"]["channel"].as_str().expect("a channel");
        let channel = *CHANNELS.iter().find(|channel| **channel == name).expect("a channel of ours");
        match value["action"].as_str().expect("an action") {
            "join" => {
                assert!(self.joining.remove(channel), "an answer to a join: {text}");
                let own = value["client"]["socketId"].as_str().expect("a name");
                assert_eq!(self.name.get_or_insert_with(|| own.to_owned()), own);
                self.joined.insert(channel, truth.said.len());
                truth.names.insert(own.to_owned(), channel);
            }
            "leave" => {
                assert!(self.leaving.remove(channel), "an answer to a leave: {text}");
                self.joined.remove(channel);
                self.since.remove(channel);
            }
            "message" => self.message(channel, &value["payload"], text, truth),
            kind @ ("presence_full" | "presence_update" | "history") => {
                assert!(self.joined.contains_key(channel), "not in the channel of {text}");
                let since = self.since.get_mut(channel).expect("it joined");
                since.comings += usize::from(kind == "presence_update");
            }
            "error" => {
                let message = value["payload"]["message"].as_str().expect("a sentence");
                assert!(!message.starts_with("Messages were lost"), "who falls behind here is sent away");
                self.whispers = self.whispers.saturating_sub(1);
            }
            other => panic!("{other}"),
        }
    }

    fn message(&mut self, channel: &'static str, payload: &Value, text: &str, truth: &mut Truth) {
        assert!(self.joined.contains_key(channel), "not in the channel of {text}");
        let number = payload["n"].as_u64().expect("a number") as usize;
        let said = &truth.said[number];
        assert_eq!(said.channel, channel);
        assert!(said.is_for(&self.hearer()), "{said:?} reaches {:?}", self.name);
        let newest = self.newest.insert((channel, said.by), number);
        assert!(
            newest.is_none_or(|newest| newest < number),
            "{number} of {} comes after {newest:?}",
            said.by
        );
        self.heard.insert(number);
        truth.heard += 1;
        truth.whispers_heard += u64::from(matches!(said.to, To::One(_)));
        truth.said[number].heard = true;
    }

    /// Everything is answered, and it has heard all that was for it since it was in. What was said by members that
    /// are gone may have gone with them.
    pub fn is_quiet(&self, truth: &Truth, here: &BTreeSet<usize>) {
        assert!(self.upgraded && self.inbox.is_empty() && !self.closed);
        assert!(self.joining.is_empty() && self.leaving.is_empty(), "every request is answered");
        for (number, said) in truth.said.iter().enumerate() {
            let since = self.joined.get(said.channel);
            let wanted = since.is_some_and(|since| number >= *since) && said.is_for(&self.hearer());
            let wanted = wanted && here.contains(&said.by);
            assert!(
                !wanted || self.heard.contains(&number),
                "{:?} did not hear {number}: {said:?}",
                self.name
            );
        }
    }
}

fn put(out: &mut Vec<u8>, action: &str, channel: &str, option: &str, payload: &str, rng: &mut Rng) {
    let text =
        format!(r#"{{"action":"{action}","options":{{"channel":"{channel}"{option}}},"payload":{payload}}}"#);
    wire::put_frame(out, true, 1, text.as_bytes(), rng);
}
