//! The mistakes of what holds a script together, each with its place and its text.

use super::*;

const KEYWORD: &str = "Expected 'realtime_channel'";
const NAME: &str = "Expected a channel name: letters, digits and underscores, or a string";
const SEPARATOR: &str = "Expected a comma, a new line or closing bracket";
const ARGUMENT: &str = "Expected an argument or closing bracket";

#[test]
fn of_the_head() {
    check(&[
        ("", "1:1", KEYWORD),
        ("  \n // only this", "2:14", KEYWORD),
        ("table a {}", "1:1", KEYWORD),
        ("Realtime_channel a {}", "1:1", KEYWORD),
        ("realtime_channels a {}", "1:1", KEYWORD),
        ("\"realtime_channel\" a {}", "1:1", KEYWORD),
        (",,,", "1:1", KEYWORD),
        ("\n{\"name\": 1}", "2:1", KEYWORD),
        ("realtime_channel", "1:17", NAME),
        ("realtime_channel {}", "1:18", NAME),
        ("realtime_channel\na {}", "1:17", NAME),
        ("realtime_channel 1a {}", "1:18", NAME),
        ("realtime_channel é {}", "1:18", "Unexpected character 'é'"),
        ("realtime_channel a", "1:19", "Expected an opening bracket"),
        ("realtime_channel a\n{}", "1:19", "Expected an opening bracket"),
        ("realtime_channel a-b {}", "1:19", "Expected an opening bracket"),
        ("realtime_channel a b {}", "1:20", "Expected an opening bracket"),
        ("realtime_channel a = {}", "1:20", "Expected an opening bracket"),
        ("realtime_channel a/b {}", "1:19", "Unexpected character '/'"),
        ("realtime_channel a:* {}", "1:19", "Expected an opening bracket"),
        ("realtime_channel a [] ", "1:20", "Unexpected character '['"),
    ]);
}

#[test]
fn of_names() {
    let slash = "A slash in a channel name stands between two segments that are not empty";
    let control = "The channel name has a control character";
    check(&[
        ("realtime_channel \"\" {}", "1:18", "The channel name is empty"),
        ("realtime_channel \"/\" {}", "1:18", slash),
        ("realtime_channel \"/a\" {}", "1:18", slash),
        ("realtime_channel \"a/\" {}", "1:18", slash),
        ("realtime_channel \"a//b\" {}", "1:18", slash),
        ("realtime_channel \"a\\/\" {}", "1:18", slash),
        ("realtime_channel \"a\\nb\" {}", "1:18", control),
        ("realtime_channel \"a\nb\" {}", "1:18", control),
        ("realtime_channel \"a\tb\" {}", "1:18", control),
        ("realtime_channel \"a\\u0000b\" {}", "1:18", control),
        ("realtime_channel \"a\u{0}b\" {}", "1:18", control),
        ("realtime_channel \"\u{7f}\" {}", "1:18", control),
        ("realtime_channel \"\u{85}\" {}", "1:18", control),
    ]);
    let long = "The channel name is longer than 128 bytes";
    check(&[
        (&format!("realtime_channel {} {{}}", "a".repeat(129)), "1:18", long),
        (&format!("realtime_channel \"{}\" {{}}", "é".repeat(65)), "1:18", long),
    ]);
}

#[test]
fn of_brackets() {
    let after = "Unexpected text after the closing bracket";
    check(&[
        ("realtime_channel a {", "1:21", ARGUMENT),
        ("realtime_channel a {\n\n  ", "3:3", ARGUMENT),
        ("realtime_channel a {\n  active = true\n", "3:1", ARGUMENT),
        ("realtime_channel a { active = true", "1:35", SEPARATOR),
        ("realtime_channel a {{}}", "1:21", ARGUMENT),
        ("realtime_channel a {\n  public_messaging = {active: true\n}", "3:2", SEPARATOR),
        ("realtime_channel a {\n  public_messaging = {active: true}", "2:36", SEPARATOR),
        ("realtime_channel a {}}", "1:22", after),
        ("realtime_channel a {} b", "1:23", after),
        ("realtime_channel a {}\n\n// c\n ,", "4:2", after),
        ("realtime_channel a {}\nrealtime_channel b {}", "2:1", after),
        ("realtime_channel a {} \u{0}", "1:23", "Unexpected character '\\0'"),
    ]);
}

