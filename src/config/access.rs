//! Who may reach a file besides its owner.

use crate::runtime::machine::own_groups;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// The bit of a mode that lets somebody read.
pub(super) const READ: u32 = 0o4;

/// The bit of a mode that lets somebody write.
pub(super) const WRITE: u32 = 0o2;

/// Whether users may do one of these things to a file who are neither its owner nor in a group of this process.
/// Orchestrators share volumes by a group that they give the process (`fsGroup` of Kubernetes), so that
/// group is no stranger.
pub(super) fn strangers_may(file: &Metadata, bits: u32) -> bool {
    let mode = file.mode();
    let by_group = (mode >> 3) & bits != 0 && !own_groups().contains(&file.gid());
    mode & bits != 0 || by_group
}
