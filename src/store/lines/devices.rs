//! Devices as lines.

use crate::model::people::device::{Device, OwnedDevice, Platform};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Bytes of an id.
const ID_BYTES_MAX: usize = 128;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceLine {
    pub user: String,
    pub id: String,
    platform: String,
    token: String,
    name: Option<String>,
    app_version: Option<String>,
    registered_ms: u64,
    active_ms: u64,
}

pub fn device_line(owned: &OwnedDevice) -> DeviceLine {
    let device = &owned.device;
    DeviceLine {
        user: (*owned.user).to_owned(),
        id: (*device.id).to_owned(),
        platform: device.platform.word().to_owned(),
        token: (*device.token).to_owned(),
        name: device.name.as_deref().map(str::to_owned),
        app_version: device.app_version.as_deref().map(str::to_owned),
        registered_ms: device.registered_ms,
        active_ms: device.active_ms,
    }
}

/// `None` if no device can be so.
pub fn device(line: DeviceLine) -> Option<OwnedDevice> {
    if !is_id(&line.user) || !is_id(&line.id) || line.token.is_empty() {
        return None;
    }
    let device = Device {
        id: line.id.into(),
        platform: Platform::parse(&line.platform)?,
        token: line.token.into(),
        name: line.name.map(Arc::from),
        app_version: line.app_version.map(Arc::from),
        registered_ms: line.registered_ms,
        active_ms: line.active_ms,
    };
    Some(OwnedDevice { user: line.user.into(), device: Arc::new(device) })
}

/// Whether something can be the id of a person, or of a thing of people.
pub fn is_id(text: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}
