//! The claims of a token whose signature holds.

use super::{NAME_BYTES_MAX, Shown, USER_BYTES_MAX, is_name, is_user, unauthenticated};
use crate::base::json;
use crate::base::time::{Now, rfc3339};
use crate::model::access::Grants;
use crate::model::fault::Fault;
use crate::model::session::{Issued, Scopes, Session};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Number;
use serde_json::value::RawValue;

/// What is read of a token's payload. `iat` decides nothing but whether a token was revoked.
pub(super) struct Claims {
    sub: Option<String>,
    name: Option<String>,
    exp: Option<Number>,
    nbf: Option<Number>,
    iat: Claim,
    scope: Option<Words>,
    scopes: Option<Words>,
    channels: Option<Channels>,
    extras: Option<Box<RawValue>>,
    dbo_id: Option<Box<RawValue>>,
    row_id: Option<Box<RawValue>>,
}

/// The same as it was written.
#[derive(Deserialize)]
struct Written {
    sub: Claim,
    name: Claim,
    exp: Claim,
    #[serde(default, deserialize_with = "there")]
    nbf: Claim,
    #[serde(default, deserialize_with = "there")]
    scope: Claim,
    #[serde(default, deserialize_with = "there")]
    scopes: Claim,
    #[serde(default, deserialize_with = "there")]
    channels: Claim,
    iat: Claim,
    extras: Claim,
    dbo_id: Claim,
    row_id: Claim,
}

/// A claim whose type is still to be seen. `null` is absent, but see [`there`].
type Claim = Option<Box<RawValue>>;

/// What is there, `null` too: taken for absent, a claim that restricts would restrict nothing.
fn there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Claim, D::Error> {
    Box::deserialize(deserializer).map(Some)
}

/// A claim as what it must be. The fault does not repeat it.
fn typed<T: DeserializeOwned>(claim: Claim, name: &str, must_be: &str) -> Result<Option<T>, Fault> {
    let read = |written: Box<RawValue>| json::read(written.get());
    let wrong = |_| unauthenticated(format!("The token's claim \"{name}\" must be {must_be}"));
    claim.map(read).transpose().map_err(wrong)
}

const TEXT: &str = "text";
const SECONDS: &str = "a number of seconds since 1970";
const WORDS: &str = "text with words, or a list of words";
const CHANNELS: &str =
    "an object that has \"subscribe\" or \"publish\" or both, each a list of channels' names";

/// The channels that a token is for, by what it may do there. A list that is not there is empty.
#[derive(Deserialize)]
struct Channels {
    #[serde(default)]
    subscribe: Vec<String>,
    #[serde(default)]
    publish: Vec<String>,
}

/// Scopes as one string of words (RFC 8693 section 4.2) or as a list; both are met in either claim.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    Text(String),
    List(Vec<String>),
}

impl Claims {
    /// Reads a payload. A claim that appears twice is refused, as readers differ on which one counts.
    pub(super) fn parse(payload: &[u8]) -> Result<Self, Fault> {
        let written: Written = json::read_bytes(payload).map_err(|error| {
            let what = if error.is_data() { "no object that has each claim once" } else { "no JSON" };
            unauthenticated(format!("The token's claims are {what}"))
        })?;
        Ok(Self {
            sub: typed(written.sub, "sub", TEXT)?,
            name: typed(written.name, "name", TEXT)?,
            exp: typed(written.exp, "exp", SECONDS)?,
            nbf: typed(written.nbf, "nbf", SECONDS)?,
            scope: typed(written.scope, "scope", WORDS)?,
            scopes: typed(written.scopes, "scopes", WORDS)?,
            channels: typed(written.channels, "channels", CHANNELS)?,
            iat: written.iat,
            extras: written.extras,
            dbo_id: written.dbo_id,
            row_id: written.row_id,
        })
    }

