//! Questions about recordings: of one, which is at home by its id, and of a conversation, whose recordings any core may
//! have.

use super::People;
use super::requests::{Done, unanswerable};
use crate::base::time::Now;
use crate::broker::groups::Conversations;
use crate::model::access::Use;
use crate::model::fault::{Fault, FaultCode, Subject};
use crate::model::people::circle::Key;
use crate::model::people::conversation::Concern;
use crate::model::people::file::{Fetch, FileAnswer, Link};
use crate::model::people::recording::RecordingAct;
use crate::model::people::reply::PeopleReply;
use crate::model::reply::Reply;
use crate::shard::Setup;
use crate::shard::home::HomeSide;
use crate::shard::mesh::message::{PeoplePart, RecordingsPart, RecordingsQuestion};

/// This core's part.
pub(super) fn tell(people: &People, homes: &HomeSide, question: &RecordingsQuestion) -> RecordingsPart {
    let RecordingsQuestion { conversation, count_max, asker } = question;
    let (id, recordings) = (&**conversation, &people.recordings);
    let is_home = homes.setup.home_of_key(Key::Conversation(id)) == homes.setup.core;
    let may = || {
        let conversations = Conversations::new(&homes.home.groups, homes.setup.people.open_conversations);
        let concern = Concern { id, wanted: Use::Subscribe, talks: false };
        conversations.admit(asker, concern).map(|()| conversations.has(id, &asker.user))
    };
    RecordingsPart {
        may: is_home.then(may),
        all: recordings.of(conversation, *count_max, None),
        own: recordings.of(conversation, *count_max, Some(&asker.user)),
    }
}

/// The page that all parts make.
pub(super) fn merge(page: Result<(u32, u32), Fault>, parts: Vec<PeoplePart>) -> Reply {
    let (mut may, mut all, mut own) = (Ok(false), Vec::new(), Vec::new());
    for part in parts {
        let PeoplePart::Recordings(part) = part else { continue };
        may = part.may.unwrap_or(may);
        all.extend(part.all);
        own.extend(part.own);
    }
    let listed = may.and_then(|belongs| Ok((if belongs { all } else { own }, page?)));
    match listed {
        Ok((mut listed, (skipped, limit))) => {
            listed.sort_by(|a, b| (b.started_ms, &b.id).cmp(&(a.started_ms, &a.id)));
            let page = listed.into_iter().skip(skipped as usize).take(limit as usize);
            Reply::People(Box::new(PeopleReply::Recordings(page.collect())))
        }
        Err(fault) => Reply::Fault(fault),
    }
}

impl People {
    /// Answers what is asked of one recording.
    pub(super) fn of_recording(&self, user: &str, id: &str, act: RecordingAct) -> Done {
        let recording = self.recordings.get(id, user)?;
        match act {
            RecordingAct::Get => Ok(PeopleReply::Recording(recording)),
            RecordingAct::Delete => Err(unanswerable()),
        }
    }

    /// A link to a recording, if there is anything to fetch.
    pub(super) fn link(&self, setup: &Setup, now: Now, (user, id): (&str, &str), base: Box<str>) -> Done {
        let recording = self.recordings.get(id, user)?;
        let key = setup.people.download_key.as_ref().filter(|_| recording.bytes > 0);
        let token = key.and_then(|key| key.token(&recording.id, now));
        Ok(PeopleReply::Link(token.map(|token| Link {
            base,
            call: recording.call.clone(),
            recording: recording.id.clone(),
            token: token.into(),
        })))
    }

    /// Whoever has a link wants the recording.
    pub(super) fn fetch(&self, setup: &Setup, now: Now, fetch: Fetch) -> Done {
        let Fetch { call, recording, token, range } = fetch;
        let key = setup.people.download_key.as_ref().ok_or_else(unanswerable)?;
        key.verify(&recording, &token, now)?;
        let known = self.recordings.find(&recording).filter(|one| one.call == call && one.bytes > 0);
        let length = known.map(|one| one.bytes).ok_or_else(not_there)?;
        Ok(PeopleReply::File(FileAnswer { recording, length, range }))
    }
}

/// What is said of a recording of which there is nothing to fetch.
pub(in crate::shard) fn not_there() -> Fault {
    let message = "There is no such recording, or nothing was said in it. It may have been deleted.";
    Fault::new(FaultCode::NotFound, message).about(Subject::Recording)
}
