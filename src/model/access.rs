//! Who may use a channel, beside what the scopes of a session allow.

use super::channel::ChannelName;

/// The namespace of conversations' channels.
pub const CONVERSATION_NAMESPACE: &str = "conversation";

/// For whom the channels of a namespace are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Access {
    /// Everybody who may read or write at all.
    #[default]
    Open,
    /// Everybody, until a channel has a [`super::group::Group`]; from then on its members and admins.
    Listed,
    /// The members of the channel's group, tokens that name the channel, and admins.
    Members,
    /// The user whose channel it is, tokens that name the channel, and admins.
    Own,
}

impl Access {
    /// What a namespace has unless the operator says otherwise.
    pub fn usual(namespace: &str) -> Self {
        if namespace == CONVERSATION_NAMESPACE { Self::Listed } else { Self::Open }
    }
}

/// What somebody wants with a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// To subscribe to it, or to see what it has.
    Subscribe,
    /// To publish on it, or to change what it has.
    Publish,
}

/// The channels that a token is for. It can do nothing else.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Grants {
    subscribe: Names,
    publish: Names,
}

impl Grants {
    /// From the names and patterns for either use; see `Names::new`.
    pub fn new(subscribe: Vec<String>, publish: Vec<String>) -> Self {
        Self { subscribe: Names::new(subscribe), publish: Names::new(publish) }
    }

    /// Whether the token is for this channel.
    pub fn allow(&self, wanted: Use, channel: &str) -> bool {
        match wanted {
            Use::Subscribe => self.subscribe.have(channel),
            Use::Publish => self.publish.have(channel),
        }
    }
}

/// Names of channels, and beginnings of names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Names {
    /// Sorted.
    whole: Box<[Box<str>]>,
    /// Sorted; each ends in a separator, or is empty and stands for every name.
    beginnings: Box<[Box<str>]>,
}

impl Names {
    /// `room:*`, `chat/*` and `*` stand for all names that begin so; everything else is a name.
    fn new(list: Vec<String>) -> Self {
        let beginning = |name: &str| {
            let beginning = name.strip_suffix('*')?;
            (beginning.is_empty() || beginning.ends_with(SEPARATORS)).then(|| Box::from(beginning))
        };
        let mut beginnings: Vec<Box<str>> = list.iter().filter_map(|name| beginning(name)).collect();
        let whole = list.into_iter().filter(|name| beginning(name).is_none());
        let mut whole: Vec<Box<str>> = whole.map(Box::from).collect();
        beginnings.sort_unstable();
        whole.sort_unstable();
        Self { whole: whole.into(), beginnings: beginnings.into() }
    }

    fn have(&self, name: &str) -> bool {
        let has = |list: &[Box<str>], text: &str| list.binary_search_by(|one| (**one).cmp(text)).is_ok();
        let ends = name.match_indices(SEPARATORS).map(|(at, separator)| at + separator.len());
        has(&self.whole, name) || ends.chain([0]).any(|end| has(&self.beginnings, &name[..end]))
    }
}

/// What a beginning of names ends in.
const SEPARATORS: [char; 2] = [':', '/'];

/// What stands in a user's channel for its id: the id without a prefix that all ids of an issuer may have. Two users can
/// have one channel; nothing else is decided by it.
pub fn channel_id(user: &str) -> &str {
    user.strip_prefix("user_").unwrap_or(user)
}

/// Whether a channel is named after a user.
pub fn is_own(channel: &ChannelName, user: &str) -> bool {
    !user.is_empty() && channel.suffix() == channel_id(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(subscribe: &[&str]) -> Grants {
        Grants::new(subscribe.iter().map(|name| (*name).to_owned()).collect(), vec!["room:9".into()])
    }

    #[test]
    fn a_token_is_for_the_names_it_names() {
        let grants = grants(&["room:1", "conversation:*", "chat/*", "a*", "room:"]);
        for name in ["room:1", "conversation:1", "conversation:", "chat/a", "chat/a/b", "a*", "room:"] {
            assert!(grants.allow(Use::Subscribe, name), "{name}");
        }
        for name in ["room:2", "room:11", "room", "conversation", "chat", "chats/a", "ab", "room:9", ""] {
            assert!(!grants.allow(Use::Subscribe, name), "{name}");
        }
        assert!(grants.allow(Use::Publish, "room:9") && !grants.allow(Use::Publish, "room:1"));
        assert!(super::tests::grants(&["*"]).allow(Use::Subscribe, "whatever"));
        assert!(!Grants::default().allow(Use::Subscribe, "room:1"));
    }

    #[test]
    fn a_channel_has_the_id_of_its_user_without_the_prefix() {
        let channel = ChannelName::new("user:123");
        assert!(is_own(&channel, "123") && is_own(&channel, "user_123"));
        assert!(!is_own(&channel, "user_user_123") && !is_own(&channel, "12"));
        assert!(!is_own(&ChannelName::new("user:"), ""));
        assert_eq!(channel_id("user_user_1"), "user_1");
    }
}
