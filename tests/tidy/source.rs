//! Reading the source: files, code without comments and literals, functions.

use std::fs;
use std::path::Path;

/// The floor of each module of `src/`.
const FLOORS: &[(&str, u8)] = &[
    ("base", 0),
    ("model", 1),
    ("protocol", 1),
    ("auth", 2),
    ("broker", 2),
    ("metrics", 2),
    ("store", 2),
    ("surface", 2),
    ("shard", 3),
    ("runtime", 4),
    ("cli", 5),
    ("config", 5),
    ("server", 5),
    ("lib", 5),
    ("main", 5),
];

/// One Rust file.
pub struct Source {
    /// From the root of the repository.
    pub path: String,
    pub text: String,
    /// The text with comments and literals blanked, line for line.
    pub code: String,
}

impl Source {
    /// The module of floor 0 to 5 that it belongs to, if it is in `src/`.
    pub fn module(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        Some(inside.split('/').next()?.trim_end_matches(".rs"))
    }

    pub fn floor(&self) -> Option<u8> {
        self.module().map(floor_of)
    }

    pub fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        !self.path.contains("src/")
            || self.path.contains("/tests/")
            || ["tests.rs", "testing.rs"].contains(&name)
    }

    /// The code up to its tests, which stand last.
    pub fn code_without_tests(&self) -> &str {
        if self.is_test() { "" } else { self.code.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default() }
    }

    pub fn lines<'a>(&'a self, code: &'a str) -> impl Iterator<Item = (String, &'a str)> {
        code.lines().enumerate().map(|(index, line)| (format!("{}:{}", self.path, index + 1), line))
    }
}

pub fn floor_of(module: &str) -> u8 {
    let known = FLOORS.iter().find(|(name, _)| *name == module);
    known.unwrap_or_else(|| panic!("src/{module} has no floor: give it one in tests/tidy.rs")).1
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All files below a folder of the repository, sorted, by their paths from its root.
pub fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(root().join(&folder)) else { continue };
        for entry in entries.map(Result::unwrap) {
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            match entry.file_type().unwrap().is_dir() {
                true if path.ends_with("/target") => {}
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    found
}

pub fn sources(folders: &[&str]) -> Vec<Source> {
    let paths = folders.iter().flat_map(|folder| files(folder)).filter(|path| path.ends_with(".rs"));
    let sources = paths.map(|path| {
        let text = read(&path);
        Source { code: blanked(&text), path, text }
    });
    sources.collect()
}

/// Every Rust file of the repository.
pub fn all_sources() -> Vec<Source> {
    sources(&["src", "tests", "benches", "loadtest", "fuzz"])
}

/// Replaces comments and the insides of literals by spaces; lines stay lines.
pub fn blanked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let hidden = hidden_bytes(rest, out.chars().next_back());
        let taken = if hidden > 0 { hidden } else { first.len_utf8() };
        let (piece, after) = rest.split_at(taken);
        if hidden > 0 {
            out.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        } else {
            out.push(first);
        }
        rest = after;
    }
    out
}

/// How many bytes at the start of `rest` are a comment or a literal.
pub fn hidden_bytes(rest: &str, before: Option<char>) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if !in_word && (rest.starts_with("r\"") || rest.starts_with("r#") || rest.starts_with("br")) {
        let start = rest.find('r').unwrap_or(0) + 1;
        let hashes = rest[start..].chars().take_while(|c| *c == '#').count();
        if rest[start + hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let inside = start + hashes + 1;
            return rest[inside..].find(&end).map_or(rest.len(), |at| inside + at + end.len());
        }
    }
    match rest.as_bytes() {
        [b'"', ..] => quoted_bytes(rest, b'"'),
        [b'\'', b'\\', ..] => quoted_bytes(rest, b'\''),
        // A character, not a lifetime: there is a quote after exactly one.
        [b'\'', ..] => {
            let character = rest[1..].chars().next().map_or(1, char::len_utf8);
            if rest[1 + character..].starts_with('\'') { character + 2 } else { 0 }
        }
        _ => 0,
    }
}

pub fn quoted_bytes(rest: &str, quote: u8) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

