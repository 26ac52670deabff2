//! Subscriptions and messages for tests.

use super::{Endpoint, PushKeys, PushMessage, PushSubscription, Urgency};
use std::sync::Arc;

/// Keys of RFC 8291 section 5.
pub fn keys() -> PushKeys {
    let point = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    PushKeys::parse(point, "BTBZMqHH6r4Tts7J_aSIgg").unwrap()
}

/// A user's subscription at a URL.
pub fn subscription(user: &str, url: &str) -> Arc<PushSubscription> {
    let endpoint = Endpoint::parse(url, true).unwrap();
    Arc::new(PushSubscription { user: user.into(), endpoint, keys: keys() })
}

/// A message that is worth sending for a minute.
pub fn message(payload: &str) -> Arc<PushMessage> {
    let payload = payload.as_bytes().into();
    Arc::new(PushMessage { payload, urgency: Urgency::Normal, collapse_key: None, ttl_s: 60, accepted_ms: 0 })
}
