//! JSON objects, written piece by piece.

use crate::surface::json::{push_number, push_text};

/// An object that is being written.
pub struct Object<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

impl<'o> Object<'o> {
    /// Begins an object.
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    /// A key of ours, which needs no escapes.
    fn key(&mut self, name: &'static str) -> &mut Vec<u8> {
        self.out.reserve(name.len() + 4);
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// A text.
    pub fn text(mut self, name: &'static str, value: &str) -> Self {
        push_text(self.key(name), value);
        self
    }

    /// A text, or `null`.
    pub fn text_or_null(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self.raw(name, "null"),
        }
    }

    /// A number.
    pub fn number(mut self, name: &'static str, value: u64) -> Self {
        push_number(self.key(name), value);
        self
    }

    /// `true` or `false`.
    pub fn flag(self, name: &'static str, value: bool) -> Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// A value that is JSON already.
    pub fn raw(mut self, name: &'static str, json: &str) -> Self {
        self.key(name).extend_from_slice(json.as_bytes());
        self
    }

    /// A value that is written by a function.
    pub fn with(mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        write(self.key(name));
        self
    }

    /// A list; `write` writes one item.
    pub fn list<T>(
        self,
        name: &'static str,
        items: impl IntoIterator<Item = T>,
        write: impl FnMut(&mut Vec<u8>, T),
    ) -> Self {
        self.with(name, |out| push_list(out, items, write))
    }

    /// Ends it.
    pub fn end(self) {
        self.out.push(b'}');
    }
}

/// Appends a list; `write` writes one item.
pub fn push_list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_json() {
        let mut out = Vec::new();
        Object::new(&mut out)
            .text("a", "é\"\n")
            .text_or_null("b", None)
            .number("c", 7)
            .flag("d", true)
            .raw("e", "[1]")
            .list("f", ["x", "y"], push_text)
            .with("g", |out| Object::new(out).end())
            .end();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"a":"é\"\n","b":null,"c":7,"d":true,"e":[1],"f":["x","y"],"g":{}}"#
        );
    }
}
