//! The RSA key with which a server lets passwords be encrypted on plaintext connections.

use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// The sizes, in bits, of the keys that are taken.
const BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Checks that `pem` is one RSA public key of a sensible size. The driver, which uses the key,
/// panics on anything else.
pub(crate) fn check_server_key(pem: &[u8]) -> Result<(), &'static str> {
    let text = std::str::from_utf8(pem).map_err(|_| "it is not PEM")?;
    let mut unread = text.as_bytes();
    let mut blocks = rustls_pemfile::read_all(&mut unread);
    let Some(Ok(rustls_pemfile::Item::SubjectPublicKeyInfo(spki))) = blocks.next() else {
        return Err("it is no PUBLIC KEY block");
    };
    if blocks.next().is_some() || text.matches("-----BEGIN").count() != 1 {
        return Err("it has more than one PEM block");
    }
    let (rest, parsed) =
        SubjectPublicKeyInfo::from_der(&spki).map_err(|_| "the block cannot be read")?;
    match parsed.parsed() {
        Ok(PublicKey::RSA(key)) if rest.is_empty() => {
            let exponent = key.try_exponent().unwrap_or(0);
            if BITS.contains(&key.key_size()) && exponent >= 3 && exponent % 2 == 1 {
                Ok(())
            } else {
                Err("its size or exponent makes no sense")
            }
        }
        _ => Err("it is no RSA key"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with: openssl genrsa 2048 | openssl rsa -pubout; the private half was thrown away.
    const GOOD: &str = include_str!("../../fixtures/rsa-2048-public.pem");

    #[test]
    fn only_one_sound_rsa_key_is_taken() {
        assert_eq!(check_server_key(GOOD.as_bytes()), Ok(()));
        let twice = format!("{GOOD}{GOOD}");
        let broken = GOOD.replace("MIIB", "MIIC");
        let cases = ["", "junk", "-----BEGIN PUBLIC KEY-----\n", &twice, &broken];
        for pem in cases {
            assert!(check_server_key(pem.as_bytes()).is_err(), "{pem}");
        }
        for cut in 0..GOOD.trim_end().len() {
            assert!(check_server_key(&GOOD.as_bytes()[..cut]).is_err(), "{cut}");
        }
    }
}
