//! `@ channel` and `@ delete`: an admin defines channels of a workspace over REST, in short.

use crate::world::World;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Where the admin comes from.
const ADMIN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 1));

/// The definitions made so: ids by workspace and name.
#[derive(Default)]
pub struct Channels(BTreeMap<(String, String), String>);

impl Channels {
    /// Makes a channel, or gives it other rules if it exists: `inactive`, `public`, `public-auth`, `private`,
    /// `private-auth`, `anonymous`, `nested`, `auth`, `presence`, `history=N`, `name=NEW`. What is not said is off.
    pub fn define(
        &mut self,
        world: &mut World,
        workspace: &str,
        name: &str,
        rules: &[&str],
    ) -> Result<(), String> {
        let key = (workspace.to_owned(), name.to_owned());
        let path = format!("/workspace/{workspace}/realtime/channel");
        let request = match self.0.get(&key) {
            Some(id) => format!("PUT {path}/{id}"),
            None => format!("POST {path}"),
        };
        let answer = ask(world, &request, &script(name, rules))?;
        let id = answer.split_once("\"id\":").and_then(|(_, rest)| rest.split_once(','));
        let id = id.ok_or_else(|| format!("no id in {answer}"))?.0.to_owned();
        let renamed = rules.iter().find_map(|rule| rule.strip_prefix("name="));
        self.0.remove(&key);
        self.0.insert((workspace.into(), renamed.unwrap_or(name).into()), id);
        Ok(())
    }

    pub fn delete(&mut self, world: &mut World, workspace: &str, name: &str) -> Result<(), String> {
        let id = self.0.remove(&(workspace.into(), name.into())).ok_or("there is no such channel")?;
        ask(world, &format!("DELETE /workspace/{workspace}/realtime/channel/{id}"), "").map(drop)
    }
}

fn script(name: &str, rules: &[&str]) -> String {
    let has = |rule: &str| rules.contains(&rule);
    let value = |rule: &str| rules.iter().find_map(|given| given.strip_prefix(rule));
    let known = |rule: &&&str| {
        let words = ["inactive", "public", "public-auth", "private", "private-auth", "anonymous", "nested"];
        words.contains(rule)
            || ["auth", "presence"].contains(rule)
            || rule.starts_with("history=")
            || rule.starts_with("name=")
    };
    assert!(rules.iter().all(|rule| known(&rule)), "{rules:?}: not rules of a channel");
    let messaging = |word: &str| {
        let auth = has(&format!("{word}-auth"));
        format!("  {word}_messaging = {{active: {}, auth: {auth}}}\n", auth || has(word))
    };
    format!(
        "realtime_channel \"{}\" {{\n  active = {}\n{}{}  settings = {{\n    anonymous_clients: {}\n    \
         nested_channels: {}\n    message_history: {}\n    auth_channel: {}\n    presence: {}\n  }}\n}}\n",
        value("name=").unwrap_or(name),
        !has("inactive"),
        messaging("public"),
        messaging("private"),
        has("anonymous"),
        has("nested"),
        value("history=").unwrap_or("0"),
        has("auth"),
        has("presence"),
    )
}

/// A request on a connection of its own, to the last core; its answer must be 200.
fn ask(world: &mut World, request: &str, body: &str) -> Result<String, String> {
    let core = world.shards.len() - 1;
    let socket = world.connect(core, ADMIN).ok_or("the admin was refused")?;
    let head = "Host: x\r\nAuthorization: Bearer rc_admin\r\nContent-Type: text/x-xanoscript";
    let length = body.len();
    world.send(
        socket,
        format!("{request} HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}").as_bytes(),
    );
    world.settle();
    let answer = String::from_utf8_lossy(&world.sockets[socket].output).into_owned();
    world.reset(socket);
    match answer.starts_with("HTTP/1.1 200 ") {
        true => Ok(answer),
        false => Err(format!("{request} was answered with {answer:?}")),
    }
}
