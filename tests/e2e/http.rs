//! A plain HTTP client over one kept connection: writes what it is told, reads what comes.

use crate::PATIENCE;
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

pub struct Http {
    pub stream: BufReader<TcpStream>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Header lines, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Http {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    #[track_caller]
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// The next answer, of a request that was not HEAD.
    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        answer.body = String::from_utf8(body).unwrap();
        answer
    }

    /// The head of the next answer.
    #[track_caller]
    pub fn head(&mut self) -> Answer {
        let first = self.line();
        let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("not a status line: {first:?}"));
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                return Answer { status, headers, body: String::new() };
            }
            let (name, value) = line.split_once(':').unwrap();
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    #[track_caller]
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        assert!(line.ends_with("\r\n"), "the connection ended after {line:?}");
        line.trim_end().to_owned()
    }

    /// Whether the server has ended the connection and nothing more came; waits for one or the other.
    #[track_caller]
    pub fn ended(&mut self) -> bool {
        match self.stream.fill_buf() {
            Ok(bytes) => bytes.is_empty(),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => true,
            Err(error) => panic!("neither bytes nor an end: {error}"),
        }
    }

    #[track_caller]
    pub fn get(&mut self, path: &str) -> Answer {
        self.write(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        self.answer()
    }

    /// A request on a connection of its own to a server that may go away before it answers.
    pub fn try_call(
        address: SocketAddr,
        method: &str,
        path: &str,
        key: &str,
        body: &Value,
    ) -> io::Result<Answer> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut http = Self { stream: BufReader::new(stream) };
        let body = body.to_string();
        let length = body.len();
        write!(
            http.stream.get_mut(),
            "{method} {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )?;
        if http.stream.fill_buf()?.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // The server writes an answer at once or, killed, not at all.
        Ok(http.answer())
    }

    /// A request with a key and, unless `body` is null, a JSON body.
    #[track_caller]
    pub fn call(&mut self, method: &str, path: &str, key: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let length = body.len();
        self.write(format!(
            "{method} {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
        self.answer()
    }

    /// Sum of a metric over its labels.
    #[track_caller]
    pub fn metric(&mut self, name: &str) -> u64 {
        self.metrics(name).iter().map(|(_, value)| value).sum()
    }

    /// A metric's labels, as they are written, and values.
    #[track_caller]
    pub fn metrics(&mut self, name: &str) -> Vec<(String, u64)> {
        let answer = self.get("/metrics");
        let mut found = Vec::new();
        for line in answer.body.lines().filter(|line| !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (known, labels) = series.split_once('{').unwrap_or((series, ""));
            if known == name {
                found.push((labels.trim_end_matches('}').to_owned(), value.parse().unwrap()));
            }
        }
        assert!(!found.is_empty(), "no metric {name} in {}", answer.body);
        found
    }
}
