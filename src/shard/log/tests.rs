use super::*;
use crate::base::ids::{ConnectionId, CoreId};
use crate::base::limits::Limits;
use crate::broker::home::Origin;
use crate::broker::rules::definitions::Definitions;
use crate::model::channel::ChannelName;
use crate::model::command::ChannelCommand;
use crate::model::definition::{ChannelDefinition, Durability};
use crate::model::publication::Body;
use crate::model::reply::Reply;
use crate::model::session::{Scopes, Session};
use crate::shard::mesh::message::Ticket;
use crate::shard::requests::Asker;
use std::sync::Arc;

/// A home with so many channels that the log has all of.
fn home(now: Now, channels: usize) -> Home {
    let default = ChannelDefinition { durability: Durability::Relaxed, ..ChannelDefinition::default() };
    let definitions = Definitions { default, ..Definitions::default() };
    let mut home = Home::new(1, 1, Arc::new(definitions), &[], Limits::default().into());
    home.log_mut().attach();
    while !home.decide_epochs(now, true) {}
    let session = Arc::new(Session::of("ada", Scopes::WRITE));
    let connection = ConnectionId { index: 0, generation: 0 };
    let origin = || Origin { core: CoreId(0), connection, session: &session };
    for channel in 0..channels {
        let channel = ChannelName::new(&format!("room:{channel}"));
        let body = Body::Data { json: "1".into() };
        home.execute_channel(now, origin(), ChannelCommand::Publish { channel, body, idempotency_key: None });
    }
    let part = home.log_mut().take().expect("records");
    home.log_mut().written(part.last);
    home
}

#[test]
fn a_late_checkpoint_does_so_many_steps_in_a_turn_however_often_it_is_asked() {
    let now = |turn: u64| Now { monotonic_us: 1_000_000 + turn, unix_ms: 1_000_000 };
    let mut home = home(now(0), 64 * LATE_STEPS_MAX * 4);
    let mut log = LogSide::new(Some(5));
    log.stage = Stage::Serving;
    log.checkpoint = Some(1);
    home.begin_checkpoint();
    home.note_checkpoint_due(1_000);
    let mut handed_over = |now| {
        let records = std::iter::from_fn(|| log.next(&mut home, now, true)).map(|message| match message {
            LogMessage::Records(part, _) => part.records.len(),
            _ => 0,
        });
        records.take(100).sum::<usize>()
    };
    // The first step is about keys.
    assert_eq!(handed_over(now(1)), 64 * (LATE_STEPS_MAX - 1));
    assert_eq!(handed_over(now(1)), 0, "it had its turn");
    assert_eq!(handed_over(now(2)), 64 * LATE_STEPS_MAX);
}

#[test]
fn answers_wait_in_the_order_of_their_records_whatever_order_they_come_in() {
    let session = Arc::new(Session::of("ada", Scopes::WRITE));
    let asker = |sequence| {
        let connection = ConnectionId { index: 0, generation: 0 };
        let ticket = Ticket { connection, sequence, part: 0, session: session.clone() };
        Asker { from: CoreId(0), ticket }
    };
    let mut waiting = waiting::AnswersWaiting::default();
    for (sequence, record) in [(0, 5), (1, 3), (2, 5), (3, 4)] {
        waiting.push(record, asker(sequence), Reply::Done);
        waiting.invariants();
    }
    let mut given = |record| -> Vec<u32> {
        std::iter::from_fn(|| waiting.next(record)).map(|(asker, _)| asker.ticket.sequence).collect()
    };
    assert_eq!([given(2), given(4), given(5)], [vec![], vec![1, 3], vec![0, 2]]);
}
