//! Plays a transcript and says where a node did something else.

use crate::client::{ACCEPT, Client};
use crate::define::Channels;
use crate::disk::Mood;
use crate::pattern::{Words, fill, fit};
use crate::push_service::Manners;
use crate::script::{Kind, Said, Step};
use crate::settings::{Settings, ms};
use crate::wire::{Item, Response};
use crate::world::{Manner, World};
use corecast::model::web_push::Called;
use corecast::shard::{Failure, Setup};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Where clients come from that do not say so.
const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// Characters of one item that a failure shows.
const SHOWN_CHARS_MAX: usize = 2_000;

/// What went wrong, in words, at a line.
type Outcome<T = ()> = Result<T, String>;

pub struct Player {
    world: World,
    clients: BTreeMap<String, Client>,
    words: Words,
    /// What clients send at one moment, not handed over yet.
    batch: Vec<(String, Vec<u8>)>,
    drained: bool,
    /// Signed tokens by their names.
    tokens: BTreeMap<String, String>,
    channels: Channels,
    settings: Settings,
    setup: Setup,
}

/// Plays all steps, then asks whether the node is unharmed.
///
/// # Errors
/// The line of the first difference and what it is.
pub fn play(steps: &[Step], settings: &Settings, cores: u16, manner: Manner) -> Result<(), (usize, String)> {
    let setup = settings.setup(cores);
    let mut player = Player {
        world: World::new(&setup, manner),
        clients: BTreeMap::new(),
        words: settings.tokens.clone(),
        batch: Vec::new(),
        drained: false,
        tokens: settings.tokens.clone(),
        channels: Channels::default(),
        settings: settings.clone(),
        setup,
    };
    for step in steps {
        player.step(step).map_err(|what| (step.line, what))?;
    }
    let end = steps.last().map_or(0, |step| step.line);
    let rest = player.flush().and_then(|()| player.all_consumed()).and_then(|()| player.unharmed());
    rest.map_err(|what| (end, what))
}

impl Player {
    fn step(&mut self, step: &Step) -> Outcome {
        match &step.kind {
            Kind::Sends(said) => {
                if self.batch.is_empty() {
                    self.all_consumed()?;
                }
                self.client(&said.client)?;
                let bytes = self.clients[&said.client].bytes(said, &self.words);
                self.batch.push((said.client.clone(), bytes));
                Ok(())
            }
            Kind::Happens(event) => {
                self.flush()?;
                self.all_consumed()?;
                self.happens(event)
            }
            Kind::Gets(said) => {
                self.flush()?;
                self.gets(said)
            }
            Kind::Ends(said) => {
                self.flush()?;
                self.ends(said)
            }
            Kind::Page(_) => Err("a page is written out before it is played".into()),
        }
    }

    /// Hands over what clients send at this moment: what one sends in consecutive lines arrives together.
    fn flush(&mut self) -> Outcome {
        let mut batch: Vec<(String, Vec<u8>)> = Vec::new();
        for (name, bytes) in self.batch.drain(..) {
            match batch.last_mut() {
                Some((last, all)) if *last == name => all.extend(bytes),
                _ => batch.push((name, bytes)),
            }
        }
        for (name, bytes) in batch {
            if let Some(socket) = self.clients[&name].socket {
                self.world.send(socket, &bytes);
            }
        }
        self.world.settle();
        Ok(())
    }

    fn client(&mut self, name: &str) -> Outcome<&mut Client> {
        if !self.clients.contains_key(name) {
            self.connect(name, None, HOME)?;
        }
        self.clients.get_mut(name).ok_or_else(|| unreachable!("connected above"))
    }

    /// The clients of a node of several cores are dealt to them in turn.
    fn connect(&mut self, name: &str, core: Option<usize>, from: IpAddr) -> Outcome {
        let cores = self.world.shards.len();
        let core = core.unwrap_or(self.clients.len() % cores);
        if core >= cores {
            return Err(format!("there is no core {core}"));
        }
        let socket = self.world.connect(core, from);
        self.clients.insert(name.to_owned(), Client { socket, ..Client::default() });
        Ok(())
    }

