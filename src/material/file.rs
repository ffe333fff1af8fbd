//! Reading a small regular file that a user named.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use super::directory;
use crate::error::{ConfigError, ConfigErrorKind, Error};
use crate::pem_source::{PemSource, shown_path};

/// The largest file that is taken, in MiB; revocation lists of large CAs are larger than others.
fn limit(option: &str) -> u64 {
    if option.starts_with("ssl-crl") { 64 } else { 1 }
}

const MIB: u64 = 1024 * 1024;

/// What the files of a directory may have together, in MiB.
const DIRECTORY_LIMIT: u64 = 256;

/// Where systems keep the public CA certificates.
const SYSTEM_BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
];

/// What a file holds; it may be a private key.
pub(crate) type Content = Zeroizing<Vec<u8>>;

/// The PEM text behind `option`.
pub(super) fn read(source: &PemSource, option: &'static str) -> Result<Content, Error> {
    match source {
        PemSource::Text(text) => Ok(text.clone()),
        PemSource::File(path) => read_file(path, option),
    }
}

/// The content of a file that holds a secret other than PEM, such as a password.
pub(crate) fn read_secret(path: &Path, option: &'static str) -> Result<Content, Error> {
    read_file(path, option)
}

/// A file as it was when it was read.
pub(crate) struct Opened {
    pub(crate) content: Content,
    pub(crate) mode: u32,
    /// The user's number.
    pub(crate) owner: u32,
    /// Device and inode.
    pub(crate) identity: (u64, u64),
}

fn read_file(path: &Path, option: &'static str) -> Result<Content, Error> {
    open(path, option).map(|opened| opened.content)
}

/// The content of a small regular file, with what its permissions are.
pub(crate) fn open(path: &Path, option: &'static str) -> Result<Opened, Error> {
    // NONBLOCK, so that opening a FIFO returns at once.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = rustix::fs::open(path, flags, Mode::empty())
        .map(File::from)
        .map_err(|error| cannot_open(path, option, error.into()))?;
    let metadata = file.metadata().map_err(|error| cannot_open(path, option, error))?;
    if !metadata.is_file() {
        return Err(kind(path, option, "is not a regular file"));
    }
    let limit = limit(option);
    let too_large = || kind(path, option, &format!("is larger than {limit} MiB"));
    let bytes = limit.saturating_mul(MIB);
    if metadata.len() > bytes {
        return Err(too_large());
    }
    // A file may grow while it is read, and some special files say that they are empty.
    let expected = usize::try_from(metadata.len()).unwrap_or_default().saturating_add(1);
    let mut content = Zeroizing::new(Vec::with_capacity(expected));
    file.take(bytes.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|error| cannot_open(path, option, error))?;
    if u64::try_from(content.len()).unwrap_or(u64::MAX) > bytes {
        return Err(too_large());
    }
    let identity = (metadata.dev(), metadata.ino());
    Ok(Opened { content, mode: metadata.mode(), owner: metadata.uid(), identity })
}

/// The files of a directory with their names. What cannot be read is passed over and told, as such
/// a directory may hold anything.
pub(super) fn read_directory(
    path: &Path,
    option: &'static str,
    unreadable: &mut Vec<Error>,
) -> Result<Vec<(PathBuf, Content)>, Error> {
    let mut contents = Vec::new();
    let mut total = 0_u64;
    let listing = directory::list(path, option)?;
    for file in listing.files.into_iter().chain(listing.unreachable) {
        match read_file(&file, option) {
            Ok(content) => {
                total = u64::try_from(content.len()).unwrap_or(u64::MAX).saturating_add(total);
                contents.push((file, content));
            }
            Err(error) => unreadable.push(error),
        }
        if total > DIRECTORY_LIMIT.saturating_mul(MIB) {
            return Err(kind(path, option, "has more than 256 MiB"));
        }
    }
    Ok(contents)
}

/// Whether users other than the owner and his group can read a file.
pub(super) fn others_can_read(source: &PemSource) -> bool {
    match source {
        PemSource::Text(_) => false,
        PemSource::File(path) => {
            rustix::fs::stat(path).is_ok_and(|stat| stat.st_mode & Mode::ROTH.bits() != 0)
        }
    }
}

fn kind(path: &Path, option: &'static str, what: &str) -> Error {
    let expected = match option {
        "password-file" => "a text file with the password",
        "option-file" => "an option file such as `.my.cnf`",
        "ssl-capath" | "ssl-crlpath" if path.is_dir() => "a directory of PEM files",
        _ => "a PEM file",
    };
    Error::config(
        ConfigErrorKind::FileKind,
        option,
        format!("{option}: {} {what}; give {expected}", shown_path(path)),
    )
}

fn cannot_open(path: &Path, option: &'static str, error: std::io::Error) -> Error {
    let shown = shown_path(path);
    let (kind, message) = match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            let mut message = format!(
                "{option}: there is no file {shown}; check the path, which is relative to the \
                 working directory"
            );
            if path.starts_with("~") {
                message.push_str(" (a ~ stands for nothing here)");
            }
            if option == "ssl-ca" {
                if let Some(bundle) = SYSTEM_BUNDLES.iter().find(|path| Path::new(path).is_file()) {
                    message.push_str(&format!("; this system's public CAs are in {bundle}"));
                }
                message.push_str(
                    "; for a server with a certificate of a public CA, ssl-mode=VERIFY_IDENTITY \
                     needs no ssl-ca at all",
                );
            }
            (ConfigErrorKind::FileMissing, message)
        }
        _ => {
            let uid = rustix::process::geteuid().as_raw();
            let owner = match rustix::fs::stat(path) {
                Ok(stat) => format!(
                    "it belongs to uid {} and has mode {:04o}",
                    stat.st_uid,
                    stat.st_mode & 0o7777
                ),
                Err(_) => "its folder may not be entered".to_owned(),
            };
            let message = format!(
                "{option}: {shown} cannot be read by uid {uid} ({error}); {owner}; let this user \
                 read it"
            );
            (ConfigErrorKind::FileUnreadable, message)
        }
    };
    ConfigError::new(kind, option, message).because(error).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn what_is_no_small_regular_file_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        )
        .unwrap();
        let large = dir.path().join("large");
        File::create(&large).unwrap().set_len(MIB + 1).unwrap();
        let cases = [
            (fifo.as_path(), "config.file-kind"),
            (large.as_path(), "config.file-kind"),
            (dir.path(), "config.file-kind"),
            (Path::new("/dev/zero"), "config.file-kind"),
            (Path::new("/nonexistent/ca.pem"), "config.file-missing"),
            (Path::new("/dev/null/ca.pem"), "config.file-missing"),
        ];
        let start = Instant::now();
        for (path, code) in cases {
            let error = read_file(path, "ssl-ca").unwrap_err();
            assert_eq!(error.code(), code, "{}", path.display());
            assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        }
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}
