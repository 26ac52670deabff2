//! Whoever owns one record: changes it, one request at a time, and knows what it may be.

use super::Truth;
use crate::rng::Rng;
use crate::socket::Socket;
use crate::wire;
use serde_json::Value;
use std::collections::BTreeSet;

const DEFINITIONS: &str = "/workspace/1/realtime/channel";

/// What the record says; `None` where there is none.
pub type Content = Option<String>;

pub struct Owner {
    pub socket: usize,
    pub name: String,
    /// Of a definition, while there is one.
    pub id: Option<u64>,
    is_room: bool,
    /// As far as was answered.
    pub content: Content,
    /// What it may be instead after a restart: what failed, what was not answered.
    pub maybe: BTreeSet<Content>,
    /// Nobody knows what became of the last change: nothing is asked until it is quiet.
    pub unsure: bool,
    asked: Option<Content>,
    inbox: Vec<u8>,
}

impl Owner {
    pub fn new(socket: usize, index: usize) -> Self {
        let is_room = index.is_multiple_of(2);
        Self {
            socket,
            name: format!("{}{index}", if is_room { "r" } else { "d" }),
            id: None,
            is_room,
            content: None,
            maybe: BTreeSet::new(),
            unsure: false,
            asked: None,
            inbox: Vec::new(),
        }
    }

    pub fn is_waiting(&self) -> bool {
        self.asked.is_some()
    }

    pub fn act(&mut self, socket: &mut Socket, rng: &mut Rng, truth: &mut Truth) {
        if self.asked.is_some() || self.unsure {
            return;
        }
        truth.changes += 1;
        let next: Content = match self.content {
            Some(_) if rng.percent(30) => None,
            _ => Some(format!("change {}", truth.changes)),
        };
        let (method, target) = match (&self.content, &next, self.is_room) {
            (None, _, true) => ("POST", "/v1/rooms".to_owned()),
            (_, Some(_), true) => ("PATCH", format!("/v1/rooms/{}", self.name)),
            (_, None, true) => ("DELETE", format!("/v1/rooms/{}", self.name)),
            (None, _, false) => ("POST", DEFINITIONS.to_owned()),
            (_, next, false) => {
                let method = if next.is_some() { "PUT" } else { "DELETE" };
                (method, format!("{DEFINITIONS}/{}", self.id.expect("it exists")))
            }
        };
        let body = match &next {
            None => String::new(),
            Some(text) if self.is_room => format!(r#"{{"id":"{}","name":"{text}"}}"#, self.name),
            Some(text) => format!("realtime_channel {} {{description = \"{text}\"}}", self.name),
        };
        let fields = if self.is_room { "" } else { "Content-Type: text/x-xanoscript\r\n" };
        socket.to_server.extend(wire::request(method, &target, "key-of-user-0", fields, &body).bytes());
        self.asked = Some(next);
    }

    pub fn read(&mut self, bytes: &[u8], truth: &mut Truth) {
        self.inbox.extend_from_slice(bytes);
        let Some(response) = wire::take_response(&mut self.inbox) else { return };
        let asked = self.asked.take().expect("an answer to a request");
        match response.status {
            200 | 201 => {
                let body: Value = serde_json::from_str(&response.body).expect("JSON");
                let made = self.content.is_none();
                (self.content, truth.done) = (asked, truth.done + 1);
                // What was said to have failed is put back before anything else is stored.
                self.maybe.clear();
                if !self.is_room && made {
                    self.id = body["id"].as_u64();
                    assert!(truth.ids.insert(self.id.expect("an id")), "an id is given once");
                }
            }
            503 if response.body.contains("nothing was changed") => {
                truth.failed += 1;
                self.maybe.insert(asked);
            }
            // A core did not turn in time; the id of a new one is not told.
            503 if response.body.contains("The change is stored") => {
                self.content = asked;
                self.unsure = true;
                self.maybe.clear();
            }
            503 if response.body.contains("not known") => {
                truth.late += 1;
                self.unsure = true;
                self.maybe.insert(asked);
            }
            503 if response.body.contains("its queue holds") => truth.refused += 1,
            other => panic!("{} was asked {asked:?} and answered {other}: {}", self.name, response.body),
        }
    }

    /// The node was killed: an answer may have been on its way.
    pub fn crashed(&mut self) {
        self.maybe.extend(self.asked.take());
        self.inbox.clear();
    }

    /// What the record says now, as the node tells it; it must be one of what it may be.
    pub fn found(&mut self, found: Option<(Option<u64>, String)>) {
        let (id, content) = found.map_or((None, None), |(id, text)| (id, Some(text)));
        let may = content == self.content || self.maybe.contains(&content);
        assert!(may, "{} is {content:?}, was {:?}, may be {:?}", self.name, self.content, self.maybe);
        (self.content, self.id, self.unsure) = (content, id, false);
        self.maybe.clear();
    }
}
