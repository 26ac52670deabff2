//! From one core to another: the lane alone, and a publish whose channel is at home on the other core.

use super::Case;
use super::shards::{NOW, connect, drain, publish, shard, subscribe};
use corecast::base::ids::{ConnectionId, CoreId};
use corecast::runtime::core::doorbell::Doorbell;
use corecast::runtime::core::mesh::mesh;
use corecast::shard::Shard;
use std::sync::Arc;

/// Messages handed over in one turn.
const MESSAGES: u64 = 16;

/// Messages through a lane; a publish that goes to the other core and comes back as an answer and as a push.
pub const CASES: &[Case] = &[
    Case { name: "tell and hear 16 messages", elements: MESSAGES, make: lane },
    Case { name: "publish at another core", elements: 1, make: hop },
];

fn lane() -> Box<dyn FnMut()> {
    let doorbells: Arc<[Doorbell]> = (0..2).map(|_| Doorbell::new().expect("a descriptor is free")).collect();
    let mut ports = mesh::<[u64; 8]>(&doorbells);
    Box::new(move || {
        let (mut left, mut heard) = (MESSAGES, 0);
        ports[0].tell(|_| {
            left = left.checked_sub(1)?;
            Some([left; 8])
        });
        ports[1].hear(|| true, |_, message| heard += message[0]);
        assert_eq!(heard, (0..MESSAGES).sum::<u64>());
    })
}

/// A publisher and a subscriber on core 0, and what the two cores have to say to each other.
struct Pair {
    shards: [Shard; 2],
    publisher: ConnectionId,
    subscriber: ConnectionId,
}

impl Pair {
    fn new() -> Pair {
        let mut shards = [shard(0, 2), shard(1, 2)];
        let (publisher, subscriber) = (connect(&mut shards[0]), connect(&mut shards[0]));
        Pair { shards, publisher, subscriber }
    }

    /// Carries messages until there are none. Says how many there were.
    fn carry(&mut self) -> usize {
        let mut carried = 0;
        loop {
            let before = carried;
            for (from, to) in [(0, 1), (1, 0)] {
                while let Some(message) = self.shards[from].next_for_peer(CoreId(to as u16)) {
                    self.shards[to].peer(NOW, CoreId(from as u16), message);
                    carried += 1;
                }
            }
            if carried == before {
                return carried;
            }
        }
    }
}

fn hop() -> Box<dyn FnMut()> {
    let mut pair = Pair::new();
    // What connecting had to say.
    pair.carry();
    let mut far = |channel: &String| {
        pair.shards[0].receive(NOW, pair.subscriber, &mut subscribe(channel));
        let carried = pair.carry();
        drain(&mut pair.shards[0]);
        carried == 2
    };
    let channel = (0..64).map(|number| format!("room:{number}")).find(|channel| far(channel));
    let sent = publish(&channel.expect("one of so many channels is at home on the other core"));
    let mut bytes = sent.clone();
    Box::new(move || {
        bytes.copy_from_slice(&sent);
        pair.shards[0].receive(NOW, pair.publisher, &mut bytes);
        assert_eq!(pair.carry(), 3, "the request, its answer, and the push");
        assert_eq!(drain(&mut pair.shards[0]), 2, "the publisher and the subscriber are told");
    })
}
