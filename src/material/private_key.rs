//! The client certificate's private key, encrypted or not.

use pkcs8::EncryptedPrivateKeyInfo;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use super::{file, form};
use crate::error::{ConfigError, ConfigErrorKind, Error};
use crate::pem_source::PemSource;
use crate::secret::{Password, PasswordSource};

const BEGIN_ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const END_ENCRYPTED: &str = "-----END ENCRYPTED PRIVATE KEY-----";

/// What encrypts a key again in the form that is read here.
const ENCRYPT_ANEW: &str = "openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW";

/// Reads the key from its file, or from that of the certificate where `in_cert_file`.
pub(super) fn read(
    source: &PemSource,
    in_cert_file: bool,
    password: &PasswordSource,
) -> Result<PrivateKeyDer<'static>, Error> {
    let pem = file::read(source, if in_cert_file { "ssl-cert" } else { "ssl-key" })?;
    let name = source.name();
    // Looked for first: the headers of the old form are no base64, so PEM readers stumble over them.
    if form::contains(&pem, b"Proc-Type: 4,ENCRYPTED") {
        return Err(Error::config(
            ConfigErrorKind::EncryptedKey,
            "ssl-key",
            format!(
                "ssl-key: the private key in {name} is encrypted in OpenSSL's old form, which is \
                 not read here; write it anew with `{ENCRYPT_ANEW}` and give ssl-key-password"
            ),
        ));
    }
    // The parser's error, which shows the line that it stumbled over, goes no further.
    let found = rustls_pemfile::private_key(&mut &pem[..]).map_err(|_| {
        let message = format!(
            "ssl-key: {name} is not valid PEM; look for a line that is cut off, or make it anew"
        );
        Error::config(ConfigErrorKind::BadKey, "ssl-key", message)
    })?;
    if let Some(key) = found {
        return Ok(key);
    }
    if let Some(block) = encrypted_block(&pem) {
        return decrypt(&block, &name, password);
    }
    Err(missing(&pem, &name, in_cert_file))
}

fn missing(pem: &[u8], name: &str, in_cert_file: bool) -> Error {
    let form = form::not_pem(pem, "ssl-key");
    let (option, message) = match form {
        Some(form) => ("ssl-key", format!("ssl-key: {name} has no PEM text: {form}")),
        None if in_cert_file => (
            "ssl-cert",
            format!(
                "ssl-cert is given without ssl-key, and {name} has no private key; give the key by \
                 ssl-key, or, if this is the server's CA, write ssl-ca"
            ),
        ),
        None => (
            "ssl-key",
            format!(
                "ssl-key: {name} has no private key that can be read; ssl-key is the private key, \
                 ssl-cert the certificate"
            ),
        ),
    };
    Error::config(ConfigErrorKind::NoKey, option, message)
}

/// The DER of an encrypted PKCS#8 block. `rustls-pemfile` passes over such blocks, so it is given
/// this one under the name of those that it knows.
fn encrypted_block(pem: &[u8]) -> Option<PrivatePkcs8KeyDer<'static>> {
    let text = std::str::from_utf8(pem).ok()?;
    let (_, after) = text.split_once(BEGIN_ENCRYPTED)?;
    let (content, _) = after.split_once(END_ENCRYPTED)?;
    let known =
        Zeroizing::new(format!("-----BEGIN PRIVATE KEY-----{content}-----END PRIVATE KEY-----\n"));
    match rustls_pemfile::private_key(&mut known.as_bytes()) {
        Ok(Some(PrivateKeyDer::Pkcs8(der))) => Some(der),
        _ => None,
    }
}

fn decrypt(
    block: &PrivatePkcs8KeyDer<'_>,
    name: &str,
    password: &PasswordSource,
) -> Result<PrivateKeyDer<'static>, Error> {
    let refused = |kind, message: String| ConfigError::new(kind, "ssl-key-password", message);
    let Some(password) = ask(password)? else {
        return Err(refused(
            ConfigErrorKind::EncryptedKey,
            format!("ssl-key: the private key in {name} is encrypted; give ssl-key-password"),
        )
        .into());
    };
    let unsupported = || {
        ConfigError::new(
            ConfigErrorKind::EncryptedKey,
            "ssl-key",
            format!(
                "ssl-key: the private key in {name} is encrypted with an algorithm that is not \
                 read here; write it anew with `{ENCRYPT_ANEW}`"
            ),
        )
    };
    let encrypted =
        EncryptedPrivateKeyInfo::try_from(block.secret_pkcs8_der()).map_err(|_| unsupported())?;
    if !is_affordable(&encrypted.encryption_algorithm) {
        return Err(refused(
            ConfigErrorKind::EncryptedKey,
            format!(
                "ssl-key: opening the private key in {name} would cost more time or memory than makes \
                 sense; write it anew with `{ENCRYPT_ANEW}`"
            ),
        )
        .into());
    }
    match encrypted.decrypt(password.expose()) {
        Ok(key) => Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into()),
        // `pkcs5` says of padding that is wrong that it could not encrypt.
        Err(pkcs8::Error::EncryptedPrivateKey(
            pkcs8::pkcs5::Error::DecryptFailed | pkcs8::pkcs5::Error::EncryptFailed,
        )) => Err(wrong(name).into()),
        // With a wrong password the padding is right by chance once in 256 times.
        Err(pkcs8::Error::Asn1(_) | pkcs8::Error::KeyMalformed) => Err(wrong(name).into()),
        Err(_) => Err(unsupported().into()),
    }
}

/// Whether deriving the key of the encryption takes seconds at the most, and at most 256 MiB.
fn is_affordable(scheme: &EncryptionScheme<'_>) -> bool {
    const ITERATIONS: u32 = 10_000_000;
    const MEMORY: u64 = 256 * 1024 * 1024;
    match scheme.pbes2().map(|parameters| &parameters.kdf) {
        Some(Kdf::Pbkdf2(parameters)) => parameters.iteration_count <= ITERATIONS,
        Some(Kdf::Scrypt(parameters)) => {
            let memory = parameters
                .cost_parameter
                .checked_mul(u64::from(parameters.block_size))
                .and_then(|blocks| blocks.checked_mul(128));
            // `pkcs5` expects that the cost is not 0.
            memory.is_some_and(|memory| (1..=MEMORY).contains(&memory))
                && parameters.parallelization <= 16
        }
        // PBES1, which is refused for another reason.
        _ => true,
    }
}

fn wrong(name: &str) -> ConfigError {
    ConfigError::new(
        ConfigErrorKind::KeyPassword,
        "ssl-key-password",
        format!(
            "ssl-key-password: it does not open the private key in {name}; give the password that \
             `openssl pkey -in FILE -noout` takes"
        ),
    )
}

fn ask(source: &PasswordSource) -> Result<Option<Password>, Error> {
    match source {
        PasswordSource::None => Ok(None),
        PasswordSource::Text(password) => Ok(Some(password.clone())),
        PasswordSource::Provider(provider) => provider().map(Some).map_err(|error| {
            ConfigError::new(
                ConfigErrorKind::KeyPassword,
                "ssl-key-password",
                "ssl-key-password: the function that is asked for it failed; its own error is the \
                 source of this one",
            )
            .because(crate::secret::ProviderFailure::from(error))
            .into()
        }),
        // No setter makes this.
        PasswordSource::File(_) => Ok(None),
    }
}
