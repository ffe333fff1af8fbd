//! `CleartextPassword`: to whom a password may cross in cleartext, inside TLS.

use std::fmt;
use std::str::FromStr;

/// To which servers a password may cross as itself, inside TLS, for those that ask for it; never over
/// plaintext TCP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CleartextPassword {
    /// To whoever ends the TLS connection, as with the official client.
    #[default]
    Tls,
    /// Only where the chain or a pin of the server's certificate was verified, and to a server's own
    /// Unix socket.
    Verified,
}

impl CleartextPassword {
    /// Every value.
    pub const ALL: &'static [CleartextPassword] =
        &[CleartextPassword::Tls, CleartextPassword::Verified];

    /// The text form, for example `verified`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            CleartextPassword::Tls => "tls",
            CleartextPassword::Verified => "verified",
        }
    }
}

impl fmt::Display for CleartextPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is none of `tls` and `verified`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write tls or verified")]
pub struct ParseCleartextPasswordError;

impl FromStr for CleartextPassword {
    type Err = ParseCleartextPasswordError;

    /// Reads the text form, in any case.
    fn from_str(text: &str) -> Result<Self, ParseCleartextPasswordError> {
        let is_meant = |value: &&CleartextPassword| value.as_str().eq_ignore_ascii_case(text);
        CleartextPassword::ALL.iter().find(is_meant).copied().ok_or(ParseCleartextPasswordError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for value in CleartextPassword::ALL {
            assert_eq!(value.to_string().to_uppercase().parse(), Ok(*value));
        }
        for wrong in ["", "true", "never"] {
            assert_eq!(wrong.parse::<CleartextPassword>(), Err(ParseCleartextPasswordError));
        }
    }
}
