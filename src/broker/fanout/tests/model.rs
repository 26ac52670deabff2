//! Any steps of a few connections and channels against a naive model: each subscriber's bytes, whole frames, in order.

use super::*;
use proptest::prelude::*;

const CONNECTIONS: u32 = 5;
const CHANNELS: usize = 11;
const PIECES_MAX: usize = 8;
const RING_BYTES_MAX: usize = 2_048;

/// What one client of the test has.
#[derive(Default)]
struct Client {
    heard: Vec<usize>,
    /// What is to be written to it before anything of a channel.
    outbox: Vec<u8>,
    blocked: bool,
    got: Vec<u8>,
    wanted: Vec<Vec<u16>>,
    /// In these channels it was lapped.
    lost: Vec<bool>,
}

#[derive(Clone, Debug)]
enum Step {
    Subscribe(u32, usize),
    Unsubscribe(u32, usize),
    Publish { channel: usize, length: usize, audience: Audience },
    Whisper { to: u32, channel: usize },
    Send { bytes: usize },
    Writable(u32),
    HoldAndRelease(u32, usize),
    Sweep,
}

fn audience() -> impl Strategy<Value = Audience> {
    prop_oneof![
        3 => Just(Audience::All),
        2 => (0..CONNECTIONS).prop_map(|index| Audience::Except(connection(index))),
        2 => Just(Audience::Authenticated),
    ]
}

fn may_see(audience: Audience, index: u32) -> bool {
    match audience {
        Audience::All => true,
        Audience::Except(other) => other.index != index,
        Audience::Authenticated => index.is_multiple_of(2),
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..CONNECTIONS, 0..CHANNELS).prop_map(|(index, channel)| Step::Subscribe(index, channel)),
        1 => (0..CONNECTIONS, 0..CHANNELS).prop_map(|(index, channel)| Step::Unsubscribe(index, channel)),
        6 => (0..CHANNELS, 2usize..300, audience())
            .prop_map(|(channel, length, audience)| Step::Publish { channel, length, audience }),
        1 => (0..CONNECTIONS, 0..CHANNELS).prop_map(|(to, channel)| Step::Whisper { to, channel }),
        8 => (0usize..2_000).prop_map(|bytes| Step::Send { bytes }),
        3 => (0..CONNECTIONS).prop_map(Step::Writable),
        1 => (0..CONNECTIONS, 0..CHANNELS).prop_map(|(index, channel)| Step::HoldAndRelease(index, channel)),
        1 => Just(Step::Sweep),
    ]
}

struct Model {
    fanout: Fanout,
    clients: Vec<Client>,
    serial: u16,
}

impl Model {
    fn new() -> Self {
        let client = || Client {
            wanted: vec![Vec::new(); CHANNELS],
            lost: vec![false; CHANNELS],
            ..Client::default()
        };
        Self {
            fanout: Fanout::new(1, bounds(RING_BYTES_MAX)),
            clients: (0..CONNECTIONS).map(|_| client()).collect(),
            serial: 0,
        }
    }

    /// A message whose serial says its channel too.
    fn next_frame(&mut self, channel: usize, length: usize) -> Vec<u8> {
        self.serial += 1;
        frame(self.serial * CHANNELS as u16 + channel as u16, length)
    }

