//! Keys that this crate will have: known, without effect yet, therefore refused.

use super::encoding::normal;

/// Their names; aliases of other drivers stand beside them.
pub(super) static LATER: &[&str] = &[
    "ssl-capath",
    "ssl-crl",
    "ssl-crlpath",
    "ssl-roots",
    "ssl-key-password",
    "ssl-cipher",
    "ssl-fips-mode",
    "ssl-session-data",
    "ssl-session-data-continue-on-failed-reuse",
    "tls-version",
    "tls-ciphersuites",
    "tls-pin",
    "tls-peer-fingerprint",
    "tls-server-name",
    "tls-sni",
    "tls-sni-servername",
    "tls-resumption",
    "reload-certificates",
    "cleartext-password",
    "local-infile",
    "load-balance",
    "busy-poll",
    "pool-min",
    "pool-max",
    "reset-connection",
    "check-health",
];

/// Whether this is such a key.
pub(super) fn is_later(normal_name: &str) -> bool {
    LATER.iter().any(|name| normal(name) == normal_name)
}
