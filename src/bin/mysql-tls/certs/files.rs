//! New files, all of them or none.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use mysql_tls::ConfigErrorKind;
use rustix::fs::{AtFlags, Mode, OFlags};
use zeroize::Zeroizing;

use crate::codes;
use crate::failure::Failure;
use crate::output;

/// A file to be made.
pub(crate) struct NewFile {
    name: String,
    content: Zeroizing<String>,
    mode: Mode,
}

impl NewFile {
    /// One that others may read.
    pub(crate) fn public(name: &str, content: String) -> Self {
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
        NewFile { name: name.to_owned(), content: Zeroizing::new(content), mode }
    }

    /// One for this user alone, from its beginning.
    pub(crate) fn private(name: &str, content: Zeroizing<String>) -> Self {
        NewFile { name: name.to_owned(), content, mode: Mode::RUSR | Mode::WUSR }
    }
}

/// An error that names each of the files that is there already. A link that leads nowhere is there.
pub(crate) fn refuse_existing(dir: &Path, names: &[&str]) -> Result<(), Failure> {
    let there = |name: &&&str| dir.join(name).symlink_metadata().is_ok();
    let found: Vec<&str> = names.iter().filter(there).copied().collect();
    if found.is_empty() { Ok(()) } else { Err(exists(dir, &found)) }
}

/// Makes all of the files, and the directory where it is not there. Where one cannot be made, none
/// of them stays.
pub(crate) fn write(dir: &Path, files: &[NewFile]) -> Result<(), Failure> {
    let is_new = match std::fs::DirBuilder::new().mode(0o755).create(dir) {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
        Err(error) => return Err(not_written(dir, None, &error)),
    };
    let done = write_into(dir, files);
    if done.is_err() && is_new {
        // Another program's file in it, which keeps the directory, is not this one's business.
        let _ = std::fs::remove_dir(dir);
    }
    done
}

fn write_into(dir: &Path, files: &[NewFile]) -> Result<(), Failure> {
    // Held open, so that all files are made in one and the same directory.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::open(dir, flags, Mode::empty())
        .map_err(|error| not_written(dir, None, &error.into()))?;
    only_ours(dir, &directory)?;
    let mut made = Vec::new();
    for file in files {
        let done = create(&directory, file).and_then(|open| {
            made.push(file);
            fill(open, file)
        });
        if let Err(error) = done {
            for file in &made {
                let _ = rustix::fs::unlinkat(&directory, &file.name, AtFlags::empty());
            }
            return Err(match error.kind() {
                ErrorKind::AlreadyExists => exists(dir, &[&file.name]),
                _ => not_written(dir, Some(&file.name), &error),
            });
        }
    }
    // The names last as well; a file system that cannot promise that has them all the same.
    let _ = rustix::fs::fsync(&directory);
    Ok(())
}

/// Refuses a directory in which every user could exchange what is made there.
fn only_ours(dir: &Path, directory: &OwnedFd) -> Result<(), Failure> {
    let facts =
        rustix::fs::fstat(directory).map_err(|error| not_written(dir, None, &error.into()))?;
    let mode = Mode::from_raw_mode(facts.st_mode);
    let shown = dir.display();
    if mode.contains(Mode::WOTH) && !mode.contains(Mode::SVTX) {
        return Err(Failure::error(
            ConfigErrorKind::FileWritable,
            format!(
                "every user of this machine can exchange files in {shown}; run `chmod o-w` on it, or \
                 give another directory"
            ),
        ));
    }
    warn_of_other_owner(dir, facts.st_uid);
    Ok(())
}

/// Whoever owns a directory or a file can exchange what is in it.
pub(crate) fn warn_of_other_owner(path: &Path, owner: u32) {
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        output::warn(format_args!(
            "{} belongs to the user with number {owner}, who can exchange what is in it",
            path.display()
        ));
    }
}

fn create(directory: &OwnedFd, file: &NewFile) -> std::io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(directory, &file.name, flags, file.mode)?.into())
}

fn fill(mut open: File, file: &NewFile) -> std::io::Result<()> {
    open.write_all(file.content.as_bytes())?;
    open.sync_all()
}

fn exists(dir: &Path, names: &[&str]) -> Failure {
    let paths: Vec<String> =
        names.iter().map(|name| dir.join(name).display().to_string()).collect();
    let (are, advice) = match names {
        [_] => ("is", "move it away"),
        _ => ("are", "move them away"),
    };
    let ca = if names.contains(&super::CA) {
        ", or sign with the CA that is there by --use-ca"
    } else {
        ""
    };
    Failure::error(
        codes::FILE_EXISTS,
        format!(
            "{} {are} there already, and nothing is overwritten; {advice} or give another \
             directory{ca}",
            paths.join(", ")
        ),
    )
}

fn not_written(dir: &Path, name: Option<&str>, error: &std::io::Error) -> Failure {
    let path = name.map_or_else(|| dir.to_owned(), |name| dir.join(name));
    let advice = match error.kind() {
        ErrorKind::NotFound => "make the directory above it first",
        ErrorKind::NotADirectory => "give a directory",
        _ => "give a directory that this user can write to",
    };
    Failure::error(
        codes::FILES,
        format!("{} cannot be made ({error}), and no file was; {advice}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn new(name: &str) -> NewFile {
        NewFile::private(name, Zeroizing::new("secret".to_owned()))
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn all_files_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let made = dir.path().join("made");
        // The last one cannot be made: its directory is missing.
        assert!(write(&made, &[new("a"), new("b"), new("none/c")]).is_err());
        assert_eq!(names(dir.path()), Vec::<String>::new());
        assert!(write(&made, &[new("a"), NewFile::public("b", "text".to_owned())]).is_ok());
        let mode = |name| made.join(name).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("a"), 0o600);
        assert_eq!(mode("b") & 0o133, 0);
        // What others have made in between stays as it was, and nothing comes beside it.
        std::fs::write(made.join("d"), "theirs").unwrap();
        assert!(write(&made, &[new("c"), new("d")]).is_err());
        assert_eq!(names(&made), ["a", "b", "d"]);
        assert_eq!(std::fs::read_to_string(made.join("d")).unwrap(), "theirs");
    }

    #[test]
    fn links_are_files_that_are_there() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/nonexistent", dir.path().join("a")).unwrap();
        assert!(refuse_existing(dir.path(), &["a", "b"]).is_err());
        assert!(refuse_existing(dir.path(), &["b"]).is_ok());
        assert!(write(dir.path(), &[new("b"), new("a")]).is_err());
        assert_eq!(names(dir.path()), ["a"]);
    }
}
