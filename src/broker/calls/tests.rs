use super::*;
use crate::base::ids::{ConnectionId, CoreId};
use crate::base::limits::{Limits, PeopleLimits};
use crate::broker::told::Ringing;
use crate::model::people::signal::{Medium, SignalKind};
use proptest::prelude::*;
use std::collections::BTreeMap;

const RULES: CallRules = CallRules {
    ring_us: 10_000_000,
    empty_us: 30_000_000,
    call_us_max: 600_000_000,
    people_max: 4,
    records: false,
    ended_max: 3,
};
const USERS: [&str; 5] = ["ann", "bob", "cid", "dan", "stranger"];

fn limits() -> InForce {
    let people = PeopleLimits { calls_max: 4, ..PeopleLimits::default() };
    Limits { people, ..Limits::default() }.into()
}

fn now(s: u64) -> Now {
    Now { monotonic_us: s * 1_000_000, unix_ms: s * 1_000 }
}

fn socket(user: usize, device: usize) -> SocketId {
    SocketId { core: CoreId(device as u16), connection: ConnectionId { index: user as u32, generation: 0 } }
}

fn calls(rules: CallRules) -> Calls {
    Calls::new(KeyedState::new(1, 2), rules, limits())
}

fn asking<'a>(user: &'a UserId, socket: SocketId) -> Asking<'a> {
    Asking { user, socket, fresh: 1 }
}

/// The events of a call that each user was told.
fn told(out: &[Told]) -> Vec<(Vec<String>, CallEvent)> {
    let of = |told: &Told| match told {
        Told::People { users, event, .. } => match &**event {
            Event::Call { event, .. } => {
                Some((users.iter().map(|user| user.to_string()).collect(), event.clone()))
            }
            _ => None,
        },
        _ => None,
    };
    out.iter().filter_map(of).collect()
}

fn start(calls: &mut Calls, users: &[&str], at_s: u64, out: &mut Vec<Told>) -> Result<CallView, Fault> {
    let (ann, users) = (UserId::from("ann"), users.iter().map(|user| UserId::from(*user)).collect());
    let draft = CallDraft { id: "call".into(), conversation: None, users, kind: CallKind::Audio };
    calls.start(now(at_s), asking(&ann, socket(0, 0)), draft, out)
}

#[test]
fn a_call_needs_somebody_and_has_bounds() {
    let (mut calls, mut out) = (calls(RULES), Vec::new());
    assert_eq!(
        start(&mut calls, &["ann"], 0, &mut out).map_err(|fault| fault.code),
        Err(FaultCode::InvalidRequest)
    );
    let many = start(&mut calls, &["bob", "cid", "dan", "eve"], 0, &mut out);
    assert_eq!(many.map_err(|fault| fault.code), Err(FaultCode::LimitExceeded));
    assert!(out.is_empty());
    start(&mut calls, &["bob", "bob", "ann"], 0, &mut out).expect("begun");
    assert_eq!(told(&out).len(), 1);
    assert_eq!(told(&out)[0].0, ["bob"]);
}

#[test]
fn the_ended_are_forgotten_after_an_hour_and_are_bounded() {
    let mut calls = calls(RULES);
    for number in 0..5 {
        let ann = UserId::from("ann");
        let draft = CallDraft {
            id: format!("call{number}").into(),
            conversation: None,
            users: vec!["bob".into()],
            kind: CallKind::Video,
        };
        calls.start(now(0), asking(&ann, socket(0, 0)), draft, &mut Vec::new()).expect("begun");
        calls.leave(now(0), &format!("call{number}"), socket(0, 0), &mut Vec::new());
        calls.invariants();
    }
    assert_eq!((calls.ended.len(), calls.counts().cancelled), (3, 5));
    calls.fire(now(3_599), 10, &mut Vec::new());
    assert_eq!(calls.by_id.len(), 3);
    calls.fire(now(3_600), 10, &mut Vec::new());
    assert_eq!((calls.by_id.len(), calls.next_us()), (0, None));
}

#[derive(Clone, Debug)]
enum Step {
    Act(usize, usize, Act),
    Pass(u64),
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Answer,
    Reject,
    End,
    Come,
    Go,
    Invite(usize),
    Signal(usize),
    Toggle,
}

