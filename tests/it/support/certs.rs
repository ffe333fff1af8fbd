//! Certificates made at run time: authorities, server, client and self-signed certificates.
//!
//! Everything is valid from yesterday for thirty days unless a setter says otherwise. Each
//! certificate has a key of its own (ECDSA P-256 by default).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SanType, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};

use super::forge::Pieces;
use super::issued::Issued;
use super::pem::pem;
use super::subject::{Attribute, name, replace_subject};

/// The kind of key a certificate is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    EcdsaP256,
    EcdsaP384,
    Ed25519,
    /// Always the same key, a fixture: rcgen makes none.
    Rsa2048,
}

/// The key of [`KeyKind::Rsa2048`] as PKCS#8.
const RSA_KEY: &str = include_str!("../../../fixtures/rsa-2048-private.pem");

/// The same key as PKCS#1.
pub const RSA_KEY_PKCS1: &str = include_str!("../../../fixtures/rsa-2048-private-pkcs1.pem");

impl KeyKind {
    pub const ALL: [KeyKind; 4] =
        [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Ed25519, KeyKind::Rsa2048];

    fn generate(self) -> KeyPair {
        KeyPair::generate_for(match self {
            KeyKind::Rsa2048 => return KeyPair::from_pem(RSA_KEY).expect("the fixture"),
            KeyKind::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            KeyKind::EcdsaP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            KeyKind::Ed25519 => &rcgen::PKCS_ED25519,
        })
        .expect("key generation")
    }
}

/// What the chain of a certificate made by this authority ends in.
#[derive(Clone)]
pub struct Authority(Arc<Inner>);

struct Inner {
    issuer: Arc<Issuer<'static, KeyPair>>,
    certificate: CertificateDer<'static>,
    /// This authority's certificate and those above it, without the root.
    intermediates: Vec<CertificateDer<'static>>,
}

impl Authority {
    /// A root CA with `name` as its common name.
    pub fn new(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    /// A root CA whose certificate `change` may bend: `path_len`, missing key usages, an expiry.
    pub fn with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (params, key) = authority_params(name, change);
        let certificate = params.self_signed(&key).expect("root certificate").der().clone();
        let issuer = Arc::new(Issuer::new(params, key));
        Self(Arc::new(Inner { issuer, certificate, intermediates: Vec::new() }))
    }

    /// A CA below this one.
    pub fn intermediate(&self, name: &str) -> Self {
        self.intermediate_with(name, |_| {})
    }

