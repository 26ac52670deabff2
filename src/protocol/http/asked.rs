//! What is known of a request that is refused or does not come in time: its answer has to fit it all the same.

use super::scan::is_token;
use super::target::split_target;

/// As much of a request line as an answer needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// The method is HEAD: the answer has no body.
    pub head_only: bool,
    /// The path as it was sent. Of a line that is cut short, the segments that are whole.
    pub path: String,
}

impl Asked {
    /// Reads the first line of a head of which the end may be missing. `None` where the line is not one of a
    /// request.
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
        let path = split_target(method_name, target).ok()?.path.to_owned();
        Some(Self { head_only: method_name == "HEAD", path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(head: &str) -> Option<String> {
        Asked::of(head.as_bytes()).map(|asked| asked.path)
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
        assert_eq!(Asked::of(b"GET /\xff HTTP/1.1\r\n"), None);
    }

    #[test]
    fn a_head_is_known() {
        assert!(Asked::of(b"HEAD / HTTP/1.1\r\n").is_some_and(|asked| asked.head_only));
        assert!(Asked::of(b"GET / HTTP/1.1\r\n").is_some_and(|asked| !asked.head_only));
    }
}
