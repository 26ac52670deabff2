use super::*;
use crate::model::command::{Command, CoreCommand, DefinitionCommand, Page};
use crate::model::definition::{DefinitionFilter, DefinitionRecord, Who};
use crate::model::fault::{Fault, FaultCode, FaultPlace};
use crate::model::reply::{ConnectionReply, DefinitionReply};
use crate::surface::testing::{decode, shown};
use crate::surface::xano::definition;
use crate::surface::xano::script::ChannelScript;
use std::sync::Arc;

const LIST_PATH: &str = "/workspace/7/realtime/channel";
const ONE_PATH: &str = "/workspace/7/realtime/channel/12";
const SCRIPT: [(&str, &str); 1] = [("Content-Type", "text/x-xanoscript")];

fn created(script: &str) -> Result<Command, Fault> {
    decode(&CREATE, LIST_PATH, &SCRIPT, script)
}

fn record() -> Arc<DefinitionRecord> {
    Arc::new(DefinitionRecord {
        id: 1,
        realm: 7,
        guid: "YE1fwVhQ".into(),
        created_ms: 1_735_689_600_000,
        updated_ms: 1_735_693_261_500,
        draft: definition::draft(&ChannelScript::new("foo"), "realtime_channel foo {\n}"),
    })
}

const SHAPE: &str = concat!(
    r#"{"id":1,"name":"foo","description":"","active":true,"guid":"YE1fwVhQ","#,
    r#""created_at":"2025-01-01 00:00:00+0000","updated_at":"2025-01-01 01:01:01+0000""#
);

