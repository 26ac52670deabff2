use super::*;
use crate::broker::rules::catalog::DefinitionChange;
use crate::model::definition::{DefinitionDraft, DefinitionRecord, Who};
use crate::model::reply::ChannelReply;

/// Everybody may do everything; the last two publications are kept.
pub fn open() -> ChannelDefinition {
    let history = HistoryBounds { count_max: 2, bytes_max: 0, age_ms_max: 0 };
    let presence = Presence::Sockets { told: true };
    let (subscribe, publish, whisper) = (Who::Everyone, Who::Everyone, Who::Everyone);
    ChannelDefinition { history, presence, subscribe, publish, whisper, ..ChannelDefinition::default() }
}

pub fn record(id: u64, name: &str, nested: bool, rules: ChannelDefinition) -> Arc<DefinitionRecord> {
    let (name, description, source) = (name.into(), "".into(), "".into());
    let draft = DefinitionDraft { name, description, active: true, nested, rules, source };
    Arc::new(DefinitionRecord { id, realm: 1, guid: "".into(), created_ms: 0, updated_ms: 0, draft })
}

fn inactive(record: &Arc<DefinitionRecord>) -> Arc<DefinitionRecord> {
    let mut record = DefinitionRecord::clone(record);
    record.draft.active = false;
    Arc::new(record)
}

fn with(record: &Arc<DefinitionRecord>, edit: impl FnOnce(&mut ChannelDefinition)) -> Arc<DefinitionRecord> {
    let mut record = DefinitionRecord::clone(record);
    edit(&mut record.draft.rules);
    Arc::new(record)
}

pub fn said(json: &str) -> Body {
    let sender = session("@s").client_info.as_ref().expect("of a realm").client.clone();
    Body::ClientMessage { sender, json: json.into(), authenticated: false }
}

fn only_authenticated(json: &str) -> Body {
    match said(json) {
        Body::ClientMessage { sender, json, .. } => Body::ClientMessage { sender, json, authenticated: true },
        other => other,
    }
}

impl Bench {
    /// Applies a change; says which cores were told of an end.
    pub fn change(
        &mut self,
        was: Option<&Arc<DefinitionRecord>>,
        is: Option<&Arc<DefinitionRecord>>,
    ) -> Vec<u16> {
        self.home.change(7, Arc::new(DefinitionChange { was: was.cloned(), is: is.cloned() }));
        self.home.invariants();
        let settled = self.home.work(&mut 1_000).expect("few channels");
        assert_eq!(settled.number, 7);
        self.home.invariants();
        settled.told.into_iter().map(|core| core.0).collect()
    }

    pub fn join(&mut self, core: u16, user: &str, channel: &str) -> Reply {
        let with = Attachments { history: true, members: true };
        self.execute(core, user, ChannelCommand::Subscribe { channel: name(channel), recover: None, with })
    }

    fn history(&mut self, user: &str, channel: &str) -> Vec<String> {
        match self.execute(0, user, ChannelCommand::ListHistory { channel: name(channel) }) {
            Reply::Channel(ChannelReply::History { publications, .. }) => said_jsons(&publications),
            other => panic!("{other:?}"),
        }
    }

    fn whisper(&mut self, user: &str, channel: &str, to: &str) -> Reply {
        self.execute(
            0,
            user,
            ChannelCommand::Whisper { channel: name(channel), to: to.into(), json: "1".into() },
        )
    }
}

fn said_jsons(publications: &[PublicationBytes]) -> Vec<String> {
    let json = |bytes| match read(bytes).body {
        Body::ClientMessage { json, .. } | Body::Event { json, .. } => json,
        other => panic!("{other:?}"),
    };
    publications.iter().map(json).collect()
}

fn ends(pushes: &[(u16, HomePush)]) -> Vec<(u16, FaultCode, bool)> {
    let end = |(core, push): &(u16, HomePush)| match push {
        HomePush::Ended { fault, guests } => Some((*core, fault.code, *guests)),
        _ => None,
    };
    pushes.iter().filter_map(end).collect()
}

