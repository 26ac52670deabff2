//! One client of the realm: with a key or without.

use super::{CHANNELS, Truth, top};
use crate::rng::Rng;
use crate::socket::Socket;
use crate::wire::{self, Frame};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub struct Guest {
    pub socket: usize,
    token: Option<String>,
    upgraded: bool,
    inbox: Vec<u8>,
    /// Bytes read since the start.
    pub read_bytes: usize,
    /// The name of its socket, once told.
    pub name: Option<String>,
    /// Channels that it asked to join, and is not answered.
    joining: BTreeSet<&'static str>,
    leaving: BTreeSet<&'static str>,
    /// Channels it is in, since the step at which it read so.
    pub joined: BTreeMap<&'static str, u64>,
    /// Who is in each channel, where a list was told.
    members: BTreeMap<&'static str, BTreeSet<String>>,
    /// The last list of members.
    pub listed: Option<BTreeSet<String>>,
    /// By definition: how many bytes it had been written when the deletion was answered.
    forbidden: [Option<usize>; 2],
    /// Why it was sent away.
    pub ended: Option<String>,
    /// Why it could not join: also told, before the answer was read, to who had joined.
    refused: Option<String>,
    pub closed: bool,
    lost: bool,
}

impl Guest {
    pub fn new(socket: usize, token: Option<&str>) -> Self {
        Self {
            socket,
            token: token.map(str::to_owned),
            upgraded: false,
            inbox: Vec::new(),
            read_bytes: 0,
            name: None,
            joining: BTreeSet::new(),
            leaving: BTreeSet::new(),
            joined: BTreeMap::new(),
            members: BTreeMap::new(),
            listed: None,
            forbidden: [None; 2],
            ended: None,
            refused: None,
            closed: false,
            lost: false,
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

    /// A deletion that was asked for at a step is answered. Nothing of it may be written after these bytes, if this
    /// client was in the channel when it was asked for.
    pub fn forbid(&mut self, top_index: usize, asked: u64, written: usize) {
        let was_in = self.joined.iter().any(|(channel, since)| top(channel) == top_index && *since < asked);
        if was_in && self.leaving.is_empty() {
            self.forbidden[top_index].get_or_insert(written);
        }
    }

    pub fn act(&mut self, socket: &mut Socket, rng: &mut Rng, truth: &mut Truth) {
        if !self.upgraded || self.closed || self.ended.is_some() || socket.to_server.len() > 4_000 {
            return;
        }
        let channel = *rng.pick(&CHANNELS);
        let busy = self.joining.contains(channel) || self.leaving.contains(channel);
        if self.joined.contains_key(channel) && !busy && rng.percent(20) {
            self.leaving.insert(channel);
            self.send("leave", channel, "null", socket, rng);
        } else if self.joined.contains_key(channel) && !busy {
            let number = truth.said.len();
            truth.said.push((channel, truth.gone[top(channel)]));
            self.send("message", channel, &number.to_string(), socket, rng);
        } else if !busy {
            self.join(channel, socket, rng, truth);
        }
    }

    pub fn join(&mut self, channel: &'static str, socket: &mut Socket, rng: &mut Rng, _: &Truth) {
        self.joining.insert(channel);
        self.send("join", channel, r#"{"presence":true,"history":true}"#, socket, rng);
    }

    fn send(&self, action: &str, channel: &str, payload: &str, socket: &mut Socket, rng: &mut Rng) {
        let text =
            format!(r#"{{"action":"{action}","options":{{"channel":"{channel}"}},"payload":{payload}}}"#);
        let mut frame = Vec::new();
        wire::put_frame(&mut frame, true, 1, text.as_bytes(), rng);
        socket.to_server.extend(frame);
    }

    pub fn read(&mut self, bytes: &[u8], truth: &mut Truth) {
        self.inbox.extend_from_slice(bytes);
        self.read_bytes += bytes.len();
        if !self.upgraded {
            let Some(response) = wire::take_response(&mut self.inbox) else { return };
            assert_eq!(response.status, 101, "{}", response.head);
            assert_eq!(wire::header(&response.head, "sec-websocket-protocol"), self.token.as_deref());
            self.upgraded = true;
        }
        loop {
            let start = self.read_bytes - self.inbox.len();
            let Some(frame) = wire::take_frame(&mut self.inbox) else { return };
            assert!(!self.closed, "{frame:?} after the close frame");
            match frame {
                Frame::Text(text) => self.text(&text, start, truth),
                Frame::Close(code) => {
                    let why = self.ended.as_deref().or(self.refused.as_deref());
                    let wanted = if why == Some("Channel deleted") { 4404 } else { 4403 };
                    assert!(why.is_some(), "closed with {code:?} without a reason");
                    assert_eq!(code, Some(wanted), "{why:?}");
                    truth.ended += 1;
                    self.closed = true;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn text(&mut self, text: &str, start: usize, truth: &mut Truth) {
        assert!(self.ended.is_none(), "{text} after {:?}", self.ended);
        let value: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("JSON: {text}"));
        let name = value["options"]["channel"].as_str().expect("a channel");
        let channel = *CHANNELS.iter().find(|channel| **channel == name).expect("a channel of ours");
        if value["action"] == "error" {
            return self.error(channel, value["payload"]["message"].as_str().expect("a sentence"));
        }
        let payload = &value["payload"];
        if value["action"] == "message" || value["action"] == "presence_update" {
            let written = self.forbidden[top(channel)];
            assert!(written.is_none_or(|written| start < written), "after the deletion was answered: {text}");
        }
        match value["action"].as_str().expect("an action") {
            "join" => {
                assert!(self.joining.remove(channel), "an answer to a join: {text}");
                let own = value["client"]["socketId"].as_str().expect("a name");
                assert_eq!(self.name.get_or_insert_with(|| own.to_owned()), own);
                self.joined.insert(channel, truth.step);
            }
            "leave" => {
                assert!(self.leaving.remove(channel), "an answer to a leave: {text}");
                self.joined.remove(channel);
                self.members.remove(channel);
            }
            "message" => {
                assert!(self.joined.contains_key(channel), "not in the channel of {text}");
                let number = payload.as_u64().expect("a number") as usize;
                let (said_in, gone) = truth.said[number];
                assert_eq!(said_in, channel);
                assert!(gone.is_none() || gone != truth.gone[top(channel)], "it did not exist: {text}");
                truth.heard += 1;
            }
            "history" => assert!(self.joined.contains_key(channel), "{text}"),
            "presence_full" => {
                let list = payload["presence"].as_array().expect("a list").iter().map(socket_of).collect();
                self.members.insert(channel, BTreeSet::clone(&list));
                self.listed = Some(list);
            }
            "presence_update" => self.update(channel, payload, text),
            other => panic!("{other}"),
        }
    }

    fn update(&mut self, channel: &'static str, payload: &Value, text: &str) {
        let who = socket_of(&payload["presence"]);
        assert_ne!(Some(&who), self.name.as_ref(), "told of itself: {text}");
        assert!(self.joined.contains_key(channel), "not in the channel of {text}");
        if let Some(members) = self.members.get_mut(channel)
            && !self.lost
        {
            // While presence is switched off nothing is told, so who comes or goes may be known or not.
            match payload["action"].as_str() {
                Some("join") => drop(members.insert(who)),
                Some("leave") => drop(members.remove(&who)),
                _ => panic!("{text}"),
            }
        }
    }

    fn error(&mut self, channel: &'static str, message: &str) {
        let refused_join = self.joining.contains(channel) && !self.joined.contains_key(channel);
        match message {
            "Channel deleted" => self.ended = Some(message.to_owned()),
            "Anonymous clients cannot join this channel." if refused_join => {
                self.joining.remove(channel);
                self.refused = Some(message.to_owned());
            }
            "Anonymous clients cannot join this channel." => self.ended = Some(message.to_owned()),
            other if other.starts_with("Messages were lost") => self.lost = true,
            other if refused_join && other == "there is no such channel" => {
                self.joining.remove(channel);
            }
            _ => {}
        }
    }

    /// Everything it asked for is answered, and nothing is left of a channel that was deleted.
    pub fn is_quiet(&self) {
        assert!(self.upgraded && self.inbox.is_empty());
        assert!(self.joining.is_empty() && self.leaving.is_empty(), "every request is answered");
        for channel in self.joined.keys() {
            assert!(self.forbidden[top(channel)].is_none(), "still in {channel}, which was deleted");
        }
    }
}

fn socket_of(client: &Value) -> String {
    client["socketId"].as_str().expect("a socket").to_owned()
}
