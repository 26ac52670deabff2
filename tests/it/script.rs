//! A transcript as steps. `transcripts/README.md` says how one is written.

/// A line of a transcript with the lines that continue it.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it stands, from 1.
    pub line: usize,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    /// `@ …`: something happens beside what clients say.
    Happens(String),
    /// `a> …`: a client sends. The verb stands directly after the sign.
    Sends(Said),
    /// `a< …`: a client gets.
    Gets(Said),
    /// `a! …`: a client's connection ends.
    Ends(Said),
    /// `a= page.md#anchor`: a client says what a page shows, and gets what it shows.
    Page(Said),
}

/// What a client sends or gets.
#[derive(Clone, Debug)]
pub struct Said {
    pub client: String,
    pub verb: String,
    /// The rest of the first line.
    pub text: String,
    /// The lines that continue it, without their indentation.
    pub more: Vec<String>,
}

impl Said {
    /// First line and further ones.
    pub fn whole(&self) -> String {
        let mut whole = self.text.clone();
        for line in &self.more {
            whole.push('\n');
            whole.push_str(line);
        }
        whole
    }

    /// The further lines as header fields and body: the body starts at an empty line or at one that starts with
    /// `{` or `[`.
    pub fn fields_and_body(&self) -> (&[String], String) {
        let starts_body = |line: &String| line.is_empty() || line.starts_with(['{', '[']);
        let at = self.more.iter().position(starts_body).unwrap_or(self.more.len());
        let (fields, body) = self.more.split_at(at);
        let body = if body.first().is_some_and(String::is_empty) { &body[1..] } else { body };
        (fields, body.join("\n"))
    }
}

/// Spaces that continue a line.
const INDENT: &str = "   ";

/// Reads a transcript.
pub fn parse(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut empty_lines = 0;
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            empty_lines += 1;
        } else if let Some(more) = line.strip_prefix(INDENT) {
            let Some(Kind::Sends(said) | Kind::Gets(said) | Kind::Ends(said) | Kind::Page(said)) =
                steps.last_mut().map(|step| &mut step.kind)
            else {
                panic!("line {}: nothing to continue", index + 1);
            };
            said.more.extend(std::iter::repeat_n(String::new(), empty_lines));
            said.more.push(expand(more));
            empty_lines = 0;
        } else {
            empty_lines = 0;
            if !line.starts_with('#') {
                steps.push(Step { line: index + 1, kind: first_line(line, index + 1) });
            }
        }
    }
    steps
}

fn first_line(line: &str, number: usize) -> Kind {
    if let Some(event) = line.strip_prefix("@ ") {
        return Kind::Happens(event.trim().to_owned());
    }
    let name_end = line.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(line.len());
    let (client, rest) = line.split_at(name_end);
    let mut rest_chars = rest.chars();
    let sign = rest_chars.next();
    let (verb, text) = rest_chars.as_str().split_once(' ').unwrap_or((rest_chars.as_str(), ""));
    let said = Said { client: client.into(), verb: verb.into(), text: expand(text), more: Vec::new() };
    match sign {
        Some('>') if !client.is_empty() => Kind::Sends(said),
        Some('<') if !client.is_empty() => Kind::Gets(said),
        Some('!') if !client.is_empty() => Kind::Ends(said),
        Some('=') if !client.is_empty() => Kind::Page(said),
        _ => panic!("line {number}: not a line of a transcript: {line}"),
    }
}

/// Writes out `{x*3}` as `xxx`.
fn expand(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        match repeated(from) {
            Some((run, used)) => {
                out.push_str(&run);
                rest = &from[used..];
            }
            None => {
                out.push('{');
                rest = &from[1..];
            }
        }
    }
    out + rest
}

fn repeated(text: &str) -> Option<(String, usize)> {
    let (inner, _) = text[1..].split_once('}').filter(|(inner, _)| !inner.contains('{'))?;
    let (what, count) = inner.rsplit_once('*')?;
    let count: usize = count.parse().ok()?;
    Some((what.repeat(count), inner.len() + 2))
}

#[test]
fn a_transcript_is_read_with_its_continuations() {
    let text =
        "# why\n@ advance 5s\n\na> POST / HTTP/1.1\n   Host: x\n\n   {a*3}\n\nb<close 1000 bye\na! 1002\n";
    let steps = parse(text);
    assert_eq!(steps.len(), 4);
    assert!(matches!(&steps[0].kind, Kind::Happens(event) if event == "advance 5s"));
    let Kind::Sends(said) = &steps[1].kind else { panic!("a send") };
    assert_eq!((steps[1].line, said.client.as_str(), said.verb.as_str()), (4, "a", ""));
    assert_eq!(said.fields_and_body(), (&["Host: x".to_owned()][..], "aaa".to_owned()));
    let Kind::Gets(said) = &steps[2].kind else { panic!("a reply") };
    assert_eq!((said.client.as_str(), said.verb.as_str(), said.text.as_str()), ("b", "close", "1000 bye"));
    assert!(matches!(&steps[3].kind, Kind::Ends(said) if said.text == "1002"));
    assert_eq!(expand(r#"{"a":{"b*":1},"c":"{xy*2}{[*2}"}"#), r#"{"a":{"b*":1},"c":"xyxy[["}"#);
}
