//! One socket of a person.

use super::USERS;
use super::truth::{Asked, Truth};
use crate::rng::Rng;
use crate::socket::Socket;
use crate::wire::{self, Frame};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Where everybody looks who is there.
const PRESENCE: &str = "presence:p";
const DOORS: [&str; 2] = ["webrtc:lobby", "huddle:lobby"];
const STATUSES: [&str; 5] = ["online", "away", "busy", "dnd", "invisible"];
const ENDS: [&str; 3] = ["call:ended", "call:missed", "call:cancelled"];

/// A request that is not answered.
struct Request {
    name: String,
    event: String,
    /// Number of the call that it asks for.
    asked: Option<usize>,
    /// The status that it says.
    status: Option<&'static str>,
    /// Users that hid when it was sent.
    secret: BTreeMap<String, u64>,
}

pub struct Person {
    /// Its number among all that ever were.
    number: usize,
    pub socket: usize,
    pub user: String,
    upgraded: bool,
    inbox: Vec<u8>,
    requests: BTreeMap<u64, Request>,
    references: u64,
    /// Channels it is in, and since which step.
    stays: BTreeMap<String, u64>,
    /// Cards of others and its own, by reference: user and status.
    pub seen: BTreeMap<String, (String, String)>,
    /// Calls that ring here or that it talks in.
    calls: BTreeSet<String>,
    /// Calls whose end it was told.
    over: BTreeMap<String, String>,
    huddles: BTreeSet<String>,
    /// Users that hid when it asked to come where it looks who is there.
    secret: BTreeMap<String, u64>,
    /// Whether something was refused since the last quiet, because a queue was full.
    pub was_refused: bool,
}

impl Person {
    pub fn new(number: usize, socket: usize, user: &str) -> Self {
        Self {
            number,
            socket,
            user: user.to_owned(),
            upgraded: false,
            inbox: Vec::new(),
            requests: BTreeMap::new(),
            references: 0,
            stays: BTreeMap::new(),
            seen: BTreeMap::new(),
            calls: BTreeSet::new(),
            over: BTreeMap::new(),
            huddles: BTreeSet::new(),
            secret: BTreeMap::new(),
            was_refused: false,
        }
    }

    pub fn upgrade(&self, key: &str) -> Vec<u8> {
        format!(
            "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: sim\r\nAuthorization: Bearer {key}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n\r\n",
            wire::WEBSOCKET_KEY
        )
        .into_bytes()
    }

    /// Whether it is where everybody looks who is there.
    pub fn is_present(&self) -> bool {
        self.stays.contains_key(PRESENCE)
    }

    fn put(
        &mut self,
        name: &str,
        event: &str,
        payload: &Value,
        to: &mut Socket,
        rng: &mut Rng,
    ) -> &mut Request {
        self.references += 1;
        let reference = self.references;
        let text = json!([null, reference, name, event, payload]).to_string();
        let mut frame = Vec::new();
        wire::put_frame(&mut frame, true, 1, text.as_bytes(), rng);
        to.to_server.extend(frame);
        let request = Request {
            name: name.to_owned(),
            event: event.to_owned(),
            asked: None,
            status: None,
            secret: BTreeMap::new(),
        };
        self.requests.entry(reference).or_insert(request)
    }

    pub fn act(&mut self, to: &mut Socket, rng: &mut Rng, truth: &mut Truth) {
        if !self.upgraded || to.to_server.len() > 4_000 {
            return;
        }
        let is_asked = |name: &str| self.requests.values().any(|request| request.name == name);
        let absent = DOORS.iter().chain([&PRESENCE]).find(|name| !self.stays.contains_key(**name));
        if let Some(name) = absent
            && rng.percent(70)
        {
            if !is_asked(name) {
                self.put(name, "phx_join", &json!({}), to, rng).secret = truth.secret.clone();
            }
            return;
        }
        match rng.below(100) {
            0..12 => self.call(to, rng, truth),
            12..60 => self.in_call(to, rng, truth),
            60..70 if self.is_present() && truth.hidden.is_empty() => {
                let status = *rng.pick(&STATUSES);
                truth.says_status(&self.user);
                self.put(PRESENCE, "status:update", &json!({ "status": status }), to, rng).status =
                    Some(status);
            }
            70..74 if self.is_present() && !is_asked(PRESENCE) => {
                self.put(PRESENCE, "phx_leave", &json!({}), to, rng);
            }
            74.. => self.in_huddle(to, rng, truth),
            _ => {}
        }
    }

