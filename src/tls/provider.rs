//! The crypto provider: always passed explicitly, never the process-wide default.

use std::sync::{Arc, LazyLock};

use rustls::crypto::{CryptoProvider, SupportedKxGroup};

use super::names;

/// aws-lc-rs where it is built in, else ring, with our own order of key-exchange groups, and the cipher
/// suites in the order of the official client.
///
/// AES-128 before AES-256, that is: its handshake has SHA-256, for which processors have instructions.
pub(crate) fn crypto_provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        let mut provider = base();
        provider.kx_groups = key_exchange_groups();
        provider.cipher_suites.sort_by_key(|suite| {
            names::SUITES.iter().position(|(number, ..)| *number == suite.suite())
        });
        if cfg!(feature = "fips") {
            provider.kx_groups.retain(|group| group.fips());
        }
        Arc::new(provider)
    });
    Arc::clone(&PROVIDER)
}

#[cfg(all(feature = "aws-lc-rs", not(feature = "fips")))]
fn base() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

/// Without the suites that FIPS 140 does not know.
#[cfg(feature = "fips")]
fn base() -> CryptoProvider {
    let mut provider = rustls::crypto::default_fips_provider();
    provider.cipher_suites.retain(rustls::SupportedCipherSuite::fips);
    provider
}

/// X25519MLKEM768 first: TiDB prefers it, and listing it without its share would cost a
/// HelloRetryRequest there.
#[cfg(feature = "aws-lc-rs")]
fn key_exchange_groups() -> Vec<&'static dyn SupportedKxGroup> {
    use rustls::crypto::aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
    vec![X25519MLKEM768, X25519, SECP256R1, SECP384R1]
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
fn base() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
fn key_exchange_groups() -> Vec<&'static dyn SupportedKxGroup> {
    use rustls::crypto::ring::kx_group::{SECP256R1, SECP384R1, X25519};
    vec![X25519, SECP256R1, SECP384R1]
}

/// Never run: it keeps the compile error of the crate's root the only one.
#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
fn base() -> CryptoProvider {
    unreachable!("without a crypto provider the crate does not compile")
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
fn key_exchange_groups() -> Vec<&'static dyn SupportedKxGroup> {
    Vec::new()
}
