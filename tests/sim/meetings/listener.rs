//! Somebody who is connected and hears a meeting, until the meeting is over for somebody.

use super::person::message;
use super::truth::{Kind, NEVER, Record, Sent, Step, Truth};
use crate::rng::Rng;
use crate::socket::Socket;
use crate::wire::{self, Frame};
use serde_json::{Value, json};

pub struct Listener {
    pub socket: usize,
    user: usize,
    meeting: usize,
    upgraded: bool,
    inbox: Vec<u8>,
    asked: Step,
    /// Since when it is told of everything.
    since: Option<Step>,
    /// In the order in which they came.
    heard: Vec<Sent>,
    ended: Vec<String>,
    cleared: usize,
    offset: u64,
    /// It was told that the meeting is over.
    over: bool,
    closed: bool,
    /// It may have been given more time to take its last bytes than there is.
    overslept: bool,
}

impl Listener {
    pub fn new(socket: usize, user: usize, meeting: usize) -> Self {
        Self {
            socket,
            user,
            meeting,
            upgraded: false,
            inbox: Vec::new(),
            asked: 0,
            since: None,
            heard: Vec::new(),
            ended: Vec::new(),
            cleared: 0,
            offset: 0,
            over: false,
            closed: false,
            overslept: false,
        }
    }

    pub fn overslept(&mut self) {
        self.overslept = true;
    }

    /// The node has closed the socket.
    pub fn ended(&mut self, truth: &Truth) {
        let may = self.closed || (self.overslept && self.endings(truth).next().is_some());
        assert!(may, "disconnected without a close frame");
        (self.over, self.closed) = (true, true);
    }

    pub fn upgrade(&self) -> String {
        wire::upgrade(&format!("key-of-user-{}", self.user))
    }

    pub fn read(&mut self, bytes: &[u8], socket: &mut Socket, rng: &mut Rng, truth: &mut Truth) {
        self.inbox.extend_from_slice(bytes);
        if !self.upgraded {
            let Some(response) = wire::take_response(&mut self.inbox) else { return };
            assert_eq!(response.status, 101, "{}", response.body);
            (self.upgraded, self.asked) = (true, truth.step);
            let text = json!({"type": "subscribe", "channel": format!("meeting:m{}", self.meeting)});
            let mut frame = Vec::new();
            wire::put_frame(&mut frame, true, 1, text.to_string().as_bytes(), rng);
            socket.to_server.extend(frame);
        }
        while let Some(frame) = wire::take_frame(&mut self.inbox) {
            assert!(!self.closed, "nothing comes after a close frame");
            match frame {
                Frame::Text(text) => self.hear(&serde_json::from_str(&text).expect("JSON"), truth),
                Frame::Close(code) => {
                    assert!(self.over && code == Some(4404), "closed with {code:?}");
                    self.closed = true;
                }
                Frame::Ping(_) | Frame::Pong => {}
            }
        }
    }

    fn hear(&mut self, told: &Value, truth: &mut Truth) {
        let kind = told["type"].as_str().expect("a type");
        if kind == "error" {
            return self.refused(told, truth);
        }
        assert!(!self.over, "nothing is heard of a meeting that is over: {told}");
        if kind == "subscribed" {
            let may = truth.may_answer(self.meeting, self.user, 200, self.asked, truth.step);
            assert!(may, "user {} hears meeting {}", self.user, self.meeting);
            self.since = Some(truth.step);
            self.offset = told["offset"].as_u64().expect("an offset");
            return;
        }
        assert!(self.since.is_some(), "it is told before it is answered: {told}");
        self.offset += 1;
        assert_eq!(told["offset"], self.offset, "nothing is left out, nothing comes twice: {told}");
        match kind {
            "meeting:message" => {
                let (batch, version, index) = message(&told["data"]);
                let known = &truth.batches[batch][version];
                let put = truth.moments[known.moment];
                let may = truth.may_answer(self.meeting, self.user, 200, put.asked, truth.step);
                assert!(may && put.may() && known.meeting == self.meeting, "not for {}: {told}", self.user);
                assert!(!self.heard.contains(&(batch, version, index)), "heard twice: {told}");
                self.heard.push((batch, version, index));
                truth.count("heard");
            }
            "meeting:ended" => {
                let ended = told["data"]["ended"].as_str().expect("a time").to_owned();
                assert!(!self.ended.contains(&ended), "it ended twice: {told}");
                self.ended.push(ended);
                truth.count("ends heard");
            }
            "meeting:cleared" => self.cleared += 1,
            _ => panic!("{told}"),
        }
    }

