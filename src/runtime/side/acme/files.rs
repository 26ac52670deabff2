//! Account and certificates in the data directory: `acme/` there, for nobody else to read.

use super::AcmeSettings;
use crate::base::json;
use crate::runtime::tls::read_validity;
use instant_acme::AccountCredentials;
use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The directory in the data directory.
const DIRECTORY: &str = "acme";

/// Where one set of settings has its files.
pub(super) struct Files {
    account: PathBuf,
    certificate: PathBuf,
}

/// Where the certificate and its key are, in one file, once there is one. Other names, or another authority, have another file.
pub fn certificate_file(data_dir: &Path, directory_url: &str, domains: &[String]) -> PathBuf {
    let mark = mark(directory_url, domains);
    data_dir.join(DIRECTORY).join(format!("certificate-{mark}.pem"))
}

fn mark(directory_url: &str, domains: &[String]) -> String {
    let mut hash = Sha256::new();
    for part in std::iter::once(directory_url).chain(domains.iter().map(String::as_str)) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Files {
    pub(super) fn of(settings: &AcmeSettings) -> Self {
        let AcmeSettings { data_dir, directory_url, domains, .. } = settings;
        let account = format!("account-{}.json", mark(directory_url, &[]));
        Self {
            account: data_dir.join(DIRECTORY).join(account),
            certificate: certificate_file(data_dir, directory_url, domains),
        }
    }

    /// From when until when the certificate holds; `None` if there is none that can be read.
    pub(super) fn validity(&self) -> Option<(SystemTime, SystemTime)> {
        read_validity(&fs::read(&self.certificate).ok()?)
    }

    /// The account, if there is one.
    pub(super) fn account(&self) -> io::Result<Option<AccountCredentials>> {
        match fs::read(&self.account) {
            Ok(text) => json::read_bytes(&text).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps the account.
    pub(super) fn keep_account(&self, account: &AccountCredentials) -> io::Result<()> {
        replace(&self.account, &serde_json::to_vec(account)?)
    }

    /// Keeps a certificate with its key.
    pub(super) fn keep_certificate(&self, pem: &str) -> io::Result<()> {
        replace(&self.certificate, pem.as_bytes())
    }

    /// What failed, with the file that it was about.
    pub(super) fn failed(&self, error: &io::Error) -> String {
        format!("{} cannot be used: {error}", self.account.with_file_name("").display())
    }
}

/// Puts a file in the place of another, whole or not at all.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let directory = path.parent().ok_or(ErrorKind::InvalidInput)?;
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let beside = path.with_extension("new");
    // What a process left here that ended in between may have another mode.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn files_are_replaced_whole_and_for_nobody_else_to_read() {
        let home = tempfile::tempdir().unwrap();
        let path = certificate_file(home.path(), "https://a.example/", &["b.example".into()]);
        for text in ["one", "two"] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path.with_extension("new"), "left behind").unwrap();
            replace(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let others = [("https://a.example/", "c.example"), ("https://c.example/", "b.example")];
        for (directory_url, name) in others {
            assert_ne!(certificate_file(home.path(), directory_url, &[name.into()]), path);
        }
    }
}
