//! From text to tokens, one at a time: all that is kept is a place in the text.

use super::error::{Located, Mistake};
use super::name::is_word;
use super::string;
use std::borrow::Cow;

/// What a script is made of. Spaces and comments are between tokens; new lines are tokens, since they separate
/// arguments.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Token<'a> {
    /// Letters and digits of ASCII and underscores, no digit first.
    Word(&'a str),
    /// A string, decoded.
    Text(Cow<'a, str>),
    /// What begins like a number, whether it is one or not.
    Number(&'a str),
    Open,
    Close,
    Comma,
    /// `=` or `:`
    Sign(char),
    NewLine,
    End,
}

/// A token and the byte where it begins.
#[derive(Debug)]
pub(super) struct Lexeme<'a> {
    pub at: usize,
    pub token: Token<'a>,
}

impl Lexeme<'_> {
    pub fn refused(&self, mistake: Mistake) -> Located {
        Located { at: self.at, mistake }
    }
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next token; [`Token::End`] again and again after the last.
    pub fn take(&mut self) -> Result<Lexeme<'a>, Located> {
        self.skip_blanks();
        let (at, rest) = (self.at, &self.text[self.at..]);
        let Some(first) = rest.chars().next() else {
            return Ok(Lexeme { at, token: Token::End });
        };
        let (token, bytes) = match first {
            '\n' => (Token::NewLine, 1),
            // It stands before a line feed, or it would have been skipped.
            '\r' => (Token::NewLine, 2),
            '{' => (Token::Open, 1),
            '}' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '=' | ':' => (Token::Sign(first), 1),
            '"' => {
                let read = string::read(rest).map_err(|found| Located { at: at + found.at, ..found });
                let (value, bytes) = read?;
                (Token::Text(value), bytes)
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let word = leading(rest, is_word);
                (Token::Word(word), word.len())
            }
            '0'..='9' | '-' | '+' | '.' => {
                let number = leading(rest, |c| is_word(c) || matches!(c, '-' | '+' | '.'));
                (Token::Number(number), number.len())
            }
            _ => return Err(Located { at, mistake: Mistake::UnexpectedCharacter(first) }),
        };
        self.at += bytes;
        Ok(Lexeme { at, token })
    }

    /// Goes over spaces and comments. A carriage return before a line feed is a part of the new line, so that an error
    /// there has the same column with both kinds of line.
    fn skip_blanks(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            self.at += match rest.as_bytes() {
                [b'\r', b'\n', ..] => return,
                [b' ' | b'\t' | b'\r', ..] => 1,
                [b'/', b'/', ..] => {
                    let line = rest.split('\n').next().unwrap_or(rest);
                    let has_end = line.len() < rest.len();
                    if has_end { line.trim_end_matches('\r').len() } else { line.len() }
                }
                _ => return,
            };
        }
    }
}

fn leading(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    let end = text.find(|character| !belongs(character)).unwrap_or(text.len());
    &text[..end]
}
