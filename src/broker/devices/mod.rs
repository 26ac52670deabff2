//! The devices of the users who are at home on one core. Stored: a change is decided, which claims the device, then
//! stored by whoever called, then applied, or given up. Changes of different devices of a user do not wait for each
//! other, and still there are never more than a user may have: one that is on its way to the disk counts.

mod faults;
#[cfg(test)]
mod tests;

use crate::base::hash::{KeyedMap, KeyedState};
use crate::base::limits::InForce;
use crate::base::time::Now;
use crate::model::fault::Fault;
use crate::model::people::device::{Device, DeviceAct, DeviceDraft, OwnedDevice};
use crate::model::people::{UserId, minted};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Devices of one user.
pub const DEVICES_PER_USER_MAX: usize = 10;

/// A change that is decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceChange {
    /// Whose device.
    pub user: UserId,
    /// Which.
    pub id: Arc<str>,
    /// What it is from then on; `None` if it is forgotten.
    pub is: Option<Arc<Device>>,
    /// Whether the answer shows it.
    pub is_shown: bool,
    /// Whether there was none of this id.
    is_new: bool,
}

/// The devices of the users who are at home on one core.
pub struct Devices {
    by_user: KeyedMap<UserId, Vec<Arc<Device>>>,
    /// Devices with a change on its way to the disk; whether each is new.
    changing: BTreeMap<(UserId, Arc<str>), bool>,
    limits: InForce,
}

impl Devices {
    /// No devices yet.
    pub fn new(hasher: KeyedState, limits: InForce) -> Self {
        Self { by_user: KeyedMap::with_hasher(hasher), changing: BTreeMap::new(), limits }
    }

    /// One that was stored.
    pub fn restore(&mut self, owned: OwnedDevice) {
        let devices = self.by_user.entry(owned.user).or_default();
        devices.push(owned.device);
        devices.sort_by(|a, b| (a.registered_ms, &a.id).cmp(&(b.registered_ms, &b.id)));
    }

    /// The devices of a user, in the order of their registration.
    pub fn of(&self, user: &str) -> Vec<Arc<Device>> {
        self.by_user.get(user).cloned().unwrap_or_default()
    }

    /// A device is still there.
    ///
    /// # Errors
    /// There is none of this id.
    pub fn heartbeat(&mut self, now: Now, user: &str, id: &str) -> Result<(), Fault> {
        let devices = self.by_user.get_mut(user).into_iter().flatten();
        let device = devices.into_iter().find(|device| *device.id == *id).ok_or_else(faults::not_found)?;
        *device = Arc::new(Device { active_ms: now.unix_ms, ..Device::clone(device) });
        Ok(())
    }

    /// Decides a change, and claims the device. `fresh` is a number that no other request has.
    ///
    /// # Errors
    /// There is no such device, the user has as many as it may have, or the device is being changed.
    pub fn decide(
        &mut self,
        now: Now,
        user: &UserId,
        act: DeviceAct,
        fresh: u64,
    ) -> Result<DeviceChange, Fault> {
        let (id, is, is_shown) = match act {
            DeviceAct::Register(draft) => {
                let device = self.registered(now, user, *draft, fresh)?;
                (device.id.clone(), Some(Arc::new(device)), true)
            }
            DeviceAct::SetToken { id, token } => {
                let device = self.find(user, &id).ok_or_else(faults::not_found)?;
                let (token, active_ms) = (Arc::from(token), now.unix_ms);
                let device = Device { token, active_ms, ..Device::clone(device) };
                (device.id.clone(), Some(Arc::new(device)), false)
            }
            DeviceAct::Unregister { id } => {
                (self.find(user, &id).ok_or_else(faults::not_found)?.id.clone(), None, false)
            }
            DeviceAct::Wrong { id, registers, fault } => {
                match id.and_then(|id| self.find(user, &id)) {
                    Some(_) => {}
                    None if registers => self.room_for(user)?,
                    None => return Err(faults::not_found()),
                }
                return Err(*fault);
            }
            DeviceAct::List | DeviceAct::Heartbeat { .. } => return Err(faults::not_found()),
        };
        let is_new = self.find(user, &id).is_none();
        let claim = (user.clone(), id.clone());
        if self.changing.contains_key(&claim) {
            return Err(faults::changing());
        }
        self.changing.insert(claim, is_new);
        Ok(DeviceChange { user: user.clone(), id, is, is_shown, is_new })
    }

    fn registered(&self, now: Now, user: &UserId, draft: DeviceDraft, fresh: u64) -> Result<Device, Fault> {
        let DeviceDraft { id, platform, token, name, app_version } = draft;
        let id = id.map_or_else(|| new_id(now, fresh), Arc::from);
        let known = self.find(user, &id);
        if known.is_none() {
            self.room_for(user)?;
        }
        let registered_ms = known.map_or(now.unix_ms, |device| device.registered_ms);
        let (name, app_version) = (name.map(Arc::from), app_version.map(Arc::from));
        Ok(Device {
            id,
            platform,
            token: token.into(),
            name,
            app_version,
            registered_ms,
            active_ms: now.unix_ms,
        })
    }

    fn room_for(&self, user: &UserId) -> Result<(), Fault> {
        let coming = self.changing.range((user.clone(), Arc::from(""))..);
        let coming =
            coming.take_while(|((owner, _), _)| owner == user).filter(|(_, is_new)| **is_new).count();
        let devices = self.by_user.get(user).map_or(0, Vec::len);
        if devices + coming >= DEVICES_PER_USER_MAX {
            return Err(faults::too_many(DEVICES_PER_USER_MAX));
        }
        if devices + coming == 0
            && self.by_user.len() + self.changing.len() >= self.limits.get().people.device_users_max as usize
        {
            return Err(faults::too_many_users());
        }
        Ok(())
    }

    fn find(&self, user: &str, id: &str) -> Option<&Arc<Device>> {
        self.by_user.get(user)?.iter().find(|device| *device.id == *id)
    }

    /// A change is stored.
    pub fn apply(&mut self, change: &DeviceChange) {
        self.changing.remove(&(change.user.clone(), change.id.clone()));
        let devices = self.by_user.entry(change.user.clone()).or_default();
        let at = devices.iter().position(|device| device.id == change.id);
        match (at, &change.is) {
            (Some(at), Some(device)) => devices[at] = device.clone(),
            (None, Some(device)) => devices.push(device.clone()),
            (Some(at), None) => {
                devices.remove(at);
            }
            (None, None) => {}
        }
        if devices.is_empty() {
            self.by_user.remove(&change.user);
        }
    }

    /// A change could not be stored.
    pub fn give_up(&mut self, change: &DeviceChange) {
        self.changing.remove(&(change.user.clone(), change.id.clone()));
    }

    /// Devices of all users.
    pub fn len(&self) -> usize {
        self.by_user.values().map(Vec::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_user.is_empty()
    }

    /// Changes on their way to the disk.
    pub fn changing(&self) -> usize {
        self.changing.len()
    }

    /// Asserts what must always hold; for tests and the simulator.
    pub fn invariants(&self) {
        for (user, devices) in &self.by_user {
            let coming =
                self.changing.iter().filter(|((owner, _), is_new)| owner == user && **is_new).count();
            assert!(devices.len() + coming <= DEVICES_PER_USER_MAX, "{user} has too many devices");
            assert!(!devices.is_empty());
        }
    }
}

/// An id for a device that has none of its own.
fn new_id(now: Now, fresh: u64) -> Arc<str> {
    let twelve = minted("device", now.unix_ms, fresh);
    Arc::from(format!("{twelve}{:04x}", fresh >> 48))
}
