//! The five ssl-modes, as MySQL and TiDB name them.

use std::fmt;
use std::str::FromStr;

/// How a connection is protected, with the meaning that the `mysql` client gives to `--ssl-mode`.
///
/// Use [`VerifyIdentity`](SslMode::VerifyIdentity) wherever you can: it is the only mode in which
/// an active attacker on the network gets nothing.
///
/// Where no mode is set it follows from the other options: `ssl-ca` means
/// [`VerifyCa`](SslMode::VerifyCa), as in the `mysql` client; otherwise it defaults to
/// [`Preferred`](SslMode::Preferred).
///
/// Source: MySQL Reference Manual, "Command Options for Encrypted Connections".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum SslMode {
    /// Plaintext, whatever the server offers.
    Disabled,
    /// TLS if the server offers it, plaintext otherwise. The certificate is verified only if a CA
    /// is given.
    Preferred,
    /// TLS or an error. The certificate is verified only if a CA is given.
    Required,
    /// TLS with a certificate that the given CA issued; its names are not looked at.
    VerifyCa,
    /// TLS with a certificate that the given CA, or a public one, issued for this host.
    VerifyIdentity,
}

impl SslMode {
    /// All modes, from the weakest to the strongest.
    pub const ALL: [SslMode; 5] = [
        SslMode::Disabled,
        SslMode::Preferred,
        SslMode::Required,
        SslMode::VerifyCa,
        SslMode::VerifyIdentity,
    ];

    /// The mode's name as MySQL writes it, for example `VERIFY_CA`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            SslMode::Disabled => "DISABLED",
            SslMode::Preferred => "PREFERRED",
            SslMode::Required => "REQUIRED",
            SslMode::VerifyCa => "VERIFY_CA",
            SslMode::VerifyIdentity => "VERIFY_IDENTITY",
        }
    }

    const fn strength(self) -> u8 {
        match self {
            SslMode::Disabled => 0,
            SslMode::Preferred => 1,
            SslMode::Required => 2,
            SslMode::VerifyCa => 3,
            SslMode::VerifyIdentity => 4,
        }
    }

    /// Whether this mode promises less.
    pub(crate) const fn is_weaker_than(self, other: SslMode) -> bool {
        self.strength() < other.strength()
    }

    /// Whether a connection cannot end in plaintext.
    pub(crate) const fn promises_tls(self) -> bool {
        !matches!(self, SslMode::Disabled | SslMode::Preferred)
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text was none of the five modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an ssl-mode is one of DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY")]
#[non_exhaustive]
pub struct ParseSslModeError;

impl FromStr for SslMode {
    type Err = ParseSslModeError;

    /// Any letter case; `-` and `_` are the same; no abbreviations.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.replace('-', "_");
        SslMode::ALL
            .into_iter()
            .find(|mode| mode.as_str().eq_ignore_ascii_case(&name))
            .ok_or(ParseSslModeError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back_in_any_case() {
        for mode in SslMode::ALL {
            for text in [
                mode.to_string(),
                mode.to_string().to_lowercase(),
                mode.to_string().replace('_', "-"),
            ] {
                assert_eq!(text.parse(), Ok(mode), "{text}");
            }
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "REQ", "require", "verify-full", "prefer", "VERIFYCA", " REQUIRED"] {
            assert_eq!(text.parse::<SslMode>(), Err(ParseSslModeError), "{text}");
        }
    }
}
