//! Logging in with a password, which is checked outside, and out again, which every core must know of.

use super::attempts::{Attempts, Counted};
use super::fan_in::{FanInSide, Whole};
use super::known_addresses::KnownAddresses;
use super::vouchers::Vouchers;
use super::{Asker, Begun, CATALOG_CORE, Then, revoking};
use crate::auth::{
    Authenticator, Challenge, Fingerprints, LoggedOut, LoginId, Place, Revoked, Secret, Shown, login_id,
};
use crate::base::ids::ConnectionId;
use crate::base::limits::Limits;
use crate::base::time::Now;
use crate::model::command::LoginCommand;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::{LoginReply, Reply};
use crate::model::session::Session;
use crate::shard::connections::expect::Expect;
use crate::shard::delivery::users::Fresh;
use crate::shard::edge::Edge;
use crate::shard::effects::{Class, Effects, not_stored};
use crate::shard::home::HomeSide;
use crate::shard::mesh::message::{CoreMessage, Question, Ticket};
use crate::shard::{Effect, Resolution, Setup};
use crate::store::{Stored, Write, logouts, revocations};
use std::net::IpAddr;
use std::sync::Arc;

/// Logouts forgotten in one round of housekeeping.
const FORGOTTEN_MAX: usize = 256;

/// What this core knows of logins.
pub(in crate::shard) struct Logins {
    attempts: Attempts,
    /// Addresses that users logged in from; the same on every core.
    known: KnownAddresses,
    /// What this core gave out to open sockets with, once each.
    pub(in crate::shard) vouchers: Vouchers,
    /// Sessions that were ended early; known to every core.
    logged_out: LoggedOut,
    /// Users whose credentials were taken back; known to every core.
    pub(super) revoked: Revoked,
    /// By what a socket's credentials are known again.
    pub(in crate::shard) fingerprints: Fingerprints,
}

/// How a login or a logout goes on.
pub(in crate::shard) enum LoginThen {
    /// A password is checked. `user` is nobody if there is no such user.
    LogIn {
        /// Whose it is.
        user: Option<Arc<str>>,
        /// How the try is counted.
        counted: Counted,
        /// Where the user is known from then on.
        place: Option<Place>,
    },
    /// A logout is stored.
    LogOut {
        /// The session that ended.
        id: LoginId,
        /// When it would have ended by itself.
        until_unix_s: u64,
    },
    /// It is stored that what a user was given is revoked.
    Revoke {
        /// Whose.
        user: Arc<str>,
        /// Up to which second after 1970.
        at_unix_s: u64,
    },
}

impl Logins {
    pub fn new(now: Now, seed: u64, limits: &Limits, stored: &Stored) -> Self {
        let mut logged_out = LoggedOut::default();
        for (id, until_unix_s) in &stored.logouts {
            logged_out.add(now, *id, *until_unix_s, limits.session_s_max);
        }
        let mut revoked = Revoked::default();
        for (user, at_unix_s) in &stored.revocations {
            revoked.add(now, user, *at_unix_s, limits.ended.revocation_s_max);
        }
        let known = KnownAddresses::new(&stored.known_addresses);
        Self {
            attempts: Attempts::new(seed),
            known,
            vouchers: Vouchers::new(seed),
            logged_out,
            revoked,
            fingerprints: Fingerprints::new(seed),
        }
    }

    /// A session holds no longer, though its time has not come.
    pub(super) fn log_out(&mut self, now: Now, id: LoginId, until_unix_s: u64, session_s: u32) {
        self.logged_out.add(now, id, until_unix_s, session_s);
        self.fingerprints.forget_all();
    }

    /// What a user was given up to this second after 1970 holds no longer. It is remembered for `kept_s` seconds from then on.
    pub(super) fn revoke(&mut self, now: Now, user: &Arc<str>, at_unix_s: u64, kept_s: u32) {
        self.revoked.add(now, user, at_unix_s, kept_s);
        self.fingerprints.forget_all();
    }

    /// Who has a credential that holds, with what others may be shown of it.
    fn verify(
        &self,
        authenticator: &Authenticator,
        now: Now,
        credential: &str,
    ) -> Result<(Arc<Session>, Shown), Fault> {
        if self.logged_out.has(credential) {
            return Err(Fault::new(FaultCode::Unauthenticated, "The session was ended; log in again"));
        }
        let (session, shown) = authenticator.verify_shown(credential, now)?;
        if self.revoked.has(&session) {
            return Err(Fault::new(
                FaultCode::Unauthenticated,
                "The tokens of this user were revoked; get a new one, or log in again",
            ));
        }
        Ok((session, shown))
    }