#[test]
fn channels_of_a_realm_exist_as_they_are_defined() {
    let mut bench = Bench::new();
    assert_eq!(code(bench.join(1, "@s", "r1:chat")), FaultCode::NoSuchChannel);
    let chat = record(1, "chat", false, open());
    bench.change(None, Some(&chat));
    assert!(matches!(bench.join(1, "@s", "r1:chat"), Reply::Channel(ChannelReply::Subscribed { .. })));
    assert_eq!(code(bench.join(1, "@s", "r1:chat/a")), FaultCode::NoSuchChannel, "not nested");
    assert_eq!(code(bench.join(1, "@s", "r2:chat")), FaultCode::NoSuchChannel, "the other realm");
    assert_eq!(code(bench.join(1, "ann", "r1:chat")), FaultCode::NoSuchChannel, "no client_info");
    assert_eq!(code(bench.try_publish("@s", "r1:chat", data("1"), None)), FaultCode::NoSuchChannel, "closed");
    assert_eq!(code(bench.try_publish("@s", "r1:x", data("1"), None)), FaultCode::NoSuchChannel);
    let nested = record(1, "chat", true, open());
    assert_eq!(bench.change(Some(&chat), Some(&nested)), [0; 0], "nobody is concerned");
    assert!(matches!(bench.join(1, "@s", "r1:chat/a/b"), Reply::Channel(ChannelReply::Subscribed { .. })));
    let secret = inactive(&record(2, "chat/secret", false, open()));
    bench.change(None, Some(&secret));
    assert_eq!(code(bench.join(1, "@s", "r1:chat/secret")), FaultCode::NoSuchChannel, "the nearest decides");
    assert!(
        matches!(bench.join(1, "@s", "r1:chat/secret/a"), Reply::Channel(ChannelReply::Subscribed { .. })),
        "not nested itself"
    );
    assert_eq!(code(bench.join(1, "@s", "r1:cha")), FaultCode::NoSuchChannel);
    assert_eq!(code(bench.join(1, "@s", "r1:chatter")), FaultCode::NoSuchChannel);
}

#[test]
fn who_may_do_what_is_the_definitions_to_say() {
    let mut bench = Bench::new();
    let mut chat = record(1, "chat", false, open());
    bench.change(None, Some(&chat));
    for user in ["@s", "?g"] {
        bench.join(1, user, "r1:chat");
    }
    let mut rules = |bench: &mut Bench, edit: fn(&mut ChannelDefinition)| {
        let is = with(&chat, edit);
        bench.change(Some(&chat), Some(&is));
        chat = is;
    };
    let said_by = |bench: &mut Bench, user| bench.try_publish(user, "r1:chat", said("1"), None);
    for user in ["@s", "?g"] {
        assert!(matches!(said_by(&mut bench, user), Reply::Channel(ChannelReply::Published { .. })));
        assert_eq!(bench.whisper(user, "r1:chat", "@s"), Reply::Channel(ChannelReply::Whispered));
    }
    assert_eq!(code(said_by(&mut bench, "@other")), FaultCode::NotSubscribed);
    assert_eq!(code(bench.whisper("@other", "r1:chat", "@s")), FaultCode::NotSubscribed);
    assert_eq!(code(bench.whisper("@s", "r1:chat", "@other")), FaultCode::NoSuchMember);
    let authenticated =
        |bench: &mut Bench, user| bench.try_publish(user, "r1:chat", only_authenticated("1"), None);
    assert_eq!(code(authenticated(&mut bench, "?g")), FaultCode::GuestsMuted);
    assert!(matches!(authenticated(&mut bench, "@s"), Reply::Channel(ChannelReply::Published { .. })));
    rules(&mut bench, |rules| (rules.publish, rules.whisper) = (Who::Authenticated, Who::Authenticated));
    assert_eq!(code(said_by(&mut bench, "?g")), FaultCode::GuestsMuted);
    assert_eq!(code(bench.whisper("?g", "r1:chat", "@s")), FaultCode::GuestsMuted);
    assert!(matches!(said_by(&mut bench, "@s"), Reply::Channel(ChannelReply::Published { .. })));
    rules(&mut bench, |rules| (rules.publish, rules.whisper) = (Who::Nobody, Who::Nobody));
    assert_eq!(code(said_by(&mut bench, "@s")), FaultCode::MessagingOff);
    assert_eq!(code(bench.whisper("@s", "r1:chat", "?g")), FaultCode::MessagingOff);
    let event = || Body::Event { json: "2".into(), table: 0, row: 0 };
    assert!(matches!(
        bench.try_publish("admin", "r1:chat", event(), None),
        Reply::Channel(ChannelReply::Published { .. })
    ));
    assert_eq!(code(bench.try_publish("@s", "r1:chat", event(), None)), FaultCode::Forbidden);
    assert_eq!(code(bench.try_publish("admin", "r1:none", event(), None)), FaultCode::NoSuchChannel);
    rules(&mut bench, |rules| rules.subscribe = Who::Authenticated);
    assert_eq!(code(bench.join(1, "?h", "r1:chat")), FaultCode::GuestsRefused);
    assert!(matches!(bench.join(1, "@t", "r1:chat"), Reply::Channel(ChannelReply::Subscribed { .. })));
}