    fn happens(&mut self, event: &str) -> Outcome {
        let words: Vec<&str> = event.split(' ').collect();
        match words[..] {
            ["advance", time] => self.world.advance(ms(time) * 1000),
            ["freeze", core] => self.world.freeze(number(core)),
            ["thaw", core] => self.world.thaw(number(core)),
            ["connect", name, ref rest @ ..] => {
                let Options { core, from, .. } = Options::read(rest);
                self.connect(name, core, from)?;
            }
            ["open", name, path, ref rest @ ..] => {
                let Options { core, from, key, token } = Options::read(rest);
                self.connect(name, core, from)?;
                let token = token.map(|name| self.tokens.get(name).cloned().unwrap_or(format!("rc_{name}")));
                self.open(name, path, key, token)?;
            }
            ["channel", workspace, name, ref rules @ ..] => {
                self.channels.define(&mut self.world, workspace, name, rules)?;
            }
            ["delete", workspace, name] => self.channels.delete(&mut self.world, workspace, name)?,
            ["disk", mood] => {
                self.world.disk.mood = match mood {
                    "well" => Mood::Well,
                    "full" => Mood::Failing(Failure::DiskFull),
                    "readonly" => Mood::Failing(Failure::ReadOnly),
                    "stalled" => Mood::Stalled,
                    _ => return Err(format!("no disk is {mood}")),
                };
                self.world.settle();
            }
            ["reload", ref changes @ ..] => self.reload(changes),
            ["keep", ..] => self.world.disk.keep(event.trim_start_matches("keep ")),
            ["restart"] => {
                self.world.restart(&self.setup);
                self.clients.clear();
            }
            ["push" | "pushed" | "recorder", ..] => self.others_do(&words)?,
            ["end", name] => {
                let socket = self.client(name)?.socket;
                self.world.end(socket.ok_or("it has no socket")?);
            }
            ["reset", name] => {
                let client = self.client(name)?;
                client.gone = true;
                let socket = client.socket;
                self.world.reset(socket.ok_or("it has no socket")?);
            }
            ["takes", name, room] => {
                let room = if room == "all" { None } else { Some(number(room)) };
                let socket = self.client(name)?.socket;
                self.world.set_room(socket.ok_or("it has no socket")?, room);
            }
            ["drain", time] => {
                self.drained = true;
                self.world.drain(ms(time));
            }
            ["drained"] => {
                if let Some(core) = self.world.drained.iter().position(|drained| !drained) {
                    return Err(format!("core {core} is not drained"));
                }
            }
            ["not", "drained"] => {
                if self.world.drained.iter().all(|drained| *drained) {
                    return Err("all cores are drained".into());
                }
            }
            _ => return Err(format!("nothing known happens at \"@ {event}\"")),
        }
        Ok(())
    }

    /// Other keys are in force from now on: `without ada`, `with cy user=cy scopes=read`.
    fn reload(&mut self, changes: &[&str]) {
        match changes {
            ["without", name] => {
                let key = format!("rc_{name}");
                self.settings.keys.retain(|known| known.key.expose() != key.as_bytes());
            }
            ["with", words @ ..] => {
                let taken = self.settings.take(&format!("key {}", words.join(" ")));
                assert!(taken, "a key");
            }
            _ => panic!("{changes:?} is no reload: without NAME, with NAME user=… scopes=…"),
        }
        self.setup = self.settings.setup(self.setup.cores);
        self.world.reload(&self.setup);
    }

    fn others_do(&mut self, words: &[&str]) -> Outcome {
        if let ["recorder", what @ ..] = words {
            self.world.recorder.happens(what)?;
            self.world.settle();
            return Ok(());
        }
        let services = &mut self.world.push_services;
        match *words {
            ["pushed", ref call @ ..] => self.pushed(&call.join(" "))?,
            ["push", endpoint, "hangs"] => services.behave(endpoint, Manners::Hangs),
            ["push", endpoint, "is", "not", "reached"] => {
                services.behave(endpoint, Manners::Answers(Called::Unanswered));
            }
            ["push", endpoint, "answers", status, ref wait @ ..] => {
                let retry_after_s = wait.last().map(|seconds| number(seconds) as u32);
                let called = Called::Answered { status: number(status) as u16, retry_after_s };
                services.behave(endpoint, Manners::Answers(called));
                self.world.settle();
            }
            _ => return Err(format!("no push service does \"{}\"", words.join(" "))),
        }
        Ok(())
    }

    /// A push service was handed this, in the order in which they were; of the others nothing is asked.
    fn pushed(&mut self, call: &str) -> Outcome {
        match self.world.push_services.came.pop_front() {
            None if call == "nothing" => Ok(()),
            Some(came) if came == fill(call, &self.words) => Ok(()),
            came => Err(format!("what was pushed is {}", came.as_deref().unwrap_or("nothing"))),
        }
    }

