//! How deep JSON nests, without parsing it.

/// Whether JSON nests at most so many levels. Of what is no JSON the answer says nothing.
pub fn is_within(json: &[u8], levels_max: usize) -> bool {
    // A level costs two bytes, so what is short cannot be deep.
    if json.len() <= 2 * levels_max {
        return true;
    }
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in json {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > levels_max {
            return false;
        }
    }
    true
}
