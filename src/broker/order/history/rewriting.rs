//! Publications about messages, written anew: with another text, without one, or as history tells them.

use super::Touched;
use crate::model::channel::Position;
use crate::model::publication::{ArchivedBody, ArchivedPublication, Body, Publication, PublicationBytes};
use rkyv::util::AlignedVec;

/// A message as it is kept: who wrote it, what, and when it was changed last.
struct Kept<'a> {
    publication: &'a ArchivedPublication,
    content: &'a str,
    kind: &'a str,
    updated_ms: u64,
}

/// A message in its archive, if it is one.
fn kept(bytes: &PublicationBytes) -> Option<Kept<'_>> {
    let publication = bytes.view();
    let (content, kind, updated_ms) = match &publication.body {
        ArchivedBody::MessageCreated { content, kind } => (content, kind, 0),
        ArchivedBody::MessageRewritten { content, kind, updated_ms } => {
            (content, kind, updated_ms.to_native())
        }
        _ => return None,
    };
    Some(Kept { publication, content, kind, updated_ms })
}

/// A publication in the place of another one.
fn in_place_of(of: &ArchivedPublication, body: Body) -> Publication {
    Publication {
        epoch: of.epoch.to_native(),
        born: of.born.to_native(),
        offset: of.offset.to_native(),
        time_ms: of.time_ms.to_native(),
        publisher: of.publisher.as_str().to_owned(),
        body,
    }
}

/// A message with the text of an edit, and its identity.
pub fn rewritten(
    message: &PublicationBytes,
    edit: &ArchivedPublication,
) -> Option<(Position, PublicationBytes)> {
    let message = kept(message)?;
    let ArchivedBody::MessageUpdated { content, kind, .. } = &edit.body else { return None };
    let (content, kind) = (content.as_str().to_owned(), kind.as_str().to_owned());
    let body = Body::MessageRewritten { content, kind, updated_ms: edit.time_ms.to_native() };
    let bytes = in_place_of(message.publication, body).archive(&mut AlignedVec::new());
    Some((message.publication.identity(), bytes))
}

/// What is kept of an edit.
pub fn touched(edit: &ArchivedPublication, of: u64) -> Option<PublicationBytes> {
    Some(in_place_of(edit, Body::MessageTouched { of }).archive(&mut AlignedVec::new()))
}

/// What is kept of a message that was deleted, and its identity.
pub fn deleted(
    message: &PublicationBytes,
    deletion: &ArchivedPublication,
) -> Option<(Position, PublicationBytes)> {
    let message = kept(message)?.publication;
    let (author, created_ms) = (message.publisher.as_str().to_owned(), message.time_ms.to_native());
    let body = Body::MessageDeleted { of: message.identity(), author, created_ms };
    let left = Publication { time_ms: deletion.time_ms.to_native(), ..in_place_of(message, body) };
    Some((message.identity(), left.archive(&mut AlignedVec::new())))
}

/// The message that a deletion speaks of, where it is not kept.
pub fn deletion_of(deletion: &ArchivedPublication) -> Touched {
    match &deletion.body {
        ArchivedBody::MessageDeleted { of, .. } => Touched::Deleted(of.to_native()),
        _ => Touched::Nothing,
    }
}

/// An edit as it is told: with the text that its message has now.
pub fn retold(
    edit: &ArchivedPublication,
    message: &PublicationBytes,
    scratch: &mut AlignedVec,
) -> Option<PublicationBytes> {
    let Kept { publication, content, kind, updated_ms } = kept(message)?;
    let body = Body::MessageUpdated {
        of: publication.identity(),
        author: publication.publisher.as_str().to_owned(),
        created_ms: publication.time_ms.to_native(),
        content: content.to_owned(),
        kind: kind.to_owned(),
    };
    let told = Publication { time_ms: updated_ms, ..in_place_of(edit, body) };
    Some(told.archive(scratch))
}

/// An edit of a message of which only the deletion is left.
pub fn retold_deletion(
    edit: &ArchivedPublication,
    left: &PublicationBytes,
    scratch: &mut AlignedVec,
) -> Option<PublicationBytes> {
    let left = left.view();
    let ArchivedBody::MessageDeleted { of, author, created_ms } = &left.body else { return None };
    let (of, author, created_ms) = (of.to_native(), author.as_str().to_owned(), created_ms.to_native());
    let body = Body::MessageDeleted { of, author, created_ms };
    Some(Publication { time_ms: left.time_ms.to_native(), ..in_place_of(edit, body) }.archive(scratch))
}

/// Whether both are messages of a meeting with the same id there.
pub fn is_same_in_meeting(one: &PublicationBytes, other: &PublicationBytes) -> bool {
    match (&one.view().body, &other.view().body) {
        (ArchivedBody::MeetingMessage { id, .. }, ArchivedBody::MeetingMessage { id: other, .. }) => {
            id == other
        }
        _ => false,
    }
}
