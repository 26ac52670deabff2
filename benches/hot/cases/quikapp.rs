//! What two people say to each other on their sockets, through one whole shard, and beside each the publish of RetroChat that
//! has a frame of as many bytes, and whose answer and message reach the same sockets.

use super::Case;
use super::shards::{KEYS, NOW, connect, drain, open, shard, subscribe};
use super::websocket::masked;
use corecast::base::ids::ConnectionId;
use corecast::shard::{Output, Shard};

/// A chat message and a signal, each answered and told to the other one.
pub const CASES: &[Case] = &[
    Case { name: "chat of 2", elements: 1, make: chatting },
    Case { name: "chat of 2, as a publish", elements: 1, make: || publishing(CHAT.len(), true) },
    Case { name: "signal to 1", elements: 1, make: signalling },
    Case { name: "signal to 1, as a publish", elements: 1, make: || publishing(SIGNAL_BYTES, false) },
];

const CHAT: &str =
    r#"["1","2","chat:room","message:send",{"content":"some sixty bytes of JSON, as a chat has them"}]"#;

/// Bytes of the frame of a signal: the name of its call has a moment in it, of as many digits at any time.
const SIGNAL_BYTES: usize = 149;

/// Two people's sockets.
struct Pair {
    shard: Shard,
    sockets: [ConnectionId; 2],
}

impl Pair {
    fn new() -> Pair {
        let mut shard = shard(0, 1);
        let sockets = KEYS.map(|(key, _)| open(&mut shard, "/socket/websocket?vsn=2.0.0", key));
        Pair { shard, sockets }
    }

    /// One of them says something. Says what both are told.
    fn say(&mut self, who: usize, frame: &str) -> String {
        self.shard.receive(NOW, self.sockets[who], &mut masked(frame.as_bytes()));
        let mut told = Vec::new();
        loop {
            match self.shard.poll() {
                Output::Transmit(id) => {
                    let bytes = self.shard.transmit(id).pieces().concat();
                    self.shard.sent(NOW, id, bytes.len());
                    told.extend(bytes);
                }
                Output::Work => _ = self.shard.work(NOW),
                Output::Pause(_) | Output::Resume(_) => {}
                Output::Idle { .. } => return String::from_utf8_lossy(&told).into_owned(),
                other => panic!("{other:?}"),
            }
        }
    }

    /// The first one says `frame` again and again: it is answered, and the other one is told.
    fn repeat(mut self, frame: &str) -> Box<dyn FnMut()> {
        let told = self.say(0, frame);
        assert_eq!(told.matches(r#""status":"ok""#).count(), 1, "{told}");
        let sent = masked(frame.as_bytes());
        let mut bytes = sent.clone();
        Box::new(move || {
            bytes.copy_from_slice(&sent);
            self.shard.receive(NOW, self.sockets[0], &mut bytes);
            assert_eq!(drain(&mut self.shard), 2, "the one who says it and the other one are told");
        })
    }
}

fn chatting() -> Box<dyn FnMut()> {
    let mut pair = Pair::new();
    for who in 0..2 {
        pair.say(who, r#"["1","1","chat:room","phx_join",{}]"#);
    }
    pair.repeat(CHAT)
}

fn signalling() -> Box<dyn FnMut()> {
    let mut pair = Pair::new();
    for who in 0..2 {
        pair.say(who, r#"["1","1","webrtc:lobby","phx_join",{}]"#);
    }
    let other = KEYS[1].1;
    let start = format!(r#"["1","2","webrtc:lobby","call:initiate",{{"participants":["{other}"]}}]"#);
    let answer = pair.say(0, &start);
    let (_, call) = answer.split_once(r#""call_id":""#).expect("the answer names the call");
    let call = call.split('"').next().expect("a name").to_owned();
    pair.say(1, &format!(r#"["1","3","webrtc:lobby","call:answer",{{"callId":"{call}"}}]"#));
    let signal = format!(
        r#"["1","4","webrtc:lobby","webrtc:offer",{{"callId":"{call}","targetUserId":"{other}","offer":{{"sdp":"some words of a session"}}}}]"#
    );
    assert_eq!(signal.len(), SIGNAL_BYTES);
    pair.repeat(&signal)
}

/// A publish of RetroChat whose frame has so many bytes, to another one and maybe to its own socket too.
fn publishing(frame_bytes: usize, hears_itself: bool) -> Box<dyn FnMut()> {
    let mut shard = shard(0, 1);
    let (publisher, other) = (connect(&mut shard), connect(&mut shard));
    for hearer in [other, publisher].into_iter().take(1 + usize::from(hears_itself)) {
        shard.receive(NOW, hearer, &mut subscribe("room:1"));
        drain(&mut shard);
    }
    let publish =
        |text: &str| format!(r#"{{"type":"publish","channel":"room:1","data":{{"text":"{text}"}}}}"#);
    let text = "x".repeat(frame_bytes - publish("").len());
    let sent = masked(publish(&text).as_bytes());
    let mut bytes = sent.clone();
    Box::new(move || {
        bytes.copy_from_slice(&sent);
        shard.receive(NOW, publisher, &mut bytes);
        assert_eq!(drain(&mut shard), 2, "the publisher and the other one are told");
    })
}
