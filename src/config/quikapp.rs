//! `[quikapp]`.

use super::auth::read_secret;
use super::public_url;
use super::reader::Reader;
use super::settings::PeopleConfig;
use crate::auth::IceSettings;
use std::net::SocketAddr;
use std::sync::Arc;

/// Bytes of a URL.
const URL_BYTES_MAX: usize = 256;

/// Addresses of the recorder.
const RECORDERS_MAX: usize = 8;

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
        recorder_addresses: read_recorders(&mut reader),
        public_url: public_url::read(&mut reader),
    };
    reader.finish();
    config
}

/// Where the recorder is reached.
fn read_recorders(reader: &mut Reader<'_>) -> Vec<SocketAddr> {
    const KEY: &str = "recorder_addresses";
    let mut addresses = Vec::new();
    for (text, place) in reader.texts_up_to(KEY, RECORDERS_MAX, "addresses") {
        match text.parse::<SocketAddr>() {
            Ok(address) if !address.ip().is_unspecified() && !addresses.contains(&address) => {
                addresses.push(address);
            }
            _ => {
                let wanted = "must hold addresses with their ports, each once, as programs outside reach them \
                              (203.0.113.7:4000, [2001:db8::7]:4000)";
                reader.refuse(&place, KEY, &format!("{wanted}; one is {text:?}"));
            }
        }
    }
    addresses
}

fn read_urls(reader: &mut Reader<'_>, key: &'static str, schemes: &[&str]) -> Arc<[Arc<str>]> {
    let mut urls = Vec::new();
    for (url, place) in reader.texts_up_to(key, URLS_MAX, "URLs") {
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