fn with_source() -> String {
    format!(r#"{SHAPE},"xanoscript":{{"status":"ok","value":"realtime_channel foo {{\n}}","message":""}}}}"#)
}

#[test]
fn a_script_becomes_a_definition() {
    let source = "// ours\nrealtime_channel \"chat/lobby\" { public_messaging = {active: true} }\n";
    let Ok(Command::Core(CoreCommand::Definition(DefinitionCommand::Create { realm: 7, draft }))) =
        created(source)
    else {
        panic!("a create")
    };
    assert_eq!((&*draft.name, &*draft.source), ("chat/lobby", source));
    assert_eq!(draft.rules.publish, Who::Everyone);
    let update = decode(&UPDATE, ONE_PATH, &[("content-type", "Text/X-XanoScript; charset=utf-8")], source);
    assert_eq!(update, Ok(DefinitionCommand::Update { realm: 7, id: 12, draft }.into()));
}

#[test]
fn ids_select_what_is_read_and_deleted() {
    assert_eq!(decode(&GET, ONE_PATH, &[], ""), Ok(DefinitionCommand::Get { realm: 7, id: 12 }.into()));
    assert_eq!(decode(&DELETE, ONE_PATH, &[], ""), Ok(DefinitionCommand::Delete { realm: 7, id: 12 }.into()));
    for target in [
        "/workspace/7/realtime/channel/x",
        "/workspace/7/realtime/channel/-1",
        "/workspace/7/realtime/channel/0",
        "/workspace/x/realtime/channel/12",
        "/workspace/0/realtime/channel/12",
        "/workspace/7/realtime/channel/18446744073709551616",
    ] {
        for endpoint in [&GET, &UPDATE, &DELETE] {
            let fault = decode(endpoint, target, &SCRIPT, "realtime_channel a {}").expect_err(target);
            assert_eq!(fault.code, FaultCode::NotFound, "{target}");
        }
    }
}

#[test]
fn a_listing_has_the_published_defaults() {
    let filter = DefinitionFilter { search: "".into(), descending: true };
    let page = Page { number: 1, size: 50 };
    let list = |target| decode(&LIST, target, &[], "");
    assert_eq!(
        list(LIST_PATH),
        Ok(DefinitionCommand::List { realm: 7, filter, page, with_source: false }.into())
    );
    let fault = list("/workspace/7/realtime/channel?per_page=0").expect_err("0");
    assert_eq!(fault.place, Some(FaultPlace::Parameter("per_page")));
}

#[test]
fn what_is_no_script_is_refused_at_its_place() {
    let at = |line, column| Some(FaultPlace::Text { line, column });
    for (script, place) in [
        ("", at(1, 1)),
        ("realtime_channel foo {\n  colour = 1\n}", at(2, 3)),
        ("realtime_channel foo {\n", at(2, 1)),
        ("realtime_channel \"a//b\" {}", at(1, 18)),
    ] {
        let fault = created(script).expect_err(script);
        assert_eq!(
            (fault.code, fault.place),
            (FaultCode::InvalidSyntax, place),
            "{script}: {}",
            fault.message
        );
    }
    for fields in
        [&[][..], &[("Content-Type", "application/json")], &[("Content-Type", "text/x-xanoscriptx")]]
    {
        let fault = decode(&CREATE, LIST_PATH, fields, "realtime_channel a {}").expect_err("no script");
        assert_eq!(fault.code, FaultCode::InvalidRequest);
        assert_eq!(fault.place, Some(FaultPlace::Parameter("Content-Type")));
    }
}

#[test]
fn names_and_scripts_are_bounded() {
    let named = |bytes: usize| created(&format!("realtime_channel {} {{}}", "a".repeat(bytes)));
    assert!(named(125).is_ok());
    assert_eq!(named(126).expect_err("too long").code, FaultCode::InvalidSyntax);
    let long = format!("realtime_channel a {{}}{}", "\n".repeat(1 << 20));
    assert_eq!(created(&long).expect_err("too long").code, FaultCode::TooLarge);
    let history = |count: &str| {
        let rest = "anonymous_clients: false, nested_channels: false, auth_channel: false, presence: false";
        created(&format!("realtime_channel a {{ settings = {{ message_history: {count}, {rest} }} }}"))
    };
    assert!(history("0").is_ok());
    for bad in ["-1", "9223372036854775808", "1000000000"] {
        assert_eq!(history(bad).expect_err(bad).code, FaultCode::InvalidSyntax);
    }
}

#[test]
fn answers_have_the_published_shape() {
    for endpoint in [&CREATE, &GET, &UPDATE] {
        assert_eq!(
            shown(&(endpoint.encode)(&Reply::Definition(DefinitionReply::One(record())))),
            (200, with_source())
        );
    }
    assert_eq!(shown(&(DELETE.encode)(&Reply::Definition(DefinitionReply::Deleted))), (200, "{}".into()));
    for endpoint in [&LIST, &CREATE, &GET, &UPDATE, &DELETE] {
        assert_eq!(
            (endpoint.encode)(&Reply::Connection(ConnectionReply::Pong)).status,
            500,
            "{:?}",
            endpoint.method
        );
    }
}

#[test]
fn a_page_says_where_it_stands() {
    let list = |count: usize, number, size, total, with_source| {
        let (items, page) = (vec![record(); count], Page { number, size });
        shown(&(LIST.encode)(&Reply::Definition(DefinitionReply::Page { items, page, total, with_source }))).1
    };
    let head = |received, page, next: &str, prev: &str, offset: u64, size| {
        format!(
            r#"{{"itemsReceived":{received},"curPage":{page},"nextPage":{next},"prevPage":{prev},"offset":{offset},"perPage":{size},"items":["#
        )
    };
    assert_eq!(list(0, 1, 50, 0, false), head(0, 1, "null", "null", 0, 50) + "]}");
    assert_eq!(list(1, 1, 50, 1, false), format!("{}{SHAPE}}}]}}", head(1, 1, "null", "null", 0, 50)));
    assert_eq!(list(1, 1, 1, 2, true), format!("{}{}]}}", head(1, 1, "2", "null", 0, 1), with_source()));
    assert_eq!(list(1, 2, 1, 3, false), format!("{}{SHAPE}}}]}}", head(1, 2, "3", "1", 1, 1)));
    assert_eq!(list(1, 3, 1, 3, false), format!("{}{SHAPE}}}]}}", head(1, 3, "null", "2", 2, 1)));
    // Beyond the end there is nothing, and no next page to walk to.
    assert_eq!(list(0, 9, 50, 3, false), head(0, 9, "null", "8", 400, 50) + "]}");
    let last = u32::MAX;
    assert_eq!(
        list(0, last, 10_000, u64::MAX, false),
        head(0, last, "null", "4294967294", 42_949_672_940_000, 10_000) + "]}"
    );
}
