//! The ssl-mode that the options amount to, and which of them go together.

use std::path::Path;

use super::check::{conflict, value};
use crate::builder::ConnectionBuilder;
use crate::cleartext_password::CleartextPassword;
use crate::error::{ConfigErrorKind, Error, Result};
use crate::pem_source::PemSource;
use crate::secret::PasswordSource;
use crate::ssl_mode::SslMode;
use crate::tls_options::TlsOptions;

/// The ssl-mode that the options amount to: without one, an option that asks for verification has
/// it.
pub(super) fn mode(tls: &TlsOptions) -> SslMode {
    tls.mode.or_else(|| tls.implied_mode()).unwrap_or(SslMode::Preferred)
}

/// Checks the options that concern TLS against each other and against the mode.
pub(super) fn combinations(builder: &ConnectionBuilder, mode: SslMode) -> Result<()> {
    let tls = &builder.tls;
    roots(tls, mode)?;
    revocation(tls, mode)?;
    if tls.has_pin() && !mode.promises_tls() {
        let option = if tls.pins.is_empty() { "tls-peer-fingerprint" } else { "tls-pin" };
        return Err(conflict(
            option,
            format!(
                "{option} needs TLS, which ssl-mode={mode} does not promise; use ssl-mode=REQUIRED \
                 or stronger"
            ),
        ));
    }
    if tls.key_password != PasswordSource::None && tls.cert.is_none() && tls.key.is_none() {
        return Err(conflict(
            "ssl-key-password",
            "ssl-key-password is given without a private key; set ssl-cert and ssl-key",
        ));
    }
    if tls.sni == Some(false) && tls.sni_servername.is_some() {
        return Err(conflict(
            "tls-sni-servername",
            "tls-sni-servername names what tls-sni=off leaves out; remove one of the two",
        ));
    }
    if builder.cleartext_password == Some(CleartextPassword::Verified)
        && builder.get_server_public_key == Some(true)
    {
        return Err(conflict(
            "cleartext-password",
            "cleartext-password=verified and get-server-public-key exclude each other: such a key \
             comes from whoever answers; use TLS, or server-public-key-path",
        ));
    }
    if builder.enable_cleartext_plugin == Some(true) && !mode.promises_tls() {
        return Err(conflict(
            "enable-cleartext-plugin",
            format!(
                "enable-cleartext-plugin needs TLS, which ssl-mode={mode} does not promise; use \
                 ssl-mode=VERIFY_IDENTITY"
            ),
        ));
    }
    Ok(())
}

fn roots(tls: &TlsOptions, mode: SslMode) -> Result<()> {
    let is_word = |words: &[&str]| {
        matches!(&tls.ca, Some(PemSource::File(path))
            if words.iter().any(|word| path == Path::new(word)))
    };
    if is_word(&["system", "native"]) {
        return Err(value(
            "ssl-ca",
            "ssl-ca: this names a file; for the operating system's public CAs write \
             ssl-roots=native (a file of that name is ./system)",
        ));
    }
    if is_word(&["webpki", "mozilla"]) {
        return Err(value(
            "ssl-ca",
            "ssl-ca: this names a file; for the bundled public CAs write ssl-roots=webpki",
        ));
    }
    match tls.roots {
        None if mode == SslMode::VerifyCa && !tls.has_ca() => Err(Error::config(
            ConfigErrorKind::CaRequired,
            "ssl-ca",
            "ssl-mode=VERIFY_CA needs ssl-ca or ssl-capath: with the public CAs it would accept the \
             certificate of anybody who ever bought one; set ssl-ca, or use \
             ssl-mode=VERIFY_IDENTITY, which checks the name too",
        )),
        Some(roots) if roots.includes_ca() && !tls.has_ca() => Err(conflict(
            "ssl-roots",
            format!(
                "ssl-roots={roots} asks for the given CA too, and there is none; set ssl-ca or \
                 ssl-capath, or write only the first word"
            ),
        )),
        Some(roots) if !roots.includes_ca() && tls.has_ca() => Err(conflict(
            "ssl-roots",
            format!(
                "ssl-roots={roots} beside a given CA leaves open which is trusted; write \
                 ssl-roots={roots},ca for both, or remove one of the two"
            ),
        )),
        Some(roots) if !matches!(mode, SslMode::VerifyIdentity | SslMode::Disabled) => {
            Err(conflict(
                "ssl-roots",
                format!(
                    "ssl-roots={roots} needs ssl-mode=VERIFY_IDENTITY: public CAs vouch for \
                     everybody's servers, so that under ssl-mode={mode} anybody's certificate would \
                     pass"
                ),
            ))
        }
        _ => Ok(()),
    }
}

fn revocation(tls: &TlsOptions, mode: SslMode) -> Result<()> {
    if !tls.has_crl() {
        return Ok(());
    }
    let option = if tls.crl.is_some() { "ssl-crl" } else { "ssl-crlpath" };
    if !tls.has_ca() {
        return Err(conflict(
            option,
            format!(
                "{option} without ssl-ca or ssl-capath has no effect: revocation lists are signed by \
                 the CA whose certificates they are about; give that CA too"
            ),
        ));
    }
    if let Some(roots) = tls.roots {
        return Err(conflict(
            option,
            format!(
                "{option} and ssl-roots={roots} exclude each other: the public CAs' certificates \
                 would need lists too; remove one of the two"
            ),
        ));
    }
    if mode == SslMode::Disabled {
        return Err(conflict(
            option,
            format!(
                "{option} has no effect under ssl-mode=DISABLED; use ssl-mode=VERIFY_CA or \
                 VERIFY_IDENTITY"
            ),
        ));
    }
    Ok(())
}
