//! Names of channels and workspaces. A client writes `lobby`; the broker knows the channel as `r1:lobby`, where `r1` is
//! the namespace of workspace 1.

use super::script::check_name;
use crate::model::channel::ChannelName;
use crate::model::fault::{Fault, FaultCode};
use crate::surface::Request;

/// The channel that a client means by `name`. Home bounds its length.
///
/// # Errors
/// [`FaultCode::InvalidChannel`] where no script can declare such a name.
pub fn channel(namespace: &str, name: &str) -> Result<ChannelName, Fault> {
    match check_name(name, u32::MAX) {
        Ok(()) => Ok(ChannelName::new(&[namespace, ":", name].concat())),
        Err(error) => Err(Fault::new(FaultCode::InvalidChannel, format!("{error}."))),
    }
}

/// The name that clients know a channel by.
pub fn name(channel: &ChannelName) -> &str {
    channel.suffix()
}

/// The namespace of a workspace's channels.
pub fn namespace(workspace: u64) -> String {
    format!("r{workspace}")
}

/// Bytes of a name that a script may declare, so that the channel is within the bound with its namespace.
pub fn bytes_max(workspace: u64, channel_name_bytes_max: u32) -> u32 {
    let before = namespace(workspace).len() + ":".len();
    channel_name_bytes_max.saturating_sub(before as u32)
}

/// The workspace of a path. What is no number names none.
pub fn workspace(request: &Request<'_>) -> Result<u64, Fault> {
    number(request.parameter("workspace_id")).ok_or_else(|| missing("The workspace does not exist."))
}

/// The id of a definition in a path. What is no number names none.
pub fn channel_id(request: &Request<'_>) -> Result<u64, Fault> {
    number(request.parameter("channel_id")).ok_or_else(|| missing("The channel does not exist."))
}

fn missing(sentence: &'static str) -> Fault {
    Fault::new(FaultCode::NotFound, sentence)
}

/// Digits only: one thing has one path.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_workspace_are_apart_from_others() {
        let channel = channel("r7", "chat/room:1").expect("a name");
        assert_eq!(channel.as_str(), "r7:chat/room:1");
        assert_eq!((channel.namespace(), name(&channel)), ("r7", "chat/room:1"));
        assert_eq!(namespace(7), "r7");
    }

    #[test]
    fn names_that_no_script_can_declare_are_refused() {
        for bad in ["", "/", "a/", "/a", "a//b", "a\nb", "\u{7f}", "\u{85}"] {
            assert_eq!(channel("r1", bad).expect_err(bad).code, FaultCode::InvalidChannel);
        }
        for good in ["a", "é", "a b", "room:*", "..", "{}", "a/b/c"] {
            assert!(channel("r1", good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_name_that_fits_fits_with_its_namespace() {
        assert_eq!(bytes_max(1, 128), 125);
        assert_eq!(bytes_max(1000, 128), 122);
        assert_eq!(bytes_max(u64::MAX, 8), 0);
    }

    #[test]
    fn numbers_have_one_spelling() {
        assert_eq!(number("1"), Some(1));
        assert_eq!(number("18446744073709551615"), Some(u64::MAX));
        for bad in ["", "0", "01", "+1", "-1", "1.0", "x", "18446744073709551616", "१"] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }
}
