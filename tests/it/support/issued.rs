//! A certificate that was made, as bytes, as PEM text and as files.

use std::path::{Path, PathBuf};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::certs::KeyKind;
use super::pem::{pem, sec1_from_pkcs8};

/// A certificate with its chain (the root left out) and its private key.
#[derive(Clone)]
pub struct Issued {
    /// The certificate itself, then the intermediates in order. Free to change for a test.
    pub chain: Vec<CertificateDer<'static>>,
    pub(super) key: Vec<u8>,
    pub(super) kind: KeyKind,
}

/// Where [`Issued::write_to`] put things.
#[derive(Clone, Debug)]
pub struct IssuedFiles {
    /// The whole chain, the certificate first.
    pub cert: PathBuf,
    /// The private key, PKCS#8.
    pub key: PathBuf,
    /// The chain and then the key in one file.
    pub both: PathBuf,
}

impl Issued {
    /// The certificate alone.
    pub fn cert_pem(&self) -> String {
        pem("CERTIFICATE", &self.chain[0])
    }

    /// The certificate and its intermediates.
    pub fn chain_pem(&self) -> String {
        self.chain.iter().map(|der| pem("CERTIFICATE", der)).collect()
    }

    /// The private key as PKCS#8 (`BEGIN PRIVATE KEY`).
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.key)
    }

    /// The private key as SEC1 (`BEGIN EC PRIVATE KEY`); panics for Ed25519, which has no such form.
    pub fn sec1_key_pem(&self) -> String {
        assert!(
            matches!(self.kind, KeyKind::EcdsaP256 | KeyKind::EcdsaP384),
            "SEC1 is for elliptic curves of ECDSA only"
        );
        pem("EC PRIVATE KEY", &sec1_from_pkcs8(&self.key))
    }

    /// The certificate alone.
    pub fn der(&self) -> CertificateDer<'static> {
        self.chain[0].clone()
    }

    pub fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }

    /// Writes `STEM.pem`, `STEM-key.pem` and `STEM-both.pem`.
    pub fn write_to(&self, dir: &TestDir, stem: &str) -> IssuedFiles {
        IssuedFiles {
            cert: dir.write(&format!("{stem}.pem"), self.chain_pem()),
            key: dir.write_secret(&format!("{stem}-key.pem"), self.key_pem()),
            both: dir.write_secret(&format!("{stem}-both.pem"), self.chain_pem() + &self.key_pem()),
        }
    }
}

/// A directory that is removed when dropped.
pub struct TestDir(tempfile::TempDir);

impl TestDir {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(tempfile::Builder::new().prefix("mysql-tls-test-").tempdir().expect("test directory"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file that nobody else can read.
    pub fn write_secret(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.write(name, content);
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, mode).expect("the file's mode");
        path
    }

    /// Writes a file and returns its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).expect("file in the test directory");
        path
    }
}
