//! Which pages the process lives in.

/// Asks the kernel for ordinary pages for the rest of the process. An allocator that gets huge pages touches 2 MiB
/// where a few connections need some hundred bytes each, and an idle connection then costs several times as much.
/// Call it before memory is allocated in earnest. A refusal only costs memory, so it is ignored.
pub fn use_small_pages() {
    // SAFETY: takes numbers only, and changes nothing but how later page faults are served.
    unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1 as libc::c_ulong, 0, 0, 0) };
}
