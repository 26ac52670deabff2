//! Devices: a person's programs and machines that can be notified.

use super::UserId;
use crate::model::fault::Fault;
use std::sync::Arc;

/// What a device runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Platform {
    /// An iPhone or iPad.
    Ios,
    /// Android.
    Android,
    /// A browser.
    Web,
}

impl Platform {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ios => "ios",
            Self::Android => "android",
            Self::Web => "web",
        }
    }

    /// The platform of a word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Ios, Self::Android, Self::Web].into_iter().find(|platform| platform.word() == word)
    }
}

/// A device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// Its id among the user's devices.
    pub id: Arc<str>,
    /// What it runs on.
    pub platform: Platform,
    /// What notices for it are sent with; a secret of the user.
    pub token: Arc<str>,
    /// What the user calls it.
    pub name: Option<Arc<str>>,
    /// The version of the program.
    pub app_version: Option<Arc<str>>,
    /// When it was registered first, milliseconds since 1970.
    pub registered_ms: u64,
    /// When it was last heard of, milliseconds since 1970.
    pub active_ms: u64,
}

/// A device as it is kept: whose it is, too.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnedDevice {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub device: Arc<Device>,
}

/// A device to be registered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceDraft {
    /// Its id; one is made where the user gives none.
    pub id: Option<Box<str>>,
    /// What it runs on.
    pub platform: Platform,
    /// What notices for it are sent with.
    pub token: Box<str>,
    /// What the user calls it.
    pub name: Option<Box<str>>,
    /// The version of the program.
    pub app_version: Option<Box<str>>,
}

/// What is asked of a user's devices.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DeviceAct {
    /// Which there are.
    List,
    /// Register one, or say anew what it is.
    Register(Box<DeviceDraft>),
    /// It has another token from now on.
    SetToken {
        /// Which device.
        id: Box<str>,
        /// The token.
        token: Box<str>,
    },
    /// Forget it.
    Unregister {
        /// Which device.
        id: Box<str>,
    },
    /// It is still there.
    Heartbeat {
        /// Which device.
        id: Box<str>,
    },
    /// Something that makes no sense, to be told if nothing else is wrong.
    Wrong {
        /// Which device, if that can be told.
        id: Option<Box<str>>,
        /// Whether one was to be registered, so that it need not be there yet.
        registers: bool,
        /// What is wrong.
        fault: Box<Fault>,
    },
}
