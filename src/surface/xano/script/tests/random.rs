//! Whatever is declared, however it is written down, whatever arrives instead.

use super::*;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Any text, quotes, backslashes and what ends lines more often than chance has them.
fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => any::<char>(),
        3 => select(vec!['"', '\\', '/', '*', ' ', '\n', '\r', '\t', '\0', '\u{85}', '\u{2028}', '{', '}', ',']),
        3 => proptest::char::range('a', 'z'),
    ];
    proptest::collection::vec(character, 0..20).prop_map(String::from_iter)
}

fn name() -> impl Strategy<Value = String> {
    let quoted = text().prop_filter_map("the rules of names", |name| {
        let name: String = name.chars().filter(|character| !character.is_control()).collect();
        let segments: Vec<&str> = name.split('/').filter(|segment| !segment.is_empty()).collect();
        let name = segments.join("/");
        check_name(&name, LIMITS.name_bytes_max).is_ok().then_some(name)
    });
    prop_oneof![2 => quoted, 1 => "[A-Za-z_][A-Za-z0-9_]{0,20}"]
}

prop_compose! {
    fn messaging()(active: bool, auth: bool) -> Messaging {
        Messaging { active, auth }
    }
}

prop_compose! {
    fn settings()(flags: [bool; 4], message_history in 0..=LIMITS.message_history_max) -> Settings {
        let [anonymous_clients, nested_channels, auth_channel, presence] = flags;
        Settings { anonymous_clients, nested_channels, message_history, auth_channel, presence }
    }
}

prop_compose! {
    fn script()(
        name in name(),
        description in text(),
        active: bool,
        public_messaging in messaging(),
        private_messaging in messaging(),
        settings in settings(),
    ) -> ChannelScript {
        ChannelScript { name, description, active, public_messaging, private_messaging, settings }
    }
}

/// Choices of a writer, made one after the other.
struct Writer<'a> {
    choices: std::iter::Cycle<std::slice::Iter<'a, Index>>,
}

