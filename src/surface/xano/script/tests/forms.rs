//! Other forms that a script may have.

use super::*;

#[test]
fn an_empty_body_declares_the_defaults() {
    let bodies = ["{}", "{ }", "{\n}", "{\r\n\r\n}", "{ // nothing\n}", "{\n\n  // nothing\n\t\n}"];
    for body in bodies {
        assert_eq!(parsed(&format!("realtime_channel foo {body}")), ChannelScript::new("foo"), "{body:?}");
    }
    let foo = ChannelScript::new("foo");
    assert!(foo.active && foo.description.is_empty());
    assert_eq!(foo.public_messaging, Messaging { active: false, auth: false });
    assert_eq!(foo.settings, Settings::default());
}

#[test]
fn separators_are_commas_and_new_lines_in_any_mix() {
    let off = ChannelScript { active: false, description: "d".into(), ..ChannelScript::new("a") };
    for separator in [",", "\n", ", ", "\n\n\n", ",\n", "\n,", "\r\n", " , \r\n // c\n , ", ",,"] {
        for end in ["", ",", "\n", ",\n", " ,\n\n,"] {
            let text = format!("realtime_channel a {{active = false{separator}description = \"d\"{end}}}");
            assert_eq!(parsed(&text), off, "{text:?}");
            let messaging =
                format!("realtime_channel a {{public_messaging = {{auth:true{separator}active:true{end}}}}}");
            assert_eq!(
                parsed(&messaging).public_messaging,
                Messaging { active: true, auth: true },
                "{text:?}"
            );
        }
    }
}

#[test]
fn objects_may_be_empty_if_they_require_nothing() {
    let script = parsed("realtime_channel a { public_messaging = {}, private_messaging = {\n} }");
    assert_eq!(script, ChannelScript::new("a"));
}

#[test]
fn comments_stand_alone_or_behind_something_but_not_in_strings() {
    let text = r#"// before
    // realtime_channel "not me" {
realtime_channel "room:*" { // of a chat
  // "active = true
  description = "see http://a.example" // a URL
  active = false// and so on
  public_messaging = {// }
    active: true // on
  }
  // last
} // after
// the end"#;
    let script = parsed(text);
    assert_eq!((&*script.name, &*script.description), ("room:*", "see http://a.example"));
    assert!(!script.active && script.public_messaging.active);
    assert_eq!(parsed(&text.replace('\n', "\r\n")), script);
    assert_eq!(parsed(&format!("{text}\n\n")), script);
}

#[test]
fn keys_may_be_quoted() {
    let script = parsed(
        r#"realtime_channel a {"active" = false, "public_messaging" = {"active": true, "\u0061uth": true}}"#,
    );
    assert!(!script.active && script.public_messaging == Messaging { active: true, auth: true });
}

#[test]
fn spaces_are_free_within_a_line() {
    let script = parsed("\t realtime_channel\ta{active=false,public_messaging={active:true}}\t ");
    assert!(!script.active && script.public_messaging.active);
    let script = parsed("realtime_channel \"a\"{ active \t=  false }");
    assert!(!script.active);
    // A byte order mark, which editors of some systems put there.
    assert_eq!(parsed("\u{feff}realtime_channel a {}"), ChannelScript::new("a"));
}

#[test]
fn names_are_words_or_strings() {
    let names = [
        ("foo_1", "foo_1"),
        ("_", "_"),
        ("true", "true"),
        ("realtime_channel", "realtime_channel"),
        (r#""foo""#, "foo"),
        (r#""room:*""#, "room:*"),
        (r#""chat/lobby""#, "chat/lobby"),
        (r#""chat\/lobby/1""#, "chat/lobby/1"),
        (r#"" two words ""#, " two words "),
        (r#""say \"hi\" \\o/o""#, r#"say "hi" \o/o"#),
        (r#""größe 🦀 \u00e9 \ud83e\udd80""#, "größe 🦀 é 🦀"),
    ];
    for (written, name) in names {
        let text = format!("realtime_channel {written} {{}}");
        assert_eq!(parsed(&text).name, name);
        assert_eq!(parsed(&print(&ChannelScript::new(name))).name, name);
    }
    let longest = "é".repeat(64);
    assert_eq!(parsed(&format!("realtime_channel \"{longest}\" {{}}")).name, longest);
}

#[test]
fn strings_have_the_escapes_of_the_table_and_may_have_several_lines() {
    let description = |written: &str| {
        parsed(&format!("realtime_channel a {{ description = \"{written}\", active = false }}")).description
    };
    assert_eq!(description(""), "");
    assert_eq!(description(r#"\"\\\/\n\r\t\u0041\u00E9\u00e9"#), "\"\\/\n\r\tAéé");
    assert_eq!(description("one\n  two // three\r\nfour"), "one\n  two // three\r\nfour");
    assert_eq!(description("{ } , = : \u{0}"), "{ } , = : \u{0}");
}

#[test]
fn history_goes_up_to_its_limit() {
    let history = |written: &str| {
        let settings =
            "anonymous_clients: false, nested_channels: false, auth_channel: false, presence: false";
        let text =
            format!("realtime_channel a {{ settings = {{ message_history: {written}, {settings} }} }}");
        parsed(&text).settings.message_history
    };
    assert_eq!(history("0"), 0);
    assert_eq!(history("007"), 7);
    assert_eq!(history("1000"), 1_000);
    assert_eq!(history("25// messages\n"), 25);
}
