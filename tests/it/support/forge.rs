//! Certificates and revocation lists as nobody should make them: taken apart, changed, signed anew.

use rcgen::{CertificateParams, KeyPair, SigningKey};
use rustls::pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};

use super::certs::Authority;
use super::pem::{der, pem, take};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// `[0] EXPLICIT`: a certificate's version, a revocation list's extensions.
const EXPLICIT_0: u8 = 0xa0;
/// `[3] EXPLICIT`: a certificate's extensions.
const EXPLICIT_3: u8 = 0xa3;

/// The contents of object identifiers.
pub mod oid {
    pub const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
    pub const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x0e];
    pub const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
    pub const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
    pub const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
    pub const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 0x20];
    pub const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 0x14];
    pub const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x23];
    /// 2.16.840.1.113730.1.1, which says what a certificate is for, as of 1996.
    pub const NS_CERT_TYPE: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x01];
    /// 1.3.6.1.4.1.99999.1, which nobody knows.
    pub const UNKNOWN: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x86, 0x8d, 0x1f, 0x01];
}

/// The parts of a certificate that is to be signed. Those that are bytes are whole DER elements.
#[derive(Clone)]
pub struct Pieces {
    /// What the version field says: 2 is X.509 v3. Without the field it is v1.
    pub version: Option<u8>,
    pub serial: Vec<u8>,
    /// As it stands in the certificate; signing anew replaces it.
    algorithm: Vec<u8>,
    pub issuer: Vec<u8>,
    pub validity: Vec<u8>,
    pub subject: Vec<u8>,
    pub public_key: Vec<u8>,
    pub extensions: Vec<Vec<u8>>,
}

impl Pieces {
    pub fn of(certificate: &[u8]) -> Self {
        let mut certificate = certificate;
        let mut whole = take(&mut certificate, SEQUENCE);
        let rest = &mut take(&mut whole, SEQUENCE);
        let version = (rest[0] == EXPLICIT_0).then(|| {
            let mut field = take(rest, EXPLICIT_0);
            take(&mut field, INTEGER)[0]
        });
        let mut pieces = Self {
            version,
            serial: element(rest),
            algorithm: element(rest),
            issuer: element(rest),
            validity: element(rest),
            subject: element(rest),
            public_key: element(rest),
            extensions: Vec::new(),
        };
        if !rest.is_empty() {
            let mut field = take(rest, EXPLICIT_3);
            pieces.extensions = elements(take(&mut field, SEQUENCE));
        }
        pieces
    }

    pub(super) fn changed(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// An X.509 v1 certificate, which has no extensions.
    pub fn v1(&mut self) {
        self.version = None;
        self.extensions.clear();
    }

    /// Another serial number: a renewed certificate.
    pub fn serial(&mut self, number: u8) {
        self.serial = der(INTEGER, &[number & 0x7f]);
    }

    /// One of the extensions, with its identifier.
    pub fn find(&self, extension: &[u8]) -> Option<&Vec<u8>> {
        self.extensions.iter().find(|known| extension_id(known) == extension)
    }

    /// Takes an extension out.
    pub fn without(&mut self, extension: &[u8]) {
        self.extensions.retain(|known| extension_id(known) != extension);
    }

    /// Adds an extension, in place of what was there of its kind.
    pub fn extension(&mut self, id: &[u8], critical: bool, value: &[u8]) {
        self.without(id);
        self.one_more_extension(id, critical, value);
    }

    /// Adds an extension, whatever is there.
    pub fn one_more_extension(&mut self, id: &[u8], critical: bool, value: &[u8]) {
        self.extensions.push(extension(id, critical, value));
    }

    /// The Netscape certificate type with these bits: 0x80 client, 0x40 server, 0x04 CA of servers.
    pub fn ns_cert_type(&mut self, bits: u8) {
        let unused = bits.trailing_zeros() as u8;
        self.extension(oid::NS_CERT_TYPE, false, &der(BIT_STRING, &[unused, bits]));
    }

    /// A subject of these common names, and nothing else.
    pub fn common_names(&mut self, names: &[&str]) {
        let names = names.iter().flat_map(|name| {
            let mut attribute = der(OBJECT_IDENTIFIER, oid::COMMON_NAME);
            attribute.extend(der(UTF8_STRING, name.as_bytes()));
            der(SET, &der(SEQUENCE, &attribute))
        });
        self.subject = der(SEQUENCE, &names.collect::<Vec<_>>());
    }

    /// Whether the issuer's name is the subject's.
    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// The part that the issuer signs.
    fn to_be_signed(&self) -> Vec<u8> {
        let mut content = match self.version {
            Some(version) => der(EXPLICIT_0, &der(INTEGER, &[version])),
            None => Vec::new(),
        };
        for field in [&self.serial, &self.algorithm, &self.issuer, &self.validity, &self.subject] {
            content.extend(field);
        }
        content.extend(&self.public_key);
        if !self.extensions.is_empty() {
            content.extend(der(EXPLICIT_3, &der(SEQUENCE, &self.extensions.concat())));
        }
        der(SEQUENCE, &content)
    }

    /// As this authority would issue it, whose name it bears as it is now.
    pub fn signed_by(self, authority: &Authority) -> CertificateDer<'static> {
        self.signed_with(authority.key())
    }

    /// As the holder of this key would issue it.
    pub fn signed_with(mut self, key: &KeyPair) -> CertificateDer<'static> {
        self.algorithm = algorithm_of(key);
        sealed(&self.to_be_signed(), key).into()
    }

    /// With the signature that another certificate has.
    pub fn with_signature_of(&self, other: &[u8]) -> CertificateDer<'static> {
        let mut other = other;
        let mut rest = take(&mut other, SEQUENCE);
        take(&mut rest, SEQUENCE);
        der(SEQUENCE, &[&self.to_be_signed(), rest].concat()).into()
    }
}

