//! What must be true of all clients together. Clients report what they are told; a contradiction panics.

use crate::messages::Messages;
use crate::owed::{Said, counted};
use crate::plan::Plan;
use corecast::model::definition::Durability;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// A position as a client knows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct At {
    pub epoch: u64,
    pub offset: u64,
}

impl At {
    pub fn of(value: &Value) -> Self {
        let number = |key: &str| value[key].as_u64().unwrap_or_else(|| panic!("no {key} in {value}"));
        Self { epoch: number("epoch"), offset: number("offset") }
    }

    pub fn next(self) -> Self {
        Self { offset: self.offset + 1, ..self }
    }

    /// The position in a message's id: `msg_room.r1.<epoch>.<offset>`, in base 36.
    pub fn of_message(id: &str) -> Self {
        let mut parts = id.rsplit('.');
        let mut number = || u64::from_str_radix(parts.next().expect("a part"), 36).expect("base 36");
        let offset = number();
        Self { epoch: number(), offset }
    }
}

#[derive(Default)]
pub struct Oracle {
    /// The text of every event, by channel and position.
    events: BTreeMap<String, BTreeMap<At, String>>,
    /// Where each thing that was said has its one place.
    places: BTreeMap<String, (String, At)>,
    /// The newest known position of each channel in this life of the node.
    heads: BTreeMap<String, At>,
    /// Lives of channels that are over.
    over: BTreeSet<(String, u64)>,
    /// Channels whose history the deletion of a room may have emptied.
    pub emptied: BTreeSet<String>,
    /// What is known of messages, by their ids.
    pub messages: Messages,
    /// What was said, as far as it can still be owed.
    pub said: Said,
    /// Where each channel was at the last quiet.
    settled: BTreeMap<String, At>,
    pub acknowledged: u64,
    pub gaps: u64,
    pub recoveries: u64,
    pub slow: u64,
}

impl Oracle {
    /// The node starts anew and knows what it must.
    pub fn restart(&mut self, plan: &Plan, clean: bool, aged: bool) {
        let survives = |channel: &str| match plan.durability(channel) {
            Durability::Memory => false,
            Durability::Relaxed => clean,
            Durability::Commit => true,
        };
        let over =
            self.events.iter().flat_map(|(channel, events)| events.keys().map(move |at| (channel, at)));
        let over = over.chain(&self.heads).filter(|(channel, _)| !survives(channel));
        self.over.extend(over.map(|(channel, at)| (channel.clone(), at.epoch)));
        if aged {
            // Also where nobody was told of anything that is on the disk all the same.
            self.emptied.extend(plan.channels.iter().cloned());
        }
        self.emptied.retain(|channel| survives(channel));
        self.messages.restart(survives);
        // Before its first publication nothing is kept of a channel.
        self.heads.retain(|channel, at| survives(channel) && at.offset > 0);
    }

    /// Everything has come to rest.
    pub fn settle(&mut self) {
        self.said.settle();
        self.settled = self.heads.clone();
    }

    /// Where a channel was at the last quiet.
    pub fn settled(&self, channel: &str) -> At {
        self.settled.get(channel).copied().unwrap_or(At { epoch: 0, offset: 0 })
    }

    /// Bytes that were counted for what is known to have been said on a channel after one position and up to another.
    pub fn known_bytes(&self, plan: &Plan, channel: &str, after: At, to: At) -> usize {
        // A channel whose log ended in a crash goes on from its offset in another epoch; others begin anew there.
        let goes_on = after.epoch == to.epoch || plan.durability(channel) == Durability::Relaxed;
        let after = At { epoch: to.epoch, offset: if goes_on { after.offset } else { 0 } };
        let Some(events) = self.events.get(channel).filter(|_| after < to) else { return 0 };
        let known = events.range((Bound::Excluded(after), Bound::Included(to)));
        known.map(|(_, text)| counted(&serde_json::from_str(text).expect("JSON"))).sum()
    }

    pub fn head(&self, channel: &str) -> Option<At> {
        self.heads.get(channel).copied()
    }

    pub fn raise(&mut self, channel: &str, at: At) {
        let over = self.over.contains(&(channel.to_owned(), at.epoch));
        assert!(!over, "{channel} is at {at:?}, of a life that is over");
        let head = self.heads.entry(channel.to_owned()).or_insert(at);
        *head = at.max(*head);
    }

    /// A subscriber was told an event.
    pub fn event(&mut self, channel: &str, at: At, text: &str, value: &Value) {
        self.raise(channel, at);
        let known = self.events.entry(channel.to_owned()).or_default();
        match known.get(&at) {
            // What is told of a message follows what became of it.
            Some(known) if value["data"]["id"].is_string() && is_of_message(known) => {}
            Some(known) => assert_eq!(known, text, "all subscribers see the same at {channel} {at:?}"),
            None => {
                known.insert(at, text.to_owned());
            }
        }
        match (tag_of(value), value["data"]["id"].as_str()) {
            (Some(tag), Some(id)) => self.place_message(channel, id, tag),
            (Some(tag), None) => self.place(channel, at, tag),
            (None, _) => {}
        }
    }

    /// A text of a message was seen: the message's id is its one place, in whatever life.
    pub fn place_message(&mut self, channel: &str, id: &str, tag: &str) {
        let place = (channel.to_owned(), At::of_message(id));
        let known = self.places.entry(tag.to_owned()).or_insert_with(|| place.clone());
        assert_eq!(*known, place, "{tag} was said in one message");
    }

