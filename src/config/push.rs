//! `[push]`.

use super::reader::Reader;
use super::secret_file;
use super::settings::PushConfig;
use crate::runtime::side::outbound::VapidKey;
use std::sync::Arc;

/// Bytes of what tells push services whom to ask.
const SUBJECT_BYTES_MAX: usize = 256;

/// Seconds for which a push service keeps a message at most: four weeks, as most do.
const TTL_S_MAX: u32 = 2_419_200;

/// Reads the section.
pub(super) fn read(mut reader: Reader<'_>) -> PushConfig {
    let config = PushConfig {
        subject: read_subject(&mut reader),
        vapid_key: read_key(&mut reader),
        local_endpoints: reader.boolean("local_endpoints").unwrap_or(false),
        authorities: read_authorities(&mut reader),
        ttl_s: reader.integer("ttl_s", 0..=TTL_S_MAX).unwrap_or(0),
    };
    reader.finish();
    config
}

fn read_subject(reader: &mut Reader<'_>) -> Option<Arc<str>> {
    let (subject, place) = reader.text("subject").filter(|(subject, _)| !subject.is_empty())?;
    let rest = ["mailto:", "https://"].iter().find_map(|scheme| subject.strip_prefix(scheme));
    let fits = rest.is_some_and(|rest| !rest.is_empty())
        && subject.len() <= SUBJECT_BYTES_MAX
        && subject.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits {
        let wanted = r#"must be "mailto:" and an address, or a URL that begins with "https://""#;
        reader.refuse(&place, "subject", &format!("{wanted}; it is {subject:?}"));
    }
    Some(subject.into())
}

fn read_key(reader: &mut Reader<'_>) -> Option<Arc<VapidKey>> {
    let (path, place) = reader.text("vapid_key_file").filter(|(path, _)| !path.is_empty())?;
    let text = secret_file::read(reader, "vapid_key_file", &path, &place)?;
    match VapidKey::parse(&text) {
        Ok(key) => Some(Arc::new(key)),
        Err(error) => {
            reader.refuse(&place, "vapid_key_file", &format!("names the file {path}, which {error}"));
            None
        }
    }
}

/// Authorities that are trusted besides those of the system, as PEM.
pub(super) fn read_authorities(reader: &mut Reader<'_>) -> Arc<[u8]> {
    let Some((path, place)) = reader.text("ca_file").filter(|(path, _)| !path.is_empty()) else {
        return Arc::default();
    };
    let Some(pem) = secret_file::read_public(reader, "ca_file", &path, &place) else { return Arc::default() };
    let certificates = reqwest::Certificate::from_pem_bundle(&pem);
    if !certificates.is_ok_and(|certificates| !certificates.is_empty()) {
        let message = format!("names the file {path}, which holds no certificates in PEM");
        reader.refuse(&place, "ca_file", &message);
    }
    pem.into()
}
