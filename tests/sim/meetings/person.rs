//! Somebody who asks over HTTP, one request at a time: makes and changes meetings, adds messages, reads all there are
//! page by page, logs in and out. Each answer must be one that there may be.

use super::truth::{Batch, Change, Fate, Kind, NEVER, Record, Sent, Step, Truth};
use super::{MEETINGS, MEMBERS, USERS, address};
use crate::rng::Rng;
use crate::socket::Socket;
use crate::wire;
use base64::Engine;
use serde_json::{Value, json};

/// How long the node waits for its disk. What is refused sooner did not happen.
const LATE_US: u64 = 5_000_000;

/// How long a core that has stored a logout waits until all others know of it.
const TOLD_US: u64 = 1_000_000;

pub struct Person {
    pub socket: usize,
    pub user: usize,
    /// Which meeting it keeps: it alone changes its record and deletes its messages.
    keeps: Option<usize>,
    /// What became of its last change is not known, so it makes no other one until it is quiet.
    pub unsure: bool,
    session: Option<String>,
    /// Its logout failed, and the disk may have it all the same.
    doubtful: bool,
    /// A session that it ended.
    ended: Option<String>,
    pub asked: Option<Asked>,
    inbox: Vec<u8>,
}

pub struct Asked {
    what: What,
    since: Step,
    since_us: u64,
    /// What stands for the change, if it is one.
    moment: Option<usize>,
}

/// What was read since a step, up to a place.
struct Reading {
    began: Step,
    after: u64,
    found: Vec<Sent>,
}

enum What {
    Change {
        meeting: usize,
    },
    Add {
        meeting: usize,
    },
    /// All messages, page by page, from this step on.
    Read {
        meeting: usize,
        reading: Reading,
    },
    List,
    LogIn,
    LogOut,
    Ping,
    PingEnded,
}

impl Person {
    pub fn new(user: usize, keeps: Option<usize>) -> Self {
        let (session, ended, asked) = (None, None, None);
        Self {
            socket: 0,
            user,
            keeps,
            unsure: false,
            session,
            doubtful: false,
            ended,
            asked,
            inbox: Vec::new(),
        }
    }

    /// Asks for something, if it waits for nothing.
    pub fn act(&mut self, socket: &mut Socket, now_us: u64, rng: &mut Rng, truth: &mut Truth) {
        if self.asked.is_some() {
            return;
        }
        let keeps = self.keeps.filter(|_| !self.unsure);
        match rng.below(100) {
            0..45 if let Some(meeting) = keeps => self.change(meeting, socket, now_us, rng, truth),
            0..45 => self.add(rng.below(MEETINGS), socket, now_us, rng, truth),
            45..75 => self.read_on(rng.below(MEETINGS), None, socket, now_us, rng, truth),
            75..85 => self.ask(What::List, None, "GET", "rtc/rooms", None, socket, now_us, rng, truth),
            _ => self.log(socket, now_us, rng, truth),
        }
    }

    fn change(&mut self, meeting: usize, socket: &mut Socket, now_us: u64, rng: &mut Rng, truth: &mut Truth) {
        let moment = truth.ask();
        let target = |of: &str| format!("rtc/{of}/m{meeting}");
        let (kind, method, target, body) = match rng.below(10) {
            0..2 => (Kind::Delete, "DELETE", target("rooms"), None),
            2..4 => (Kind::Clear, "DELETE", target("messages"), None),
            _ => {
                let members = (1..=MEMBERS).filter(|_| rng.percent(70)).collect();
                let ended = if rng.percent(30) { format!("e{moment}") } else { String::new() };
                let record = Record { members, started: format!("s{moment}"), ended };
                let members: Vec<_> = record.members.iter().map(|user| address(*user)).collect();
                let mut body = json!({"id": format!("m{meeting}"), "started": record.started,
                    "ended": record.ended, "members": members.join(" , ")});
                if rng.percent(40) {
                    body["messages"] = messages(new_batch(meeting, moment, rng, truth), 0, truth);
                }
                (Kind::Put(record), "PUT", "rtc/rooms".to_owned(), Some(body))
            }
        };
        truth.changes[meeting].push(Change { moment, kind });
        let what = What::Change { meeting };
        self.ask(what, Some(moment), method, &target, body, socket, now_us, rng, truth);
    }

