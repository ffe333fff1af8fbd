//! The directory in which a connector's private sockets lie: nobody else can reach into it.

use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::error::{IoError, IoErrorKind, Result};

/// Names the directory to make private sockets in, unless `runtime-dir` does.
const VARIABLE: &str = "MYSQL_TLS_RUNTIME_DIR";

/// A directory of mode 0700 that is ours, with its descriptor; removed on drop.
#[derive(Debug)]
pub(crate) struct PrivateDir {
    descriptor: OwnedFd,
    path: PathBuf,
    /// Whether sockets are bound and reached through the descriptor.
    through_descriptor: bool,
    /// After a fork the child must not remove what the parent uses.
    owner: u32,
}

/// Who has to find the sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// This process, which has the descriptor.
    Own,
    /// Other processes, by the path: nobody else may be able to put something in its place.
    Others,
}

impl PrivateDir {
    /// Makes a directory in `chosen`, or in the first usable of the usual places.
    pub(crate) fn make(chosen: Option<&Path>, reach: Reach) -> Result<Self> {
        let mut tried = Vec::new();
        for candidate in candidates(chosen) {
            match Self::make_in(&candidate, reach) {
                Ok(dir) => return Ok(dir),
                Err(error) => tried.push(format!("{} ({error})", candidate.display())),
            }
        }
        Err(IoError::new(
            IoErrorKind::RuntimeDir,
            format!(
                "no directory for private sockets, tried {}; set runtime-dir or \
                 {VARIABLE} to a directory that this user can write and others cannot",
                crate::text::list(&tried)
            ),
        )
        .into())
    }

