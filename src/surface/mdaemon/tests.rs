//! What the calls mean, in both forms.

use super::routes::{authenticate, messages, ping, query, rooms};
use super::*;
use crate::base::secret::Secret;
use crate::model::command::{Command, ConnectionCommand, LoginCommand, MeetingCommand, NodeCommand};
use crate::model::fault::{FaultCode, FaultPlace};
use crate::model::meeting::{Meeting, MeetingDraft, MeetingPage, MessagePage, SealedMessage, channel_of};
use crate::model::reply::{ChannelReply, ConnectionReply, LoginReply, MeetingReply, Reply};
use crate::protocol::http::Method;
use crate::surface::Endpoint;
use crate::surface::testing::{decode, shown, with_head};
use proptest::prelude::*;
use std::sync::Arc;

const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];
const FORM: [(&str, &str); 1] = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")];
const ALL: MessagePage = MessagePage { after: 0, count_max: 1_000 };

/// Both forms of one call.
fn both(
    path: &Endpoint,
    target: &str,
    in_query: &Endpoint,
    query: &str,
    fields: &[(&str, &str)],
    body: &str,
) -> Command {
    let command = decode(path, target, fields, body).expect(target);
    let again = decode(in_query, &format!("/WorldClientAPI?session=s&{query}"), fields, body).expect(query);
    assert_eq!(command, again, "{target} and {query}");
    command
}

fn fault(
    endpoint: &Endpoint,
    target: &str,
    fields: &[(&str, &str)],
    body: &str,
) -> (FaultCode, Option<FaultPlace>) {
    let fault = decode(endpoint, target, fields, body).expect_err(target);
    (fault.code, fault.place)
}

fn sealed(id: &str, salt: &str, data: &str) -> SealedMessage {
    SealedMessage { id: id.into(), salt: salt.into(), data: data.into(), from: "".into(), sent_ms: 0 }
}

#[test]
fn reading_in_both_forms() {
    let list = both(&rooms::LIST, "/WorldClientAPI/rtc/rooms", &query::GET, "route=rtc&rooms=1", &[], "");
    assert_eq!(list, NodeCommand::ListMeetings { page: MeetingPage { after: 0, count_max: 1_000 } }.into());
    let one = "/WorldClientAPI/rtc/rooms/r%201";
    let one = both(&rooms::GET, one, &query::GET, "route=rtc&rooms=1&id=r+1", &[], "");
    assert_eq!(one, MeetingCommand::Get { channel: channel_of("r 1"), page: ALL, record: true }.into());
    for name in ["id", "room_id"] {
        let query = format!("route=rtc&messages=1&{name}=r1&after=7&limit=2");
        let target = "/WorldClientAPI/rtc/messages/r1?after=7&limit=2";
        let found = both(&messages::GET, target, &query::GET, &query, &[], "");
        let page = MessagePage { after: 7, count_max: 2 };
        assert_eq!(found, MeetingCommand::Get { channel: channel_of("r1"), page, record: false }.into());
    }
    assert_eq!(
        both(&ping::GET, "/WorldClientAPI/ping", &query::GET, "route=ping", &[], ""),
        ConnectionCommand::Ping.into()
    );
}

