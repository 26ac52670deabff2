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
    };
    // For links to what was recorded, of which there are none yet.
    public_url::read(&mut reader);
    reader.finish();
    config
}

/// Where the recorder is reached.
fn read_recorders(reader: &mut Reader<'_>) -> Vec<SocketAddr> {
    const KEY: &str = "recorder_addresses";
    let place = reader.place_of(KEY);
    let nodes = reader.list(KEY).unwrap_or_default();
    if nodes.len() > RECORDERS_MAX {
        reader.refuse(&place, KEY, &format!("must hold at most {RECORDERS_MAX} addresses"));
    }
    let mut addresses = Vec::new();
    for node in nodes {
        let Some((text, place)) = reader.element_text(KEY, node) else { continue };
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
