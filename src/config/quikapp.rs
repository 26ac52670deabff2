//! `[quikapp]`.

use super::auth::read_secret;
use super::public_url;
use super::reader::Reader;
use super::settings::PeopleConfig;
use crate::auth::IceSettings;
use std::sync::Arc;

/// Bytes of a URL.
const URL_BYTES_MAX: usize = 256;

/// URLs of one kind.
const URLS_MAX: usize = 16;

/// Reads the section.
pub(super) fn read(mut reader: Reader<'_>) -> PeopleConfig {
    let turn_secret = read_secret(&mut reader, "turn_secret", "turn_secret_file").ok().flatten();
    let turn_urls = read_urls(&mut reader, "turn_urls", &["turn:", "turns:"]);
    let config = PeopleConfig {
        ice: IceSettings {
            stun_urls: read_urls(&mut reader, "stun_urls", &["stun:", "stuns:"]),
            turn_urls,
            turn_secret: turn_secret.map(|found| found.secret),
        },
        ring_timeout_s: reader.integer("ring_timeout_s", 1..=3_600).unwrap_or(1),
        call_s_max: reader.integer("call_s_max", 1..=604_800).unwrap_or(1),
        huddle_participants_max: reader.integer("huddle_participants_max", 1..=10_000).unwrap_or(1),
        open_conversations: reader
            .choice("conversations", &[("listed", false), ("open", true)])
            .unwrap_or(false),
    };
    // Both are for recordings, of which this version keeps no more than the records.
    public_url::read(&mut reader);
    refuse_recorders(&mut reader);
    reader.finish();
    config
}

/// No address of a recorder is any good before there is one.
fn refuse_recorders(reader: &mut Reader<'_>) {
    let place = reader.place_of("recorder_addresses");
    if reader.list("recorder_addresses").is_some_and(|addresses| !addresses.is_empty()) {
        reader.refuse(&place, "recorder_addresses", "must be []: this version has no recorder");
    }
}

fn read_urls(reader: &mut Reader<'_>, key: &'static str, schemes: &[&str]) -> Arc<[Arc<str>]> {
    let place = reader.place_of(key);
    let nodes = reader.list(key).unwrap_or_default();
    if nodes.len() > URLS_MAX {
        reader.refuse(&place, key, &format!("must hold at most {URLS_MAX} URLs"));
    }
    let mut urls = Vec::new();
    for node in nodes {
        let Some((url, place)) = reader.element_text(key, node) else { continue };
        let rest = schemes.iter().find_map(|scheme| url.strip_prefix(scheme));
        let fits = rest.is_some_and(|rest| !rest.is_empty() && url.len() <= URL_BYTES_MAX)
            && url.bytes().all(|byte| byte.is_ascii_graphic());
        if !fits {
            let wanted = schemes.join(" or ");
            reader.refuse(&place, key, &format!("must hold URLs that begin with {wanted}; one is {url:?}"));
        }
        urls.push(Arc::from(url));
    }
    urls.into()
}
