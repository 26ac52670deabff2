//! What was said in the crowd, to whom, and what anybody may owe of it.

use std::collections::BTreeMap;

/// What a frame has beside its payload, at most.
const FRAME_BYTES_MAX: usize = 400;

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
    /// Joins, leaves and ends of connections since then: each may be told to everybody.
    pub comings: usize,
    /// Names of sockets in each channel, as their members were told.
    pub names: BTreeMap<String, &'static str>,
    /// Bytes that the node keeps of what one member owes of one channel, and of what is for it alone; the smaller.
    kept_bytes: usize,
    members: usize,
    pub heard: u64,
    pub whispers_heard: u64,
    pub slow: u64,
}

impl Truth {
    pub fn new(kept_bytes: usize) -> Self {
        Self {
            said: Vec::new(),
            settled: 0,
            comings: 0,
            names: BTreeMap::new(),
            kept_bytes,
            members: 0,
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
        self.comings = 0;
    }

    /// Somebody was sent away as slow. It may have owed so much: all that is for it and that it has not heard, and
    /// `other_bytes` beside that.
    pub fn sent_away(&mut self, hearer: &Hearer<'_>, other_bytes: usize, heard: impl Fn(usize) -> bool) {
        let said = self.said.iter().enumerate().skip(self.settled);
        let owed = said.filter(|(number, said)| said.is_for(hearer) && !heard(*number));
        let owed_bytes: usize = owed.map(|(_, said)| said.bytes + FRAME_BYTES_MAX).sum();
        let bytes = owed_bytes + other_bytes + self.comings * FRAME_BYTES_MAX;
        assert!(
            bytes > self.kept_bytes,
            "called slow with at most {bytes} bytes owed, of which {} are kept",
            self.kept_bytes
        );
        self.slow += 1;
    }
}