    pub fn say_status(&mut self, status: &str, to: &mut Socket, rng: &mut Rng) {
        self.was_refused = false;
        self.put(PRESENCE, "status:update", &json!({ "status": status }), to, rng);
    }

    fn call(&mut self, to: &mut Socket, rng: &mut Rng, truth: &mut Truth) {
        if !self.stays.contains_key(DOORS[0]) {
            return;
        }
        let others: BTreeSet<String> = (0..rng.within(1, 3)).map(|_| some_user(rng)).collect();
        if others.len() == 1 && others.contains(&self.user) {
            return;
        }
        let number = truth.asked.len();
        let names: Vec<&String> = others.iter().collect();
        let payload = json!({ "participants": names, "conversationId": format!("n{number}") });
        let mut people = others.clone();
        people.insert(self.user.clone());
        truth.asked.push(Asked { people, step: truth.step });
        self.put(DOORS[0], "call:initiate", &payload, to, rng).asked = Some(number);
    }

    fn in_call(&mut self, to: &mut Socket, rng: &mut Rng, truth: &mut Truth) {
        let known: Vec<String> = self.calls.iter().cloned().collect();
        if known.is_empty() || !self.stays.contains_key(DOORS[0]) {
            return;
        }
        let call = rng.pick(&known).clone();
        let circle = format!("webrtc:{call}");
        let (inside, named) = (self.stays.contains_key(&circle), json!({ "callId": call }));
        truth.came.insert((call.clone(), self.user.clone()));
        let name = if inside { circle.as_str() } else { DOORS[0] };
        match rng.below(20) {
            0..4 => drop(self.put(name, "call:answer", &named, to, rng)),
            4 => drop(self.put(name, "call:reject", &named, to, rng)),
            5 if rng.percent(40) => drop(self.put(name, "call:end", &named, to, rng)),
            6..9 if !inside => drop(self.put(&circle, "phx_join", &json!({}), to, rng)),
            9 if inside => drop(self.put(&circle, "phx_leave", &json!({}), to, rng)),
            10 => {
                let payload = json!({ "callId": call, "enabled": rng.percent(50) });
                self.put(name, "call:toggle-video", &payload, to, rng);
            }
            11.. => {
                let payload = signal(json!({ "callId": call }), rng, truth);
                self.put(name, "webrtc:offer", &payload, to, rng);
            }
            _ => {}
        }
    }

    fn in_huddle(&mut self, to: &mut Socket, rng: &mut Rng, truth: &mut Truth) {
        if !self.stays.contains_key(DOORS[1]) {
            return;
        }
        let known: Vec<String> = self.huddles.iter().cloned().collect();
        if known.is_empty() || rng.percent(10) {
            self.put(DOORS[1], "huddle:create", &json!({}), to, rng);
            return;
        }
        let huddle = rng.pick(&known).clone();
        let circle = format!("huddle:{huddle}");
        if !self.stays.contains_key(&circle) {
            self.put(&circle, "phx_join", &json!({}), to, rng);
            return;
        }
        match rng.below(10) {
            0 => drop(self.put(&circle, "huddle:leave", &json!({}), to, rng)),
            1..4 => {
                let user = some_user(rng);
                truth.huddles.entry(huddle).or_default().insert(user.clone());
                self.put(&circle, "huddle:invite", &json!({ "userIds": [user] }), to, rng);
            }
            4 => drop(self.put(&circle, "huddle:toggle-screen", &json!({ "enabled": true }), to, rng)),
            _ => {
                let payload = signal(json!({}), rng, truth);
                self.put(&circle, "webrtc:offer", &payload, to, rng);
            }
        }
    }

