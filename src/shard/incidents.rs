//! What an operator may want to know of, gathered so that a flood of it is a line every few seconds: the first of a kind is told at
//! once, what follows is counted and told together.

use crate::base::ids::ConnectionId;
use crate::base::time::Now;
use crate::model::fault::FaultCode;
use std::net::IpAddr;

/// Microseconds between two incidents of one kind.
const PERIOD_US: u64 = 10_000_000;

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IncidentKind {
    /// A login with a user or password that does not hold.
    LoginRefused,
    /// A key, token or session that does not hold.
    CredentialsRefused,
    /// More logins or requests than one address, user or connection may try.
    TooManyTries,
    /// A connection that was not taken in, because the node or its address has as many as may be.
    ConnectionRefused,
    /// Something was refused because a table is full.
    LimitReached,
    /// Something was refused because a queue is full.
    Overloaded,
    /// Something was refused because the disk does not take it, or the node starts or goes away.
    Unavailable,
    /// A subscriber was closed that read slower than its channels publish.
    SlowConsumer,
    /// A connection was closed that, or whose address, sent or asked for more than a limit lets it keep.
    Oversized,
    /// A TLS handshake that came to nothing.
    HandshakeFailed,
}

impl IncidentKind {
    /// What a fault tells an operator; most tell only who asked.
    pub(super) fn of(code: FaultCode) -> Option<Self> {
        match code {
            FaultCode::WrongPassword => Some(Self::LoginRefused),
            FaultCode::Unauthenticated => Some(Self::CredentialsRefused),
            FaultCode::RateLimited => Some(Self::TooManyTries),
            FaultCode::LimitExceeded => Some(Self::LimitReached),
            FaultCode::Overloaded => Some(Self::Overloaded),
            FaultCode::Unavailable => Some(Self::Unavailable),
            _ => None,
        }
    }
}

/// How many kinds there are.
const KINDS: usize = IncidentKind::HandshakeFailed as usize + 1;

/// One kind of incident since it was last told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incident {
    /// The kind.
    pub kind: IncidentKind,
    /// How often it happened.
    pub count: u64,
    /// Whom it happened to last; a connection that was refused has no id.
    pub connection: Option<ConnectionId>,
    /// Where that one comes from, as far as it is known: for IPv6, an address of its /64.
    pub address: Option<IpAddr>,
}

/// The incidents of one core that were not told yet.
#[derive(Default)]
pub(super) struct Incidents {
    gathered: [Option<Incident>; KINDS],
    /// When a kind may be told again, monotonic microseconds.
    again_us: [u64; KINDS],
}

impl Incidents {
    /// Something happened.
    pub fn add(&mut self, kind: IncidentKind, connection: Option<ConnectionId>, address: Option<IpAddr>) {
        let place = &mut self.gathered[kind as usize];
        let count = place.as_ref().map_or(0, |known| known.count) + 1;
        *place = Some(Incident { kind, count, connection, address });
    }

    /// What is to be told by now.
    pub fn next(&mut self, now: Now) -> Option<Incident> {
        let due = |kind: &usize| self.gathered[*kind].is_some() && self.again_us[*kind] <= now.monotonic_us;
        let kind = (0..KINDS).find(due)?;
        self.again_us[kind] = now.monotonic_us + PERIOD_US;
        self.gathered[kind].take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Now {
        Now { monotonic_us: s * 1_000_000, unix_ms: 0 }
    }

    fn told(incidents: &mut Incidents, s: u64) -> Vec<(IncidentKind, u64)> {
        std::iter::from_fn(|| incidents.next(at(s))).map(|incident| (incident.kind, incident.count)).collect()
    }

    #[test]
    fn a_flood_is_told_once_and_then_by_its_count() {
        let mut incidents = Incidents::default();
        let (login, slow) = (IncidentKind::LoginRefused, IncidentKind::SlowConsumer);
        incidents.add(login, None, None);
        assert_eq!(told(&mut incidents, 1), [(login, 1)]);
        (0..100_000).for_each(|_| incidents.add(login, None, None));
        incidents.add(slow, None, None);
        assert_eq!(told(&mut incidents, 2), [(slow, 1)], "each kind has a time of its own");
        assert_eq!(told(&mut incidents, 10), []);
        assert_eq!(told(&mut incidents, 11), [(login, 100_000)]);
        assert_eq!(told(&mut incidents, 40), []);
        incidents.add(login, None, None);
        assert_eq!(told(&mut incidents, 40), [(login, 1)], "after a pause the next is told at once");
    }

    #[test]
    fn the_last_one_is_named() {
        let mut incidents = Incidents::default();
        let addresses =
            ["192.0.2.1", "2001:db8::1"].map(|address| Some(address.parse().expect("an address")));
        addresses.iter().for_each(|address| incidents.add(IncidentKind::CredentialsRefused, None, *address));
        let incident = incidents.next(at(0)).expect("told at once");
        assert_eq!((incident.count, incident.address), (2, addresses[1]));
    }
}
