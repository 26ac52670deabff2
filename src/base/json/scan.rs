//! One pass over JSON text that takes an object or a list apart and keeps its values as they were written. Nothing is
//! allocated, and nothing is nested too deep for it.

use super::plain;

/// A value as it was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Raw<'a> {
    /// Its text, without space around it.
    pub text: &'a str,
    /// Levels of lists and objects in it.
    pub depth: u32,
    /// Whether a text in it has escapes.
    pub escaped: bool,
}

/// Why text cannot be taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Broken {
    /// It is not JSON.
    Syntax,
    /// It is another kind of value.
    Kind,
}

/// Whether bytes of text, from `start` on, can stand between quotes as they are.
#[inline]
pub fn is_plain(text: &[u8], start: usize) -> bool {
    plain::end(text, start) == text.len()
}

/// One value and nothing else; `None` if it is no JSON.
pub fn value(text: &str) -> Option<Raw<'_>> {
    let mut scan = Scan { text, at: 0, escaped: false };
    scan.space();
    let raw = scan.raw()?;
    scan.end().is_ok().then_some(raw)
}

/// Takes an object apart: hands over each key as it is written, without its quotes and whether it has escapes, and its
/// value.
///
/// # Errors
/// It is no JSON, or no object. Then what was handed over before means nothing.
#[inline]
pub fn object<'a>(text: &'a str, mut visit: impl FnMut(&'a str, bool, Raw<'a>)) -> Result<(), Broken> {
    let mut scan = Scan::start(text, b'{')?;
    scan.fields(&mut visit).ok_or(Broken::Syntax)?;
    scan.end()
}

/// Takes a list apart, and in the same pass the objects in it: `field` is handed what [`object`] would hand over of them.
///
/// # Errors
/// It is no JSON, or no list. Then what was handed over before means nothing.
#[inline]
pub fn list_and_fields<'a>(
    text: &'a str,
    mut item: impl FnMut(Raw<'a>),
    mut field: impl FnMut(&'a str, bool, Raw<'a>),
) -> Result<(), Broken> {
    let mut scan = Scan::start(text, b'[')?;
    let mut more = !scan.take(b']');
    while more {
        let raw = if scan.peek() == Some(b'{') { scan.raw_object(&mut field) } else { scan.raw() };
        item(raw.ok_or(Broken::Syntax)?);
        more = scan.goes_on(b']').ok_or(Broken::Syntax)?;
    }
    scan.end()
}

/// Where the pass is. `None` of its methods says that the text is no JSON.
struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// Whether an escape was passed in the value under way.
    escaped: bool,
}

impl<'a> Scan<'a> {
    /// Behind the bracket that opens the text.
    fn start(text: &'a str, open: u8) -> Result<Self, Broken> {
        let mut scan = Self { text, at: 0, escaped: false };
        scan.space();
        if scan.take(open) {
            scan.space();
            return Ok(scan);
        }
        // What else it is makes a difference to whoever wrote it.
        scan.raw().ok_or(Broken::Syntax)?;
        scan.end()?;
        Err(Broken::Kind)
    }

    fn end(&mut self) -> Result<(), Broken> {
        self.space();
        if self.at == self.text.len() { Ok(()) } else { Err(Broken::Syntax) }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    #[inline]
    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// After a value: whether another one follows before the bracket that closes.
    #[inline]
    fn goes_on(&mut self, close: u8) -> Option<bool> {
        self.space();
        let byte = self.peek()?;
        self.at += 1;
        if byte == b',' {
            self.space();
            return Some(true);
        }
        (byte == close).then_some(false)
    }

    /// A key, up to its value; says what is between its quotes.
    #[inline]
    fn key(&mut self) -> Option<&'a str> {
        let start = self.at + 1;
        self.string()?;
        let end = self.at - 1;
        self.colon()?;
        self.text.get(start..end)
    }

    /// What stands between a key and its value.
    #[inline]
    fn colon(&mut self) -> Option<()> {
        self.space();
        if !self.take(b':') {
            return None;
        }
        self.space();
        Some(())
    }

    /// Passes a key, up to its value.
    #[inline]
    fn pass_key(&mut self) -> Option<()> {
        self.string()?;
        self.colon()
    }

