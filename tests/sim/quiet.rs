//! Quiet: nothing is asked any more, no fault happens, time passes. Then everything must have come to rest, and
//! the node must know the same as its clients.

use crate::call;
use crate::owed::Told;
use crate::trace;
use crate::wire::{self, HttpResponse};
use crate::world::World;
use corecast::model::definition::Durability;
use serde_json::Value;
use std::collections::BTreeSet;

/// Rounds in which everything that can move moves; more means that something moves for ever.
const ROUNDS_MAX: usize = 20_000;

/// Longer than any ping goes unanswered, any last byte is waited for, any gap waits for the next sweep.
const QUIET_US: u64 = 45_000_000;

/// The host of whoever asks what the node knows.
const OBSERVER: u8 = 200;

impl World {
    /// Moves everything that can move without time.
    pub fn settle(&mut self) {
        for _ in 0..ROUNDS_MAX {
            if !self.round() {
                return;
            }
        }
        panic!("the node does not come to rest");
    }

    fn round(&mut self) -> bool {
        let mut moved = false;
        moved |= self.node.disk_all(&mut self.rng);
        let cores = self.node.cores();
        for core in 0..cores {
            // Small chunks, as the runtime has them: input comes in the middle of a fan-out.
            let count = self.rng.within(1, 40);
            moved |= self.node.turn(core, count, &mut self.rng);
        }
        moved |= self.node.settle_log(&mut self.rng);
        for from in 0..cores {
            for to in (0..cores).filter(|to| *to != from) {
                let count = self.rng.within(1, 60);
                moved |= self.node.deliver(from, to, count);
            }
        }
        for socket in 0..self.node.sockets.len() {
            moved |= self.node.feed(socket, usize::MAX);
            moved |= self.node.writable(socket);
        }
        for client in 0..self.clients.len() {
            moved |= self.feed(client, usize::MAX);
            moved |= self.read(client, usize::MAX);
        }
        moved
    }

    /// Lets time pass in small steps, so that whoever is asked answers in time.
    pub fn pass(&mut self, us: u64) {
        let until_us = self.node.now.monotonic_us + us;
        self.settle();
        while self.node.now.monotonic_us < until_us {
            let next_us = self.node.deadline_us().min(until_us).max(self.node.now.monotonic_us + 1_000);
            self.node.advance(next_us - self.node.now.monotonic_us);
            self.settle();
        }
        self.node.invariants();
    }

    pub fn quiet(&mut self) {
        trace::note(|| "quiet".into());
        self.node.calm_down();
        for client in &mut self.clients {
            client.stalled_until_us = 0;
        }
        // Nothing may wait for a timer to be sent, but for what waits for more of its channel.
        self.pass(self.plan.coalesce_us_max());
        self.check_heard();
        self.pass(QUIET_US);
    }

    /// What must be true after quiet.
    pub fn check(&mut self) {
        for client in self.clients.iter().filter(|client| !client.over && !client.silent) {
            assert!(client.closed.is_none(), "a closed socket ends");
            assert!(
                client.asked.is_empty(),
                "socket {}: no answer to {:?}",
                client.socket,
                client.asked.front()
            );
            assert_eq!(client.pings, 0, "every ping has its pong");
        }
        self.check_heard();
        for tag in &self.refused {
            assert!(!self.oracle.knows(tag), "{tag} was refused and said all the same");
        }
        self.oracle.settle();
        for client in &mut self.clients {
            let user = format!("user:{}", self.plan.users[client.user].id);
            self.oracle.said.hand_over(&mut Told::of(&user, 0));
            for (channel, view) in &mut client.views {
                view.heard_bytes = 0;
                self.oracle.said.hand_over(&mut Told::of_going(channel));
            }
        }
        if !self.draining {
            self.check_messages();
            self.check_members();
            self.check_users();
            self.check_counts();
        }
    }

    /// Whoever hears a channel has heard all of it.
    fn check_heard(&self) {
        let live = self.clients.iter().filter(|client| !client.over && !client.silent);
        for client in live.filter(|client| client.closed.is_none() && !client.leaving) {
            for (channel, view) in &client.views {
                let head = self.oracle.head(channel).expect("it is known");
                assert_eq!(view.at, head, "socket {} heard all of {channel}", client.socket);
            }
        }
    }

    /// What was written is listed until others like it push it out, and what was deleted is not.
    fn check_messages(&mut self) {
        let channels = self.plan.channels.clone();
        for channel in channels.iter().filter(|channel| !channel.starts_with("user:")) {
            let response = self.observe(&format!("/v1/messages?channel={channel}&limit=100"));
            let body: Value = serde_json::from_str(&response.body).expect("JSON");
            let deletions = self.oracle.messages.deletions;
            call::check_list(&body["data"], channel, deletions, &mut self.oracle);
            let listed: BTreeSet<&str> = body["data"]
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(|one| one["id"].as_str())
                .collect();
            if body["meta"]["total"].as_u64().is_none_or(|total| total > 100) {
                continue;
            }
            // Only where somebody hears the channel is it known what was said last: a publish whose answer was cut off counts too.
            let live = self.clients.iter().filter(|client| !client.over && !client.silent && !client.leaving);
            if !live.filter(|client| client.closed.is_none()).any(|client| client.views.contains_key(channel))
            {
                continue;
            }
            for id in self.oracle.messages.kept(channel) {
                let must = self.oracle.must_list(&self.plan, channel, id);
                assert!(!must || listed.contains(id), "{id} was written and not pushed out: {listed:?}");
            }
        }
    }

