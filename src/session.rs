//! What was negotiated and what was verified.

mod compare;
mod display;
mod peer;
mod tls_session;

use std::time::Duration;

pub use compare::{Compared, Difference};
pub use peer::PeerCertificate;
pub use tls_session::{ClientCertificate, TlsSession, Verification};

use crate::text::peer_text;

/// What a connection is, as negotiated and verified on our side.
///
/// `Display` is what a person wants to read; it says NOT VERIFIED where nothing was.
///
/// With the feature `serde` it serializes as one object with the keys `transport` (`tls`,
/// `plaintext` or `unix-socket`), `plaintext_reason` (where it is plaintext), `claimed`, `address`,
/// `tls` (null where there is none), `password_sent` and `timings` (microseconds). Times in it are
/// RFC 3339 in UTC, hashes hexadecimal.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Session {
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub(crate) transport: Transport,
    pub(crate) claimed: Claimed,
    pub(crate) address: String,
    pub(crate) tls: Option<TlsSession>,
    pub(crate) password_sent: PasswordSent,
    pub(crate) timings: Timings,
}

impl Session {
    /// What carries the connection.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// The TLS session; `None` where the connection is plaintext.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsSession> {
        self.tls.as_ref()
    }

    /// What the server says of itself in its greeting, before TLS: nobody vouches for it.
    #[must_use]
    pub fn claimed(&self) -> &Claimed {
        &self.claimed
    }

    /// In which form the password has crossed.
    #[must_use]
    pub fn password_sent(&self) -> PasswordSent {
        self.password_sent
    }

    /// How long each step took.
    #[must_use]
    pub fn timings(&self) -> &Timings {
        &self.timings
    }

    /// The server's address, or the path of its socket.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// What carries a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(
    feature = "serde",
    serde(tag = "transport", content = "plaintext_reason", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum Transport {
    /// TLS.
    Tls,
    /// Plaintext over TCP.
    Plaintext(PlaintextReason),
    /// Plaintext over the server's Unix socket.
    UnixSocket,
}

/// Why a connection is plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum PlaintextReason {
    /// The ssl-mode is `DISABLED`.
    Disabled,
    /// The ssl-mode is `PREFERRED` and the server offers no TLS, or somebody removed the offer.
    NotOffered,
}

/// In which form a password has crossed; the later, the more the other side learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum PasswordSent {
    /// No password, or an empty one.
    None,
    /// A proof that depends on the server's nonce.
    Scramble,
    /// The password, encrypted with the server's RSA key.
    RsaEncrypted,
    /// The password itself.
    Cleartext,
}

/// A product that speaks the MySQL protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Product {
    /// TiDB.
    TiDB,
    /// MySQL, or what does not say that it is something else.
    MySQL,
    /// MariaDB.
    MariaDB,
}

impl Product {
    /// The product that a version text names.
    pub(crate) fn of_version(version: &[u8]) -> Self {
        let names = |name: &[u8]| {
            version.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name))
        };
        if names(b"tidb") {
            Product::TiDB
        } else if names(b"mariadb") {
            Product::MariaDB
        } else {
            Product::MySQL
        }
    }

    /// The product's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Product::TiDB => "TiDB",
            Product::MySQL => "MySQL",
            Product::MariaDB => "MariaDB",
        }
    }
}

/// What a server says of itself in its greeting. It travels in plaintext, so whoever sits in
/// between can write it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Claimed {
    product: Product,
    version: String,
    connection_id: u32,
}

impl Claimed {
    pub(crate) fn new(version: &[u8], connection_id: u32) -> Self {
        Claimed {
            product: Product::of_version(version),
            version: peer_text(version),
            connection_id,
        }
    }

    /// The product that the version text names.
    #[must_use]
    pub fn product(&self) -> Product {
        self.product
    }

    /// The version text, with control characters escaped.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The server's number for this connection, as `KILL` takes it.
    #[must_use]
    pub fn connection_id(&self) -> u32 {
        self.connection_id
    }
}

/// How long each step of a connect took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Timings {
    #[cfg_attr(feature = "serde", serde(rename = "dial_us", serialize_with = "microseconds"))]
    pub(crate) dial: Duration,
    #[cfg_attr(feature = "serde", serde(rename = "greeting_us", serialize_with = "microseconds"))]
    pub(crate) greeting: Duration,
    #[cfg_attr(feature = "serde", serde(rename = "tls_us", serialize_with = "maybe_microseconds"))]
    pub(crate) tls: Option<Duration>,
    #[cfg_attr(
        feature = "serde",
        serde(rename = "authentication_us", serialize_with = "microseconds")
    )]
    pub(crate) authentication: Duration,
    #[cfg_attr(feature = "serde", serde(rename = "setup_us", serialize_with = "microseconds"))]
    pub(crate) setup: Duration,
}

impl Timings {
    /// Name resolution and opening the connection.
    #[must_use]
    pub fn dial(&self) -> Duration {
        self.dial
    }

    /// Waiting for the greeting.
    #[must_use]
    pub fn greeting(&self) -> Duration {
        self.greeting
    }

    /// The TLS handshake; `None` on plaintext.
    #[must_use]
    pub fn tls(&self) -> Option<Duration> {
        self.tls
    }

    /// The login.
    #[must_use]
    pub fn authentication(&self) -> Duration {
        self.authentication
    }

    /// What the driver asks after the login, and the init statements.
    #[must_use]
    pub fn setup(&self) -> Duration {
        self.setup
    }
}

/// Longer than 2^64 microseconds no connect lasts.
#[cfg(feature = "serde")]
fn microseconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(feature = "serde")]
fn maybe_microseconds<S: serde::Serializer>(
    time: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => microseconds(time, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
impl Session {
    /// A session with TLS of this version and cipher suite (IANA's name and OpenSSL's), or none.
    pub(crate) fn example(tls: Option<(&'static str, &'static str, &'static str)>) -> Self {
        Session {
            transport: tls
                .map_or(Transport::Plaintext(PlaintextReason::Disabled), |_| Transport::Tls),
            claimed: Claimed::new(b"8.4.0", 7),
            address: "127.0.0.1:3306".to_owned(),
            tls: tls.map(|(version, cipher, cipher_openssl)| TlsSession {
                version,
                cipher,
                cipher_openssl,
                group: None,
                resumed: false,
                hello_retry: false,
                sni: None,
                peer: Vec::new(),
                verified: Verification::Nothing,
                pinned: false,
                revocation_checked: false,
                client_certificate: ClientCertificate::default(),
            }),
            password_sent: PasswordSent::None,
            timings: Timings::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_by_version_text() {
        for (version, product) in [
            ("8.0.11-TiDB-v8.5.6", Product::TiDB),
            ("5.5.5-10.11.19-MariaDB-0+deb12u1", Product::MariaDB),
            ("9.7.4", Product::MySQL),
            ("", Product::MySQL),
        ] {
            assert_eq!(Product::of_version(version.as_bytes()), product, "{version}");
        }
    }
}
