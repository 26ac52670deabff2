//! A push service on loopback, HTTP/1.1 over TLS with a certificate of its own. How it answers stands in the first part of
//! an endpoint's path.

use crate::PATIENCE;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request that came whole.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    /// Names in lower case.
    pub fields: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

pub struct PushService {
    pub url: String,
    /// The certificate that it is trusted by, as PEM.
    pub certificate: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    received: Mutex<Vec<Received>>,
    /// Whether `/hang/` answers by now.
    answers: AtomicBool,
}

impl PushService {
    pub fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        let (config, state) = (Arc::new(config), Arc::<State>::default());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let (shared, own) = (state.clone(), url.clone());
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (config, state, own) = (config.clone(), shared.clone(), own.clone());
                std::thread::spawn(move || serve(socket, config, &state, &own));
            }
        });
        Self { url, certificate: made.cert.pem(), state }
    }

    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// How often each path was asked for.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        self.received().into_iter().for_each(|one| *counts.entry(one.path).or_default() += 1);
        counts
    }

    /// From now on what hung is answered.
    pub fn answer_all(&self) {
        self.state.answers.store(true, Ordering::SeqCst);
    }
}

fn serve(socket: TcpStream, config: Arc<ServerConfig>, state: &State, own: &str) {
    let _ = socket.set_read_timeout(Some(PATIENCE));
    let mut stream = BufReader::new(StreamOwned::new(ServerConnection::new(config).unwrap(), socket));
    while let Some(request) = read(&mut stream) {
        let path = request.path.clone();
        let before = {
            let mut received = state.received.lock().unwrap();
            received.push(request);
            received.iter().filter(|one| one.path == path).count() - 1
        };
        let answer = match path.split('/').nth(1).unwrap_or_default() {
            "gone" => "410 Gone\r\n".to_owned(),
            "busy" if before == 0 => "429 Too Many Requests\r\nRetry-After: 2\r\n".to_owned(),
            "fail" if before < 2 => "500 Internal Server Error\r\n".to_owned(),
            "redirect" => format!("307 Temporary Redirect\r\nLocation: {own}/ok/redirected\r\n"),
            "late" => {
                std::thread::sleep(Duration::from_millis(1_500));
                "201 Created\r\n".to_owned()
            }
            "hang" if !state.answers.load(Ordering::SeqCst) => {
                // Until the caller gives it up.
                let _ = stream.fill_buf();
                return;
            }
            _ => "201 Created\r\n".to_owned(),
        };
        let answer = format!("HTTP/1.1 {answer}Content-Length: 0\r\n\r\n");
        if stream.get_mut().write_all(answer.as_bytes()).and_then(|()| stream.get_mut().flush()).is_err() {
            return;
        }
    }
}

fn read(stream: &mut impl BufRead) -> Option<Received> {
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|count| *count > 0)?;
        Some(line.trim_end().to_owned())
    };
    let path = line()?.split(' ').nth(1)?.to_owned();
    let mut fields = BTreeMap::new();
    while let Some((name, value)) = line()?.split_once(": ") {
        fields.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; fields.get("content-length")?.parse().ok()?];
    stream.read_exact(&mut body).ok()?;
    Some(Received { path, fields, body })
}
