//! Handing a message to a push service (RFC 8030 section 5).

use super::OutboundSettings;
use super::encryption::encrypt;
use super::resolver::Forbidden;
use super::vapid::Authorizations;
use crate::model::web_push::{Called, Endpoint, PushDelivery};
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Request};
use std::time::SystemTime;

/// Seconds that a service can ask to wait for; a message is not worth sending any more long before.
const RETRY_AFTER_S_MAX: u64 = 31_536_000;

/// The request that hands a message over; `None` if it cannot be made, whatever is tried.
pub fn request(
    client: &Client,
    settings: &OutboundSettings,
    authorizations: &mut Authorizations,
    delivery: &PushDelivery,
    unix_s: u64,
) -> Option<Request> {
    let PushDelivery { subscription, message, ttl_s } = delivery;
    // Addresses written as such are not looked up, so they are judged here; and so is what was stored under other settings.
    let endpoint = Endpoint::parse(subscription.endpoint.url(), settings.local_too).ok()?;
    let body = encrypt(&subscription.keys, &message.payload).ok()?;
    let subject = settings.subject.as_deref();
    let authorization = authorizations.of(&settings.vapid_key, subject, endpoint.origin(), unix_s)?;
    let mut request = client
        .post(endpoint.url())
        .header(AUTHORIZATION, authorization)
        .header(CONTENT_ENCODING, "aes128gcm")
        .header(CONTENT_TYPE, "application/octet-stream")
        .header("TTL", *ttl_s)
        .header("Urgency", message.urgency.word());
    if let Some(key) = &message.collapse_key {
        request = request.header("Topic", &**key);
    }
    request.body(body).build().ok()
}

/// Makes the call. Of the answer the head is looked at, and what follows is left unread.
pub async fn call(client: Client, request: Option<Request>) -> Called {
    let Some(request) = request else { return Called::Forbidden };
    match client.execute(request).await {
        Ok(answer) => Called::Answered {
            status: answer.status().as_u16(),
            retry_after_s: retry_after_s(answer.headers(), SystemTime::now()),
        },
        Err(error) if Forbidden::is_in(&error) => Called::Forbidden,
        Err(_) => Called::Unanswered,
    }
}

/// Seconds that an answer asks to wait for, which it says as such or as a date (RFC 9110 section 10.2.3).
fn retry_after_s(fields: &HeaderMap, now: SystemTime) -> Option<u32> {
    let text = fields.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => RETRY_AFTER_S_MAX,
        Err(_) => {
            let until = httpdate::parse_http_date(text).ok()?;
            // A part of a second is waited for too.
            until.duration_since(now).map_or(0, |time| time.as_millis().div_ceil(1_000) as u64)
        }
    };
    Some(seconds.min(RETRY_AFTER_S_MAX) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_wait_is_read_as_seconds_or_as_a_date() {
        let now = UNIX_EPOCH + Duration::from_millis(784_111_770_500);
        for (text, expected) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("99999999999999999999999", Some(31_536_000)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            let mut fields = HeaderMap::new();
            fields.insert(RETRY_AFTER, text.parse().unwrap());
            assert_eq!(retry_after_s(&fields, now), expected, "{text}");
        }
        assert_eq!(retry_after_s(&HeaderMap::new(), now), None);
    }
}
