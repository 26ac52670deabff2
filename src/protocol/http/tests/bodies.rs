//! Bodies: by length, in chunks, absent.

use super::*;

fn post(fields: &str, body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n{body}").into_bytes()
}

fn chunked(body: &str) -> Vec<u8> {
    post("Transfer-Encoding: chunked\r\n", body)
}

#[test]
fn a_body_of_a_length() {
    assert_eq!(seen(post("Content-Length: 5\r\n", "abcde")), [request("POST /", "abcde")]);
    assert_eq!(seen(post("Content-Length: 0\r\n", "")), [request("POST /", "")]);
    assert_eq!(seen(post("Content-Length: 5\r\n", "abcd")), []);
    let bytes =
        [post("Content-Length: 2\r\n", "ab"), b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()].concat();
    assert_eq!(seen(bytes), [request("POST /", "ab"), request("GET /next", "")]);
}

#[test]
fn a_length_is_wanted_where_a_body_is_claimed() {
    let with_type = "Content-Type: application/json\r\n";
    assert_eq!(refused(post(with_type, "")), 411);
    assert_eq!(refused(String::from_utf8(post(with_type, "")).unwrap().replace("POST", "PATCH")), 411);
    assert_eq!(
        seen(String::from_utf8(post(with_type, "")).unwrap().replace("POST", "GET")),
        [request("GET /", "")]
    );
    assert_eq!(seen(post("", "")), [request("POST /", "")]);
}

#[test]
fn a_body_in_chunks() {
    assert_eq!(seen(chunked("4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n")), [request("POST /", "Wikipedia")]);
    assert_eq!(seen(chunked("0\r\n\r\n")), [request("POST /", "")]);
    assert_eq!(seen(chunked("00a\r\n0123456789\r\n000\r\n\r\n")), [request("POST /", "0123456789")]);
    assert_eq!(
        seen(chunked("A;a=b;c=\"d e\"\r\n0123456789\r\n0;x\r\n\r\n")),
        [request("POST /", "0123456789")]
    );
    assert_eq!(seen(post("transfer-encoding: CHUNKED\r\n", "1\r\na\r\n0\r\n\r\n")), [request("POST /", "a")]);
    let bytes =
        [chunked("1\r\na\r\n0\r\nX-Trailer: 1\r\nY: 2\r\n\r\n"), chunked("1\r\nb\r\n0\r\n\r\n")].concat();
    assert_eq!(seen(bytes), [request("POST /", "a"), request("POST /", "b")]);
}

#[test]
fn malformed_chunks_are_refused() {
    for body in [
        "\r\n",
        "g\r\n",
        "-1\r\n",
        "+1\r\na\r\n",
        "0x1\r\na\r\n",
        " 1\r\na\r\n",
        "1 \r\na\r\n",
        "1\na\r\n0\r\n\r\n",
        "1\rxa",
        "1\r\nab\r\n",
        "1\r\na\n0\r\n\r\n",
        "1\r\na\rx",
        "1\r\na0\r\n\r\n",
        "1;a\0\r\n",
        "1;a\nb\r\n",
        "00000000000000001\r\na\r\n0\r\n\r\n",
        "0\r\nX\r\n\r\n",
        "0\r\n X: 1\r\n\r\n",
        "0\r\nX: 1\n\r\n",
        "0\r\nX : 1\r\n\r\n",
        "0\r\n\n",
    ] {
        assert_eq!(refused(chunked(body)), 400, "{body:?}");
    }
}

#[test]
fn a_body_over_the_limit_is_refused_from_its_declared_length() {
    let most = LIMITS.body_bytes_max;
    let fits = "x".repeat(most);
    assert_eq!(seen(post(&format!("Content-Length: {most}\r\n"), &fits)), [request("POST /", &fits)]);
    assert_eq!(refused(post(&format!("Content-Length: {}\r\n", most + 1), "")), 413);
    assert_eq!(seen(chunked(&format!("{most:x}\r\n{fits}\r\n0\r\n\r\n"))), [request("POST /", &fits)]);
    assert_eq!(refused(chunked(&format!("{:x}\r\n", most + 1))), 413);
    assert_eq!(refused(chunked("ffffffffffffffff\r\n")), 413);
    assert_eq!(refused(chunked(&format!("{most:x}\r\n{fits}\r\n1\r\n"))), 413, "all chunks together");
}

/// Reads a request byte by byte whose body may have `bytes_max` bytes, or is not wanted. What came out, and the bytes kept at
/// most.
fn read_wanted(text: &str, wanted_bytes_max: Option<usize>) -> (Vec<Seen>, usize) {
    let mut reader = RequestReader::default();
    let (mut seen, mut kept) = (Vec::new(), 0);
    for byte in text.as_bytes().chunks(1) {
        let result = reader.read(byte, &LIMITS, |event| match event {
            Event::Body { head, length, bytes_max } => {
                seen.push(request(head.target, &format!("{length:?}")));
                *bytes_max = wanted_bytes_max.unwrap_or(*bytes_max);
                if wanted_bytes_max.is_none() { Flow::Stop } else { Flow::Continue }
            }
            Event::Request { body, .. } => {
                seen.push(request("whole", &String::from_utf8_lossy(body)));
                Flow::Continue
            }
            Event::Continue => Flow::Continue,
        });
        if let Err(refusal) = result {
            seen.push(Seen::Refused(refusal.status));
        }
        kept = kept.max(reader.kept_bytes());
        if seen.contains(&request("/p", "Some(40)")) && wanted_bytes_max.is_none() {
            break;
        }
    }
    (seen, kept)
}

#[test]
fn whoever_reads_says_by_the_head_whether_a_body_is_read_and_how_long_it_may_be() {
    let body = "x".repeat(40);
    let plain = format!("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n{body}");
    let announced = request("/p", "Some(40)");
    assert_eq!(read_wanted(&plain, Some(40)).0, [announced.clone(), request("whole", &body)]);
    assert_eq!(read_wanted(&plain, Some(39)).0, [announced.clone(), Seen::Refused(413)]);
    let (seen, _) = read_wanted(&plain, None);
    assert_eq!(seen, [announced], "nothing of it is visited");
    let chunked = "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nxxxxxxxx\r\n8\r\nxxxxxxxx\r\n0\r\n\r\n";
    let announced = request("/p", "None");
    assert_eq!(read_wanted(chunked, Some(16)).0, [announced.clone(), request("whole", &"x".repeat(16))]);
    assert_eq!(read_wanted(chunked, Some(15)).0, [announced, Seen::Refused(413)]);
}