#[test]
fn history_has_exactly_the_last_and_guests_see_what_is_theirs() {
    let mut bench = Bench::new();
    let chat = record(1, "chat", true, open());
    bench.change(None, Some(&chat));
    bench.join(1, "@s", "r1:chat");
    bench.join(1, "?g", "r1:chat");
    bench.join(1, "@s", "r1:chat/a");
    let say = |bench: &mut Bench, body| bench.try_publish("@s", "r1:chat", body, None);
    for json in ["1", "2", "3"] {
        say(&mut bench, said(json));
    }
    assert_eq!(bench.history("@s", "r1:chat"), ["2", "3"]);
    assert_eq!(bench.history("@s", "r1:chat/a"), [""; 0], "its own");
    say(&mut bench, only_authenticated("4"));
    assert_eq!(bench.history("@s", "r1:chat"), ["3", "4"]);
    assert_eq!(bench.history("?g", "r1:chat"), ["3"]);
    let Reply::Channel(ChannelReply::Subscribed { history: Some(seen), .. }) = bench.join(1, "?h", "r1:chat")
    else {
        panic!()
    };
    assert_eq!(said_jsons(&seen), ["3"]);
    assert_eq!(
        code(bench.execute(0, "@x", ChannelCommand::ListHistory { channel: name("r1:chat") })),
        FaultCode::NotSubscribed
    );
    let longer = with(&chat, |rules| rules.history.count_max = 4);
    bench.change(Some(&chat), Some(&longer));
    for json in ["5", "6", "7"] {
        say(&mut bench, said(json));
    }
    assert_eq!(bench.history("@s", "r1:chat"), ["4", "5", "6", "7"]);
    let shorter = with(&chat, |rules| rules.history.count_max = 1);
    bench.change(Some(&longer), Some(&shorter));
    assert_eq!(bench.history("@s", "r1:chat"), ["7"], "at once");
    let none = with(&chat, |rules| rules.history.count_max = 0);
    bench.change(Some(&shorter), Some(&none));
    say(&mut bench, said("8"));
    assert_eq!(
        code(bench.execute(0, "@s", ChannelCommand::ListHistory { channel: name("r1:chat") })),
        FaultCode::Conflict
    );
    bench.change(Some(&none), Some(&chat));
    assert_eq!(bench.history("@s", "r1:chat"), [""; 0]);
    let at = say(&mut bench, said("9"));
    assert!(
        matches!(at, Reply::Channel(ChannelReply::Published { position: Position { offset: 9, .. }, .. })),
        "the order went on"
    );
    assert_eq!(bench.history("@s", "r1:chat"), ["9"]);
}

