//! The data directory and the secrets made in it at the first start.
//!
//! Invariants: a secret file appears whole or not at all, and is never replaced; two processes that start at
//! once end up with the same secrets; a secret that others can read is not used.

use super::access::{READ, WRITE, strangers_may};
use crate::auth::Secret;
use crate::runtime::machine::check_writable;
use crate::runtime::side::outbound::{VapidKey, new_vapid_key};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Name of the file with the admin API key.
pub const API_KEY_FILE: &str = "api_key";

/// Start of the names of the files with what sockets of workspaces are opened by; the workspace's id follows.
pub const SOCKET_KEY_FILE: &str = "xano_hash_";

/// Name of the file with the secret of tokens.
pub const JWT_SECRET_FILE: &str = "jwt_secret";

/// Name of the file with the secret of sessions.
pub const SESSION_SECRET_FILE: &str = "session_secret";

/// Name of the file with the secret that links to recordings are signed with.
pub const DOWNLOAD_SECRET_FILE: &str = "download_secret";

/// Name of the file with the key by which push services know this node.
pub const VAPID_KEY_FILE: &str = "vapid_key";

/// Name of the file with the certificate that was made for trying, and its key.
pub const SELF_SIGNED_FILE: &str = "self_signed.pem";

const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Bytes of a secret file; ours are far below.
const SECRET_BYTES_MAX: u64 = 4096;

/// Bytes of the certificate for trying; ours is far below.
const SELF_SIGNED_BYTES_MAX: u64 = 64 << 10;

/// The secrets of a data directory.
#[derive(Clone, Debug)]
pub struct DataSecrets {
    /// The admin API key: `cc_` and 32 letters and digits.
    pub api_key: Secret,
    /// The file that holds it.
    pub api_key_path: PathBuf,
    /// Whether it was made just now.
    pub api_key_is_new: bool,
    /// The secret of tokens, if one was asked for: 64 hexadecimal digits, used as they are.
    pub jwt_secret: Option<Secret>,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// The directory cannot be made or looked at.
    #[error("the data directory {0} cannot be used: {1}")]
    Directory(PathBuf, io::Error),
    /// Another process keeps its state there.
    #[error(
        "the data directory {0} is in use by another corecast (process {1}); stop that one, or give this one a \
             directory of its own (data_dir)"
    )]
    InUse(PathBuf, String),
    /// Others could replace what is in it.
    #[error(
        "the data directory {0} can be written by other users than its owner and the groups of this process; run: \
             chmod go-w '{0}'"
    )]
    DirectoryOpen(PathBuf),
    /// A secret cannot be read or made.
    #[error("the secret {0} cannot be used: {1}")]
    Secret(PathBuf, io::Error),
    /// Others can read a secret.
    #[error(
        "the secret {0} is open to other users than its owner and the groups of this process; run: chmod 600 '{0}' (and make a new one by removing it, \
             if others may have read it)"
    )]
    SecretOpen(PathBuf),
    /// A secret file holds something else.
    #[error("the secret {0} is empty or damaged; remove it, and the next start makes a new one")]
    SecretDamaged(PathBuf),
}

/// Makes the directory (mode 0700) and its secrets (mode 0600) where they do not exist, and reads them. The
/// secret of tokens is neither made nor read unless `with_jwt_secret`.
///
/// # Errors
/// What keeps the directory or a secret from being used.
pub fn prepare(directory: &Path, with_jwt_secret: bool) -> Result<DataSecrets, DataDirError> {
    let in_directory = |error| DataDirError::Directory(directory.to_owned(), error);
    check_link(nearest(directory)).map_err(in_directory)?;
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(in_directory)?;
    check_directory(directory)?;
    let api_key_path = directory.join(API_KEY_FILE);
    let api_key_is_new = !api_key_path.exists();
    let api_key = read_or_make(&api_key_path, new_api_key)?;
    let jwt_secret = if with_jwt_secret {
        Some(read_or_make(&directory.join(JWT_SECRET_FILE), new_signing_secret)?)
    } else {
        None
    };
    Ok(DataSecrets { api_key, api_key_path, api_key_is_new, jwt_secret })
}

/// The directory, or what is there nearest above it.
fn nearest(directory: &Path) -> &Path {
    let is_there = |path: &&Path| path.exists() || path.is_symlink();
    directory.ancestors().find(is_there).unwrap_or(Path::new("."))
}

/// A link that leads nowhere cannot be made a directory.
fn check_link(path: &Path) -> io::Result<()> {
    if path.is_symlink() && !path.exists() {
        let sentence = "it is a symbolic link that leads nowhere; make the directory that it names";
        return Err(io::Error::new(ErrorKind::NotFound, sentence));
    }
    Ok(())
}

