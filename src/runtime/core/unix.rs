//! Unix sockets that are listened on. Their names outlive whoever made them, so a name that nobody answers to is taken over.

use crate::runtime::error::RuntimeError;
use crate::runtime::machine::check_writable;
use crate::runtime::settings::ListenAddress;
use socket2::{Domain, SockAddr, Socket, Type};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

/// Who may connect: the owner, and the group, to which a proxy before this node can be added.
const MODE: u32 = 0o660;

/// Listens on a name in the file system.
///
/// # Errors
/// Somebody listens there, something else has the name, or the directory does not take it.
pub(super) fn listen(path: &Path, backlog: i32) -> Result<Socket, RuntimeError> {
    remove_if_stale(path)?;
    let listened = (|| {
        let address = SockAddr::unix(path)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
        socket.bind(&address)?;
        fs::set_permissions(path, Permissions::from_mode(MODE))?;
        socket.listen(backlog)?;
        Ok(socket)
    })();
    listened.map_err(|source| explain(path, source))
}

/// What would keep a name from being listened on, but that somebody listens there.
///
/// # Errors
/// Something else has the name, or the directory does not take it.
pub(super) fn check(path: &Path) -> Result<(), RuntimeError> {
    SockAddr::unix(path).map_err(|source| explain(path, source))?;
    is_there(path)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    check_writable(directory).map_err(|source| explain(path, source))
}

/// Gives a name up.
pub(super) fn remove(path: &Path) {
    // Where it is gone already, that is as good.
    let _ = fs::remove_file(path);
}

/// Whether there is a socket of this name.
fn is_there(path: &Path) -> Result<bool, RuntimeError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => Ok(true),
        Ok(_) => Err(RuntimeError::NoSocket { address: address(path) }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(explain(path, source)),
    }
}

fn remove_if_stale(path: &Path) -> Result<(), RuntimeError> {
    if !is_there(path)? {
        return Ok(());
    }
    let asked = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)
        .and_then(|socket| socket.connect(&SockAddr::unix(path)?));
    match asked {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|source| explain(path, source))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // A queue that is full is somebody's too.
        _ => Err(RuntimeError::AddressInUse { address: address(path) }),
    }
}

fn address(path: &Path) -> ListenAddress {
    ListenAddress::Unix(path.to_owned())
}

fn explain(path: &Path, source: io::Error) -> RuntimeError {
    match source.kind() {
        io::ErrorKind::AddrInUse => RuntimeError::AddressInUse { address: address(path) },
        _ => RuntimeError::Listen { address: address(path), source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::{UnixListener, UnixStream};

    #[test]
    fn a_name_that_nobody_answers_to_is_taken_over_and_no_other() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("socket");
        drop(UnixListener::bind(&path).unwrap());
        let first = listen(&path, 8).expect("nobody answers there");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
        UnixStream::connect(&path).expect("somebody listens");
        assert!(matches!(listen(&path, 8).err(), Some(RuntimeError::AddressInUse { .. })));
        check(&path).expect("only in use");
        drop(first);
        remove(&path);
        fs::write(&path, "a file").unwrap();
        for refused in [listen(&path, 8).err(), check(&path).err()] {
            assert!(matches!(refused, Some(RuntimeError::NoSocket { .. })), "{refused:?}");
        }
        assert_eq!(fs::read(&path).unwrap(), b"a file");
    }

    #[test]
    fn a_name_that_cannot_be_is_refused() {
        let home = tempfile::tempdir().unwrap();
        for path in [home.path().join("x".repeat(200)), home.path().join("missing/socket")] {
            for refused in [listen(&path, 8).err(), check(&path).err()] {
                assert!(matches!(refused, Some(RuntimeError::Listen { .. })), "{path:?}: {refused:?}");
            }
        }
    }
}
