//! Sessions with a client of rustls, in memory.

use super::*;
use crate::runtime::tls::{
    Acceptor, RootCertStore, TlsSettings, make_self_signed, read_authorities, read_identity,
};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rustls::{ClientConfig, ClientConnection, ConnectionTrafficSecrets, SupportedProtocolVersion, version};
use std::io::{Read, Write};
use std::time::SystemTime;

/// A session and whoever speaks with it.
struct Pair {
    session: Session,
    client: ClientConnection,
    plain: Vec<u8>,
    records: Records,
    /// What the client was told.
    told: Vec<u8>,
}

impl Pair {
    fn new(version: &'static SupportedProtocolVersion) -> Self {
        let pem = make_self_signed(vec!["localhost".into()]).unwrap();
        let identity = read_identity(pem.as_bytes(), pem.as_bytes(), SystemTime::now()).unwrap();
        let settings = TlsSettings {
            identities: vec![Arc::new(identity)],
            client_authorities: None,
            with_tls_1_2: true,
            tickets: true,
            handshake_ms: 1,
            proves_names: false,
            unfinished_bytes_max: 1,
        };
        let acceptance = Acceptor::new(&settings).unwrap().current();
        let socket = SocketId { index: 0, generation: 0 };
        Self {
            session: Session::new(acceptance.config.clone(), socket).unwrap(),
            client: client(read_authorities(pem.as_bytes()).unwrap(), version),
            plain: Vec::new(),
            records: Records::new(),
            told: Vec::new(),
        }
    }

    /// What the client wants to send.
    fn said(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.client.wants_write() {
            self.client.write_tls(&mut bytes).unwrap();
        }
        bytes
    }

    /// The session hears these bytes in pieces, and the client hears what it answers.
    fn hear(&mut self, bytes: &[u8], piece: usize) {
        for piece in bytes.chunks(piece) {
            let mut piece = piece.to_vec();
            self.session.read(&mut piece, &mut self.plain, &mut self.records).unwrap();
        }
        self.answer();
    }

    fn answer(&mut self) {
        let mut answer = self.records.filled();
        while !answer.is_empty() {
            self.client.read_tls(&mut answer).unwrap();
            self.client.process_new_packets().unwrap();
            // It says that there is no more for now.
            let _ = self.client.reader().read_to_end(&mut self.told);
        }
        self.records.clear();
    }

    fn shake(&mut self, piece: usize) {
        while self.client.is_handshaking() || self.session.is_handshaking() {
            let bytes = self.said();
            self.hear(&bytes, piece);
        }
    }

    fn answered(&mut self, plain: &[u8]) {
        assert!(self.session.encrypt(plain, &mut self.records));
        self.answer();
        assert_eq!(std::mem::take(&mut self.told), plain);
    }
}

fn client(roots: RootCertStore, version: &'static SupportedProtocolVersion) -> ClientConnection {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.enable_secret_extraction = true;
    // Small records, so that messages of the handshake are cut too.
    config.max_fragment_size = Some(64);
    ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap()
}

#[test]
fn bytes_may_come_in_any_pieces() {
    for version in [&version::TLS13, &version::TLS12] {
        for piece in [1, 2, 7, 100, 100_000] {
            let mut pair = Pair::new(version);
            pair.shake(piece);
            let text: Vec<u8> = (0..60_000_u32).map(|index| index as u8).collect();
            pair.client.writer().write_all(&text[..40_000]).unwrap();
            let bytes = pair.said();
            pair.hear(&bytes, piece);
            assert_eq!(pair.plain, text[..40_000]);
            assert_eq!(pair.session.kept_bytes(), 0, "an idle session keeps nothing");
            pair.answered(&text);
        }
    }
}

#[test]
fn the_last_word_goes_both_ways() {
    let mut pair = Pair::new(&version::TLS13);
    pair.shake(1000);
    pair.client.writer().write_all(b"request").unwrap();
    pair.client.send_close_notify();
    let mut bytes = pair.said();
    let heard = pair.session.read(&mut bytes, &mut pair.plain, &mut pair.records).unwrap();
    assert!(heard.closed && pair.session.is_closed() && pair.plain == b"request");
    pair.answered(b"answer");
    pair.session.say_last(&mut pair.records);
    pair.answer();
    assert_eq!(pair.client.reader().read(&mut [0; 1]).unwrap(), 0, "an end, and no cut");
    // Whatever comes after it is dropped.
    let after = pair.session.read(&mut [1; 500], &mut pair.plain, &mut pair.records).unwrap();
    assert!(!after.closed && pair.session.kept_bytes() == 0);
}

/// rustls panics where it is not shown a message again that came in part.
#[test]
fn a_message_of_the_handshake_that_comes_in_part_is_no_harm() {
    let mut pair = Pair::new(&version::TLS13);
    pair.shake(1000);
    let secrets = pair.client.dangerous_extract_secrets().unwrap();
    let (sequence, ConnectionTrafficSecrets::Aes256Gcm { key, iv }) = secrets.tx else {
        panic!("another cipher")
    };
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref()).unwrap());
    let record = |sequence: u64, contents: &[u8], kind: u8| {
        let mut nonce: [u8; 12] = iv.as_ref().try_into().unwrap();
        nonce[4..].iter_mut().zip(sequence.to_be_bytes()).for_each(|(byte, other)| *byte ^= other);
        let mut sealed = [contents, &[kind]].concat();
        let head = [23, 3, 3, 0, sealed.len() as u8 + 16];
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(head), &mut sealed)
            .unwrap();
        [&head[..], &sealed].concat()
    };
    const HANDSHAKE: u8 = 22;
    let key_update = [24, 0, 0, 1, 0];
    let (plain, records) = (&mut Vec::new(), &mut Records::new());
    pair.session.read(&mut record(sequence, &key_update[..2], HANDSHAKE), plain, records).unwrap();
    assert!(pair.session.kept_bytes() > 0);
    assert!(pair.session.encrypt(b"in between", records));
    pair.session.read(&mut record(sequence + 1, &key_update[2..], HANDSHAKE), plain, records).unwrap();
    assert_eq!(pair.session.kept_bytes(), 0);
    assert!(pair.session.encrypt(b"afterwards", records));
    pair.session.say_last(records);
}
