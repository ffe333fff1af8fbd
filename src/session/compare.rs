//! Where the two ends of a connection differ in what they say of it.

use std::fmt;

use super::Claimed;
use crate::text::peer_text;

/// What was compared between this side and the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Compared {
    /// The TLS version.
    TlsVersion,
    /// The cipher suite.
    Cipher,
    /// The connection's number.
    ConnectionId,
    /// The server's version text.
    ServerVersion,
}

/// Something in which the server's view of a connection is not that of this side.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Difference {
    compared: Compared,
    here: Option<String>,
    there: Option<String>,
}

impl Difference {
    pub(crate) fn new(compared: Compared, here: Option<&str>, there: Option<&str>) -> Self {
        Difference { compared, here: here.map(str::to_owned), there: there.map(str::to_owned) }
    }

    /// What differs.
    #[must_use]
    pub fn compared(&self) -> Compared {
        self.compared
    }

    /// What this side has, or was told in the greeting; `None` for no TLS.
    #[must_use]
    pub fn here(&self) -> Option<&str> {
        self.here.as_deref()
    }

    /// What the server says; `None` for no TLS.
    #[must_use]
    pub fn there(&self) -> Option<&str> {
        self.there.as_deref()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.compared {
            Compared::TlsVersion => "TLS version",
            Compared::Cipher => "cipher suite",
            Compared::ConnectionId => "connection id",
            Compared::ServerVersion => "server version",
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        write!(f, "{what} {} here, {} there", text(&self.here), text(&self.there))
    }
}

impl Claimed {
    /// Compares what the greeting claimed with what the server says once logged in, in answer to
    /// `SELECT CONNECTION_ID()` and `SELECT VERSION()`. Where they differ, something in between
    /// greets in the server's place.
    ///
    /// The greeting has the lower half of a connection id of 64 bits (TiDB); that of MariaDB has
    /// `5.5.5-` in front of the version.
    #[must_use]
    pub fn compare(&self, connection_id: u64, version: &str) -> Vec<Difference> {
        const MARIADB_PREFIX: &str = "5.5.5-";
        let mut differences = Vec::new();
        let lower_half = connection_id & u64::from(u32::MAX);
        if lower_half != u64::from(self.connection_id) {
            differences.push(Difference::new(
                Compared::ConnectionId,
                Some(&self.connection_id.to_string()),
                Some(&connection_id.to_string()),
            ));
        }
        let version = peer_text(version.as_bytes());
        let claimed = self.version.as_str();
        if claimed != version && claimed.strip_prefix(MARIADB_PREFIX) != Some(version.as_str()) {
            differences.push(Difference::new(
                Compared::ServerVersion,
                Some(claimed),
                Some(&version),
            ));
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_against_the_server_inside() {
        use Compared::{ConnectionId, ServerVersion};
        type Case<'a> = (&'a str, u32, &'a str, u64, &'a [Compared]);
        let cases: [Case<'_>; 6] = [
            ("8.4.5", 7, "8.4.5", 7, &[]),
            ("5.5.5-10.11.19-MariaDB", 7, "10.11.19-MariaDB", 7, &[]),
            ("8.0.11-TiDB-v8.5.6", 5, "8.0.11-TiDB-v8.5.6", 0x1_0000_0005, &[]),
            ("8.0.11", 7, "8.4.5", 7, &[ServerVersion]),
            ("8.4.5", 7, "8.4.5", 8, &[ConnectionId]),
            ("8.4.5", 7, "5.5.5-8.4.5", 9, &[ConnectionId, ServerVersion]),
        ];
        for (claimed, id, version, inside, expected) in cases {
            let claimed = Claimed::new(claimed.as_bytes(), id);
            let found: Vec<Compared> =
                claimed.compare(inside, version).iter().map(Difference::compared).collect();
            assert_eq!(found, expected, "{claimed:?} {version} {inside}");
        }
    }

    #[test]
    fn a_person_reads_both_sides() {
        let difference = Difference::new(Compared::Cipher, Some("TLS_AES_128_GCM_SHA256"), None);
        assert_eq!(difference.to_string(), "cipher suite TLS_AES_128_GCM_SHA256 here, none there");
    }
}
