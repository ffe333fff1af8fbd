//! Subjects that rcgen does not write: any string type, an attribute twice, several in one set.

use rcgen::{KeyPair, SigningKey};
use rustls::pki_types::CertificateDer;

use super::pem::{der, take};

/// The string types of a value.
pub const UTF8: u8 = 0x0c;
pub const NUMERIC: u8 = 0x12;
pub const PRINTABLE: u8 = 0x13;
pub const T61: u8 = 0x14;
pub const IA5: u8 = 0x16;
pub const UNIVERSAL: u8 = 0x1c;
pub const BMP: u8 = 0x1e;

/// The types of attributes.
pub mod attribute {
    pub const CN: &str = "2.5.4.3";
    pub const C: &str = "2.5.4.6";
    pub const L: &str = "2.5.4.7";
    pub const ST: &str = "2.5.4.8";
    pub const O: &str = "2.5.4.10";
    pub const OU: &str = "2.5.4.11";
    pub const EMAIL: &str = "1.2.840.113549.1.9.1";
    pub const DC: &str = "0.9.2342.19200300.100.1.25";
}

/// An attribute of a name: its type as a dotted number, the tag and the bytes of its value.
pub type Attribute<'a> = (&'static str, u8, &'a [u8]);

/// A name of sets of attributes, all of them in the given order.
pub(super) fn name(sets: &[&[Attribute<'_>]]) -> Vec<u8> {
    let attribute = |(oid, tag, value): &Attribute<'_>| {
        der(0x30, &[der(0x06, &oid_content(oid)), der(*tag, value)].concat())
    };
    let set =
        |set: &&[Attribute<'_>]| der(0x31, &set.iter().map(attribute).collect::<Vec<_>>().concat());
    der(0x30, &sets.iter().map(set).collect::<Vec<_>>().concat())
}

fn oid_content(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().expect("an arc")).collect();
    let base128 = |mut arc: u64| {
        let mut digits = vec![(arc & 0x7f) as u8];
        while arc > 0x7f {
            arc >>= 7;
            digits.insert(0, (arc & 0x7f) as u8 | 0x80);
        }
        digits
    };
    let first = base128(arcs[0] * 40 + arcs[1]);
    arcs[2..].iter().fold(first, |content, arc| [content, base128(*arc)].concat())
}

/// `certificate` with another subject, signed anew by `key`.
pub(super) fn replace_subject(
    certificate: &CertificateDer<'_>,
    subject: &[u8],
    key: &KeyPair,
) -> CertificateDer<'static> {
    let mut whole = take(&mut &**certificate, 0x30);
    let mut rest = take(&mut whole, 0x30);
    let mut signed = Vec::new();
    // Version, serial, algorithm, issuer, validity; the subject; what follows.
    for tag in [0xa0, 0x02, 0x30, 0x30, 0x30] {
        signed.extend(der(tag, take(&mut rest, tag)));
    }
    take(&mut rest, 0x30);
    signed.extend_from_slice(subject);
    signed.extend_from_slice(rest);
    let signed = der(0x30, &signed);
    let algorithm = der(0x30, take(&mut whole, 0x30));
    let mut signature = vec![0];
    signature.extend(key.sign(&signed).expect("signature"));
    der(0x30, &[signed, algorithm, der(0x03, &signature)].concat()).into()
}
