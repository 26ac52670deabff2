//! One connection that meets others in groups. It asks for one thing at a time and waits for what comes of it.

use super::GROUPS;
use crate::rng::Rng;
use crate::socket::Socket;
use crate::wire::{self, Frame};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a member asked for, and has not seen done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asked {
    Join(&'static str),
    Say,
    /// Left its group, and told its own user so: when it hears that, it is out.
    Leave,
}

pub struct Member {
    pub number: usize,
    pub socket: usize,
    /// Its user, by id and key.
    user: (String, String),
    /// Reads little, or nothing for long.
    pub slow: bool,
    upgraded: bool,
    closed: bool,
    inbox: Vec<u8>,
    asked: Option<Asked>,
    pub handle: Option<String>,
    pub group: Option<&'static str>,
    /// How often it came to a group.
    pub stay: usize,
    /// What it said in this stay, and heard itself say.
    pub confirmed: usize,
    /// Whom it was told of in this stay: who is there, and who is not any more.
    pub told: BTreeMap<String, bool>,
    /// Of each other, in which of its stays it said what it heard last, and how much it had said before that.
    pub heard: BTreeMap<usize, (usize, usize)>,
    pub heard_total: usize,
    pub refused_total: usize,
}

impl Member {
    pub fn new(number: usize, socket: usize, user: (String, String), slow: bool) -> Self {
        Self {
            number,
            socket,
            user,
            slow,
            upgraded: false,
            closed: false,
            inbox: Vec::new(),
            asked: None,
            handle: None,
            group: None,
            stay: 0,
            confirmed: 0,
            told: BTreeMap::new(),
            heard: BTreeMap::new(),
            heard_total: 0,
            refused_total: 0,
        }
    }

    pub fn upgrade(&self) -> Vec<u8> {
        format!(
            "GET /skapi/ws?token={} HTTP/1.1\r\nHost: sim\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n\r\n",
            self.user.1,
            wire::WEBSOCKET_KEY
        )
        .into_bytes()
    }

    pub fn act(&mut self, socket: &mut Socket, rng: &mut Rng) {
        if !self.upgraded || self.closed || self.asked.is_some() {
            return;
        }
        let mut out = Vec::new();
        let (user, token) = (&self.user.0, &self.user.1);
        let mut put = |frame: Value| {
            wire::put_text(&mut out, &frame.to_string(), rng);
        };
        let choice = self.number.wrapping_add(self.stay + self.confirmed + self.heard_total) % 10;
        match (self.group, choice) {
            (Some(_), 0) => {
                put(json!({"action": "joinRoom", "rid": null, "token": token}));
                let content = json!({"left": self.number});
                put(json!({"action": "sendMessage", "uid": user, "content": content, "token": token}));
                self.asked = Some(Asked::Leave);
            }
            (Some(group), 3..) => {
                let pad = "x".repeat([10, 300, 3_000][choice % 3]);
                let content =
                    json!({"by": self.number, "stay": self.stay, "before": self.confirmed, "pad": pad});
                put(json!({"action": "broadcast", "rid": group, "content": content, "token": token}));
                self.asked = Some(Asked::Say);
            }
            (group, _) => {
                let others: Vec<_> = GROUPS.iter().filter(|other| Some(**other) != group).collect();
                let wanted = others[(self.number + self.stay) % others.len()];
                put(json!({"action": "joinRoom", "rid": wanted, "token": token}));
                self.asked = Some(Asked::Join(wanted));
            }
        }
        socket.to_server.extend(out);
    }

    pub fn read(&mut self, bytes: &[u8]) {
        self.inbox.extend_from_slice(bytes);
        if !self.upgraded {
            let Some(response) = wire::take_response(&mut self.inbox) else { return };
            assert_eq!(response.status, 101, "{}", response.head);
            self.upgraded = true;
        }
        while let Some(frame) = wire::take_frame(&mut self.inbox) {
            assert!(!self.closed, "{frame:?} after the close frame");
            match frame {
                Frame::Text(text) => self.text(&text),
                Frame::Close(code) => {
                    assert_eq!(code, Some(1013), "only who is slow is sent away");
                    self.closed = true;
                }
                // Of a ping of its own, between fragments.
                Frame::Pong => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn text(&mut self, text: &str) {
        let value: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("JSON: {text}"));
        let group = GROUPS.iter().find(|group| value["#srid"] == **group).copied();
        if let Some(code) = value["#code"].as_str() {
            return self.notice(code, value["#scid"].as_str().expect("a handle"), group);
        }
        if value.get("#message").is_some() {
            assert_eq!(group, self.group, "{} is not there: {text:.200}", self.number);
            return self.message(&value["#message"]);
        }
        if let Some(left) = value["#private"]["left"].as_u64() {
            if left as usize == self.number {
                assert_eq!(self.asked.take(), Some(Asked::Leave));
                self.group = None;
            }
            return;
        }
        let error = value["#error"].as_str().unwrap_or_else(|| panic!("{text}"));
        assert!(error.contains("more to do"), "{error}");
        self.refused_total += 1;
        match self.asked.take() {
            // It left all the same, and did not hear itself say so.
            Some(Asked::Leave) => self.group = None,
            Some(Asked::Join(_) | Asked::Say) => {}
            None => panic!("{error}, unasked"),
        }
    }

    fn notice(&mut self, code: &str, handle: &str, group: Option<&'static str>) {
        if group != self.group || (group.is_none() && code == "USER_JOINED") {
            // The first that it hears of a group is its own coming.
            assert_eq!(self.asked.take(), group.map(Asked::Join), "{} hears of {group:?}", self.number);
            assert_eq!(code, "USER_JOINED");
            assert_eq!(self.handle.get_or_insert_with(|| handle.to_owned()), handle);
            (self.group, self.stay, self.confirmed) = (group, self.stay + 1, 0);
            self.told.clear();
            self.heard.clear();
            return;
        }
        let came = code == "USER_JOINED";
        assert!(came || matches!(code, "USER_LEFT" | "USER_DISCONNECTED"), "{code}");
        assert_ne!(Some(handle), self.handle.as_deref(), "it came once");
        let before = self.told.insert(handle.to_owned(), came);
        assert_ne!(before, Some(came), "{handle}: {code} twice");
    }

    fn message(&mut self, content: &Value) {
        let number = |field: &str| content[field].as_u64().expect("a number") as usize;
        let (by, stay, before) = (number("by"), number("stay"), number("before"));
        self.heard_total += 1;
        if by == self.number {
            assert_eq!(self.asked.take(), Some(Asked::Say));
            assert_eq!((stay, before), (self.stay, self.confirmed));
            self.confirmed += 1;
        } else if let Some((last_stay, last)) = self.heard.insert(by, (stay, before)) {
            let follows = if last_stay == stay { before == last + 1 } else { stay > last_stay };
            assert!(
                follows,
                "{} hears {before} of stay {stay} of {by} after {last} of {last_stay}",
                self.number
            );
        }
    }

    /// Everything that it asked for is done.
    pub fn is_quiet(&self) {
        assert!(self.closed || self.asked.is_none(), "{} waits for {:?}", self.number, self.asked);
    }

    pub fn is_open(&self) -> bool {
        self.upgraded && !self.closed
    }
}
