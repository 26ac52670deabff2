//! What an operator sees of channels, and does to them, whatever their rules are.

use crate::base::ids::CoreId;
use crate::base::time::Now;
use crate::broker::home::{Home, Outcome, faults};
use crate::broker::order::history::History;
use crate::model::admin::{AdminReply, ChannelInfo, Cursor, LOOKED_AT_MAX, Listing};
use crate::model::channel::ChannelName;
use crate::model::command::{AdminCommand, Page};
use crate::model::fault::Fault;
use crate::model::reply::{ChannelReply, Reply};

/// Does what an operator asks of a channel homed here.
pub fn execute_admin(home: &mut Home, now: Now, command: AdminCommand) -> Outcome {
    match command {
        AdminCommand::GetChannel { channel } => describe(home, &channel).into(),
        AdminCommand::ListHistory { channel, count_max } => newest(home, now, &channel, count_max).into(),
        AdminCommand::ListMembers { channel, page } => members(home, &channel, page).into(),
        AdminCommand::Purge { channel } => purge(home, now, &channel).into(),
    }
}

/// The channels homed on this core from a place on whose names begin with `prefix`, in the order of their places.
pub fn list_channels(
    home: &Home,
    prefix: &str,
    core: CoreId,
    from: Cursor,
    size: u32,
) -> Listing<ChannelInfo> {
    let Some(from) = from.on(core) else { return Listing::default() };
    let places = home.order.channels.pool.places() as u32;
    let end = from.saturating_add(LOOKED_AT_MAX).min(places);
    let mut listing = Listing::default();
    for place in from..end {
        let id = place as usize;
        if !home.order.channels.pool.contains(id)
            || !home.order.channels.get(id).name.as_str().starts_with(prefix)
        {
            continue;
        }
        let at = Cursor { core, place };
        if listing.items.len() == size as usize {
            return Listing { next: Some(at), ..listing };
        }
        listing.items.push((at, info(home, id)));
    }
    Listing { next: (end < places).then_some(Cursor { core, place: end }), ..listing }
}

fn info(home: &Home, id: usize) -> ChannelInfo {
    let channel = home.order.channels.get(id);
    ChannelInfo {
        name: channel.name.clone(),
        position: channel.position(),
        subscriptions: channel.shares.iter().map(|share| u64::from(share.subscriptions)).sum(),
        members: channel.members.as_ref().map_or(0, |members| members.len() as u64),
        publications: channel.history.as_ref().map_or(0, |history| history.len() as u64),
        history_bytes: channel.kept_bytes() as u64,
    }
}

fn open_channel(home: &Home, channel: &ChannelName) -> Result<usize, Fault> {
    home.order.channels.find(channel).ok_or_else(faults::not_open)
}

fn describe(home: &Home, channel: &ChannelName) -> Result<Reply, Fault> {
    let id = open_channel(home, channel)?;
    Ok(Reply::Admin(Box::new(AdminReply::Channel(info(home, id)))))
}

fn newest(home: &mut Home, now: Now, channel: &ChannelName, count_max: u32) -> Result<Reply, Fault> {
    let id = open_channel(home, channel)?;
    let history = home.order.channels.history(now, id);
    let newest = history.map_or_else(Vec::new, |history| history.newest(count_max as usize));
    Ok(Reply::Admin(Box::new(AdminReply::History(newest))))
}

fn members(home: &Home, channel: &ChannelName, page: Page) -> Result<Reply, Fault> {
    let id = open_channel(home, channel)?;
    let members = home.order.channels.get(id).members.as_ref();
    let items = members.map_or_else(Vec::new, |members| members.page(page));
    Ok(Reply::Channel(ChannelReply::Members {
        items,
        page,
        total: members.map_or(0, |members| members.len() as u64),
    }))
}

/// Deletes the history of a channel, which goes on where it is. Where the log has it, a record stands for all before it,
/// and the answer waits for that; what is withheld for the disk is published as if nothing had happened.
fn purge(home: &mut Home, now: Now, channel: &ChannelName) -> Result<Outcome, Fault> {
    let id = open_channel(home, channel)?;
    home.order.channels.admit(id)?;
    let before = home.order.channels.log.last();
    let count = home.order.channels.history(now, id).map_or(0, |history| history.len() as u64);
    home.order.channels.edit_history(id, History::clear);
    home.order.channels.stage(id);
    home.order.channels.close_if_empty(now, id);
    let wait = home.order.channels.log.wait_since(before);
    Ok(Outcome { reply: Reply::Admin(Box::new(AdminReply::Purged(count))), wait })
}
