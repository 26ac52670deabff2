//! A WebSocket client on tungstenite.

use crate::PATIENCE;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpStream};
use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::client::Request;
use tungstenite::{Error, Message, WebSocket};

pub struct Client {
    pub socket: WebSocket<TcpStream>,
}

/// How a socket came to its end, seen from a client.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// A close frame with this code; 1005 stands for none.
    Closed(u16),
    /// No close frame.
    Cut,
}

impl Client {
    #[track_caller]
    pub fn connect(address: SocketAddr, key: &str) -> Self {
        Self::open(address, "/v1/realtime", Some(key)).unwrap()
    }

    /// Opens a WebSocket at `path`.
    pub fn open(address: SocketAddr, path: &str, key: Option<&str>) -> Result<Self, Box<Error>> {
        let stream = TcpStream::connect(address).map_err(|error| Box::new(error.into()))?;
        stream.set_nodelay(true).unwrap();
        Self::open_on(stream, path, key)
    }

    /// Opens a WebSocket at `path` on a connected socket.
    pub fn open_on(stream: TcpStream, path: &str, key: Option<&str>) -> Result<Self, Box<Error>> {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let address = stream.peer_addr().map_err(|error| Box::new(error.into()))?;
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        if let Some(key) = key {
            let value = format!("Bearer {key}").parse().unwrap();
            request.headers_mut().insert("Authorization", value);
        }
        Self::shake(stream, request)
    }

    /// Opens a WebSocket with a handshake of one's own.
    pub fn open_with(address: SocketAddr, request: Request) -> Result<Self, Box<Error>> {
        let stream = TcpStream::connect(address).map_err(|error| Box::new(error.into()))?;
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self::shake(stream, request)
    }

    fn shake(stream: TcpStream, request: Request) -> Result<Self, Box<Error>> {
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(tungstenite::HandshakeError::Failure(error)) => Err(Box::new(error)),
            Err(tungstenite::HandshakeError::Interrupted(_)) => panic!("no answer to the handshake"),
        }
    }

    #[track_caller]
    pub fn send(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).unwrap();
    }

    /// The next message; pings are answered on the way.
    #[track_caller]
    pub fn next(&mut self) -> Value {
        loop {
            match self.socket.read().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("not a text message: {other:?}"),
            }
        }
    }

    /// Sends to a server that may be gone.
    pub fn try_send(&mut self, message: &Value) -> Result<(), Box<Error>> {
        self.socket.send(Message::text(message.to_string())).map_err(Box::new)
    }

    /// The next message of a server that may be gone.
    pub fn try_next(&mut self) -> Result<Value, Box<Error>> {
        loop {
            if let Message::Text(text) = self.socket.read()? {
                return Ok(serde_json::from_str(&text).unwrap());
            }
        }
    }

    /// Sends, and takes the next message for the answer.
    #[track_caller]
    pub fn ask(&mut self, message: Value) -> Value {
        self.send(message);
        self.next()
    }

    /// Subscribes; says epoch and offset of the answer.
    #[track_caller]
    pub fn subscribe(&mut self, channel: &str) -> (u64, u64) {
        let answer = self.ask(json!({"type": "subscribe", "channel": channel}));
        assert_eq!(answer["type"], "subscribed", "{answer}");
        (answer["epoch"].as_u64().unwrap(), answer["offset"].as_u64().unwrap())
    }

    /// Publishes on a socket that has nothing else to read; says epoch and offset of the answer.
    #[track_caller]
    pub fn publish(&mut self, channel: &str, data: Value) -> (u64, u64) {
        let answer = self.ask(json!({"type": "publish", "channel": channel, "data": data}));
        assert_eq!(answer["type"], "published", "{answer}");
        (answer["epoch"].as_u64().unwrap(), answer["offset"].as_u64().unwrap())
    }

    /// Asserts that the socket still answers.
    #[track_caller]
    pub fn assert_alive(&mut self) {
        assert_eq!(self.ask(json!({"type": "ping"})), json!({"type": "pong"}));
    }

    /// Reads everything up to the end of the socket.
    #[track_caller]
    pub fn drain(&mut self) -> (Vec<Message>, End) {
        let mut messages = Vec::new();
        loop {
            match self.socket.read() {
                Ok(Message::Close(frame)) => {
                    // Flushes the answer to the close.
                    let _ = self.socket.flush();
                    return (messages, End::Closed(frame.map_or(1005, |frame| frame.code.into())));
                }
                Ok(message) => messages.push(message),
                Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("the socket neither spoke nor ended")
                }
                Err(_) => return (messages, End::Cut),
            }
        }
    }

    /// How the socket ends; what comes before is dropped.
    #[track_caller]
    pub fn end(&mut self) -> End {
        self.drain().1
    }

    /// The socket beneath.
    pub fn stream(&self) -> &TcpStream {
        self.socket.get_ref()
    }
}
