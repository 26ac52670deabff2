//! The mistakes of values, each with its place and its text.

use super::*;

#[test]
fn of_values() {
    let boolean = "The argument 'active' must be true or false";
    let string = "The argument 'description' must be a string";
    let object = "The argument 'settings' must be an object in brackets";
    check(&[
        ("realtime_channel a { active = 1 }", "1:31", boolean),
        ("realtime_channel a { active = \"true\" }", "1:31", boolean),
        ("realtime_channel a { active = True }", "1:31", boolean),
        ("realtime_channel a { active = }", "1:31", boolean),
        ("realtime_channel a { active = {} }", "1:31", boolean),
        ("realtime_channel a { active =\n true }", "1:30", boolean),
        ("realtime_channel a { active = // c\n true }", "1:35", boolean),
        ("realtime_channel a { active =", "1:30", boolean),
        ("realtime_channel a { description = hello }", "1:36", string),
        ("realtime_channel a { description = 'hello' }", "1:36", "Unexpected character '\\''"),
        ("realtime_channel a { description = null }", "1:36", string),
        ("realtime_channel a { settings = true }", "1:33", object),
        ("realtime_channel a { settings =\n{} }", "1:32", object),
        (
            "realtime_channel a { public_messaging = true }",
            "1:41",
            "The argument 'public_messaging' must be an object in brackets",
        ),
    ]);
}

#[test]
fn of_numbers() {
    let integer = "The argument 'message_history' must be an integer, 0 or more";
    let above = "The argument 'message_history' must be at most 1000";
    let cases = [
        ("-1", integer),
        ("-0", integer),
        ("+1", integer),
        ("-", integer),
        ("1.0", integer),
        (".5", integer),
        ("1e9", integer),
        ("0x10", integer),
        ("1_000", integer),
        ("10messages", integer),
        ("NaN", integer),
        ("\"10\"", integer),
        ("true", integer),
        ("-9223372036854775808", integer),
        ("1001", above),
        ("1000000000", above),
        ("4294967296", above),
        ("9223372036854775808", above),
        ("340282366920938463463374607431768211456", above),
    ];
    for (number, expected) in cases {
        let text =
            format!("realtime_channel a {{ settings = {{\n message_history: {number}, presence: true }} }}");
        check(&[(&text, "2:19", expected)]);
    }
    check(&[(
        "realtime_channel a { settings = {\n message_history: ١ } }",
        "2:19",
        "Unexpected character '١'",
    )]);
}

#[test]
fn of_strings() {
    let escape = r#"Invalid escape in a string; there are \", \\, \/, \n, \r, \t and \uXXXX"#;
    check(&[
        ("realtime_channel \"a {}", "1:18", "Unterminated string"),
        ("realtime_channel a {\n  description = \"b\n}", "2:17", "Unterminated string"),
        ("realtime_channel a {\n  description = \"b\\\"\n}", "2:17", "Unterminated string"),
        ("realtime_channel a { description = \"", "1:36", "Unterminated string"),
    ]);
    for wrong in [
        r"\x41",
        r"\a",
        r"\0",
        r"\'",
        r"\u",
        r"\u00",
        r"\u00g0",
        r"\u+041",
        r"\u{41}",
        r"\ud83e",
        r"\udd80",
        r"\ud83e\u0041",
        r"\ud83ex",
        r"\ud83e\n",
        r"\é",
        "\\\n",
        r"\u00é0",
    ] {
        let text = format!("realtime_channel a {{\n  description = \"🦀é{wrong}\"\n}}");
        check(&[(&text, "2:20", escape)]);
    }
    check(&[("realtime_channel a { description = \"\\", "1:37", escape)]);
}
