//! Any text as a frame of Skapi's socket: no panic, and what is passed on is JSON without a raw percent sign, which would lose
//! it at the library.

#![no_main]

use corecast::model::command::{Command, CoreCommand, RelayCommand};
use corecast::model::relay::{Handle, Relayed, RelayedWhat, Speaker, group_channel};
use corecast::model::reply::Push;
use corecast::model::session::{Scopes, Session};
use corecast::surface::Payload;
use corecast::surface::list::DIALECTS;
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fuzz_target!(|text: &str| {
    let dialect = DIALECTS[4];
    let session = Session::of("ada", Scopes::READ);
    let incoming = (dialect.decode)(Payload::Text(text), &session);
    let Ok(Command::Proven { command, .. }) = incoming.command else { return };
    let Command::Core(CoreCommand::Relay(command)) = *command else { return };
    let (group, what) = match command {
        RelayCommand::Join { group } => (group, RelayedWhat::Joined),
        RelayCommand::Broadcast { group, json, .. } => (group, RelayedWhat::Message(json)),
        RelayCommand::Tell { json, .. } => (group_channel("g"), RelayedWhat::Private(json)),
        RelayCommand::Signal { json, .. } => (group_channel("g"), RelayedWhat::Signal(json)),
        RelayCommand::ListMembers { .. } => panic!("no frame asks for a list"),
    };
    let relayed = Relayed { from: Speaker { user: "100%".into(), handle: Handle::LEAST }, what };
    let mut out = Vec::new();
    (dialect.encode_push)(&mut out, &group, Push::Relayed(&relayed));
    let frame = String::from_utf8(out).expect("UTF-8");
    assert!(!frame.contains('%'), "{frame}");
    serde_json::from_str::<Box<RawValue>>(&frame).expect("JSON");
});
