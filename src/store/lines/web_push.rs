//! Push subscriptions as lines. Messages on their way are none: they are of a moment.

use crate::model::web_push::{Endpoint, PushKeys, PushSubscription};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// Bytes of a user's id.
const USER_BYTES_MAX: usize = 128;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushSubscriptionLine {
    pub number: u64,
    user: String,
    pub endpoint: String,
    p256dh: String,
    auth: String,
}

pub fn subscription_line(number: u64, subscription: &PushSubscription) -> PushSubscriptionLine {
    PushSubscriptionLine {
        number,
        user: (*subscription.user).to_owned(),
        endpoint: subscription.endpoint.url().to_owned(),
        p256dh: URL_SAFE_NO_PAD.encode(subscription.keys.p256dh),
        auth: URL_SAFE_NO_PAD.encode(subscription.keys.auth),
    }
}

/// `None` if no subscription can be so.
pub fn subscription(line: &PushSubscriptionLine) -> Option<PushSubscription> {
    let fits = (1..=USER_BYTES_MAX).contains(&line.user.len()) && !line.user.chars().any(char::is_control);
    let keys = PushKeys::parse(&line.p256dh, &line.auth).ok()?;
    // Whether a node may call it, it judges itself.
    let endpoint =
        Endpoint::parse(&line.endpoint, true).ok().filter(|endpoint| endpoint.url() == line.endpoint)?;
    (fits && line.number > 0).then(|| PushSubscription { user: line.user.as_str().into(), endpoint, keys })
}
