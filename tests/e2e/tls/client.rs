//! A client that speaks TLS.

use crate::PATIENCE;
use crate::server::Server;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use tungstenite::{Message, WebSocket};

pub type Stream<S = TcpStream> = StreamOwned<ClientConnection, S>;

/// A connected socket.
pub fn tcp(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// Begins a session for a name; the handshake is done by the first byte that is written or read.
pub fn session<S: Read + Write>(config: &Arc<ClientConfig>, name: &str, socket: S) -> Stream<S> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    StreamOwned::new(ClientConnection::new(config.clone(), name).unwrap(), socket)
}

pub fn connect(config: &Arc<ClientConfig>, server: &Server) -> Stream {
    session(config, "localhost", tcp(server.address))
}

/// Does the handshake, and whatever else is on its way.
pub fn shake(stream: &mut Stream) -> io::Result<()> {
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(())
}

/// The answer to a GET that ends the connection; everything up to the last word.
pub fn get<S: Read + Write>(stream: &mut Stream<S>, path: &str) -> io::Result<String> {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")?;
    stream.flush()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A WebSocket over TLS.
pub struct Secure<S: Read + Write = TcpStream>(pub WebSocket<Stream<S>>);

impl<S: Read + Write> Secure<S> {
    pub fn open(stream: Stream<S>, server: &Server) -> Self {
        let url = format!("wss://localhost/v1/realtime?api_key={}", server.key);
        let (socket, _) = tungstenite::client(url, stream).unwrap_or_else(|error| panic!("{error}"));
        Self(socket)
    }

    pub fn send(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).unwrap();
    }

    pub fn next(&mut self) -> Value {
        loop {
            match self.0.read().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("not a text message: {other:?}"),
            }
        }
    }

    pub fn ask(&mut self, message: &Value) -> Value {
        self.send(message);
        self.next()
    }

    pub fn assert_alive(&mut self) {
        assert_eq!(self.ask(&json!({"type": "ping"})), json!({"type": "pong"}));
    }

    pub fn subscribe(&mut self, channel: &str) {
        let answer = self.ask(&json!({"type": "subscribe", "channel": channel}));
        assert_eq!(answer["type"], "subscribed", "{answer}");
    }
}
