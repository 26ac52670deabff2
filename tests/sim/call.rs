//! One REST request and what its answer must be.

use crate::client::Shared;
use crate::oracle::{At, Oracle};
use crate::wire::HttpResponse;
use corecast::model::definition::Presence;
use serde_json::Value;

#[derive(Debug)]
pub enum Call {
    /// Writes a message.
    Write {
        channel: String,
        tag: String,
        keyed: bool,
        /// Deletions that were answered before.
        deletions: usize,
    },
    /// Changes a message's text.
    Change {
        id: String,
        tag: String,
    },
    /// Deletes a message.
    Delete {
        id: String,
    },
    /// Lists the messages of a channel.
    Messages {
        channel: String,
        /// Deletions that were answered before.
        deletions: usize,
    },
    /// Does something with a room's record; answered with one of these.
    Room {
        id: String,
        statuses: &'static [u16],
    },
    /// Lists all rooms.
    Rooms,
    Members {
        channel: String,
    },
    Profile {
        user: String,
    },
    Metrics,
    /// A request that deserves this status.
    Bad {
        status: u16,
    },
}

impl Call {
    pub fn check(&self, response: &HttpResponse, user: usize, shared: &mut Shared<'_>) {
        let status = response.status;
        if self.is_refused(status, shared) {
            let unsure = shared.plan.faults.log > 0;
            if let Call::Write { tag, keyed: false, .. } | Call::Change { tag, .. } = self
                && !unsure
            {
                shared.refused.push(tag.clone());
            }
            return;
        }
        if let Call::Metrics = self {
            assert!(status == 200 && response.body.contains("corecast_connections_open"));
            return;
        }
        let body: Value = serde_json::from_str(&response.body).expect("JSON");
        let data = &body["data"];
        assert_eq!(body["success"], status < 300, "{}", response.body);
        let scopes = shared.plan.users[user].scopes;
        let forbidden = status == 403 && !scopes.contains(corecast::model::session::Scopes::ADMIN);
        match self {
            Call::Write { keyed: true, .. } if status == 409 => {
                assert!(response.body.contains("deleted"), "{}", response.body);
            }
            Call::Write { channel, tag, keyed, deletions } => {
                if forbidden && !scopes.contains(corecast::model::session::Scopes::WRITE) {
                    return;
                }
                assert_eq!(status, 201, "{self:?}: {}", response.body);
                check_written(data, (channel, tag), (*keyed, *deletions), shared);
            }
            Call::Change { id, tag } => {
                assert!(forbidden || may_answer_change(status, id, shared), "{self:?}: {}", response.body);
                if status == 200 {
                    assert_eq!(data["id"], **id);
                    assert!(data["content"].as_str().expect("content").starts_with(&format!("{tag}:")));
                } else {
                    shared.refused.push(tag.clone());
                }
            }
            Call::Delete { id } => {
                assert!(status == 200 || status == 404 || forbidden, "{self:?}: {}", response.body);
                assert!(status != 200 || data["id"] == **id, "{}", response.body);
                if status == 200 {
                    shared.oracle.messages.deleted(&channel_of(id), id);
                }
            }
            Call::Messages { channel, deletions } => {
                assert_eq!(status, 200, "{}", response.body);
                check_list(data, channel, *deletions, shared.oracle);
            }
            Call::Room { id, statuses } => {
                assert!(statuses.contains(&status) || forbidden, "{self:?}: {status} {}", response.body);
                assert!(status >= 300 || data["id"] == **id, "{self:?}: {}", response.body);
            }
            Call::Rooms => assert_eq!(status, 200, "{}", response.body),
            Call::Members { channel } => {
                let presence = shared.plan.definition(channel).presence != Presence::Off;
                assert_eq!(status, if presence { 200 } else { 409 }, "{}", response.body);
            }
            Call::Profile { user } => {
                assert!(status == 200 || status == 404, "{}", response.body);
                assert!(status == 404 || data["id"] == **user, "{}", response.body);
            }
            Call::Bad { status: deserved } => assert_eq!(status, *deserved, "{}", response.body),
            Call::Metrics => {}
        }
    }

    fn is_refused(&self, status: u16, shared: &Shared<'_>) -> bool {
        let limits = &shared.plan.limits;
        match status {
            429 => limits.commands_per_second_max > 0,
            // A frozen queue makes a core silent to a question to all cores; the disk may fail or be slow.
            503 => {
                limits.peer_queue_messages_max < 1_000
                    || limits.history_queue_bytes_max < 1 << 20
                    || shared.plan.faults.log > 0
                    || matches!(self, Call::Room { .. } | Call::Rooms | Call::Metrics)
                    || shared.plan.faults.drain
            }
            _ => false,
        }
    }
}

/// Whether a change of a message may be answered so: one that is larger than its channel's history is refused.
fn may_answer_change(status: u16, id: &str, shared: &Shared<'_>) -> bool {
    let small = shared.plan.definition(&channel_of(id)).history.bytes_max < 1 << 20;
    matches!(status, 200 | 404) || status == 413 && small
}

/// A message was written, or under the same key before. Then it may have another text since.
fn check_written(
    data: &Value,
    (channel, tag): (&str, &str),
    (keyed, deletions): (bool, usize),
    shared: &mut Shared<'_>,
) {
    let id = data["id"].as_str().expect("an id");
    let shown = data["content"].as_str().and_then(|text| text.split(':').next()).expect("a text");
    assert!(shown == tag || keyed, "{data}");
    shared.oracle.place_message(channel, id, shown);
    shared.oracle.messages.told(id, deletions);
    assert!(id.contains(channel.split(':').nth(1).expect("a suffix")), "{id} of {channel}");
    shared.oracle.written(channel, id, tag);
    shared.messages.push(id.to_owned());
}

/// A list of messages: newest first, each with its own id and text, and none that was deleted before so many deletions.
pub fn check_list(list: &Value, channel: &str, deletions: usize, oracle: &mut Oracle) {
    let messages = list.as_array().expect("a list");
    let id = |message: &Value| message["id"].as_str().expect("an id").to_owned();
    let offsets: Vec<_> = messages.iter().map(|message| At::of_message(&id(message)).offset).collect();
    assert!(offsets.windows(2).all(|pair| pair[0] > pair[1]), "newest first: {offsets:?}");
    for message in messages {
        let text = message["content"].as_str().expect("a text");
        oracle.place_message(channel, &id(message), text.split(':').next().expect("a tag"));
        oracle.messages.told(&id(message), deletions);
    }
}

/// The channel of a message: `msg_room.r1.<epoch>.<offset>`.
pub fn channel_of(id: &str) -> String {
    let mut parts = id.strip_prefix("msg_").expect("an id").split('.');
    let mut part = || parts.next().expect("a part");
    format!("{}:{}", part(), part())
}
