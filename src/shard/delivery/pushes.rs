//! What home cores say to the subscribers on this core.

use crate::base::ids::ConnectionId;
use crate::broker::fanout::{Audience, Lapped};
use crate::broker::home::HomePush;
use crate::model::channel::{ChannelName, Position};
use crate::model::definition::SlowPolicy;
use crate::model::publication::{ArchivedBody, Publication};
use crate::model::reply::Push;
use crate::model::session::Session;
use crate::protocol::websocket::{Opcode, write_frame};
use crate::shard::Shard;
use crate::surface::list::DIALECTS;

impl Shard {
    /// Hands a push to every stream of its channel.
    pub(in crate::shard) fn push(&mut self, channel: &ChannelName, push: HomePush) {
        match push {
            HomePush::Publication(bytes) => self.push_publication(channel, &bytes),
            HomePush::Heal(missed) => {
                self.counters.heals += 1;
                missed.iter().for_each(|bytes| self.push_publication(channel, bytes));
            }
            HomePush::Lost(position) => {
                self.counters.gaps += 1;
                self.push_frame(channel, Some(position), Audience::All, Push::Gap(position));
            }
            HomePush::Joined { session, except } => {
                let audience = self.audience(except);
                self.push_frame(channel, None, audience, Push::Joined(&session));
            }
            HomePush::Whisper { sender, to, json, connection } => {
                self.push_whisper(channel, &sender, &to, &json, connection);
            }
            HomePush::Ended { fault, guests } => self.end_channel(channel, fault, guests),
            HomePush::Left { session, except } => {
                let audience = self.audience(except);
                self.push_frame(channel, None, audience, Push::Left(&session));
            }
        }
        self.settle_lapped();
    }

    /// Tells one subscriber what another one said to it.
    fn push_whisper(
        &mut self,
        channel: &ChannelName,
        sender: &Session,
        to: &str,
        json: &str,
        connection: ConnectionId,
    ) {
        // Home lets only sockets of a realm whisper.
        let Some(seat) = &sender.seat else { return };
        let push = Push::Whisper { sender: &seat.client, to, json };
        self.push_frame(channel, None, Audience::Only(connection), push);
    }

    fn audience(
        &self,
        except: Option<(crate::base::ids::CoreId, crate::base::ids::ConnectionId)>,
    ) -> Audience {
        match except {
            Some((core, connection)) if core == self.setup.core => Audience::Except(connection),
            _ => Audience::All,
        }
    }

    fn push_publication(&mut self, channel: &ChannelName, bytes: &[u8]) {
        // The bytes never left this process: only a fault of ours could have damaged them.
        let publication = Publication::view(bytes).expect("a home core archived it");
        let position =
            Position { epoch: publication.epoch.to_native(), offset: publication.offset.to_native() };
        let audience = match &publication.body {
            ArchivedBody::Said { authenticated: true, .. } => Audience::Authenticated,
            _ => Audience::All,
        };
        self.push_frame(channel, Some(position), audience, Push::Publication(publication));
    }

    /// Encodes a push once for each dialect that listens.
    fn push_frame(
        &mut self,
        channel: &ChannelName,
        position: Option<Position>,
        audience: Audience,
        push: Push<'_>,
    ) {
        let mut text = std::mem::take(&mut self.scratch);
        let mut encoded = 0;
        let messages = self.edge.publish(channel, position, audience, &mut self.lapped, |dialect, out| {
            text.clear();
            (DIALECTS[usize::from(dialect)].encode_push)(&mut text, channel, push);
            if !text.is_empty() {
                write_frame(out, Opcode::Text, &text);
                encoded += 1;
            }
        });
        self.counters.frames_encoded += encoded;
        self.counters.messages_sent += messages;
        self.keep_scratch(text);
    }

    /// Tells a subscriber of a gap, after the answer that makes it one if that has not left yet.
    fn tell_gap(&mut self, id: ConnectionId, channel: &ChannelName, frame: &[u8]) {
        match self.connections.pending_mut(id).and_then(|pending| pending.opening(channel)) {
            Some(answer) => answer.extend_from_slice(frame),
            None => self.write(id, frame),
        }
    }

    /// Gives subscribers that fell behind what their channel's policy says.
    fn settle_lapped(&mut self) {
        // In order: what heals a gap can make the same subscriber fall behind more than once.
        let mut lapped = std::mem::take(&mut self.lapped);
        for Lapped { connection, channel, policy, position } in lapped.drain(..) {
            self.counters.note_slow(policy);
            match policy {
                SlowPolicy::Disconnect => self.close_slow(connection),
                SlowPolicy::Skip => {
                    let Some(dialect) = self.connections.get(connection).and_then(|one| one.dialect()) else {
                        continue;
                    };
                    let (mut text, mut frame) = (Vec::new(), Vec::new());
                    (dialect.encode_push)(&mut text, &channel, Push::Gap(position));
                    write_frame(&mut frame, Opcode::Text, &text);
                    self.counters.messages_sent += 1;
                    self.tell_gap(connection, &channel, &frame);
                }
            }
        }
        self.lapped = lapped;
    }
}
