//! The directory in which a connector's private sockets lie: nobody else can reach into it.

use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};

use crate::error::{IoError, IoErrorKind, Result};

/// Names the directory to make private sockets in, unless `runtime-dir` does.
const VARIABLE: &str = "MYSQL_TLS_RUNTIME_DIR";

/// A directory of mode 0700 that is ours, with its descriptor; removed on drop.
#[derive(Debug)]
pub(crate) struct PrivateDir {
    descriptor: OwnedFd,
    path: PathBuf,
    /// After a fork the child must not remove what the parent uses.
    owner: u32,
}

impl PrivateDir {
    /// Makes a directory in `chosen`, or in the first usable of the usual places.
    pub(crate) fn make(chosen: Option<&Path>) -> Result<Self> {
        let mut tried = Vec::new();
        for candidate in candidates(chosen) {
            match Self::make_in(&candidate) {
                Ok(dir) => return Ok(dir),
                Err(error) => tried.push(format!("{} ({error})", candidate.display())),
            }
        }
        Err(IoError::new(
            IoErrorKind::RuntimeDir,
            format!(
                "no directory for private sockets, tried {}; set runtime-dir to a directory that \
                 this user can write",
                crate::text::list(&tried)
            ),
        )
        .into())
    }

    fn make_in(parent: &Path) -> std::io::Result<Self> {
        // Elsewhere a socket is reached by its path, so nobody else may be able to change that.
        #[cfg(not(target_os = "linux"))]
        only_ours_and_roots(parent)?;
        let made = tempfile::Builder::new()
            .prefix("mysql-tls-")
            .rand_bytes(12)
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700))
            .tempdir_in(parent)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let descriptor = rustix::fs::open(made.path(), flags, Mode::empty())?;
        // The umask can only have taken bits away; a sticky ACL or another owner would show here.
        rustix::fs::fchmod(&descriptor, Mode::RWXU)?;
        let stat = rustix::fs::fstat(&descriptor)?;
        if stat.st_uid != rustix::process::geteuid().as_raw() || stat.st_mode & 0o777 != 0o700 {
            return Err(std::io::Error::other("the directory made there is not ours alone"));
        }
        let dir = PrivateDir { descriptor, path: made.keep(), owner: std::process::id() };
        // Some file systems have no sockets; better to find out before a connect.
        drop(dir.bind("w-probe")?);
        dir.remove("w-probe");
        Ok(dir)
    }

    /// The path by which a socket in the directory is bound and connected to.
    ///
    /// On Linux it goes through our descriptor: it has no limit of length, and a directory that is
    /// renamed or made anew by somebody else does not matter.
    pub(crate) fn socket_path(&self, name: &str) -> PathBuf {
        if cfg!(target_os = "linux") {
            PathBuf::from(format!("/proc/self/fd/{}/{name}", self.descriptor.as_raw_fd()))
        } else {
            self.path.join(name)
        }
    }

    /// The path of a socket in the directory for other processes, which do not have our descriptor.
    pub(crate) fn real_path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Makes a listening socket, which its owner can use whatever the umask.
    pub(crate) fn bind(&self, name: &str) -> std::io::Result<UnixListener> {
        let listener = UnixListener::bind(self.socket_path(name))?;
        let owner = Mode::RUSR | Mode::WUSR;
        rustix::fs::chmodat(&self.descriptor, name, owner, AtFlags::empty())?;
        Ok(listener)
    }

    /// Removes a socket that was made here, unless this is the child of a fork.
    pub(crate) fn remove(&self, name: &str) {
        if std::process::id() != self.owner {
            return;
        }
        let _ = rustix::fs::unlinkat(&self.descriptor, name, AtFlags::empty());
    }

    /// Removes it with what was made here, unless this is the child of a fork. What listens there
    /// goes on for those who are connected.
    pub(crate) fn clear(&self) {
        if std::process::id() != self.owner {
            return;
        }
        if let Ok(entries) = rustix::fs::Dir::read_from(&self.descriptor) {
            for entry in entries.flatten() {
                // Only what was made here.
                if entry.file_name().to_bytes().starts_with(b"w") {
                    let _ =
                        rustix::fs::unlinkat(&self.descriptor, entry.file_name(), AtFlags::empty());
                }
            }
        }
        if self.still_at_its_path() {
            let _ = std::fs::remove_dir(&self.path);
        }
    }

    fn still_at_its_path(&self) -> bool {
        // Both by the same call: the types of these numbers differ between systems.
        let ours = rustix::fs::fstat(&self.descriptor);
        let there = rustix::fs::lstat(&self.path);
        ours.is_ok_and(|ours| {
            there.is_ok_and(|there| (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino))
        })
    }
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Checks that nobody but us and root can put something else in the place of `path`.
pub(crate) fn only_ours_and_roots(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    const OTHERS_WRITE: u32 = 0o022;
    const STICKY: u32 = 0o1000;
    let us = rustix::process::geteuid().as_raw();
    for part in path.canonicalize()?.ancestors() {
        let metadata = std::fs::metadata(part)?;
        let shared = metadata.mode() & OTHERS_WRITE != 0 && metadata.mode() & STICKY == 0;
        if shared || ![0, us].contains(&metadata.uid()) {
            return Err(std::io::Error::other(format!("others can change {}", part.display())));
        }
    }
    Ok(())
}

