//! A naive broker for the tests of `loadtest`: RetroChat's frames, a thread per connection, one lock. It is told
//! with `--fault` to do wrong, so that a test can see the generator notice.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{env, fs, process, thread};
use tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tungstenite::http::StatusCode;
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

const KEY: &str = "mock-key";
/// A fault happens at each publication whose offset this divides.
const FAULT_EVERY: u64 = 50;

type Socket = Arc<Mutex<WebSocket<TcpStream>>>;

#[derive(Default)]
struct Channel {
    subscribers: Vec<Socket>,
    offset: u64,
    held: Option<String>,
    history: Vec<String>,
}

#[derive(Default)]
struct Broker {
    channels: Mutex<HashMap<String, Channel>>,
    fault: String,
}

fn main() {
    let (mut listen, mut data_dir, mut fault) = ("127.0.0.1:0".to_owned(), None, String::new());
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--version" {
            println!("mock-broker 0");
            return;
        } else if argument == "--fault" {
            fault = arguments.next().unwrap_or_default();
        } else if argument == "--set" {
            match arguments.next().unwrap_or_default().split_once('=') {
                Some(("listen", value)) => listen = value.to_owned(),
                Some(("data_dir", value)) => data_dir = Some(value.to_owned()),
                _ => {}
            }
        }
    }
    if let Some(directory) = data_dir {
        fs::create_dir_all(&directory).unwrap();
        fs::write(format!("{directory}/api_key"), format!("{KEY}\n")).unwrap();
    }
    let listener = TcpListener::bind(listen).unwrap();
    println!("{}", listener.local_addr().unwrap());
    let broker = Arc::new(Broker { fault, ..Broker::default() });
    for stream in listener.incoming() {
        let broker = Arc::clone(&broker);
        let work = move || {
            if let Err(error) = serve(&broker, stream.unwrap()) {
                eprintln!("mock-broker: {error}");
            }
        };
        thread::Builder::new().stack_size(256 * 1024).spawn(work).unwrap();
    }
}