#[test]
fn of_separators() {
    check(&[
        ("realtime_channel a { active = true description = \"\" }", "1:36", SEPARATOR),
        ("realtime_channel a {\n  public_messaging = {active: true auth: true}\n}", "2:36", SEPARATOR),
        ("realtime_channel a {\n  public_messaging = {} private_messaging = {}\n}", "2:25", SEPARATOR),
        ("realtime_channel a { active = true = true }", "1:36", SEPARATOR),
        ("realtime_channel a { active = true; }", "1:35", "Unexpected character ';'"),
        ("realtime_channel a { , active = true }", "1:22", ARGUMENT),
        ("realtime_channel a {,}", "1:21", ARGUMENT),
        ("realtime_channel a { = true }", "1:22", ARGUMENT),
        ("realtime_channel a { 1 = true }", "1:22", ARGUMENT),
        // A carriage return alone is a space.
        ("realtime_channel a { active = true\rdescription = \"\" }", "1:36", SEPARATOR),
    ]);
}

#[test]
fn of_signs() {
    check(&[
        ("realtime_channel a { active: true }", "1:28", "Expected '=' after the argument 'active'"),
        ("realtime_channel a { active true }", "1:29", "Expected '=' after the argument 'active'"),
        ("realtime_channel a { active }", "1:29", "Expected '=' after the argument 'active'"),
        ("realtime_channel a { active\n= true }", "1:28", "Expected '=' after the argument 'active'"),
        ("realtime_channel a { settings: {} }", "1:30", "Expected '=' after the argument 'settings'"),
        (
            "realtime_channel a { public_messaging {} }",
            "1:39",
            "Expected '=' after the argument 'public_messaging'",
        ),
        (
            "realtime_channel a { public_messaging = {auth = true} }",
            "1:47",
            "Expected ':' after the argument 'auth'",
        ),
        ("realtime_channel a { active == true }", "1:30", "The argument 'active' must be true or false"),
    ]);
}

#[test]
fn of_unknown_and_repeated_arguments() {
    let unknown = |key: &str| format!("The argument '{key}' is not valid in this context");
    check(&[
        ("realtime_channel a {\n  activ = true\n}", "2:3", &unknown("activ")),
        ("realtime_channel a { Active = true }", "1:22", &unknown("Active")),
        ("realtime_channel a { presence = true }", "1:22", &unknown("presence")),
        ("realtime_channel a { public_messaging = {description: \"\"} }", "1:42", &unknown("description")),
        ("realtime_channel a { \"\" = 1 }", "1:22", &unknown("")),
        ("realtime_channel a { settings = {\n  \"histöry\" : 1\n} }", "2:3", &unknown("histöry")),
        ("realtime_channel a { active = true\nactive = true }", "2:1", "Duplicate argument 'active' found"),
        (
            "realtime_channel a { active = true, \"active\" = true }",
            "1:37",
            "Duplicate argument 'active' found",
        ),
        (
            "realtime_channel a { settings = { presence: true, presence: 1",
            "1:51",
            "Duplicate argument 'presence' found",
        ),
        (
            "realtime_channel a { private_messaging = {auth: true, auth: true} }",
            "1:55",
            "Duplicate argument 'auth' found",
        ),
        (
            "realtime_channel a { public_messaging = {}, public_messaging = {} }",
            "1:45",
            "Duplicate argument 'public_messaging' found",
        ),
    ]);
    let long = mistake(&format!("realtime_channel a {{ {} = 1 }}", "k".repeat(10_000)));
    assert_eq!(long, format!("1:22: {}", unknown(&format!("{}…", "k".repeat(64)))));
}

#[test]
fn of_missing_arguments() {
    let all = "anonymous_clients, nested_channels, message_history, auth_channel, presence";
    let missing = "The following required arguments are missing";
    check(&[
        ("realtime_channel a {\n  settings = {}\n}", "2:3", &format!("{missing}: {all}")),
        (
            "realtime_channel a {\n  settings = {presence: true, message_history: 1, anonymous_clients: true}\n}",
            "2:3",
            &format!("{missing}: nested_channels, auth_channel"),
        ),
        (
            "realtime_channel a { settings = {presence: true, message_history: 1, anonymous_clients: true\n\
             auth_channel: true} }",
            "1:22",
            "Missing required argument 'nested_channels'",
        ),
    ]);
}

#[test]
fn columns_count_characters() {
    check(&[
        (
            "realtime_channel \"größe🦀\" { activ = true }",
            "1:29",
            "The argument 'activ' is not valid in this context",
        ),
        (
            "// größe 🦀\nrealtime_channel a { description = \"e\u{301}é\n🦀🦀\", activ = true }",
            "3:6",
            "The argument 'activ' is not valid in this context",
        ),
        ("realtime_channel a {\u{a0}}", "1:21", "Unexpected character '\\u{a0}'"),
    ]);
}
