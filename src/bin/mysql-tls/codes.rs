//! The codes that stand in `error[CODE]`: the library's, and this program's own.

use std::fmt;

use mysql_tls::{ConfigErrorKind, Error, IoErrorKind};
use serde::Serialize;

/// A code of the library's, or one of the table below; there are no others.
#[derive(Clone, Copy)]
pub(crate) struct Code(&'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl From<&Error> for Code {
    fn from(error: &Error) -> Self {
        Code(error.code())
    }
}

impl From<ConfigErrorKind> for Code {
    fn from(kind: ConfigErrorKind) -> Self {
        Code(kind.code())
    }
}

impl From<IoErrorKind> for Code {
    fn from(kind: IoErrorKind) -> Self {
        Code(kind.code())
    }
}

/// What there is to know of a code.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Explained {
    pub(crate) code: &'static str,
    /// What all codes with the same beginning are about.
    pub(crate) stage: &'static str,
    pub(crate) meaning: &'static str,
    /// Without a capital letter and a full stop.
    pub(crate) remedy: &'static str,
}

/// Declares this program's own codes, as the library does: the comment is the meaning.
macro_rules! own {
    ($($(#[doc = $meaning:literal])+ $name:ident = $code:literal: $remedy:literal,)+) => {
        $(
            $(#[doc = $meaning])+
            pub(crate) const $name: Code = Code($code);
        )+

        const OWN: &[Explained] = &[$(
            Explained {
                code: $code,
                stage: "What is wrong for a command of the program `mysql-tls`.",
                meaning: concat!($($meaning),+).trim_ascii(),
                remedy: $remedy,
            },
        )+];
    };
}

own! {
    /// `certs` would overwrite a file.
    FILE_EXISTS = "config.file-exists":
        "move the file away, give another directory, or sign with the CA that is there by `--use-ca`",
    /// The CA that `certs --use-ca` is to sign with has expired.
    CA_EXPIRED = "config.ca-expired":
        "make a new CA in another directory by `certs`, and new certificates for all",
    /// The CA that `certs --use-ca` is to sign with was not made by `certs`.
    FOREIGN_CA = "config.foreign-ca":
        "sign with the tool that made the CA, or make a CA in another directory by `certs`",
    /// A certificate could not be made.
    CERTIFICATE = "config.certificate":
        "look at what the sentence says of the names that were given; others may do",
    /// `exec` found no program of the name of its command; the exit status is 127.
    NOT_FOUND = "exec.not-found":
        "check the name, and PATH; in a container, whether the program is in the image",
    /// `exec` could not start the program of its command; the exit status is 126.
    CANNOT_RUN = "exec.cannot-run":
        "check that the file is a program, for this machine, and that this user may run it",
    /// A file could not be written.
    FILES = "io.files":
        "give a directory that is there, has room, and that this user can write to",
    /// The result could not be written to standard output.
    OUTPUT = "io.output": "look at where the output goes: the disk may be full",
}

/// Every code, the library's first.
pub(crate) fn all() -> impl Iterator<Item = Explained> {
    let librarys = mysql_tls::error_codes().iter().map(|known| Explained {
        code: known.code(),
        stage: known.stage(),
        meaning: known.meaning(),
        remedy: known.remedy(),
    });
    librarys.chain(OWN.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_code_stands_twice_and_remedies_are_ends_of_sentences() {
        let codes: Vec<&str> = all().map(|known| known.code).collect();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
        for known in OWN {
            assert!(known.meaning.ends_with('.') && !known.remedy.ends_with('.'), "{}", known.code);
        }
    }
}
