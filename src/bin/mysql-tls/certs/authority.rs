//! The CA, new or from its files, and what it signs.
//!
//! ECDSA on the curve P-256 signed with SHA-256, and keys as PKCS#8: all three servers and their
//! clients read that, and ECDSA costs a server far less than RSA.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::Path;
use std::time::SystemTime;

use mysql_tls::{CertificateFile, ClientIdentity, ConfigErrorKind};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType,
};
use rustix::fs::{Mode, OFlags};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::files::warn_of_other_owner;
use super::names::{ClientName, ServerName};
use super::{CA, CA_KEY};
use crate::failure::Failure;
use crate::{codes, output};

/// What the common name of a CA of this command begins with.
const NAME: &str = "mysql-tls CA ";

/// The largest file that is read as a key.
const KEY_LIMIT: u64 = 64 * 1024;

/// The clocks of others may be behind.
const EARLIER: Duration = Duration::HOUR;

/// The longest common name (RFC 5280, upper bounds).
const LONGEST_NAME: usize = 64;

/// A certificate and its private key, as PEM.
pub(crate) struct Pair {
    pub(crate) cert: String,
    pub(crate) key: Zeroizing<String>,
}

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    cert: String,
    name: String,
    not_after: OffsetDateTime,
}

impl Authority {
    /// A new one. Part of its key's hash is in its name, so that no two CAs have the same.
    pub(crate) fn new(days: u32) -> Result<Self, Failure> {
        let key = new_key()?;
        let name = name_for(&key);
        let mut params = params(&name, now() + days_from_now(days));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let not_after = params.not_after;
        let cert = params.self_signed(&key).map_err(not_made)?.pem();
        Ok(Authority { issuer: Issuer::new(params, key), cert, name, not_after })
    }

    /// That of an earlier run. Another one is refused, since it may be meant for something else, and
    /// what it would sign could be different from what it signs elsewhere.
    pub(crate) fn open(dir: &Path) -> Result<Self, Failure> {
        let (cert_path, key_path) = (dir.join(CA), dir.join(CA_KEY));
        let file = CertificateFile::read(&cert_path)?;
        let [certificate] = file.certificates() else {
            return Err(foreign(&cert_path, "has several certificates"));
        };
        let name = match certificate.common_names() {
            [name] if name.starts_with(NAME) => name.clone(),
            _ => return Err(foreign(&cert_path, "is not of a CA that this command has made")),
        };
        let subject = format!("CN={name}");
        let is_self_issued = certificate.subject() == subject && certificate.issuer() == subject;
        if !is_self_issued || !certificate.is_ca() {
            return Err(foreign(&cert_path, "is not of a CA that this command has made"));
        }
        if certificate.not_after() <= SystemTime::now() {
            return Err(Failure::error(
                codes::CA_EXPIRED,
                format!(
                    "{} has expired; make a new CA in another directory, and new certificates",
                    cert_path.display()
                ),
            ));
        }
        let key = read_key(&key_path)?;
        if certificate.spki_sha256() != Some(&spki_sha256(&key)) {
            return Err(Failure::error(
                ConfigErrorKind::KeyMismatch,
                format!(
                    "the private key in {} does not belong to the certificate in {}; give the pair \
                     that was made together",
                    key_path.display(),
                    cert_path.display()
                ),
            ));
        }
        // With the name its encoding is this command's too, which has to be repeated exactly.
        if name != name_for(&key) {
            return Err(foreign(&cert_path, "is not of a CA that this command has made"));
        }
        let not_after = OffsetDateTime::from(certificate.not_after());
        let mut params = params(&name, not_after);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let cert = String::new();
        Ok(Authority { issuer: Issuer::new(params, key), cert, name, not_after })
    }

    /// Its own certificate; empty where it was there already.
    pub(crate) fn cert_pem(&self) -> String {
        self.cert.clone()
    }

