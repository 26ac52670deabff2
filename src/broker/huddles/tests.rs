use super::*;
use crate::base::ids::{ConnectionId, CoreId};
use crate::base::limits::{Limits, PeopleLimits};
use crate::model::fault::FaultCode;
use proptest::prelude::*;

const RULES: HuddleRules = HuddleRules { participants_max: 2, invited_max: 3 };
const USERS: [&str; 4] = ["ann", "bob", "cid", "stranger"];

fn limits() -> InForce {
    let people = PeopleLimits { huddles_max: 2, ..PeopleLimits::default() };
    Limits { people, ..Limits::default() }.into()
}

fn now(s: u64) -> Now {
    Now { monotonic_us: s * 1_000_000, unix_ms: s * 1_000 }
}

fn socket(index: usize) -> SocketId {
    SocketId { core: CoreId(0), connection: ConnectionId { index: index as u32, generation: 0 } }
}

fn asking(user: &UserId, at: usize) -> Asking<'_> {
    Asking { user, socket: socket(at), fresh: 1 }
}

fn create(huddles: &mut Huddles, user: &str, id: &str) -> Result<(HuddleView, bool), FaultCode> {
    let user = UserId::from(user);
    let draft = HuddleDraft { id: id.into(), conversation: Some("c".into()), name: None };
    huddles.create(now(0), asking(&user, 0), draft).map_err(|fault| fault.code)
}

fn count(out: &[Told], wanted: impl Fn(&HuddleEvent) -> bool) -> usize {
    let event = |told: &Told| match told {
        Told::Circle { event, .. } | Told::People { event, .. } => match &**event {
            Event::Huddle { event, .. } => wanted(event),
            _ => false,
        },
        _ => false,
    };
    out.iter().filter(|told| event(told)).count()
}

#[test]
fn a_conversation_has_one_and_strangers_stay_out() {
    let (mut huddles, mut out) = (Huddles::new(KeyedState::new(1, 2), RULES, limits()), Vec::new());
    assert!(create(&mut huddles, "ann", "h").expect("made").1);
    let (running, made) = create(&mut huddles, "bob", "other").expect("running");
    assert_eq!((&*running.id, made), ("h", false));
    let stranger = UserId::from("stranger");
    let join = |huddles: &mut Huddles, belongs, out: &mut Vec<Told>| {
        let joined = huddles.join(now(0), asking(&stranger, 3), "h", false, belongs, out);
        joined.map(|_| ()).map_err(|fault| fault.code)
    };
    assert_eq!(join(&mut huddles, false, &mut out), Err(FaultCode::Forbidden));
    assert_eq!(join(&mut huddles, true, &mut out), Ok(()));
    huddles.leave(now(0), "h", socket(3), &mut out);
    assert_eq!((huddles.len(), huddles.by_user.len(), huddles.by_conversation.len()), (0, 0, 0));
    assert_eq!(count(&out, |event| *event == HuddleEvent::Ended), 1);
}

#[derive(Clone, Debug)]
enum Step {
    Join(usize, usize),
    Gone(usize, usize),
    Act(usize, usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0usize..4, 0usize..2).prop_map(|(user, at)| Step::Join(user, at)),
        3 => (0usize..4, 0usize..2).prop_map(|(user, at)| Step::Gone(user, at)),
        4 => (0usize..4, 0usize..6).prop_map(|(user, act)| Step::Act(user, act)),
        1 => (1u64..200).prop_map(Step::Pass),
    ]
}

proptest! {
    /// Whoever comes leaves once, a screen that was shown is shown no longer at the end, and nothing stays.
    #[test]
    fn everybody_who_came_leaves(steps in proptest::collection::vec(step(), 0..60)) {
        let (mut huddles, mut out, mut at_s) = (Huddles::new(KeyedState::new(1, 2), RULES, limits()), Vec::new(), 0);
        create(&mut huddles, "ann", "h").expect("made");
        for step in steps {
            match step {
                Step::Join(user, device) => {
                    let name = UserId::from(USERS[user]);
                    drop(huddles.join(now(at_s), asking(&name, user * 2 + device), "h", true, false, &mut out));
                }
                Step::Gone(user, device) => huddles.leave(now(at_s), "h", socket(user * 2 + device), &mut out),
                Step::Act(user, act) => {
                    let act = match act {
                        0 => HuddleAct::Join,
                        1 => HuddleAct::Leave,
                        2 => HuddleAct::Screen { enabled: true },
                        3 => HuddleAct::Screen { enabled: false },
                        4 => HuddleAct::Invite { users: vec!["bob".into(), "cid".into()] },
                        _ => HuddleAct::Hand { raised: true },
                    };
                    let name = UserId::from(USERS[user]);
                    drop(huddles.act(now(at_s), asking(&name, user * 2), "h", act, false, &mut out));
                }
                Step::Pass(s) => {
                    at_s += s;
                    huddles.fire(now(at_s), 10, &mut out);
                }
            }
            huddles.invariants();
        }
        for at in 0..8 {
            huddles.leave(now(at_s), "h", socket(at), &mut out);
        }
        huddles.fire(now(at_s + 3_600), 10, &mut out);
        prop_assert_eq!((huddles.len(), huddles.by_user.len(), huddles.next_us()), (0, 0, None));
        prop_assert_eq!(count(&out, |event| *event == HuddleEvent::Ended), 1);
        let joined = count(&out, |event| matches!(event, HuddleEvent::Joined { .. }));
        prop_assert_eq!(count(&out, |event| matches!(event, HuddleEvent::Left(_))), joined);
        let shown = count(&out, |event| matches!(event, HuddleEvent::Screen { started: true, .. }));
        prop_assert_eq!(count(&out, |event| matches!(event, HuddleEvent::Screen { started: false, .. })), shown);
        let told_strangers = count(&out, |event| matches!(event, HuddleEvent::Joined { user, .. } if **user == *"stranger"));
        prop_assert_eq!(told_strangers, 0);
    }
}
