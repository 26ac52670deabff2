//! What is known of a request that is refused or does not come in time: its answer has to fit it all the same.

use super::scan::is_token;
use super::target::{Target, split_target};

/// As much of a request as an answer needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartialHead {
    /// The method is HEAD: the answer has no body.
    pub head_only: bool,
    /// The path as it was sent. Of a line that is cut short, the segments that are whole.
    pub path: String,
    /// The query as it was sent, as far as it came. May contain credentials: never log it.
    pub query: String,
    /// Who may read the answer, if a browser asks.
    pub origin: PartialOrigin,
}

/// What is known of the `Origin` of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PartialOrigin {
    /// There is none, or there are several.
    Absent,
    /// This one.
    Is(Vec<u8>),
    /// The head was not read so far.
    Unread,
}

impl PartialHead {
    /// Reads a head of which the end may be missing. `None` where its first line is not one of a request.
    pub fn of(head: &[u8]) -> Option<Self> {
        let head = head.strip_prefix(b"\r\n").unwrap_or(head);
        let end = head.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let line = str::from_utf8(&head[..end.unwrap_or(head.len())]).ok()?;
        let (method_name, rest) = line.split_once(' ')?;
        if method_name.is_empty() || !method_name.bytes().all(is_token) {
            return None;
        }
        let target = match rest.split_once(' ') {
            Some((_, version)) if version.contains(' ') => return None,
            Some((target, _)) => target,
            None if end.is_some() => return None,
            None if rest.contains('?') => rest,
            // The last segment may be the start of another one.
            None => &rest[..=rest.rfind('/')?],
        };
        let Target { path, query, .. } = split_target(method_name, target).ok()?;
        Some(Self {
            head_only: method_name == "HEAD",
            path: path.to_owned(),
            query: query.to_owned(),
            origin: end.map_or(PartialOrigin::Unread, |end| PartialOrigin::of(&head[end..])),
        })
    }
}

impl PartialOrigin {
    /// Reads the lines of a head, after its first line, as far as they came.
    fn of(lines: &[u8]) -> Self {
        let mut lines = lines.split(|&byte| byte == b'\n').skip(1).peekable();
        let mut found = Self::Absent;
        while let Some(line) = lines.next() {
            match (line.strip_suffix(b"\r"), lines.peek()) {
                (Some([]), _) => return found,
                // Without its line end it may go on.
                (_, None) => break,
                (None, _) => break,
                (Some(line), Some(_)) => match origin_of(line) {
                    Some(_) if found != Self::Absent => return Self::Absent,
                    Some(origin) if !origin.is_empty() => found = Self::Is(origin.to_vec()),
                    _ => {}
                },
            }
        }
        if found == Self::Absent { Self::Unread } else { found }
    }
}

/// The value of a line that is an `Origin`.
fn origin_of(line: &[u8]) -> Option<&[u8]> {
    let (name, value) = line.split_at_checked(ORIGIN.len())?;
    name.eq_ignore_ascii_case(ORIGIN).then(|| value.trim_ascii())
}

const ORIGIN: &[u8] = b"origin:";

#[cfg(test)]
mod tests {
    use super::*;

    fn path(head: &str) -> Option<String> {
        PartialHead::of(head.as_bytes()).map(|partial| partial.path)
    }

    #[test]
    fn a_path_is_known_once_it_is_whole() {
        assert_eq!(path("\r\nGET /v1/rooms?page=1 HTTP/1.1\r\nHo").as_deref(), Some("/v1/rooms"));
        assert_eq!(path("GET /v1/rooms HTTP/9.9\nHost: x").as_deref(), Some("/v1/rooms"));
        assert_eq!(path("GET http://a.example/v1/rooms HT").as_deref(), Some("/v1/rooms"));
        assert_eq!(path("GET /v1/rooms?pa").as_deref(), Some("/v1/rooms"));
        assert_eq!(path("GET /v1/roo").as_deref(), Some("/v1/"));
        assert_eq!(path("GET /v1").as_deref(), Some("/"));
    }

    #[test]
    fn what_is_no_request_line_has_no_path() {
        for head in [
            "",
            "GET",
            "GET /v1/x\r\n",
            "GET  /v1/x HTTP/1.1\r\n",
            "G=T /v1/x HTTP/1.1\r\n",
            "GET /a#b HTTP/1.1",
        ] {
            assert_eq!(path(head), None, "{head:?}");
        }
        assert_eq!(PartialHead::of(b"GET /\xff HTTP/1.1\r\n"), None);
    }

    #[test]
    fn a_head_is_known() {
        assert!(PartialHead::of(b"HEAD / HTTP/1.1\r\n").is_some_and(|partial| partial.head_only));
        assert!(PartialHead::of(b"GET / HTTP/1.1\r\n").is_some_and(|partial| !partial.head_only));
    }

    #[test]
    fn an_origin_is_known_once_its_line_is_whole() {
        let origin = |lines: &str| {
            let head = format!("GET /a?b=c HTTP/1.1{lines}");
            let partial = PartialHead::of(head.as_bytes()).expect("a request");
            assert_eq!(partial.query, "b=c");
            partial.origin
        };
        let is = |text: &str| PartialOrigin::Is(text.into());
        assert_eq!(origin(""), PartialOrigin::Unread);
        assert_eq!(origin("\r\n"), PartialOrigin::Unread);
        assert_eq!(origin("\r\nHost: x\r\n"), PartialOrigin::Unread);
        assert_eq!(origin("\r\nOrigin: https://a.exam"), PartialOrigin::Unread);
        assert_eq!(origin("\r\nOrigin: https://a.example\r"), PartialOrigin::Unread);
        assert_eq!(origin("\r\nHost: x\r\nORIGIN:https://a.example \r\nCook"), is("https://a.example"));
        assert_eq!(origin("\r\nOrigin: a\r\n\r\nOrigin: b\r\n"), is("a"), "the body is no head");
        assert_eq!(origin("\r\nOrigin: a\r\nOrigin: a\r\n"), PartialOrigin::Absent);
        assert_eq!(origin("\r\nOrigin:\r\n\r\n"), PartialOrigin::Absent);
        assert_eq!(origin("\r\nHost: x\r\n\r\n"), PartialOrigin::Absent);
    }
}
