//! From a script to what it declares. Objects are at most two deep, so there is one function for each level and the
//! depth of the text cannot matter.

use super::channel::{ChannelScript, Messaging, Settings};
use super::error::{Located, Mistake, SyntaxError};
use super::lexer::{Lexeme, Lexer, Token};
use super::name::check_name;
use std::borrow::Cow;

/// What a script may ask for at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScriptLimits {
    /// Bytes of a channel's name.
    pub name_bytes_max: u32,
    /// Messages of history.
    pub message_history_max: u32,
}

/// Reads a script, in time and memory linear in its length. The caller bounds the length.
///
/// # Errors
/// The first mistake, in the order of the text, at its place.
pub fn parse(text: &str, limits: &ScriptLimits) -> Result<ChannelScript, SyntaxError> {
    // Some editors begin a file with a byte order mark and do not show it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let parser = Parser { lexer: Lexer::new(text), limits };
    parser.script().map_err(|found| found.within(text))
}

/// The arguments that `settings` must have.
const SETTINGS: [&str; 5] =
    ["anonymous_clients", "nested_channels", "message_history", "auth_channel", "presence"];

struct Parser<'a> {
    lexer: Lexer<'a>,
    limits: &'a ScriptLimits,
}

/// The key of an argument: the sign that must follow it is the one of its level.
struct Key<'a> {
    at: usize,
    name: Cow<'a, str>,
    sign: char,
}

impl Key<'_> {
    fn refused(&self, mistake: Mistake) -> Located {
        Located { at: self.at, mistake }
    }

    fn unknown(&self) -> Located {
        self.refused(Mistake::UnknownArgument(self.name.to_string()))
    }
}

impl<'a> Parser<'a> {
    fn script(mut self) -> Result<ChannelScript, Located> {
        let keyword = self.after(&[Token::NewLine])?;
        if keyword.token != Token::Word("realtime_channel") {
            return Err(keyword.refused(Mistake::ExpectedKeyword));
        }
        let mut script = ChannelScript::new(self.name()?);
        let body = self.lexer.take()?;
        if body.token != Token::Open {
            return Err(body.refused(Mistake::ExpectedBody));
        }
        self.arguments('=', |parser, key| {
            match &*key.name {
                "description" => script.description = parser.string(key)?,
                "active" => script.active = parser.boolean(key)?,
                "public_messaging" => script.public_messaging = parser.messaging(key)?,
                "private_messaging" => script.private_messaging = parser.messaging(key)?,
                "settings" => script.settings = parser.settings(key)?,
                _ => return Err(key.unknown()),
            }
            Ok(())
        })?;
        let end = self.after(&[Token::NewLine])?;
        if end.token == Token::End { Ok(script) } else { Err(end.refused(Mistake::TextAfterEnd)) }
    }

    fn name(&mut self) -> Result<String, Located> {
        let found = self.lexer.take()?;
        let name = match &found.token {
            Token::Word(word) => *word,
            Token::Text(text) => text,
            _ => return Err(found.refused(Mistake::ExpectedName)),
        };
        check_name(name, self.limits.name_bytes_max).map_err(|error| found.refused(error.into()))?;
        Ok(name.to_owned())
    }

    fn messaging(&mut self, key: &Key<'a>) -> Result<Messaging, Located> {
        let mut messaging = Messaging::default();
        self.object(key, |parser, key| {
            match &*key.name {
                "active" => messaging.active = parser.boolean(key)?,
                "auth" => messaging.auth = parser.boolean(key)?,
                _ => return Err(key.unknown()),
            }
            Ok(())
        })?;
        Ok(messaging)
    }

