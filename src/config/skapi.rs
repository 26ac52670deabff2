//! `[skapi]`.

use super::reader::Reader;
use super::settings::RelayConfig;

/// Bytes of a URL.
const URL_BYTES_MAX: usize = 256;

/// Reads the section.
pub(super) fn read(mut reader: Reader<'_>) -> RelayConfig {
    let mut public_url = String::new();
    if let Some((text, place)) = reader.text("public_url") {
        let url = text.trim_end_matches('/');
        if is_base(url) {
            url.clone_into(&mut public_url);
        } else {
            let wanted = r#"must be empty or the address of the node as clients see it, such as "https://rt.example.com""#;
            reader.refuse(&place, "public_url", wanted);
        }
    }
    reader.finish();
    RelayConfig { public_url }
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