#[test]
fn a_room_is_put_in_every_form_of_body() {
    let json = r#"{"id":"r1","started":"2025-01-01T00:00:00Z","ended":"","members":" Bob@x.example,, bob@X.example , c@x.example","messages":[{"id":"m1","salt":"s","data":"+/="},{"id":"m1","salt":"","data":"later"},{"id":"m2","data":"é\u0000"}],"more":1}"#;
    let expected: Command = MeetingCommand::Put {
        channel: channel_of("r1"),
        draft: Box::new(MeetingDraft {
            creates: true,
            started: Some("2025-01-01T00:00:00Z".into()),
            ended: Some("".into()),
            members: Some(vec!["Bob@x.example".into(), "c@x.example".into()]),
            messages: vec![sealed("m1", "", "later"), sealed("m2", "", "é\0")],
        }),
    }
    .into();
    let put = |fields: &[(&str, &str)], body: &str, more: &str| {
        let target = format!("/WorldClientAPI/rtc/rooms?{more}");
        both(&rooms::PUT, &target, &query::PUT, &format!("route=rtc&rooms=1&{more}"), fields, body)
    };
    assert_eq!(put(&JSON, json, ""), expected);
    assert_eq!(put(&[], json, ""), expected);
    assert_eq!(put(&FORM, &format!("\r\n {json}"), ""), expected, "what tools call it that were not told");
    let form: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("id", "r1")
        .append_pair("started", "2025-01-01T00:00:00Z")
        .append_pair("ended", "")
        .append_pair("members", "Bob@x.example,c@x.example")
        .append_pair("messages", r#"[{"id":"m1","salt":"","data":"later"},{"id":"m2","data":"é\u0000"}]"#)
        .finish();
    assert_eq!(put(&FORM, &form, ""), expected);
    use base64::Engine;
    for engine in
        [base64::engine::general_purpose::STANDARD, base64::engine::general_purpose::URL_SAFE_NO_PAD]
    {
        let packed = engine.encode(json);
        assert_eq!(put(&FORM, &format!("request={packed}"), ""), expected, "a plus that became a space too");
        assert_eq!(put(&[], "", &format!("request={packed}")), expected);
    }
}

#[test]
fn messages_are_added_and_things_deleted_in_both_forms() {
    let body = r#"{"data":[{"id":"m1","salt":"s","data":"d"}]}"#;
    for name in ["id", "room_id"] {
        let query = format!("route=rtc&messages=1&{name}=r1");
        let found = both(&messages::PUT, "/WorldClientAPI/rtc/messages/r1", &query::PUT, &query, &JSON, body);
        let draft = MeetingDraft { messages: vec![sealed("m1", "s", "d")], ..MeetingDraft::default() };
        assert_eq!(found, MeetingCommand::Put { channel: channel_of("r1"), draft: Box::new(draft) }.into());
        let cleared =
            both(&messages::DELETE, "/WorldClientAPI/rtc/messages/r1", &query::DELETE, &query, &[], "");
        assert_eq!(cleared, MeetingCommand::Clear { channel: channel_of("r1") }.into());
        let query = format!("route=rtc&rooms=1&{name}=r1");
        let deleted = both(&rooms::DELETE, "/WorldClientAPI/rtc/rooms/r1", &query::DELETE, &query, &[], "");
        assert_eq!(deleted, MeetingCommand::Delete { channel: channel_of("r1") }.into());
    }
}

#[test]
fn logging_in_and_out_in_both_forms() {
    let expected: Command =
        LoginCommand::LogIn { user: "a@x.example".into(), password: Secret::new("p&=") }.into();
    let basic = |fields: &[(&str, &str)], body: &str| {
        let path = decode(&authenticate::BASIC, "/WorldClientAPI/authenticate/basic", fields, body);
        let query = decode(&query::POST, "/WorldClientAPI?authenticate=Basic", fields, body);
        assert_eq!(path, query);
        path
    };
    let packed = "eyJ1c2VyIjoiYUB4LmV4YW1wbGUiLCJwYXNzd29yZCI6InAmPSJ9";
    for (fields, body) in [
        (&JSON[..], r#"{"user":"a@x.example","password":"p&="}"#.to_owned()),
        (&FORM, "user=a%40x.example&password=p%26%3D".to_owned()),
        (&FORM, format!("request={packed}")),
    ] {
        assert_eq!(basic(fields, &body), Ok(expected.clone()), "{body}");
    }
    let target = "/WorldClientAPI?authenticate=basic&user=a@x.example&password=p%26%3D";
    assert_eq!(decode(&query::POST, target, &[], ""), Ok(expected));
    for (body, name) in
        [("{\"user\":\"a\"}", "password"), ("{\"password\":\"a\",\"user\":\"\"}", "user"), ("", "user")]
    {
        let fault = basic(&JSON, body).expect_err(body);
        assert_eq!((fault.code, fault.place), (FaultCode::MissingField, Some(FaultPlace::Parameter(name))));
    }
    let out: Command = LoginCommand::LogOut { session: Secret::new("cs_1.2") }.into();
    for (target, fields, body) in [
        ("/WorldClientAPI/authenticate/logout?session=cs_1.2", &[][..], ""),
        ("/WorldClientAPI/authenticate/logout", &[("Authorization", "Bearer cs_1.2")], ""),
        ("/WorldClientAPI/authenticate/logout", &FORM, "session=cs_1.2"),
    ] {
        assert_eq!(decode(&authenticate::LOGOUT, target, fields, body), Ok(out.clone()), "{target}");
    }
    let target = "/WorldClientAPI?authenticate=Logout&session=cs_1.2";
    assert_eq!(decode(&query::POST, target, &[], ""), Ok(out));
    let nothing = fault(&authenticate::LOGOUT, "/WorldClientAPI/authenticate/logout", &[], "");
    assert_eq!(nothing, (FaultCode::InvalidRequest, None));
}

#[test]
fn what_does_not_fit_is_named() {
    let at = |name| Some(FaultPlace::Parameter(name));
    let missing = |name| (FaultCode::MissingField, at(name));
    let invalid = |name| (FaultCode::InvalidRequest, at(name));
    for (endpoint, query, expected) in [
        (&query::GET, "", missing("route")),
        (&query::GET, "route=folders", invalid("route")),
        (&query::GET, "route=rtc", missing("rooms")),
        (&query::GET, "route=rtc&rooms=2", invalid("rooms")),
        (&query::GET, "route=rtc&messages=yes", invalid("messages")),
        (&query::GET, "route=rtc&rooms=1&messages=1", invalid("messages")),
        (&query::GET, "route=rtc&messages=1", missing("room_id")),
        (&query::GET, "route=rtc&rooms=1&after=x", invalid("after")),
        (&query::GET, "route=rtc&rooms=1&limit=1001", invalid("limit")),
        (&query::GET, "route=rtc&rooms=1&id=r&after=-1", invalid("after")),
        (&query::DELETE, "route=rtc&rooms=1", missing("id")),
        (&query::DELETE, "route=rtc&messages=1&id=", missing("room_id")),
        (&query::PUT, "route=rtc&rooms=1", missing("id")),
        (&query::PUT, "route=rtc&messages=1&id=r", missing("data")),
        (&query::PUT, "route=rtc&rooms=1&request=%25", invalid("request")),
        (&query::POST, "", missing("authenticate")),
        (&query::POST, "authenticate=2FA", invalid("authenticate")),
    ] {
        assert_eq!(fault(endpoint, &format!("/WorldClientAPI?{query}"), &[], ""), expected, "{query}");
    }
    let put = |body| fault(&rooms::PUT, "/WorldClientAPI/rtc/rooms", &JSON, body);
    for (body, expected) in [
        (r#"{"id":1}"#, invalid("id")),
        (r#"{"id":"r","members":["a"]}"#, invalid("members")),
        (r#"{"id":"r","started":{}}"#, invalid("started")),
        (r#"{"id":"r","messages":{}}"#, invalid("messages")),
        (r#"{"id":"r","messages":[{"id":"m"}]}"#, invalid("messages")),
        (r#"{"id":"r","messages":[{"id":"m","data":7}]}"#, invalid("messages")),
        (r#"{"id":"r","id":"s"}"#, (FaultCode::InvalidRequest, None)),
        ("{", (FaultCode::InvalidSyntax, None)),
        ("[]", (FaultCode::InvalidRequest, None)),
    ] {
        assert_eq!(put(body), expected, "{body}");
    }
    let text = fault(&rooms::PUT, "/WorldClientAPI/rtc/rooms", &[("Content-Type", "text/plain")], "id=r");
    assert_eq!(text, (FaultCode::InvalidRequest, None));
}

#[test]
fn a_session_comes_from_the_header_the_query_or_a_form() {
    let found = |target: &str, fields: &[(&str, &str)], body: &str| {
        with_head(Method::Put, target, fields, |head| {
            credentials(head, body.as_bytes()).map(std::borrow::Cow::into_owned)
        })
    };
    let path = "/WorldClientAPI?session=one";
    assert_eq!(found(path, &[("Authorization", "Bearer two")], "").as_deref(), Some("two"));
    assert_eq!(found(path, &FORM, "session=three").as_deref(), Some("one"));
    assert_eq!(found("/WorldClientAPI", &FORM, "a=1&session=three").as_deref(), Some("three"));
    assert_eq!(found("/WorldClientAPI", &JSON, "session=three"), None);
    assert_eq!(found(path, &[("Authorization", "Basic eA==")], ""), None);
}

#[test]
fn answers_have_the_documented_shape() {
    let meeting = Arc::new(Meeting {
        id: "r1".into(),
        creator: "ada@x.example".into(),
        members: vec!["Bob@x.example".into(), "c@x.example".into()],
        started: "2025".into(),
        ended: "".into(),
        created_ms: 1,
        messages: 1,
        bytes: 0,
        first_place: 1,
        next_place: 2,
    });
    let page = |record, next| {
        Reply::Meeting(MeetingReply::One {
            meeting: meeting.clone(),
            record,
            messages: vec![sealed("m\"1", "s", "d\n"), sealed("m2", "", "")],
            next,
        })
    };
    let messages = r#""messages":[{"id":"m\"1","salt":"s","data":"d\n"},{"id":"m2","salt":"","data":""}]"#;
    let room =
        r#""id":"r1","started":"2025","ended":"","members":"Bob@x.example,c@x.example","hasMessages":true"#;
    for encode in [rooms::GET.encode, query::GET.encode] {
        assert_eq!(shown(&encode(&page(true, None))), (200, format!("{{{room},{messages}}}")));
        let items = vec![meeting.clone(), meeting.clone()];
        let list = Reply::Meeting(MeetingReply::Page { items, next: Some(3) });
        let expected = format!(r#"{{"rooms":[{{{room}}},{{{room}}}],"next":3}}"#);
        assert_eq!(shown(&encode(&list)), (200, expected));
        let list = Reply::Meeting(MeetingReply::Page { items: Vec::new(), next: None });
        assert_eq!(shown(&encode(&list)), (200, r#"{"rooms":[]}"#.into()));
    }
    for encode in [messages::GET.encode, query::GET.encode] {
        let expected = format!(r#"{{"room_id":"r1",{messages},"next":9}}"#);
        assert_eq!(shown(&encode(&page(false, Some(9)))), (200, expected));
    }
    for encode in [rooms::PUT.encode, messages::DELETE.encode, query::PUT.encode, authenticate::LOGOUT.encode]
    {
        assert_eq!(shown(&encode(&Reply::Done)), (200, r#"{"success":true}"#.into()));
        assert_eq!(encode(&Reply::Channel(ChannelReply::Whispered)).status, 500);
    }
    let session = Secret::new("cs_1.2");
    let reply = Reply::Login(LoginReply::LoggedIn {
        session,
        companion: "word".into(),
        user: "ada@x.example".into(),
    });
    for encode in [authenticate::BASIC.encode, query::POST.encode] {
        let expected = r#"{"authed":true,"session":"cs_1.2","csrf_token":"word","user":"ada@x.example","remembered":false}"#;
        assert_eq!(shown(&encode(&reply)), (200, expected.into()));
    }
    assert_eq!(
        shown(&(ping::GET.encode)(&Reply::Connection(ConnectionReply::Pong))),
        (200, r#"{"pong":true}"#.into())
    );
}

proptest! {
    #[test]
    fn arbitrary_requests_never_panic(
        query in "[ -\"$-~]{0,40}",
        named in prop::option::of("(id|room_id|data|request|messages|members)=[!-\"$-~]{0,20}"),
        body in prop::collection::vec(any::<u8>(), 0..80),
        kind in 0..3_usize,
    ) {
        let query: String = query.chars().filter(|c| !c.is_whitespace()).chain("&".chars()).collect();
        let target = format!("/WorldClientAPI?route=rtc&rooms=1&{query}{}", named.unwrap_or_default());
        let fields = [&JSON[..], &FORM, &[]][kind];
        let body = String::from_utf8_lossy(&body);
        for endpoint in [&query::GET, &query::PUT, &query::DELETE, &query::POST] {
            let _ = decode(endpoint, &target, fields, &body);
        }
    }

    #[test]
    fn what_is_packed_is_unpacked(json in any::<Vec<u8>>()) {
        use base64::Engine;
        use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
        for packed in [STANDARD.encode(&json), STANDARD_NO_PAD.encode(&json), URL_SAFE.encode(&json)] {
            prop_assert_eq!(body::unpacked(packed.as_str().into()), Ok(json.clone()));
            let loose = format!("\r\n{}\n", packed.replace('+', " "));
            prop_assert_eq!(body::unpacked(loose.into()), Ok(json.clone()));
        }
    }
}
