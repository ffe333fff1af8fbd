//! What files look like from outside, to notice that they have changed without opening them.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::directory;
use crate::pem_source::PemSource;
use crate::tls_options::TlsOptions;

/// How coarse the times of files are: the kernel takes them from a clock that ticks 100 times a
/// second at the least.
const TICK: Duration = Duration::from_millis(20);

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
            let listing = directory::list(directory, option).unwrap_or_default();
            for path in listing.files.iter().chain(&listing.unreachable) {
                snapshot.add(path);
            }
        }
        snapshot
    }

    /// Waits until whatever is written from now on will show in the files' times. What is written
    /// twice within a tick of the clock has the same times, and perhaps the same size.
    pub(crate) fn settle(&self) {
        let now = SystemTime::now();
        let age = |facts: &Facts| {
            let seconds = u64::try_from(facts.changed.0).ok()?;
            let nanoseconds = u32::try_from(facts.changed.1).ok()?;
            let changed =
                SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds))?;
            now.duration_since(changed).ok()
        };
        let youngest = self.0.iter().filter_map(|(_, facts)| age(facts.as_ref()?)).min();
        if let Some(left) = youngest.and_then(|age| TICK.checked_sub(age)) {
            std::thread::sleep(left);
        }
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
            capath: Some(path("cas").into()),
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
    }

    #[test]
    fn a_file_written_just_now_is_given_a_moment() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        let options = TlsOptions { ca: Some(PemSource::path(&path)), ..TlsOptions::default() };
        for number in 0..20 {
            fs::write(&path, format!("{:03}", 2 * number)).unwrap();
            let before = Snapshot::of(&options);
            before.settle();
            fs::write(&path, format!("{:03}", 2 * number + 1)).unwrap();
            assert_ne!(Snapshot::of(&options), before, "{number}");
        }
        std::thread::sleep(TICK);
        let (snapshot, start) = (Snapshot::of(&options), std::time::Instant::now());
        (0..100).for_each(|_| snapshot.settle());
        assert!(start.elapsed() < TICK * 50, "an older file is not waited for");
    }
}
