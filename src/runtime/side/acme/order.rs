//! One order, from the account to the certificate.

use super::challenges::Challenges;
use super::client::Caller;
use super::files::Files;
use super::{AcmeSettings, ChallengeKind};
use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, Order, OrderStatus,
    RetryPolicy,
};
use std::error::Error;
use std::time::Duration;

/// How long an authority may take to look at the challenges, and to make the certificate.
const PATIENCE: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120));

/// Characters of what an authority says that are told.
const REASON_CHARS_MAX: usize = 400;

/// Gets a certificate: the chain and its key, as PEM. The challenges are closed after it, whatever came of it.
///
/// # Errors
/// Why not, in words for the operator.
pub(super) async fn order(
    settings: &AcmeSettings,
    files: &Files,
    challenges: &mut Challenges,
) -> Result<String, String> {
    let account = account(settings, files).await?;
    let names: Vec<_> = settings.domains.iter().map(|name| Identifier::Dns(name.clone())).collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await.map_err(told)?;
    let proved = prove(&mut order, settings.challenge, challenges).await;
    challenges.close();
    proved?;
    let key = order.finalize().await.map_err(told)?;
    let chain = order.poll_certificate(&PATIENCE).await.map_err(told)?;
    Ok(format!("{}\n{key}", chain.trim_end()))
}

/// The account that is kept, or a new one.
async fn account(settings: &AcmeSettings, files: &Files) -> Result<Account, String> {
    let caller = Box::new(Caller::new(settings).map_err(told)?);
    let builder = Account::builder_with_http(caller);
    let in_files = |error: std::io::Error| files.failed(&error);
    if let Some(kept) = files.account().map_err(in_files)? {
        return builder.from_credentials(kept).await.map_err(told);
    }
    let contact: Vec<&str> = settings.contact.iter().map(String::as_str).collect();
    let wanted = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let created = builder.create(&wanted, settings.directory_url.clone(), None).await;
    let (account, credentials) = created.map_err(told)?;
    files.keep_account(&credentials).map_err(in_files)?;
    Ok(account)
}

/// Proves that all names of an order are this node's.
async fn prove(order: &mut Order, kind: ChallengeKind, challenges: &mut Challenges) -> Result<(), String> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.map_err(told)?;
        match authorization.status {
            AuthorizationStatus::Pending => {}
            AuthorizationStatus::Valid => continue,
            status => return Err(format!("the authority says that a name is {status:?}")),
        }
        let wanted = match kind {
            ChallengeKind::TlsAlpn => ChallengeType::TlsAlpn01,
            ChallengeKind::Http => ChallengeType::Http01,
        };
        let mut challenge = authorization.challenge(wanted).ok_or(
            "the authority does not offer the challenge of acme.challenge for a name; try the other one",
        )?;
        let (name, proof) = (challenge.identifier().to_string(), challenge.key_authorization());
        match kind {
            ChallengeKind::TlsAlpn => challenges.show_certificate(&name, &proof)?,
            ChallengeKind::Http => challenges.tell_word(&challenge.token, &proof),
        }
        challenge.set_ready().await.map_err(told)?;
    }
    match order.poll_ready(&PATIENCE).await.map_err(told)? {
        OrderStatus::Ready => Ok(()),
        _ => Err(refusal(order).await),
    }
}

/// What the authority found when it looked.
async fn refusal(order: &mut Order) -> String {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        if let Some(problem) = state.challenges.iter().find_map(|challenge| challenge.error.as_ref()) {
            let name = state.identifier().to_string();
            return cut(&format!("the authority does not take {name} for this node's: {problem}"));
        }
    }
    "the authority refuses the order and does not say why".into()
}

/// An error with its causes: what failed first is what tells.
fn told(error: impl Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    cut(&text)
}

/// What comes from outside is told in one line of a bounded length.
fn cut(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(REASON_CHARS_MAX).collect()
}
