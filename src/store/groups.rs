//! Groups as they are stored: by the name of their channel.

use super::format::{Format, archive};
use super::write::{Table, Write};
use crate::model::channel::ChannelName;
use crate::model::group::Group;
use rkyv::rancor::Error;
use std::sync::Arc;

/// Every version of groups.
pub const GROUPS: Format<Group> = Format(&[read_v1]);

/// A group was made or changed.
pub fn put(group: &Group) -> Write {
    let value = Some(GROUPS.write(&archive(&GroupV1::from(group))));
    Write { table: Table::Groups, key: key(&group.channel), value }
}

/// A group was deleted.
pub fn deleted(channel: &ChannelName) -> Write {
    Write { table: Table::Groups, key: key(channel), value: None }
}

/// What a group's record is found by.
pub fn key(channel: &ChannelName) -> Vec<u8> {
    channel.as_str().as_bytes().to_vec()
}

/// Version 1.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct GroupV1 {
    channel: String,
    creator: String,
    members: Vec<String>,
    created_ms: u64,
    updated_ms: u64,
}

impl From<&Group> for GroupV1 {
    fn from(group: &Group) -> Self {
        let Group { channel, creator, members, created_ms, updated_ms } = group;
        Self {
            channel: channel.as_str().to_owned(),
            creator: creator.to_string(),
            members: members.iter().map(|member| member.to_string()).collect(),
            created_ms: *created_ms,
            updated_ms: *updated_ms,
        }
    }
}

/// Members are in their order, whatever the disk says.
fn read_v1(bytes: &[u8]) -> Option<Group> {
    let form = rkyv::from_bytes::<GroupV1, Error>(bytes).ok()?;
    Some(Group {
        channel: ChannelName::new(&form.channel),
        creator: form.creator.into(),
        members: Group::members_of(form.members.into_iter().map(Arc::from)),
        created_ms: form.created_ms,
        updated_ms: form.updated_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_reads_back() {
        for members in [vec!["ann".into(), "é|b".into()], vec!["bob".into()], vec![]] {
            let (channel, creator) = (ChannelName::new("conversation:1"), "ann".into());
            let group = Group { channel, creator, members, created_ms: 5, updated_ms: 7 };
            let write = put(&group);
            let value = write.value.expect("a value");
            assert_eq!(GROUPS.read(write.table, &write.key, &value), Ok(group));
            assert!(GROUPS.read(write.table, &write.key, &value[..9]).is_err());
        }
    }
}
