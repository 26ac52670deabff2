//! What clients do of their own accord.

use crate::call::{Call, channel_of};
use crate::client::{Asked, Client, What};
use crate::oracle::{At, Oracle};
use crate::owed::Told;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::wire;
use corecast::model::definition::Presence;
use std::collections::BTreeMap;

/// What an act may know.
pub struct Scene<'a> {
    pub plan: &'a Plan,
    pub oracle: &'a mut Oracle,
    pub rng: &'a mut Rng,
    pub messages: &'a [String],
    pub memory: &'a BTreeMap<String, At>,
    /// Numbers what is said.
    pub said: &'a mut u64,
    /// Which life of the node this is: keys are forgotten with it.
    pub life: usize,
}

impl Scene<'_> {
    fn channel(&mut self) -> String {
        self.rng.pick(&self.plan.channels).clone()
    }

    fn writable_channel(&mut self) -> String {
        loop {
            let channel = self.channel();
            if !channel.starts_with("user:") {
                return channel;
            }
        }
    }

    fn tag(&mut self) -> String {
        *self.said += 1;
        format!("t{}", self.said)
    }

    fn padding(&mut self) -> String {
        let sizes = [0, 20, 20, 20, 200, 900, 3_000];
        let size = *self.rng.pick(&sizes);
        "x".repeat(self.rng.below(size + 1))
    }

    /// A key of a user for a channel, and with it what is said under it.
    fn key(&mut self, user: usize, channel: &str) -> String {
        let place = self.plan.channels.iter().position(|other| other == channel);
        format!("k{user}-{}-{}-{}", place.unwrap_or_default(), self.life, self.rng.below(3))
    }
}

/// A request of a WebSocket, and what others are told of it.
type Line = (String, What, Option<Told>);

