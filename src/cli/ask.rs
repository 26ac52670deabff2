//! One HTTP request to a node on this machine.

use super::Failure;
use super::banner::reachable;
use crate::auth::Secret;
use crate::base::json;
use crate::config::Config;
use serde::Deserialize;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;
use ureq::http::Response;
use ureq::{Agent, Body, Error, Timeout};

/// How long a node may take to take a connection.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// How long it may take to say how it is: longer than it waits for a core that does not turn.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// Bytes of an answer's body: those of a node are far below, its metrics with many cores included.
const ANSWER_BYTES_MAX: u64 = 4 << 20;

/// What a node answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Silence {
    /// Nobody takes connections there.
    Nobody(Error),
    /// Somebody does, and gave no whole answer.
    NoAnswer(Error),
}

#[derive(Deserialize)]
struct Envelope {
    error: Fault,
}

#[derive(Deserialize)]
struct Fault {
    message: String,
}

impl Answer {
    /// What it says went wrong.
    pub(super) fn fault(&self) -> String {
        let fault = json::read_bytes(&self.body).map(|envelope: Envelope| envelope.error.message);
        fault.unwrap_or_else(|_| format!("it answered with status {}", self.status))
    }
}

/// Where the node of a configuration can be asked.
///
/// # Errors
/// The configuration leaves the port open, or has TLS everywhere.
pub(super) fn address_of(config: &Config) -> Result<SocketAddr, Failure> {
    // What operators ask is served on their own listeners, where there are some, and everything else there too.
    let is_apart = config.listen.iter().any(|listen| listen.operators);
    let listen = config.listen.iter().filter(|listen| listen.operators == is_apart);
    let mut plain = listen.filter(|listen| !listen.tls).filter_map(|listen| listen.address.ip());
    let address = plain.next().map(reachable).ok_or_else(|| {
        Failure::Said(
            "the node listens nowhere without TLS, and it is asked without: add a port of this host that nobody else \
             reaches to `listen`, or to `admin_listen` where that is used, such as \"127.0.0.1:8080\", and start the node anew"
                .into(),
        )
    })?;
    Some(address).filter(|address| address.port() != 0).ok_or_else(|| {
        Failure::Said(
            "the node listens on a port that it chose itself (listen has port 0): say which, as with --set \
             'listen=[\"127.0.0.1:8080\"]'"
                .into(),
        )
    })
}

/// Asks for something that everybody may know and that is there at once.
pub(super) fn get(address: SocketAddr, path: &str) -> Result<Answer, Silence> {
    let agent = agent(Some(ANSWER_TIME));
    whole(agent.get(format!("http://{address}{path}")).call())
}

/// Asks a node at a URL for something that operators alone may know.
pub(super) fn get_as_admin(url: &str, key: &Secret) -> Result<Answer, Silence> {
    let key = format!("Bearer {}", String::from_utf8_lossy(key.expose()));
    whole(agent(Some(ANSWER_TIME)).get(url).header("Authorization", key).call())
}

/// Asks for something that takes as long as it takes.
pub(super) fn post(address: SocketAddr, path: &str, key: &Secret) -> Result<Answer, Silence> {
    let key = format!("Bearer {}", String::from_utf8_lossy(key.expose()));
    let request = agent(None).post(format!("http://{address}{path}")).header("Authorization", key);
    whole(request.send_empty())
}

/// Proxies of the environment are for other hosts than this one.
fn agent(answer_time: Option<Duration>) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_connect(Some(CONNECT_TIME))
        .timeout_global(answer_time);
    config.build().into()
}

fn whole(answer: Result<Response<Body>, Error>) -> Result<Answer, Silence> {
    let mut answer = answer.map_err(|error| match error {
        Error::Timeout(Timeout::Connect) | Error::ConnectionFailed => Silence::Nobody(error),
        Error::Io(ref io) if is_nobody(io.kind()) => Silence::Nobody(error),
        _ => Silence::NoAnswer(error),
    })?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
    Ok(Answer { status, body: body.map_err(Silence::NoAnswer)? })
}

fn is_nobody(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// Asks somebody who reads the request and answers with these bytes.
    fn answered(bytes: &[u8]) -> Result<Answer, Silence> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut socket = listener.accept().unwrap().0;
                let mut request = [0; 1024];
                let count = socket.read(&mut request).unwrap();
                assert!(request[..count].starts_with(b"POST /x HTTP/1.1\r\n"));
                socket.write_all(bytes).unwrap();
            });
            post(address, "/x", &Secret::new("cc_key"))
        })
    }

    #[test]
    fn an_answer_is_read_whole_or_not() {
        let whole = b"HTTP/1.1 409 Conflict\r\ncontent-length: 29\r\n\r\n{\"error\":{\"message\":\"later\"}}";
        let answer = answered(whole).unwrap();
        assert_eq!((answer.status, answer.fault()), (409, "later".into()));
        for cut in (0..whole.len()).step_by(7) {
            assert!(matches!(answered(&whole[..cut]), Err(Silence::NoAnswer(_))), "{cut}");
        }
        assert!(matches!(answered(b"SSH-2.0-x\r\n\r\n"), Err(Silence::NoAnswer(_))));
        let other = answered(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 1\r\n\r\n<").unwrap();
        assert_eq!(other.fault(), "it answered with status 502");
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(matches!(post(closed, "/x", &Secret::new("k")), Err(Silence::Nobody(_))));
    }
}
