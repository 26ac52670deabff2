//! The same transcript in other forms that mean the same: below another prefix, in another serializer. So what is written
//! once holds for all of them.

use crate::script::{Kind, Said, Step};
use std::collections::BTreeSet;

/// The prefix below which transcripts are written, and those that are served as well.
const WRITTEN: &str = "/api/";
pub const PREFIXES: [&str; 2] = ["/api/realtime/", "/api/realtime/api/"];

/// Every request below another prefix. Health has paths of its own.
pub fn below(prefix: &str, steps: &[Step]) -> Vec<Step> {
    let moved = |said: &Said| {
        let Some((method, path)) = request(said) else { return said.clone() };
        match path.strip_prefix(WRITTEN).filter(|rest| !rest.starts_with("realtime")) {
            Some(rest) => Said { text: format!("{method} {prefix}{rest}"), ..said.clone() },
            None => said.clone(),
        }
    };
    let kind = |kind: &Kind| match kind {
        Kind::Sends(said) => Kind::Sends(moved(said)),
        other => other.clone(),
    };
    steps.iter().map(|step| Step { line: step.line, kind: kind(&step.kind) }).collect()
}

/// Method, and path with what follows it, of a line that sends a request.
pub fn request(said: &Said) -> Option<(&str, &str)> {
    let (method, path) = said.text.split_once(' ')?;
    let is_one = said.verb.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    (is_one && path.starts_with('/')).then_some((method, path))
}

/// Every socket of version 2 of the serializer in version 1.
pub fn in_version_1(steps: &[Step]) -> Vec<Step> {
    let mut sockets = BTreeSet::new();
    let mut changed = Vec::new();
    for step in steps {
        let kind = match &step.kind {
            Kind::Happens(event) if event.starts_with("open ") && event.contains("vsn=2.0.0") => {
                sockets.insert(event.split(' ').nth(1).expect("a client").to_owned());
                Kind::Happens(event.replace("vsn=2.0.0", "vsn=1.0.0"))
            }
            Kind::Sends(said) if sockets.contains(&said.client) => {
                Kind::Sends(spelled(said, |[join, reference, name, event, payload]| {
                    let join = if join == "null" { String::new() } else { format!(r#","join_ref":{join}"#) };
                    format!(
                        r#"{{"topic":{name},"event":{event},"payload":{payload},"ref":{reference}{join}}}"#
                    )
                }))
            }
            Kind::Gets(said) if sockets.contains(&said.client) => {
                Kind::Gets(spelled(said, |[_, reference, name, event, payload]| {
                    format!(r#"{{"topic":{name},"event":{event},"payload":{payload},"ref":{reference}}}"#)
                }))
            }
            other => other.clone(),
        };
        changed.push(Step { line: step.line, kind });
    }
    changed
}

fn spelled(said: &Said, spell: impl FnOnce([&str; 5]) -> String) -> Said {
    match fields(&said.text).filter(|_| said.verb.is_empty()) {
        Some(fields) => Said { text: spell(fields), ..said.clone() },
        None => said.clone(),
    }
}

/// The five fields of a frame in version 2, as they are written.
pub fn fields(text: &str) -> Option<[&str; 5]> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let (mut depth, mut quoted, mut escaped, mut start) = (0, false, false, 0);
    let mut found = Vec::new();
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth -= 1,
            b',' if !quoted && depth == 0 && found.len() < 4 => {
                found.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&inner[start..]);
    found.try_into().ok()
}

#[test]
fn a_frame_is_spelled_in_the_other_version() {
    let text = "@ open a /socket?vsn=2.0.0 as ada\na> [\"1\",\"2\",\"chat:a,b\",\"x\",{\"y\":[1,2]}]\n\
                a< [null,null,\"chat:a,b\",\"x\",$*]\nb> [\"1\"]\nr> GET /api/devices as ada\n\
                r> GET /api/realtime/health\n";
    let steps = crate::script::parse(text);
    let texts = |steps: &[Step]| -> Vec<String> {
        let text = |step: &Step| match &step.kind {
            Kind::Happens(text) => text.clone(),
            Kind::Sends(said) | Kind::Gets(said) | Kind::Ends(said) | Kind::Page(said) => said.text.clone(),
        };
        steps.iter().map(text).collect()
    };
    let spelled = texts(&in_version_1(&steps));
    assert_eq!(spelled[0], "open a /socket?vsn=1.0.0 as ada");
    assert_eq!(
        spelled[1],
        r#"{"topic":"chat:a,b","event":"x","payload":{"y":[1,2]},"ref":"2","join_ref":"1"}"#
    );
    assert_eq!(spelled[2], r#"{"topic":"chat:a,b","event":"x","payload":$*,"ref":null}"#);
    assert_eq!(spelled[3], r#"["1"]"#);
    let moved = texts(&below(PREFIXES[1], &steps));
    assert_eq!(moved[4..], ["GET /api/realtime/api/devices as ada", "GET /api/realtime/health"]);
}
