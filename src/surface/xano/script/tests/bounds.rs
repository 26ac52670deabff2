//! Long scripts: each is read in one walk, or refused in one. A walk that was
//! quadratic would go over a million times as many bytes: the tests would not end.

use super::*;

const LENGTH: usize = 1 << 20;

fn filled(piece: &str) -> String {
    piece.repeat(LENGTH / piece.len())
}

#[test]
fn a_long_space_between_anything() {
    for piece in [" ", "\t", "\n", "\r\n", " \n", "// comment\n", "//\n", "// é\r\n"] {
        let blank = filled(piece);
        let end = if piece.starts_with("//") { "\n" } else { "" };
        let text = format!("{blank}realtime_channel a {{{blank}active = false{end}{blank}}}{end}{blank}");
        assert!(!parsed(&text).active, "{piece:?}");
    }
    let comment = format!("// {}\nrealtime_channel a {{}}", filled("c"));
    assert_eq!(parsed(&comment), ChannelScript::new("a"));
    let commas = format!("realtime_channel a {{active = false{}}}", filled(","));
    assert!(!parsed(&commas).active);
}

#[test]
fn nothing_but_one_thing() {
    let cases = [
        (" ", "1:1048577: Expected 'realtime_channel'"),
        ("\n", "1048577:1: Expected 'realtime_channel'"),
        (",", "1:1: Expected 'realtime_channel'"),
        ("//", "1:1048577: Expected 'realtime_channel'"),
        ("// c\n ", "174763:2: Expected 'realtime_channel'"),
        ("{", "1:1: Expected 'realtime_channel'"),
        ("a", "1:1: Expected 'realtime_channel'"),
        ("\u{0}", "1:1: Unexpected character '\\0'"),
    ];
    for (piece, expected) in cases {
        assert_eq!(mistake(&filled(piece)), expected, "{piece:?}");
    }
    assert_eq!(mistake(&format!("\"{}", filled("é"))), "1:1: Unterminated string");
    assert_eq!(mistake(&filled("\\\"")), "1:1: Unexpected character '\\\\'");
}

#[test]
fn one_long_string() {
    for piece in ["a", "é", "\\n", "\\\"", "\\\\", "\\u0041", "\\ud83e\\udd80", "\n", "{", "//"] {
        let text = format!("realtime_channel a {{ description = \"{}\" }}", filled(piece));
        let description = parsed(&text).description;
        assert!(description.len() >= LENGTH / 12, "{piece:?}");
        assert_eq!(parsed(&print(&parsed(&text))).description, description, "{piece:?}");
    }
    let name = mistake(&format!("realtime_channel \"{}\" {{}}", filled("a")));
    assert_eq!(name, "1:18: The channel name is longer than 128 bytes");
}

#[test]
fn deep_brackets_and_long_words() {
    let deep = mistake(&format!("realtime_channel a {{ settings = {}", filled("{")));
    assert_eq!(deep, "1:34: Expected an argument or closing bracket");
    let deep = mistake(&format!("realtime_channel a {{ {}", filled("public_messaging = {")));
    assert_eq!(deep, "1:42: The argument 'public_messaging' is not valid in this context");
    let digits = format!("realtime_channel a {{ settings = {{ message_history: {} }} }}", filled("9"));
    assert_eq!(mistake(&digits), "1:52: The argument 'message_history' must be at most 1000");
    let key = mistake(&format!("realtime_channel a {{ {}: 1 }}", filled("k")));
    assert!(key.starts_with("1:22: The argument 'kkk") && key.len() < 200);
}

#[test]
fn every_beginning_of_a_script_is_refused() {
    let script = ChannelScript { description: "größe \"🦀\"".into(), ..ChannelScript::new("chat/lobby") };
    let text = print(&script);
    for (end, _) in text.char_indices() {
        let error = parse(&text[..end], &LIMITS).unwrap_err();
        assert!(error.line <= text[..end].matches('\n').count() + 1, "{error}");
    }
    assert_eq!(parsed(&text), script);
}
