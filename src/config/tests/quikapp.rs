//! `[quikapp]`.

use super::{bad, good};

#[test]
fn a_recorder_is_where_programs_outside_reach_it() {
    good("[quikapp]\npublic_url = \"https://rt.example.com/\"\nrecorder_addresses = []\n");
    good("[quikapp]\nrecorder_addresses = [\"203.0.113.7:4000\", \"[2001:db8::7]:4000\"]\n");
    let text = bad(
        "[quikapp]\npublic_url = \"rt.example.com\"\nrecorder_addresses = [\"0.0.0.0:4000\", \"203.0.113.7\"]\n",
    );
    assert!(text.contains("public_url must be empty or the address of the node"), "{text}");
    assert!(text.matches("recorder_addresses must hold addresses with their ports").count() == 2, "{text}");
}