    fn settings(&mut self, key: &Key<'a>) -> Result<Settings, Located> {
        let mut settings = Settings::default();
        let found = self.object(key, |parser, key| {
            match &*key.name {
                "anonymous_clients" => settings.anonymous_clients = parser.boolean(key)?,
                "nested_channels" => settings.nested_channels = parser.boolean(key)?,
                "message_history" => settings.message_history = parser.message_history(key)?,
                "auth_channel" => settings.auth_channel = parser.boolean(key)?,
                "presence" => settings.presence = parser.boolean(key)?,
                _ => return Err(key.unknown()),
            }
            Ok(())
        })?;
        let missing: Vec<_> =
            SETTINGS.into_iter().filter(|name| !found.iter().any(|found| found == name)).collect();
        match missing[..] {
            [] => Ok(settings),
            [one] => Err(key.refused(Mistake::MissingArgument(one))),
            _ => Err(key.refused(Mistake::MissingArguments(missing))),
        }
    }

    /// The arguments of a bracket that is open, up to the one that closes it: each at most once, in any order. Gives the
    /// names that were there.
    fn arguments(
        &mut self,
        sign: char,
        mut argument: impl FnMut(&mut Self, &Key<'a>) -> Result<(), Located>,
    ) -> Result<Vec<Cow<'a, str>>, Located> {
        let mut found = Vec::new();
        let mut next = self.after(&[Token::NewLine])?;
        loop {
            let name = match next.token {
                Token::Close => return Ok(found),
                Token::Word(word) => Cow::Borrowed(word),
                Token::Text(text) => text,
                _ => return Err(next.refused(Mistake::ExpectedArgument)),
            };
            let key = Key { at: next.at, name, sign };
            if found.contains(&key.name) {
                return Err(key.refused(Mistake::DuplicateArgument(key.name.to_string())));
            }
            argument(self, &key)?;
            found.push(key.name);
            let separator = self.lexer.take()?;
            next = match separator.token {
                Token::Close => separator,
                Token::Comma | Token::NewLine => self.after(&[Token::Comma, Token::NewLine])?,
                _ => return Err(separator.refused(Mistake::ExpectedSeparator)),
            };
        }
    }

    /// An object as the value of a key. The keys inside have a colon.
    fn object(
        &mut self,
        key: &Key<'a>,
        argument: impl FnMut(&mut Self, &Key<'a>) -> Result<(), Located>,
    ) -> Result<Vec<Cow<'a, str>>, Located> {
        let value = self.value(key)?;
        match value.token {
            Token::Open => self.arguments(':', argument),
            _ => Err(value.refused(Mistake::ExpectedObject(key.name.to_string()))),
        }
    }

    fn boolean(&mut self, key: &Key<'a>) -> Result<bool, Located> {
        let value = self.value(key)?;
        match value.token {
            Token::Word("true") => Ok(true),
            Token::Word("false") => Ok(false),
            _ => Err(value.refused(Mistake::ExpectedBoolean(key.name.to_string()))),
        }
    }

    fn string(&mut self, key: &Key<'a>) -> Result<String, Located> {
        let value = self.value(key)?;
        match value.token {
            Token::Text(text) => Ok(text.into_owned()),
            _ => Err(value.refused(Mistake::ExpectedString(key.name.to_string()))),
        }
    }

    fn message_history(&mut self, key: &Key<'a>) -> Result<u32, Located> {
        let value = self.value(key)?;
        let digits = match value.token {
            Token::Number(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => number,
            _ => return Err(value.refused(Mistake::ExpectedInteger(key.name.to_string()))),
        };
        let maximum = self.limits.message_history_max;
        // Digits alone fail only where they say more than fits.
        let count = digits.parse().ok().filter(|count| *count <= maximum);
        count.ok_or_else(|| value.refused(Mistake::AboveMaximum { argument: key.name.to_string(), maximum }))
    }

    /// What stands behind the key and its sign.
    fn value(&mut self, key: &Key<'a>) -> Result<Lexeme<'a>, Located> {
        let sign = self.lexer.take()?;
        if sign.token != Token::Sign(key.sign) {
            let argument = key.name.to_string();
            return Err(sign.refused(Mistake::ExpectedSign { sign: key.sign, argument }));
        }
        self.lexer.take()
    }

    /// The first token that is none of these.
    fn after(&mut self, skipped: &[Token<'static>]) -> Result<Lexeme<'a>, Located> {
        loop {
            let next = self.lexer.take()?;
            if !skipped.contains(&next.token) {
                return Ok(next);
            }
        }
    }
}