#[test]
fn a_name_that_is_defined_again_is_a_new_life() {
    let mut bench = Bench::new();
    let chat = record(1, "chat", false, open());
    bench.change(None, Some(&chat));
    let Reply::Channel(ChannelReply::Subscribed { position: first, .. }) = bench.join(1, "@s", "r1:chat")
    else {
        panic!()
    };
    bench.join(2, "?g", "r1:chat");
    bench.try_publish("@s", "r1:chat", said("1"), None);
    bench.pushes();
    assert_eq!(bench.change(Some(&chat), None), [1, 2]);
    let told = ends(&bench.pushes());
    assert_eq!(told, [(1, FaultCode::ChannelDeleted, false), (2, FaultCode::ChannelDeleted, false)]);
    assert_eq!(bench.home.state(), HomeState { published: 1, ..HomeState::default() });
    assert_eq!(code(bench.try_publish("@s", "r1:chat", said("2"), None)), FaultCode::NoSuchChannel);
    let again = record(2, "chat", false, open());
    bench.change(None, Some(&again));
    assert_eq!(code(bench.try_publish("@s", "r1:chat", said("2"), None)), FaultCode::NotSubscribed);
    // What comes late of the first life changes nothing.
    bench.unsubscribe(1, "@s", "r1:chat");
    let Reply::Channel(ChannelReply::Subscribed { position, history, members, .. }) =
        bench.join(3, "@t", "r1:chat")
    else {
        panic!()
    };
    assert!(position.epoch > first.epoch && position.offset == 0);
    assert_eq!((history, members), (Some(vec![]), Some(vec![session("@t")])));
    bench.unsubscribe(1, "@s", "r1:chat");
    bench.pushes();
    let off = inactive(&again);
    assert_eq!(bench.change(Some(&again), Some(&off)), [3], "switched off");
    bench.change(Some(&off), Some(&again));
    let Reply::Channel(ChannelReply::Subscribed { position: third, .. }) = bench.join(3, "@t", "r1:chat")
    else {
        panic!()
    };
    assert!(third.epoch > position.epoch);
    let renamed = record(2, "talk", false, open());
    assert_eq!(bench.change(Some(&again), Some(&renamed)), [3]);
    bench.change(Some(&renamed), Some(&again));
    assert_eq!(code(bench.try_publish("@t", "r1:chat", said("2"), None)), FaultCode::NotSubscribed);
}

#[test]
fn ending_takes_turns_and_a_name_can_begin_anew_before_its_end() {
    let mut bench = Bench::new();
    let (wide, chat) = (record(1, "chat", true, open()), record(2, "chat/a", true, open()));
    bench.change(None, Some(&wide));
    bench.change(None, Some(&chat));
    for n in 0..10 {
        bench.join(1, "@s", &format!("r1:chat/a/{n}"));
    }
    bench.pushes();
    bench.home.change(1, Arc::new(DefinitionChange { was: Some(chat.clone()), is: None }));
    bench.home.change(2, Arc::new(DefinitionChange { was: None, is: Some(chat) }));
    bench.home.invariants();
    assert_eq!(bench.home.work(&mut 3), None);
    assert_eq!(ends(&bench.pushes()).len(), 3);
    assert_eq!(code(bench.try_publish("@s", "r1:chat/a/9", said("1"), None)), FaultCode::NotSubscribed);
    let Reply::Channel(ChannelReply::Subscribed { members, .. }) = bench.join(2, "@t", "r1:chat/a/9") else {
        panic!()
    };
    assert_eq!(members, Some(vec![session("@t")]));
    let end = bench.home.pop_end();
    assert!(
        matches!(end, Some(HomeOutput::Push { to: CoreId(1), push: HomePush::Ended { .. }, .. })),
        "before"
    );
    assert!(matches!(bench.pushes().as_slice(), [(2, HomePush::Joined { .. })]));
    let settled = bench.home.work(&mut 100).expect("few are left");
    assert_eq!((settled.number, settled.told), (1, vec![CoreId(1)]));
    assert_eq!(ends(&bench.pushes()).len(), 6);
    assert_eq!(bench.home.state().channels, 1);
    let settled = bench.home.work(&mut 100).expect("one is left");
    assert_eq!((settled.number, settled.told), (2, vec![CoreId(2)]), "then the next change is in force");
    assert_eq!(bench.home.state().channels, 0);
    bench.home.invariants();
}

