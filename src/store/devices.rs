//! Devices as they are stored: by their user and their id.

use super::format::{Format, archive};
use super::write::{Table, Write};
use crate::model::people::UserId;
use crate::model::people::device::{Device, OwnedDevice, Platform};
use rkyv::rancor::Error;
use std::sync::Arc;

/// Every version of devices. The key says whose it is.
pub const DEVICES: Format<Device> = Format(&[read_v1]);

/// What stands between the user and the id in a key; neither has it.
const SEPARATOR: u8 = 0;

/// A device was registered or changed.
pub fn put(user: &str, device: &Device) -> Write {
    let value = Some(DEVICES.write(&archive(&DeviceV1::from(device))));
    Write { table: Table::Devices, key: key(user, &device.id), value }
}

/// A device was forgotten.
pub fn deleted(user: &str, id: &str) -> Write {
    Write { table: Table::Devices, key: key(user, id), value: None }
}

/// The device of a key, which was read for it. `None` if the key is not its.
pub(super) fn of(stored: &[u8], device: Device) -> Option<OwnedDevice> {
    let at = stored.iter().position(|byte| *byte == SEPARATOR)?;
    let user = UserId::from(std::str::from_utf8(&stored[..at]).ok()?);
    (key(&user, &device.id) == stored).then(|| OwnedDevice { user, device: Arc::new(device) })
}

fn key(user: &str, id: &str) -> Vec<u8> {
    [user.as_bytes(), &[SEPARATOR], id.as_bytes()].concat()
}

/// Version 1.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
struct DeviceV1 {
    id: String,
    platform: String,
    token: String,
    name: Option<String>,
    app_version: Option<String>,
    registered_ms: u64,
    active_ms: u64,
}

impl From<&Device> for DeviceV1 {
    fn from(device: &Device) -> Self {
        let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        Self {
            id: (*device.id).to_owned(),
            platform: device.platform.word().to_owned(),
            token: (*device.token).to_owned(),
            name: text(&device.name),
            app_version: text(&device.app_version),
            registered_ms: device.registered_ms,
            active_ms: device.active_ms,
        }
    }
}

fn read_v1(bytes: &[u8]) -> Option<Device> {
    let form = rkyv::from_bytes::<DeviceV1, Error>(bytes).ok()?;
    Some(Device {
        id: form.id.into(),
        platform: Platform::parse(&form.platform)?,
        token: form.token.into(),
        name: form.name.map(Arc::from),
        app_version: form.app_version.map(Arc::from),
        registered_ms: form.registered_ms,
        active_ms: form.active_ms,
    })
}