    fn check_members(&mut self) {
        let channels = self.plan.channels.clone();
        for channel in channels.iter().filter(|channel| channel.starts_with("room:")) {
            let users = &self.plan.users;
            let hears =
                self.clients.iter().filter(|client| !client.over && client.views.contains_key(channel));
            let expected: BTreeSet<String> =
                hears.filter(|client| !client.silent).map(|client| users[client.user].id.clone()).collect();
            let response = self.observe(&format!("/v1/rooms/{}/members", &channel["room:".len()..]));
            let body: Value = serde_json::from_str(&response.body).expect("JSON");
            let told = body["data"].as_array().unwrap_or_else(|| panic!("members: {}", response.body));
            let told: Vec<&str> = told.iter().map(|one| one["user_id"].as_str().expect("an id")).collect();
            assert_eq!(told, expected.iter().collect::<Vec<_>>(), "members of {channel} are who hears it");
            assert_eq!(body["meta"]["total"], told.len());
            for client in self.clients.iter().filter(|client| !client.over && !client.silent) {
                let Some(view) = client.views.get(channel) else { continue };
                for (user, joined) in &view.members {
                    assert_eq!(expected.contains(user), *joined, "the last word on {user} in {channel}");
                }
            }
        }
    }

    fn check_users(&mut self) {
        for user in 0..self.plan.users.len() {
            let id = self.plan.users[user].id.clone();
            let connected = |client: &crate::client::Client| {
                client.user == user && client.upgraded && !client.over && !client.silent
            };
            let online = self.clients.iter().any(connected);
            let response = self.observe(&format!("/v1/users/{id}"));
            let body: Value = serde_json::from_str(&response.body).expect("JSON");
            let told = response.status == 200 && body["data"]["online"] == true;
            assert_eq!(told, online, "user {id} is online with a connection: {}", response.body);
            let channel = format!("user:{id}");
            let heard = |client: &crate::client::Client| {
                !client.over && !client.silent && client.views.contains_key(&channel)
            };
            if self.life > 0 && self.plan.durability(&channel) != Durability::Memory {
                // A process that is killed does not say who is offline then.
                continue;
            }
            self.oracle.check_user(&id, self.clients.iter().any(heard).then_some(online));
        }
    }

    fn check_counts(&mut self) {
        let page = self.observe("/metrics").body;
        let silent_or_live = self.clients.iter().filter(|client| !client.over || client.silent);
        let unheard = self.node.sockets.iter().filter(|socket| socket.reset && socket.connection.is_some());
        let linked = self.node.sockets.iter().filter(|socket| socket.connection.is_some()).count();
        assert!(linked <= silent_or_live.count() + unheard.count(), "no connection without a client");
        let metric = |name: &str| -> usize {
            let lines = page.lines().filter(|line| line.starts_with(name));
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum()
        };
        let live = || self.clients.iter().filter(|client| !client.over && !client.silent);
        let sockets = live().filter(|client| client.upgraded).count();
        let subscriptions: usize = live().map(|client| client.views.len()).sum();
        assert_eq!(metric("corecast_websockets_open"), sockets, "open WebSockets");
        assert_eq!(metric("corecast_subscriptions_open"), subscriptions, "subscriptions");
        assert_eq!(metric("corecast_connections_open"), linked + 1, "connections, this one too");
        assert_eq!(metric("corecast_cores"), self.node.cores(), "all cores answer");
    }

    /// Asks the node on a connection of its own; the admin's word counts.
    fn observe(&mut self, target: &str) -> HttpResponse {
        let core = self.rng.below(self.node.cores());
        let socket = self.node.accept(core, OBSERVER).expect("the observer has an address of its own");
        let request = wire::request("GET", target, &self.plan.users[0].key, "", "");
        self.node.sockets[socket].to_server.extend(request.bytes());
        let (mut inbox, mut response) = (Vec::new(), None);
        while response.is_none() {
            self.settle();
            assert!(!self.node.sockets[socket].to_client.is_empty(), "no answer to {target}");
            inbox.extend(self.node.sockets[socket].to_client.drain(..));
            response = wire::take_response(&mut inbox);
        }
        self.node.sockets[socket].client_ended = true;
        self.settle();
        assert!(self.node.sockets[socket].at_end(), "a connection that has ended is closed");
        response.expect("the loop ends with one")
    }

    /// Everyone leaves, and nothing is left of them.
    pub fn leave(&mut self) {
        for client in 0..self.clients.len() {
            self.part(client);
        }
        self.quiet();
        for client in self.clients.iter().filter(|client| !client.over && !client.silent) {
            assert!(client.finished && !client.wants_websocket, "only HTTP outlives its FIN");
        }
        for client in 0..self.clients.len() {
            let client = &mut self.clients[client];
            client.over = true;
            self.devices[client.device].client = None;
            let socket = client.socket;
            self.node.reset(socket, true);
        }
        self.quiet();
        self.check();
    }

    /// The node is told to go: every connection ends in time.
    pub fn drain(&mut self) {
        trace::note(|| "drain".into());
        let over_ms = self.rng.within(0, 4_000) as u64;
        self.draining = true;
        self.node.drain(over_ms);
        self.chaos(300);
        self.quiet();
        assert!(self.node.is_drained(), "all cores say that they are drained");
        for client in &self.clients {
            assert!(client.over || client.silent, "socket {} outlives the drain", client.socket);
        }
        self.check();
    }
}
