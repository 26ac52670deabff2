//! What an operator sees and does: clients behind a proxy, incidents, settings that change while the node runs.

use crate::settings::Settings;
use crate::wire::read_response;
use crate::world::{Manner, World};
use corecast::metrics::beside::BesideCounters;
use corecast::shard::{IncidentKind, Setup};
use std::net::IpAddr;
use std::sync::Arc;

const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));

/// A node of one core that trusts the proxy.
fn node(change: impl FnOnce(&mut Settings)) -> (World, Setup) {
    let mut settings =
        Settings { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..Settings::default() };
    change(&mut settings);
    let setup = settings.setup(1);
    (World::new(&setup, Manner::default()), setup)
}

/// Asks on a connection, and says the status of the last answer on it.
fn ask(world: &mut World, socket: usize, target: &str, fields: &str, body: &str) -> u16 {
    let method = if body.is_empty() { "GET" } else { "POST" };
    let length = body.len();
    let head =
        format!("{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{fields}\r\n{body}");
    world.send(socket, head.as_bytes());
    world.settle();
    let mut output = &world.sockets[socket].output[..];
    let mut status = 0;
    while let Some((response, used)) = read_response(output, false) {
        status = response.status;
        output = &output[used..];
    }
    status
}

fn health(world: &mut World, socket: usize, fields: &str) -> u16 {
    ask(world, socket, "/health/live", fields, "")
}

/// Tries to log in through the proxy.
fn log_in(world: &mut World, client: &str, user: &str) -> u16 {
    let socket = world.connect(0, PROXY).expect("let in");
    let fields = format!("Content-Type: application/x-www-form-urlencoded\r\nX-Forwarded-For: {client}\r\n");
    let body = format!("user={user}@example.com&password=wrong");
    ask(world, socket, "/WorldClientAPI/authenticate/basic", &fields, &body)
}

#[test]
fn connections_count_for_the_client_behind_the_proxy() {
    let (mut world, _) = node(|settings| settings.limits.connections_per_address_max = 1);
    let sockets: Vec<usize> =
        (0..4).map(|_| world.connect(0, PROXY).expect("a proxy has no limit")).collect();
    let one = "X-Forwarded-For: 198.51.100.9, 192.0.2.1\r\n";
    assert_eq!(health(&mut world, sockets[0], one), 200);
    assert_eq!(health(&mut world, sockets[0], one), 200, "the same client on the same connection");
    assert_eq!(health(&mut world, sockets[1], "Forwarded: for=192.0.2.2\r\n"), 200);
    assert_eq!(health(&mut world, sockets[2], one), 429, "what stands before it was written by the client");
    world.settle();
    assert!(world.sockets[sockets[2]].closed);
    assert_eq!(
        health(&mut world, sockets[0], "X-Forwarded-For: 192.0.2.3\r\n"),
        200,
        "another client's turn"
    );
    assert_eq!(health(&mut world, sockets[3], one), 200, "the first client's place is free");
    // Who is no trusted proxy speaks for itself, whatever it writes.
    let first = world.connect(0, STRANGER).expect("the first");
    assert_eq!(health(&mut world, first, "X-Forwarded-For: 192.0.2.50\r\n"), 200);
    assert_eq!(world.connect(0, STRANGER), None);
    for socket in sockets {
        world.reset(socket);
    }
    world.shards[0].invariants();
}

#[test]
fn logins_count_for_the_client_behind_the_proxy() {
    let (mut world, _) = node(|settings| settings.limits.login_attempts_per_minute_max = 2);
    let users = ["a", "b", "c"];
    assert_eq!(users.map(|user| log_in(&mut world, "192.0.2.1", user)), [400, 400, 429]);
    assert_eq!(log_in(&mut world, "192.0.2.2", "d"), 400, "another client of the proxy");
    let now = world.now;
    let told: Vec<_> = std::iter::from_fn(|| world.shards[0].next_incident(now)).collect();
    let tries = told.iter().find(|incident| incident.kind == IncidentKind::TooManyTries).expect("it is told");
    assert_eq!(tries.address, Some("192.0.2.1".parse().unwrap()), "{told:?}");
}

#[test]
fn nobody_has_the_address_that_a_proxy_does_not_tell() {
    let (mut world, _) = node(|_| ());
    let socket = world.connect(0, PROXY).expect("let in");
    assert_eq!(ask(&mut world, socket, "/v1/users/me", "Authorization: Bearer cc_wrong\r\n", ""), 401);
    let now = world.now;
    let incident = world.shards[0].next_incident(now).expect("told at once");
    assert_eq!((incident.kind, incident.address), (IncidentKind::CredentialsRefused, None));
}

#[test]
fn waiting_is_told_as_long_as_it_is() {
    let (mut world, _) = node(|_| ());
    let socket = world.connect(0, STRANGER).expect("let in");
    let ticket = |world: &mut World| {
        ask(world, socket, "/v1/tickets", "Authorization: Bearer rc_ada\r\n", "{}");
        let text = String::from_utf8_lossy(&world.sockets[socket].output).into_owned();
        world.sockets[socket].output.clear();
        let after = text.split_once("Retry-After: ").and_then(|(_, rest)| rest.split_once("\r\n"));
        after.map(|(after, _)| after.to_owned())
    };
    assert_eq!(ticket(&mut world), None);
    world.advance(10_500_000);
    (1..64).for_each(|_| assert_eq!(ticket(&mut world), None));
    assert_eq!(ticket(&mut world).as_deref(), Some("20"), "until the first ends");
    world.advance(19_500_000);
    assert_eq!((ticket(&mut world), ticket(&mut world).as_deref()), (None, Some("11")));
}