    pub(crate) fn key_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.issuer.key().serialize_pem())
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn not_after(&self) -> SystemTime {
        self.not_after.into()
    }

    /// Whether its own certificate ends earlier than such a new one would.
    pub(crate) fn ends_within(&self, days: u32) -> bool {
        self.not_after < now() + days_from_now(days)
    }

    /// A server's certificate for these names.
    pub(crate) fn server(&self, names: &[ServerName], days: u32) -> Result<Pair, Failure> {
        let first = names.first().map(ToString::to_string).unwrap_or_default();
        // Clients look at the alternative names; this one is for people.
        let common_name = if first.len() <= LONGEST_NAME { &first } else { "mysql-tls server" };
        let mut params = params(common_name, self.end(days));
        for name in names {
            params.subject_alt_names.push(match name {
                ServerName::Dns(name) => {
                    SanType::DnsName(name.as_str().try_into().map_err(not_made)?)
                }
                ServerName::Ip(address) => SanType::IpAddress(*address),
            });
        }
        self.sign(params, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client's certificate.
    pub(crate) fn client(&self, name: &ClientName, days: u32) -> Result<Pair, Failure> {
        let params = params(&name.to_string(), self.end(days));
        self.sign(params, ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// Nothing is valid longer than the CA.
    fn end(&self, days: u32) -> OffsetDateTime {
        self.not_after.min(now() + days_from_now(days))
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        purpose: ExtendedKeyUsagePurpose,
    ) -> Result<Pair, Failure> {
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        params.use_authority_key_identifier_extension = true;
        let key = new_key()?;
        let cert = params.signed_by(&key, &self.issuer).map_err(not_made)?.pem();
        Ok(Pair { cert, key: Zeroizing::new(key.serialize_pem()) })
    }
}

/// What a certificate that was just made says of itself.
pub(crate) fn facts(pem: &str) -> Result<ClientIdentity, Failure> {
    Ok(ClientIdentity::from_pem(pem)?)
}

fn params(common_name: &str, not_after: OffsetDateTime) -> CertificateParams {
    // The serial number, which stays unset, is a hash of the random key: positive, of 20 bytes.
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = now() - EARLIER;
    params.not_after = not_after;
    params
}

fn new_key() -> Result<KeyPair, Failure> {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(not_made)
}

/// The common name of the CA with this key.
fn name_for(key: &KeyPair) -> String {
    let id: String = spki_sha256(key).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{NAME}{id}")
}

fn spki_sha256(key: &KeyPair) -> [u8; 32] {
    Sha256::digest(key.subject_public_key_info()).into()
}

fn days_from_now(days: u32) -> Duration {
    Duration::days(i64::from(days))
}

/// Whole seconds, as a certificate has no finer ones.
fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now)
}

fn read_key(path: &Path) -> Result<KeyPair, Failure> {
    let shown = path.display();
    let mut text = Zeroizing::new(String::new());
    // NONBLOCK, so that opening a FIFO returns at once.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::open(path, flags, Mode::empty()).map_err(std::io::Error::from);
    let opened = opened.map(File::from).and_then(|file| {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(std::io::Error::other("it is not a regular file"));
        }
        warn_of_other_owner(path, metadata.uid());
        if metadata.permissions().mode() & 0o007 != 0 {
            output::warn(format_args!(
                "every user of this machine can read the CA's private key in {shown}; take that \
                 away with `chmod 0600`"
            ));
        }
        file.take(KEY_LIMIT).read_to_string(&mut text)
    });
    match opened {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Failure::error(
                ConfigErrorKind::FileMissing,
                format!("{shown} does not exist; --use-ca needs the key of the CA"),
            ));
        }
        Err(error) => {
            return Err(Failure::error(
                ConfigErrorKind::FileUnreadable,
                format!("{shown} cannot be read ({error}); let this user read it"),
            ));
        }
    }
    // Without the parser's error, which may show what it stumbled over.
    KeyPair::from_pem(&text).map_err(|_| {
        Failure::error(
            ConfigErrorKind::BadKey,
            format!("{shown} has no private key in the form in which this command writes it"),
        )
    })
}

fn foreign(path: &Path, what: &str) -> Failure {
    Failure::error(
        codes::FOREIGN_CA,
        format!(
            "{} {what}; sign with the tool that made it, or make a CA in another directory",
            path.display()
        ),
    )
}

fn not_made(error: rcgen::Error) -> Failure {
    Failure::error(codes::CERTIFICATE, format!("the certificate could not be made: {error}"))
}
