//! The certificates in a file.

use std::path::Path;

use crate::error::Result;
use crate::identity::ClientIdentity;
use crate::pem_source::PemSource;

/// What a file with certificates holds: PEM text, or one certificate as DER.
///
/// PEM may have anything else beside its certificates. Private keys are counted and not read.
///
/// ```no_run
/// use mysql_tls::CertificateFile;
///
/// # fn main() -> Result<(), mysql_tls::Error> {
/// for certificate in CertificateFile::read("server-cert.pem")?.certificates() {
///     println!("{certificate}");
/// }
/// # Ok(())
/// # }
/// ```
///
/// With the feature `serde` it serializes as its certificates and the two numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CertificateFile {
    certificates: Vec<ClientIdentity>,
    private_keys: usize,
    revocation_lists: usize,
}

impl CertificateFile {
    /// Reads a regular file of at most 1 MiB.
    ///
    /// ```
    /// use mysql_tls::CertificateFile;
    ///
    /// let error = CertificateFile::read("/nonexistent/server-cert.pem").unwrap_err();
    /// assert_eq!(error.code(), "config.file-missing");
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) where the file cannot be read
    /// ([`ConfigErrorKind::FileMissing`](crate::ConfigErrorKind::FileMissing) and its like), or has no
    /// certificate or one that cannot be read
    /// ([`ConfigErrorKind::NoCertificate`](crate::ConfigErrorKind::NoCertificate)).
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::of(&PemSource::path(path.as_ref()))
    }

    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    fn of(source: &PemSource) -> Result<Self> {
        let contents = crate::material::read_certificates(source)?;
        Ok(CertificateFile {
            certificates: contents.certificates.iter().map(|der| ClientIdentity::of(der)).collect(),
            private_keys: contents.private_keys,
            revocation_lists: contents.revocation_lists,
        })
    }

    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    fn of(_: &PemSource) -> Result<Self> {
        Err(crate::Error::config(
            crate::ConfigErrorKind::UnsupportedPlatform,
            "certificate file",
            "mysql-tls reads certificates on Linux and macOS only; run the program there",
        ))
    }

    /// The certificates in the file's order; there is at least one.
    ///
    /// Any certificate has the facts of a [`ClientIdentity`];
    /// [`may_be_client`](ClientIdentity::may_be_client) says whether it can be a client's.
    #[must_use]
    pub fn certificates(&self) -> &[ClientIdentity] {
        &self.certificates
    }

    /// How many private keys the file has, in whatever form, encrypted ones too.
    #[must_use]
    pub fn private_keys(&self) -> usize {
        self.private_keys
    }

    /// How many revocation lists the file has.
    #[must_use]
    pub fn revocation_lists(&self) -> usize {
        self.revocation_lists
    }
}