    fn add(&mut self, meeting: usize, socket: &mut Socket, now_us: u64, rng: &mut Rng, truth: &mut Truth) {
        let moment = truth.ask();
        let last = truth.batches.iter().rposition(|batch| batch[0].meeting == meeting);
        // Only what was answered is repeated, so that of two versions the later one counts.
        let again = last.filter(|last| {
            let moments = truth.batches[*last].iter().map(|version| &truth.moments[version.moment]);
            rng.percent(30) && moments.map(|moment| moment.answered).all(|answered| answered != NEVER)
        });
        let batch = match again {
            Some(batch) => {
                let count = truth.batches[batch][0].count;
                truth.batches[batch].push(Batch { moment, meeting, count });
                batch
            }
            None => new_batch(meeting, moment, rng, truth),
        };
        let version = truth.batches[batch].len() - 1;
        let body = json!({"data": messages(batch, version, truth)});
        let (what, target) = (What::Add { meeting }, format!("rtc/messages/m{meeting}"));
        self.ask(what, Some(moment), "PUT", &target, Some(body), socket, now_us, rng, truth);
    }

    fn read_on(
        &mut self,
        meeting: usize,
        so_far: Option<Reading>,
        socket: &mut Socket,
        now_us: u64,
        rng: &mut Rng,
        truth: &mut Truth,
    ) {
        let begins = || Reading { began: truth.step, after: 0, found: Vec::new() };
        let reading = so_far.unwrap_or_else(begins);
        let of = if rng.percent(50) { "rooms" } else { "messages" };
        let target =
            format!("rtc/{of}/m{meeting}?after={}&limit={}", reading.after, rng.pick(&[1, 2, 5, 1000]));
        let what = What::Read { meeting, reading };
        self.ask(what, None, "GET", &target, None, socket, now_us, rng, truth);
    }

    fn log(&mut self, socket: &mut Socket, now_us: u64, rng: &mut Rng, truth: &mut Truth) {
        let (what, method, target, body) = match (&self.session, &self.ended) {
            (_, Some(_)) if rng.percent(50) => (What::PingEnded, "GET", "ping", None),
            (Some(_), _) if rng.percent(50) => (What::Ping, "GET", "ping", None),
            (Some(_), _) => (What::LogOut, "POST", "authenticate/logout", None),
            (None, _) => {
                let body = json!({"user": address(self.user).to_uppercase(), "password": "correct horse"});
                (What::LogIn, "POST", "authenticate/basic", Some(body))
            }
        };
        self.ask(what, None, method, target, body, socket, now_us, rng, truth);
    }

    #[allow(clippy::too_many_arguments, reason = "one place where a request is written")]
    fn ask(
        &mut self,
        what: What,
        moment: Option<usize>,
        method: &str,
        target: &str,
        body: Option<Value>,
        socket: &mut Socket,
        now_us: u64,
        rng: &mut Rng,
        truth: &Truth,
    ) {
        let key = format!("key-of-user-{}", self.user);
        let credential = match (&what, &self.session, &self.ended) {
            (What::PingEnded, _, Some(ended)) => ended,
            (_, Some(session), _) => session,
            _ => &key,
        };
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let (body, kind) = match rng.below(3) {
            0 if !body.is_empty() => {
                let packed = base64::engine::general_purpose::URL_SAFE.encode(body);
                (format!("request={packed}"), "Content-Type: application/x-www-form-urlencoded\r\n")
            }
            1 if !body.is_empty() => (body, "Content-Type: application/json\r\n"),
            _ => (body, ""),
        };
        let target = format!("/WorldClientAPI/{target}");
        socket.to_server.extend(wire::request(method, &target, credential, kind, &body).bytes());
        self.asked = Some(Asked { what, since: truth.step, since_us: now_us, moment });
    }

    /// Takes in what came, and asks for the next page where there is one.
    pub fn read(&mut self, bytes: &[u8], socket: &mut Socket, now_us: u64, rng: &mut Rng, truth: &mut Truth) {
        self.inbox.extend_from_slice(bytes);
        let Some(response) = wire::take_response(&mut self.inbox) else { return };
        let asked = self.asked.take().expect("an answer to a request");
        let body: Value = serde_json::from_str(&response.body).expect("JSON");
        let (from, to, status) = (asked.since, truth.step, response.status);
        let late_us = if matches!(asked.what, What::LogOut) { TOLD_US } else { LATE_US };
        let fate = match status {
            200 => Fate::Done,
            503 if now_us - asked.since_us >= late_us => Fate::Unknown,
            503 => Fate::Failed,
            _ => Fate::Refused,
        };
        truth.count(match fate {
            Fate::Done => "done",
            Fate::Unknown => "late",
            Fate::Failed => "failed",
            Fate::Refused => "refused",
        });
        if let Some(moment) = asked.moment {
            truth.answer(moment, fate);
        }
        let may = |meeting| status == 503 || truth.may_answer(meeting, self.user, status, from, to);
        match asked.what {
            What::Change { meeting } => {
                self.unsure = fate == Fate::Unknown;
                let makes = matches!(truth.changes[meeting].last(), Some(change) if matches!(change.kind, Kind::Put(_)));
                assert!((makes && status == 200) || may(meeting), "{status} to a change: {body}");
            }
            What::Add { meeting } => assert!(may(meeting), "{status} to user {}: {body}", self.user),
            What::Read { meeting, mut reading } => {
                assert!(may(meeting), "{status} to user {}: {body}", self.user);
                if status != 200 {
                    return;
                }
                reading.found.extend(body["messages"].as_array().expect("messages").iter().map(message));
                check_record(&body, meeting, self.user, from, truth);
                match body["next"].as_u64() {
                    Some(next) => {
                        assert!(next > reading.after, "pages go on");
                        truth.count("further pages");
                        reading.after = next;
                        self.read_on(meeting, Some(reading), socket, now_us, rng, truth);
                    }
                    None => truth.check_messages(meeting, &reading.found, reading.began, to),
                }
            }
            What::List => {
                assert!(status == 200 || status == 503, "{status} to a list: {body}");
                if status == 200 {
                    check_list(&body, self.user, from, truth);
                }
            }
            _ => self.logged(&asked.what, status, fate, &body),
        }
    }

