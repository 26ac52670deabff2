//! What people may do in conversations, which they know by their ids: their groups say who belongs to them.

use super::{Groups, is_admin};
use crate::model::access::Use;
use crate::model::channel::with_conversation;
use crate::model::fault::{Fault, FaultCode, Subject};
use crate::model::group::Group;
use crate::model::people::conversation::Concern;
use crate::model::session::Session;
use std::sync::Arc;

/// The groups of the conversations that are at home on one core, by the ids of these.
#[derive(Clone, Copy)]
pub struct Conversations<'a> {
    groups: &'a Groups,
    /// Whether anybody may talk in a conversation that has no group.
    open: bool,
}

impl<'a> Conversations<'a> {
    /// Those of these groups. `open` says whether anybody may talk in a conversation that has none.
    pub fn new(groups: &'a Groups, open: bool) -> Self {
        Self { groups, open }
    }

    fn group(self, id: &str) -> Option<&'a Arc<Group>> {
        with_conversation(id, |channel| self.groups.get_by_name(channel))
    }

    /// Whether somebody is known to belong to a conversation.
    pub fn has(self, id: &str, user: &str) -> bool {
        self.group(id).is_some_and(|group| group.has(user))
    }

    /// Whether what a session asks for is not for those alone who belong to a conversation.
    ///
    /// # Errors
    /// It is a conversation of other people, or the token is for other channels; or nobody is known to belong to it, and
    /// that is needed.
    pub fn admit(self, session: &Session, concern: Concern<'_>) -> Result<(), Fault> {
        let Concern { id, wanted, talks } = concern;
        let group = self.group(id);
        if talks {
            self.talks(group, &session.user)?
        } else {
            self.looks(group, &session.user)?
        }
        if talks || group.is_some() { named(session, id, wanted) } else { Ok(()) }
    }

    /// Whether somebody may talk in a conversation with this group.
    ///
    /// # Errors
    /// There is none, or it is of other people.
    pub fn talks(self, group: Option<&Arc<Group>>, user: &str) -> Result<(), Fault> {
        if group.is_none() && !self.open {
            return Err(not_found());
        }
        self.looks(group, user)
    }

    /// Whether somebody may see what an id guards only if it is one of a conversation, with this group.
    ///
    /// # Errors
    /// It is a conversation of other people.
    pub fn looks(self, group: Option<&Arc<Group>>, user: &str) -> Result<(), Fault> {
        if group.is_none_or(|group| group.has(user)) { Ok(()) } else { Err(not_of_it()) }
    }

    /// The group of a conversation, for somebody who belongs to it or may see all.
    ///
    /// # Errors
    /// There is none, it is of other people, or the token is for other channels.
    pub fn get(self, id: &str, session: &Session) -> Result<Arc<Group>, Fault> {
        let group = self.group(id).ok_or_else(not_found)?;
        if !is_admin(session) && !group.has(&session.user) {
            return Err(not_of_it());
        }
        named(session, id, Use::Subscribe).map(|()| group.clone())
    }
}

/// Whether a token that is for certain channels only is for a conversation's.
fn named(session: &Session, id: &str, wanted: Use) -> Result<(), Fault> {
    let Some(grants) = &session.grants else { return Ok(()) };
    if with_conversation(id, |channel| grants.allow(wanted, channel)) {
        return Ok(());
    }
    let sentence =
        "Your token is for certain channels (its claim \"channels\"), and not for this in this conversation.";
    Err(Fault::new(FaultCode::Forbidden, sentence).about(Subject::Conversation))
}

fn not_found() -> Fault {
    Fault::new(FaultCode::NotFound, "There is no such conversation.").about(Subject::Conversation)
}

fn not_of_it() -> Fault {
    Fault::new(FaultCode::Forbidden, "This conversation is between other people.")
        .about(Subject::Conversation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hash::KeyedState;
    use crate::model::access::Grants;
    use crate::model::channel::ChannelName;
    use crate::model::session::Scopes;

    fn groups() -> Groups {
        let mut groups = Groups::new(KeyedState::new(1, 2), crate::base::limits::Limits::default().into());
        let (channel, creator) = (ChannelName::of_conversation("c1"), "root".into());
        let members = vec!["ann".into(), "bob".into()];
        groups.put(Arc::new(Group { channel, creator, members, created_ms: 0, updated_ms: 0 }));
        groups
    }

    fn talk(id: &str, wanted: Use) -> Concern<'_> {
        Concern { id, wanted, talks: true }
    }

    fn look(id: &str) -> Concern<'_> {
        Concern { id, wanted: Use::Subscribe, talks: false }
    }

    fn code(result: Result<(), Fault>) -> Option<FaultCode> {
        result.err().map(|fault| fault.code)
    }

    #[test]
    fn a_list_is_for_those_on_it_and_only_what_has_none_may_be_open() {
        let groups = groups();
        let [ann, root] = ["ann", "root"].map(|user| Session::of(user, Scopes::READ));
        let (denied, missing) = (Some(FaultCode::Forbidden), Some(FaultCode::NotFound));
        for (open, unlisted) in [(false, missing), (true, None)] {
            let conversations = Conversations::new(&groups, open);
            let chat = |id| talk(id, Use::Publish);
            let asked = |session, concern| code(conversations.admit(session, concern));
            assert_eq!((asked(&ann, chat("c1")), asked(&root, chat("c1"))), (None, denied), "{open}");
            assert_eq!((asked(&ann, look("c1")), asked(&root, look("c1"))), (None, denied), "{open}");
            assert_eq!((asked(&ann, chat("c2")), asked(&ann, look("c2"))), (unlisted, None), "{open}");
            assert!(conversations.has("c1", "bob") && !conversations.has("c1", "root"));
            assert!(!conversations.has("c2", "bob"));
        }
    }

    #[test]
    fn a_token_for_channels_is_for_the_conversations_that_it_names() {
        let groups = groups();
        let conversations = Conversations::new(&groups, true);
        let grants = Grants::new(vec!["conversation:c1".into()], vec!["conversation:c2".into()]);
        let ann = Session { grants: Some(Arc::new(grants)), ..Session::of("ann", Scopes::READ) };
        let asked = |concern| code(conversations.admit(&ann, concern));
        let denied = Some(FaultCode::Forbidden);
        assert_eq!((asked(talk("c1", Use::Subscribe)), asked(talk("c1", Use::Publish))), (None, denied));
        assert_eq!((asked(talk("c2", Use::Subscribe)), asked(talk("c2", Use::Publish))), (denied, None));
        assert_eq!((asked(look("c1")), asked(look("label"))), (None, None));
        assert!(conversations.get("c1", &ann).is_ok());
    }
}
