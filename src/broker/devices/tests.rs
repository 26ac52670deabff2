use super::*;
use crate::base::limits::{Limits, PeopleLimits};
use crate::model::fault::FaultCode;
use crate::model::people::device::Platform;

const NOW: Now = Now { monotonic_us: 0, unix_ms: 7 };

fn limits() -> InForce {
    let people = PeopleLimits { device_users_max: 3, ..PeopleLimits::default() };
    Limits { people, ..Limits::default() }.into()
}

fn devices() -> Devices {
    Devices::new(KeyedState::new(1, 2), limits())
}

fn register(devices: &mut Devices, user: &str, id: &str) -> Result<DeviceChange, FaultCode> {
    let (name, app_version) = (None, None);
    let draft =
        DeviceDraft { id: Some(id.into()), platform: Platform::Web, token: "t".into(), name, app_version };
    let decided = devices.decide(NOW, &user.into(), DeviceAct::Register(Box::new(draft)), 0);
    devices.invariants();
    decided.map_err(|fault| fault.code)
}

#[test]
fn of_twenty_at_once_exactly_ten_win() {
    let mut devices = devices();
    let decided: Vec<_> = (0..20).map(|n| register(&mut devices, "ann", &format!("d{n}"))).collect();
    assert_eq!(decided.iter().filter(|change| change.is_ok()).count(), 10);
    for (at, change) in decided.into_iter().flatten().enumerate() {
        if at == 3 {
            devices.give_up(&change)
        } else {
            devices.apply(&change)
        }
        devices.invariants();
    }
    assert_eq!(devices.of("ann").len(), 9);
    let tenth = register(&mut devices, "ann", "d19").expect("one could not be stored");
    devices.apply(&tenth);
    assert_eq!(register(&mut devices, "ann", "d18"), Err(FaultCode::LimitExceeded));
    let again = register(&mut devices, "ann", "d19").expect("it is there already");
    devices.apply(&again);
    assert_eq!(devices.of("ann").len(), 10);
}

#[test]
fn a_device_on_its_way_to_the_disk_is_not_changed() {
    let mut devices = devices();
    let change = register(&mut devices, "ann", "d").expect("decided");
    assert_eq!(register(&mut devices, "ann", "d"), Err(FaultCode::Conflict));
    devices.apply(&change);
    let gone =
        devices.decide(NOW, &"ann".into(), DeviceAct::Unregister { id: "d".into() }, 0).expect("decided");
    devices.apply(&gone);
    assert!(devices.is_empty() && devices.changing.is_empty());
}

#[test]
fn users_with_devices_are_bounded() {
    let mut devices = devices();
    for user in ["a", "b", "c"] {
        let change = register(&mut devices, user, "d").expect("decided");
        devices.apply(&change);
    }
    assert_eq!(register(&mut devices, "d", "d"), Err(FaultCode::LimitExceeded));
    assert!(register(&mut devices, "a", "e").is_ok());
}