    /// What others may be shown of the user. Claims of other types than ours are somebody else's and say nothing.
    pub(super) fn shown(&self) -> Shown {
        let mut shown = Shown::of_user(self.sub.as_deref().unwrap_or_default());
        let number = |claim: &Option<Box<RawValue>>| claim.as_ref()?.get().parse().ok();
        if let Some(extras) = self.extras.as_ref().filter(|extras| extras.get().starts_with('{')) {
            shown.extras = extras.get().to_owned();
        }
        shown.table = number(&self.dbo_id).unwrap_or(shown.table);
        shown.row = number(&self.row_id).unwrap_or(shown.row);
        shown
    }

    /// The session these claims give at `now`, with clocks that may differ by `leeway_s`.
    pub(super) fn into_session(self, now: Now, leeway_s: u64) -> Result<Session, Fault> {
        let now_s = now.unix_s();
        let Some(exp) = self.exp.as_ref().map(seconds) else {
            return Err(unauthenticated("The token has no expiry (exp)"));
        };
        let expires_unix_s = exp.saturating_add(leeway_s);
        if now_s >= expires_unix_s {
            return Err(unauthenticated(format!("The token expired at {}", date(exp))));
        }
        if let Some(nbf) = self.nbf.as_ref().map(seconds)
            && nbf > now_s.saturating_add(leeway_s)
        {
            return Err(unauthenticated(format!("The token is not valid before {}", date(nbf))));
        }
        let Some(user) = self.sub.filter(|sub| is_user(sub)) else {
            return Err(unauthenticated(format!(
                "The token's subject (sub) must be 1 to {USER_BYTES_MAX} bytes without control characters"
            )));
        };
        if !self.name.as_deref().is_none_or(is_name) {
            return Err(unauthenticated(format!(
                "The token's name must be at most {NAME_BYTES_MAX} bytes without control characters"
            )));
        }
        let issued = self.iat.and_then(|iat| iat.get().parse().ok());
        Ok(Session {
            user: user.into(),
            name: self.name.filter(|name| !name.is_empty()).map(Into::into),
            scopes: granted(self.scope, self.scopes),
            expires_unix_s: Some(expires_unix_s),
            issued: issued.map_or(Issued::Unsaid, |iat: Number| Issued::At(seconds(&iat))),
            grants: self.channels.map(|channels| Grants::new(channels.subscribe, channels.publish).into()),
            handle: None,
            proof: 0,
            client_info: None,
        })
    }
}

/// What Amazon Cognito writes into every access token of a user. It is about Cognito's own calls, for all its "admin", and
/// says nothing of what may be done elsewhere.
const SILENT_WORD: &str = "aws.cognito.signin.user.admin";

/// Both claims together. A token without either may read and write; one that names scopes has no others, even
/// if we know none of them.
fn granted(scope: Option<Words>, scopes: Option<Words>) -> Scopes {
    let mut named = [scope, scopes].into_iter().flatten().filter(|words| !words.are_silent()).peekable();
    if named.peek().is_none() {
        return Scopes::READ.union(Scopes::WRITE);
    }
    named.fold(Scopes::NONE, |granted, words| granted.union(words.scopes()))
}

impl Words {
    /// Whether they say nothing about scopes, though they are there.
    fn are_silent(&self) -> bool {
        match self {
            Self::Text(text) => text.trim() == SILENT_WORD,
            Self::List(list) => matches!(list.as_slice(), [word] if word == SILENT_WORD),
        }
    }

    fn scopes(&self) -> Scopes {
        let known = |granted: Scopes, word: &str| granted.union(Scopes::parse(word).unwrap_or(Scopes::NONE));
        match self {
            Self::Text(text) => text.split_ascii_whitespace().fold(Scopes::NONE, known),
            Self::List(list) => list.iter().map(String::as_str).fold(Scopes::NONE, known),
        }
    }
}

/// Whole seconds of a NumericDate, which may have a fraction (RFC 7519 section 2). Before 1970 counts as 1970.
fn seconds(date: &Number) -> u64 {
    // A cast from a float saturates, and NaN, which JSON cannot say, would be 0.
    date.as_u64().unwrap_or_else(|| date.as_f64().map_or(0, |seconds| seconds as u64))
}

fn date(unix_s: u64) -> String {
    rfc3339(unix_s.saturating_mul(1000))
}
