//! A script that declares a channel, read and printed.

use super::Case;
use corecast::surface::xano::script::{ScriptLimits, parse, print};
use std::hint::black_box;

const LIMITS: ScriptLimits = ScriptLimits { name_bytes_max: 128, message_history_max: 1_000 };

const CHAT: &str = "realtime_channel chat {
  public_messaging = {active: true}
  private_messaging = {active: true}
  settings = {
    anonymous_clients: false
    nested_channels  : true
    message_history  : 100
    auth_channel     : true
    presence         : true
  }
}";

/// The chat room of the published page, both ways.
pub const CASES: &[Case] = &[
    Case { name: "parse", elements: CHAT.len() as u64, make: parsing },
    Case { name: "print", elements: CHAT.len() as u64, make: printing },
];

fn parsing() -> Box<dyn FnMut()> {
    Box::new(|| assert!(black_box(parse(black_box(CHAT), &LIMITS)).is_ok()))
}

fn printing() -> Box<dyn FnMut()> {
    let script = parse(CHAT, &LIMITS).expect("the page is right");
    assert_eq!(print(&script), CHAT);
    Box::new(move || {
        black_box(print(black_box(&script)));
    })
}
