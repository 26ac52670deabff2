//! Users: who is online, and what they say of themselves. Both are told on the user's channel.

use crate::base::time::Now;
use crate::broker::home::{Origin, Outcome, faults};
use crate::broker::order::Order;
use crate::broker::rules::entry::{may_hear_of, not_own};
use crate::broker::users::table::Users;
use crate::model::access::Access;
use crate::model::channel::ChannelName;
use crate::model::fault::{Fault, FaultCode};
use crate::model::publication::{Body, Profile};
use crate::model::reply::Reply;

/// Bytes of a display name.
const NAME_BYTES_MAX: usize = 256;

/// Bytes of a status word.
const STATUS_BYTES_MAX: usize = 64;

impl Users {
    /// What is known of a user, whose channel is for those with this access.
    ///
    /// # Errors
    /// Nothing is, or it is not the session's business.
    pub(in crate::broker) fn get_profile(
        &self,
        origin: Origin<'_>,
        (channel, access): (&ChannelName, Access),
        user: &str,
    ) -> Result<Reply, Fault> {
        // Another user may have the channel too.
        if access == Access::Own && !may_hear_of(origin.session, channel, user) {
            return Err(not_own());
        }
        let missing = || Fault::new(FaultCode::NotFound, "nothing is known of such a user");
        self.profile(user).or_else(|| own_profile(origin, user)).map(Reply::Profile).ok_or_else(missing)
    }

    /// Changes what is known of a user, and tells it on the user's channel.
    ///
    /// # Errors
    /// It may not be changed like this, or not by this session.
    pub(in crate::broker) fn update_profile(
        &mut self,
        order: &mut Order,
        now: Now,
        origin: Origin<'_>,
        (channel, access, user): (&ChannelName, Access, &str),
        (name, status): (Option<String>, Option<String>),
    ) -> Result<Outcome, Fault> {
        if !origin.may_change(user) {
            return Err(faults::not_yours("only the user itself or an admin can change a profile"));
        }
        if name.as_ref().is_some_and(|name| name.len() > NAME_BYTES_MAX) {
            return Err(faults::too_long("the name", NAME_BYTES_MAX));
        }
        if status.as_ref().is_some_and(|status| status.len() > STATUS_BYTES_MAX) {
            return Err(faults::too_long("the status", STATUS_BYTES_MAX));
        }
        // An admin changes users that exist, so that a slip of the pen does not make one.
        self.get_profile(origin, (channel, access), user)?;
        if let Some(id) = order.find_to_announce(now, channel, &origin.session.user) {
            order.channels.admit(id)?;
        }
        let changed = self.edit(user, |record| {
            if let Some(name) = name {
                record.name = Some(name.into());
            }
            if let Some(status) = status {
                record.status = Some(status.into());
            }
        });
        let full = |_| faults::full("no place for another profile", "profiles_max");
        let mut profile = changed.map_err(full)?;
        if profile.name.is_none() {
            profile.name = own_profile(origin, user).and_then(|own| own.name);
        }
        let body = Body::UserUpdated { profile: profile.clone() };
        let wait = order.announce(now, channel, &origin.session.user, body);
        Ok(Outcome { reply: Reply::Profile(profile), wait })
    }
}

/// What the session says of its own user, which exists even if nothing is kept of it.
fn own_profile(origin: Origin<'_>, user: &str) -> Option<Profile> {
    let session = origin.session;
    (*session.user == *user).then(|| Profile {
        user: user.to_owned(),
        name: session.name.as_deref().map(str::to_owned),
        ..Profile::default()
    })
}