fn candidates(chosen: Option<&Path>) -> Vec<PathBuf> {
    let variable =
        |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(only) = chosen.map(Path::to_path_buf).or_else(|| variable(VARIABLE)) {
        return vec![only];
    }
    let mut places: Vec<PathBuf> = variable("XDG_RUNTIME_DIR").into_iter().collect();
    places.push(std::env::temp_dir());
    places.push(PathBuf::from("/dev/shm"));
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_directory_is_private_and_goes_away() {
        let parent = tempfile::tempdir().unwrap();
        let dir = PrivateDir::make(Some(parent.path())).unwrap();
        let path = dir.path.clone();
        assert_eq!(path.parent(), Some(parent.path()));
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let _listener = UnixListener::bind(dir.socket_path("w1")).unwrap();
        drop(dir);
        assert!(!path.exists());
    }

    #[test]
    fn a_path_of_any_length_will_do() {
        let parent = tempfile::tempdir().unwrap();
        let long = parent.path().join("x".repeat(120));
        std::fs::create_dir(&long).unwrap();
        let made = PrivateDir::make(Some(&long));
        if cfg!(target_os = "linux") {
            made.unwrap();
        } else {
            assert_eq!(made.unwrap_err().code(), "io.runtime-dir");
        }
    }

    #[test]
    fn a_directory_that_somebody_put_in_its_place_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let dir = PrivateDir::make(Some(parent.path())).unwrap();
        let path = dir.path.clone();
        let aside = parent.path().join("aside");
        std::fs::rename(&path, &aside).unwrap();
        std::fs::create_dir(&path).unwrap();
        let _listener = UnixListener::bind(dir.socket_path("w1")).unwrap();
        assert!(aside.join("w1").exists(), "sockets stay in the directory that is ours");
        drop(dir);
        assert!(path.exists());
        assert!(!aside.join("w1").exists());
    }

    #[test]
    fn a_parent_that_others_can_change_is_noticed() {
        let parent = tempfile::tempdir().unwrap();
        let inner = parent.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        only_ours_and_roots(&inner).unwrap();
        for (mode, safe) in [(0o777, false), (0o1777, true), (0o770, false), (0o755, true)] {
            std::fs::set_permissions(parent.path(), PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(only_ours_and_roots(&inner).is_ok(), safe, "{mode:o}");
        }
    }

    #[test]
    fn the_child_of_a_fork_removes_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let mut dir = PrivateDir::make(Some(parent.path())).unwrap();
        let path = dir.path.clone();
        let _listener = dir.bind("w1").unwrap();
        // As if this were another process than the one that made it.
        dir.owner = 0;
        dir.remove("w1");
        drop(dir);
        assert!(path.join("w1").exists());
    }

    #[test]
    fn every_place_that_was_tried_is_named() {
        let error = PrivateDir::make(Some(Path::new("/nonexistent/run"))).unwrap_err();
        assert_eq!(error.code(), "io.runtime-dir");
        assert!(error.to_string().contains("/nonexistent/run"), "{error}");
    }
}
