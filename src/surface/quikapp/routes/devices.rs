//! `/devices…`

use super::{endpoint, people};
use crate::model::command::Command;
use crate::model::fault::Fault;
use crate::model::people::command::PeopleCommand;
use crate::model::people::device::{DeviceAct, DeviceDraft, Platform};
use crate::model::people::reply::PeopleReply;
use crate::model::session::Scopes;
use crate::protocol::http::Method;
use crate::surface::quikapp::answer::{self, end};
use crate::surface::quikapp::body::{self, NewDevice, NewToken, wrong};
use crate::surface::quikapp::{names, payload};
use crate::surface::{Endpoint, Request, json};

fn act(act: DeviceAct) -> Result<Command, Fault> {
    Ok(people(PeopleCommand::Device(act)))
}

fn id(request: &Request<'_>) -> Box<str> {
    Box::from(request.parameter("device_id"))
}

/// Registers a device, or says anew what it is.
pub const REGISTER: Endpoint = endpoint(
    Method::Post,
    Scopes::WRITE,
    |request| {
        let read = json::object::<NewDevice>(request.body);
        let id = read.as_ref().ok().and_then(|read| read.device_id.as_deref()).map(Box::from);
        match read.and_then(draft) {
            Ok(draft) => act(DeviceAct::Register(Box::new(draft))),
            Err(fault) => act(DeviceAct::Wrong { id, registers: true, fault: Box::new(fault) }),
        }
    },
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::Device(device) => {
                let at = ("registered_at", device.registered_ms);
                object.with("device", |out| payload::push_device(out, device, at)).end();
                Some(201)
            }
            _ => None,
        })
    },
);

fn draft(new: NewDevice) -> Result<DeviceDraft, Fault> {
    let NewDevice { device_id, platform, token, name, app_version } = new;
    let id = device_id.map(|text| names::id(&text, "device_id").map(|_| Box::from(text))).transpose()?;
    let platform = platform.as_deref().and_then(Platform::parse);
    let platform =
        platform.ok_or_else(|| wrong("platform", "platform must be \"ios\", \"android\" or \"web\"."))?;
    let token = token.unwrap_or_default();
    body::token(&token)?;
    name.as_deref().map_or(Ok(()), |text| body::short(text, "name"))?;
    app_version.as_deref().map_or(Ok(()), |text| body::short(text, "app_version"))?;
    let (name, app_version) = (name.map(Box::from), app_version.map(Box::from));
    Ok(DeviceDraft { id, platform, token: token.into(), name, app_version })
}

/// One's devices.
pub const LIST: Endpoint = endpoint(
    Method::Get,
    Scopes::READ,
    |_| act(DeviceAct::List),
    |reply| {
        answer::of(reply, |object, reply| match reply {
            PeopleReply::Devices(devices) => {
                let object = object.list("devices", devices, |out, device| {
                    payload::push_device(out, device, ("last_active", device.active_ms));
                });
                Some(end(object.number("count", devices.len() as u64)))
            }
            _ => None,
        })
    },
);

/// A device has another token from now on.
pub const TOKEN: Endpoint = endpoint(
    Method::Put,
    Scopes::WRITE,
    |request| match NewToken::read(request.body) {
        Ok(token) => act(DeviceAct::SetToken { id: id(request), token }),
        Err(fault) => {
            act(DeviceAct::Wrong { id: Some(id(request)), registers: false, fault: Box::new(fault) })
        }
    },
    answer::done,
);

/// Forgets a device.
pub const UNREGISTER: Endpoint = endpoint(
    Method::Delete,
    Scopes::WRITE,
    |request| act(DeviceAct::Unregister { id: id(request) }),
    answer::done,
);

/// A device is still there.
pub const HEARTBEAT: Endpoint = endpoint(
    Method::Post,
    Scopes::WRITE,
    |request| act(DeviceAct::Heartbeat { id: id(request) }),
    answer::done,
);
