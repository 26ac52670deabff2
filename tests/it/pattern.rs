//! Expected text with blanks: `$name` stands for one word (letters, digits, `_`, `-`) and must be the same word
//! wherever the name comes again; before a `=` also a word of base64 (`+`, `/`). `$*` for anything, `$$` for a dollar.

use std::collections::BTreeMap;

/// What the names of a transcript stand for.
pub type Words = BTreeMap<String, String>;

enum Token {
    Literal(String),
    Anything,
    Word(String),
}

/// Compares, and keeps the words of new names.
///
/// # Errors
/// How many bytes of `text` fit.
pub fn fit(pattern: &str, text: &str, words: &mut Words) -> Result<(), usize> {
    let tokens = tokens(pattern);
    let (mut found, mut furthest) = (words.clone(), 0);
    if fits(&tokens, text, 0, &mut found, &mut furthest) {
        *words = found;
        return Ok(());
    }
    Err(furthest)
}

/// The text that a pattern stands for once its names are known; unknown ones stay as they are.
pub fn fill(pattern: &str, words: &Words) -> String {
    let shown = |token| match token {
        Token::Literal(text) => text,
        Token::Anything => "$*".to_owned(),
        Token::Word(name) => words.get(&name).cloned().unwrap_or_else(|| format!("${name}")),
    };
    tokens(pattern).into_iter().map(shown).collect()
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

fn tokens(pattern: &str) -> Vec<Token> {
    let (mut tokens, mut rest) = (Vec::new(), pattern);
    while let Some((before, after)) = rest.split_once('$') {
        tokens.push(Token::Literal(before.to_owned()));
        let length = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
        rest = match after.chars().next() {
            Some('*') => {
                tokens.push(Token::Anything);
                &after[1..]
            }
            Some('$') => {
                tokens.push(Token::Literal("$".into()));
                &after[1..]
            }
            _ => {
                assert!(length > 0, "a lone $ in {pattern:?}: write $$");
                tokens.push(Token::Word(after[..length].to_owned()));
                &after[length..]
            }
        };
    }
    tokens.push(Token::Literal(rest.to_owned()));
    tokens
}

fn fits(tokens: &[Token], text: &str, at: usize, words: &mut Words, furthest: &mut usize) -> bool {
    let rest = &text[at..];
    let Some((token, tokens)) = tokens.split_first() else {
        *furthest = (*furthest).max(at);
        return rest.is_empty();
    };
    match token {
        Token::Literal(literal) => {
            let same = rest.bytes().zip(literal.bytes()).take_while(|(a, b)| a == b).count();
            *furthest = (*furthest).max(at + same);
            same == literal.len() && fits(tokens, text, at + same, words, furthest)
        }
        Token::Word(name) => {
            let padded = matches!(tokens.first(), Some(Token::Literal(next)) if next.starts_with('='));
            let is_part = |c: char| is_word(c) || (padded && matches!(c, '+' | '/'));
            let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let word = &rest[..length];
            match words.get(name) {
                Some(known) if known != word => {
                    *furthest = (*furthest).max(at);
                    return false;
                }
                Some(_) => {}
                None => {
                    words.insert(name.clone(), word.to_owned());
                }
            }
            length > 0 && fits(tokens, text, at + length, words, furthest)
        }
        Token::Anything => {
            let ends = rest.char_indices().map(|(index, _)| index).chain([rest.len()]);
            let kept = words.clone();
            for end in ends {
                *words = kept.clone();
                if fits(tokens, text, at + end, words, furthest) {
                    return true;
                }
            }
            false
        }
    }
}

#[test]
fn patterns_fit_what_they_say_and_nothing_else() {
    let mut words = Words::new();
    assert_eq!(fit(r#"{"epoch":$e,"offset":1}"#, r#"{"epoch":7,"offset":1}"#, &mut words), Ok(()));
    assert_eq!(words["e"], "7");
    assert_eq!(fit("at $e", "at 7", &mut words), Ok(()));
    assert_eq!(fit("at $e", "at 8", &mut words), Err(3));
    assert_eq!(fit("at $e", "at 77", &mut words), Err(3));
    assert_eq!(fit("is $word=.", "is a+/b=.", &mut words), Ok(()));
    assert_eq!(fit("is $word=.", "is a+/c=.", &mut words), Err(3));
    assert_eq!(fit("is $other.", "is a+/b.", &mut words), Err(4));
    assert_eq!(fit("a$*b", "a, b and b", &mut words), Ok(()));
    assert_eq!(fit("a$*b", "a, b and c", &mut words), Err(10));
    assert_eq!(fit("a", "ab", &mut words), Err(1));
    assert_eq!(fit("$$5", "$5", &mut words), Ok(()));
    assert_eq!(fit("$new.x", ".x", &mut words), Err(0));
    assert!(!words.contains_key("new"));
    assert_eq!(fill("$e $other $*", &words), "7 $other $*");
}