    fn want(&mut self, index: u32, channel: usize) {
        self.clients[index as usize].wanted[channel].push(self.serial * CHANNELS as u16 + channel as u16);
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Subscribe(index, number) if !self.clients[index as usize].heard.contains(&number) => {
                subscribe(&mut self.fanout, index, number);
                self.clients[index as usize].heard.push(number);
            }
            Step::Subscribe(index, number) => {
                self.fanout.move_back(connection(index), &channel(number));
                let heard = &mut self.clients[index as usize].heard;
                heard.retain(|other| *other != number);
                heard.push(number);
            }
            Step::Unsubscribe(index, number) => {
                let client = &mut self.clients[index as usize];
                self.fanout.take_pending(connection(index), &channel(number), &mut client.outbox);
                let gone = self.fanout.unsubscribe(connection(index), &channel(number));
                assert_eq!(gone.is_some(), client.heard.contains(&number));
                client.heard.retain(|other| *other != number);
            }
            Step::Publish { channel, length, audience } => self.publish(channel, length, audience),
            Step::Whisper { to, channel: number } => {
                let frame = self.next_frame(number, 10);
                let client = &mut self.clients[to as usize];
                self.fanout.take_pending(connection(to), &channel(number), &mut client.outbox);
                client.outbox.extend(frame);
                self.want(to, number);
            }
            Step::Send { bytes } => {
                let clients = &self.clients;
                if let Some(id) = self.fanout.next_transmit(|id| !clients[id.index as usize].blocked) {
                    assert!(self.write(id.index, bytes) > 0, "a turn has something to send");
                }
            }
            Step::Writable(index) => {
                self.clients[index as usize].blocked = false;
                self.write(index, usize::MAX);
            }
            Step::HoldAndRelease(index, number) => {
                self.fanout.hold(connection(index), &channel(number));
                self.fanout.invariants();
                self.fanout.release(connection(index), &channel(number));
            }
            Step::Sweep => self.fanout.sweep(7),
        }
    }

    fn publish(&mut self, number: usize, length: usize, audience: Audience) {
        let frame = self.next_frame(number, length);
        let owed: Vec<usize> = (0..CONNECTIONS).map(|index| self.owed(index, number)).collect();
        let (mut lapped, mut aside) = (Vec::new(), Vec::new());
        self.fanout.publish(&channel(number), None, audience, &mut lapped, &mut aside, |_, out| {
            out.extend_from_slice(&frame);
        });
        if let Audience::Except(one) = audience {
            self.clients[one.index as usize].outbox.extend(aside);
        } else {
            assert!(aside.is_empty());
        }
        for lapped in lapped {
            let owed = owed[lapped.connection.index as usize] + frame.len();
            assert!(owed > RING_BYTES_MAX, "{lapped:?} owes {owed} bytes, and the ring keeps more");
            self.clients[lapped.connection.index as usize].lost[number] = true;
        }
        for index in 0..CONNECTIONS {
            if self.clients[index as usize].heard.contains(&number) && may_see(audience, index) {
                self.want(index, number);
            }
        }
    }

    /// Bytes that a client has yet to get of a channel.
    fn owed(&self, index: u32, number: usize) -> usize {
        let id = self.fanout.find(connection(index), &channel(number));
        id.map_or(0, |id| {
            let one = self.fanout.subscriptions.get(id);
            self.fanout.streams[one.stream].owed_bytes(one.place)
        })
    }

    /// Writes up to so many bytes, as the shard does it; says how many there were to write.
    fn write(&mut self, index: u32, bytes: usize) -> usize {
        let client = &mut self.clients[index as usize];
        let mut offered = client.outbox.clone();
        let mut pieces = usize::from(!offered.is_empty());
        self.fanout.runs(connection(index), |piece| {
            if !piece.is_empty() && pieces < PIECES_MAX {
                offered.extend_from_slice(piece);
            }
            pieces += usize::from(!piece.is_empty());
            true
        });
        let taken = bytes.min(offered.len());
        let own = taken.min(client.outbox.len());
        client.outbox.drain(..own);
        client.got.extend(&offered[..taken]);
        self.fanout.sent(connection(index), taken - own, &mut client.outbox);
        client.blocked = taken < offered.len();
        offered.len()
    }

    fn check(&mut self) {
        for _ in 0..10_000 {
            let Some(id) = self.fanout.next_transmit(|_| true) else { break };
            self.write(id.index, usize::MAX);
        }
        for index in 0..CONNECTIONS {
            while self.write(index, usize::MAX) > 0 {}
            let client = &self.clients[index as usize];
            let heard: Vec<_> =
                self.fanout.channels_of(connection(index)).map(|(name, _)| name.clone()).collect();
            assert_eq!(heard, client.heard.iter().map(|number| channel(*number)).collect::<Vec<_>>());
            let got = serials(&client.got);
            for number in 0..CHANNELS {
                let of_it = |serial: &&u16| usize::from(**serial) % CHANNELS == number;
                let got: Vec<u16> = got.iter().filter(of_it).copied().collect();
                if client.lost[number] {
                    assert!(got.windows(2).all(|pair| pair[0] < pair[1]), "client {index}: {got:?}");
                } else {
                    assert_eq!(got, client.wanted[number], "client {index}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn every_subscriber_gets_whole_frames_in_order(steps in proptest::collection::vec(step(), 1..200)) {
        let mut model = Model::new();
        for step in steps {
            model.step(step);
            model.fanout.invariants();
        }
        // After everything is sent, nothing is missing, doubled or out of order.
        model.check();
        model.fanout.invariants();
    }
}