#[test]
fn a_definition_for_fewer_names_takes_them_over() {
    let mut bench = Bench::new();
    let chat = record(1, "chat", true, open());
    bench.change(None, Some(&chat));
    for channel in ["r1:chat", "r1:chat/a", "r1:chat/a/b", "r1:chat/c"] {
        bench.join(1, "@s", channel);
    }
    let own = record(2, "chat/a", false, open());
    bench.pushes();
    assert_eq!(bench.change(None, Some(&own)), [1]);
    assert_eq!(ends(&bench.pushes()).len(), 1, "chat/a alone");
    let nested = record(2, "chat/a", true, open());
    bench.change(Some(&own), Some(&nested));
    assert_eq!(ends(&bench.pushes()).len(), 1, "and what is below it");
    bench.join(1, "@s", "r1:chat/a/b");
    bench.pushes();
    bench.change(Some(&nested), None);
    assert_eq!(ends(&bench.pushes()).len(), 1);
    assert_eq!(bench.home.state().channels, 2);
    assert!(
        matches!(bench.join(1, "@s", "r1:chat/a/b"), Reply::Channel(ChannelReply::Subscribed { .. })),
        "of the wider one again"
    );
}

#[test]
fn presence_is_told_while_it_is_on() {
    let mut bench = Bench::new();
    let told = record(1, "chat", false, open());
    let silent = with(&told, |rules| rules.presence = Presence::Sockets { told: false });
    bench.change(None, Some(&silent));
    let Reply::Channel(ChannelReply::Subscribed { members: None, .. }) = bench.join(1, "@s", "r1:chat")
    else {
        panic!()
    };
    assert_eq!(bench.pushes(), []);
    bench.change(Some(&silent), Some(&told));
    assert_eq!(bench.pushes(), []);
    let Reply::Channel(ChannelReply::Subscribed { members: Some(members), .. }) =
        bench.join(1, "@t", "r1:chat")
    else {
        panic!()
    };
    assert_eq!(members, [session("@s"), session("@t")]);
    assert!(matches!(bench.pushes().as_slice(), [(1, HomePush::Joined { except: Some(_), .. })]));
    let Reply::Channel(ChannelReply::Subscribed { members: Some(_), .. }) = bench.join(1, "@t", "r1:chat")
    else {
        panic!()
    };
    assert_eq!(bench.pushes(), [], "a second time");
    bench.unsubscribe(1, "@t", "r1:chat");
    assert_eq!(bench.pushes(), [], "its first one stays");
    bench.change(Some(&told), Some(&silent));
    bench.unsubscribe(1, "@t", "r1:chat");
    assert_eq!(bench.pushes(), []);
}

#[test]
fn guests_are_sent_away_when_they_are_refused() {
    let mut bench = Bench::new();
    let chat = record(1, "chat", true, open());
    bench.change(None, Some(&chat));
    bench.join(1, "@s", "r1:chat");
    bench.join(2, "?g", "r1:chat/a");
    bench.pushes();
    let strict = with(&chat, |rules| rules.subscribe = Who::Authenticated);
    assert_eq!(bench.change(Some(&chat), Some(&strict)), [1, 2]);
    let refused = FaultCode::GuestsRefused;
    assert_eq!(ends(&bench.pushes()), [(1, refused, true), (2, refused, true)]);
    assert_eq!(bench.home.state().channels, 2, "the channels live on");
    bench.unsubscribe(2, "?g", "r1:chat/a");
    assert!(matches!(
        bench.try_publish("@s", "r1:chat", said("1"), None),
        Reply::Channel(ChannelReply::Published { .. })
    ));
}