fn step() -> impl Strategy<Value = Step> {
    let act = prop_oneof![
        3 => Just(Act::Answer), 2 => Just(Act::Reject), 1 => Just(Act::End), 3 => Just(Act::Come), 3 => Just(Act::Go),
        2 => (0usize..5).prop_map(Act::Invite), 2 => (0usize..5).prop_map(Act::Signal), 1 => Just(Act::Toggle),
    ];
    prop_oneof![
        5 => (0usize..5, 0usize..2, act).prop_map(|(user, device, act)| Step::Act(user, device, act)),
        1 => (1u64..20).prop_map(Step::Pass),
    ]
}

fn apply(calls: &mut Calls, at_s: u64, user: usize, device: usize, act: Act, out: &mut Vec<Told>) {
    let (name, at) = (UserId::from(USERS[user]), socket(user, device));
    let by = asking(&name, at);
    let act = match act {
        Act::Come => return drop(calls.join(now(at_s), by, "call", out)),
        Act::Go => return calls.leave(now(at_s), "call", at, out),
        Act::Answer => CallAct::Answer,
        Act::Reject => CallAct::Reject,
        Act::End => CallAct::End,
        Act::Invite(other) => CallAct::Invite { user: USERS[other].into() },
        Act::Signal(other) => {
            let signal = Signal { to: USERS[other].into(), kind: SignalKind::Offer, json: "1".into() };
            CallAct::Signal(Box::new(signal))
        }
        Act::Toggle => CallAct::Toggle { medium: Medium::Video, enabled: true },
    };
    drop(calls.act(now(at_s), by, "call", act, out));
}

proptest! {
    /// Whatever people do: whoever was rung or talked is told of one end, nobody who was not hears anything, and a ring that
    /// began is over at the end.
    #[test]
    fn everybody_is_told_of_one_end(steps in proptest::collection::vec(step(), 0..60)) {
        let (mut calls, mut out, mut at_s) = (calls(RULES), Vec::new(), 0);
        start(&mut calls, &["bob", "cid"], 0, &mut out).expect("begun");
        for step in steps {
            match step {
                Step::Pass(s) => {
                    at_s += s;
                    calls.fire(now(at_s), 10, &mut out);
                }
                Step::Act(user, device, act) => apply(&mut calls, at_s, user, device, act, &mut out),
            }
            calls.invariants();
        }
        calls.fire(now(at_s + 600), 10, &mut out);
        prop_assert_eq!(calls.counts().active, 0, "it is over");
        let mut known: Vec<String> = vec!["ann".into()];
        let mut ends: BTreeMap<String, usize> = BTreeMap::new();
        let (mut over, mut answered) = (false, false);
        for (users, event) in told(&out) {
            prop_assert!(!over, "nothing is told after the end");
            if let CallEvent::Incoming { .. } = event {
                for user in &users {
                    ends.remove(user);
                    known.push(user.clone());
                }
            }
            if let CallEvent::Answered(user) = &event {
                // Whoever missed its ring may come all the same.
                ends.remove(&**user);
                answered = true;
            }
            prop_assert!(users.iter().all(|user| known.contains(user)), "a stranger is told {event:?}");
            over = match event {
                CallEvent::Ended(_) | CallEvent::Cancelled => true,
                // Of a call that nobody answered it is the end, else of the invitations of these.
                CallEvent::Missed => !answered && users.contains(&"ann".to_owned()),
                _ => false,
            };
            if over || event == CallEvent::Missed {
                users.iter().for_each(|user| *ends.entry(user.clone()).or_default() += 1);
            }
        }
        prop_assert!(over);
        for user in &known {
            prop_assert_eq!(ends.get(user), Some(&1), "{} is told of one end", user);
        }
        let mut rings: Vec<UserId> = Vec::new();
        for told in &out {
            match told {
                Told::People { users, ring: Ringing::Begins, .. } => rings.extend(users.iter().cloned()),
                Told::People { ring: Ringing::Over(over), .. } => rings.retain(|user| !over.contains(user)),
                _ => {}
            }
        }
        prop_assert!(rings.is_empty(), "{rings:?} are rung for ever");
    }
}
