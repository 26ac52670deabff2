//! `corecast token`.

use super::arguments::TokenArguments;
use super::{Failure, load, now, print};
use crate::auth::{Secret, TokenClaims, sign, sign_pair};
use crate::config::{Config, Sources, data_dir};

/// Prints a token, signed with the configured secret or that of the data directory.
pub(super) fn run(sources: &Sources, wanted: TokenArguments) -> Result<(), Failure> {
    let config = load(sources)?;
    let claims = TokenClaims {
        user: wanted.user,
        name: wanted.name,
        scopes: wanted.scope.iter().map(|scope| scope.as_str().to_owned()).collect(),
        ttl_s: wanted.ttl,
    };
    let secret = secret(&config)?;
    match wanted.cognito {
        None => print(sign(&secret, &claims, now())?),
        Some(service) => {
            let pair = sign_pair(&secret, &claims, &service, now())?;
            let json = serde_json::to_string(&pair).map_err(|error| Failure::Said(error.to_string()))?;
            print(json)
        }
    }
}

/// It is only read: a secret made here would be one that no node knows.
fn secret(config: &Config) -> Result<Secret, Failure> {
    if let Some(configured) = &config.auth.jwt_secret {
        return Ok(configured.clone());
    }
    if !config.wants_own_jwt_secret() {
        return Err(Failure::Said(
            "this node only verifies tokens (auth.jwt_public_key_file is set): sign them where the private \
             key is, or set auth.jwt_secret or auth.jwt_secret_file too"
                .into(),
        ));
    }
    data_dir::jwt_secret(&config.data_dir)?.ok_or_else(|| {
        Failure::Said(format!(
            "there is no secret of tokens in {}: a node makes it at its first start. Start the node first, or say which \
             node the token is for, by its config (--config FILE) or its data directory (--set data_dir=DIRECTORY)",
            config.data_dir.display()
        ))
    })
}