    fn begin_login(
        &mut self,
        (setup, effects): (&Setup, &mut Effects<Asker, Then>),
        now: Now,
        address: Option<IpAddr>,
        (user, password): (&str, Secret),
    ) -> Result<Begun, Fault> {
        let Some(Challenge { user: account, password: hash }) = setup.authenticator.challenge(user) else {
            return Err(wrong_password());
        };
        let place = address.and_then(|address| setup.authenticator.place(user, address));
        let is_known = place.is_some_and(|place| self.known.has(user, place));
        if is_known {
            effects.admit(Class::Password)?;
        } else {
            effects.admit_stranger(Class::Password)?;
        }
        let counted = self.attempts.counted(address, user, is_known);
        let free_max = setup.limits.login_attempts_per_minute_max;
        self.attempts.take(now, counted, free_max).map_err(|wait_s| {
            let sentence = format!(
                "Too many logins failed from this address or for this user. Try again in {wait_s} s, or from an address where \
                 you have logged in before."
            );
            Fault::new(FaultCode::RateLimited, sentence).retry_after(wait_s)
        })?;
        let then = Then::Login(LoginThen::LogIn { user: account, counted, place });
        Ok(Begun::outside(Effect::Verify { password, hash }, then))
    }

    fn begin_logout(
        &mut self,
        (setup, effects): (&Setup, &mut Effects<Asker, Then>),
        now: Now,
        session: &Secret,
    ) -> Result<Begun, Fault> {
        let none = || Fault::new(FaultCode::InvalidRequest, "There is no such session to end.");
        let session = std::str::from_utf8(session.expose()).map_err(|_| none())?;
        self.verify(&setup.authenticator, now, session).map_err(|_| none())?;
        // Keys and tokens are no sessions of a login.
        let (id, until_unix_s) = login_id(session).ok_or_else(none)?;
        if self.logged_out.len() >= setup.limits.ended.logouts_max as usize {
            let sentence = "No place for another logout: logouts_max is reached. The session ends by itself.";
            return Err(Fault::new(FaultCode::LimitExceeded, sentence));
        }
        effects.admit(Class::Store)?;
        let then = Then::Login(LoginThen::LogOut { id, until_unix_s });
        Ok(Begun::outside(Effect::Write(vec![logouts::added(id, until_unix_s)]), then))
    }

    /// Forgets some logouts of sessions that would have ended by now, and some revocations; says which.
    fn forget(&mut self, now: Now) -> Vec<Write> {
        let gone = std::iter::from_fn(|| self.logged_out.expire(now));
        let mut writes: Vec<Write> = gone.take(FORGOTTEN_MAX).map(logouts::expired).collect();
        let gone = std::iter::from_fn(|| self.revoked.expire(now));
        writes.extend(gone.take(FORGOTTEN_MAX).map(|user| revocations::expired(&user)));
        writes
    }
}

/// Takes a request to log in or out. It is answered as one that waits for the outside, also where nothing is waited for.
pub(super) fn serve_login(
    edge: &mut Edge,
    homes: &mut HomeSide,
    id: ConnectionId,
    session: &Arc<Session>,
    command: LoginCommand,
    expect: Expect,
) {
    let begun = homes.begin_login(edge.connections.address(id), session, command);
    let sequence = edge.connections.open_slot(id, expect);
    if matches!(begun, Begun::Outside(_)) {
        edge.connections.hold_reading(id, sequence);
    }
    let ticket = Ticket { connection: id, sequence, part: 0, session: session.clone() };
    homes.carry_on(Asker { from: homes.setup.core, ticket }, begun);
}

/// A password was checked, or a logout stored.
pub(super) fn continue_login(
    side: &mut FanInSide<'_>,
    asker: Option<Asker>,
    then: LoginThen,
    resolution: &Resolution,
) {
    match then {
        LoginThen::LogIn { user, counted, place } => {
            let homes = &mut *side.homes;
            if !matches!((resolution, &user), (Resolution::Verified(false), _) | (_, None)) {
                let free_max = homes.setup.limits.login_attempts_per_minute_max;
                homes.logins.attempts.give_back(homes.now, counted, free_max);
            }
            let authenticator = &homes.setup.authenticator;
            let reply = checked(authenticator, &mut homes.fresh, homes.now, user, resolution);
            if let (Ok(Reply::Login(LoginReply::LoggedIn { user, .. })), Some(place)) = (&reply, place) {
                tell_all(homes, &Question::LoggedIn { place, user: user.clone() });
            }
            homes.answer_asker(asker, reply);
        }
        LoginThen::LogOut { id, until_unix_s } => {
            let question = Question::LoggedOut { id, until_unix_s };
            make_known(side, asker, resolution, (question, Whole::LoggedOut, Reply::Done));
        }
        LoginThen::Revoke { user, at_unix_s } => {
            revoking::stored(side, asker, (user, at_unix_s), resolution);
        }
    }
}

