//! What is answered about a meeting.

use crate::model::meeting::{Meeting, SealedMessage};
use std::sync::Arc;

/// The answer to a [`MeetingCommand`](crate::model::command::MeetingCommand).
#[derive(Clone, PartialEq, Debug)]
pub enum MeetingReply {
    /// To `GetMeeting`.
    One {
        /// The record.
        meeting: Arc<Meeting>,
        /// Whether it is shown.
        record: bool,
        /// Messages, oldest first.
        messages: Vec<SealedMessage>,
        /// After which of its messages the rest is asked for, if there is more.
        next: Option<u64>,
    },
    /// To `ListMeetings`.
    Page {
        /// Some of them, newest first.
        items: Vec<Arc<Meeting>>,
        /// After how many the rest is asked for, if there is more.
        next: Option<u64>,
    },
}
