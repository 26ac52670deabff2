//! What the pages show is played as it stands there: a line of a transcript names a block of a page, and its frames and
//! requests become the transcript's. `transcripts/README.md` says how such a line is written.

use crate::script::{Kind, Said, Step};
use std::path::Path;

/// Commands, settings, what a start prints and RetroChat's program: tests/e2e/pages.rs pastes and compares these. Skapi's
/// programs are not run as they stand; tests/e2e/skapi_node.rs has its library do the same.
const PASTED_ELSEWHERE: [&str; 4] = ["sh", "toml", "js", "text"];

/// Statuses start here; a smaller number says which block it is.
const STATUS_MIN: usize = 100;

/// A block of a page.
pub struct Block {
    pub language: String,
    /// The page, the anchor of the heading above, and which block under it this is, from 1.
    pub name: String,
    pub lines: Vec<String>,
}

/// All blocks of a page, in order.
pub fn blocks(page: &str) -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
    let (mut blocks, mut heading, mut number) = (Vec::<Block>::new(), String::new(), 0);
    let mut indent = None;
    for line in text.lines() {
        let fence = line.trim_start().strip_prefix("```");
        match (indent, fence) {
            (None, Some(language)) => {
                number += 1;
                indent = Some(line.len() - line.trim_start().len());
                let name = format!("{page}#{heading} {number}");
                blocks.push(Block { language: language.to_owned(), name, lines: Vec::new() });
            }
            (Some(_), Some(_)) => indent = None,
            (Some(indent), None) => {
                let line = line.get(indent..).unwrap_or_default().to_owned();
                blocks.last_mut().expect("a block").lines.push(line);
            }
            (None, None) if line.starts_with('#') => (heading, number) = (anchor(line), 0),
            (None, None) => {}
        }
    }
    blocks
}

/// What a heading is linked by.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The block that words of a transcript name: a page with an anchor, and a number where it is not the first.
fn named(words: &[&str]) -> Block {
    let number = words.get(1).copied().unwrap_or("1");
    let (page, _) = words[0].split_once('#').expect("a page and an anchor");
    let name = format!("{} {number}", words[0]);
    let found = blocks(page).into_iter().find(|block| block.name == name);
    found.unwrap_or_else(|| panic!("there is no block {name}"))
}

/// The claims that a page shows, as `@ token name page.md#anchor` asks for them.
pub fn claims(event: &str) -> Option<String> {
    let [word @ "token", name, page, ref rest @ ..] = event.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let block = page.contains(".md#").then(|| named(&[&[page], rest].concat()))?;
    Some(format!("{word} {name} {}", block.lines.join(" ").replace('…', "1999999999")))
}

/// `a= page.md#anchor 2 as ada`, with what is written below it.
struct Played<'a> {
    said: &'a Said,
    line: usize,
    key: Option<&'a str>,
    /// Of its requests, and of its responses.
    fields: [Vec<String>; 2],
    replaced: Vec<(&'a str, &'a str)>,
}

/// The steps that a named block stands for.
pub fn steps(step: &Step, said: &Said) -> Vec<Step> {
    let (place, rest) = said.text.split_once(" sent ").unwrap_or((&said.text, ""));
    let (place, key) = place.split_once(" as ").map_or((place, None), |(place, key)| (place, Some(key)));
    let words: Vec<&str> = place.split(' ').collect();
    let numbers = || words[1..].iter().map(|word| word.parse::<usize>().expect("a number"));
    let block = named(&[words[0], &numbers().find(|number| *number < STATUS_MIN).unwrap_or(1).to_string()]);
    let replaced: Vec<_> = said.more.iter().filter_map(|line| line.split_once(" = ")).collect();
    let fields = |of_responses| {
        let fields = said.more.iter().filter(|line| !line.contains(" = "));
        let fields = fields.filter(move |line| line.starts_with("< ") == of_responses);
        fields.map(|line| line.trim_start_matches("< ").to_owned()).collect()
    };
    let fields = [fields(false), fields(true)];
    let played = Played { said, line: step.line, key, fields, replaced };
    let text = block.lines.join("\n");
    match numbers().find(|number| *number >= STATUS_MIN) {
        Some(status) => vec![played.response(&status.to_string(), &compact(&text))],
        None if !rest.is_empty() => {
            let body = block.lines.iter().map(|line| played.replace(line)).collect::<Vec<_>>();
            vec![played.step(Kind::Sends(
                played.said(rest, [&played.fields[0][..], &[String::new()], &body].concat()),
            ))]
        }
        None => played.dialogue(&block),
    }
}