fn check_directory(directory: &Path) -> Result<(), DataDirError> {
    let found =
        fs::metadata(directory).map_err(|error| DataDirError::Directory(directory.to_owned(), error))?;
    if strangers_may(&found, WRITE) {
        return Err(DataDirError::DirectoryOpen(directory.to_owned()));
    }
    Ok(())
}

/// What [`prepare`] and its siblings would say of a directory and of the secrets of these names, without making any.
pub fn examine(directory: &Path, secrets: &[String]) -> Vec<DataDirError> {
    let in_directory = |error| DataDirError::Directory(directory.to_owned(), error);
    let mut found = Vec::new();
    // Where there is none, the nearest directory above must let it be made.
    let there = nearest(directory);
    let usable = check_link(there).and_then(|()| match there.is_dir() {
        true => check_writable(there),
        false => Err(ErrorKind::NotADirectory.into()),
    });
    found.extend(usable.map_err(in_directory).err());
    if there == directory && there.is_dir() {
        found.extend(check_directory(directory).err());
        found.extend(secrets.iter().filter_map(|name| match read(&directory.join(name)) {
            Err(DataDirError::Secret(_, error)) if error.kind() == ErrorKind::NotFound => None,
            other => other.err(),
        }));
    }
    found
}

/// The admin API key of a directory that a node has prepared.
///
/// # Errors
/// What keeps it from being read.
pub fn api_key(directory: &Path) -> Result<Secret, DataDirError> {
    read(&directory.join(API_KEY_FILE))
}

