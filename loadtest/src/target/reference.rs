//! The two references, built in: an echo and a bare send loop. Both imitate a publication's frame in length.

use super::{Notice, Target};
use crate::wire::frame::plain_frame_bytes;
use crate::wire::stamp::MARKER;

/// The epoll echo: what is sent comes back.
pub struct Echo {
    /// The length of the frame that comes back, in bytes.
    pub frame_bytes: usize,
}

/// The bare send loop: it sends by itself as soon as everyone is there.
pub struct Limit;

/// A message that holds `stamp` where a publication has its data, in a frame of `frame_bytes` if that is enough.
pub fn imitation(channel: &str, stamp: &str, frame_bytes: usize) -> String {
    debug_assert!(stamp.as_bytes().starts_with(MARKER));
    let head =
        format!(r#"{{"type":"publication","channel":"{channel}","event":"message","data":{stamp},"pad":""#);
    let bare = plain_frame_bytes(head.len() + 2);
    let pad = frame_bytes.saturating_sub(bare);
    format!("{head}{}\"}}", "x".repeat(pad))
}

impl Target for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn headers(&self) -> String {
        String::new()
    }

    fn channel(&self, index: usize) -> String {
        format!("room:{index}")
    }

    fn subscribe(&self, _channel: &str) -> Option<String> {
        None
    }

    fn publish(&self, channel: &str, stamp: &str) -> String {
        imitation(channel, stamp, self.frame_bytes)
    }

    fn read(&self, message: &[u8]) -> Notice {
        Notice::Error(String::from_utf8_lossy(message).into_owned())
    }
}

impl Target for Limit {
    fn name(&self) -> &'static str {
        "limit"
    }

    fn headers(&self) -> String {
        String::new()
    }

    fn channel(&self, index: usize) -> String {
        format!("room:{index}")
    }

    fn subscribe(&self, _channel: &str) -> Option<String> {
        None
    }

    fn publish(&self, channel: &str, stamp: &str) -> String {
        imitation(channel, stamp, 0)
    }

    fn read(&self, message: &[u8]) -> Notice {
        Notice::Error(String::from_utf8_lossy(message).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame;
    use crate::wire::stamp::Stamp;

    #[test]
    fn an_imitation_has_the_frame_length_asked_for() {
        let stamp = String::from_utf8(Stamp::template(0, 64)).unwrap();
        for wanted in [160, 170, 200, 1000] {
            let mut out = Vec::new();
            frame::write_plain(&mut out, frame::TEXT, imitation("room:0", &stamp, wanted).as_bytes());
            assert_eq!(out.len(), wanted);
        }
    }
}