impl Played<'_> {
    fn said(&self, text: &str, more: Vec<String>) -> Said {
        Said { client: self.said.client.clone(), verb: String::new(), text: text.to_owned(), more }
    }

    fn step(&self, kind: Kind) -> Step {
        Step { line: self.line, kind }
    }

    fn response(&self, status: &str, body: &str) -> Step {
        let more = [&self.fields[1][..], &[self.expected(body)]].concat();
        self.step(Kind::Gets(self.said(status, more)))
    }

    /// With what the transcript puts into its place.
    fn replace(&self, text: &str) -> String {
        self.replaced.iter().fold(text.to_owned(), |text, (shown, meant)| text.replace(shown, meant))
    }

    /// What is sent is what is shown, at the position that is meant.
    fn sent(&self, text: &str) -> String {
        numbered(&self.replace(without_remark(text)))
    }

    /// What is shown as a pattern: what the page leaves out may be anything, and so may times and ids.
    fn expected(&self, text: &str) -> String {
        let text = numbered(&self.replace(without_remark(text)));
        let mut pattern = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(['…', '"']) {
            let (before, from) = rest.split_at(at);
            pattern.push_str(before);
            if let Some(after) = from.strip_prefix('…') {
                pattern.push_str("$*");
                rest = after.trim_start_matches(|c: char| c.is_ascii_lowercase());
                continue;
            }
            let own = ["\"20", "\"msg_"].iter().any(|start| from.starts_with(start));
            let end = if own { from[1..].find('"').map_or(from.len(), |end| end + 2) } else { 1 };
            pattern.push_str(if own { "\"$*\"" } else { "\"" });
            rest = &from[end..];
        }
        pattern + rest
    }

    /// Frames after `>` and `<`, requests with their bodies, and responses after their status.
    fn dialogue(&self, block: &Block) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut lines = block.lines.iter().map(String::as_str).filter(|line| !line.is_empty()).peekable();
        while let Some(line) = lines.next() {
            if let Some(frame) = line.strip_prefix("> ") {
                steps.push(self.step(Kind::Sends(self.said(&self.sent(frame), Vec::new()))));
            } else if let Some(frame) = line.strip_prefix("< ") {
                steps.push(self.step(Kind::Gets(self.said(&self.expected(frame), Vec::new()))));
            } else if let Some((status, body)) = status(line) {
                let mut body = body.to_owned();
                while let Some(more) = lines.next_if(|line| line.starts_with(' ')) {
                    body += more.trim_start();
                }
                steps.push(self.response(status, &body));
            } else {
                let (request, body) = line.split_once("  ").unwrap_or((line, ""));
                let (request, body) = (self.replace(request), body.trim_start());
                if body == "(upgrade)" {
                    let request = request.replacen("GET", "OPEN", 1);
                    steps.push(self.step(Kind::Sends(self.said(&request, Vec::new()))));
                    steps.push(
                        self.step(Kind::Gets(Said { verb: "open".into(), ..self.said("", Vec::new()) })),
                    );
                    continue;
                }
                assert!(request.starts_with(|c: char| c.is_ascii_uppercase()), "{}: {line}", block.name);
                let mut body = if body.starts_with('{') { body.to_owned() } else { String::new() };
                while let Some(more) = lines.next_if(|line| line.starts_with([' ', '{'])) {
                    body += more.trim_start();
                }
                let key = self.key.map(|key| format!(" as {key}")).unwrap_or_default();
                let body = if body.is_empty() { vec![] } else { vec![String::new(), self.sent(&body)] };
                let more = [&self.fields[0][..], &body].concat();
                steps.push(self.step(Kind::Sends(self.said(&format!("{request}{key}"), more))));
            }
        }
        steps
    }
}

/// A line of a response.
fn status(line: &str) -> Option<(&str, &str)> {
    let (status, body) = line.split_once(' ')?;
    (status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| (status, body.trim_start()))
}

/// What is explained stands two spaces behind.
fn without_remark(text: &str) -> &str {
    text.split_once("  ").map_or(text, |(text, _)| text)
}

