//! What the server says of the TLS session, through its status variables.

use std::collections::BTreeMap;
use std::time::SystemTime;

use mysql::from_row_opt;
use mysql::prelude::Queryable;
use time::PrimitiveDateTime;
use time::format_description::FormatItem;

use super::connection::Connection;
use crate::session::{Compared, Difference, Session, TlsSession};
use crate::text::peer_text;

/// The server's view of the TLS session: `SHOW SESSION STATUS LIKE 'Ssl%'`.
///
/// A cipher or dates other than those of [`Session`](crate::Session) mean that something between
/// client and server ends one TLS connection and opens another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ServerTlsStatus {
    version: Option<String>,
    cipher: Option<String>,
    session_reused: Option<bool>,
    verify_mode: Option<u32>,
    #[cfg_attr(feature = "serde", serde(serialize_with = "rfc3339_or_null"))]
    server_not_before: Option<SystemTime>,
    #[cfg_attr(feature = "serde", serde(serialize_with = "rfc3339_or_null"))]
    server_not_after: Option<SystemTime>,
    variables: BTreeMap<String, String>,
}

impl ServerTlsStatus {
    fn new(rows: Vec<(String, Option<String>)>) -> Self {
        let variables: BTreeMap<String, String> = rows
            .into_iter()
            .map(|(name, value)| {
                (peer_text(name.as_bytes()), peer_text(value.unwrap_or_default().as_bytes()))
            })
            .collect();
        let get = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
        let number = |name: &str| get(name).and_then(|value| value.parse::<u32>().ok());
        ServerTlsStatus {
            version: get("Ssl_version"),
            cipher: get("Ssl_cipher"),
            session_reused: number("Ssl_sessions_reused").map(|count| count != 0),
            verify_mode: number("Ssl_verify_mode"),
            server_not_before: get("Ssl_server_not_before").and_then(|text| date(&text)),
            server_not_after: get("Ssl_server_not_after").and_then(|text| date(&text)),
            variables,
        }
    }

    /// `Ssl_version`, for example `TLSv1.3`; `None` on plaintext.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// `Ssl_cipher`: OpenSSL's name up to TLS 1.2, the IANA name from 1.3 on; `None` on plaintext.
    #[must_use]
    pub fn cipher(&self) -> Option<&str> {
        self.cipher.as_deref()
    }

    /// `Ssl_sessions_reused`: whether this session was resumed. TiDB has no such variable, MariaDB
    /// says `false` of resumed sessions as well.
    #[must_use]
    pub fn session_reused(&self) -> Option<bool> {
        self.session_reused
    }

    /// `Ssl_verify_mode`. On TiDB it is 5 whether or not a client certificate was presented.
    #[must_use]
    pub fn verify_mode(&self) -> Option<u32> {
        self.verify_mode
    }

    /// `Ssl_server_not_before`: when the server's certificate becomes valid.
    #[must_use]
    pub fn server_not_before(&self) -> Option<SystemTime> {
        self.server_not_before
    }

    /// `Ssl_server_not_after`: when the server's certificate expires.
    #[must_use]
    pub fn server_not_after(&self) -> Option<SystemTime> {
        self.server_not_after
    }

    /// All variables, as the server sent them, with control characters escaped.
    #[must_use]
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }
}

/// How many rows of status variables are kept; servers have some thirty.
const ROWS_LIMIT: usize = 1000;

impl Connection {
    /// Asks the server what it thinks of the TLS session.
    ///
    /// # Errors
    ///
    /// Those of a query.
    pub fn server_tls_status(&mut self) -> mysql::Result<ServerTlsStatus> {
        let rows = self.query_iter("SHOW SESSION STATUS LIKE 'Ssl%'")?;
        let mut pairs = Vec::new();
        for row in rows.take(ROWS_LIMIT) {
            // One of another shape would be a panic of the driver's.
            pairs.extend(from_row_opt(row?));
        }
        Ok(ServerTlsStatus::new(pairs))
    }
}

