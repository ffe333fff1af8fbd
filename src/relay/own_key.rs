//! A key pair of our own, for drivers that take their private socket for insecure.
//!
//! Such a driver (sqlx on a Unix socket, every driver on TCP) asks for the server's RSA key before it
//! sends the password. The server must not be asked: TiDB has none, and what it would be sent is a
//! ciphertext where it expects the password itself, inside TLS. So the driver gets this key, and the
//! server gets the password.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::{AuthErrorKind, Error, Result};
use crate::protocol::login::Login;

/// The length of the nonce that is mixed into the password.
const NONCE: usize = 20;

/// One key pair of 2048 bits, made when it is first needed and never written out.
#[derive(Debug, Default)]
pub(crate) struct OwnKey(imp::Key);

impl OwnKey {
    /// The public key, as the server would send it.
    pub(super) fn public_pem(&self) -> Result<String> {
        self.0.public_pem()
    }

    /// The password with its final NUL, which the driver mixed with one of these nonces.
    ///
    /// Source: MySQL Source Code Documentation, "Caching_sha2_password information".
    pub(super) fn decrypt(&self, ciphertext: &[u8], login: &Login) -> Result<Zeroizing<Vec<u8>>> {
        self.read(ciphertext, login.nonces(), login.scramble())
    }

    fn read(
        &self,
        ciphertext: &[u8],
        nonces: &[Vec<u8>],
        scramble: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        let mixed = self.0.decrypt(ciphertext)?;
        let unmixed = nonces.iter().filter(|nonce| nonce.len() >= NONCE).map(|nonce| {
            let nonce = nonce.iter().take(NONCE).cycle();
            Zeroizing::new(mixed.iter().zip(nonce).map(|(byte, nonce)| byte ^ nonce).collect())
        });
        let mut passwords: Vec<Zeroizing<Vec<u8>>> = unmixed.filter(is_password).collect();
        // With the wrong nonce, too, the only NUL may come to stand at the end: the driver's hash of
        // the password tells which is meant.
        let meant = passwords.iter().position(|password| hashes_to(password, nonces, scramble));
        let likely = meant.or_else(|| passwords.iter().position(is_text)).unwrap_or(0);
        if likely < passwords.len() { Ok(passwords.swap_remove(likely)) } else { Err(unreadable()) }
    }
}

/// Whether this is the password that the driver has hashed with one of the nonces:
/// `SHA256(p) XOR SHA256(SHA256(SHA256(p)), nonce)`.
///
/// Source: MySQL Source Code Documentation, "Caching_sha2_password information".
fn hashes_to(password: &[u8], nonces: &[Vec<u8>], scramble: &[u8]) -> bool {
    let once = Sha256::digest(password.strip_suffix(&[0]).unwrap_or(password));
    let thrice = |nonce: &Vec<u8>| {
        let nonce = nonce.get(..NONCE).unwrap_or(nonce);
        Sha256::new().chain_update(Sha256::digest(once)).chain_update(nonce).finalize()
    };
    let scrambled = |nonce| once.iter().zip(thrice(nonce)).map(|(a, b)| a ^ b).collect::<Vec<u8>>();
    nonces.iter().any(|nonce| scrambled(nonce) == scramble)
}

fn is_text(password: &Zeroizing<Vec<u8>>) -> bool {
    let text = std::str::from_utf8(password.strip_suffix(&[0]).unwrap_or(password));
    text.is_ok_and(|text| !text.chars().any(char::is_control))
}

/// A password has no NUL but the one at its end.
fn is_password(bytes: &Zeroizing<Vec<u8>>) -> bool {
    bytes.iter().position(|byte| *byte == 0).is_some_and(|at| at + 1 == bytes.len())
}

/// One and the same whatever was wrong, so that nothing can be learned from it.
fn unreadable() -> Error {
    Error::auth(
        AuthErrorKind::ServerKey,
        "the password that the driver encrypted cannot be read; configure the driver without a \
         server key of its own",
    )
}

#[cfg(feature = "aws-lc-rs")]
mod imp {
    use std::sync::{Mutex, OnceLock, PoisonError};

    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rsa::{
        KeySize, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey,
    };
    use data_encoding::BASE64;
    use zeroize::Zeroizing;

    use super::unreadable;
    use crate::error::{Error, IoErrorKind, Result};

    #[derive(Debug, Default)]
    pub(super) struct Key {
        pair: OnceLock<Pair>,
        /// Held by the one that makes it: a whole pool may come at once, and it takes a while.
        making: Mutex<()>,
    }

    #[derive(Debug)]
    struct Pair {
        private: OaepPrivateDecryptingKey,
        public_pem: String,
    }

    impl Key {
        pub(super) fn public_pem(&self) -> Result<String> {
            Ok(self.pair()?.public_pem.clone())
        }

        pub(super) fn decrypt(&self, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
            let private = &self.pair()?.private;
            let mut plain = Zeroizing::new(vec![0; private.min_output_size()]);
            let length = private
                .decrypt(&OAEP_SHA1_MGF1SHA1, ciphertext, &mut plain, None)
                .map_err(|_| unreadable())?
                .len();
            plain.truncate(length);
            Ok(plain)
        }

        fn pair(&self) -> Result<&Pair> {
            if let Some(pair) = self.pair.get() {
                return Ok(pair);
            }
            let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(pair) = self.pair.get() {
                return Ok(pair);
            }
            let made = make().map_err(|_| {
                Error::io(
                    IoErrorKind::Local,
                    "no RSA key could be made for the driver",
                    std::io::Error::other("the crypto provider failed"),
                )
            })?;
            Ok(self.pair.get_or_init(|| made))
        }
    }