    fn make_in(parent: &Path, reach: Reach) -> std::io::Result<Self> {
        // There may be no /proc, as in a chroot.
        let through_descriptor = cfg!(target_os = "linux") && Path::new("/proc/self/fd").exists();
        if reach == Reach::Others || !through_descriptor {
            only_ours_and_roots(parent)?;
        }
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
        // systemd-tmpfiles removes old files below /tmp, live sockets too that are bound through a
        // descriptor; it leaves a directory alone that somebody holds a lock on (tmpfiles.d(5)).
        let _ = rustix::fs::flock(&descriptor, FlockOperation::NonBlockingLockShared);
        let path = made.keep();
        let dir = PrivateDir { descriptor, path, through_descriptor, owner: std::process::id() };
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
        if self.through_descriptor {
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

    /// Whether a socket that was made here is still there for its driver.
    #[cfg(feature = "mysql")]
    pub(super) fn has(&self, name: &str) -> bool {
        rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
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

/// Checks that nobody but us and root can put something else in the place of `path`, or of anything
/// on the way to it, links included.
pub(crate) fn only_ours_and_roots(path: &Path) -> std::io::Result<()> {
    /// As many as Linux follows. Source: path_resolution(7).
    const LINKS_LIMIT: usize = 40;
    let mut links = 0;
    let mut here = PathBuf::from("/");
    check_ours(&here, &std::fs::metadata(&here)?)?;
    let mut ahead = steps(&std::path::absolute(path)?);
    while let Some(step) = ahead.pop() {
        match step.as_os_str() {
            step if step == ".." => {
                here.pop();
                continue;
            }
            step if step == "/" => {
                here = PathBuf::from("/");
                continue;
            }
            _ => {}
        }
        let there = here.join(step);
        let metadata = std::fs::symlink_metadata(&there)?;
        check_ours(&there, &metadata)?;
        if metadata.is_symlink() {
            links += 1;
            if links > LINKS_LIMIT {
                return Err(Errno::LOOP.into());
            }
            ahead.extend(steps(&std::fs::read_link(&there)?));
        } else {
            here = there;
        }
    }
    Ok(())
}

/// The steps of a path, the last one first.
fn steps(path: &Path) -> Vec<PathBuf> {
    let steps = path.components().filter(|step| *step != Component::CurDir);
    steps.rev().map(|step| PathBuf::from(step.as_os_str())).collect()
}

/// Checks one step of a way: it is ours or root's, and others cannot exchange what is in it.
fn check_ours(path: &Path, metadata: &std::fs::Metadata) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    const OTHERS_WRITE: u32 = 0o022;
    const STICKY: u32 = 0o1000;
    let us = rustix::process::geteuid().as_raw();
    // The mode of a link means nothing.
    let shared = !metadata.is_symlink()
        && metadata.mode() & OTHERS_WRITE != 0
        && metadata.mode() & STICKY == 0;
    if shared || ![0, us].contains(&metadata.uid()) {
        return Err(std::io::Error::other(format!("others can change {}", path.display())));
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
        let dir = PrivateDir::make(Some(parent.path()), Reach::Own).unwrap();
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
        let made = PrivateDir::make(Some(&long), Reach::Own);
        if cfg!(target_os = "linux") {
            made.unwrap();
        } else {
            assert_eq!(made.unwrap_err().code(), "io.runtime-dir");
        }
    }

    #[test]
    fn a_directory_that_somebody_put_in_its_place_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let dir = PrivateDir::make(Some(parent.path()), Reach::Own).unwrap();
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

    /// Whoever can change a link can lead others elsewhere, however safe its target is.
    #[test]
    fn a_link_on_the_way_is_no_safer_than_the_directory_that_it_lies_in() {
        let parent = tempfile::tempdir().unwrap();
        let (target, links) = (parent.path().join("target"), parent.path().join("links"));
        std::fs::create_dir(&target).unwrap();
        std::fs::create_dir(&links).unwrap();
        let link = links.join("link");
        std::os::unix::fs::symlink("../target/.", &link).unwrap();
        for (mode, safe) in [(0o777, false), (0o1777, true), (0o775, false), (0o755, true)] {
            std::fs::set_permissions(&links, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(only_ours_and_roots(&link).is_ok(), safe, "{mode:o}");
            only_ours_and_roots(&target).unwrap();
        }
        let circle = links.join("circle");
        std::os::unix::fs::symlink(&circle, &circle).unwrap();
        let error = only_ours_and_roots(&circle).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(Errno::LOOP.raw_os_error()));
    }

    #[test]
    fn for_others_the_way_has_to_be_safe_too() {
        let parent = tempfile::tempdir().unwrap();
        for (mode, safe) in [(0o777, false), (0o1777, true), (0o700, true)] {
            std::fs::set_permissions(parent.path(), PermissionsExt::from_mode(mode)).unwrap();
            let made = PrivateDir::make(Some(parent.path()), Reach::Others);
            assert_eq!(made.is_ok(), safe, "{mode:o}");
            if let Err(error) = made {
                assert_eq!(error.code(), "io.runtime-dir");
                let why = format!("others can change {}", parent.path().display());
                assert!(error.to_string().contains(&why), "{error}");
            }
            if cfg!(target_os = "linux") {
                PrivateDir::make(Some(parent.path()), Reach::Own).unwrap();
            }
        }
    }

    /// What cleans /tmp leaves alone what is locked.
    #[test]
    fn the_directory_is_locked_for_as_long_as_it_is_ours() {
        let parent = tempfile::tempdir().unwrap();
        let dir = PrivateDir::make(Some(parent.path()), Reach::Own).unwrap();
        let other = std::fs::File::open(&dir.path).unwrap();
        let lock = |file: &std::fs::File| {
            rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive)
        };
        assert_eq!(lock(&other), Err(Errno::WOULDBLOCK));
        drop(dir);
        lock(&other).unwrap();
    }

    #[test]
    fn the_child_of_a_fork_removes_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let mut dir = PrivateDir::make(Some(parent.path()), Reach::Own).unwrap();
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
        let error = PrivateDir::make(Some(Path::new("/nonexistent/run")), Reach::Own).unwrap_err();
        assert_eq!(error.code(), "io.runtime-dir");
        assert!(error.to_string().contains("/nonexistent/run"), "{error}");
    }
}