    pub fn read(&mut self, bytes: &[u8], truth: &mut Truth) {
        self.inbox.extend_from_slice(bytes);
        if !self.upgraded {
            let Some(response) = wire::take_response(&mut self.inbox) else { return };
            assert_eq!(response.status, 101, "{}", response.head);
            self.upgraded = true;
        }
        while let Some(frame) = wire::take_frame(&mut self.inbox) {
            let Frame::Text(text) = frame else { panic!("{frame:?}") };
            let value: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("JSON: {text}"));
            let (name, event) = (value[2].as_str().expect("a name"), value[3].as_str().expect("an event"));
            match event {
                "phx_reply" => self.answered(value[1].as_u64().expect("ours"), &value[4], truth),
                "phx_close" | "phx_error" => {
                    truth.put_out += u64::from(event == "phx_error");
                    self.left(name);
                }
                _ => self.told(name, event, &value[4], &text, truth),
            }
        }
    }

    fn left(&mut self, name: &str) {
        self.stays.remove(name);
        if name == PRESENCE {
            self.seen.clear();
        }
    }

    fn answered(&mut self, reference: u64, payload: &Value, truth: &mut Truth) {
        let request = self.requests.remove(&reference).expect("a request is answered once");
        let response = &payload["response"];
        if let Some(status) = request.status {
            truth.said_status(&self.user, if payload["status"] == "ok" { status } else { "" });
        }
        if payload["status"] == "error" {
            let refused = response["reason"] == "overloaded";
            truth.refused += u64::from(refused);
            self.was_refused |= refused;
            return;
        }
        match request.event.as_str() {
            "phx_join" => {
                self.secret = request.secret;
                self.stays.insert(request.name, truth.step);
            }
            "call:initiate" => {
                let call = response["call_id"].as_str().expect("an id").to_owned();
                truth.calls.insert(call.clone(), request.asked.expect("it was asked for"));
                if !self.over.contains_key(&call) {
                    self.calls.insert(call);
                }
            }
            "huddle:create" => {
                let huddle = response["huddle_id"].as_str().expect("an id").to_owned();
                truth.huddles.entry(huddle.clone()).or_default().insert(self.user.clone());
                self.huddles.insert(huddle);
            }
            _ => {}
        }
    }

    fn told(&mut self, name: &str, event: &str, payload: &Value, text: &str, truth: &mut Truth) {
        assert!(self.stays.contains_key(name), "{} is not in the channel of {text}", self.number);
        match event {
            "presence_state" if name == PRESENCE => {
                self.seen.clear();
                for (user, since) in std::mem::take(&mut self.secret) {
                    let hides = truth.secret.get(&user) == Some(&since) && user != self.user;
                    assert!(!hides || payload.get(&user).is_none(), "{user} was told that it hides: {text}");
                    truth.kept += u64::from(hides);
                }
                self.see(payload, text, truth);
            }
            "presence_diff" if name == PRESENCE => {
                for meta in metas(&payload["leaves"]) {
                    self.seen.remove(&meta.0);
                }
                self.see(&payload["joins"], text, truth);
            }
            "user:status:changed" => {
                let user = payload["user_id"].as_str().expect("a user");
                assert_ne!(payload["status"], "invisible", "{text}");
                assert!(!truth.hidden.contains(user), "{user} hides: {text}");
            }
            "webrtc:offer" => self.signalled(payload, text, truth),
            _ if event.starts_with("call:") => self.call_event(event, payload, text, truth),
            "huddle:invitation" => {
                self.huddles.insert(payload["huddle_id"].as_str().expect("an id").to_owned());
            }
            "huddle:ended" => {
                let huddle = payload["huddle_id"].as_str().expect("an id");
                self.huddles.remove(huddle);
            }
            _ => {}
        }
    }

    fn see(&mut self, people: &Value, text: &str, truth: &Truth) {
        for (reference, user, status) in metas(people) {
            assert_ne!(status, "invisible", "{text}");
            assert!(user == self.user || !truth.hidden.contains(&user), "{user} hides: {text}");
            let again = self.seen.insert(reference, (user, status));
            assert_eq!(again, None, "a card is shown once: {text}");
        }
    }

    fn signalled(&mut self, payload: &Value, text: &str, truth: &mut Truth) {
        let number = payload["offer"]["n"].as_u64().expect("a number") as usize;
        assert_eq!(truth.signals[number], self.user, "a signal for somebody else: {text}");
        match payload["call_id"].as_str() {
            Some(call) => {
                self.goes_on(call, text, truth);
                self.is_of(call, text, truth);
            }
            None => {
                let huddle = payload["huddle_id"].as_str().expect("a huddle");
                assert!(truth.huddles[huddle].contains(&self.user), "a stranger: {text}");
            }
        }
        truth.heard += 1;
    }

    /// Nothing is told of a call that is over. Who missed it while others talked may have come to it since.
    fn goes_on(&mut self, call: &str, text: &str, truth: &Truth) {
        let Some(over) = self.over.remove(call) else { return };
        let came = truth.came.contains(&(call.to_owned(), self.user.clone()));
        assert!(over == "call:missed" && came, "{} of {} after {over}: {text}", self.number, self.user);
    }

    /// Nobody is told of a call but its people. Its number is not known where its caller died before it was answered.
    fn is_of(&self, call: &str, text: &str, truth: &Truth) {
        if let Some(number) = truth.calls.get(call) {
            assert!(truth.asked[*number].people.contains(&self.user), "a stranger: {text}");
        }
    }

    fn call_event(&mut self, event: &str, payload: &Value, text: &str, truth: &mut Truth) {
        let call = payload["call_id"].as_str().expect("a call").to_owned();
        if event == "call:incoming" {
            let label = payload["conversation_id"].as_str().expect("the label");
            let number: usize = label[1..].parse().expect("a number");
            let known = *truth.calls.entry(call.clone()).or_insert(number);
            assert_eq!(known, number, "{text}");
        }
        self.is_of(&call, text, truth);
        self.goes_on(&call, text, truth);
        if !ENDS.contains(&event) {
            self.calls.insert(call);
            return;
        }
        self.calls.remove(&call);
        self.over.insert(call.clone(), event.to_owned());
        match event {
            "call:ended" => truth.ended += 1,
            "call:missed" => truth.missed += 1,
            _ => truth.cancelled += 1,
        }
        // Who did not answer while others talked has missed it, whatever becomes of the call.
        if event != "call:missed" {
            let end = (event.to_owned(), payload["ended_by"].to_string());
            let first = truth.ends.entry(call).or_insert(end.clone());
            assert_eq!(*first, end, "a call has one end: {text}");
        }
    }

    /// Everything that it asked for is answered.
    pub fn is_quiet(&self) {
        assert!(self.upgraded && self.inbox.is_empty());
        let unanswered: Vec<&String> = self.requests.values().map(|request| &request.event).collect();
        assert!(unanswered.is_empty(), "{} waits for {unanswered:?}", self.number);
    }

    /// Of each call of its user that it heard the beginning of, it has heard the end. Says of how many that is certain.
    pub fn has_all_ends(&self, truth: &Truth) -> usize {
        assert!(
            self.calls.is_empty(),
            "{} of {} was not told the end of {:?}",
            self.number,
            self.user,
            self.calls
        );
        let Some(since) = self.stays.get(DOORS[0]) else { return 0 };
        let mut certain = 0;
        for (call, number) in &truth.calls {
            let asked = &truth.asked[*number];
            if asked.people.contains(&self.user) && asked.step > *since {
                assert!(self.over.contains_key(call), "{} was not told the end of {call}", self.number);
                certain += 1;
            }
        }
        certain
    }
}

fn some_user(rng: &mut Rng) -> String {
    format!("u{}", rng.below(USERS))
}

/// A signal to somebody, whoever that is.
fn signal(mut payload: Value, rng: &mut Rng, truth: &mut Truth) -> Value {
    let user = some_user(rng);
    payload["targetUserId"] = json!(user);
    payload["offer"] = json!({ "n": truth.signals.len() });
    truth.signals.push(user);
    payload
}

/// Reference, user and status of each card.
fn metas(people: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let people = people.as_object().expect("people").iter();
    let cards = people.flat_map(|(user, cards)| {
        cards["metas"].as_array().expect("cards").iter().map(move |meta| (user.clone(), meta))
    });
    cards.map(|(user, meta)| (text(&meta["phx_ref"]), user, text(&meta["status"]))).collect()
}
