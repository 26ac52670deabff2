//! Revoking what a user was given: stored, then known to every core, which closes what began under it.

use super::fan_in::{FanInSide, Whole};
use super::logins::{LoginThen, Logins, make_known};
use super::{Asker, Begun, Then};
use crate::base::time::Now;
use crate::model::admin::AdminReply;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::Reply;
use crate::shard::delivery::ending::Endings;
use crate::shard::edge::Edge;
use crate::shard::effects::{Class, Effects};
use crate::shard::home::HomeSide;
use crate::shard::mesh::message::Question;
use crate::shard::{Effect, Resolution, Setup};
use crate::store::revocations;
use std::sync::Arc;

/// Begins to revoke all tokens and sessions that a user was given up to now.
pub(super) fn begin(
    logins: &Logins,
    (setup, effects): (&Setup, &mut Effects<Asker, Then>),
    now: Now,
    user: Arc<str>,
) -> Result<Begun, Fault> {
    if logins.revoked.len() >= setup.limits.ended.revocations_max as usize {
        let sentence = "No place for another user whose tokens are revoked: revocations_max is reached. Raise it, or give \
                        another secret to those who sign tokens.";
        return Err(Fault::new(FaultCode::LimitExceeded, sentence));
    }
    effects.admit(Class::Store)?;
    let at_unix_s = now.unix_s();
    let write = revocations::added(&user, at_unix_s);
    Ok(Begun::outside(Effect::Write(vec![write]), Then::Login(LoginThen::Revoke { user, at_unix_s })))
}

/// The disk knows of it, or does not. Then every core is told, and the operator answered when all know.
pub(super) fn stored(
    side: &mut FanInSide<'_>,
    asker: Option<Asker>,
    (user, at_unix_s): (Arc<str>, u64),
    resolution: &Resolution,
) {
    let question = Question::TokensRevoked { user, at_unix_s };
    let (whole, answer) = (Whole::TokensRevoked { at_unix_s }, revoked(at_unix_s, 0));
    make_known(side, asker, resolution, (question, whole, answer));
}

/// What a user was given up to then holds no longer on this core.
pub(super) fn hear(
    edge: &Edge,
    homes: &mut HomeSide,
    endings: &mut Endings,
    user: &Arc<str>,
    at_unix_s: u64,
) {
    let kept_s = homes.setup.limits.ended.revocation_s_max;
    homes.logins.revoke(homes.now, user, at_unix_s, kept_s);
    homes.logins.vouchers.forget_user(user);
    endings.revoke_tokens(edge, user.clone(), at_unix_s);
}

/// The answer, when so many cores have not said that they know.
pub(super) fn revoked(at_unix_s: u64, silent_cores: u32) -> Reply {
    match silent_cores {
        0 => Reply::Admin(Box::new(AdminReply::TokensRevoked(at_unix_s))),
        _ => Reply::Fault(Fault::new(
            FaultCode::Unavailable,
            "It is stored that the tokens are revoked, but a core of this node does not answer, so it is not in force everywhere yet.",
        )),
    }
}
