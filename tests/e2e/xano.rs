//! Workspaces over the real program: definitions that change under living connections, on all cores.

use crate::client::{Client, End};
use crate::http::{Answer, Http};
use crate::server::{Home, Server, text, two_cpus};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use tungstenite::client::IntoClientRequest;

/// Workspace 1 of a server.
pub struct Workspace {
    pub address: SocketAddr,
    pub key: String,
    pub hash: String,
}

pub fn action(frame: &Value) -> &str {
    text(frame, "/action")
}

impl Workspace {
    /// As the banner says.
    #[track_caller]
    pub fn of(server: &Server) -> Self {
        let start = format!("workspace 1   ws://{}/rt/", server.address);
        let line = server.banner.lines().find_map(|line| line.trim().strip_prefix(&start));
        let hash = line.unwrap_or_else(|| panic!("no socket in the banner: {}", server.banner)).to_owned();
        Self { address: server.address, key: server.key.clone(), hash }
    }

    /// A socket with a token in the place of a subprotocol; tungstenite fails where it is not echoed.
    pub fn open(&self, token: Option<&str>) -> Result<Client, String> {
        let path = format!("ws://{}/rt/{}", self.address, self.hash);
        let mut request = path.into_client_request().unwrap();
        if let Some(token) = token {
            request.headers_mut().insert("Sec-WebSocket-Protocol", token.parse().unwrap());
        }
        Client::open_with(self.address, request).map_err(|error| error.to_string())
    }

    fn script(name: &str, rules: &str) -> String {
        let has = |rule: &str| rules.split(' ').any(|given| given == rule);
        let history = rules.split(' ').find_map(|rule| rule.strip_prefix("history=")).unwrap_or("0");
        format!(
            "realtime_channel \"{name}\" {{\n  public_messaging = {{active: {}}}\n  settings = {{\n    \
             anonymous_clients: {}\n    nested_channels: {}\n    message_history: {history}\n    \
             auth_channel: false\n    presence: {}\n  }}\n}}",
            has("public"),
            has("anonymous"),
            has("nested"),
            has("presence"),
        )
    }