    /// The handshake of a client, asked and answered.
    fn open(&mut self, name: &str, path: &str, key: Option<&str>, token: Option<String>) -> Outcome {
        let text = format!("OPEN {path}{}", key.map(|key| format!(" as {key}")).unwrap_or_default());
        let field = token.iter().map(|token| format!("Sec-WebSocket-Protocol: {token}"));
        let more: Vec<String> = field.collect();
        let said = |verb: &str, text: String| Said {
            client: name.into(),
            verb: verb.into(),
            text,
            more: more.clone(),
        };
        self.batch.push((name.to_owned(), self.clients[name].bytes(&said("", text), &self.words)));
        self.flush()?;
        self.gets(&said("open", String::new()))
    }

    fn output(&self, client: &Client) -> &[u8] {
        client.socket.map_or(&[], |socket| &self.world.sockets[socket].output)
    }

    fn gets(&mut self, said: &Said) -> Outcome {
        let client = self.clients.get(&said.client).ok_or("this client never connected")?;
        let head = said.verb == "head";
        let Some((item, used)) = client.next_item(self.output(client), head) else {
            return Err(format!("{} gets nothing", said.client));
        };
        let rest = self.shown_rest(&said.client);
        let differs = |what: String| Err(format!("{what}\n  it got:\n{rest}"));
        if let Err(what) = self.compare(said, &item) {
            return differs(what);
        }
        let client = self.clients.get_mut(&said.client).expect("looked up above");
        client.read += used;
        client.upgraded |= matches!(&item, Item::Response(response) if response.status == 101);
        Ok(())
    }

    fn compare(&mut self, said: &Said, item: &Item) -> Outcome {
        let expected = match (said.verb.as_str(), item) {
            ("open", Item::Response(response)) => return opened(response, &said.more),
            ("" | "head", Item::Response(response)) => return self.compare_response(said, response),
            ("" | "text", Item::Frame { opcode: 1, .. }) => format!("< {}", said.whole()),
            (verb, Item::Frame { .. }) if said.text.is_empty() => format!("<{verb}{}", blank(verb)),
            (verb, Item::Frame { .. }) => format!("<{verb} {}", said.whole()),
            _ => return Err("it is of another kind".into()),
        };
        fit(&expected, &item.to_string(), &mut self.words)
            .map_err(|at| format!("{}^ differs here", " ".repeat(said.client.len() + at)))
    }

    fn compare_response(&mut self, said: &Said, response: &Response) -> Outcome {
        let (fields, body) = said.fields_and_body();
        let status = match said.text.contains(' ') {
            true => format!("{} {}", response.status, response.reason),
            false => response.status.to_string(),
        };
        if status != said.text {
            return Err(format!("the status is {status}"));
        }
        let mut unexpected: Vec<_> = response.fields.iter().collect();
        for field in fields {
            let at = unexpected
                .iter()
                .position(|(name, value)| fit(field, &format!("{name}: {value}"), &mut self.words).is_ok());
            unexpected.remove(at.ok_or_else(|| format!("there is no field {field}"))?);
        }
        // What every response has need not be said.
        let date = httpdate(self.world.now.unix_ms / 1000);
        unexpected.retain(|(name, value)| match name.as_str() {
            "Date" => *value != date,
            "Content-Type" => value != "application/json",
            "Content-Length" => said.verb != "head" && *value != response.body.len().to_string(),
            _ => true,
        });
        if let Some((name, value)) = unexpected.first() {
            return Err(format!("a field was not expected: {name}: {value}"));
        }
        if response.status >= 200 && response.field("Date").is_none() {
            return Err("there is no Date".into());
        }
        fit(&body, &String::from_utf8_lossy(&response.body), &mut self.words)
            .map_err(|at| format!("the body differs from its byte {at} on"))
    }

    fn ends(&mut self, said: &Said) -> Outcome {
        let client = self.clients.get(&said.client).ok_or("this client never connected")?;
        let (first, reason) = said.text.split_once(' ').unwrap_or((&said.text, ""));
        match (first, client.socket) {
            ("refused", None) => return Ok(()),
            ("refused", Some(_)) => return Err("it was let in".into()),
            (_, None) => return Err("it was refused".into()),
            _ => {}
        }
        if first != "closed" {
            let reason = if reason.is_empty() { "$*" } else { reason };
            let close = Said { verb: "close".into(), text: format!("{first} {reason}"), ..said.clone() };
            self.gets(&close)?;
        }
        let client = &self.clients[&said.client];
        if client.next_item(self.output(client), false).is_some() {
            return Err(format!("before its end it got:\n{}", self.shown_rest(&said.client)));
        }
        let closed = client.socket.is_some_and(|socket| self.world.sockets[socket].closed);
        if !closed {
            return Err("it is still connected".into());
        }
        self.clients.get_mut(&said.client).expect("looked up above").gone = true;
        Ok(())
    }