impl Session {
    /// Compares this side's TLS session with the server's view of it: version and cipher suite. Where
    /// they differ, something in between ends one TLS connection and opens another. Where they agree
    /// that may still be so, with the same parameters on both.
    ///
    /// [`Claimed::compare`](crate::Claimed::compare) does it for what the greeting says.
    #[must_use]
    pub fn compare(&self, view: &ServerTlsStatus) -> Vec<Difference> {
        let tls = self.tls();
        let (version, cipher) = (tls.map(TlsSession::version), tls.map(TlsSession::cipher_openssl));
        // Go, and so TiDB, may use the IANA name where OpenSSL has its own.
        let same_cipher = view.cipher() == cipher || view.cipher() == tls.map(TlsSession::cipher);
        let mut differences = Vec::new();
        if view.version() != version {
            differences.push(Difference::new(Compared::TlsVersion, version, view.version()));
        }
        if !same_cipher {
            differences.push(Difference::new(Compared::Cipher, cipher, view.cipher()));
        }
        differences
    }
}

/// `Nov 23 17:00:00 2026 GMT` (OpenSSL) or the same with `UTC` (TiDB).
fn date(text: &str) -> Option<SystemTime> {
    const FORMAT: &[FormatItem<'static>] = time::macros::format_description!(
        "[month repr:short] [day padding:none] [hour]:[minute]:[second] [year]"
    );
    let text = text.strip_suffix(" GMT").or_else(|| text.strip_suffix(" UTC"))?;
    let single_spaces = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let parsed = PrimitiveDateTime::parse(&single_spaces, &FORMAT).ok()?;
    Some(parsed.assume_utc().into())
}

#[cfg(feature = "serde")]
fn rfc3339_or_null<S: serde::Serializer>(
    time: &Option<SystemTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&time.map(crate::text::rfc3339), serializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::rfc3339;

    #[test]
    fn both_ends_of_a_session_are_compared() {
        use Compared::{Cipher, TlsVersion};
        let (v12, v13) = ("TLSv1.2", "TLSv1.3");
        let iana = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
        let (openssl, other) = ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384");
        let tls = Some((v12, iana, openssl));
        // This side, then the server's version and cipher, then what differs.
        type Case<'a> =
            (Option<(&'static str, &'static str, &'static str)>, &'a str, &'a str, &'a [Compared]);
        let cases: [Case<'_>; 7] = [
            (tls, v12, openssl, &[]),
            (tls, v12, iana, &[]),
            (tls, v12, other, &[Cipher]),
            (tls, v13, "TLS_AES_128_GCM_SHA256", &[TlsVersion, Cipher]),
            (tls, "", "", &[TlsVersion, Cipher]),
            (None, "", "", &[]),
            (None, v12, openssl, &[TlsVersion, Cipher]),
        ];
        for (here, version, cipher, expected) in cases {
            let row = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
            let view =
                ServerTlsStatus::new(vec![row("Ssl_version", version), row("Ssl_cipher", cipher)]);
            let differences = Session::example(here).compare(&view);
            let found: Vec<Compared> = differences.iter().map(Difference::compared).collect();
            assert_eq!(found, expected, "{here:?} {version} {cipher}");
        }
    }

    #[test]
    fn dates_of_every_product_are_read() {
        for text in ["Nov  3 07:00:05 2026 GMT", "Nov  3 07:00:05 2026 UTC"] {
            assert_eq!(date(text).map(rfc3339).as_deref(), Some("2026-11-03T07:00:05Z"), "{text}");
        }
        assert_eq!(date("tomorrow"), None);
    }

    #[test]
    fn empty_values_are_none() {
        let row = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
        let plain = ServerTlsStatus::new(vec![row("Ssl_cipher", ""), row("Ssl_version", "")]);
        assert_eq!((plain.cipher(), plain.version(), plain.session_reused()), (None, None, None));
        let tls = ServerTlsStatus::new(vec![
            row("Ssl_cipher", "TLS_AES_128_GCM_SHA256"),
            row("Ssl_verify_mode", "5"),
            row("Ssl_sessions_reused", "1"),
        ]);
        assert_eq!(tls.cipher(), Some("TLS_AES_128_GCM_SHA256"));
        assert_eq!((tls.verify_mode(), tls.session_reused()), (Some(5), Some(true)));
    }
}