    pub fn request(&self, http: &mut Http, line: &str, kind: &str, body: &str) -> Answer {
        let (key, length) = (&self.key, body.len());
        http.write(format!(
            "{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: {kind}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ));
        http.answer()
    }

    /// Makes a channel; says its id. `rules` are words: public, anonymous, nested, presence, history=N.
    #[track_caller]
    pub fn define(&self, name: &str, rules: &str) -> u64 {
        self.put("POST /workspace/1/realtime/channel", name, rules)
    }

    #[track_caller]
    pub fn redefine(&self, id: u64, name: &str, rules: &str) {
        assert_eq!(self.put(&format!("PUT /workspace/1/realtime/channel/{id}"), name, rules), id);
    }

    #[track_caller]
    fn put(&self, line: &str, name: &str, rules: &str) -> u64 {
        let script = Self::script(name, rules);
        let answer = self.request(&mut Http::connect(self.address), line, "text/x-xanoscript", &script);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["id"].as_u64().unwrap()
    }

    #[track_caller]
    pub fn delete(&self, id: u64) {
        let line = format!("DELETE /workspace/1/realtime/channel/{id}");
        let answer = self.request(&mut Http::connect(self.address), &line, "text/plain", "");
        assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    }

    #[track_caller]
    fn event(&self, channel: &str, data: Value) {
        let body = json!({"channel": channel, "data": data}).to_string();
        let line = "POST /api:meta/workspace/1/realtime/event";
        let answer = self.request(&mut Http::connect(self.address), line, "application/json", &body);
        assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    }
}

impl Client {
    fn act(&mut self, action: &str, channel: &str, payload: Value) {
        self.send(json!({"action": action, "options": {"channel": channel}, "payload": payload}));
    }

    /// Joins; says its own socketId.
    #[track_caller]
    pub fn join(&mut self, channel: &str) -> String {
        self.act("join", channel, json!({"history": false, "presence": false}));
        let answer = self.next();
        assert_eq!(action(&answer), "join", "{answer}");
        text(&answer, "/client/socketId").to_owned()
    }

    /// Who is in a channel that this client is in; what comes before the list is dropped.
    #[track_caller]
    pub fn presence(&mut self, channel: &str) -> BTreeSet<String> {
        self.act("join", channel, json!({"presence": true}));
        loop {
            let frame = self.next();
            if action(&frame) == "presence_full" {
                let list = frame["payload"]["presence"].as_array().unwrap();
                let names: BTreeSet<_> = list.iter().map(|one| text(one, "/socketId").to_owned()).collect();
                assert_eq!(names.len(), list.len(), "somebody is there twice: {frame}");
                return names;
            }
        }
    }
}

/// The home is to be kept: it goes with its data directory.
fn started() -> (Home, Server, Workspace) {
    let home = Home::new(&[if two_cpus() { "cores=2" } else { "cores=1" }]);
    let server = home.start();
    let workspace = Workspace::of(&server);
    (home, server, workspace)
}

#[test]
fn a_token_opens_a_socket_and_makes_its_user_known() {
    let (_home, server, workspace) = started();
    workspace.define("lobby", "public");
    let token = server.token("42", "read,write");
    let mut known = workspace.open(Some(&token)).unwrap();
    known.act("join", "lobby", json!({"history": false, "presence": false}));
    assert_eq!(known.next()["client"]["permissions"], json!({"dbo_id": 1, "row_id": 42}));
    known.act("message", "lobby", json!("hi"));
    assert_eq!(known.next()["payload"], "hi");
    let refused = "Anonymous clients cannot join this channel.";
    let told = format!("{refused} Your token was refused: The API key is not known.");
    for (token, message) in [(None, refused), (Some("not-a-token"), &*told)] {
        let mut guest = workspace.open(token).unwrap();
        guest.act("join", "lobby", Value::Null);
        let expected = json!({
            "action": "error", "options": {"channel": "lobby"}, "payload": {"message": message}
        });
        assert_eq!(guest.next(), expected);
    }
    let elsewhere = Workspace { hash: "0".repeat(32), ..workspace };
    assert!(elsewhere.open(None).err().unwrap().contains("404"));
}

#[test]
fn the_hash_of_a_workspace_survives_a_restart_and_can_be_configured() {
    let mut home = Home::new(&[]);
    let mut server = home.start();
    let hash = Workspace::of(&server).hash;
    assert_eq!(hash.len(), 32);
    server.signal(libc::SIGKILL);
    server.process.end();
    assert_eq!(Workspace::of(&home.start()).hash, hash);
    home.set(r#"xano.workspace=[{ id = 1, hash = "our-own-hash" }]"#);
    let server = home.start();
    let workspace = Workspace::of(&server);
    assert_eq!(workspace.hash, "our-own-hash");
    workspace.open(None).unwrap();
}

/// Sockets that are spread over the cores.
const SOCKETS: usize = 24;

#[test]
fn a_change_is_in_force_on_every_core_when_it_is_answered() {
    let (_home, _server, workspace) = started();
    let rules = "public anonymous nested";
    let id = workspace.define("chat", rules);
    let mut clients: Vec<_> = (0..SOCKETS).map(|_| workspace.open(None).unwrap()).collect();
    let channel = |index: usize| format!("chat/room{}", index % 4);
    for (index, client) in clients.iter_mut().enumerate() {
        client.join(&channel(index));
    }
    for round in 0..5 {
        workspace.redefine(id, "chat", "anonymous nested");
        for (index, client) in clients.iter_mut().enumerate() {
            client.act("message", &channel(index), json!(round));
            let answer = client.next();
            assert_eq!(action(&answer), "error", "{answer}");
        }
        workspace.redefine(id, "chat", rules);
        for index in 0..SOCKETS {
            clients[index].act("message", &channel(index), json!([round, index]));
            for other in (index % 4..SOCKETS).step_by(4) {
                assert_eq!(clients[other].next()["payload"], json!([round, index]));
            }
        }
        workspace.event(&channel(0), json!(round));
        for other in (0..SOCKETS).step_by(4) {
            assert_eq!(clients[other].next()["payload"]["data"], json!(round));
        }
    }
    let mut late = workspace.open(None).unwrap();
    workspace.delete(id);
    late.act("join", "chat/room0", Value::Null);
    assert_eq!(action(&late.next()), "error");
    for (index, client) in clients.iter_mut().enumerate() {
        let end = client.next();
        assert_eq!((action(&end), text(&end, "/options/channel")), ("error", channel(index).as_str()));
        assert_eq!(text(&end, "/payload/message"), "Channel deleted");
        let (rest, end) = client.drain();
        assert_eq!((rest.len(), end), (0, End::Closed(4404)));
    }
    // The next channel of this name is another one.
    workspace.define("chat", "anonymous nested presence history=9");
    late.act("join", "chat/room0", json!({"history": true, "presence": true}));
    assert_eq!(action(&late.next()), "join");
    assert_eq!(late.next()["payload"], json!({"history": []}));
    assert_eq!(late.next()["payload"]["presence"].as_array().unwrap().len(), 1);
}

#[test]
fn presence_is_exact_under_churn_and_without_ghosts() {
    let (_home, server, workspace) = started();
    workspace.define("lobby", "anonymous presence");
    let mut witness = workspace.open(None).unwrap();
    let own = witness.join("lobby");
    let mut living: Vec<(String, Client)> = Vec::new();
    let mut expected = Vec::new();
    for round in 0..120 {
        match round % 5 {
            // Gone without a word.
            3 => {
                let (name, client) = living.remove(round % living.len());
                drop(client);
                expected.push(("leave", name));
            }
            4 => {
                let at = round % living.len();
                let (name, mut client) = living.remove(at);
                client.act("leave", "lobby", Value::Null);
                while action(&client.next()) != "leave" {}
                expected.push(("leave", name));
            }
            _ => {
                let mut client = workspace.open(None).unwrap();
                let name = client.join("lobby");
                expected.push(("join", name.clone()));
                living.push((name, client));
            }
        }
        // Two clients that go at once may be told in either order; here each is waited for.
        let update = witness.next();
        let told = (text(&update, "/payload/action"), text(&update, "/payload/presence/socketId").to_owned());
        assert_eq!(told, *expected.last().unwrap(), "{update}");
    }
    let names = || living.iter().map(|(name, _)| name.clone()).chain([own.clone()]).collect::<BTreeSet<_>>();
    assert_eq!(witness.presence("lobby"), names());
    drop(living);
    let mut gone = BTreeSet::new();
    while gone.len() < 24 {
        let update = witness.next();
        assert_eq!(text(&update, "/payload/action"), "leave");
        assert!(gone.insert(text(&update, "/payload/presence/socketId").to_owned()), "told twice");
    }
    assert_eq!(witness.presence("lobby"), BTreeSet::from([own]));
    assert_eq!(server.metric("corecast_subscriptions_open"), 1);
}