/// A certificate revocation list. Current, v2 and empty unless a setter says otherwise.
#[derive(Clone)]
#[must_use]
pub struct Crl {
    issuer: Authority,
    signer: Authority,
    version: Option<u8>,
    this_update: OffsetDateTime,
    next_update: Option<OffsetDateTime>,
    revoked: Vec<Vec<u8>>,
    extensions: Vec<Vec<u8>>,
}

impl Authority {
    /// A list of certificates of this authority.
    pub fn crl(&self) -> Crl {
        let now = OffsetDateTime::now_utc();
        let mut extensions = vec![extension(oid::CRL_NUMBER, false, &der(INTEGER, &[1]))];
        if let Some(id) = Pieces::of(&self.der()).find(oid::SUBJECT_KEY_IDENTIFIER) {
            // The key's identifier is the end of the extension; it stands here with another tag.
            let id = der(SEQUENCE, &der(0x80, &id[id.len() - 20..]));
            extensions.push(extension(oid::AUTHORITY_KEY_IDENTIFIER, false, &id));
        }
        Crl {
            issuer: self.clone(),
            signer: self.clone(),
            version: Some(1),
            this_update: now - Duration::DAY,
            next_update: Some(now + 30 * Duration::DAY),
            revoked: Vec::new(),
            extensions,
        }
    }
}

impl Crl {
    pub fn revoke(mut self, certificate: &[u8]) -> Self {
        self.revoked.push(Pieces::of(certificate).serial);
        self
    }

    /// The next one was due yesterday.
    pub fn expired(mut self) -> Self {
        self.this_update -= 30 * Duration::DAY;
        self.next_update = Some(OffsetDateTime::now_utc() - Duration::DAY);
        self
    }

    /// Issued nine days before the others, and as current.
    pub fn older(mut self) -> Self {
        self.this_update -= 9 * Duration::DAY;
        self
    }

    /// Issued tomorrow.
    pub fn not_yet_valid(mut self) -> Self {
        self.this_update += 2 * Duration::DAY;
        self
    }

    /// Does not say when the next one is due.
    pub fn without_next_update(mut self) -> Self {
        self.next_update = None;
        self
    }

    /// A v1 list, which has no extensions.
    pub fn v1(mut self) -> Self {
        self.version = None;
        self.extensions.clear();
        self
    }

    pub fn extension(mut self, id: &[u8], critical: bool, value: &[u8]) -> Self {
        self.extensions.push(extension(id, critical, value));
        self
    }

    /// Signed by another than it says.
    pub fn signed_by(mut self, other: &Authority) -> Self {
        self.signer = other.clone();
        self
    }

    pub fn pem(&self) -> String {
        let key = self.signer.key();
        let mut content = match self.version {
            Some(version) => der(INTEGER, &[version]),
            None => Vec::new(),
        };
        content.extend(algorithm_of(key));
        content.extend(Pieces::of(&self.issuer.der()).subject);
        content.extend(utc_time(self.this_update));
        content.extend(self.next_update.map(utc_time).unwrap_or_default());
        if !self.revoked.is_empty() {
            let entry = |serial: &Vec<u8>| {
                der(SEQUENCE, &[serial.as_slice(), &utc_time(self.this_update)].concat())
            };
            content.extend(der(SEQUENCE, &self.revoked.iter().flat_map(entry).collect::<Vec<_>>()));
        }
        if !self.extensions.is_empty() {
            content.extend(der(EXPLICIT_0, &der(SEQUENCE, &self.extensions.concat())));
        }
        pem("X509 CRL", &sealed(&der(SEQUENCE, &content), key))
    }
}

/// What is to be signed, the algorithm and the signature.
fn sealed(to_be_signed: &[u8], key: &KeyPair) -> Vec<u8> {
    let signature = key.sign(to_be_signed).expect("a signature");
    let signature = der(BIT_STRING, &[&[0], signature.as_slice()].concat());
    der(SEQUENCE, &[to_be_signed, &algorithm_of(key), &signature].concat())
}

/// The identifier of what the key signs with, read from a certificate that rcgen makes with it.
fn algorithm_of(key: &KeyPair) -> Vec<u8> {
    let sample = CertificateParams::default().self_signed(key).expect("a certificate");
    Pieces::of(sample.der()).algorithm
}

fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    const BOOLEAN_TRUE: [u8; 3] = [0x01, 0x01, 0xff];
    let mut content = der(OBJECT_IDENTIFIER, id);
    if critical {
        content.extend(BOOLEAN_TRUE);
    }
    content.extend(der(OCTET_STRING, value));
    der(SEQUENCE, &content)
}

fn extension_id(mut extension: &[u8]) -> &[u8] {
    let mut content = take(&mut extension, SEQUENCE);
    take(&mut content, OBJECT_IDENTIFIER)
}

/// The next element, whatever it is.
fn element(input: &mut &[u8]) -> Vec<u8> {
    let start = *input;
    take(input, start[0]);
    start[..start.len() - input.len()].to_vec()
}

fn elements(mut input: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while !input.is_empty() {
        all.push(element(&mut input));
    }
    all
}

fn utc_time(at: OffsetDateTime) -> Vec<u8> {
    const UTC_TIME: u8 = 0x17;
    let (year, month) = (at.year() % 100, u8::from(at.month()));
    let (day, hour, minute, second) = (at.day(), at.hour(), at.minute(), at.second());
    let text = format!("{year:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    der(UTC_TIME, text.as_bytes())
}
