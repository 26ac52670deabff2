//! Certificates by ACME, from an authority that runs beside the test: pebble, of those who run Let's Encrypt. Where no `pebble` is on
//! PATH or in `tools/`, the tests say that they are skipped.

use super::certificates::Authority;
use super::client::{session, shake, tcp};
use crate::http::Http;
use crate::server::{Guard, Home, Server, addresses};
use crate::{eventually, process};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

const NAME: &str = "rt.example.com";

/// A port that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An authority that finds every name on this host, at ports of the test.
struct Pebble {
    home: tempfile::TempDir,
    directory_url: String,
    http: u16,
    tls: u16,
    _process: Guard,
}

impl Pebble {
    /// One whose certificates hold for so many seconds; `None` if there is none.
    fn start(validity_s: u32) -> Option<Self> {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools");
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let mut places = std::env::split_paths(&paths).chain([tools]).map(|place| place.join("pebble"));
        let Some(program) = places.find(|place| place.is_file()) else {
            // Past the harness, which hides what a passing test prints.
            let _ = writeln!(std::io::stderr(), "skipped: no pebble on PATH or in tools/ gives certificates");
            return None;
        };
        let home = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        authority.issue(&["localhost", "127.0.0.1"]).write(home.path(), "pebble");
        fs::write(home.path().join("ca.pem"), authority.pem()).unwrap();
        let [own, management, http, tls] = [(); 4].map(|()| free_port());
        let config = json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{own}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": "pebble.crt",
            "privateKey": "pebble.key",
            "httpPort": http,
            "tlsPort": tls,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
            "retryAfter": {"authz": 1, "order": 1},
            "profiles": {"default": {"description": "of the test", "validityPeriod": validity_s}},
        }});
        fs::write(home.path().join("pebble.json"), config.to_string()).unwrap();
        let mut command = Command::new(program);
        command.args(["-config", "pebble.json", "-dnsserver", &names().to_string()]);
        command.current_dir(home.path()).env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "0");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        process::die_with_parent(&mut command);
        let process = Guard(command.spawn().unwrap());
        let address = SocketAddr::from(([127, 0, 0, 1], own));
        eventually("the authority", || TcpStream::connect(address).ok());
        let directory_url = format!("https://127.0.0.1:{own}/dir");
        Some(Self { home, directory_url, http, tls, _process: process })
    }

    fn settings(&self, challenge: &str) -> Vec<String> {
        let (tls, http) = (self.tls, self.http);
        vec![
            format!(r#"listen=[{{address="127.0.0.1:{tls}",tls=true}}, "127.0.0.1:{http}"]"#),
            format!(r#"acme.domains=["{NAME}"]"#),
            format!("acme.directory_url={}", self.directory_url),
            format!("acme.ca_file={}", self.home.path().join("ca.pem").display()),
            format!("acme.challenge={challenge}"),
            "acme.contact=mailto:ops@example.com".into(),
        ]
    }

    fn node(&self, challenge: &str) -> (Home, Server) {
        let settings = self.settings(challenge);
        let home = Home::new(&settings.iter().map(String::as_str).collect::<Vec<_>>());
        let server = home.start();
        (home, server)
    }
}

/// A server of names, asked over TCP, that says of every one that it is this host.
fn names() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            std::thread::spawn(move || while answer(&socket).is_some() {});
        }
    });
    address
}

/// Answers one question; `None` at the end of the connection. A message has its length before it (RFC 1035 section 4.2.2).
fn answer(mut socket: &TcpStream) -> Option<()> {
    let mut length = [0; 2];
    socket.read_exact(&mut length).ok()?;
    let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
    socket.read_exact(&mut question).ok()?;
    // The name ends with an empty label, then come the kind and the class.
    let end = 12 + question[12..].iter().position(|byte| *byte == 0)? + 5;
    let is_address = question[end - 4..end - 2] == [0, 1];
    let head = [0x81, 0x80, 0, 1, 0, u8::from(is_address), 0, 0, 0, 0];
    let mut answer = [&question[..2], &head, &question[12..end]].concat();
    if is_address {
        answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1]);
    }
    let length = u16::try_from(answer.len()).ok()?;
    socket.write_all(&[&length.to_be_bytes()[..], &answer].concat()).ok()
}

