//! The home side: publishing into a history, and reading it.

use super::Case;
use corecast::base::ids::{ConnectionId, CoreId};
use corecast::base::limits::Limits;
use corecast::base::time::Now;
use corecast::broker::home::{Home, Origin};
use corecast::broker::rules::definitions::Definitions;
use corecast::model::channel::{ChannelName, Position};
use corecast::model::command::{Attachments, ChannelCommand, CoreCommand, MessageCommand, Page};
use corecast::model::publication::Body;
use corecast::model::reply::{ChannelReply, Recovery, Reply};
use corecast::model::session::{Scopes, Session};
use std::hint::black_box;
use std::sync::Arc;

const NOW: Now = Now { monotonic_us: 1_000_000, unix_ms: 1_700_000_000_000 };

/// More publications than a history keeps by default.
const HISTORY: usize = 1000;

/// Publications missed by whoever recovers.
const MISSED: u64 = 100;

/// Publish, recover and list, on a channel with a full history and subscribers on one core.
pub const CASES: &[Case] = &[
    Case { name: "publish into a full history", elements: 1, make: publishing },
    Case { name: "recover 100", elements: MISSED, make: recovering },
    Case { name: "list 50 messages", elements: 50, make: listing },
];

fn publishing() -> Box<dyn FnMut()> {
    let mut home = home();
    subscribe(&mut home, None);
    for _ in 0..HISTORY {
        publish(&mut home);
    }
    Box::new(move || {
        black_box(publish(&mut home));
    })
}

fn recovering() -> Box<dyn FnMut()> {
    let mut home = home();
    let at = (0..HISTORY).fold(Position::default(), |_, _| publish(&mut home));
    let from = Position { offset: at.offset - MISSED, ..at };
    Box::new(move || {
        assert_eq!(subscribe(&mut home, Some(from)), MISSED as usize);
        home.unsubscribe(NOW, CoreId(0), "ada", &channel(), at.epoch);
    })
}

fn listing() -> Box<dyn FnMut()> {
    let mut home = home();
    for _ in 0..HISTORY {
        let body = Body::MessageCreated { content: "Hello!".into(), kind: "text".into() };
        execute(&mut home, ChannelCommand::Publish { channel: channel(), body, idempotency_key: None });
    }
    let page = Page { number: 1, size: 50 };
    Box::new(move || {
        black_box(execute(&mut home, MessageCommand::List { channel: channel(), page }));
    })
}

fn channel() -> ChannelName {
    ChannelName::new("room:1")
}

fn home() -> Home {
    Home::new(1, 2, Arc::new(Definitions::default()), &[], Limits::default().into())
}

fn execute(home: &mut Home, command: impl Into<CoreCommand>) -> Reply {
    let session = Arc::new(Session::of("ada", Scopes::ADMIN));
    let connection = ConnectionId { index: 0, generation: 0 };
    let origin = Origin { core: CoreId(0), connection, session: &session };
    let outcome = match command.into() {
        CoreCommand::Channel(command) => home.execute_channel(NOW, origin, command),
        CoreCommand::Message(command) => home.execute_message(NOW, origin, command),
        other => panic!("no case has {other:?}"),
    };
    while home.pop_output().is_some() {}
    outcome.reply
}

fn publish(home: &mut Home) -> Position {
    let body = Body::Data { json: "{\"text\":\"some sixty bytes of JSON, as a chat has them\"}".into() };
    match execute(home, ChannelCommand::Publish { channel: channel(), body, idempotency_key: None }) {
        Reply::Channel(ChannelReply::Published { position, .. }) => position,
        other => panic!("{other:?}"),
    }
}

/// Subscribes; says how many publications were recovered.
fn subscribe(home: &mut Home, recover: Option<Position>) -> usize {
    match execute(
        home,
        ChannelCommand::Subscribe { channel: channel(), recover, with: Attachments::default() },
    ) {
        Reply::Channel(ChannelReply::Subscribed { recovery: Recovery::Complete(missed), .. }) => missed.len(),
        Reply::Channel(ChannelReply::Subscribed { recovery: Recovery::NotAsked, .. }) => 0,
        other => panic!("{other:?}"),
    }
}