impl Writer<'_> {
    fn choose<'c>(&mut self, from: &[&'c str]) -> &'c str {
        self.choices.next().map_or(from[0], |choice| from[choice.index(from.len())])
    }

    fn blank(&mut self) -> &'static str {
        self.choose(&["", " ", "\t", "   ", "\r"])
    }

    fn lines(&mut self) -> &'static str {
        self.choose(&["", "\n", "\r\n", "\n\n \n", " // a \"comment\" { \n", "\n// two\r\n// lines, é\n"])
    }

    fn separator(&mut self) -> &'static str {
        self.choose(&[",", "\n", "\r\n", " ,\n", "\n,", "// c\n", ", // c\r\n\n", "\n\n\n"])
    }

    fn key(&mut self, key: &str) -> String {
        if self.choose(&["", "quoted"]).is_empty() { key.to_owned() } else { format!("\"{key}\"") }
    }

    /// Anything as a string: as it is or as escapes, where both can be.
    fn string(&mut self, value: &str) -> String {
        let mut out = String::from("\"");
        for character in value.chars() {
            let mut units = [0; 2];
            let escaped: String =
                character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04X}")).collect();
            match character {
                '"' | '\\' => out.push_str(self.choose(&[&format!("\\{character}"), &escaped])),
                _ => out.push_str(self.choose(&[&character.to_string(), &escaped])),
            }
        }
        out + "\""
    }

    fn object(&mut self, sign: &str, mut arguments: Vec<(&str, String)>) -> String {
        let mut out = format!("{{{}{}", self.lines(), self.blank());
        while !arguments.is_empty() {
            let next = self.choices.next().map_or(0, |choice| choice.index(arguments.len()));
            let (key, value) = arguments.swap_remove(next);
            let (key, before, after) = (self.key(key), self.blank(), self.blank());
            let end = if arguments.is_empty() { self.lines() } else { self.separator() };
            out += &format!("{key}{before}{sign}{after}{value}{end}{}", self.blank());
        }
        out + self.choose(&["}", " }", "\n}"])
    }

    fn messaging(&mut self, messaging: Messaging) -> String {
        let mut arguments = Vec::new();
        for (key, value) in [("active", messaging.active), ("auth", messaging.auth)] {
            if value || self.choose(&["", "said"]) == "said" {
                arguments.push((key, value.to_string()));
            }
        }
        self.object(":", arguments)
    }

    fn settings(&mut self, settings: &Settings) -> String {
        let arguments = vec![
            ("anonymous_clients", settings.anonymous_clients.to_string()),
            ("nested_channels", settings.nested_channels.to_string()),
            ("message_history", settings.message_history.to_string()),
            ("auth_channel", settings.auth_channel.to_string()),
            ("presence", settings.presence.to_string()),
        ];
        self.object(":", arguments)
    }

    /// The script in some form. What is the default may be left out.
    fn script(&mut self, script: &ChannelScript) -> String {
        let default = ChannelScript::new(&*script.name);
        let description = self.string(&script.description);
        let public_messaging = self.messaging(script.public_messaging);
        let private_messaging = self.messaging(script.private_messaging);
        let settings = self.settings(&script.settings);
        let all = [
            ("description", description, script.description == default.description),
            ("active", script.active.to_string(), script.active == default.active),
            ("public_messaging", public_messaging, script.public_messaging == default.public_messaging),
            ("private_messaging", private_messaging, script.private_messaging == default.private_messaging),
            ("settings", settings, script.settings == default.settings),
        ];
        let said = |(key, value, is_default): (_, String, bool)| {
            let left_out = is_default && self.choose(&["", "said"]).is_empty();
            if left_out { None } else { Some((key, value)) }
        };
        let arguments = all.into_iter().filter_map(said).collect();
        let body = self.object("=", arguments);
        let name = self.string(&script.name);
        format!("{}realtime_channel {name}{}{body}{}", self.lines(), self.blank(), self.lines())
    }
}

/// Pieces of scripts in any order, so that a random text gets beyond its first word.
fn nonsense() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => select(vec![
            "realtime_channel a {", "\n", "}", "{", ",", "=", ":", "\"", "\\", "//", " ", "\r\n", "active = true",
            "public_messaging = {", "settings = {", "auth: true", "presence: false", "message_history: 10", "-1",
            "\"a\"", "é", "🦀",
        ]).prop_map(str::to_owned),
        1 => text(),
    ];
    let pieces = proptest::collection::vec(piece, 0..30);
    (any::<bool>(), pieces).prop_map(|(head, pieces)| {
        let head = if head { "realtime_channel \"é\" {" } else { "" };
        format!("{head}{}", pieces.concat())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_printed_is_read(script in script()) {
        prop_assert_eq!(parse(&print(&script), &LIMITS), Ok(script));
    }

    #[test]
    fn form_does_not_matter(
        script in script(),
        choices in proptest::collection::vec(any::<Index>(), 1..60),
    ) {
        let text = Writer { choices: choices.iter().cycle() }.script(&script);
        let read = parse(&text, &LIMITS);
        prop_assert_eq!(read.as_ref(), Ok(&script), "{}", text);
        prop_assert_eq!(print(&script), print(&parse(&text, &LIMITS).unwrap()));
    }

    #[test]
    fn anything_is_read_or_refused_within_its_text(text in prop_oneof![nonsense(), any::<String>()]) {
        match parse(&text, &LIMITS) {
            Ok(script) => prop_assert_eq!(parse(&print(&script), &LIMITS), Ok(script)),
            Err(error) => {
                let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
                let line = text.split('\n').nth(error.line - 1);
                let columns = line.map_or(0, |line| line.chars().count()) + 1;
                prop_assert!((1..=columns).contains(&error.column), "{error} in {text:?}");
                prop_assert!(error.message.len() < 500);
            }
        }
    }
}
