use super::*;
use crate::base::ids::CoreId;
use crate::model::relay::Handle;
use crate::model::relay::group_channel;
use crate::model::reply::RelayReply;
use crate::surface::testing::{decode, shown};
use std::ops::Bound;

fn asked(body: &str) -> Result<Command, Fault> {
    decode(&LIST, "/skapi/api/get-ws-group", &[], body)
}

fn query(body: &str) -> GroupQuery {
    match asked(body) {
        Ok(Command::Node(NodeCommand::ListConnectionGroups { query })) => GroupQuery::clone(&query),
        other => panic!("{body}: {other:?}"),
    }
}

fn speaker(user: &str) -> Speaker {
    Speaker { user: user.into(), handle: Handle::new(CoreId(0), [0, 7]) }
}

#[test]
fn what_is_not_said_has_its_usual_value() {
    let asked = query(r#"{"service":"us01x","owner":"o"}"#);
    assert_eq!(asked.slice, Slice { ascending: true, count_max: 50, label: "us01x".into() });
    let from = Bound::Excluded(group_channel(""));
    assert_eq!(asked.range, GroupRange::Names { from, to: Bound::Unbounded, except: None });
    assert_eq!(asked.after, None);
    let asked = query(r#"{"searchFor":"number_of_users","limit":1000,"ascending":false}"#);
    assert_eq!(asked.slice, Slice { ascending: false, count_max: 1_000, label: "".into() });
    assert_eq!(asked.range, GroupRange::Sizes { from: 1, to: u32::MAX, except: None });
}

#[test]
fn a_list_goes_on_after_its_key() {
    let asked = query(r#"{"searchFor":"group","startKey":{"rid":"g"}}"#);
    assert_eq!(asked.after, Some(GroupSize { size: 0, group: group_channel("g") }));
    let asked = query(r#"{"searchFor":"number_of_users","startKey":{"rid":"g","cnt":3}}"#);
    assert_eq!(asked.after, Some(GroupSize { size: 3, group: group_channel("g") }));
    assert_eq!(query(r#"{"startKey":"end"}"#).slice.count_max, 0);
    let body = r#"{"group":"g","user_id":"u","startKey":{"uid":"u","cid":"AAAAAAAAAAAAAAc="}}"#;
    let Ok(Command::Core(crate::model::command::CoreCommand::Relay(RelayCommand::ListMembers {
        group,
        query,
    }))) = super::tests::asked(body)
    else {
        panic!("members");
    };
    assert_eq!(
        (group, query.user.clone(), query.after.clone()),
        (group_channel("g"), Some("u".into()), Some(speaker("u")))
    );
}

#[test]
fn what_is_wrong_is_refused() {
    for body in [
        "",
        "[]",
        r#"{"service":1}"#,
        r#"{"service":"a#b"}"#,
        r#"{"limit":0}"#,
        r#"{"limit":1001}"#,
        r#"{"limit":1.5}"#,
        r#"{"limit":"5"}"#,
        r#"{"limit":null,"limit":1}"#,
        r#"{"ascending":"yes"}"#,
        r#"{"searchFor":"none"}"#,
        r#"{"searchFor":"group","value":1}"#,
        r#"{"searchFor":"group","value":"a","range":true}"#,
        r#"{"searchFor":"number_of_users","value":"1"}"#,
        r#"{"searchFor":"number_of_users","value":1,"range":true}"#,
        r#"{"condition":"=="}"#,
        r#"{"startKey":"g"}"#,
        r#"{"startKey":7}"#,
        r#"{"startKey":{}}"#,
        r#"{"startKey":{"rid":"a#b"}}"#,
        r#"{"startKey":{"rid":"g","cnt":3}}"#,
        r#"{"searchFor":"number_of_users","startKey":{"rid":"g"}}"#,
        r#"{"searchFor":"number_of_users","startKey":{"rid":"g","cnt":-1}}"#,
        r#"{"startKey":{"rid":"g","other":1}}"#,
        r#"{"searchFor":"group","value":"b","condition":"<","startKey":{"rid":"c"}}"#,
        r#"{"searchFor":"group","value":"b","condition":"!=","startKey":{"rid":"b"}}"#,
        r#"{"searchFor":"number_of_users","value":2,"condition":">","startKey":{"rid":"g","cnt":2}}"#,
        r#"{"group":"g","startKey":{"rid":"g"}}"#,
        r#"{"group":"g","startKey":{"uid":"u","cid":"x"}}"#,
        r#"{"group":"g","user_id":"u","startKey":{"uid":"v","cid":"AAAAAAAAAAAAAAc="}}"#,
        r#"{"group":"g","user_id":""}"#,
        r#"{"group":""}"#,
        r#"{"group":"a#b"}"#,
    ] {
        assert!(asked(body).is_err(), "{body}");
    }
}

#[test]
fn lists_are_those_of_the_notes() {
    let item = |name: &str, size| GroupSize { size, group: group_channel(name) };
    let list = |more, body: &str| {
        let items = vec![item("a", 2), item("b \"%\"", 1)];
        Reply::Relay(RelayReply::Groups(Box::new(GroupList { items, more, query: query(body) })))
    };
    let entries = r#"[{"rid":"us01x#a","cnt":2},{"rid":"us01x#b \"%\"","cnt":1}]"#;
    for (more, body, rest) in [
        (false, r#"{"service":"us01x"}"#, r#""startKey":"end","endOfList":true"#),
        (true, r#"{"service":"us01x"}"#, r#""startKey":{"rid":"b \"%\""},"endOfList":false"#),
        (
            true,
            r#"{"service":"us01x","searchFor":"number_of_users"}"#,
            r#""startKey":{"rid":"b \"%\"","cnt":1},"endOfList":false"#,
        ),
    ] {
        let wanted = format!(r#"{{"list":{entries},{rest}}}"#);
        assert_eq!(shown(&(LIST.encode)(&list(more, body))), (200, wanted));
    }
    let slice = Slice { ascending: true, count_max: 1, label: "us01x".into() };
    let members = |more| MemberList {
        items: vec![speaker("u-1")],
        more,
        query: MemberQuery { user: None, after: None, slice: slice.clone() },
    };
    let entry = r#"{"uid":"us01x#u-1","cid":"AAAAAAAAAAAAAAc="}"#;
    let wanted =
        format!(r#"{{"list":[{entry}],"startKey":{},"endOfList":false}}"#, entry.replace("us01x#", ""));
    assert_eq!(
        shown(&(LIST.encode)(&Reply::Relay(RelayReply::Members(members(true).into())))),
        (200, wanted)
    );
    let wanted = format!(r#"{{"list":[{entry}],"startKey":"end","endOfList":true}}"#);
    assert_eq!(
        shown(&(LIST.encode)(&Reply::Relay(RelayReply::Members(members(false).into())))),
        (200, wanted)
    );
    assert_eq!((LIST.encode)(&Reply::Done).status, 500);
}