/// Looks at certificates, and trusts them all.
#[derive(Debug)]
struct Curious;

impl ServerCertVerifier for Curious {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

fn curious(protocols: &[&str]) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config =
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Curious)).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// The certificate that is served for the name.
fn served(address: SocketAddr) -> Vec<u8> {
    let mut stream = session(&curious(&[]), NAME, tcp(address));
    shake(&mut stream).unwrap();
    stream.conn.peer_certificates().unwrap()[0].to_vec()
}

fn is_given(certificate: &[u8]) -> bool {
    certificate.windows(6).any(|bytes| bytes == b"Pebble")
}

fn orders(server: &Server, outcome: &str) -> u64 {
    let plain = addresses(&server.banner)[1];
    let label = format!("outcome=\"{outcome}\"");
    let series = Http::connect(plain).metrics("corecast_acme_orders_total");
    series.iter().filter(|(labels, _)| *labels == label).map(|(_, count)| count).sum()
}

fn files(home: &Home) -> Vec<PathBuf> {
    let found = fs::read_dir(home.data().join("acme")).unwrap();
    found.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_certificate_is_got_kept_and_renewed() {
    // It is renewed after eight seconds.
    let Some(pebble) = Pebble::start(12) else { return };
    let (home, server) = pebble.node("tls-alpn-01");
    let first =
        eventually("the first certificate", || Some(served(server.address)).filter(|it| is_given(it)));
    assert_eq!(orders(&server, "got"), 1);
    for path in files(&home) {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
    }
    assert_eq!(files(&home).len(), 2, "an account and a certificate");
    let renewed = || Some(served(server.address)).filter(|it| is_given(it) && *it != first);
    eventually("the next certificate", renewed);
    assert_eq!(orders(&server, "failed"), 0);
    let status = home.command(&["status"]).output().unwrap();
    let status = String::from_utf8(status.stdout).unwrap();
    assert!(status.contains("certificate   until 20"), "{status}");
    // Nobody is shown a proof that nobody asked for.
    let mut stranger = session(&curious(&["acme-tls/1"]), NAME, tcp(server.address));
    assert!(shake(&mut stranger).is_err());
}

#[test]
fn a_certificate_is_got_by_words_on_every_core_and_outlives_a_restart() {
    let Some(pebble) = Pebble::start(7_776_000) else { return };
    let (home, server) = pebble.node("http-01");
    let first = eventually("the certificate", || Some(served(server.address)).filter(|it| is_given(it)));
    let plain = addresses(&server.banner)[1];
    let path = "/.well-known/acme-challenge/none";
    assert_eq!(Http::connect(plain).call("GET", path, "", &Value::Null).status, 404);
    drop(server);
    let server = home.start();
    assert_eq!(served(server.address), first, "from the first connection on");
    assert_eq!(orders(&server, "got"), 0, "none is ordered before it is time");
}

#[test]
fn an_authority_that_is_not_there_costs_a_warning_and_nothing_else() {
    let port = free_port();
    let home = Home::new(&[
        r#"listen=[{address="127.0.0.1:0",tls=true}, "127.0.0.2:0"]"#,
        &format!(r#"acme.domains=["{NAME}"]"#),
        &format!("acme.directory_url=https://127.0.0.1:{port}/dir"),
    ]);
    let server = home.start();
    eventually("the try", || (orders(&server, "failed") == 1).then_some(()));
    assert!(!is_given(&served(server.address)), "one that nobody vouches for is served");
    let mut stream = session(&curious(&["http/1.1"]), NAME, tcp(server.address));
    let answer = super::client::get(&mut stream, "/health/live").unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(orders(&server, "failed"), 1, "the next try is later");
}