    fn make() -> Result<Pair, aws_lc_rs::error::Unspecified> {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048)?;
        let public: PublicKeyX509Der<'_> = key.public_key().as_der()?;
        let mut public_pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        for line in BASE64.encode(public.as_ref()).as_bytes().chunks(64) {
            public_pem.extend(line.iter().copied().map(char::from));
            public_pem.push('\n');
        }
        public_pem.push_str("-----END PUBLIC KEY-----\n");
        Ok(Pair { private: OaepPrivateDecryptingKey::new(key)?, public_pem })
    }
}

#[cfg(not(feature = "aws-lc-rs"))]
mod imp {
    use zeroize::Zeroizing;

    use crate::error::{AuthErrorKind, Error, Result};

    /// `ring` cannot decrypt with RSA.
    #[derive(Debug, Default)]
    pub(super) struct Key;

    impl Key {
        pub(super) fn public_pem(&self) -> Result<String> {
            Err(unsupported())
        }

        pub(super) fn decrypt(&self, _: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
            Err(unsupported())
        }
    }

    fn unsupported() -> Error {
        Error::auth(
            AuthErrorKind::ServerKey,
            "the driver takes its private socket for insecure and asked for an RSA key, which needs \
             the feature `aws-lc-rs` of mysql-tls; build with that instead of `ring`, or use a driver \
             that takes a Unix socket for secure",
        )
    }
}

#[cfg(all(test, feature = "aws-lc-rs"))]
mod tests {
    use super::*;
    use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
    use data_encoding::BASE64;

    #[allow(clippy::unwrap_used)]
    fn encrypted(key: &OwnKey, password: &[u8], nonce: &[u8]) -> Vec<u8> {
        let pem = key.public_pem().unwrap();
        let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = BASE64.decode(base64.as_bytes()).unwrap();
        let public =
            OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(&der).unwrap()).unwrap();
        let mut mixed = [password, &[0]].concat();
        mixed.iter_mut().zip(nonce.iter().cycle()).for_each(|(byte, nonce)| *byte ^= nonce);
        let mut ciphertext = vec![0; public.ciphertext_size()];
        public.encrypt(&OAEP_SHA1_MGF1SHA1, &mixed, &mut ciphertext, None).unwrap();
        ciphertext
    }

    #[test]
    fn passwords_of_every_length_are_read_with_either_nonce() {
        let key = OwnKey::default();
        let (newest, greeting) = (vec![b'n'; 20], vec![b'g'; 20]);
        let nonces = [newest.clone(), greeting.clone()];
        let umlauts = "pässwörd-東京".as_bytes().to_vec();
        let long = [1, 19, 20, 21, 64, 200].map(|length| vec![b'p'; length]);
        for password in long.iter().chain([&umlauts, &Vec::new()]) {
            for nonce in [&newest, &greeting] {
                let ciphertext = encrypted(&key, password, nonce);
                let read = key.read(&ciphertext, &nonces, &[]).unwrap();
                assert_eq!(read[..], [password.as_slice(), &[0]].concat()[..]);
            }
        }
    }

    #[test]
    fn the_wrong_nonce_may_give_what_looks_like_a_password() {
        let key = OwnKey::default();
        let greeting = vec![b'g'; 20];
        // The same byte where the password's NUL stands.
        let newest = [vec![0xf5; 6], vec![b'g'; 14]].concat();
        let nonces = [newest, greeting.clone()];
        let ciphertext = encrypted(&key, b"secret", &greeting);
        assert_eq!(key.read(&ciphertext, &nonces, &[]).unwrap()[..], b"secret\0"[..]);
    }

    /// One character in two hundred passwords of one: the wrong nonce gives another text.
    #[test]
    fn the_drivers_hash_tells_which_text_is_meant() {
        let key = OwnKey::default();
        let (greeting, newest) = ([b'a'; 20], [[b'b'; 1].as_slice(), &[b'a'; 19]].concat());
        let nonces = [newest.clone(), greeting.to_vec()];
        let ciphertext = encrypted(&key, b"0", &greeting);
        let guess = key.read(&ciphertext, &nonces, &[]).unwrap();
        assert_eq!(guess[..], b"3\0"[..], "a text as well");
        let once = Sha256::digest(b"0");
        for nonce in [newest.as_slice(), &greeting] {
            let thrice = Sha256::digest([Sha256::digest(once).as_slice(), nonce].concat());
            let scramble: Vec<u8> = once.iter().zip(thrice).map(|(a, b)| a ^ b).collect();
            let read = key.read(&ciphertext, &nonces, &scramble).unwrap();
            assert_eq!(read[..], b"0\0"[..]);
        }
    }

    #[test]
    fn everything_else_gets_the_same_error() {
        let (key, other) = (OwnKey::default(), OwnKey::default());
        let nonces = [vec![b'n'; 20]];
        let cases = [
            encrypted(&other, b"secret", &[b'n'; 20]),
            encrypted(&key, b"secret", &[b'x'; 20]),
            encrypted(&key, b"sec\0ret", &[b'n'; 20]),
            vec![0; 256],
            vec![1; 17],
        ];
        for ciphertext in cases {
            let error = key.read(&ciphertext, &nonces, &[]).unwrap_err();
            assert_eq!(error.to_string(), unreadable().to_string());
        }
    }
}
