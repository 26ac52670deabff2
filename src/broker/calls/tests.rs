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
    calls.start(now(at_s), asking(&ann, socket(0, 0)), draft, |_| false, out)
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
        calls.start(now(0), asking(&ann, socket(0, 0)), draft, |_| false, &mut Vec::new()).expect("begun");
        calls.leave(now(0), &format!("call{number}"), socket(0, 0), &mut Vec::new());
        calls.invariants();
    }
    assert_eq!((calls.ended.len(), calls.counts().cancelled), (3, 5));
    calls.fire(now(3_599), 10, &mut Vec::new());
    assert_eq!(calls.by_id.len(), 3);
    calls.fire(now(3_600), 10, &mut Vec::new());
    assert_eq!((calls.by_id.len(), calls.next_us()), (0, None));
}

/// Calls with as many people as the rules of a node allow, as far as the other limits do.
fn large_calls(people: PeopleLimits) -> Calls {
    let rules = CallRules { people_max: 100, ended_max: 1_000, ..RULES };
    Calls::new(KeyedState::new(1, 2), rules, Limits { people, ..Limits::default() }.into())
}

fn start_large(
    calls: &mut Calls,
    by: &str,
    number: usize,
    out: &mut Vec<Told>,
) -> Result<CallView, FaultCode> {
    let users = (0..99).map(|user| UserId::from(format!("user{user}").as_str())).collect();
    let id = format!("{by}{number}").as_str().into();
    let draft = CallDraft { id, conversation: None, users, kind: CallKind::Audio };
    let begun = calls.start(now(0), asking(&by.into(), socket(0, 0)), draft, |_| false, out);
    begun.map_err(|fault| fault.code)
}

#[test]
fn one_call_of_fire_tells_a_bounded_number_of_people() {
    let (mut calls, mut out) = (large_calls(PeopleLimits::default()), Vec::new());
    for number in 0..50 {
        start_large(&mut calls, ["ann", "bob", "cid", "dan", "eve"][number / 10], number, &mut out)
            .expect("begun");
    }
    let people = |out: &[Told]| told(out).iter().map(|(users, _)| users.len()).sum::<usize>();
    let mut fired = 0;
    while calls.next_us().is_some_and(|next_us| next_us <= now(10).monotonic_us) {
        out.clear();
        calls.fire(now(10), 1_000, &mut out);
        assert!((100..1_100).contains(&people(&out)), "{} people at once", people(&out));
        fired += 1;
    }
    assert_eq!((fired, calls.counts().missed), (5, 50));
    calls.invariants();
    let mut forgotten = 0;
    while calls.next_us().is_some() {
        calls.fire(now(4_000), 1_000, &mut out);
        forgotten += 1;
    }
    assert_eq!(forgotten, 5, "what is forgotten is bounded as well");
}

#[test]
fn the_calls_of_one_user_ring_a_bounded_number_of_people() {
    let people = PeopleLimits { rings_by_user_max: 200, ..PeopleLimits::default() };
    let (mut calls, mut out) = (large_calls(people), Vec::new());
    for number in 0..2 {
        start_large(&mut calls, "ann", number, &mut out).expect("begun");
    }
    assert_eq!(start_large(&mut calls, "ann", 2, &mut out), Err(FaultCode::LimitExceeded));
    start_large(&mut calls, "bob", 0, &mut out).expect("others may");
    let ann = UserId::from("ann");
    let mut act = |calls: &mut Calls, act: CallAct| {
        let done = calls.act(now(1), asking(&ann, socket(0, 0)), "ann0", act, &mut out);
        calls.invariants();
        done.map(drop).map_err(|fault| fault.code)
    };
    let user7 = UserId::from("user7");
    let rejected = calls.act(now(1), asking(&user7, socket(1, 0)), "ann0", CallAct::Reject, &mut Vec::new());
    rejected.expect("rung");
    for _ in 0..2 {
        // Rung again, and then already.
        assert_eq!(act(&mut calls, CallAct::Invite { user: "user7".into() }), Ok(()));
    }
    assert_eq!(act(&mut calls, CallAct::End), Ok(()));
    start_large(&mut calls, "ann", 3, &mut out).expect("there is room again");
    calls.invariants();
}

/// Invitations count for whoever began the call, whoever says them.
#[test]
fn an_invitation_past_what_rings_for_the_caller_is_refused() {
    let people = PeopleLimits { rings_by_user_max: 2, ..PeopleLimits::default() };
    let rules = CallRules { people_max: 10, ..RULES };
    let mut calls = Calls::new(KeyedState::new(1, 2), rules, Limits { people, ..Limits::default() }.into());
    let mut out = Vec::new();
    start(&mut calls, &["bob", "cid"], 0, &mut out).expect("begun");
    let invite = |calls: &mut Calls, by: &str, user: &str| {
        let act = CallAct::Invite { user: user.into() };
        let done = calls.act(now(1), asking(&by.into(), socket(1, 0)), "call", act, &mut Vec::new());
        calls.invariants();
        done.map(drop).map_err(|fault| fault.code)
    };
    assert_eq!(invite(&mut calls, "bob", "dan"), Err(FaultCode::Forbidden), "bob does not talk yet");
    assert_eq!(invite(&mut calls, "ann", "dan"), Err(FaultCode::LimitExceeded));
    let bob = UserId::from("bob");
    calls.act(now(1), asking(&bob, socket(1, 0)), "call", CallAct::Answer, &mut out).expect("rung");
    assert_eq!(invite(&mut calls, "bob", "dan"), Ok(()));
    assert_eq!(invite(&mut calls, "bob", "eve"), Err(FaultCode::LimitExceeded));
}

#[test]
fn whoever_is_busy_is_not_rung_and_may_come() {
    let (mut calls, mut out) = (calls(RULES), Vec::new());
    let ann = UserId::from("ann");
    let mut begin = |calls: &mut Calls, users: &[&str]| {
        let users = users.iter().map(|user| UserId::from(*user)).collect();
        let draft = CallDraft { id: "call".into(), conversation: None, users, kind: CallKind::Audio };
        calls.start(now(0), asking(&ann, socket(0, 0)), draft, |user| **user == *"bob", &mut out).map(drop)
    };
    assert_eq!(begin(&mut calls, &["bob"]).map_err(|fault| fault.code), Err(FaultCode::LimitExceeded));
    begin(&mut calls, &["bob", "cid"]).expect("begun");
    assert_eq!((told(&out).len(), &told(&out)[0].0), (1, &vec!["cid".to_owned()]));
    let bob = UserId::from("bob");
    calls.act(now(1), asking(&bob, socket(1, 0)), "call", CallAct::Answer, &mut out).expect("it may");
    calls.invariants();
    assert_eq!(told(&out)[1].0, ["ann", "cid", "bob"]);
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