pub fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The words that an identifier is made of, in lower case.
pub fn parts(identifier: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for c in identifier.chars() {
        if c == '_' || c.is_uppercase() {
            parts.push(String::new());
        }
        if c != '_' {
            parts.last_mut().expect("never empty").extend(c.to_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Functions with a body: name and lines from signature to closing brace.
pub fn functions(code: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let starts_word = code[..at].chars().next_back().is_none_or(|c| c.is_whitespace());
        let name = words(&code[at + 3..]).next().unwrap_or_default();
        let signature = &code[at..];
        let Some(open) = signature.find(['{', ';']).filter(|open| signature[*open..].starts_with('{')) else {
            continue;
        };
        if !starts_word || name.is_empty() {
            continue;
        }
        let mut depth = 0usize;
        let end = signature[open..].char_indices().find_map(|(offset, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(open + offset + 1)
        });
        let body = &signature[..end.unwrap_or(signature.len())];
        found.push((name.to_owned(), body.lines().count()));
    }
    found
}

#[test]
fn the_function_scanner_sees_functions() {
    let code = blanked(
        "fn a() {\n  let x = '{'; // }\n  \"}\";\n}\ntrait T { fn b(); }\nfn c() -> [u8; 2] {}\nfn d(){}",
    );
    let found: Vec<_> = functions(&code).into_iter().filter(|(name, _)| name != "c").collect();
    assert_eq!(found, [("a".to_owned(), 4), ("d".to_owned(), 1)]);
    assert_eq!(parts("HttpConn_max"), ["http", "conn", "max"]);
}

/// What a type is made of, over all files that add to it.
#[derive(Default, PartialEq, Eq, Debug)]
pub struct Size {
    pub fields: usize,
    pub methods: usize,
}

/// Adds what a file says of types: the fields of structs, and methods that are not a trait's.
pub fn measure_types(code: &str, sizes: &mut std::collections::BTreeMap<String, Size>) {
    let mut inside: Option<(String, bool)> = None;
    for line in code.lines() {
        let begins = line.trim_end().ends_with('{') && !line.starts_with(' ');
        let plain = line.trim_start_matches("pub").trim_start();
        let plain = plain.split_once(") ").filter(|_| plain.starts_with('(')).map_or(plain, |(_, rest)| rest);
        if begins && plain.starts_with("struct ") {
            inside = words(plain).nth(1).map(|name| (name.to_owned(), true));
        } else if begins && plain.starts_with("impl") && !words(plain).any(|word| word == "for") {
            let after = plain.strip_prefix("impl").unwrap_or_default();
            let after = if after.starts_with('<') {
                after.split_once("> ").map_or("", |(_, rest)| rest)
            } else {
                after
            };
            inside = words(after).next().map(|name| (name.to_owned(), false));
        } else if line.starts_with('}') {
            inside = None;
        } else if let Some((name, is_struct)) = &inside
            && line.starts_with("    ")
            && !line.starts_with("     ")
        {
            let size = sizes.entry(name.clone()).or_default();
            let is_field = line.split_once(": ").is_some_and(|(name, _)| !name.contains('#'));
            size.fields += usize::from(*is_struct && is_field);
            size.methods += usize::from(!*is_struct && words(line).any(|word| word == "fn"));
        }
    }
}

/// How many parameters of functions that are no methods borrow the whole of a type.
pub fn borrowers(code: &str, name: &str) -> usize {
    let borrows = |line: &&str| {
        let rest = line.split_once(": &").map_or("", |(_, rest)| rest);
        words(rest.strip_prefix("mut ").unwrap_or(rest)).next() == Some(name)
    };
    code.lines().filter(borrows).count()
}

#[test]
fn who_borrows_a_type_is_seen() {
    let code = "fn a(x: &mut Shard, y: u8) {}\nfn b(\n    x: &Shard,\n) {}\nfn c(x: &Shards, y: Shard) {}\nimpl Shard {\n    fn d(&self) {}\n}\n";
    assert_eq!(borrowers(code, "Shard"), 2);
}

#[test]
fn the_type_scanner_sees_fields_and_methods() {
    let mut sizes = std::collections::BTreeMap::new();
    let files = [
        "pub(super) struct A<T> {\n    a: u8,\n    pub(in crate::x) b: T,\n}\nimpl<T: B> A<T> {\n    pub fn c() {\n        fn d() {}\n    }\n}\n",
        "impl A<u8> {\n    const fn e(\n        x: u8,\n    ) {}\n}\nimpl Drop for A {\n    fn drop() {}\n}\nstruct B;\n",
    ];
    files.iter().for_each(|file| measure_types(file, &mut sizes));
    assert_eq!(sizes.into_iter().collect::<Vec<_>>(), [("A".to_owned(), Size { fields: 2, methods: 2 })]);
}
