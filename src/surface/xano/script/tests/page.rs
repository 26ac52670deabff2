//! The examples of the published page, as they stand there. They are canonical too.

use super::*;

const FOO: &str = "realtime_channel foo {
  public_messaging = {active: false}
  private_messaging = {active: false}
  settings = {
    anonymous_clients: false
    nested_channels  : false
    message_history  : 0
    auth_channel     : false
    presence         : false
  }
}";

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

const NOTIFICATIONS: &str = "realtime_channel notifications {
  public_messaging = {active: true}
  private_messaging = {active: false}
  settings = {
    anonymous_clients: false
    nested_channels  : false
    message_history  : 50
    auth_channel     : true
    presence         : false
  }
}";

const ANNOUNCEMENTS: &str = "realtime_channel announcements {
  public_messaging = {active: true}
  private_messaging = {active: false}
  settings = {
    anonymous_clients: true
    nested_channels  : false
    message_history  : 10
    auth_channel     : false
    presence         : false
  }
}";

const ON: Messaging = Messaging { active: true, auth: false };

#[track_caller]
fn check_both_ways(text: &str, expected: &ChannelScript) {
    assert_eq!(parsed(text), *expected);
    assert_eq!(print(expected), text);
}

#[test]
fn the_syntax() {
    check_both_ways(FOO, &ChannelScript::new("foo"));
}

#[test]
fn the_chat_room() {
    let settings = Settings {
        anonymous_clients: false,
        nested_channels: true,
        message_history: 100,
        auth_channel: true,
        presence: true,
    };
    let chat = ChannelScript::new("chat");
    check_both_ways(CHAT, &ChannelScript { public_messaging: ON, private_messaging: ON, settings, ..chat });
}

#[test]
fn the_notifications() {
    let settings = Settings { message_history: 50, auth_channel: true, ..Settings::default() };
    let notifications = ChannelScript::new("notifications");
    check_both_ways(NOTIFICATIONS, &ChannelScript { public_messaging: ON, settings, ..notifications });
}

#[test]
fn the_public_broadcast() {
    let settings = Settings { message_history: 10, anonymous_clients: true, ..Settings::default() };
    let announcements = ChannelScript::new("announcements");
    check_both_ways(ANNOUNCEMENTS, &ChannelScript { public_messaging: ON, settings, ..announcements });
}

#[test]
fn what_is_not_the_default_is_printed() {
    let script = ChannelScript {
        name: "room:*".into(),
        description: "Says \"hi\" from C:\\\nand\tbell \u{7}, é".into(),
        active: false,
        public_messaging: Messaging { active: false, auth: true },
        private_messaging: Messaging { active: true, auth: true },
        settings: Settings { presence: true, ..Settings::default() },
    };
    let expected = r#"realtime_channel "room:*" {
  description = "Says \"hi\" from C:\\\nand\tbell \u0007, é"
  active = false
  public_messaging = {active: false, auth: true}
  private_messaging = {active: true, auth: true}
  settings = {
    anonymous_clients: false
    nested_channels  : false
    message_history  : 0
    auth_channel     : false
    presence         : true
  }
}"#;
    check_both_ways(expected, &script);
}
