//! Whoever defines a channel: one request at a time over one HTTP connection.

use super::{TOPS, Truth};
use crate::rng::Rng;
use crate::socket::Socket;
use crate::wire;
use serde_json::Value;

const PATH: &str = "/workspace/1/realtime/channel";

pub struct Keeper {
    pub socket: usize,
    /// Which definition is its own.
    index: usize,
    inbox: Vec<u8>,
    /// What it asked for, and at which step.
    pub asked: Option<(Asked, u64)>,
    /// The id of its definition, while there is one.
    id: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    Create,
    Update,
    Delete,
    /// A name that both keepers want.
    Race,
}

impl Keeper {
    pub fn new(socket: usize, index: usize) -> Self {
        Self { socket, index, inbox: Vec::new(), asked: None, id: None }
    }

    fn script(&self, rng: &mut Rng) -> String {
        let name = TOPS[self.index];
        let anonymous = rng.percent(70);
        let (presence, history) = (rng.percent(70), rng.below(4));
        format!(
            "realtime_channel {name} {{\n  public_messaging = {{active: true}}\n  private_messaging = {{active: true}}\n  \
             settings = {{anonymous_clients: {anonymous}, nested_channels: {}, auth_channel: false, \
             presence: {presence}, message_history: {history}}}\n}}\n",
            rng.percent(80)
        )
    }

    pub fn act(&mut self, socket: &mut Socket, rng: &mut Rng, truth: &mut Truth) {
        if self.asked.is_some() {
            return;
        }
        let (asked, method, target, body) = match self.id {
            None => {
                // From here on it may exist.
                truth.gone[self.index] = None;
                (Asked::Create, "POST", PATH.to_owned(), self.script(rng))
            }
            Some(_) if rng.percent(15) => {
                let script = "realtime_channel race {}".to_owned();
                (Asked::Race, "POST", PATH.to_owned(), script)
            }
            Some(id) if rng.percent(40) => (Asked::Update, "PUT", format!("{PATH}/{id}"), self.script(rng)),
            Some(id) => (Asked::Delete, "DELETE", format!("{PATH}/{id}"), String::new()),
        };
        self.ask(asked, method, &target, &body, socket, truth);
    }

    fn ask(
        &mut self,
        asked: Asked,
        method: &str,
        target: &str,
        body: &str,
        socket: &mut Socket,
        truth: &Truth,
    ) {
        let fields = "Content-Type: text/x-xanoscript\r\n";
        socket.to_server.extend(wire::request(method, target, "key-of-user-0", fields, body).bytes());
        self.asked = Some((asked, truth.step));
    }

    /// Reads; if a deletion was answered, says at which step it was asked.
    pub fn read(&mut self, bytes: &[u8], truth: &mut Truth) -> Option<u64> {
        self.inbox.extend_from_slice(bytes);
        let response = wire::take_response(&mut self.inbox)?;
        let (asked, step) = self.asked.take().expect("an answer to a request");
        let body: Value = serde_json::from_str(&response.body).expect("JSON");
        match asked {
            Asked::Race if response.status == 200 => truth.won += 1,
            // It is never given back, so one creator wins in a run.
            Asked::Race => assert_eq!(response.status, 400, "{}", response.body),
            Asked::Create => {
                assert_eq!(response.status, 200, "{}", response.body);
                self.id = Some(body["id"].as_u64().expect("an id"));
            }
            Asked::Update => assert_eq!(response.status, 200, "{}", response.body),
            Asked::Delete => {
                assert_eq!(response.status, 200, "{}", response.body);
                self.id = None;
                truth.deletions += 1;
                truth.gone[self.index] = Some(truth.step);
                return Some(step);
            }
        }
        None
    }
}
