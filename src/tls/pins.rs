//! Pins: the server's key or certificate by its hash.

use data_encoding::{BASE64_NOPAD, HEXLOWER_PERMISSIVE};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::error::{ConfigErrorKind, Error};
use crate::tls_options::TlsOptions;
use crate::x509::PIN_PREFIX;

type Hash = [u8; 32];

/// What the server's own certificate is compared with: each kind, where it is given, must match.
#[derive(Debug, Default)]
pub(super) struct Pins {
    keys: Vec<Hash>,
    certificates: Vec<Hash>,
}

impl Pins {
    pub(super) fn of(options: &TlsOptions) -> Result<Self, Error> {
        let keys = options.pins.iter().map(|pin| key(pin)).collect::<Result<_, _>>()?;
        let certificates =
            options.fingerprints.iter().map(|hash| certificate(hash)).collect::<Result<_, _>>()?;
        Ok(Pins { keys, certificates })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.certificates.is_empty()
    }

    /// Whether this certificate is one of those that were pinned.
    pub(super) fn match_leaf(&self, leaf: &[u8]) -> bool {
        let is_known = || self.certificates.contains(&Sha256::digest(leaf).into());
        self.match_key(leaf) && (self.certificates.is_empty() || is_known())
    }

    /// Whether its key is one of those that were pinned, if any. One that cannot be read has none.
    pub(super) fn match_key(&self, leaf: &[u8]) -> bool {
        let key = || {
            let (_, parsed) = X509Certificate::from_der(leaf).ok()?;
            Some(Hash::from(Sha256::digest(parsed.public_key().raw)))
        };
        self.keys.is_empty() || key().is_some_and(|key| self.keys.contains(&key))
    }
}

fn key(pin: &str) -> Result<Hash, Error> {
    let base64 = pin.trim().strip_prefix(PIN_PREFIX).map(|text| text.trim_end_matches('='));
    let hash = base64.and_then(|text| BASE64_NOPAD.decode(text.as_bytes()).ok());
    hash.and_then(|hash| hash.try_into().ok()).ok_or_else(|| {
        Error::config(
            ConfigErrorKind::Value,
            "tls-pin",
            "tls-pin: write `sha256//` and the 44 characters of Base64 that `mysql-tls status` \
             prints, several separated by `;`",
        )
    })
}

fn certificate(fingerprint: &str) -> Result<Hash, Error> {
    let digits: String = fingerprint.trim().chars().filter(|digit| *digit != ':').collect();
    let hash = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok();
    let is_sha1 = hash.as_ref().is_some_and(|hash| hash.len() == 20);
    hash.and_then(|hash| hash.try_into().ok()).ok_or_else(|| {
        Error::config(
            ConfigErrorKind::Value,
            "tls-peer-fingerprint",
            format!(
                "tls-peer-fingerprint: {}write the SHA-256 of the server's certificate in 64 \
                 hexadecimal digits, as `openssl x509 -noout -fingerprint -sha256` prints it, \
                 several separated by `;`",
                if is_sha1 { "SHA-1 is broken; " } else { "" }
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn the_texts_are_those_of_curl_and_openssl() {
        let colons: Vec<&str> =
            HEX.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap()).collect();
        let hash: Hash = Sha256::digest("").into();
        assert_eq!(key(KEY).unwrap(), hash);
        assert_eq!(key(KEY.trim_end_matches('=')).unwrap(), hash);
        assert_eq!(crate::x509::pin_text(&hash), KEY);
        for text in [HEX.to_owned(), HEX.to_uppercase(), colons.join(":")] {
            assert_eq!(certificate(&text).unwrap(), hash);
        }
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for pin in ["", HEX, "sha256//", "sha1//47DEQpj8HBSa", &KEY[..40], "sha256//47DE!"] {
            let error = key(pin).unwrap_err();
            assert_eq!(error.code(), "config.value", "{pin}");
        }
        for fingerprint in ["", KEY, &HEX[..62], &HEX[..40], "zz"] {
            let error = certificate(fingerprint).unwrap_err();
            assert_eq!(error.code(), "config.value", "{fingerprint}");
            let broken = fingerprint.len() == 40;
            assert_eq!(error.to_string().contains("SHA-1"), broken, "{fingerprint}");
        }
    }
}
