//! `[quikapp]`.

use super::{bad, good};

#[test]
fn a_recorder_cannot_be_asked_for_where_there_is_none() {
    good("[quikapp]\npublic_url = \"https://rt.example.com/\"\nrecorder_addresses = []\n");
    let text =
        bad("[quikapp]\npublic_url = \"rt.example.com\"\nrecorder_addresses = [\"203.0.113.7:4000\"]\n");
    assert!(text.contains("public_url must be empty or the address of the node"), "{text}");
    assert!(text.contains("recorder_addresses must be []: this version has no recorder"), "{text}");
}