impl HomeSide {
    /// Begins what somebody at an address asks for on the way in or out.
    fn begin_login(
        &mut self,
        address: Option<IpAddr>,
        session: &Arc<Session>,
        command: LoginCommand,
    ) -> Begun {
        let Self { now, setup, logins, effects, fresh, .. } = self;
        let begun = match command {
            LoginCommand::LogIn { user, password } => {
                logins.begin_login((setup, effects), *now, address, (&user, password))
            }
            LoginCommand::LogOut { session } => logins.begin_logout((setup, effects), *now, &session),
            LoginCommand::RevokeTokens { user } => revoking::begin(logins, (setup, effects), *now, user),
            LoginCommand::GiveVoucher => {
                return logins.vouchers.answer(setup, fresh, *now, session).into();
            }
        };
        begun.unwrap_or_else(Begun::from)
    }

    /// Who has a credential that holds, with what others may be shown of it.
    pub(in crate::shard) fn verify(&self, credential: &str) -> Result<(Arc<Session>, Shown), Fault> {
        self.logins.verify(&self.setup.authenticator, self.now, credential)
    }

    /// A user has logged in at an address; one core for all has it stored. Nobody waits for that: what cannot be stored is
    /// known until the node ends, or is stored with the next.
    pub(super) fn know_address(&mut self, user: &str, place: Place) {
        let Some(write) = self.logins.known.add(user, place) else { return };
        if self.setup.core == CATALOG_CORE && self.effects.admit(Class::Store).is_ok() {
            self.start_effect(Effect::Write(vec![write]), None, None);
        }
    }

    /// Forgets logouts and revocations of what would have ended by now; one core for all takes them off the disk.
    pub(in crate::shard) fn forget_logouts(&mut self) {
        let cleans = self.setup.core == CATALOG_CORE;
        let nothing = self.logins.logged_out.is_empty() && self.logins.revoked.is_empty();
        if nothing || (cleans && self.effects.admit(Class::Store).is_err()) {
            return;
        }
        let writes = self.logins.forget(self.now);
        if cleans && !writes.is_empty() {
            self.start_effect(Effect::Write(writes), None, None);
        }
    }
}

/// What was stored is told to every core, and whoever asked for it is answered when all know; at once, with `answer`, where
/// too much is waited for already. What was not stored nobody hears of but them.
pub(super) fn make_known(
    side: &mut FanInSide<'_>,
    asker: Option<Asker>,
    resolution: &Resolution,
    (question, whole, answer): (Question, Whole, Reply),
) {
    if let Err(failure) = resolution.stored() {
        return side.homes.answer_asker(asker, not_stored(failure));
    }
    match asker {
        Some(Asker { ticket, .. }) if side.has_place(&ticket) => side.scatter(ticket, question, whole),
        asker => {
            tell_all(side.homes, &question);
            side.homes.answer_asker(asker, answer);
        }
    }
}

/// Tells every core, this one included, what nobody waits to be known.
fn tell_all(homes: &mut HomeSide, question: &Question) {
    // No fan-in has the number 0, so what the cores answer is heard by nobody.
    homes.post_all(|| CoreMessage::Ask { fan_in: 0, question: question.clone() });
}

/// The answer when a password was checked. `user` is nobody where there is no such user, whatever the check says.
fn checked(
    authenticator: &Authenticator,
    fresh: &mut Fresh,
    now: Now,
    user: Option<Arc<str>>,
    resolution: &Resolution,
) -> Result<Reply, Fault> {
    match (resolution, user) {
        (Resolution::Verified(true), Some(user)) => open_session(authenticator, fresh, now, user),
        (Resolution::Verified(_), _) => Err(wrong_password()),
        _ => Err(Fault::new(FaultCode::Unavailable, "The password could not be checked. Try again shortly.")),
    }
}

fn open_session(
    authenticator: &Authenticator,
    fresh: &mut Fresh,
    now: Now,
    user: Arc<str>,
) -> Result<Reply, Fault> {
    let halves = [fresh.next(), fresh.next()].map(LoginId::from);
    let session = authenticator.open_session(&user, halves[0] << 64 | halves[1], now);
    let opened = session.and_then(|session| Some((authenticator.companion(&session)?, session)));
    let Some((companion, session)) = opened else {
        return Err(Fault::new(FaultCode::Unavailable, "This node opens no sessions.").retry_after(None));
    };
    Ok(Reply::Login(LoginReply::LoggedIn { session: Secret::new(session), companion, user }))
}

fn wrong_password() -> Fault {
    Fault::new(FaultCode::WrongPassword, "The user is not known, or the password is another one.")
}
