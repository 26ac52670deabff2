//! `public_url` of a section: the address of the node as clients see it.

use super::reader::Reader;

/// Bytes of a URL.
const URL_BYTES_MAX: usize = 256;

/// Reads it; empty where it is not known.
pub(super) fn read(reader: &mut Reader<'_>) -> String {
    let Some((text, place)) = reader.text("public_url") else { return String::new() };
    let url = text.trim_end_matches('/');
    if is_base(url) {
        return url.to_owned();
    }
    let wanted =
        r#"must be empty or the address of the node as clients see it, such as "https://rt.example.com""#;
    reader.refuse(&place, "public_url", wanted);
    String::new()
}

/// Whether paths can be put behind it.
fn is_base(url: &str) -> bool {
    let rest = ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !br#"?#"\"#.contains(&byte);
    url.is_empty()
        || rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
            && url.len() <= URL_BYTES_MAX
            && url.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::is_base;

    #[test]
    fn a_base_is_an_address_that_paths_can_follow() {
        for url in ["", "https://a.example", "http://127.0.0.1:8080", "https://a.example/below"] {
            assert!(is_base(url), "{url}");
        }
        for url in
            ["a.example", "ftp://a", "https://", "https:///x", "https://a?x=", "https://a b", "https://a/#x"]
        {
            assert!(!is_base(url), "{url}");
        }
    }
}
