//! The lines of an option file and of the files that it includes, as far as they are in a group that
//! counts.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::OPTION;
use super::lines::{Line, line};
use crate::error::{ConfigErrorKind, Error, Result};
use crate::material::{Opened, open};
use crate::pem_source::shown_path;

/// How deep files include others; the client's limit.
const DEPTH_LIMIT: usize = 10;

/// How many files are read in all, since each may include a directory of them.
const FILES_LIMIT: usize = 256;

/// How many options are read.
const OPTIONS_LIMIT: usize = 1000;

/// How many entries of a directory are looked at.
const ENTRIES_LIMIT: usize = 10_000;

/// One option, and where it stands.
pub(super) struct Given {
    pub(super) name: String,
    pub(super) value: Option<Zeroizing<String>>,
    pub(super) place: Place,
}

/// A line of a file.
pub(super) struct Place {
    file: Arc<File>,
    number: usize,
}

struct File {
    path: PathBuf,
    /// Whether users other than the owner can read it.
    readable: bool,
}

impl Place {
    /// An error about this line.
    pub(super) fn error(&self, kind: ConfigErrorKind, what: &str) -> Error {
        let (file, number) = (shown_path(&self.file.path), self.number);
        Error::config(kind, OPTION, format!("{OPTION}: {file}, line {number}: {what}"))
    }

    /// The file, where users other than its owner can read it.
    pub(super) fn readable_file(&self) -> Option<String> {
        self.file.readable.then(|| shown_path(&self.file.path))
    }
}

/// The options in these groups, in the order in which they stand.
pub(super) fn read(path: &Path, groups: &[String]) -> Result<Vec<Given>> {
    let mut reader = Reader { groups, found: Vec::new(), files: 0, within: Vec::new() };
    reader.file(path)?;
    Ok(reader.found)
}

struct Reader<'a> {
    groups: &'a [String],
    found: Vec<Given>,
    files: usize,
    /// Device and inode of the files that are being read, each including the next.
    within: Vec<(u64, u64)>,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path) -> Result<()> {
        let failed = |kind, what: &str| {
            Error::config(kind, OPTION, format!("{OPTION}: {} {what}", shown_path(path)))
        };
        self.files += 1;
        if self.files > FILES_LIMIT {
            return Err(failed(
                ConfigErrorKind::OptionFile,
                &format!("is one more than the {FILES_LIMIT} files that are read: include fewer"),
            ));
        }
        let Opened { content, mode, owner, identity } = open(path, OPTION)?;
        if others_can_write(mode) {
            return Err(failed(
                ConfigErrorKind::FileWritable,
                "can be written by every user of this machine: run `chmod o-w` on it, after a look \
                 at what is in it",
            ));
        }
        if owner != 0 && owner != rustix::process::geteuid().as_raw() {
            tracing::warn!(
                "option-file: {} belongs to the user with number {owner}, who can change it at any \
                 time",
                shown_path(path)
            );
        }
        if self.within.contains(&identity) {
            return Err(failed(
                ConfigErrorKind::OptionFile,
                "includes itself: remove one of the `!include` lines",
            ));
        }
        let text = std::str::from_utf8(&content).ok().filter(|text| !text.contains('\0'));
        let Some(text) = text else {
            return Err(failed(
                ConfigErrorKind::FileKind,
                "is not UTF-8 text; a login path file, as mysql_config_editor makes it, is not read \
                 here",
            ));
        };
        self.within.push(identity);
        let readable = mode & 0o044 != 0;
        let file = Arc::new(File { path: path.to_owned(), readable });
        let done = self.lines(text, &file);
        self.within.pop();
        done
    }

    fn lines(&mut self, text: &str, file: &Arc<File>) -> Result<()> {
        let mut counts = None;
        for (index, text) in text.split('\n').enumerate() {
            let place = Place { file: Arc::clone(file), number: index + 1 };
            let failed = |what: &str| place.error(ConfigErrorKind::OptionFile, what);
            match line(text).map_err(|what| failed(&format!("it {what}")))? {
                Line::Nothing => {}
                Line::Group(name) => counts = Some(self.groups.iter().any(|group| group == name)),
                Line::Include(path) => {
                    let path = self.included(path, &place)?;
                    self.file(path)?;
                }
                Line::IncludeDir(path) => {
                    let path = self.included(path, &place)?;
                    for file in directory(path, &place)? {
                        self.file(&file)?;
                    }
                }
                Line::Option { .. } if counts.is_none() => {
                    return Err(failed("it stands before any group: write `[client]` above it"));
                }
                Line::Option { .. } if self.found.len() >= OPTIONS_LIMIT => {
                    return Err(failed(&format!(
                        "there are more than {OPTIONS_LIMIT} options; give a file of options alone"
                    )));
                }
                Line::Option { name, value } if counts == Some(true) => {
                    self.found.push(Given { name: name.to_owned(), value, place });
                }
                Line::Option { .. } => {}
            }
        }
        Ok(())
    }

    /// The path of a directive, where it may be followed.
    fn included<'p>(&self, path: &'p str, place: &Place) -> Result<&'p Path> {
        let failed = |what: &str| place.error(ConfigErrorKind::OptionFile, what);
        if self.within.len() > DEPTH_LIMIT {
            return Err(failed(&format!("files include others at most {DEPTH_LIMIT} deep")));
        }
        let path = Path::new(path);
        // The client would look in the working directory, which may be anybody's.
        match path.is_absolute() {
            true => Ok(path),
            false => Err(failed("the path is relative: write an absolute one")),
        }
    }
}

/// The files `*.cnf` of a directory in the order of their names.
fn directory(path: &Path, place: &Place) -> Result<Vec<PathBuf>> {
    let shown = shown_path(path);
    let failed = |error: std::io::Error| {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => ConfigErrorKind::FileMissing,
            std::io::ErrorKind::NotADirectory => ConfigErrorKind::FileKind,
            _ => ConfigErrorKind::FileUnreadable,
        };
        place
            .error(kind, &format!("the directory {shown} cannot be read ({error}); check the path"))
    };
    let mode = std::fs::metadata(path).map_err(failed)?.mode();
    let mut files = Vec::new();
    for (number, entry) in std::fs::read_dir(path).map_err(failed)?.enumerate() {
        if number >= ENTRIES_LIMIT {
            return Err(place.error(
                ConfigErrorKind::FileKind,
                &format!("{shown} has more than {ENTRIES_LIMIT} entries"),
            ));
        }
        let file = entry.map_err(failed)?.path();
        if file.extension().is_some_and(|extension| extension == "cnf") {
            files.push(file);
        }
    }
    if others_can_write(mode) {
        return Err(place.error(
            ConfigErrorKind::FileWritable,
            &format!(
                "every user of this machine can put files into {shown}: run `chmod o-w` on it"
            ),
        ));
    }
    files.sort();
    Ok(files)
}

fn others_can_write(mode: u32) -> bool {
    mode & 0o002 != 0
}
