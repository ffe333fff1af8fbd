//! A client certificate as an account's REQUIRE sees it.

mod alt_names;
mod clause;
mod name;

use std::fmt;
use std::path::Path;

use x509_parser::prelude::{FromDer, X509Certificate};

use crate::error::Result;
use crate::pem_source::PemSource;
use crate::session::Product;
use crate::x509::{self, Facts};
use clause::Clause;

/// What a client certificate says, and the clauses that tie an account to it.
///
/// It holds no private key. Text in it has control characters escaped and is cut at 512 bytes; the
/// clauses are exact or refused.
///
/// ```no_run
/// use mysql_tls::{ClientIdentity, Product};
///
/// # fn main() -> Result<(), mysql_tls::Error> {
/// let identity = ClientIdentity::from_pem_file("client.pem")?;
/// println!("{}, {} days left", identity.subject(), identity.days_left());
/// println!(
///     "CREATE USER 'app'@'%' REQUIRE {} AND {};",
///     identity.subject_clause(Product::TiDB)?,
///     identity.issuer_clause(Product::TiDB)?,
/// );
/// # Ok(())
/// # }
/// ```
///
/// # Clauses
///
/// A server writes subject and issuer as one line, such as `/C=DE/O=Example/CN=app`, and compares it
/// byte for byte with the account's. The attributes stand in the certificate's order, and the
/// servers write them differently:
///
/// | | TiDB | MySQL and MariaDB |
/// |---|---|---|
/// | attributes | `C`, `O`, `OU`, `CN`, `SERIALNUMBER`, `L`, `ST`, `STREET`, `POSTALCODE`, `emailAddress`; it skips all others | all, by OpenSSL's short names, such as `serialNumber`, `street`, `DC`; by number where it has none |
/// | several in one set | `/CN=app/OU=shop` | `/CN=app+OU=shop` |
/// | beyond ASCII | UTF-8 | each byte as `\xC3` |
/// | `+` in a value | as it is | `\+` |
/// | alternative names | `SAN` | no clause |
///
/// The line has no escapes, so a value may hold what reads as another attribute: the common name
/// `a/O=b` prints like a subject with an organization. A clause for such a certificate is an error,
/// as is one that would match more than this name, or that would not stay inside its quotes. What is
/// refused:
///
/// - a value with `'`, `\`, `/`, `=`, a control character or an invisible one;
/// - a name without attributes, since an empty text requires nothing;
/// - on TiDB an attribute that it skips; on the others one whose name depends on the version;
/// - a value that is not text, or not text that all versions of the server read alike.
///
/// A clause cannot keep others from imitating: on TiDB a certificate with the common name `app/O=b`
/// gets into the account of `/CN=app/O=b`, and MySQL does not tell `ü` from the eight characters
/// `\xC3\xBC`. It is as good as the CA, which must not sign such names for anybody; name the issuer
/// as well.
///
/// The text for MySQL and MariaDB is that of OpenSSL 3. An older one, or MariaDB's WolfSSL, may write
/// sets and `+` otherwise; a clause with them then lets nobody in. Neither does one with a `\` under
/// the `sql_mode` `NO_BACKSLASH_ESCAPES`.
///
/// With the feature `serde` it serializes like a [`PeerCertificate`](crate::PeerCertificate).
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
#[non_exhaustive]
pub struct ClientIdentity {
    facts: Facts,
}

x509::getters!(ClientIdentity);