    fn raw(&mut self) -> Option<Raw<'a>> {
        let start = self.at;
        self.escaped = false;
        let depth = self.value()?;
        Some(Raw { text: self.text.get(start..self.at)?, depth, escaped: self.escaped })
    }

    /// An object as it is written, whose fields are handed over.
    #[inline]
    fn raw_object(&mut self, visit: &mut impl FnMut(&'a str, bool, Raw<'a>)) -> Option<Raw<'a>> {
        let start = self.at;
        self.at += 1;
        self.space();
        let (depth, escaped) = self.fields(visit)?;
        Some(Raw { text: self.text.get(start..self.at)?, depth: depth + 1, escaped })
    }

    /// The fields of an object, behind the bracket that opens it; says how deep they nest and whether a text in them has escapes.
    #[inline]
    fn fields(&mut self, visit: &mut impl FnMut(&'a str, bool, Raw<'a>)) -> Option<(u32, bool)> {
        let (mut depth, mut any_escaped) = (0, false);
        let mut more = !self.take(b'}');
        while more {
            self.escaped = false;
            let key = self.key()?;
            let escaped = self.escaped;
            let value = self.raw()?;
            depth = depth.max(value.depth);
            any_escaped |= escaped || value.escaped;
            visit(key, escaped, value);
            more = self.goes_on(b'}')?;
        }
        Some((depth, any_escaped))
    }

    /// Passes a value; says how deep it nests.
    fn value(&mut self) -> Option<u32> {
        match self.peek()? {
            b'"' => self.string().map(|()| 0),
            b'{' | b'[' => self.nested(),
            _ => self.scalar().map(|()| 0),
        }
    }

    /// Passes a list or an object.
    fn nested(&mut self) -> Option<u32> {
        let (mut nesting, mut deepest) = (Nesting::default(), 0);
        loop {
            match self.peek()? {
                b'"' => self.string()?,
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    self.space();
                    let close = open + 2;
                    deepest = deepest.max(nesting.depth + 1);
                    if !self.take(close) {
                        nesting.enter(open == b'{');
                        if open == b'{' {
                            self.pass_key()?;
                        }
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            loop {
                if nesting.depth == 0 {
                    return Some(deepest);
                }
                let in_object = nesting.in_object();
                if self.goes_on(if in_object { b'}' } else { b']' })? {
                    if in_object {
                        self.pass_key()?;
                    }
                    break;
                }
                nesting.leave();
            }
        }
    }

    fn scalar(&mut self) -> Option<()> {
        match self.peek()? {
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(),
        }
    }

    /// Passes a text.
    #[inline]
    fn string(&mut self) -> Option<()> {
        if !self.take(b'"') {
            return None;
        }
        loop {
            self.plain();
            match self.peek()? {
                b'"' => break,
                b'\\' => self.escape()?,
                // A control character.
                _ => return None,
            }
        }
        self.at += 1;
        Some(())
    }

    /// Passes what is neither a quote nor a backslash nor a control character.
    #[inline]
    fn plain(&mut self) {
        self.at = plain::end(self.text.as_bytes(), self.at);
    }

    /// Passes an escape. What it stands for is asked where the text is read: half of a surrogate pair is kept as it is.
    fn escape(&mut self) -> Option<()> {
        self.escaped = true;
        self.at += 1;
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
                self.at += 4;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(())
            }
            _ => None,
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let is_there = self.text.as_bytes().get(self.at..)?.starts_with(word.as_bytes());
        self.at += word.len();
        is_there.then_some(())
    }

    fn number(&mut self) -> Option<()> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Some(())
    }

    /// Passes one digit or more.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}

/// Of each list and object that is open, which of both it is: a bit for each, the innermost lowest.
#[derive(Default)]
struct Nesting {
    bits: u64,
    depth: u32,
    /// What found no place in `bits`, 64 levels each.
    outer: Vec<u64>,
}

impl Nesting {
    fn enter(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(object);
        self.depth += 1;
    }

    fn leave(&mut self) {
        self.depth -= 1;
        self.bits >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
    }

