//! `[acme]`.

use super::*;

#[test]
fn certificates_of_an_authority_are_asked_for_with_all_that_it_takes() {
    let text = "listen = [{ address = \"127.0.0.1:443\", tls = true }]\n[acme]\n";
    let config = good(&format!("{text}domains = [\"RT.example.com\"]\ncontact = \"mailto:a@b.example\"\n"));
    assert_eq!(config.acme.domains, ["rt.example.com"]);
    for (settings, mistake) in [
        ("domains = [\"*.example.com\"]", "no wildcards"),
        ("domains = [\"localhost\"]", "names such as"),
        ("domains = [\"192.0.2.1\"]", "names such as"),
        ("domains = [\"a.example\", \"A.example\"]", "twice"),
        ("domains = [\"a.example\"]\ndirectory_url = \"http://a.example\"", "must begin with \"https://\""),
        ("domains = [\"a.example\"]\ndirectory_url = \"\"", "must be given"),
        ("domains = [\"a.example\"]\ncontact = \"a@b.example\"", "must begin with \"mailto:\""),
        ("domains = [\"a.example\"]\nchallenge = \"http-01\"", "no such port"),
        ("domains = [\"a.example\"]\nchallenge = \"dns-01\"", "challenge"),
    ] {
        let said = bad(&format!("{text}{settings}"));
        assert!(said.contains(mistake), "{settings}: {said}");
    }
    assert!(bad("[acme]\ndomains = [\"a.example\"]").contains("no listener speaks TLS"));
}
