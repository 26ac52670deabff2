//! Making tokens: for an operator at the command line, and for tests.

use super::{NAME_BYTES_MAX, Secret, USER_BYTES_MAX, check_jwt_secret, is_name, is_user};
use crate::base::time::Now;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde::Serialize;

/// What a token says.
#[derive(Clone, Debug)]
pub struct TokenClaims {
    /// The user's id.
    pub user: String,
    /// The user's display name.
    pub name: Option<String>,
    /// The words of its scopes; none leaves the claim out, which means read and write.
    pub scopes: Vec<String>,
    /// Seconds from now to its expiry.
    pub ttl_s: u64,
}

/// The tokens that libraries of Amazon Cognito's user pools log a user in with.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenPair {
    /// Says who the user is.
    pub id_token: String,
    /// Says that it may.
    pub access_token: String,
    /// Good for nothing here: there is nowhere to ask for new tokens with it. The libraries want one.
    pub refresh_token: String,
}

/// A token that [`super::Authenticator`] would refuse is not made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignError {
    /// The user's id.
    #[error("the user must be 1 to {USER_BYTES_MAX} bytes without control characters")]
    User,
    /// The display name.
    #[error("the name must be at most {NAME_BYTES_MAX} bytes without control characters")]
    Name,
    /// The secret is too short.
    #[error("{0}")]
    Secret(#[from] super::AuthSetupError),
    /// The claims could not be written or signed.
    #[error("the token could not be made: {0}")]
    Encoding(String),
}

#[derive(Serialize)]
struct Payload<'a> {
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    iat: u64,
    exp: u64,
    #[serde(flatten)]
    pool: Option<PoolClaims<'a>>,
}

/// What tokens of a user pool say besides.
#[derive(Serialize)]
struct PoolClaims<'a> {
    token_use: &'static str,
    auth_time: u64,
    #[serde(rename = "cognito:username")]
    username: &'a str,
    #[serde(rename = "custom:service")]
    service: &'a str,
}

/// An HS256 token with these claims, from `now` on.
///
/// # Errors
/// Claims or a secret that would not be accepted.
pub fn sign(secret: &Secret, claims: &TokenClaims, now: Now) -> Result<String, SignError> {
    sign_with(secret, claims, None, now)
}

/// The tokens with these claims of a user of a pool, for one `service` of the vendor whose library takes them.
///
/// # Errors
/// As [`sign`].
pub fn sign_pair(
    secret: &Secret,
    claims: &TokenClaims,
    service: &str,
    now: Now,
) -> Result<TokenPair, SignError> {
    let token = |token_use| {
        let pool = PoolClaims { token_use, auth_time: now.unix_s(), username: &claims.user, service };
        sign_with(secret, claims, Some(pool), now)
    };
    Ok(TokenPair { id_token: token("id")?, access_token: token("access")?, refresh_token: "none".to_owned() })
}

fn sign_with(
    secret: &Secret,
    claims: &TokenClaims,
    pool: Option<PoolClaims<'_>>,
    now: Now,
) -> Result<String, SignError> {
    check_jwt_secret(secret)?;
    if !is_user(&claims.user) {
        return Err(SignError::User);
    }
    if !claims.name.as_deref().is_none_or(is_name) {
        return Err(SignError::Name);
    }
    let payload = Payload {
        sub: &claims.user,
        name: claims.name.as_deref(),
        scope: (!claims.scopes.is_empty()).then(|| claims.scopes.join(" ")),
        iat: now.unix_s(),
        exp: now.unix_s().saturating_add(claims.ttl_s),
        pool,
    };
    let payload = serde_json::to_vec(&payload).map_err(|error| SignError::Encoding(error.to_string()))?;
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
    let key = EncodingKey::from_secret(secret.expose());
    let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
    let signature = signature.map_err(|error| SignError::Encoding(error.to_string()))?;
    Ok(format!("{message}.{signature}"))
}
