//! Which rules hold for which channel.

use crate::model::access::CONVERSATION_NAMESPACE;
use crate::model::channel::ChannelName;
use crate::model::definition::ChannelDefinition;
use crate::model::pace::Pace;
use std::collections::BTreeMap;

/// The rules of all channels: by namespace, with a default for the rest. The same on every core.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Definitions {
    /// Holds where no namespace is named.
    pub default: ChannelDefinition,
    /// Rules by namespace: the part of a channel's name before its first `:`.
    pub namespaces: BTreeMap<Box<str>, ChannelDefinition>,
    /// How namespaces are paced whose publications do not leave at once.
    pub paces: BTreeMap<Box<str>, Pace>,
}

/// What is usual, of the namespaces too that are not as the others.
impl Default for Definitions {
    fn default() -> Self {
        let conversation = ChannelDefinition::of_namespace(CONVERSATION_NAMESPACE);
        Self {
            default: ChannelDefinition::default(),
            namespaces: BTreeMap::from([(CONVERSATION_NAMESPACE.into(), conversation)]),
            paces: BTreeMap::new(),
        }
    }
}

impl Definitions {
    /// The usual ones, and those of these namespaces in their place.
    pub fn with(namespaces: impl IntoIterator<Item = (Box<str>, ChannelDefinition)>) -> Self {
        let mut definitions = Self::default();
        definitions.namespaces.extend(namespaces);
        definitions
    }

    /// How the publications of a channel are paced; `None` if each leaves at once.
    pub fn pace_of(&self, channel: &ChannelName) -> Option<&Pace> {
        if self.paces.is_empty() { None } else { self.paces.get(channel.namespace()) }
    }

    /// The rules of a channel.
    pub fn of(&self, channel: &ChannelName) -> &ChannelDefinition {
        self.namespaces.get(channel.namespace()).unwrap_or(&self.default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::definition::Presence;

    #[test]
    fn a_named_namespace_wins_over_the_default() {
        let mut definitions = Definitions::default();
        let present = ChannelDefinition { presence: Presence::Users, ..ChannelDefinition::default() };
        definitions.namespaces.insert("room".into(), present);
        let presence = |name| definitions.of(&ChannelName::new(name)).presence;
        assert_eq!(presence("room:1"), Presence::Users);
        assert_eq!(presence("room"), Presence::Users);
        assert_eq!(presence("rooms:1"), Presence::Off);
    }
}