#[allow(clippy::result_large_err)]
fn authorize(request: &Request, response: Response) -> Result<Response, ErrorResponse> {
    let given = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    if request.uri().path() == "/v1/realtime" && given == Some(&format!("Bearer {KEY}")) {
        return Ok(response);
    }
    let mut refusal = ErrorResponse::new(Some(r#"{"success":false}"#.to_owned()));
    *refusal.status_mut() = StatusCode::UNAUTHORIZED;
    Err(refusal)
}

fn serve(broker: &Broker, mut stream: TcpStream) -> Result<(), Box<dyn std::error::Error>> {
    let mut start = [0; 11];
    stream.set_nodelay(true)?;
    while stream.peek(&mut start)? < start.len() {
        thread::sleep(Duration::from_millis(1));
    }
    if &start == b"GET /health" {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        return Ok(());
    }
    if &start != b"GET /v1/rea" {
        return manage(broker, &stream);
    }
    let mut reader = tungstenite::accept_hdr(stream, authorize)?;
    let writer = WebSocket::from_raw_socket(reader.get_ref().try_clone()?, Role::Server, None);
    let writer = Arc::new(Mutex::new(writer));
    loop {
        let message = reader.read()?;
        let Message::Text(text) = message else { continue };
        let request: serde_json::Value = serde_json::from_str(&text)?;
        let name = request["channel"].as_str().unwrap_or_default();
        match request["type"].as_str() {
            Some("subscribe") => subscribe(broker, &writer, name, request["recover"]["offset"].as_u64())?,
            Some("unsubscribe") => {
                let mut channels = broker.channels.lock().unwrap();
                let channel = channels.entry(name.to_owned()).or_default();
                channel.subscribers.retain(|other| !Arc::ptr_eq(other, &writer));
                send(&writer, format!(r#"{{"type":"unsubscribed","channel":"{name}"}}"#))?;
            }
            Some("publish") => publish(broker, &writer, name, &request["data"])?,
            _ => send(&writer, r#"{"type":"error","code":"UNKNOWN_TYPE","message":"?"}"#.to_owned())?,
        }
    }
}

/// Answers every management call alike.
fn manage(broker: &Broker, mut stream: &TcpStream) -> Result<(), Box<dyn std::error::Error>> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let status = if broker.fault == "refuse" { "429 Too Many Requests" } else { "200 OK" };
    loop {
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(number) = line.strip_prefix("Content-Length: ") {
                length = number.trim().parse()?;
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\n{{}}")?;
    }
}

/// Subscribes, and gives what came after offset `after`.
fn subscribe(
    broker: &Broker,
    writer: &Socket,
    name: &str,
    after: Option<u64>,
) -> Result<(), tungstenite::Error> {
    if after.is_some() {
        // Long enough that there is something to recover.
        thread::sleep(Duration::from_millis(20));
    }
    let mut channels = broker.channels.lock().unwrap();
    let channel = channels.entry(name.to_owned()).or_default();
    let gap = after.is_some() && broker.fault == "forget-history";
    let position = format!(r#""epoch":1,"offset":{}"#, channel.offset);
    let gap_text = if gap { r#","gap":true"# } else { "" };
    send(writer, format!(r#"{{"type":"subscribed","channel":"{name}",{position}{gap_text}}}"#))?;
    let skipped = usize::from(broker.fault == "recovery-hole");
    for text in channel
        .history
        .iter()
        .skip((after.unwrap_or(u64::MAX) as usize).saturating_add(skipped))
        .filter(|_| !gap)
    {
        send(writer, text.clone())?;
    }
    channel.subscribers.push(Arc::clone(writer));
    Ok(())
}

fn publish(
    broker: &Broker,
    publisher: &Socket,
    name: &str,
    data: &serde_json::Value,
) -> Result<(), tungstenite::Error> {
    let mut channels = broker.channels.lock().unwrap();
    let channel = channels.entry(name.to_owned()).or_default();
    channel.offset += 1;
    let offset = channel.offset;
    let position = format!(r#""epoch":1,"offset":{offset}"#);
    let text =
        format!(r#"{{"type":"publication","channel":"{name}","event":"message","data":{data},{position}}}"#);
    channel.history.push(text.clone());
    let faulty = offset.is_multiple_of(FAULT_EVERY);
    if broker.fault == "misroute" && faulty {
        let other = channels
            .iter()
            .find(|(other, _)| *other != name)
            .and_then(|(_, other)| other.subscribers.first());
        other.map_or(Ok(()), |subscriber| send(subscriber, text.clone()))?;
    }
    let Some(channel) = channels.get_mut(name) else { return Ok(()) };
    if broker.fault == "pause" && offset == FAULT_EVERY {
        thread::sleep(Duration::from_millis(200));
    }
    if broker.fault == "stall" && offset >= FAULT_EVERY {
        return Ok(());
    }
    for (at, subscriber) in channel.subscribers.iter().enumerate() {
        match broker.fault.as_str() {
            "lose" if faulty && at == 0 => continue,
            "forget" if offset >= FAULT_EVERY && at == 0 => continue,
            "duplicate" if faulty && at == 0 => send(subscriber, text.clone())?,
            "reorder" if faulty && at == 0 => {
                channel.held = Some(text.clone());
                continue;
            }
            "fragment" if faulty => subscriber.lock().unwrap().get_mut().write_all(b"\x01\x01x")?,
            "close" if faulty => subscriber.lock().unwrap().close(None)?,
            "garbage" if faulty => subscriber.lock().unwrap().get_mut().write_all(b"not a frame at all")?,
            "exit" if faulty => process::exit(3),
            _ => {}
        }
        // A subscriber that left stays in the list; nobody misses what it is not sent.
        let _ = send(subscriber, text.clone());
        if at == 0
            && let Some(held) = channel.held.take()
        {
            send(subscriber, held)?;
        }
    }
    if broker.fault == "refuse" && faulty {
        return send(publisher, r#"{"type":"error","code":"RATE_LIMITED","message":"slow down"}"#.to_owned());
    }
    send(publisher, format!(r#"{{"type":"published","channel":"{name}",{position}}}"#))
}

fn send(socket: &Socket, text: String) -> Result<(), tungstenite::Error> {
    socket.lock().unwrap().send(Message::text(text))
}