    fn in_object(&self) -> bool {
        self.bits & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    fn object_of(text: &str) -> Result<Vec<(&str, Raw<'_>)>, Broken> {
        let mut fields = Vec::new();
        object(text, |key, escaped, value| {
            assert_eq!(escaped, key.contains('\\'));
            fields.push((key, value));
        })
        .map(|()| fields)
    }

    fn list_of(text: &str) -> Result<Vec<&str>, Broken> {
        let mut items = Vec::new();
        list_and_fields(text, |item| items.push(item.text), |_, _, _| {}).map(|()| items)
    }

    #[test]
    fn objects_and_lists_are_taken_apart() {
        let text = " { \"a\" : [ 1 , {} ] ,\"a\":\"x\\\"\",\"\\u0062\":null,\"é\":-1.5e+3}\n";
        let raw = |text: &'static str, depth| Raw { text, depth, escaped: text.contains('\\') };
        let fields = [
            ("a", raw("[ 1 , {} ]", 2)),
            ("a", raw("\"x\\\"\"", 0)),
            ("\\u0062", raw("null", 0)),
            ("é", raw("-1.5e+3", 0)),
        ];
        assert_eq!(object_of(text), Ok(fields.to_vec()));
        assert_eq!(list_of("[ true,[false] , {\"a\":{}}]"), Ok(vec!["true", "[false]", "{\"a\":{}}"]));
        assert_eq!((object_of("{}"), list_of(" [ ] ")), (Ok(vec![]), Ok(vec![])));
        assert_eq!(
            (object_of("[1]"), list_of("{}"), object_of(" 7 ")),
            (Err(Broken::Kind), Err(Broken::Kind), Err(Broken::Kind))
        );
    }

    #[test]
    fn the_objects_of_a_list_are_taken_apart_with_it() {
        let (mut items, mut fields) = (Vec::new(), Vec::new());
        let text = r#"[ "a",{ "b" : [{"c":1}],"\u0064":"\n" } , {} ]"#;
        let field = |key, escaped, value: Raw<'static>| fields.push((key, escaped, value.text, value.depth));
        assert_eq!(
            list_and_fields(text, |item| items.push((item.text, item.depth, item.escaped)), field),
            Ok(())
        );
        assert_eq!(fields, [("b", false, r#"[{"c":1}]"#, 2), ("\\u0064", true, r#""\n""#, 0)]);
        let object = r#"{ "b" : [{"c":1}],"\u0064":"\n" }"#;
        assert_eq!(items, [(r#""a""#, 0, false), (object, 3, true), ("{}", 1, false)]);
    }

    #[test]
    fn nothing_is_nested_too_deep() {
        for depth in [1, 63, 64, 65, 128, 129, 500_000] {
            let (open, close) = ("[{\"a\":".repeat(depth), "}]".repeat(depth));
            let text = format!("{{\"deep\":{open}1{close}}}");
            let fields = object_of(&text).expect("it is an object");
            assert_eq!(fields[0].1.depth as usize, 2 * depth);
            let crossed = text.replacen("}]", "]}", 1);
            assert_eq!(object_of(&crossed), Err(Broken::Syntax), "{depth}");
        }
    }

    /// What the other reader makes of the text, where it makes something of it.
    fn other(text: &str) -> Option<Vec<Box<RawValue>>> {
        serde_json::from_str(text).ok()
    }

    proptest! {
        #[test]
        fn what_is_json_is_what_another_reader_takes(text in "[\\[\\]{}\":,0-9eE.+\\-\\\\/utrfalsn \t\u{1}é]{0,24}") {
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(object_of(&text) != Err(Broken::Syntax), is_json, "{}", &text);
            prop_assert_eq!(value(&text).is_some(), is_json, "{}", &text);
            let listed = other(&text).map(|items| items.iter().map(|item| item.get().to_owned()).collect::<Vec<_>>());
            let mut with_fields = Vec::new();
            let taken = list_and_fields(&text, |item| with_fields.push(item), |_, _, _| {});
            let as_alone = with_fields.iter().all(|item| value(item.text) == Some(*item));
            prop_assert!(taken.is_err() || as_alone, "{}", &text);
            let items = list_of(&text).ok().map(|items| items.into_iter().map(str::to_owned).collect::<Vec<_>>());
            prop_assert_eq!(items, listed);
        }

        #[test]
        fn numbers_and_texts_are_those_of_another_reader(text in "(-?[0-9.eE+-]{0,6}|\"[a-z\\\\u0-9\"/\u{0}-\u{20}é]{0,20}\")") {
            let text = format!("[{text}]");
            prop_assert_eq!(list_of(&text).is_ok(), other(&text).is_some(), "{}", &text);
        }

        #[test]
        fn values_come_whole(values in prop::collection::vec(("[a-z\"\\\\é\n]{0,12}", any::<i64>(), any::<bool>()), 0..6)) {
            let texts: Vec<String> =
                values.iter().map(|value| serde_json::to_string(value).expect("it is written")).collect();
            let list = format!("[{}]", texts.join(" , "));
            prop_assert_eq!(list_of(&list), Ok(texts.iter().map(String::as_str).collect()));
        }
    }
}
