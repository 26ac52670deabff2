//! Groups as lines.

use crate::model::channel::ChannelName;
use crate::model::group::Group;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupLine {
    pub channel: String,
    creator: String,
    members: Vec<String>,
    created_ms: u64,
    updated_ms: u64,
}

pub fn group_line(group: &Group) -> GroupLine {
    let Group { channel, creator, members, created_ms, updated_ms } = group;
    GroupLine {
        channel: channel.as_str().to_owned(),
        creator: creator.to_string(),
        members: members.iter().map(|member| member.to_string()).collect(),
        created_ms: *created_ms,
        updated_ms: *updated_ms,
    }
}

pub fn group(line: GroupLine) -> Group {
    let GroupLine { channel, creator, members, created_ms, updated_ms } = line;
    Group {
        channel: ChannelName::new(&channel),
        creator: creator.into(),
        members: Group::members_of(members.into_iter().map(Arc::from)),
        created_ms,
        updated_ms,
    }
}
