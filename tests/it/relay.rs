//! Groups of connections in numbers: what a transcript cannot say.

use crate::attacks::{HOME, Target};

/// Opens a socket in a group.
fn member(target: &mut Target, core: usize) -> usize {
    let socket = target.connect(core, HOME);
    let head = "GET /skapi/ws?token=rc_ada HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    assert_eq!(target.request(socket, head).0, 101);
    target.say(socket, r#"{"action":"joinRoom","rid":"g","token":"rc_ada"}"#);
    socket
}

/// However many hear it, what is said to a group and who comes is encoded once on each core.
#[test]
fn a_group_is_told_in_one_frame_for_each_core() {
    let mut target = Target::new(|_| {});
    let cores = target.world.shards.len() as u64;
    let sockets: Vec<usize> = (0..400).map(|at| member(&mut target, at % cores as usize)).collect();
    assert_eq!(target.metric("corecast_connection_group_members"), 400);
    let before = target.metric("corecast_frames_encoded_total");
    let late = member(&mut target, 0);
    assert_eq!(target.metric("corecast_frames_encoded_total") - before, cores);
    let told = target.say(late, r#"{"action":"broadcast","rid":"g","content":"x","token":"rc_ada"}"#);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(target.metric("corecast_frames_encoded_total") - before, 2 * cores);
    sockets.into_iter().chain([late]).for_each(|socket| target.world.reset(socket));
    assert_eq!(target.metric("corecast_connection_groups"), 0);
    assert_eq!(target.metric("corecast_subscriptions_open"), 0);
    target.bystander_is_served();
}