/// The secret of tokens of a directory that a node has prepared; `None` if none has.
///
/// # Errors
/// What keeps it from being read.
pub fn jwt_secret(directory: &Path) -> Result<Option<Secret>, DataDirError> {
    match read(&directory.join(JWT_SECRET_FILE)) {
        Err(DataDirError::Secret(_, error)) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// The secret that sessions are signed with: 64 hexadecimal digits, used as they are, made where there is none. Nobody
/// else signs sessions, so none is configured. The directory must have been prepared.
///
/// # Errors
/// What keeps it from being read or made.
pub fn session_secret(directory: &Path) -> Result<Secret, DataDirError> {
    read_or_make(&directory.join(SESSION_SECRET_FILE), new_signing_secret)
}

/// The secret that links to recordings are signed with, made where there is none. The directory must have been prepared.
///
/// # Errors
/// What keeps it from being read or made.
pub fn download_secret(directory: &Path) -> Result<Secret, DataDirError> {
    read_or_make(&directory.join(DOWNLOAD_SECRET_FILE), new_signing_secret)
}

/// The key by which push services know this node, made where there is none. Browsers' subscriptions are good for this key
/// only, so it is kept. The directory must have been prepared.
///
/// # Errors
/// What keeps it from being read or made.
pub fn vapid_key(directory: &Path) -> Result<VapidKey, DataDirError> {
    let path = directory.join(VAPID_KEY_FILE);
    let key = read_or_make(&path, new_vapid_key)?;
    VapidKey::parse(key.expose()).map_err(|_| DataDirError::SecretDamaged(path))
}

/// What the sockets of a workspace are opened by: 32 letters and digits, made where there is none. The directory must
/// have been prepared.
///
/// # Errors
/// What keeps it from being read or made.
pub fn socket_key(directory: &Path, workspace: u64) -> Result<String, DataDirError> {
    let path = directory.join(format!("{SOCKET_KEY_FILE}{workspace}"));
    let key = read_or_make(&path, || random_text(ALPHANUMERIC, 32))?;
    Ok(String::from_utf8_lossy(key.expose()).into_owned())
}

/// The certificate for trying with its key, as PEM, made by `make` where there is none; and where it is. The directory must
/// have been prepared.
///
/// # Errors
/// What keeps it from being read or made.
pub fn self_signed(
    directory: &Path,
    make: impl FnOnce() -> io::Result<String>,
) -> Result<(Vec<u8>, PathBuf), DataDirError> {
    let path = directory.join(SELF_SIGNED_FILE);
    let in_file = |error| DataDirError::Secret(path.clone(), error);
    if !path.exists() {
        publish(&path, make).map_err(in_file)?;
    }
    let file = File::open(&path).map_err(in_file)?;
    if strangers_may(&file.metadata().map_err(in_file)?, READ | WRITE) {
        return Err(DataDirError::SecretOpen(path));
    }
    let mut text = Vec::new();
    file.take(SELF_SIGNED_BYTES_MAX).read_to_end(&mut text).map_err(in_file)?;
    Ok((text, path))
}

fn read_or_make(path: &Path, make: fn() -> io::Result<String>) -> Result<Secret, DataDirError> {
    match read(path) {
        Err(DataDirError::Secret(_, error)) if error.kind() == ErrorKind::NotFound => {
            publish(path, make).map_err(|error| DataDirError::Secret(path.to_owned(), error))?;
            read(path)
        }
        other => other,
    }
}

/// Reads a secret. The mode is that of the open file, so it cannot change in between.
fn read(path: &Path) -> Result<Secret, DataDirError> {
    let in_secret = |error| DataDirError::Secret(path.to_owned(), error);
    let file = File::open(path).map_err(in_secret)?;
    if strangers_may(&file.metadata().map_err(in_secret)?, READ | WRITE) {
        return Err(DataDirError::SecretOpen(path.to_owned()));
    }
    let mut text = String::new();
    file.take(SECRET_BYTES_MAX).read_to_string(&mut text).map_err(in_secret)?;
    let secret = text.trim_end_matches(['\n', '\r']);
    if !fits(path, secret) {
        return Err(DataDirError::SecretDamaged(path.to_owned()));
    }
    Ok(Secret::new(secret))
}

/// Whether a text can be the secret of this file.
fn fits(path: &Path, secret: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let fits_name = match &*name {
        VAPID_KEY_FILE => VapidKey::parse(secret.as_bytes()).is_ok(),
        // It becomes a part of a path.
        name if name.starts_with(SOCKET_KEY_FILE) => secret.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        _ => true,
    };
    fits_name && secret.len() >= 32 && secret.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Writes a new secret beside its place and links it there, which fails if another process was first: then
/// that secret counts. A rename would replace it.
fn publish(path: &Path, make: impl FnOnce() -> io::Result<String>) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", random_text(b"0123456789abcdef", 16)?));
    let beside = path.with_file_name(name);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let written = file.write_all(format!("{}\n", make()?).as_bytes()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match fs::hard_link(&beside, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let removed = fs::remove_file(&beside);
    linked.and(removed)?;
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

fn new_api_key() -> io::Result<String> {
    Ok(format!("cc_{}", random_text(ALPHANUMERIC, 32)?))
}

fn new_signing_secret() -> io::Result<String> {
    random_text(b"0123456789abcdef", 64)
}

/// `length` characters of an alphabet, each as likely as the others: bytes that would favour some are thrown
/// away.
fn random_text(alphabet: &[u8], length: usize) -> io::Result<String> {
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        getrandom::fill(&mut bytes)?;
        let fair = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        text.extend(fair.take(length - text.len()).map(|byte| char::from(alphabet[byte % alphabet.len()])));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::os::unix::fs::{PermissionsExt, chown};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn text(secret: &Secret) -> String {
        String::from_utf8(secret.expose().to_vec()).unwrap()
    }

    #[test]
    fn the_first_start_makes_secrets_and_later_ones_keep_them() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("a/b");
        assert!(jwt_secret(&directory).unwrap().is_none());
        let first = prepare(&directory, true).unwrap();
        assert_eq!(mode(&directory), 0o700);
        assert_eq!(mode(&first.api_key_path), 0o600);
        assert_eq!(mode(&directory.join(JWT_SECRET_FILE)), 0o600);
        let key = text(&first.api_key);
        assert!(key.starts_with("cc_") && key.len() == 35, "{}", key.len());
        assert!(key[3..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let secret = text(first.jwt_secret.as_ref().unwrap());
        assert!(secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(fs::read_to_string(&first.api_key_path).unwrap(), format!("{key}\n"));
        let second = prepare(&directory, true).unwrap();
        assert!(first.api_key_is_new && !second.api_key_is_new);
        assert_eq!(jwt_secret(&directory).unwrap(), first.jwt_secret);
        assert_eq!((second.api_key, second.jwt_secret), (first.api_key, first.jwt_secret));
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
    }

    #[test]
    fn a_workspace_keeps_what_its_sockets_are_opened_by() {
        let home = tempfile::tempdir().unwrap();
        let first = socket_key(home.path(), 1).unwrap();
        assert!(first.len() == 32 && first.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{first}");
        assert_eq!(socket_key(home.path(), 1).unwrap(), first);
        assert_ne!(socket_key(home.path(), 2).unwrap(), first);
        let path = home.path().join("xano_hash_1");
        assert_eq!(mode(&path), 0o600);
        fs::write(&path, format!("{}\n", "/".repeat(32))).unwrap();
        assert!(matches!(socket_key(home.path(), 1), Err(DataDirError::SecretDamaged(_))));
    }

    #[test]
    fn push_services_know_a_node_by_the_same_key_after_a_restart() {
        let home = tempfile::tempdir().unwrap();
        let first = vapid_key(home.path()).unwrap();
        let path = home.path().join(VAPID_KEY_FILE);
        assert_eq!(mode(&path), 0o600);
        assert_eq!(vapid_key(home.path()).unwrap().public(), first.public());
        for damaged in ["", &"A".repeat(43), &"!".repeat(43)] {
            fs::write(&path, damaged).unwrap();
            assert!(matches!(vapid_key(home.path()), Err(DataDirError::SecretDamaged(_))), "{damaged}");
        }
    }

    #[test]
    fn the_secret_of_tokens_is_made_only_if_wanted() {
        let home = tempfile::tempdir().unwrap();
        assert!(prepare(home.path(), false).unwrap().jwt_secret.is_none());
        assert!(!home.path().join(JWT_SECRET_FILE).exists());
    }

    #[test]
    fn processes_that_start_at_once_agree() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("data");
        let keys: Vec<String> = std::thread::scope(|scope| {
            let start = || text(&prepare(&directory, true).unwrap().api_key);
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), 1);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
    }

    #[test]
    fn what_others_can_reach_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let key = prepare(home.path(), true).unwrap().api_key_path;
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        for mode in [0o604, 0o602, 0o644] {
            set(&key, mode);
            let error = prepare(home.path(), true).unwrap_err();
            assert!(matches!(&error, DataDirError::SecretOpen(path) if *path == key), "{error}");
            let found = examine(home.path(), &[API_KEY_FILE.to_owned()]);
            assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [error.to_string()]);
        }
        set(&key, 0o400);
        prepare(home.path(), true).unwrap();
        for mode in [0o702, 0o777] {
            set(home.path(), mode);
            assert!(matches!(prepare(home.path(), true), Err(DataDirError::DirectoryOpen(_))));
            assert!(matches!(examine(home.path(), &[])[..], [DataDirError::DirectoryOpen(_)]));
        }
    }

    /// As Kubernetes prepares a volume for a process whose group it chose.
    #[test]
    fn the_group_of_this_process_is_no_stranger_and_others_are() {
        let home = tempfile::tempdir().unwrap();
        let key = prepare(home.path(), true).unwrap().api_key_path;
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o2775)).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o660)).unwrap();
        prepare(home.path(), true).unwrap();
        let foreign = (1..).find(|group| !crate::runtime::machine::own_groups().contains(group));
        if chown(&key, None, foreign).is_err() {
            // Only root gives a file to a group that is not its own.
            return;
        }
        assert!(matches!(prepare(home.path(), true), Err(DataDirError::SecretOpen(_))));
        chown(&key, None, Some(crate::runtime::machine::own_groups()[0])).unwrap();
        chown(home.path(), None, foreign).unwrap();
        assert!(matches!(prepare(home.path(), true), Err(DataDirError::DirectoryOpen(_))));
    }

    #[test]
    fn what_is_examined_is_not_made() {
        let home = tempfile::tempdir().unwrap();
        let names = [API_KEY_FILE.to_owned()];
        assert!(examine(&home.path().join("a/b"), &names).is_empty());
        assert!(examine(home.path(), &names).is_empty());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [&file, &file.join("below")] {
            assert!(matches!(examine(path, &names)[..], [DataDirError::Directory(..)]), "{}", path.display());
        }
    }

    /// The one that a start would meet first is the first that an examination finds.
    #[test]
    fn an_examination_finds_what_a_start_would() {
        let home = tempfile::tempdir().unwrap();
        let link = home.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        for path in [&link, &link.join("below")] {
            let error = prepare(path, true).unwrap_err().to_string();
            assert_eq!(examine(path, &[]).iter().map(ToString::to_string).collect::<Vec<_>>(), [error]);
        }
        let damaged = [VAPID_KEY_FILE.to_owned(), format!("{SOCKET_KEY_FILE}1")];
        for name in &damaged {
            fs::write(home.path().join(name), "/".repeat(40)).unwrap();
            fs::set_permissions(home.path().join(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
        let found = examine(home.path(), &damaged);
        assert!(matches!(found[..], [DataDirError::SecretDamaged(_), DataDirError::SecretDamaged(_)]));
    }

    #[test]
    fn damaged_secrets_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = prepare(home.path(), true).unwrap().api_key_path;
        for damaged in ["", "\n", "cc_short", &format!("cc_{}", " ".repeat(40))] {
            fs::write(&path, damaged).unwrap();
            assert!(matches!(prepare(home.path(), true), Err(DataDirError::SecretDamaged(_))));
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(prepare(home.path(), true).is_err());
    }

    #[test]
    fn a_file_is_not_a_directory() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = prepare(file.path(), true).unwrap_err();
        assert!(matches!(error, DataDirError::Directory(..)));
    }
}