impl ClientIdentity {
    /// Reads the first certificate in a PEM text; whatever else is in it, a key too, is left alone.
    ///
    /// ```
    /// use mysql_tls::ClientIdentity;
    ///
    /// let error = ClientIdentity::from_pem("no PEM at all").unwrap_err();
    /// assert_eq!(error.code(), "config.no-certificate");
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config), as for [`ssl_cert_pem`].
    ///
    /// [`ssl_cert_pem`]: crate::ConnectionBuilder::ssl_cert_pem
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self> {
        Self::read(&PemSource::text(pem.as_ref()))
    }

    /// Reads the first certificate in a PEM file.
    ///
    /// ```
    /// use mysql_tls::ClientIdentity;
    ///
    /// let error = ClientIdentity::from_pem_file("/nonexistent/client.pem").unwrap_err();
    /// assert_eq!(error.code(), "config.file-missing");
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config), as for [`ssl_cert`].
    ///
    /// [`ssl_cert`]: crate::ConnectionBuilder::ssl_cert
    pub fn from_pem_file(path: impl AsRef<Path>) -> Result<Self> {
        Self::read(&PemSource::path(path.as_ref()))
    }

    /// Of a certificate that can be read.
    pub(crate) fn of(der: &[u8]) -> Self {
        ClientIdentity { facts: Facts::of(der) }
    }

    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    fn read(source: &PemSource) -> Result<Self> {
        Ok(Self::of(&crate::material::read_certificate(source)?))
    }

    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    fn read(_: &PemSource) -> Result<Self> {
        Err(crate::Error::config(
            crate::ConfigErrorKind::UnsupportedPlatform,
            "ssl-cert",
            "mysql-tls reads certificates on Linux and macOS only; run the program there",
        ))
    }

    /// Whether a TLS client may present it: it is not a CA's, and keyUsage and extendedKeyUsage, where
    /// it has them, allow it. Whether a server trusts its issuer is another question.
    #[must_use]
    pub fn may_be_client(&self) -> bool {
        X509Certificate::from_der(&self.facts.der).is_ok_and(|(_, parsed)| is_for_clients(&parsed))
    }

    /// `SUBJECT '...'`, for an account that only a certificate with this subject may use.
    ///
    /// ```no_run
    /// use mysql_tls::{ClientIdentity, Product};
    ///
    /// # fn main() -> Result<(), mysql_tls::Error> {
    /// let identity = ClientIdentity::from_pem_file("client.pem")?;
    /// let clause = identity.subject_clause(Product::MySQL)?;
    /// assert_eq!(clause, "SUBJECT '/C=DE/O=Example/CN=app'");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Clause`](crate::ConfigErrorKind::Clause) where no text stands for this
    /// subject and no other; see [above](Self#clauses).
    pub fn subject_clause(&self, product: Product) -> Result<String> {
        let clause = Clause { keyword: "SUBJECT", product };
        let parsed = self.parsed(clause)?;
        Ok(clause.quoted(&name::one_line(clause, parsed.subject())?))
    }

    /// `ISSUER '...'`, for an account that only a certificate of this issuer may use.
    ///
    /// The issuer is the CA that signed the certificate, an intermediate one too. It says nothing
    /// of which of the CA's certificates is meant: use it together with another clause.
    ///
    /// ```no_run
    /// use mysql_tls::{ClientIdentity, Product};
    ///
    /// # fn main() -> Result<(), mysql_tls::Error> {
    /// let identity = ClientIdentity::from_pem_file("client.pem")?;
    /// assert_eq!(identity.issuer_clause(Product::TiDB)?, "ISSUER '/O=Example/CN=Example CA'");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`subject_clause`](Self::subject_clause).
    pub fn issuer_clause(&self, product: Product) -> Result<String> {
        let clause = Clause { keyword: "ISSUER", product };
        let parsed = self.parsed(clause)?;
        Ok(clause.quoted(&name::one_line(clause, parsed.issuer())?))
    }

    /// `SAN '...'`, for an account of TiDB that only a certificate with such alternative names may
    /// use.
    ///
    /// Of each kind (`URI:`, `DNS:`, `IP:`) in the text one name is enough, and a certificate may
    /// have further names: this is less exact than the subject for a certificate with several names
    /// of a kind.
    ///
    /// ```no_run
    /// use mysql_tls::{ClientIdentity, Product};
    ///
    /// # fn main() -> Result<(), mysql_tls::Error> {
    /// let identity = ClientIdentity::from_pem_file("client.pem")?;
    /// let clause = identity.san_clause(Product::TiDB)?;
    /// assert_eq!(clause, "SAN 'DNS:app.example.com,URI:spiffe://example.com/app'");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Clause`](crate::ConfigErrorKind::Clause) for MySQL and MariaDB, which have
    /// no such clause; where there are no alternative names, or one that TiDB cannot compare: other
    /// kinds, a name with `,` or a space, and a URI that TiDB may write differently.
    pub fn san_clause(&self, product: Product) -> Result<String> {
        let clause = Clause { keyword: "SAN", product };
        let parsed = self.parsed(clause)?;
        Ok(clause.quoted(&alt_names::list(clause, &parsed)?))
    }

    /// Parsed again rather than kept, since it borrows; it was readable when it was read.
    fn parsed(&self, clause: Clause) -> Result<X509Certificate<'_>> {
        match X509Certificate::from_der(&self.facts.der) {
            Ok((_, parsed)) if x509::names_are_whole(&parsed, &self.facts.der) => Ok(parsed),
            Ok(_) => Err(clause.refusal("a name in it cannot be read to its end")),
            Err(_) => Err(clause.refusal("it cannot be read")),
        }
    }
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
use crate::material::may_be_a_client as is_for_clients;

/// Elsewhere no certificate is read, and so none asked.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn is_for_clients(_: &X509Certificate<'_>) -> bool {
    false
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.facts.debug("ClientIdentity", f)
    }
}
