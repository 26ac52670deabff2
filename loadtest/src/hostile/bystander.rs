//! Somebody who is not part of it: asks every few milliseconds whether the server is there, and waits for the answer.

use crate::failure::Failure;
use crate::sys;
use crate::target::Access;
use crate::wire::{frame, handshake};
use hdrhistogram::Histogram;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Between an answer and the next question.
const PAUSE: Duration = Duration::from_millis(3);

/// An answer that takes longer is none.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What is in every answer.
const PONG: &[u8] = br#""type":"pong""#;

/// One connection that asks, and how long it waited.
pub struct Bystander {
    stream: TcpStream,
    ping: Vec<u8>,
    /// What arrived and was not looked at.
    said: Vec<u8>,
}

impl Bystander {
    /// Opens a WebSocket.
    pub fn connect(address: SocketAddr, access: &Access) -> Result<Self, Failure> {
        let mut stream = connect(address)?;
        let request = handshake::request("localhost", "/v1/realtime", &super::authorization(access));
        stream.write_all(&request)?;
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while handshake::read_response(&answer).map_err(Failure::Failed)?.is_none() {
            let read = stream.read(&mut buffer)?;
            if read == 0 {
                return Err(Failure::Failed("the server closed the bystander's connection".into()));
            }
            answer.extend_from_slice(&buffer[..read]);
        }
        let mut ping = Vec::new();
        frame::write_masked(&mut ping, frame::TEXT, br#"{"type":"ping"}"#);
        Ok(Self { stream, ping, said: Vec::new() })
    }

    /// Asks for so long, and notes what each answer takes, in microseconds.
    pub fn ping_for(&mut self, time: Duration, taken_us: &mut Histogram<u64>) -> Result<(), Failure> {
        let until = Instant::now() + time;
        while Instant::now() < until && !sys::interrupted() {
            let asked = Instant::now();
            self.stream.write_all(&self.ping)?;
            self.read_answer()?;
            taken_us.saturating_record(asked.elapsed().as_micros() as u64);
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Reads until the answer is there, whole. What the server says on its own is passed over.
    fn read_answer(&mut self) -> Result<(), Failure> {
        let mut buffer = [0; 4096];
        loop {
            let said = frame::read_header(&self.said)
                .map_err(str::to_owned)?
                .filter(|header| header.frame_bytes() <= self.said.len());
            let Some(header) = said else {
                let read = self.stream.read(&mut buffer)?;
                if read == 0 {
                    return Err(Failure::Failed("the server closed the bystander's connection".into()));
                }
                self.said.extend_from_slice(&buffer[..read]);
                continue;
            };
            let frame: Vec<u8> = self.said.drain(..header.frame_bytes()).collect();
            if frame[header.bytes..].windows(PONG.len()).any(|part| part == PONG) {
                return Ok(());
            }
        }
    }
}

/// The body of what is at a path.
pub fn get(address: SocketAddr, path: &str) -> Result<String, Failure> {
    let mut stream = connect(address)?;
    stream.write_all(
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn connect(address: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}
