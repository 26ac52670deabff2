//! Whether io_uring works as the runtime uses it.

use io_uring::IoUring;
use std::io;

/// Makes a ring with the runtime's flags and asks whether it could have provided-buffer rings. Nothing is
/// registered: taking away a buffer group that does not exist answers ENOENT where groups are known, and
/// another error where they are not.
pub(super) fn probe() -> io::Result<()> {
    let ring: IoUring = IoUring::builder().setup_single_issuer().setup_defer_taskrun().build(256)?;
    match ring.submitter().unregister_buf_ring(0) {
        Err(error) if error.raw_os_error() != Some(libc::ENOENT) => Err(error),
        _ => Ok(()),
    }
}

/// Why the kernel refused a ring, and the command that changes it, as two sentences.
pub fn explain_ring_error(error: &io::Error) -> (String, String) {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    explain(error, read("/proc/sys/kernel/io_uring_disabled").trim(), has_seccomp(&read("/proc/self/status")))
}

fn has_seccomp(status: &str) -> bool {
    let mode = status.lines().find_map(|line| line.strip_prefix("Seccomp:"));
    mode.is_some_and(|mode| mode.trim() != "0")
}

fn explain(error: &io::Error, disabled: &str, seccomp: bool) -> (String, String) {
    let because = |reason: &str| format!("io_uring is refused: {reason} ({error})");
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) if disabled == "1" || disabled == "2" => (
            because(&format!("the sysctl kernel.io_uring_disabled is {disabled}")),
            "sudo sysctl -w kernel.io_uring_disabled=0".into(),
        ),
        Some(libc::EPERM | libc::EACCES | libc::ENOSYS) if seccomp => (
            because("a seccomp filter, as containers have, forbids it"),
            "docker run --security-opt seccomp=unconfined ... (or a profile that allows io_uring_setup, \
             io_uring_enter and io_uring_register)"
                .into(),
        ),
        Some(libc::ENOSYS) => (
            because("the kernel is built without it"),
            "run a kernel of 6.1 or later with CONFIG_IO_URING=y".into(),
        ),
        Some(libc::EINVAL) => {
            (because("the kernel is too old for it as used here"), "run a kernel of 6.1 or later".into())
        }
        Some(libc::ENOMEM) => (because("too little memory may be locked"), "ulimit -l unlimited (in a systemd unit: LimitMEMLOCK=infinity; with docker: --ulimit memlock=-1)".into()),
        Some(libc::EMFILE | libc::ENFILE) => {
            (because("no more files may be open"), super::checks::nofile_fix(65_536))
        }
        _ => (because("for another reason"), "look for the reason in the kernel's log: sudo dmesg".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_fix() {
        let fix = |code, disabled, seccomp| explain(&io::Error::from_raw_os_error(code), disabled, seccomp).1;
        assert_eq!(fix(libc::EPERM, "2", true), "sudo sysctl -w kernel.io_uring_disabled=0");
        assert!(fix(libc::EPERM, "0", true).contains("seccomp=unconfined"));
        assert!(fix(libc::ENOSYS, "", true).contains("seccomp=unconfined"));
        assert!(fix(libc::ENOSYS, "", false).contains("CONFIG_IO_URING"));
        assert_eq!(fix(libc::EINVAL, "0", false), "run a kernel of 6.1 or later");
        assert!(fix(libc::ENOMEM, "0", false).contains("ulimit -l"));
        assert!(fix(libc::EIO, "0", false).contains("dmesg"));
    }

    #[test]
    fn seccomp_is_read_from_the_status() {
        assert!(has_seccomp("Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n"));
        assert!(!has_seccomp("Seccomp:\t0\nSeccomp_filters:\t0\n"));
        assert!(!has_seccomp(""));
    }
}