/// Appends a request of a WebSocket to what is sent.
pub fn say(client: &mut Client, out: &mut Vec<u8>, scene: &mut Scene<'_>) {
    let id = scene.rng.percent(80).then(|| scene.rng.next() >> 20);
    let with_id = id.map_or(String::new(), |id| format!(r#","id":{id}"#));
    let (text, what, told) = match scene.rng.below(100) {
        0..25 => subscribe(scene, client, &with_id),
        25..37 => {
            let channel = scene.channel();
            let text = format!(r#"{{"type":"unsubscribe","channel":"{channel}"{with_id}}}"#);
            (text, What::Unsubscribe { channel }, None)
        }
        37..82 => publish(scene, client, &with_id),
        82..90 => (format!(r#"{{"type":"list_subscriptions"{with_id}}}"#), What::List, None),
        90..95 => (format!(r#"{{"type":"ping"{with_id}}}"#), What::Ping, None),
        95..97 => (format!(r#"{{"type":"dance"{with_id}}}"#), What::Bad { code: "UNKNOWN_TYPE" }, None),
        97..99 => (
            format!(r#"{{"type":"subscribe","channel":"r0"{with_id}}}"#),
            What::Bad { code: "INVALID_CHANNEL" },
            None,
        ),
        _ => {
            client.pings += 1;
            wire::put_frame(out, true, 9, b"there?", scene.rng);
            (format!(r#"{{"type":"ping"{with_id}}}"#), What::Ping, None)
        }
    };
    crate::trace::note(|| format!("socket {} says {text:.120}", client.socket));
    client.pings += usize::from(wire::put_text(out, &text, scene.rng));
    client.asked.push_back(Asked { id, what, told, ends_at: out.len() });
}

fn subscribe(scene: &mut Scene<'_>, client: &Client, with_id: &str) -> Line {
    let channel = scene.channel();
    let known = scene.oracle.head(&channel);
    let recover = match scene.memory.get(&channel) {
        Some(at) if scene.rng.percent(60) => Some(*at),
        _ if scene.rng.percent(5) => {
            Some(At { epoch: scene.rng.next() >> 12, offset: scene.rng.next() >> 60 })
        }
        _ => None,
    };
    // Where to recover from is certain only while nothing can still be told of the channel.
    let quiet =
        !client.views.contains_key(&channel) && !client.asked.iter().any(|asked| asked.concerns(&channel));
    let recover = recover.filter(|_| quiet);
    let wish = recover.map_or(String::new(), |At { epoch, offset }| {
        format!(r#","recover":{{"epoch":{epoch},"offset":{offset}}}"#)
    });
    let event = if channel.starts_with("user:") { "activity" } else { "message" };
    let event = if scene.rng.percent(50) { format!(r#","event":"{event}""#) } else { String::new() };
    let text = format!(r#"{{"type":"subscribe","channel":"{channel}"{event}{wish}{with_id}}}"#);
    let deletions = scene.oracle.messages.deletions;
    let told = come(scene, client, &channel);
    (text, What::Subscribe { channel, recover, known, deletions }, told)
}

fn publish(scene: &mut Scene<'_>, client: &Client, with_id: &str) -> Line {
    let channel = if scene.rng.percent(95) { scene.writable_channel() } else { scene.channel() };
    let keyed = scene.rng.percent(15);
    let (tag, key) = if keyed {
        let key = scene.key(client.user, &channel);
        (key.clone(), format!(r#","idempotency_key":"{key}""#))
    } else {
        (scene.tag(), String::new())
    };
    let padding = if keyed { String::new() } else { scene.padding() };
    let text =
        format!(r#"{{"type":"publish","channel":"{channel}","data":"{tag}:{padding}"{key}{with_id}}}"#);
    let told = Some(Told::of(&channel, tag.len() + 1 + padding.len()));
    (text, What::Publish { channel, tag, keyed }, told)
}

/// A client asks to hear a channel. Where it does not hear it for certain, that may be told.
fn come(scene: &mut Scene<'_>, client: &Client, channel: &str) -> Option<Told> {
    let hears =
        client.views.contains_key(channel) && !client.asked.iter().any(|asked| asked.concerns(channel));
    let is_told = scene.plan.definition(channel).presence == Presence::Users && !hears;
    is_told.then(|| Told::of_coming(channel))
}

/// After an upgrade: subscribes to what was heard before, from where it was heard.
pub fn resume(client: &mut Client, out: &mut Vec<u8>, scene: &mut Scene<'_>) {
    let memory: Vec<_> = scene.memory.iter().map(|(channel, at)| (channel.clone(), *at)).collect();
    for (channel, at) in memory {
        if scene.rng.percent(70) {
            let known = scene.oracle.head(&channel);
            let At { epoch, offset } = at;
            let text = format!(
                r#"{{"type":"subscribe","channel":"{channel}","recover":{{"epoch":{epoch},"offset":{offset}}}}}"#
            );
            crate::trace::note(|| format!("socket {} says {text}", client.socket));
            wire::put_frame(out, true, 1, text.as_bytes(), scene.rng);
            let deletions = scene.oracle.messages.deletions;
            let told = come(scene, client, &channel);
            let what = What::Subscribe { channel, recover: Some(at), known, deletions };
            client.asked.push_back(Asked { id: None, what, told, ends_at: out.len() });
        }
    }
}

/// Appends an HTTP request to what is sent.
pub fn call(client: &mut Client, out: &mut Vec<u8>, scene: &mut Scene<'_>) {
    let key = scene.plan.users[client.user].key.clone();
    let (method, target, fields, body, call, told) = match scene.rng.below(100) {
        0..35 => write(scene, client.user),
        35..50 => change(scene),
        50..58 => {
            let channel = scene.writable_channel();
            let target = match channel.strip_prefix("room:") {
                Some(id) => format!("/v1/messages?room_id={id}"),
                None => format!("/v1/conversations/{}/messages", id_of(&channel)),
            };
            let deletions = scene.oracle.messages.deletions;
            ("GET", target, String::new(), String::new(), Call::Messages { channel, deletions }, None)
        }
        58..75 => room(scene),
        75..80 => ("GET", "/v1/rooms".into(), String::new(), String::new(), Call::Rooms, None),
        80..86 => {
            let channel = format!("room:r{}", scene.rng.below(3));
            let target = format!("/v1/rooms/{}/members", id_of(&channel));
            ("GET", target, String::new(), String::new(), Call::Members { channel }, None)
        }
        86..92 => {
            let user = scene.rng.pick(&scene.plan.users).id.clone();
            ("GET", format!("/v1/users/{user}"), String::new(), String::new(), Call::Profile { user }, None)
        }
        92..95 => {
            let user = scene.plan.users[client.user].id.clone();
            ("GET", "/v1/users/me".into(), String::new(), String::new(), Call::Profile { user }, None)
        }
        95..97 => ("GET", "/metrics".into(), String::new(), String::new(), Call::Metrics, None),
        _ => ("GET", "/v1/nothing".into(), String::new(), String::new(), Call::Bad { status: 404 }, None),
    };
    crate::trace::note(|| format!("socket {} calls {method} {target} {body:.60}", client.socket));
    out.extend(wire::request(method, &target, &key, &fields, &body).bytes());
    client.asked.push_back(Asked { id: None, what: What::Call(call), told, ends_at: out.len() });
}

type Written = (&'static str, String, String, String, Call, Option<Told>);

fn id_of(channel: &str) -> &str {
    channel.split_once(':').map_or("", |(_, id)| id)
}

fn write(scene: &mut Scene<'_>, user: usize) -> Written {
    let channel = scene.writable_channel();
    let keyed = scene.rng.percent(15);
    let (tag, fields) = if keyed {
        // The same key may have been given to something else that was said on the socket.
        let key = scene.key(user, &channel);
        (format!("w{key}"), format!("Idempotency-Key: {key}\r\n"))
    } else {
        (scene.tag(), String::new())
    };
    let padding = if keyed { String::new() } else { scene.padding() };
    let body = format!(r#"{{"channel":"{channel}","content":"{tag}:{padding}"}}"#);
    let told = Some(Told::of(&channel, tag.len() + 1 + padding.len()));
    let deletions = scene.oracle.messages.deletions;
    ("POST", "/v1/messages".into(), fields, body, Call::Write { channel, tag, keyed, deletions }, told)
}

fn change(scene: &mut Scene<'_>) -> Written {
    let none = || "msg_room.r0.1.1".to_owned();
    let id = if scene.messages.is_empty() { none() } else { scene.rng.pick(scene.messages).clone() };
    let target = format!("/v1/messages/{id}");
    let deletes = scene.rng.percent(30);
    let told = Some(Told::of(&channel_of(&id), 24));
    if deletes {
        scene.oracle.messages.doubt(&id);
        return ("DELETE", target, String::new(), String::new(), Call::Delete { id }, told);
    }
    let tag = scene.tag();
    let body = format!(r#"{{"content":"{tag}:"}}"#);
    ("PATCH", target, String::new(), body, Call::Change { id, tag }, told)
}

fn room(scene: &mut Scene<'_>) -> Written {
    let suffix = format!("r{}", scene.rng.below(3));
    let (id, target) = (format!("room_{suffix}"), format!("/v1/rooms/{suffix}"));
    let told = Some(Told::of(&format!("room:{suffix}"), 0));
    match scene.rng.below(10) {
        0..4 => {
            let body = format!(r#"{{"name":"Room","id":"{suffix}"}}"#);
            ("POST", "/v1/rooms".into(), String::new(), body, Call::Room { id, statuses: &[201, 409] }, told)
        }
        4..6 => ("GET", target, String::new(), String::new(), Call::Room { id, statuses: &[200, 404] }, None),
        6..9 => {
            let body = r#"{"name":"Other"}"#.into();
            ("PATCH", target, String::new(), body, Call::Room { id, statuses: &[200, 404, 409] }, told)
        }
        _ => {
            scene.oracle.emptied.insert(format!("room:{suffix}"));
            (
                "DELETE",
                target,
                String::new(),
                String::new(),
                Call::Room { id, statuses: &[200, 404, 409] },
                told,
            )
        }
    }
}
