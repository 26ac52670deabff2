//! Logging in with a password, which is checked outside, and out again, which every core must know of.

use crate::auth::{Challenge, LoggedOut, LoginId, Secret, Shown, login_id};
use crate::base::ids::{ConnectionId, CoreId};
use crate::model::command::Command;
use crate::model::fault::{Fault, FaultCode};
use crate::model::reply::Reply;
use crate::model::session::Session;
use crate::shard::effects::{Asker, Then, not_stored};
use crate::shard::mesh::message::{Question, Said, Ticket};
use crate::shard::pending::Expect;
use crate::shard::requests::attempts::Attempts;
use crate::shard::{Effect, Resolution, Setup, Shard};
use crate::store::{Stored, logouts};
use std::sync::Arc;

/// Passwords of the whole node that wait for their check, or are checked. One check takes some 20 ms.
const CHECKS_MAX: usize = 64;

/// Logouts forgotten in one round of housekeeping.
const FORGOTTEN_MAX: usize = 256;

/// See the module.
pub(in crate::shard) struct Logins {
    attempts: Attempts,
    /// Checks under way.
    checks: usize,
    /// The same on every core.
    pub(in crate::shard) logged_out: LoggedOut,
}

impl Logins {
    pub fn new(seed: u64, stored: &Stored) -> Self {
        let mut logged_out = LoggedOut::default();
        stored.logouts.iter().for_each(|(id, until_unix_s)| logged_out.add(*id, *until_unix_s));
        Self { attempts: Attempts::new(seed), checks: 0, logged_out }
    }
}

/// This core's share of the checks.
fn checks_max(setup: &Setup) -> usize {
    (CHECKS_MAX / usize::from(setup.cores)).max(1)
}

impl Shard {
    /// Who has a credential that holds, with what others may be shown of it.
    pub(in crate::shard) fn verify(&self, credential: &str) -> Result<(Arc<Session>, Shown), Fault> {
        if self.logins.logged_out.has(credential) {
            return Err(Fault::new(FaultCode::Unauthenticated, "The session was ended; log in again"));
        }
        self.setup.authenticator.verify_shown(credential, self.now)
    }

    /// Takes a request to log in or out.
    pub(in crate::shard) fn log(
        &mut self,
        id: ConnectionId,
        session: &Arc<Session>,
        command: Command,
        expect: Expect,
    ) {
        let decided = match command {
            Command::LogIn { user, password } => self.decide_login(id, &user, password),
            Command::LogOut { session } => self.decide_logout(&session),
            _ => Err(Fault::new(FaultCode::UnknownType, "this is no login")),
        };
        match decided {
            Err(fault) => self.reply_now(id, expect, Reply::Fault(fault)),
            Ok((effect, then)) => {
                let sequence = self.open_slot(id, expect);
                self.hold_reading(id, sequence);
                let ticket = Ticket { connection: id, sequence, session: session.clone() };
                self.start_effect(effect, Some(Asker { from: self.setup.core, ticket }), then);
            }
        }
    }

    fn decide_login(
        &mut self,
        id: ConnectionId,
        user: &str,
        password: Secret,
    ) -> Result<(Effect, Then), Fault> {
        let address = self.connections.get(id).map_or(0, |connection| connection.address);
        let per_minute_max = self.setup.limits.login_attempts_per_minute_max;
        if !self.logins.attempts.take(self.now, address, user, per_minute_max) {
            return Err(Fault::new(
                FaultCode::RateLimited,
                "Too many logins were tried from this address or for this user. Try again in a minute.",
            ));
        }
        let Some(Challenge { user, password: hash }) = self.setup.authenticator.challenge(user) else {
            return Err(wrong_password());
        };
        if self.logins.checks >= checks_max(&self.setup) {
            return Err(Fault::new(
                FaultCode::Overloaded,
                "More logins wait for their check than this node's queue holds. Try again shortly.",
            ));
        }
        if let Some(fault) = self.effects_full() {
            return Err(fault);
        }
        self.logins.checks += 1;
        Ok((Effect::Verify { password, hash }, Then::LogIn { user }))
    }

