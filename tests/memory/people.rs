//! What people leave behind when they are gone and every deadline has passed: nothing.

use super::{ALONE, LIVE_BYTES, key, shard_of};
use corecast::base::ids::ConnectionId;
use corecast::base::time::Now;
use corecast::shard::{Output, Shard};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

const DAYS: usize = 8;

/// Users of each day; nobody comes on two days.
const USERS: usize = 20;

/// Hours of a day, after which the next one begins: whoever was there is remembered for 24.
const HOURS: u64 = 26;

/// Bytes by which a day may leave more than the day before, for each user that came and went; a name alone takes more.
const LEFT_BYTES_MAX: isize = 8;

/// Days after the first that may leave more, because a table or a buffer became larger. What stays would do so each day.
const LARGER_MAX: usize = 2;

struct Day {
    shard: Shard,
    now: Now,
    requests: u32,
}

impl Day {
    /// Does what the shard wants. Says what was written to anybody.
    fn settle(&mut self) -> String {
        let mut told = Vec::new();
        loop {
            match self.shard.poll() {
                Output::Transmit(id) => {
                    let bytes = self.shard.transmit(id).pieces().concat();
                    self.shard.sent(self.now, id, bytes.len());
                    told.extend(bytes);
                }
                Output::Work => _ = self.shard.work(self.now),
                Output::Idle { .. } => return String::from_utf8_lossy(&told).into_owned(),
                Output::Pause(_) | Output::Resume(_) | Output::Close(_) => {}
                other => panic!("nothing is asked outside: {other:?}"),
            }
        }
    }

    fn open(&mut self, user: &str) -> ConnectionId {
        let id = self.shard.accept(self.now, IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("within limits");
        let upgrade = format!(
            "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Authorization: Bearer key-{user}\r\n\r\n"
        );
        self.shard.receive(self.now, id, &mut upgrade.into_bytes());
        let told = self.settle();
        assert!(told.contains(" 101 "), "{told}");
        id
    }

    /// Says something on a socket, which is well.
    fn say(&mut self, id: ConnectionId, name: &str, event: &str, payload: &str) -> String {
        self.requests += 1;
        let text = format!(r#"["1","{}","{name}","{event}",{payload}]"#, self.requests);
        // A mask of zeroes leaves the payload as it is.
        let length = text.len() as u8;
        let mut frame =
            if length < 126 { vec![0x81, 0x80 | length] } else { vec![0x81, 0x80 | 126, 0, length] };
        frame.extend([0; 4]);
        frame.extend_from_slice(text.as_bytes());
        self.shard.receive(self.now, id, &mut frame);
        let told = self.settle();
        assert!(event.starts_with("typing") || told.contains(r#""status":"ok""#), "{text}: {told}");
        told
    }

    /// People come on two sockets each, talk in every way, and are gone without a word.
    fn live(&mut self, day: usize) {
        let users: Vec<String> = (0..USERS).map(|user| format!("u{day}-{user:02}")).collect();
        let mut sockets = Vec::new();
        for user in users.iter().chain(&users) {
            let id = self.open(user);
            for name in ["chat:lobby", "webrtc:lobby", "huddle:lobby"] {
                self.say(id, name, "phx_join", "{}");
            }
            for kind in ["chat", "presence"] {
                self.say(id, &format!("{kind}:c{day}"), "phx_join", "{}");
            }
            sockets.push(id);
        }
        for (at, user) in users.iter().enumerate() {
            let (id, next) = (sockets[at], (at + 1) % USERS);
            let (chat, presence) = (format!("chat:c{day}"), format!("presence:c{day}"));
            self.say(id, &chat, "message:send", r#"{"content":"hello"}"#);
            self.say(id, &chat, "typing:start", "{}");
            let status = ["away", "invisible", "online"][at % 3];
            self.say(id, &presence, "status:update", &format!(r#"{{"status":"{status}"}}"#));
            self.say(id, &presence, "status:custom", r#"{"text":"at lunch"}"#);
            let call = format!(r#"{{"participants":["{}","absent-{user}"]}}"#, users[next]);
            let told = self.say(id, "webrtc:lobby", "call:initiate", &call);
            let call = between(&told, r#""call_id":""#);
            if at % 2 == 0 {
                self.say(sockets[next], "webrtc:lobby", "call:answer", &format!(r#"{{"callId":"{call}"}}"#));
                self.say(sockets[next], &format!("webrtc:{call}"), "phx_join", "{}");
            }
            let told = self.say(id, "huddle:lobby", "huddle:create", r#"{"name":"h"}"#);
            let huddle = format!("huddle:{}", between(&told, r#""huddle_id":""#));
            if at % 2 == 0 {
                self.say(id, &huddle, "phx_join", "{}");
                let invited = format!(r#"{{"userIds":["{}","absent-{user}"]}}"#, users[next]);
                self.say(id, &huddle, "huddle:invite", &invited);
                self.say(id, &huddle, "huddle:toggle-screen", r#"{"enabled":true}"#);
            }
        }
        for id in sockets {
            self.shard.disconnected(self.now, id);
            self.settle();
        }
    }

    /// Time passes until all of it is forgotten.
    fn pass(&mut self) {
        for _ in 0..HOURS * 6 {
            self.now.monotonic_us += 600_000_000;
            self.now.unix_ms += 600_000;
            for _ in 0..4 {
                self.shard.timeout(self.now);
                self.settle();
            }
        }
        self.shard.invariants();
    }
}

fn between<'t>(text: &'t str, before: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split('"').next().expect("a text")
}

#[test]
fn of_people_who_are_gone_nothing_stays() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let users = (0..DAYS).flat_map(|day| (0..USERS).map(move |user| format!("u{day}-{user:02}")));
    let keys = users.map(|user| key(&format!("key-{user}"), &user)).collect();
    let now = Now { monotonic_us: 0, unix_ms: 1_700_000_000_000 };
    let mut day = Day { shard: shard_of(keys), now, requests: 100_000 };
    let mut bytes = Vec::new();
    for number in 0..DAYS {
        day.live(number);
        day.pass();
        bytes.push(LIVE_BYTES.load(Ordering::Relaxed));
    }
    println!("live bytes after each day: {bytes:?}");
    let grown = |days: &&[isize]| days[1] - days[0] > USERS as isize * LEFT_BYTES_MAX;
    let larger = bytes.windows(2).filter(grown).count();
    assert!(larger <= LARGER_MAX, "something stays of people each day: {bytes:?}");
}
