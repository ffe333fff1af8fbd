//! The MySQL protocol up to the end of the login, as bytes: no sockets, no TLS.
//!
//! Source: MySQL Source Code Documentation, "Connection Phase".

#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod bytes;
pub(crate) mod err;
pub(crate) mod greeting;
pub(crate) mod login;
pub(crate) mod packet;
pub(crate) mod response;

/// Capability flags that this crate looks at or changes.
pub(crate) mod capability {
    pub(crate) const CONNECT_WITH_DB: u32 = 1 << 3;
    /// COMPRESS and ZSTD_COMPRESSION_ALGORITHM.
    pub(crate) const COMPRESSION: u32 = 1 << 5 | 1 << 26;
    pub(crate) const LOCAL_FILES: u32 = 1 << 7;
    pub(crate) const PROTOCOL_41: u32 = 1 << 9;
    pub(crate) const SSL: u32 = 1 << 11;
    pub(crate) const SECURE_CONNECTION: u32 = 1 << 15;
    pub(crate) const PLUGIN_AUTH: u32 = 1 << 19;
    pub(crate) const PLUGIN_AUTH_LENENC: u32 = 1 << 21;
}

/// Authentication plugins, by the names of the protocol.
pub(crate) mod plugin {
    pub(crate) const NATIVE: &[u8] = b"mysql_native_password";
    pub(crate) const CACHING_SHA2: &[u8] = b"caching_sha2_password";
    pub(crate) const SHA256: &[u8] = b"sha256_password";
    pub(crate) const CLEAR: &[u8] = b"mysql_clear_password";
    pub(crate) const OLD: &[u8] = b"mysql_old_password";
    pub(crate) const ED25519: &[u8] = b"client_ed25519";
    pub(crate) const PARSEC: &[u8] = b"parsec";

    /// What `mysql::Conn` can answer.
    pub(crate) const OF_THE_DRIVER: &[&[u8]] = &[NATIVE, CACHING_SHA2, CLEAR, ED25519, PARSEC];

    /// What answers with a proof of the password and never with itself, unless it is asked for that.
    pub(crate) const WITH_A_PROOF: &[&[u8]] = &[NATIVE, CACHING_SHA2, ED25519, PARSEC];
}
