mod bounds;
mod forms;
mod mistakes;
mod page;
mod random;
mod values;

use super::*;

const LIMITS: ScriptLimits = ScriptLimits { name_bytes_max: 128, message_history_max: 1_000 };

#[track_caller]
fn parsed(text: &str) -> ChannelScript {
    parse(text, &LIMITS).unwrap_or_else(|error| panic!("{error} in\n{text}"))
}

/// The mistake of a script, as `line:column: message`.
#[track_caller]
fn mistake(text: &str) -> String {
    match parse(text, &LIMITS) {
        Ok(script) => panic!("{script:?} was read from\n{text}"),
        Err(error) => error.to_string(),
    }
}

/// Scripts, with `line:column` and text of what is wrong with them.
#[track_caller]
fn check(cases: &[(&str, &str, &str)]) {
    for (text, place, message) in cases {
        let expected = format!("{place}: {message}");
        assert_eq!(mistake(text), expected, "in\n{text}");
        // The kind of line, and a byte order mark, make no difference.
        assert_eq!(mistake(&text.replace('\n', "\r\n")), expected, "with CRLF in\n{text}");
        assert_eq!(mistake(&format!("\u{feff}{text}")), expected, "behind a byte order mark in\n{text}");
    }
}