    fn logged(&mut self, what: &What, status: u16, fate: Fate, body: &Value) {
        match (what, status) {
            (What::LogIn | What::Ping | What::PingEnded, 503) => {}
            (What::LogOut, 503) if fate == Fate::Failed => self.doubtful = true,
            (What::LogIn, 200) => {
                self.session = Some(body["session"].as_str().expect("a session").to_owned())
            }
            (What::LogOut, 200) => self.ended = self.session.take(),
            // It may hold, or not: nobody asks.
            (What::LogOut, 503) => self.session = None,
            (What::Ping, 200) | (What::PingEnded, 401) => {}
            _ => panic!("{status} to {}: {body}", self.user),
        }
    }

    /// The node was killed: an answer may have been on its way.
    pub fn crashed(&mut self) {
        let asked = self.asked.take();
        let ends = asked.is_some_and(|asked| matches!(asked.what, What::LogOut));
        if ends || std::mem::take(&mut self.doubtful) {
            self.session = None;
        }
        self.unsure = false;
        self.inbox.clear();
    }
}

fn new_batch(meeting: usize, moment: usize, rng: &mut Rng, truth: &mut Truth) -> usize {
    let count = *rng.pick(&[1, 1, 3, 8]);
    truth.batches.push(vec![Batch { moment, meeting, count }]);
    truth.batches.len() - 1
}

fn messages(batch: usize, version: usize, truth: &Truth) -> Value {
    let count = truth.batches[batch][version].count;
    let one = |index| json!({"id": format!("b{batch}-{index}"), "salt": format!("{version}"), "data": data(batch, version)});
    (0..count).map(one).collect()
}

fn data(batch: usize, version: usize) -> String {
    format!("{batch} of {version}\n\u{0}\"{}", "é".repeat(batch % 40))
}

/// Batch, version and index of a message, whose content must be what was sent.
pub fn message(message: &Value) -> Sent {
    let text = |name: &str| message[name].as_str().expect("a text");
    let (batch, index) = text("id").strip_prefix('b').and_then(|id| id.split_once('-')).expect("an id");
    let numbers = (batch.parse(), text("salt").parse(), index.parse());
    let (Ok(batch), Ok(version), Ok(index)) = numbers else { panic!("{message}") };
    assert_eq!(text("data"), data(batch, version), "as it was sent");
    (batch, version, index)
}

/// A record that was shown to a user must be one that the meeting had, with that user in it.
fn check_record(body: &Value, meeting: usize, user: usize, from: Step, truth: &Truth) {
    let Some(started) = body["started"].as_str() else { return };
    let members =
        |record: &Record| record.members.iter().map(|user| address(*user)).collect::<Vec<_>>().join(",");
    let states = truth.states(meeting, from, truth.step);
    let fits = |record: &&Record| {
        record.started == started
            && body["ended"] == record.ended
            && body["members"] == members(record)
            && (user == 0 || record.members.contains(&user))
    };
    assert!(states.iter().flatten().any(fits), "user {user} is shown {body}, of {states:?}");
}

fn check_list(body: &Value, user: usize, from: Step, truth: &Truth) {
    let rooms = body["rooms"].as_array().expect("rooms");
    for meeting in 0..MEETINGS {
        let found: Vec<_> = rooms.iter().filter(|room| room["id"] == format!("m{meeting}")).collect();
        assert!(found.len() <= 1, "a meeting is listed once: {body}");
        match found.first() {
            Some(room) => check_record(room, meeting, user, from, truth),
            None => {
                let hidden = [403, 404]
                    .iter()
                    .any(|status| truth.may_answer(meeting, user, *status, from, truth.step));
                assert!(hidden, "meeting {meeting} is not listed for {user}: {body}");
            }
        }
    }
    assert!(rooms.len() <= MEETINGS && user < USERS, "nobody made others");
}