#[test]
fn an_operator_is_told_once_of_a_flood() {
    let (mut world, _) = node(|_| ());
    let socket = world.connect(0, STRANGER).expect("let in");
    for _ in 0..50 {
        assert_eq!(ask(&mut world, socket, "/v1/users/me", "Authorization: Bearer cc_wrong\r\n", ""), 401);
    }
    let now = world.now;
    let incident = world.shards[0].next_incident(now).expect("told at once");
    assert_eq!((incident.kind, incident.count), (IncidentKind::CredentialsRefused, 50));
    assert_eq!(incident.address, Some(STRANGER));
    assert!(incident.connection.is_some());
    assert_eq!(ask(&mut world, socket, "/v1/users/me", "Authorization: Bearer cc_wrong\r\n", ""), 401);
    assert_eq!(world.shards[0].next_incident(now), None, "the next ones are gathered");
    world.advance(10_000_000);
    let now = world.now;
    let later = world.shards[0].next_incident(now).expect("told later");
    assert_eq!((later.kind, later.count), (IncidentKind::CredentialsRefused, 1));
}

#[test]
fn a_reload_is_in_force_at_once() {
    let (mut world, _) = node(|_| ());
    let key = |key: &str| format!("Authorization: Bearer {key}\r\nOrigin: https://a.example\r\n");
    let me = |world: &mut World, name: &str| {
        let socket = world.connect(0, STRANGER).expect("let in");
        ask(world, socket, "/v1/users/me", &key(name), "")
    };
    assert_eq!((me(&mut world, "rc_ada"), me(&mut world, "rc_new")), (200, 401));
    let mut settings = Settings::default();
    settings.keys.retain(|known| known.key.expose() != b"rc_ada");
    let mut fresh = settings.keys[0].clone();
    fresh.key = corecast::auth::Secret::new("rc_new");
    settings.keys.push(fresh);
    settings.limits.connections_per_address_max = 5;
    settings.origins = vec!["https://a.example".into()];
    let other = Setup { trusted_proxies: Arc::from([]), ..settings.setup(1) };
    world.reload(&other);
    assert_eq!((me(&mut world, "rc_ada"), me(&mut world, "rc_new")), (401, 200));
    let last = world.sockets.len() - 1;
    let answer = String::from_utf8_lossy(&world.sockets[last].output).into_owned();
    assert!(answer.to_lowercase().contains("access-control-allow-origin: https://a.example"), "{answer}");
    assert!(world.connect(0, STRANGER).is_some());
    assert_eq!(world.connect(0, STRANGER), None, "the sixth of an address that may have five");
}

/// Each of these tables was bounded at its start by what a reload replaces.
#[test]
fn a_limit_that_is_raised_is_raised_for_whatever_it_bounds() {
    let (mut world, _) = node(|settings| {
        (settings.limits.groups_max, settings.limits.rooms_max) = (0, 0);
        settings.limits.group_changes_waiting_max = 0;
    });
    let fields = "Authorization: Bearer rc_ada\r\nContent-Type: application/json\r\n";
    let make = |world: &mut World, path: &str| {
        let socket = world.connect(0, STRANGER).expect("let in");
        ask(world, socket, path, fields, r#"{"id":"new","name":"new"}"#)
    };
    let paths = ["/v1/conversations", "/v1/rooms"];
    for path in paths {
        assert_ne!(make(&mut world, path), 201, "{path} has no place");
    }
    world.reload(&Settings::default().setup(1));
    for path in paths {
        assert_eq!(make(&mut world, path), 201, "{path} has places");
    }
}

#[test]
fn who_keeps_more_unfinished_than_a_limit_lets_it_is_told_of() {
    let (mut world, _) = node(|settings| {
        settings.limits.unfinished_bytes_max = 20_000;
        settings.limits.message_bytes_max = 4_000;
    });
    for _ in 0..8 {
        let socket = world.connect(0, STRANGER).expect("let in");
        let head = "POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rc_ada\r\nContent-Length: 3500\r\n\r\n";
        world.send(socket, head.as_bytes());
        world.send(socket, &[b' '; 3_000]);
        world.settle();
    }
    world.advance(10_000_000);
    let now = world.now;
    let told: Vec<_> = std::iter::from_fn(|| world.shards[0].next_incident(now)).collect();
    let incident = told.iter().find(|told| told.kind == IncidentKind::Oversized).expect("told of");
    assert!(incident.count >= 1 && incident.address == Some(STRANGER), "{told:?}");
}

#[test]
fn lines_that_the_log_lost_are_counted() {
    let (mut world, _) = node(|_| ());
    world.shards[0].note_turn(0, BesideCounters { log_lines_lost: 3, ..BesideCounters::default() });
    let socket = world.connect(0, STRANGER).expect("let in");
    assert_eq!(ask(&mut world, socket, "/metrics", "", ""), 200);
    let page = String::from_utf8_lossy(&world.sockets[socket].output).into_owned();
    assert!(page.contains("\ncorecast_log_lines_lost_total 3\n"), "{page}");
}
