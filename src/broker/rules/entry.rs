//! Who may use a channel at all. What else is needed to do something there is said elsewhere: the scope by the shard,
//! ownership where the thing is.

use crate::broker::rules::definitions::Definitions;
use crate::model::access::{Access, Use, is_own};
use crate::model::channel::ChannelName;
use crate::model::fault::{Fault, FaultCode};
use crate::model::group::{Group, no_group};
use crate::model::publication::{ArchivedBody, PublicationBytes};
use crate::model::session::{Scopes, Session};

/// The namespaces that are not open.
#[derive(Default)]
pub struct Entries(Vec<(Box<str>, Access)>);

impl Entries {
    /// Those of the configuration.
    pub fn new(definitions: &Definitions) -> Self {
        let named = definitions.namespaces.iter().map(|(name, definition)| (name.clone(), definition.access));
        Self(named.filter(|(_, access)| *access != Access::Open).collect())
    }

    /// For whom the channels of a namespace are.
    pub fn of_namespace(&self, namespace: &str) -> Access {
        self.0.iter().find(|(name, _)| **name == *namespace).map_or(Access::Open, |(_, access)| *access)
    }

    /// For whom a channel is.
    pub fn of(&self, channel: &ChannelName) -> Access {
        let named = |(name, _): &&(Box<str>, Access)| {
            let rest = channel.as_str().strip_prefix(&**name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        self.0.iter().find(named).map_or(Access::Open, |(_, access)| *access)
    }

    /// Whether a session may use a channel of a namespace, which has this group.
    ///
    /// # Errors
    /// It may not; where the channel is for people who are named, it is as if there was none.
    pub fn may_use(
        &self,
        session: &Session,
        channel: &ChannelName,
        group: Option<&Group>,
        wanted: Use,
    ) -> Result<(), Fault> {
        let access = self.of(channel);
        if access == Access::Open || admits(session, channel, access, group, wanted) {
            return Ok(());
        }
        Err(match access {
            Access::Own => not_own(),
            _ => no_group(),
        })
    }
}

/// The channel is another user's.
pub fn not_own() -> Fault {
    let sentence = "This channel is for its own user, for tokens that name it, and for admins.";
    Fault::new(FaultCode::Forbidden, sentence)
}

/// Whether a channel with this access and group is for a session.
pub fn admits(
    session: &Session,
    channel: &ChannelName,
    access: Access,
    group: Option<&Group>,
    wanted: Use,
) -> bool {
    let named = || session.grants.as_ref().is_some_and(|grants| grants.allow(wanted, channel.as_str()));
    let listed = || group.is_some_and(|group| group.has(&session.user));
    session.scopes.contains(Scopes::ADMIN)
        || match access {
            Access::Open => true,
            Access::Listed => group.is_none() || listed(),
            Access::Members => listed() || named(),
            Access::Own => is_own(channel, &session.user) || named(),
        }
}

/// Whether something about a user, on a channel that is for its own user, is a session's business: another user can have
/// the same channel.
pub fn may_hear_of(session: &Session, channel: &ChannelName, user: &str) -> bool {
    *session.user == *user
        || session.scopes.contains(Scopes::ADMIN)
        || session.grants.as_ref().is_some_and(|grants| grants.allow(Use::Subscribe, channel.as_str()))
}

/// What of these publications of a channel that is for its own user is a session's business.
pub fn about_own(
    session: &Session,
    channel: &ChannelName,
    mut publications: Vec<PublicationBytes>,
) -> Vec<PublicationBytes> {
    publications.retain(|bytes| {
        let publication = bytes.view();
        match &publication.body {
            ArchivedBody::UserOnline | ArchivedBody::UserOffline => {
                may_hear_of(session, channel, &publication.publisher)
            }
            ArchivedBody::UserUpdated { profile } => may_hear_of(session, channel, &profile.user),
            _ => true,
        }
    });
    publications
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::Grants;
    use crate::model::definition::ChannelDefinition;
    use std::sync::Arc;

    #[test]
    fn a_namespace_is_whole() {
        let mut definitions = Definitions::default();
        let own = ChannelDefinition { access: Access::Own, ..ChannelDefinition::default() };
        definitions.namespaces.insert("user".into(), own);
        let entries = Entries::new(&definitions);
        let of = |name: &str| entries.of(&ChannelName::new(name));
        assert_eq!(
            (of("conversation:1"), of("conversation"), of("user:1")),
            (Access::Listed, Access::Listed, Access::Own)
        );
        assert_eq!(
            (of("conversations:1"), of("room:1"), of("users:1")),
            (Access::Open, Access::Open, Access::Open)
        );
    }

    #[test]
    fn each_access_has_its_people() {
        let channel = ChannelName::new("user:7");
        let group = Group {
            channel: channel.clone(),
            creator: "ann".into(),
            members: vec!["ann".into(), "bob".into()],
            created_ms: 0,
            updated_ms: 0,
        };
        let both = Scopes::READ.union(Scopes::WRITE);
        let named = Arc::new(Grants::new(vec!["user:7".into()], vec![]));
        let ann = Session::of("ann", both);
        let eve = Session::of("eve", both);
        let seven = Session::of("user_7", both);
        let holder = Session { grants: Some(named), ..eve.clone() };
        let admin = Session::of("root", Scopes::ADMIN);
        for (access, group, people) in [
            (Access::Open, None, [true, true, true, true, true]),
            (Access::Listed, None, [true, true, true, true, true]),
            (Access::Listed, Some(&group), [true, false, false, false, true]),
            (Access::Members, None, [false, false, false, true, true]),
            (Access::Members, Some(&group), [true, false, false, true, true]),
            (Access::Own, Some(&group), [false, false, true, true, true]),
        ] {
            let found = [&ann, &eve, &seven, &holder, &admin]
                .map(|session| admits(session, &channel, access, group, Use::Subscribe));
            assert_eq!(found, people, "{access:?} {}", group.is_some());
        }
        assert!(!admits(&holder, &channel, Access::Members, None, Use::Publish), "named for hearing only");
    }
}
