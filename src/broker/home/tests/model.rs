//! Random runs against the model. Beside every answer, what each core is pushed is checked: an edge core that
//! believes what it hears must know, whenever it is not congested, exactly what the model knows.

use super::predict::Model;
use super::*;
use crate::model::reply::ChannelReply;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const CORES: u16 = 3;
const USERS: [&str; 5] = ["ann", "bob", "admin", "@s", "?g"];
const CHANNELS: [&str; 8] =
    ["room:a", "room:b", "plain:p", "user:ann", "other", "r1:a", "r1:a/b", "r1:a/b/c"];
const DEFINED: [&str; 3] = ["a", "a/b", "a/b/c"];

#[derive(Clone, Debug)]
enum Step {
    Ask { core: u16, user: &'static str, channel: &'static str, ask: Ask },
    Unsubscribe { pick: usize },
    Connected { user: &'static str, connected: bool },
    Congested { core: u16, congested: bool },
    Define { name: &'static str, put: Option<(bool, bool, u32, bool)> },
    Work { steps: usize },
    Pass { ms: u64 },
    Sweep,
}

#[derive(Clone, Debug)]
enum Ask {
    Subscribe { recover: Option<(bool, u64)> },
    Publish { message: bool, size: usize, key: Option<u8> },
    Update { back: u64 },
    Delete { back: u64 },
    Get { back: u64 },
    List { number: u32, size: u32 },
    Members,
    History,
    CreateRoom,
    DeleteRoom,
}

fn ask() -> impl Strategy<Value = Ask> {
    let back = || 0..7_u64;
    prop_oneof![
        6 => prop::option::of((prop::bool::weighted(0.2), 0..9_u64)).prop_map(|recover| Ask::Subscribe { recover }),
        10 => (any::<bool>(), 0..500_usize, prop::option::weighted(0.3, 0..4_u8))
            .prop_map(|(message, size, key)| Ask::Publish { message, size, key }),
        3 => back().prop_map(|back| Ask::Update { back }),
        2 => back().prop_map(|back| Ask::Delete { back }),
        2 => back().prop_map(|back| Ask::Get { back }),
        2 => (1..3_u32, 1..4_u32).prop_map(|(number, size)| Ask::List { number, size }),
        1 => Just(Ask::Members),
        2 => Just(Ask::History),
        1 => Just(Ask::CreateRoom),
        1 => Just(Ask::DeleteRoom),
    ]
}

/// Active, nested, history, guests.
fn put() -> impl Strategy<Value = (bool, bool, u32, bool)> {
    let mostly = || prop::bool::weighted(0.8);
    (mostly(), mostly(), 0..5_u32, mostly())
}

fn step() -> impl Strategy<Value = Step> {
    use prop::sample::select;
    prop_oneof![
        20 => (0..CORES, select(&USERS[..]), select(&CHANNELS[..]), ask())
            .prop_map(|(core, user, channel, ask)| Step::Ask { core, user, channel, ask }),
        4 => any::<usize>().prop_map(|pick| Step::Unsubscribe { pick }),
        2 => (select(&USERS[..]), any::<bool>()).prop_map(|(user, connected)| Step::Connected { user, connected }),
        3 => (0..CORES, prop::bool::weighted(0.4))
            .prop_map(|(core, congested)| Step::Congested { core, congested }),
        6 => (select(&DEFINED[..]), prop::option::weighted(0.8, put())).prop_map(|(name, put)| Step::Define { name, put }),
        4 => (0..4_usize).prop_map(|steps| Step::Work { steps }),
        3 => prop_oneof![0..3_000_u64, 5_000..70_000_u64].prop_map(|ms| Step::Pass { ms }),
        2 => Just(Step::Sweep),
    ]
}

/// What an edge core knows of a channel that it has subscribers of.
#[derive(Default)]
struct View {
    offset: u64,
    members: BTreeSet<String>,
}

struct Run {
    bench: Bench,
    model: Model,
    views: BTreeMap<(u16, ChannelName), View>,
    /// Cores that have yet to be told that a channel is over.
    ending: BTreeSet<(u16, ChannelName)>,
}

impl Run {
    fn new() -> Self {
        let limits = Limits { idempotency_keys_max: 4, idempotency_ms_max: 5_000, ..Limits::default() };
        let model = Model::new(definitions(), limits.clone());
        Self {
            bench: Bench::with(definitions(), limits),
            model,
            views: BTreeMap::new(),
            ending: BTreeSet::new(),
        }
    }

    fn step(&mut self, step: Step) {
        let now = self.bench.now;
        match step {
            Step::Ask { core, user, channel, ask } => self.ask(core, user, name(channel), ask),
            Step::Unsubscribe { pick } => self.unsubscribe(pick),
            Step::Connected { user, connected: true } => {
                self.bench.home.user_connected(now, &user.into(), None);
                self.model.connected(now, user, true);
            }
            Step::Connected { user, connected: false } => {
                self.bench.home.user_disconnected(now, &user.into());
                self.model.connected(now, user, false);
            }
            Step::Congested { core, congested } => {
                let done = self.bench.home.set_congested(now, CoreId(core), congested);
                assert!(congested || done, "there are few channels");
                if congested {
                    self.model.congested.insert(core)
                } else {
                    self.model.congested.remove(&core)
                };
            }
            Step::Define { name, put } => {
                // The change before is settled first.
                while self.bench.home.work(&mut usize::MAX.clone()).is_some() {}
                self.bench.home.invariants();
                self.hear();
                let (change, over) = self.model.define(name, put);
                self.bench.home.change(1, Arc::new(change));
                self.bench.home.work(&mut 0);
                for heard in over {
                    self.views.remove(&heard).expect("it heard the channel");
                    assert!(self.ending.insert(heard), "one life ends before the next begins");
                }
            }
            Step::Work { steps } => {
                let mut left = steps;
                while self.bench.home.work(&mut left).is_some() {}
            }
            Step::Pass { ms } => {
                self.bench.pass(ms);
                self.model.age(self.bench.now);
            }
            Step::Sweep => {
                self.bench.home.sweep(now);
                self.model.sweep();
            }
        }
        self.bench.home.invariants();
        self.hear();
        self.agree();
    }

    fn ask(&mut self, core: u16, user: &str, channel: ChannelName, ask: Ask) {
        if user.starts_with('?') && channel.namespace() != "r1" {
            // Guests come to channels of realms only.
            return;
        }
        let at = self.model.channels.get(&channel).map(|channel| channel.at).unwrap_or_default();
        let back = |back| Position { offset: at.offset.saturating_sub(back), ..at };
        let command: CoreCommand = match ask {
            Ask::Subscribe { recover } => {
                let from = recover.map(|(other, behind)| Position {
                    epoch: at.epoch + u64::from(other),
                    offset: (at.offset + 1).saturating_sub(behind),
                });
                ChannelCommand::Subscribe {
                    channel: channel.clone(),
                    recover: from,
                    with: Attachments::default(),
                }
                .into()
            }
            Ask::Publish { message, size, key } => {
                let text = "x".repeat(size);
                let in_realm = user.starts_with(['@', '?']) && channel.namespace() == "r1";
                let body = if in_realm {
                    super::realm::said(&format!("\"{text}\""))
                } else if message {
                    chat(&text)
                } else {
                    data(&format!("\"{text}\""))
                };
                let idempotency_key = key.map(|key| key.to_string().into());
                ChannelCommand::Publish { channel: channel.clone(), body, idempotency_key }.into()
            }
            Ask::Update { back: by } => {
                let content = format!("{by} before {}", at.offset);
                MessageCommand::Update { channel: channel.clone(), message: back(by), content }.into()
            }
            Ask::Delete { back: by } => {
                MessageCommand::Delete { channel: channel.clone(), message: back(by) }.into()
            }
            Ask::Get { back: by } => {
                MessageCommand::Get { channel: channel.clone(), message: back(by) }.into()
            }
            Ask::List { number, size } => {
                MessageCommand::List { channel: channel.clone(), page: page(number, size) }.into()
            }
            Ask::Members => ChannelCommand::ListMembers { channel: channel.clone(), page: page(1, 2) }.into(),
            Ask::History => ChannelCommand::ListHistory { channel: channel.clone() }.into(),
            Ask::CreateRoom => {
                let (name, description) = ("n".into(), "d".into());
                RoomCommand::Create { channel: channel.clone(), name, description }.into()
            }
            Ask::DeleteRoom => RoomCommand::Delete { channel: channel.clone() }.into(),
        };
        let members = self.model.channels.get(&channel).map(|channel| channel.members()).unwrap_or_default();
        let predicted = self.model.answer(self.bench.now, core, user, command.clone());
        let answered = self.bench.execute(core, user, command);
        match (&answered, &predicted) {
            (Reply::Fault(answered), Reply::Fault(predicted)) => assert_eq!(answered.code, predicted.code),
            _ => assert_eq!(answered, predicted),
        }
        if let Reply::Channel(ChannelReply::Subscribed { position, .. }) = answered {
            let first = || View { offset: position.offset, members };
            self.views.entry((core, channel)).or_insert_with(first);
        }
    }

    fn unsubscribe(&mut self, pick: usize) {
        let all = self.model.channels.iter().flat_map(|(name, channel)| {
            channel.subscriptions.iter().map(move |(core, user)| (*core, user.clone(), name.clone()))
        });
        let all: Vec<_> = all.collect();
        if all.is_empty() {
            return;
        }
        let (core, user, name) = &all[pick % all.len()];
        self.drop_subscription(*core, user, name);
    }

    fn drop_subscription(&mut self, core: u16, user: &str, name: &ChannelName) {
        self.model.unsubscribe(core, user, name);
        self.bench.unsubscribe(core, user, name.as_str());
        let left = self.model.channels.get(name).into_iter().flat_map(|channel| &channel.subscriptions);
        if left.map(|(other, _)| *other).all(|other| other != core) {
            self.views.remove(&(core, name.clone()));
        }
    }

    /// Each core hears what it was pushed.
    fn hear(&mut self) {
        let mut guests = Vec::new();
        while let Some(HomeOutput::Push { to, channel: name, push }) = self.bench.home.pop_output() {
            match push {
                HomePush::Ended { guests: false, .. } => {
                    assert!(self.ending.remove(&(to.0, name)), "told once, and only of what is over");
                    continue;
                }
                HomePush::Ended { .. } => {
                    guests.push((to.0, name));
                    continue;
                }
                _ => {}
            }
            assert!(!self.model.congested.contains(&to.0), "nothing is pushed to a congested core");
            let channel = &self.model.channels[&name];
            let view =
                self.views.get_mut(&(to.0, name.clone())).expect("only cores with subscribers are told");
            let missed = channel.recover(Position { offset: view.offset, ..channel.at });
            match push {
                HomePush::Publication(bytes) => {
                    assert_eq!(Some(&bytes), channel.said.get(view.offset as usize), "no gap, no duplicate");
                    view.offset += 1;
                }
                HomePush::Heal(publications) => {
                    assert_eq!(missed, Recovery::Complete(publications.clone()));
                    assert_eq!(publications.len(), channel.said.len() - view.offset as usize);
                    view.offset = channel.at.offset;
                }
                HomePush::Lost(at) => {
                    assert!(matches!(missed, Recovery::Gap(_)), "lost only what cannot be healed");
                    assert_eq!(at, channel.at);
                    view.offset = at.offset;
                }
                HomePush::Joined { session, .. } => assert!(view.members.insert(session.member().to_owned())),
                HomePush::Left { session, .. } => assert!(view.members.remove(session.member())),
                HomePush::Whisper { .. } | HomePush::Ended { .. } | HomePush::NotFor { .. } => {
                    panic!("nobody whispers; told above; nobody has a group")
                }
            }
        }
        for (core, name) in guests {
            self.drop_guests(core, &name);
        }
    }

    /// An edge core sends its guests away.
    fn drop_guests(&mut self, core: u16, name: &ChannelName) {
        let guest = |(at, user): &&(u16, String)| *at == core && user.starts_with('?');
        while let Some((_, user)) = self
            .model
            .channels
            .get(name)
            .and_then(|channel| channel.subscriptions.iter().find(guest))
            .cloned()
        {
            self.drop_subscription(core, &user, name);
        }
        self.hear();
    }

    fn agree(&self) {
        let heard = self.views.iter().filter(|((core, _), _)| !self.model.congested.contains(core));
        for ((core, name), view) in heard {
            let channel = &self.model.channels[name];
            assert_eq!(view.offset, channel.at.offset, "core {core} knows all of {name:?}");
            if self.model.tells_presence(name) {
                assert_eq!(view.members, channel.members(), "core {core} knows who is in {name:?}");
            }
        }
        if !self.bench.home.has_work() {
            assert!(self.ending.is_empty(), "settled when everybody is told");
            assert_eq!(self.bench.home.state().channels, self.model.channels.len() as u64);
        }
    }
}

proptest! {
    #[test]
    fn the_home_side_does_what_the_model_predicts(steps in prop::collection::vec(step(), 0..120)) {
        let mut run = Run::new();
        for step in steps {
            run.step(step);
        }
    }
}
