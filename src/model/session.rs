//! Who speaks on a connection.

use super::access::{Grants, Use};
use super::publication::Client;
use super::realm::Realm;
use super::relay::{Handle, Speaker};
use crate::base::fold::fold;
use crate::base::host::host;
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

/// What a session may do; `admin` implies the others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Subscribe and list.
    pub const READ: Self = Self(1);
    /// Publish and change.
    pub const WRITE: Self = Self(2);
    /// Everything, other people's things included.
    pub const ADMIN: Self = Self(7);

    /// Both sets together.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in this set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The set as a number.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// The word of a scope: the least one that has all of it.
    pub fn word(self) -> &'static str {
        match self {
            _ if Self::READ.contains(self) => "read",
            _ if Self::WRITE.contains(self) => "write",
            _ => "admin",
        }
    }

    /// The scope of a word: `read`, `write` or `admin`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "read" => Some(Self::READ),
            "write" => Some(Self::WRITE),
            "admin" => Some(Self::ADMIN),
            _ => None,
        }
    }
}

/// Who speaks: a user that proved who it is, or a guest. Shared by the connections of one API key, except on
/// sockets of a realm, where each connection has its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// The user's id, as tokens and payloads spell it; empty for a guest.
    pub user: Arc<str>,
    /// The user's display name, where the credentials carry one.
    pub name: Option<Arc<str>>,
    /// What it may do.
    pub scopes: Scopes,
    /// Seconds since 1970 at which the credentials end; `None` is never.
    pub expires_unix_s: Option<u64>,
    /// When the credentials were issued.
    pub issued: Issued,
    /// The channels that the credentials are for, if they say so.
    pub grants: Option<Arc<Grants>>,
    /// On a socket that others can reach: what they call its connection.
    pub handle: Option<Handle>,
    /// What proved who it is, as its authenticator tells one such thing from another; 0 for whoever proved nothing.
    pub proof: u64,
    /// On a socket of a realm: which one, and what others are shown of the client.
    pub client_info: Option<Box<ClientInfo>>,
}

/// When credentials were issued.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Issued {
    /// They were not: they are a key of the configuration, or there are none.
    Never,
    /// So many seconds after 1970.
    At(u64),
    /// They do not say.
    Unsaid,
}

/// A client's place in a realm.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientInfo {
    /// The realm whose channels it can name.
    pub realm: Arc<Realm>,
    /// What others are shown of it.
    pub client: Client,
    /// Why the credentials that a guest came with were refused, if it came with any.
    pub refused: Option<Box<str>>,
    /// The address that it came from.
    pub address: IpAddr,
}

/// Who pays for what is taken: it counts as theirs where everybody has a share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payer<'a> {
    /// A user's id, or what stands for the host that a guest came from.
    pub name: Cow<'a, str>,
    /// Whether the share is a bound. Admins and the node itself may take all that is left.
    pub is_bounded: bool,
}

impl<'a> Payer<'a> {
    /// A user, with a share.
    pub fn user(id: &'a str) -> Self {
        Self { name: Cow::Borrowed(id), is_bounded: true }
    }

    /// The host of an address. No user's id has a control character in front.
    pub fn host(address: IpAddr) -> Payer<'static> {
        Payer { name: Cow::Owned(format!("\0{}", host(address))), is_bounded: true }
    }

    /// A user to whom a share is no bound.
    pub fn unbounded(id: &'a str) -> Self {
        Self { name: Cow::Borrowed(id), is_bounded: false }
    }
}

impl Session {
    /// A user that proved who it is, with credentials that do not end.
    pub fn of(user: &str, scopes: Scopes) -> Self {
        Self {
            user: Arc::from(user),
            name: None,
            scopes,
            expires_unix_s: None,
            issued: Issued::Never,
            grants: None,
            handle: None,
            proof: 0,
            client_info: None,
        }
    }

    /// What it is as a member of a channel: its socket where it has a place, or else its user.
    pub fn member(&self) -> &str {
        self.client_info.as_ref().map_or(&self.user, |client_info| &client_info.client.socket)
    }

    /// Who it is to others that its connection reaches; `None` on a connection that they cannot reach.
    pub fn speaker(&self) -> Option<Speaker> {
        Some(Speaker { user: self.user.clone(), handle: self.handle? })
    }

    /// The session of the same connection under other credentials of the same user.
    pub fn renewed_as(&self, other: &Self) -> Self {
        Self { handle: self.handle, client_info: self.client_info.clone(), ..other.clone() }
    }

    /// Somebody who proved nothing. It may do what a channel's rules give to everyone, nothing else.
    pub fn guest(client_info: Option<Box<ClientInfo>>) -> Self {
        Self {
            user: Arc::from(""),
            name: None,
            // What a guest may do is the rules' to say, channel by channel; only sockets of a realm have guests.
            scopes: if client_info.is_some() { Scopes::READ.union(Scopes::WRITE) } else { Scopes::NONE },
            expires_unix_s: None,
            issued: Issued::Never,
            grants: None,
            handle: None,
            proof: 0,
            client_info,
        }
    }

    /// Who pays for what it takes.
    pub fn payer(&self) -> Payer<'_> {
        let is_bounded = !self.scopes.contains(Scopes::ADMIN);
        match &self.client_info {
            Some(info) if self.is_guest() => Payer { is_bounded, ..Payer::host(info.address) },
            _ => Payer { name: Cow::Borrowed(&self.user), is_bounded },
        }
    }

    /// In whose account is what it takes of something that all share: its user's, or its host's where a guest came to a realm.
    /// Empty where it says neither.
    pub fn account(&self) -> Arc<str> {
        if self.is_guest() { self.payer().name.into() } else { self.user.clone() }
    }

    /// Whether its credentials are for a channel, as its realm or the node names it, as far as hearing it goes.
    pub fn is_for(&self, channel: &str) -> bool {
        self.grants.as_ref().is_none_or(|grants| grants.allow(Use::Subscribe, channel))
    }

    /// Whether this is somebody who proved nothing.
    pub fn is_guest(&self) -> bool {
        self.user.is_empty()
    }
}

/// A user's id in the form in which users are told apart where ids are mail addresses: without spaces around it, and
/// folded, so that its case makes no difference.
pub fn folded(user: &str) -> Cow<'_, str> {
    fold(user.trim())
}
