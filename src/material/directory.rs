//! The files of a directory that a user named.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::{ConfigError, ConfigErrorKind, Error};
use crate::pem_source::shown_path;

/// How many entries are looked at; the largest directories of CAs have a few hundred.
const ENTRIES_LIMIT: usize = 10_000;

/// What is in a directory, in the order of the names.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Regular files, each once, whatever links lead to it: OpenSSL's hashed names are links to
    /// files beside them.
    pub(super) files: Vec<PathBuf>,
    /// Links that lead nowhere, and what may not be looked at.
    pub(super) unreachable: Vec<PathBuf>,
}

pub(super) fn list(directory: &Path, option: &'static str) -> Result<Listing, Error> {
    let shown = shown_path(directory);
    let failed = |error: std::io::Error| {
        let (kind, what) = match error.kind() {
            std::io::ErrorKind::NotFound => {
                (ConfigErrorKind::FileMissing, "there is no such directory; check the path")
            }
            std::io::ErrorKind::NotADirectory => (
                ConfigErrorKind::FileKind,
                "it is no directory; a single file goes into the option without `path`",
            ),
            _ => (ConfigErrorKind::FileUnreadable, "it cannot be read; let this user read it"),
        };
        Error::from(
            ConfigError::new(kind, option, format!("{option}: {shown}: {what}")).because(error),
        )
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
        if paths.len() > ENTRIES_LIMIT {
            return Err(Error::config(
                ConfigErrorKind::FileKind,
                option,
                format!(
                    "{option}: {shown} has more than {ENTRIES_LIMIT} entries; give a directory \
                     with nothing else in it"
                ),
            ));
        }
    }
    paths.sort();
    let mut seen = BTreeSet::new();
    let mut listing = Listing::default();
    for path in paths {
        // Through links; what is no file is passed over.
        match std::fs::metadata(&path) {
            Ok(found) if found.is_file() && seen.insert((found.dev(), found.ino())) => {
                listing.files.push(path);
            }
            Ok(_) => {}
            Err(_) => listing.unreachable.push(path),
        }
    }
    Ok(listing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed_once() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("b.pem"), "b").unwrap();
        std::fs::write(dir.path().join("a.pem"), "a").unwrap();
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        std::os::unix::fs::symlink("b.pem", dir.path().join("0b7e.0")).unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("dangling")).unwrap();
        let names = |paths: &[PathBuf]| -> Vec<String> {
            let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
            paths.iter().map(name).collect()
        };
        let listing = list(dir.path(), "ssl-capath").unwrap();
        assert_eq!(names(&listing.files), ["0b7e.0", "a.pem"]);
        assert_eq!(names(&listing.unreachable), ["dangling"]);
    }

    #[test]
    fn what_is_no_directory_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let cases =
            [(file.path(), "config.file-kind"), (Path::new("/nonexistent"), "config.file-missing")];
        for (path, code) in cases {
            let error = list(path, "ssl-capath").unwrap_err();
            assert_eq!(error.code(), code, "{error}");
        }
    }
}