    /// Everything that was sent was expected, and every end.
    fn all_consumed(&self) -> Outcome {
        for (name, client) in &self.clients {
            if client.next_item(self.output(client), false).is_some() {
                return Err(format!(
                    "before this, {name} got what was not expected:\n{}",
                    self.shown_rest(name)
                ));
            }
            let closed = client.socket.is_some_and(|socket| self.world.sockets[socket].closed);
            if closed && !client.gone {
                return Err(format!("before this, {name} was disconnected"));
            }
        }
        Ok(())
    }

    /// What a client got that no line has expected yet, as a transcript would say it.
    fn shown_rest(&self, name: &str) -> String {
        let source = &self.clients[name];
        let mut client = Client { read: source.read, upgraded: source.upgraded, ..Client::default() };
        let mut shown = String::new();
        while let Some((item, used)) = client.next_item(self.output(source), false) {
            let item_text = item.to_string();
            let start: String = item_text.chars().take(SHOWN_CHARS_MAX).collect();
            let cut = if start.len() < item_text.len() { " …" } else { "" };
            shown.push_str(&format!("{name}{start}{cut}\n"));
            client.read += used;
            client.upgraded |= matches!(&item, Item::Response(response) if response.status == 101);
        }
        if source.socket.is_some_and(|socket| self.world.sockets[socket].closed) {
            shown.push_str(&format!("{name}! closed\n"));
        }
        shown
    }

    /// Another client is served as ever, nothing of those that left remains, and nobody was shown a key.
    fn unharmed(&mut self) -> Outcome {
        for socket in &self.world.sockets {
            // A token in the place of a subprotocol comes back to who sent it.
            let output = String::from_utf8_lossy(&socket.output);
            let mut lines = output.lines().filter(|line| !line.starts_with("Sec-WebSocket-Protocol: "));
            if lines.any(|line| ["rc_", "Bearer ey"].iter().any(|key| line.contains(key))) {
                return Err(format!("a key was shown: {}", socket.output.escape_ascii()));
            }
        }
        for core in 0..self.world.shards.len() {
            self.world.thaw(core);
        }
        for socket in 0..self.world.sockets.len() {
            self.world.reset(socket);
        }
        if self.drained {
            return Ok(());
        }
        for core in 0..self.world.shards.len() {
            let from: IpAddr = IpAddr::from([198, 51, 100, core as u8]);
            let socket = self.world.connect(core, from).ok_or("a new client is refused")?;
            self.world.send(socket, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
            self.world.settle();
            let text = String::from_utf8_lossy(&self.world.sockets[socket].output).into_owned();
            for line in ["corecast_websockets_open 0", "corecast_subscriptions_open 0"] {
                if !text.lines().any(|known| known == line) {
                    return Err(format!("the metrics do not say \"{line}\":\n{text}"));
                }
            }
            if text.contains("rc_") {
                return Err(format!("the metrics show a key:\n{text}"));
            }
            self.world.reset(socket);
        }
        Ok(())
    }
}

/// `core 1 from 10.0.0.1 as ada token carol`, each of them optional.
struct Options<'a> {
    core: Option<usize>,
    from: IpAddr,
    key: Option<&'a str>,
    token: Option<&'a str>,
}

impl<'a> Options<'a> {
    fn read(words: &[&'a str]) -> Self {
        let mut options = Self { core: None, from: HOME, key: None, token: None };
        for pair in words.chunks(2) {
            match *pair {
                ["core", value] => options.core = Some(number(value)),
                ["from", value] => options.from = value.parse().expect("an address"),
                ["as", value] => options.key = Some(value),
                ["token", value] => options.token = Some(value),
                _ => panic!("{pair:?} is no option: core N, from ADDRESS, as KEY, token NAME"),
            }
        }
        options
    }
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

/// Frames without payload are shown with a blank after their name, but for a close without a code.
fn blank(verb: &str) -> &'static str {
    if verb == "close" { "" } else { " " }
}

/// The answer to a handshake with the usual key, and with these fields besides.
fn opened(response: &Response, more: &[String]) -> Outcome {
    let fields = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", ACCEPT)];
    let more = more.iter().filter_map(|field| field.split_once(": "));
    let fields: Vec<_> =
        fields.into_iter().chain(more).map(|(name, value)| (name.to_string(), value.to_string())).collect();
    if (response.status, &response.fields) != (101, &fields) || !response.body.is_empty() {
        return Err("this is not the answer to a handshake".into());
    }
    Ok(())
}

/// A date as HTTP writes it.
fn httpdate(unix_s: u64) -> String {
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(unix_s))
}
