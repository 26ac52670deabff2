use super::*;
use crate::model::publication::Profile;

fn get(user: &str) -> ProfileCommand {
    ProfileCommand::Get { channel: ChannelName::of_user(user), user: user.into() }
}

fn update(user: &str, name: Option<&str>, status: Option<&str>) -> ProfileCommand {
    let (name, status) = (name.map(Into::into), status.map(Into::into));
    ProfileCommand::Update { channel: ChannelName::of_user(user), user: user.into(), name, status }
}

fn profile(reply: Reply) -> Profile {
    match reply {
        Reply::Profile(profile) => profile,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_connection_is_told_and_the_last() {
    let mut bench = Bench::new();
    let ann: Arc<str> = "ann".into();
    bench.subscribe(1, "bob", "user:ann");
    bench.home.user_connected(bench.now, &ann, Some("Ann".into()));
    bench.home.user_connected(bench.now, &ann, None);
    assert_eq!(bench.bodies(), [(1, Body::UserOnline)]);
    assert_eq!(bench.home.state().online_users, 1);
    let seen = profile(bench.execute(0, "bob", get("ann")));
    assert_eq!(seen, Profile { user: "ann".into(), name: Some("Ann".into()), status: None, online: true });
    bench.home.user_disconnected(bench.now, &ann);
    assert_eq!(bench.bodies(), []);
    bench.home.user_disconnected(bench.now, &ann);
    assert_eq!(bench.bodies(), [(1, Body::UserOffline)]);
    assert_eq!(
        profile(bench.execute(0, "bob", get("ann"))),
        Profile { online: false, ..seen },
        "it was seen"
    );
    assert_eq!(code(bench.execute(0, "bob", get("cy"))), FaultCode::NotFound, "never seen");
    bench.home.know_user(&"cy".into(), None);
    assert!(!profile(bench.execute(0, "bob", get("cy"))).online, "the operator knows it");
}

#[test]
fn being_online_opens_no_channel_that_keeps_nothing() {
    let mut bench = Bench::new();
    bench.home.user_connected(bench.now, &"ann".into(), None);
    bench.execute(0, "ann", update("ann", None, Some("away")));
    assert_eq!(bench.home.state().channels, 0);
    let mut keeping = Bench::with(Definitions::default(), Limits::default());
    keeping.home.user_connected(keeping.now, &"ann".into(), None);
    assert_eq!(keeping.home.state().history_publications, 1);
}

#[test]
fn a_user_changes_its_own_profile_and_an_admin_that_of_others() {
    let mut bench = Bench::new();
    bench.subscribe(1, "bob", "user:ann");
    assert_eq!(profile(bench.execute(0, "ann", get("ann"))).user, "ann", "the session's own user exists");
    let changed = profile(bench.execute(0, "ann", update("ann", Some("Ann"), None)));
    let expected = Profile { user: "ann".into(), name: Some("Ann".into()), status: None, online: false };
    assert_eq!(changed, expected);
    assert_eq!(bench.bodies(), [(1, Body::UserUpdated { profile: expected.clone() })]);
    assert_eq!(code(bench.execute(0, "bob", update("ann", Some("x"), None))), FaultCode::Forbidden);
    let changed = profile(bench.execute(0, "admin", update("ann", None, Some("away"))));
    assert_eq!(changed, Profile { status: Some("away".into()), ..expected });
    assert_eq!(profile(bench.execute(0, "bob", get("ann"))), changed);
    assert_eq!(code(bench.execute(0, "admin", update("nobody", Some("x"), None))), FaultCode::NotFound);
}

#[test]
fn profiles_and_their_fields_are_bounded() {
    let mut bench = Bench::with(definitions(), Limits { profiles_max: 1, ..Limits::default() });
    bench.execute(0, "ann", update("ann", Some("Ann"), None));
    assert_eq!(code(bench.execute(0, "bob", update("bob", Some("Bob"), None))), FaultCode::LimitExceeded);
    let (name, status) = ("x".repeat(257), "x".repeat(65));
    assert_eq!(code(bench.execute(0, "ann", update("ann", Some(&name), None))), FaultCode::InvalidRequest);
    assert_eq!(code(bench.execute(0, "ann", update("ann", None, Some(&status)))), FaultCode::InvalidRequest);
}
