//! What was said in the crowd, to whom, and what anybody may owe of it.

use std::collections::{BTreeMap, BTreeSet};

/// What a frame has beside its payload, at most.
const FRAME_BYTES_MAX: usize = 400;

/// Bytes of what is told of a member that comes or goes.
const COMING_BYTES_MAX: usize = 300;

/// Comings and goings that are on their way at once, at most.
const COMING_MAX: usize = 12;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum To {
    All,
    Authenticated,
    /// The socket of this name.
    One(String),
}

#[derive(Debug)]
pub struct Said {
    pub channel: &'static str,
    /// The number of the member that said it.
    pub by: usize,
    pub to: To,
    pub bytes: usize,
    /// Whether the node was handed it.
    pub handed_over: bool,
    /// Whether anybody heard it.
    pub heard: bool,
}

/// Who somebody is, as far as what it may hear depends on it.
pub struct Hearer<'a> {
    pub name: Option<&'a str>,
    pub guest: bool,
}

impl Said {
    pub fn is_for(&self, hearer: &Hearer<'_>) -> bool {
        match &self.to {
            To::All => true,
            To::Authenticated => !hearer.guest,
            To::One(name) => Some(name.as_str()) == hearer.name,
        }
    }
}

/// What everybody knows.
pub struct Truth {
    pub said: Vec<Said>,
    /// What was said before this had all arrived.
    settled: usize,
    /// Joins, leaves and ends of connections in each channel: each may be told to everybody there.
    pub comings: BTreeMap<&'static str, usize>,
    /// Names of sockets in each channel, as their members were told.
    pub names: BTreeMap<String, &'static str>,
    /// Bytes that the node keeps of what one member owes of one channel ...
    ring_bytes: usize,
    /// ... and of all that is for it alone.
    outbox_bytes: usize,
    members: usize,
    /// Whether they whisper nearly all that they say.
    pub whispers: bool,
    pub heard: u64,
    pub whispers_heard: u64,
    pub slow: u64,
}

impl Truth {
    pub fn new(ring_bytes: usize, outbox_bytes: usize) -> Self {
        Self {
            said: Vec::new(),
            settled: 0,
            comings: BTreeMap::new(),
            names: BTreeMap::new(),
            ring_bytes,
            outbox_bytes,
            members: 0,
            whispers: false,
            heard: 0,
            whispers_heard: 0,
            slow: 0,
        }
    }

    pub fn next_member(&mut self) -> usize {
        self.members += 1;
        self.members - 1
    }

    /// All that was said has arrived.
    pub fn settle(&mut self) {
        self.settled = self.said.len();
    }

    /// Somebody comes to a channel, or goes.
    pub fn come(&mut self, channel: &'static str) {
        *self.comings.entry(channel).or_default() += 1;
    }

    /// Joins, leaves and ends of connections in a channel up to here.
    pub fn comings_of(&self, channel: &str) -> usize {
        self.comings.get(channel).copied().unwrap_or_default()
    }

    /// Somebody asks to join a channel.
    pub fn since(&self, channel: &str) -> Since {
        let said = self.said.iter().enumerate().skip(self.settled);
        let before =
            said.filter(|(_, said)| said.channel == channel && !said.heard).map(|(number, _)| number);
        let comings = self.comings_of(channel).saturating_sub(COMING_MAX);
        Since { said: self.said.len(), before: before.collect(), comings }
    }

    /// Bytes at most of what was said to a member and it has not heard: of each of these channels,
    /// with those who come and go; and to it alone.
    pub fn owed(
        &self,
        hearer: &Hearer<'_>,
        since: &BTreeMap<&'static str, Since>,
        heard: impl Fn(usize) -> bool,
    ) -> (Vec<usize>, usize) {
        let owed = |channel: &str, since: &Since, whispers: bool| -> usize {
            let said = self.said.iter().enumerate().skip(self.settled);
            let said = said.filter(|(_, said)| said.channel == channel && said.handed_over);
            let said = said.filter(|(number, _)| *number >= since.said || since.before.contains(number));
            let owed = said.filter(|(number, said)| said.is_for(hearer) && !heard(*number));
            let owed = owed.filter(|(_, said)| matches!(said.to, To::One(_)) == whispers);
            owed.map(|(_, said)| said.bytes + FRAME_BYTES_MAX).sum()
        };
        let of_channels = since.iter().map(|(channel, since)| {
            let comings = self.comings_of(channel).saturating_sub(since.comings);
            owed(channel, since, false) + comings * COMING_BYTES_MAX
        });
        let alone = since.iter().map(|(channel, since)| owed(channel, since, true)).sum();
        (of_channels.collect(), alone)
    }

    /// Somebody was sent away as slow, and owed at most so much of each of its channels, and of what is for it alone.
    pub fn sent_away(&mut self, of_channels: &[usize], alone: usize) {
        let all = of_channels.iter().sum::<usize>() + alone;
        assert!(
            of_channels.iter().any(|owed| *owed > self.ring_bytes) || all > self.outbox_bytes,
            "called slow with at most {of_channels:?} bytes of its channels and {alone} of its own, where {} and {} are kept",
            self.ring_bytes,
            self.outbox_bytes
        );
        self.slow += 1;
    }
}

/// From where on a member may hear a channel.
#[derive(Debug)]
pub struct Since {
    /// How much had been said when it asked to join.
    said: usize,
    /// What of that was on its way, as far as is known.
    before: BTreeSet<usize>,
    /// How many had come or gone by then, with those that it heard of since.
    pub comings: usize,
}