/// Where a channel is differs from what a page shows, but the same number is the same place.
fn numbered(text: &str) -> String {
    let mut out = text.to_owned();
    for name in ["epoch", "offset"] {
        let field = format!("\"{name}\":");
        out = out
            .split(field.as_str())
            .enumerate()
            .map(|(index, part)| match part.chars().next() {
                Some(c) if index > 0 && c.is_ascii_digit() => format!("{field}${name}{part}"),
                _ if index > 0 => format!("{field}{part}"),
                _ => part.to_owned(),
            })
            .collect();
    }
    out
}

/// JSON without the spaces that are for readers.
fn compact(text: &str) -> String {
    let (mut out, mut quoted) = (String::new(), false);
    for c in text.chars() {
        quoted ^= c == '"';
        if quoted || !c.is_whitespace() {
            out.push(c);
        }
    }
    out
}

fn pages() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec!["README.md".to_owned()];
    for folder in ["docs", "docs/protocol"] {
        let entries = root.join(folder).read_dir().expect(folder).map(|entry| entry.unwrap().file_name());
        let names = entries.map(|name| name.into_string().expect("a name"));
        pages.extend(names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")));
    }
    pages
}

/// Every block of every page is played by a transcript or pasted by another test.
#[test]
fn every_block_of_the_pages_is_played() {
    let transcripts: String =
        crate::transcripts::texts("pages").into_iter().map(|(_, text)| text + "\n").collect();
    let named: Vec<String> = transcripts
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(' ').position(|word| word.contains(".md#")).map(|at| (line, at)))
        .map(|(line, at)| {
            let mut words = line.split(' ').skip(at);
            let page = words.next().expect("the place");
            let number =
                words.find_map(|word| word.parse::<usize>().ok().filter(|number| *number < STATUS_MIN));
            format!("{page} {}", number.unwrap_or(1))
        })
        .collect();
    let of_pages: Vec<Block> = pages().iter().flat_map(|page| blocks(page)).collect();
    let played = |block: &&Block| !PASTED_ELSEWHERE.contains(&block.language.as_str());
    let missing: Vec<&str> = of_pages
        .iter()
        .filter(played)
        .map(|block| block.name.as_str())
        .filter(|name| !named.iter().any(|known| known == name))
        .collect();
    assert!(missing.is_empty(), "no transcript plays {missing:#?}");
    assert!(of_pages.iter().filter(played).count() > 30, "the blocks were found");
}

#[test]
fn a_block_becomes_what_it_shows() {
    assert_eq!(anchor("## GET /health/ready"), "get-healthready");
    assert_eq!(anchor("### Publish (*ours*)"), "publish-ours");
    let text = "a= page 1 as ada\n   ct_… = $ticket\n   X: y\n";
    let [step] = &crate::script::parse(text)[..] else { panic!("a step") };
    let Kind::Page(said) = &step.kind else { panic!("a page") };
    let replaced = vec![("ct_…", "$ticket")];
    let played = Played {
        said,
        line: 1,
        key: Some("ada"),
        fields: [vec!["X: y".into()], vec!["Y: z".into()]],
        replaced,
    };
    let lines = [
        r#"> {"offset":7}"#,
        r#"< {"client":{…self},"epoch":7,"at":"2025-01-01","id":"msg_1"}   if asked for"#,
        r#"POST /v1/x   {"a":1}"#,
        r#"201  {"t":"ct_…","#,
        r#"      "b":1}"#,
        "GET /ws?ticket=ct_…    (upgrade)",
    ];
    let lines = lines.iter().map(|line| (*line).to_owned()).collect();
    let block = Block { language: String::new(), name: "page 1".into(), lines };
    let steps = played.dialogue(&block);
    let shown: Vec<String> = steps
        .iter()
        .map(|step| match &step.kind {
            Kind::Sends(said) => format!("> {}", said.whole()),
            Kind::Gets(said) => format!("<{} {}", said.verb, said.whole()),
            _ => panic!("neither"),
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"> {"offset":$offset7}"#,
            r#"< {"client":{$*},"epoch":$epoch7,"at":"$*","id":"$*"}"#,
            "> POST /v1/x as ada\nX: y\n\n{\"a\":1}",
            "< 201\nY: z\n{\"t\":\"$ticket\",\"b\":1}",
            "> OPEN /ws?ticket=$ticket",
            "<open ",
        ]
    );
}
