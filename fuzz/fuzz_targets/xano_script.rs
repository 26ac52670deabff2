//! Any text as a script, and as what stands in the brackets of one: no panic, a mistake is within the text, and what
//! is read is read again from what is printed of it.

#![no_main]

use corecast::surface::xano::script::{ScriptLimits, check_name, parse, print};
use libfuzzer_sys::fuzz_target;

const LIMITS: ScriptLimits = ScriptLimits { name_bytes_max: 20, message_history_max: 1_000 };

fn read(text: &str) {
    match parse(text, &LIMITS) {
        Ok(script) => {
            assert_eq!(check_name(&script.name, LIMITS.name_bytes_max), Ok(()));
            assert!(script.settings.message_history <= LIMITS.message_history_max);
            let printed = print(&script);
            assert_eq!(parse(&printed, &LIMITS).as_ref(), Ok(&script));
            assert!(printed.ends_with('}') && !printed.contains('\r'));
        }
        Err(error) => {
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            let line = text.split('\n').nth(error.line - 1).expect("the line is there");
            assert!((1..=line.chars().count() + 1).contains(&error.column), "{error}");
            assert!(!error.message.is_empty() && error.message.len() < 500);
        }
    }
}

fuzz_target!(|text: &str| {
    read(text);
    read(&format!("realtime_channel a {{{text}}}"));
    read(&format!("realtime_channel a {{ settings = {{{text}}} }}"));
});