    fn refused(&mut self, told: &Value, truth: &mut Truth) {
        assert!(!self.over, "it is told once: {told}");
        let from = self.asked;
        if self.since.is_none() {
            let status = match told["code"].as_str() {
                Some("FORBIDDEN") => 403,
                // The channel may have ended while this subscription was on its way.
                Some("NOT_FOUND") => 404,
                _ => panic!("{told}"),
            };
            let may = truth.may_answer(self.meeting, self.user, status, from, truth.step);
            assert!(may || self.endings(truth).next().is_some(), "user {} is refused: {told}", self.user);
            // Nobody disconnects it; it has no further wish.
            self.over = true;
            return;
        }
        assert!(self.endings(truth).next().is_some(), "sent away for no reason: {told}");
        truth.count("sent away");
        self.over = true;
    }

    /// When the meeting may have been over for somebody, since this one asked to hear it.
    fn endings<'a>(&self, truth: &'a Truth) -> impl Iterator<Item = Step> + 'a {
        let (asked, changes) = (self.asked, &truth.changes[self.meeting]);
        let ending = move |(at, change): (usize, &'a super::truth::Change)| {
            let moment = truth.moment(change);
            let ends = match &change.kind {
                Kind::Clear => false,
                Kind::Delete => true,
                Kind::Put(record) => {
                    changes[..at].iter().any(|earlier| drops_somebody(&earlier.kind, record))
                }
            };
            (ends && moment.may_within(asked, NEVER)).then_some(moment.asked)
        };
        changes.iter().enumerate().filter_map(ending)
    }

    /// Whether it has nothing more to come: it was refused, or sent away.
    pub fn is_done(&self) -> bool {
        self.over
    }

    /// Nothing is under way any more. All that happened while it listened must have come.
    pub fn check(&self, truth: &Truth) {
        for (batch, version, _) in &self.heard {
            let put = truth.moments[truth.batches[*batch][*version].moment];
            assert!(put.may(), "batch {batch} was heard, and refused");
        }
        let Some(since) = self.since else {
            return assert!(self.over || !self.upgraded, "a subscription is not answered");
        };
        assert!(!self.over || self.closed, "who is sent away is disconnected");
        let during = |moment: usize| {
            let moment = truth.moments[moment];
            moment.is_done() && moment.asked > since
        };
        for (number, versions) in truth.batches.iter().enumerate() {
            for (version, batch) in versions.iter().enumerate().filter(|(_, one)| one.meeting == self.meeting)
            {
                let came = self.heard.iter().filter(|one| (one.0, one.1) == (number, version));
                let came: Vec<_> = came.map(|one| one.2).collect();
                let whole = came.iter().copied().eq(0..batch.count);
                // What was not written yet when the channel ended does not come.
                let cut = self.over && came.iter().copied().eq(0..came.len());
                let none = came.is_empty() && !during(batch.moment);
                assert!(whole || cut || none, "of batch {number}, version {version}, came {came:?}");
            }
        }
        if self.over {
            return;
        }
        let changes = &truth.changes[self.meeting];
        let clears = changes.iter().filter(|one| matches!(one.kind, Kind::Clear) && during(one.moment));
        assert!(self.cleared >= clears.count(), "each time that messages were deleted is told");
        for pair in changes.windows(2) {
            let [was, is] = pair else { continue };
            if let (Kind::Put(before), Kind::Put(record)) = (&was.kind, &is.kind)
                && truth.moment(was).is_done()
                && before.ended.is_empty()
                && !record.ended.is_empty()
                && during(is.moment)
            {
                assert!(self.ended.contains(&record.ended), "the end {} is told", record.ended);
            }
        }
        let now = truth.states(self.meeting, truth.step, truth.step);
        let admits = |record: &&Record| self.user == 0 || record.members.contains(&self.user);
        assert!(now.iter().flatten().any(admits), "user {} still hears {}", self.user, self.meeting);
    }
}

fn drops_somebody(earlier: &Kind, record: &Record) -> bool {
    matches!(earlier, Kind::Put(earlier) if !earlier.members.is_subset(&record.members))
}