    /// A password was checked. `user` is nobody where there is no such user, whatever the check says.
    pub(in crate::shard) fn logged_in(
        &mut self,
        asker: Option<Asker>,
        user: Option<Arc<str>>,
        resolution: &Resolution,
    ) {
        self.logins.checks -= 1;
        let reply = match (resolution, user) {
            (Resolution::Verified(true), Some(user)) => self.open_session(user),
            (Resolution::Verified(_), _) => Err(wrong_password()),
            _ => Err(Fault::new(
                FaultCode::Unavailable,
                "The password could not be checked. Try again shortly.",
            )),
        };
        self.answer_asker(asker, reply.unwrap_or_else(Reply::Fault));
    }

    fn open_session(&mut self, user: Arc<str>) -> Result<Reply, Fault> {
        let halves = [self.fresh.next(), self.fresh.next()].map(LoginId::from);
        let authenticator = &self.setup.authenticator;
        let session = authenticator.open_session(&user, halves[0] << 64 | halves[1], self.now);
        let opened = session.and_then(|session| Some((authenticator.companion(&session)?, session)));
        let Some((companion, session)) = opened else {
            return Err(Fault::new(FaultCode::Unavailable, "This node opens no sessions."));
        };
        Ok(Reply::LoggedIn { session: Secret::new(session), companion, user })
    }

    fn decide_logout(&mut self, session: &Secret) -> Result<(Effect, Then), Fault> {
        let none = || Fault::new(FaultCode::InvalidRequest, "There is no such session to end.");
        let session = std::str::from_utf8(session.expose()).map_err(|_| none())?;
        self.verify(session).map_err(|_| none())?;
        // Keys and tokens are no sessions of a login.
        let (id, until_unix_s) = login_id(session).ok_or_else(none)?;
        if self.logins.logged_out.len() >= self.setup.limits.logouts_max as usize {
            let sentence = "No place for another logout: logouts_max is reached. The session ends by itself.";
            return Err(Fault::new(FaultCode::LimitExceeded, sentence));
        }
        if let Some(fault) = self.effects_full() {
            return Err(fault);
        }
        Ok((Effect::Write(vec![logouts::added(id, until_unix_s)]), Then::LogOut { id, until_unix_s }))
    }

    /// The disk knows of a logout, or does not. Then every core is told, and the client answered when all know.
    pub(in crate::shard) fn logged_out(
        &mut self,
        asker: Option<Asker>,
        id: LoginId,
        until_unix_s: u64,
        resolution: &Resolution,
    ) {
        if let Resolution::Failed(failure) = resolution {
            return self.answer_asker(asker, Reply::Fault(not_stored(*failure)));
        }
        let question = Question::LoggedOut { id, until_unix_s };
        match asker {
            Some(Asker { ticket, .. }) if self.gathers.has_place() => {
                self.start_gather(ticket, Command::LogOut { session: Secret::new("") }, question);
            }
            asker => {
                // No gather has the number 0, so what the cores answer is heard by nobody.
                for core in 0..self.setup.cores {
                    self.say(CoreId(core), Said::Ask { gather: 0, question: question.clone() });
                }
                self.answer_asker(asker, Reply::Done);
            }
        }
    }

    /// Forgets logouts of sessions that would have ended by now; one core for all takes them off the disk.
    pub(in crate::shard) fn forget_logouts(&mut self) {
        let cleans = self.setup.core == crate::shard::requests::definitions::CATALOG_CORE;
        if self.logins.logged_out.is_empty() || (cleans && self.effects_full().is_some()) {
            return;
        }
        let mut writes = Vec::new();
        while writes.len() < FORGOTTEN_MAX
            && let Some(id) = self.logins.logged_out.expire(self.now)
        {
            writes.push(logouts::expired(id));
        }
        if cleans && !writes.is_empty() {
            self.start_effect(Effect::Write(writes), None, Then::Nothing);
        }
    }
}

fn wrong_password() -> Fault {
    Fault::new(FaultCode::WrongPassword, "The user is not known, or the password is another one.")
}
