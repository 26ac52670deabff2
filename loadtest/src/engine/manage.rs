//! Management calls: HTTP on connections of their own, on a schedule of their own. A call that is due while its
//! connection still waits for an answer waits too, and its latency counts all the same.

use super::layout::{Layout, Role};
use super::worker::Worker;
use crate::failure::Failure;
use std::collections::VecDeque;

/// Heads longer than this are a fault, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// A connection for management calls.
pub struct Manager {
    connection: usize,
    /// When each call was due that was sent or waits; the first is the one that was sent, if one was.
    calls: VecDeque<u64>,
    sent: bool,
}

impl Manager {
    /// Those of a worker with these connections.
    pub fn all(numbers: &[usize], layout: &Layout) -> Vec<Manager> {
        let connections = (0..numbers.len()).filter(|&at| layout.role(numbers[at]) == Role::Management);
        connections.map(|connection| Manager { connection, calls: VecDeque::new(), sent: false }).collect()
    }
}

impl Worker<'_> {
    /// Makes the calls that are due, and says when the next is.
    pub fn management_due(&mut self, now: u64) -> Result<Option<u64>, Failure> {
        let (Some(management), Some((_, begin))) = (self.plan.scenario.management, self.schedule) else {
            return Ok(None);
        };
        loop {
            let due = begin + (self.tally.calls as f64 / management.rate * 1e9) as u64;
            if self.managers.is_empty() || due > now {
                return Ok((!self.managers.is_empty()).then_some(due));
            }
            let manager = (self.tally.calls % self.managers.len() as u64) as usize;
            self.tally.calls += 1;
            self.managers[manager].calls.push_back(due);
            self.call(manager)?;
        }
    }

    /// Sends the next call of a manager that waits for nothing.
    fn call(&mut self, manager: usize) -> Result<(), Failure> {
        let Manager { connection, calls, sent } = &mut self.managers[manager];
        if *sent || calls.is_empty() {
            return Ok(());
        }
        *sent = true;
        let index = *connection;
        let request = &self.plan.management[self.tally.requests as usize % self.plan.management.len()];
        self.tally.requests += 1;
        self.connections[index].write(None, request);
        self.flush(index)
    }

    /// Handles every whole answer, and says how many bytes they were.
    pub fn answers(&mut self, index: usize, bytes: &[u8], now: u64) -> Result<usize, Failure> {
        let mut at = 0;
        while let Some((status, length)) = answer(&bytes[at..]).map_err(|why| self.gone(index, why))? {
            if !(200..300).contains(&status) {
                let text = String::from_utf8_lossy(&bytes[at..at + length]).into_owned();
                self.tally
                    .error(format!("a management call was answered with {}", text.replace("\r\n", " ")));
            }
            at += length;
            let Some(manager) = self.managers.iter().position(|manager| manager.connection == index) else {
                return Err(self.gone(index, "an answer to nobody"));
            };
            self.managers[manager].sent = false;
            if let Some(due) = self.managers[manager].calls.pop_front()
                && self.tally.window.contains(&due)
            {
                self.tally.side.saturating_record(now.saturating_sub(due).max(1));
            }
            self.call(manager)?;
        }
        Ok(at)
    }
}

/// Status and length of the HTTP answer at the start of `bytes`: none while it is not all there.
fn answer(bytes: &[u8]) -> Result<Option<(u16, usize)>, &'static str> {
    let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return if bytes.len() > HEAD_BYTES_MAX { Err("a head without an end") } else { Ok(None) };
    };
    let text = std::str::from_utf8(&bytes[..head]).map_err(|_| "a head that is not text")?;
    let status =
        text.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("a head without a status")?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = match length {
        Some((_, length)) => length.trim().parse().map_err(|_| "a bad Content-Length")?,
        None if status == 204 => 0,
        None => return Err("an answer without Content-Length"),
    };
    let whole = head + 4 + length;
    Ok((bytes.len() >= whole).then_some((status, whole)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_at_its_end_and_never_sooner() {
        let bytes = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}";
        for cut in 0..bytes.len() {
            assert_eq!(answer(&bytes[..cut]), Ok(None));
        }
        assert_eq!(answer(bytes), Ok(Some((201, bytes.len()))));
        assert!(answer(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
