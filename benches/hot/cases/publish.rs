//! A publish from the publisher's bytes to the bytes of every subscriber, through one whole shard.

use super::Case;
use super::shards::{NOW, connect, drain, publish, shard, subscribe};

/// One publish, and a burst of them, to several numbers of subscribers.
pub const CASES: &[Case] = &[
    Case { name: "1 to 0", elements: 1, make: || publishing(1, 0) },
    Case { name: "1 to 1", elements: 1, make: || publishing(1, 1) },
    Case { name: "1 to 100", elements: 100, make: || publishing(1, 100) },
    Case { name: "1 to 1000", elements: 1000, make: || publishing(1, 1000) },
    Case { name: "16 to 1000", elements: 16_000, make: || publishing(16, 1000) },
    Case { name: "to itself, hearing 1 channel", elements: 1, make: || hearing(1) },
    Case { name: "to itself, hearing 1000 channels", elements: 1, make: || hearing(1000) },
];

fn publishing(burst: usize, subscribers: usize) -> Box<dyn FnMut()> {
    let mut shard = shard(0, 1);
    let publisher = connect(&mut shard);
    for _ in 0..subscribers {
        let subscriber = connect(&mut shard);
        shard.receive(NOW, subscriber, &mut subscribe("room:1"));
        drain(&mut shard);
    }
    let sent = publish("room:1").repeat(burst);
    let mut bytes = sent.clone();
    Box::new(move || {
        bytes.copy_from_slice(&sent);
        shard.receive(NOW, publisher, &mut bytes);
        // The publisher's answers, and one write for each subscriber.
        assert_eq!(drain(&mut shard), subscribers + 1);
    })
}

/// A publish of a connection that hears it, among other channels.
fn hearing(channels: usize) -> Box<dyn FnMut()> {
    let mut shard = shard(0, 1);
    let publisher = connect(&mut shard);
    for number in 0..channels {
        shard.receive(NOW, publisher, &mut subscribe(&format!("room:{number:04}")));
        drain(&mut shard);
    }
    let sent = publish(&format!("room:{:04}", channels / 2));
    let mut bytes = sent.clone();
    Box::new(move || {
        bytes.copy_from_slice(&sent);
        shard.receive(NOW, publisher, &mut bytes);
        assert_eq!(drain(&mut shard), 1, "the answer and the message");
    })
}
