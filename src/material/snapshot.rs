//! What files look like from outside, to notice that they have changed without opening them.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::directory;
use crate::pem_source::PemSource;
use crate::tls_options::TlsOptions;

/// The files that the options name, each with what the system says of it.
///
/// Links are followed, so that a link that is moved to other files shows, as Kubernetes does it
/// with `..data`. A directory is what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot(Vec<(PathBuf, Option<Facts>)>);

/// Identity, size and times of a file; `None` in their place where it is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Facts {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    /// Of the contents, or of owner and mode.
    changed: (i64, i64),
}

impl Snapshot {
    pub(crate) fn of(options: &TlsOptions) -> Self {
        let mut snapshot = Snapshot::default();
        for source in [&options.ca, &options.cert, &options.key, &options.crl] {
            if let Some(PemSource::File(path)) = source {
                snapshot.add(path);
            }
        }
        for (directory, option) in
            [(&options.capath, "ssl-capath"), (&options.crlpath, "ssl-crlpath")]
        {
            let Some(directory) = directory else { continue };
            snapshot.add(directory);
            for path in directory::files(directory, option).unwrap_or_default() {
                snapshot.add(&path);
            }
        }
        snapshot
    }

    /// Whether there is no file to look at.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, path: &Path) {
        let facts = std::fs::metadata(path).ok().map(|metadata| Facts {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        });
        self.0.push((path.to_owned(), facts));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn whatever_changes_a_file_shows() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path("v1")).unwrap();
        fs::create_dir(path("v2")).unwrap();
        fs::write(path("v1/ca.pem"), "one").unwrap();
        fs::write(path("v2/ca.pem"), "two").unwrap();
        symlink("v1", path("..data")).unwrap();
        symlink("..data/ca.pem", path("ca.pem")).unwrap();
        fs::create_dir(path("cas")).unwrap();
        let options = TlsOptions {
            ca: Some(PemSource::path(path("ca.pem"))),
            capath: Some(path("cas")),
            cert: Some(PemSource::text("-----BEGIN")),
            ..TlsOptions::default()
        };
        let mut last = Snapshot::of(&options);
        assert_eq!(Snapshot::of(&options), last, "nothing changed");
        let mut changed = |what: &str| {
            let now = Snapshot::of(&options);
            assert_ne!(now, last, "{what}");
            last = now;
        };
        symlink("v2", path("..data_tmp")).unwrap();
        fs::rename(path("..data_tmp"), path("..data")).unwrap();
        changed("a link that leads elsewhere");
        fs::write(path("v2/ca.pem"), "three").unwrap();
        changed("a content of another length");
        fs::write(path("new.pem"), "three").unwrap();
        fs::rename(path("new.pem"), path("v2/ca.pem")).unwrap();
        changed("another file in its place");
        fs::write(path("cas/a.pem"), "a").unwrap();
        changed("a file more in the directory");
        fs::write(path("cas/a.pem"), "bb").unwrap();
        changed("another content in the directory");
        fs::remove_file(path("v2/ca.pem")).unwrap();
        changed("no file any more");
        assert!(!Snapshot::of(&options).is_empty());
        assert!(Snapshot::of(&TlsOptions::default()).is_empty());
    }
}