    /// A writer was told the id of its message, and the text that it has.
    pub fn written(&mut self, channel: &str, id: &str, tag: &str) {
        self.raise(channel, At::of_message(id));
        self.place_message(channel, id, tag);
        self.messages.written(channel, id);
        self.acknowledged += 1;
    }

    /// Whether a channel must have a message among its newest, as far as is known of what was said since.
    pub fn must_list(&self, plan: &Plan, channel: &str, id: &str) -> bool {
        let history = plan.definition(channel).history;
        let Some(head) = self.head(channel) else { return false };
        let events = self.events.get(channel);
        let tells = |offset: u64| {
            let text = events.and_then(|events| events.get(&At { offset, ..head }));
            text.is_some_and(|text| only_tells(text, offset))
        };
        let said = (At::of_message(id).offset..=head.offset).filter(|offset| !tells(*offset)).count();
        // A channel that keeps nothing ends with its last subscriber, and offsets begin anew: nothing is counted behind the message then.
        history.count_max > 0
            && said as u64 <= u64::from(history.count_max)
            && history.bytes_max >= 1 << 20
            && history.age_ms_max >= 86_400_000
            && plan.limits.history_bytes_max >= 1 << 20
            && !self.emptied.contains(channel)
    }

    /// A publisher was told the place of what it said.
    pub fn acknowledge(&mut self, channel: &str, at: At, tag: &str) {
        self.raise(channel, at);
        self.place(channel, at, tag);
        self.acknowledged += 1;
        if let Some(text) = self.events.get(channel).and_then(|events| events.get(&at)) {
            assert!(text.contains(tag), "{tag} was acknowledged at {at:?} of {channel}, where {text} is");
        }
    }

    fn place(&mut self, channel: &str, at: At, tag: &str) {
        let place = (channel.to_owned(), at);
        let known = self.places.entry(tag.to_owned()).or_insert_with(|| place.clone());
        // A life that ended in a crash goes on in another epoch, where its publications keep their offsets.
        let goes_on = known.0 == place.0 && known.1.offset == place.1.offset;
        if goes_on && self.over.contains(&(known.0.clone(), known.1.epoch)) {
            known.1.epoch = at.epoch;
        }
        assert_eq!(*known, place, "what was said once ({tag}) has one place");
    }

    /// Whether what was said was seen or acknowledged somewhere.
    pub fn knows(&self, tag: &str) -> bool {
        self.places.contains_key(tag)
    }

    /// The events of a channel's present epoch if all of them were seen.
    pub fn whole(&self, channel: &str) -> Option<Vec<&str>> {
        let head = self.head(channel)?;
        let events = self.events.get(channel)?;
        (1..=head.offset).map(|offset| events.get(&At { offset, ..head }).map(String::as_str)).collect()
    }

    /// Connections of a user come and go in turn, as far as all was seen.
    /// `online` is what the last word must be, if somebody heard it.
    pub fn check_user(&self, user: &str, online: Option<bool>) {
        let Some(events) = self.whole(&format!("user:{user}")) else { return };
        let mut last = None;
        for event in events {
            let now = match serde_json::from_str::<Value>(event).expect("JSON")["type"].as_str() {
                Some("user:online") => true,
                Some("user:offline") => false,
                _ => continue,
            };
            assert_ne!(last, Some(now), "user {user} is told twice to be online ({now})");
            last = Some(now);
        }
        if let (Some(last), Some(online)) = (last, online) {
            assert_eq!(last, online, "the last word on user {user}");
        }
    }

    /// Whether everything after `from` must still be in history when the channel is at `at`.
    pub fn must_recover(&self, plan: &Plan, channel: &str, from: At, at: At) -> bool {
        let history = plan.definition(channel).history;
        let events = self.events.get(channel);
        // An edit cannot be told once its message is pushed out.
        let may_edit = |offset: &u64| {
            let text = events.and_then(|events| events.get(&At { offset: *offset, ..at }));
            text.is_none_or(|text| text.starts_with("{\"type\":\"message:updated"))
        };
        let whole = at.offset <= u64::from(history.count_max);
        from == at
            || from.epoch == at.epoch
                && from.offset <= at.offset
                && at.offset - from.offset <= u64::from(history.count_max)
                && (whole || !(from.offset + 1..=at.offset).any(|offset| may_edit(&offset)))
                && history.bytes_max >= 1 << 20
                && history.age_ms_max >= 86_400_000
                && plan.limits.history_bytes_max >= 1 << 20
                && !self.emptied.contains(channel)
    }
}

/// The word that a client gave what it said, so that it can be told apart: up to the first colon.
pub fn tag_of(value: &Value) -> Option<&str> {
    let text = match value["type"].as_str()? {
        "publication" => value["data"].as_str()?,
        "message:new" | "message:updated" => value["data"]["content"].as_str()?,
        _ => return None,
    };
    text.split(':').next()
}

/// Whether an event at this offset does not say something itself. In the place of a message that was deleted there is its
/// deletion, but it was said.
fn only_tells(text: &str, offset: u64) -> bool {
    let value: Value = serde_json::from_str(text).expect("JSON");
    match value["type"].as_str().expect("a type") {
        "message:updated" | "message:deleted" => {
            At::of_message(value["data"]["id"].as_str().expect("an id")).offset != offset
        }
        kind => kind.starts_with("room:"),
    }
}

fn is_of_message(text: &str) -> bool {
    text.starts_with("{\"type\":\"message:")
}
