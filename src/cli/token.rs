//! `corecast token`.

use super::arguments::TokenArguments;
use super::{Failure, now, print};
use crate::auth::{TokenClaims, sign};
use crate::config::data_dir::prepare;
use crate::config::{Config, Sources};

/// Prints a token, signed with the configured secret or that of the data directory.
pub(super) fn run(sources: &Sources, wanted: TokenArguments) -> Result<(), Failure> {
    let config = Config::load(sources)?;
    let claims = TokenClaims {
        user: wanted.user,
        name: wanted.name,
        scopes: wanted.scope.iter().map(|scope| scope.as_str().to_owned()).collect(),
        ttl_s: wanted.ttl,
    };
    let own = if config.wants_own_jwt_secret() { prepare(&config.data_dir, true)?.jwt_secret } else { None };
    let Some(secret) = config.auth.jwt_secret.as_ref().or(own.as_ref()) else {
        return Err(Failure(
            "this node only verifies tokens (auth.jwt_public_key_file is set): sign them where the private \
             key is, or set auth.jwt_secret or auth.jwt_secret_file too"
                .into(),
        ));
    };
    print(sign(secret, &claims, now())?)
}
