//! Texts with placeholders, such as `--socket={socket}`.
//!
//! A placeholder is `{` and `}` around small letters. Other braces stand for themselves, since the
//! languages of shells, awk and JSON are full of them, and so does `${name}`, which is a shell's;
//! `{{name}}` stands for `{name}`.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Where the endpoint listens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Socket,
    Tcp,
}

/// What the placeholders stand for. It holds the password, so it has no `Debug`.
pub(super) struct Values {
    pub(super) url: String,
    pub(super) socket: Option<OsString>,
    pub(super) address: Option<SocketAddr>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) database: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Placeholder {
    Url,
    Socket,
    Host,
    Port,
    User,
    Password,
    Database,
}

use Placeholder::{Database, Host, Password, Port, Socket, Url, User};

const NAMES: [(&str, Placeholder); 7] = [
    ("url", Url),
    ("socket", Socket),
    ("host", Host),
    ("port", Port),
    ("user", User),
    ("password", Password),
    ("database", Database),
];

enum Piece {
    Text(Vec<u8>),
    Value(Placeholder),
}

pub(super) struct Template(Vec<Piece>);

impl Template {
    /// The template of an argument, which every user of the machine can read.
    pub(super) fn for_argument(text: &OsStr, place: Place) -> Result<Self, String> {
        let template = Self::for_variable(text, place)?;
        if template.asks_for(&[Url, Password]) {
            return Err(
                "every user of this machine can see arguments, so {url} and {password} are \
                        not replaced there; the command finds DATABASE_URL in its environment, and \
                        --env NAME={password} sets another variable"
                    .to_owned(),
            );
        }
        Ok(template)
    }

    /// The template of a variable of the environment.
    pub(super) fn for_variable(text: &OsStr, place: Place) -> Result<Self, String> {
        let template = Template(pieces(text.as_bytes())?);
        match place {
            Place::Socket if template.asks_for(&[Host, Port]) => {
                Err("{host} and {port} need --tcp; \
                                                                      without it there is {socket}"
                    .to_owned())
            }
            Place::Tcp if template.asks_for(&[Socket]) => {
                Err("there is no {socket} with --tcp, but {host} and {port}".to_owned())
            }
            _ => Ok(template),
        }
    }

    fn asks_for(&self, wanted: &[Placeholder]) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Value(name) if wanted.contains(name)))
    }

    /// The text with the values in it; an error if the DSN has none.
    pub(super) fn render(&self, values: &Values) -> Result<OsString, String> {
        let mut text = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(bytes) => text.extend_from_slice(bytes),
                Piece::Value(name) => text.extend(values.of(*name)?),
            }
        }
        Ok(OsString::from_vec(text))
    }
}

impl Values {
    fn of(&self, name: Placeholder) -> Result<Vec<u8>, String> {
        let missing = |name| format!("{{{name}}} is asked for, and the DSN has no {name}; add one");
        let bytes = |text: &String| text.clone().into_bytes();
        Ok(match name {
            Url => bytes(&self.url),
            Socket => self.socket.as_ref().map(|path| path.as_bytes().to_vec()).unwrap_or_default(),
            Host => self.address.map(|address| address.ip().to_string().into()).unwrap_or_default(),
            Port => {
                self.address.map(|address| address.port().to_string().into()).unwrap_or_default()
            }
            User => self.user.as_ref().map(bytes).ok_or_else(|| missing("user"))?,
            // An account without a password is a usual thing.
            Password => self.password.as_ref().map(bytes).unwrap_or_default(),
            Database => self.database.as_ref().map(bytes).ok_or_else(|| missing("database"))?,
        })
    }
}

fn pieces(text: &[u8]) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut plain = Vec::new();
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        if let Some((name, end)) = rest.strip_prefix(b"${").and_then(braced) {
            plain.extend([b"${".as_slice(), name, b"}"].concat());
            rest = end;
        } else if let Some((name, end)) = rest.strip_prefix(b"{{").and_then(braced)
            && let Some(end) = end.strip_prefix(b"}")
        {
            plain.extend([b"{".as_slice(), name, b"}"].concat());
            rest = end;
        } else if let Some((name, end)) = rest.strip_prefix(b"{").and_then(braced) {
            let known = NAMES.iter().find(|(known, _)| known.as_bytes() == name);
            // The name is not repeated: it may be a piece of a password.
            let (_, value) = known.ok_or(UNKNOWN)?;
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Value(*value));
            rest = end;
        } else {
            plain.push(first);
            rest = after;
        }
    }
    pieces.push(Piece::Text(plain));
    Ok(pieces)
}

/// The name before a closing brace, and what follows it.
fn braced(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_lowercase() || **byte == b'_').count();
    let (name, rest) = text.split_at_checked(length)?;
    Some((name, rest.strip_prefix(b"}")?)).filter(|(name, _)| !name.is_empty())
}

const UNKNOWN: &str = "it has an unknown placeholder; there are {url}, {socket}, {host}, {port}, {user}, \
                       {password} and {database}, and {{name}} stands for {name} itself";

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
