//! The access log: a line for each request that was answered.

use super::info;
use crate::base::ids::CoreId;
use crate::shard::AccessRecord;

/// Logs a request that a core's shard answered.
pub fn access(core: CoreId, access: &AccessRecord) {
    let AccessRecord { address, user, method, target, status, bytes, took_us } = access;
    let address = address.map(|address| address.to_string());
    let ms = *took_us as f64 / 1_000.0;
    let (user, method, target) = (user.as_deref(), &**method, &**target);
    info!(core = core.0, address, user, method, target, status, bytes, ms, "request");
}
