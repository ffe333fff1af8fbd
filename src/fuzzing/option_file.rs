//! Option files that include others.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{SECRET, hides_secret};
use crate::builder::ConnectionBuilder;

/// What stands between the texts of the files.
const NEXT_FILE: char = '\u{1e}';

/// The names of the files; the first is read, and the others are what it can include.
const FILES: [&str; 4] = ["my.cnf", "a.cnf", "d/b.cnf", "d/c.cnf"];

/// Texts of files; `DIR` in them is their directory, and each `^` in a value stands for a secret.
pub fn option_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let dir = in_memory();
    std::fs::create_dir(dir.path().join("d")).unwrap();
    for (name, text) in FILES.iter().zip(text.split(NEXT_FILE)) {
        write(&dir.path().join(name), &hermetic(text, dir.path()));
    }
    let main = dir.path().join(FILES[0]);
    let first = text.split(NEXT_FILE).next().unwrap_or_default();
    for text in with_secrets(first) {
        write(&main, &hermetic(&text, dir.path()));
        let read = ConnectionBuilder::new("h").option_file(&main, &["client"]).read_option_file();
        if let Err(error) = read {
            hides_secret(&error, &text);
        }
    }
    write(&main, &hermetic(first, dir.path()));
    let read = ConnectionBuilder::new("h").option_file(&main, &["client"]).read_option_file();
    let builder = match read {
        Ok(builder) => builder,
        Err(error) => return hides_secret(&error, text),
    };
    // What is in the file goes through the connection string and back, if it has a text.
    if let Ok(written) = builder.to_dsn() {
        let again: ConnectionBuilder =
            written.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(again, builder, "{text:?}");
    }
    // Once read, and nothing is left to be read.
    let again = builder.clone().read_option_file().expect("no file is named any more");
    assert_eq!(again, builder, "{text:?}");
}

/// The text with a secret for the value of each of its last lines.
fn with_secrets(text: &str) -> impl Iterator<Item = String> {
    const LINES: usize = 8;
    let ends = text.match_indices('=').map(|(at, _)| at + 1).collect::<Vec<_>>();
    ends.into_iter().rev().take(LINES).map(|at| {
        let (before, after) = text.split_at(at);
        format!("{before}^{}", after.find('\n').map_or("", |end| &after[end..]))
    })
}

/// The text with no path that leads out of the directory, and with secrets in its values.
fn hermetic(text: &str, dir: &Path) -> String {
    let text = text.replace("DIR", "\u{1}").replace("..", "__");
    let text = text.replace("\u{1}/", "\u{2}").replace('/', "_").replace('\u{2}', "\u{1}/");
    let lines = text.split('\n').map(|line| match line.split_once('=') {
        Some((name, value)) if !line.trim_start().starts_with('!') => {
            format!("{name}={}", value.replace('^', SECRET))
        }
        _ => line.to_owned(),
    });
    let lines: Vec<String> = lines.collect();
    lines.join("\n").replace('\u{1}', &dir.display().to_string())
}

/// A directory that no disk is waited for, where there is one.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