    /// A CA below this one whose certificate `change` may bend.
    pub fn intermediate_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let (mut params, key) = authority_params(name, change);
        params.use_authority_key_identifier_extension = true;
        let certificate = params
            .signed_by(&key, &*self.0.issuer)
            .expect("intermediate certificate")
            .der()
            .clone();
        let mut intermediates = vec![certificate.clone()];
        intermediates.extend_from_slice(&self.0.intermediates);
        let issuer = Arc::new(Issuer::new(params, key));
        Self(Arc::new(Inner { issuer, certificate, intermediates }))
    }

    /// A server certificate (`serverAuth`) with `name` as common name and as its only
    /// subject alternative name: iPAddress if it is an address, dNSName otherwise.
    pub fn server(&self, name: &str) -> Leaf {
        Leaf::new(Some(self.clone()), name, ExtendedKeyUsagePurpose::ServerAuth).name(name)
    }

    /// A client certificate (`clientAuth`) with `name` as common name and no other name.
    pub fn client(&self, name: &str) -> Leaf {
        Leaf::new(Some(self.clone()), name, ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// The same authority with another certificate: a changed one of its own, signed by itself.
    pub fn reissued(&self, change: impl FnOnce(&mut Pieces)) -> Self {
        self.with_certificate(Pieces::of(&self.0.certificate).changed(change).signed_by(self), &[])
    }

    /// The same authority with another certificate: a changed one of its own, signed by `above`.
    pub fn reissued_by(&self, above: &Authority, change: impl FnOnce(&mut Pieces)) -> Self {
        let certificate = Pieces::of(&self.0.certificate).changed(change).signed_by(above);
        self.with_certificate(certificate, &above.0.intermediates)
    }

    fn with_certificate(
        &self,
        certificate: CertificateDer<'static>,
        above: &[CertificateDer<'static>],
    ) -> Self {
        let mut intermediates = above.to_vec();
        // A root is not sent; whatever else is above a leaf is.
        if !Pieces::of(&certificate).is_self_issued() {
            intermediates.insert(0, certificate.clone());
        }
        let issuer = Arc::clone(&self.0.issuer);
        Self(Arc::new(Inner { issuer, certificate, intermediates }))
    }

    /// This authority as a server: its own certificate, those above it, and its key.
    pub fn as_server(&self) -> Issued {
        let mut chain = vec![self.der()];
        chain.extend(self.0.intermediates.iter().filter(|above| **above != self.der()).cloned());
        let key = self.key().serialize_der();
        Issued { chain, key, kind: Some(KeyKind::EcdsaP256) }
    }

    pub(super) fn key(&self) -> &KeyPair {
        self.0.issuer.key()
    }

    /// The same certificate and key, the certificate as X.509 version 1: without extensions.
    pub fn as_version_1(&self, issued: &Issued) -> Issued {
        issued.reissued_by(self, Pieces::v1)
    }

    /// This authority's list of revoked certificates, by their serial numbers, as PEM. It is valid
    /// from yesterday for thirty days, unless `change` bends it.
    pub fn revocation_list(
        &self,
        revoked: &[u64],
        change: impl FnOnce(&mut CertificateRevocationListParams),
    ) -> String {
        let issuer: &Issuer<'static, KeyPair> = &self.0.issuer;
        let entry = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: now() - Duration::DAY,
            reason_code: None,
            invalidity_date: None,
        };
        let mut params = CertificateRevocationListParams {
            this_update: now() - Duration::DAY,
            next_update: now() + 30 * Duration::DAY,
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        change(&mut params);
        pem("X509 CRL", params.signed_by(issuer).expect("revocation list").der())
    }

    /// This authority's own certificate.
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.0.certificate)
    }

    /// This authority's own certificate.
    pub fn der(&self) -> CertificateDer<'static> {
        self.0.certificate.clone()
    }

    /// This authority's private key, PKCS#8.
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", self.key().serialized_der())
    }
}

fn authority_params(
    name: &str,
    change: impl FnOnce(&mut CertificateParams),
) -> (CertificateParams, KeyPair) {
    let mut params = base_params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    change(&mut params);
    (params, KeyKind::EcdsaP256.generate())
}

fn base_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = now() - Duration::DAY;
    params.not_after = now() + 30 * Duration::DAY;
    params
}

/// Whole seconds, as a certificate has no finer ones.
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc().replace_nanosecond(0).expect("zero is a valid nanosecond")
}

/// A self-signed server certificate that says CA:FALSE. See [`Leaf::ca_true`] for the other kind.
pub fn self_signed(name: &str) -> Leaf {
    let mut leaf = Leaf::new(None, name, ExtendedKeyUsagePurpose::ServerAuth).name(name);
    leaf.params.is_ca = IsCa::ExplicitNoCa;
    leaf
}

/// A self-signed certificate that says CA:TRUE and is used as a server's own.
pub fn self_signed_ca(name: &str) -> Leaf {
    self_signed(name).ca_true()
}

/// The builder of an end-entity certificate; [`Leaf::issue`] makes it.
#[must_use]
pub struct Leaf {
    authority: Option<Authority>,
    params: CertificateParams,
    kind: KeyKind,
    raw_subject: Option<Vec<u8>>,
}

impl Leaf {
    fn new(authority: Option<Authority>, name: &str, usage: ExtendedKeyUsagePurpose) -> Self {
        let mut params = base_params(name);
        params.use_authority_key_identifier_extension = authority.is_some();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        Self { authority, params, kind: KeyKind::EcdsaP256, raw_subject: None }
    }

    fn name(self, name: &str) -> Self {
        match name.parse() {
            Ok(ip) => self.ip(ip),
            Err(_) => self.dns(name),
        }
    }

