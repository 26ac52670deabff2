//! What a connection says to its group, through one whole shard: to be held against a publish to as many (`publish/1 to 1000`).
//! And a list of groups.

use super::Case;
use super::shards::{NOW, SECRET, drain, shard};
use super::websocket::masked;
use corecast::auth::{Secret, TokenClaims, sign};
use corecast::base::ids::{ConnectionId, CoreId};
use corecast::broker::relay::groups::{ConnectionGroups, merge_connection_groups};
use corecast::model::relay::{GroupQuery, GroupRange, GroupSize, Handle, Slice, Speaker, group_channel};
use corecast::shard::Shard;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Bound;

/// A broadcast, which its sender hears too and proves itself for, and the longest part of a list.
pub const CASES: &[Case] = &[
    Case { name: "broadcast to 1000", elements: 1000, make: || broadcasting(1000) },
    Case { name: "list 1000 of 100000", elements: LISTED as u64, make: listing },
];

/// Groups in a part of a list at most.
const LISTED: usize = 1_000;

/// Members that come before what they were told is written: the ring of a group is not full by then.
const TOGETHER: usize = 100;

fn token() -> String {
    let user = "11111111-2222-4333-8444-555555555555".to_owned();
    let claims = TokenClaims { user, name: None, scopes: Vec::new(), ttl_s: 3_600 };
    sign(&Secret::new(SECRET), &claims, NOW).expect("the claims are good")
}

fn connect(shard: &mut Shard, token: &str) -> ConnectionId {
    let upgrade = format!(
        "GET /skapi/ws?token={token} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let id = shard.accept(NOW, IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("no limit is near");
    shard.receive(NOW, id, &mut upgrade.into_bytes());
    id
}

fn broadcasting(members: usize) -> Box<dyn FnMut()> {
    let (mut shard, token) = (shard(0, 1), token());
    let join = masked(format!(r#"{{"action":"joinRoom","rid":"room","token":"{token}"}}"#).as_bytes());
    let mut speaker = ConnectionId { index: 0, generation: 0 };
    for number in 0..members {
        speaker = connect(&mut shard, &token);
        shard.receive(NOW, speaker, &mut join.clone());
        if number % TOGETHER == 0 {
            drain(&mut shard);
        }
    }
    drain(&mut shard);
    let content = r#"{"text":"some sixty bytes of JSON, as a chat has them"}"#;
    let text = format!(
        r#"{{"action":"broadcast","rid":"room","content":{content},"notification":"","notificationConfig":{{}},"token":"IdT:us01bench:owner:{token}"}}"#
    );
    let sent = masked(text.as_bytes());
    let mut bytes = sent.clone();
    Box::new(move || {
        bytes.copy_from_slice(&sent);
        shard.receive(NOW, speaker, &mut bytes);
        assert_eq!(drain(&mut shard), members, "one write for each member");
    })
}

/// Groups that there are, half of them on each of two cores.
const GROUPS: u32 = 100_000;

/// A page of all groups but one, and what it takes to make one list of both cores' parts.
fn listing() -> Box<dyn FnMut()> {
    let mut cores = [ConnectionGroups::default(), ConnectionGroups::default()];
    let name = |number: u32| group_channel(&format!("group {number:06} of those that there are"));
    for number in 0..GROUPS {
        let who = Speaker { user: "bench".into(), handle: Handle::new(CoreId(0), [number.into(), 0]) };
        cores[number as usize % 2].join(&name(number), &who);
    }
    let query = GroupQuery {
        range: GroupRange::Names {
            from: Bound::Unbounded,
            to: Bound::Unbounded,
            except: Some(name(GROUPS / 2)),
        },
        after: Some(GroupSize { size: 0, group: name(GROUPS / 2 - 10) }),
        slice: Slice { ascending: true, count_max: LISTED as u32, label: "us01bench".into() },
    };
    Box::new(move || {
        let parts = cores.iter().map(|groups| groups.list(&query)).collect();
        let list = merge_connection_groups(parts, query.clone());
        assert!(list.items.len() == LISTED && list.more);
    })
}
