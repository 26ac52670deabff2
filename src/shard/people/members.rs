//! What a change of a conversation's members means for the sockets in its circles.

use super::People;
use crate::broker::groups::Conversations;
use crate::model::access::CONVERSATION_NAMESPACE;
use crate::model::channel::ChannelName;
use crate::model::people::circle::Circle;
use crate::shard::home::HomeSide;
use std::sync::Arc;

/// The group of a channel changed. If that is a conversation's, whoever does not belong to it is put out of its circles.
pub(in crate::shard) fn put_strangers_out(people: &mut People, homes: &HomeSide, channel: &ChannelName) {
    if channel.namespace() != CONVERSATION_NAMESPACE {
        return;
    }
    let conversations = Conversations::new(&homes.home.groups, homes.setup.people.open_conversations);
    let group = homes.home.groups.get(channel);
    let id: Arc<str> = channel.suffix().into();
    let talks = |user: &str| conversations.talks(group, user).is_ok();
    people.circles.keep_only(&Circle::Conversation(id.clone()), talks, &mut people.told);
    let looks = |user: &str| conversations.looks(group, user).is_ok();
    people.circles.keep_only(&Circle::Presence(id), looks, &mut people.told);
}