    /// Adds a dNSName, which may be a wildcard.
    pub fn dns(mut self, name: &str) -> Self {
        let name = name.try_into().expect("a dNSName is ASCII");
        self.params.subject_alt_names.push(SanType::DnsName(name));
        self
    }

    /// Adds an iPAddress.
    pub fn ip(mut self, address: IpAddr) -> Self {
        self.params.subject_alt_names.push(SanType::IpAddress(address));
        self
    }

    /// Adds a URI name, such as TiDB's `REQUIRE SAN 'URI:...'` checks.
    pub fn uri(mut self, uri: &str) -> Self {
        let uri = uri.try_into().expect("a URI is ASCII");
        self.params.subject_alt_names.push(SanType::URI(uri));
        self
    }

    /// Drops every subject alternative name that was set so far.
    pub fn no_san(mut self) -> Self {
        self.params.subject_alt_names.clear();
        self
    }

    /// Replaces the common name; the subject alternative names stay.
    pub fn common_name(self, text: &str) -> Self {
        self.subject(DnType::CommonName, text)
    }

    pub fn organization(self, text: &str) -> Self {
        self.subject(DnType::OrganizationName, text)
    }

    pub fn organizational_unit(self, text: &str) -> Self {
        self.subject(DnType::OrganizationalUnitName, text)
    }

    pub fn country(self, text: &str) -> Self {
        self.subject(DnType::CountryName, text)
    }

    /// Sets one attribute of the subject.
    pub fn subject(mut self, kind: DnType, text: &str) -> Self {
        self.params.distinguished_name.push(kind, text);
        self
    }

    /// Replaces the whole subject by one of these sets of attributes, as they stand.
    pub fn raw_subject(mut self, sets: &[&[Attribute<'_>]]) -> Self {
        self.raw_subject = Some(name(sets));
        self
    }

    pub fn serial(mut self, number: u64) -> Self {
        self.params.serial_number = Some(number.into());
        self
    }

    pub fn not_before(mut self, at: SystemTime) -> Self {
        self.params.not_before = at.into();
        self
    }

    pub fn not_after(mut self, at: SystemTime) -> Self {
        self.params.not_after = at.into();
        self
    }

    /// Valid until yesterday.
    pub fn expired(mut self) -> Self {
        self.params.not_before = now() - 30 * Duration::DAY;
        self.params.not_after = now() - Duration::DAY;
        self
    }

    /// Valid from tomorrow.
    pub fn not_yet_valid(mut self) -> Self {
        self.params.not_before = now() + Duration::DAY;
        self.params.not_after = now() + 30 * Duration::DAY;
        self
    }

    pub fn key(mut self, kind: KeyKind) -> Self {
        self.kind = kind;
        self
    }

    /// Says CA:TRUE and `keyCertSign`, as many self-made server certificates do.
    pub fn ca_true(mut self) -> Self {
        self.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        self.params.key_usages.push(KeyUsagePurpose::KeyCertSign);
        self
    }

    /// Replaces the extended key usages; an empty list leaves the extension out.
    pub fn usages(mut self, usages: &[ExtendedKeyUsagePurpose]) -> Self {
        self.params.extended_key_usages = usages.to_vec();
        self
    }

    /// Anything rcgen can say that has no setter here.
    pub fn with(mut self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        change(&mut self.params);
        self
    }

    pub fn issue(self) -> Issued {
        let key = self.kind.generate();
        let (certificate, signer, above) = match &self.authority {
            Some(authority) => (
                self.params.signed_by(&key, &*authority.0.issuer),
                authority.0.issuer.key(),
                authority.0.intermediates.as_slice(),
            ),
            None => (self.params.self_signed(&key), &key, [].as_slice()),
        };
        let mut certificate = certificate.expect("certificate").der().clone();
        if let Some(subject) = &self.raw_subject {
            certificate = replace_subject(&certificate, subject, signer);
        }
        let mut chain = vec![certificate];
        chain.extend_from_slice(above);
        Issued { chain, key: key.serialize_der(), kind: Some(self.kind) }
    }
}
