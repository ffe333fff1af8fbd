//! Certificates that cannot be read in full, or say what nobody expects.

use super::{Case, HOST, INVALID, LOCALHOST, NAME, OK, PURPOSE, UNKNOWN};
use crate::support::*;

/// What stands for a value in which nothing is as it should be.
const JUNK: &[u8] = &[0x05, 0x00];
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

pub(super) fn table() -> Vec<Case> {
    let root = Authority::new("Root");
    [
        alternative_names(&root),
        subjects(&root),
        usages(&root),
        key_identifiers(&root),
        serials(&root),
        proxies(&root),
        others(&root),
        intermediates(&root),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn leaf(root: &Authority) -> Issued {
    root.server(LOCALHOST).issue()
}

/// A leaf of the root with this extension, which is not critical.
fn with(root: &Authority, id: &[u8], value: &[u8]) -> Issued {
    leaf(root).reissued_by(root, |pieces| pieces.extension(id, false, value))
}

/// The CN is the host in all of them.
fn alternative_names(root: &Authority) -> Vec<Case> {
    const DNS: u8 = 0x82;
    const URI: u8 = 0x86;
    let named = |value: &[u8]| with(root, oid::SUBJECT_ALT_NAME, value);
    let one = |tag, name: &[u8]| named(&der(SEQUENCE, &der(tag, name)));
    let case = |name, shown: &Issued, verdict| Case::new(name, shown, &root.pem(), verdict);
    let latin = one(DNS, b"b\xfcro.example");
    let followed = [der(SEQUENCE, &der(URI, b"http://x")), der(DNS, b"other")].concat();
    let nested = one(0xa2, &der(0x16, b"other"));
    vec![
        case("dNSName in Latin-1, chain alone", &latin, OK),
        case("CN matches, dNSName in Latin-1", &latin, NAME).at(LOCALHOST),
        case("CN matches, dNSName in UTF-8", &one(DNS, "büro".as_bytes()), NAME).at(LOCALHOST),
        case("CN matches, dNSName that is constructed", &nested, INVALID).at(LOCALHOST),
        case("CN matches, bytes after the URI", &named(&followed), INVALID)
            .at(LOCALHOST)
            .differs("OpenSSL passes over what follows the names, and so over what may be one"),
        case("subjectAltName that is none, chain alone", &named(JUNK), INVALID),
        case("CN matches, subjectAltName that is none", &named(JUNK), INVALID).at(LOCALHOST),
        case("CN matches, subjectAltName without a value", &named(&[]), INVALID).at(LOCALHOST),
    ]
}

/// Names that end early for one reader and go on for another.
fn subjects(root: &Authority) -> Vec<Case> {
    const UTF8_STRING: u8 = 0x0c;
    const HIDDEN: &str = "OpenSSL reads lengths that are not definite, which DER has not";
    let attribute = |value: &[u8]| {
        let kind = der(0x06, oid::COMMON_NAME);
        der(SEQUENCE, &[kind, der(UTF8_STRING, value)].concat())
    };
    let set = |value: &[u8]| der(SET, &attribute(value));
    let endless = |tag: u8, content: &[u8]| [&[tag, 0x80], content, &[0, 0]].concat();
    let named = |sets: &[Vec<u8>]| {
        let bare = root.server(LOCALHOST).no_san().issue();
        bare.reissued_by(root, |pieces| pieces.subject = der(SEQUENCE, &sets.concat()))
    };
    let two = |second| named(&[set(LOCALHOST.as_bytes()), second]);
    let case =
        |name, shown: &Issued, verdict| Case::new(name, shown, &root.pem(), verdict).at(LOCALHOST);
    let universal: Vec<u8> = LOCALHOST.bytes().flat_map(|byte| [0, 0, 0, byte]).collect();
    let of_kind = |tag, value| {
        root.server(LOCALHOST).no_san().raw_subject(&[&[(attribute::CN, tag, value)]]).issue()
    };
    vec![
        case("CN before a set without an end", &two(endless(SET, &attribute(b"other"))), INVALID)
            .differs(HIDDEN),
        case(
            "CN before an attribute without an end",
            &two(der(SET, &endless(SEQUENCE, &attribute(b"other")[2..]))),
            INVALID,
        )
        .differs(HIDDEN),
        case(
            "CN in a set without an end",
            &named(&[endless(SET, &attribute(b"localhost"))]),
            INVALID,
        )
        .differs(HIDDEN),
        case("CN before what is no set", &two(der(SEQUENCE, &attribute(b"other"))), INVALID),
        case("CN before an empty set", &two(der(SET, &[])), INVALID)
            .differs("a set has at least one attribute, so that this cannot be read"),
        case("CN before a set of junk", &two(der(SET, JUNK)), INVALID),
        case("CN as VisibleString", &of_kind(0x1a, b"localhost"), NAME),
        case("CN as UniversalString", &of_kind(UNIVERSAL, &universal), NAME)
            .differs("UniversalString, which RFC 5280 warns of, is not read as a host"),
    ]
}

fn usages(root: &Authority) -> Vec<Case> {
    const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
    let case = |name, id: &[u8], value: &[u8], verdict| {
        Case::new(name, &with(root, id, value), &root.pem(), verdict)
    };
    let bits = |unused_and_bits: &[u8]| der(BIT_STRING, unused_and_bits);
    let ns = oid::NS_CERT_TYPE;
    let usage = oid::KEY_USAGE;
    vec![
        case("nsCertType client, of two bytes", ns, &bits(&[0, 0x80, 1]), PURPOSE),
        case("nsCertType without bits", ns, &bits(&[0]), PURPOSE),
        case("nsCertType that is no bit string", ns, &der(OCTET_STRING, &[1]), PURPOSE),
        case("keyUsage without bits", usage, &bits(&[0]), PURPOSE),
        case("keyUsage that is no bit string", usage, &der(OCTET_STRING, &[0x80]), PURPOSE),
        case("keyUsage with bits that are unused", usage, &bits(&[7, 0xff]), PURPOSE)
            .differs("DER has zeros there, so it cannot be read"),
        case("extendedKeyUsage that is none", EXTENDED_KEY_USAGE, JUNK, INVALID),
    ]
}

fn key_identifiers(root: &Authority) -> Vec<Case> {
    let nobody = der(SEQUENCE, &der(0x80, &[1; 20]));
    let own = der(OCTET_STRING, &[1; 20]);
    let twice = |id: &[u8], value: &[u8]| {
        leaf(root).reissued_by(root, |pieces| {
            pieces.one_more_extension(id, false, value);
            pieces.one_more_extension(id, false, value);
        })
    };
    let case = |name, shown: &Issued, verdict| Case::new(name, shown, &root.pem(), verdict);
    let (aki, ski) = (oid::AUTHORITY_KEY_IDENTIFIER, oid::SUBJECT_KEY_IDENTIFIER);
    let anonymous = root.reissued(|pieces| pieces.without(ski));
    vec![
        case("authorityKeyIdentifier twice", &twice(aki, &nobody), INVALID),
        case("authorityKeyIdentifier of nobody", &with(root, aki, &nobody), INVALID),
        case("authorityKeyIdentifier that is none", &with(root, aki, JUNK), PURPOSE),
        case("authorityKeyIdentifier that is empty", &with(root, aki, &der(SEQUENCE, &[])), OK),
        case("subjectKeyIdentifier", &with(root, ski, &own), OK),
        case("subjectKeyIdentifier twice", &twice(ski, &own), PURPOSE),
        case("subjectKeyIdentifier that is none", &with(root, ski, JUNK), PURPOSE),
        Case::new(
            "authorityKeyIdentifier of a root that has none",
            &with(root, aki, &nobody),
            &anonymous.pem(),
            OK,
        ),
    ]
}

/// As v3 and as v1, which are read by other ways.
fn serials(root: &Authority) -> Vec<Case> {
    const INTEGER: u8 = 0x02;
    const ENUMERATED: u8 = 0x0a;
    let rows = [
        (["serial 0", "v1 serial 0"], der(INTEGER, &[0]), OK),
        (["serial -1", "v1 serial -1"], der(INTEGER, &[0xff]), OK),
        (["serial of 64 bytes", "v1 serial of 64 bytes"], der(INTEGER, &[1; 64]), OK),
        (["serial 00 00 01", "v1 serial 00 00 01"], der(INTEGER, &[0, 0, 1]), PURPOSE),
        (["serial FF FF 01", "v1 serial FF FF 01"], der(INTEGER, &[0xff, 0xff, 1]), PURPOSE),
        (["serial without bytes", "v1 serial without bytes"], der(INTEGER, &[]), PURPOSE),
        (["serial ENUMERATED", "v1 serial ENUMERATED"], der(ENUMERATED, &[1]), INVALID),
    ];
    let mut cases = Vec::new();
    for ([as_v3, as_v1], serial, verdict) in rows {
        let v3 = leaf(root).reissued_by(root, |pieces| pieces.serial = serial);
        let v1 = v3.reissued_by(root, Pieces::v1);
        cases.push(Case::new(as_v3, &v3, &root.pem(), verdict));
        cases.push(Case::new(as_v1, &v1, &root.pem(), verdict));
    }
    cases
}

/// Proxy certificates (RFC 3820), which OpenSSL takes only where it is told to.
fn proxies(root: &Authority) -> Vec<Case> {
    const PROXY_CERT_INFO: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x0e];
    const INHERIT_ALL: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x15, 0x01];
    let info = der(SEQUENCE, &der(SEQUENCE, &der(0x06, INHERIT_ALL)));
    let plain = with(root, PROXY_CERT_INFO, &info);
    let bare = plain.reissued_by(root, |pieces| pieces.without(oid::SUBJECT_ALT_NAME));
    let critical = plain.reissued_by(root, |pieces| {
        pieces.extension(PROXY_CERT_INFO, true, &info);
    });
    let middle = root.intermediate("Middle").reissued_by(root, |pieces| {
        pieces.extension(PROXY_CERT_INFO, false, &info);
    });
    let above = root.reissued(|pieces| pieces.extension(PROXY_CERT_INFO, false, &info));
    vec![
        Case::new("proxy certificate", &plain, &root.pem(), PURPOSE),
        Case::new("proxy certificate without subjectAltName", &bare, &root.pem(), PURPOSE),
        Case::new("proxy certificate, critical", &critical, &root.pem(), INVALID),
        Case::new("proxy certificate as intermediate", &leaf(&middle), &root.pem(), UNKNOWN),
        Case::new("proxy certificate as root", &leaf(root), &above.pem(), UNKNOWN),
    ]
}

fn others(root: &Authority) -> Vec<Case> {
    const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];
    const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 0x1f];
    let case = |name, shown: &Issued, verdict| Case::new(name, shown, &root.pem(), verdict);
    let constraints = |value: &[u8]| with(root, oid::BASIC_CONSTRAINTS, value);
    let called = |name| leaf(root).reissued_by(root, |pieces| pieces.common_names(&[name]));
    let nameless = |name| {
        called(name).reissued_by(root, |pieces| pieces.without(oid::AUTHORITY_KEY_IDENTIFIER))
    };
    vec![
        case(
            "leaf with nameConstraints that are none",
            &with(root, NAME_CONSTRAINTS, JUNK),
            INVALID,
        ),
        case(
            "leaf with cRLDistributionPoints that are none",
            &with(root, CRL_DISTRIBUTION_POINTS, JUNK),
            INVALID,
        ),
        case("leaf with basicConstraints that are none", &constraints(JUNK), INVALID),
        case(
            "leaf with a negative pathLen",
            &constraints(&[0x30, 6, 1, 1, 255, 2, 1, 255]),
            INVALID,
        ),
        // Subject and issuer are the same name, so that it would have signed itself.
        case("leaf named as its root", &called("Root"), UNKNOWN),
        case("leaf named as its root, in capitals", &called("ROOT"), UNKNOWN),
        case("leaf named as its root, with spaces", &called("  rOOt "), UNKNOWN),
        case("leaf named as its root, without a key identifier", &nameless("ROOT"), UNKNOWN),
        case("leaf named nearly as its root", &called("Ro ot"), OK),
    ]
}

fn intermediates(root: &Authority) -> Vec<Case> {
    const STEP_UP: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x04, 0x01];
    let nobody = der(SEQUENCE, &der(0x80, &[1; 20]));
    let step_up = der(SEQUENCE, &der(0x06, STEP_UP));
    let case = |name, id: &[u8], value: &[u8], verdict| {
        let middle = root.intermediate("Middle");
        let middle = middle.reissued_by(root, |pieces| pieces.extension(id, false, value));
        Case::new(name, &middle.server(HOST).issue(), &root.pem(), verdict).at(HOST)
    };
    let client = der(BIT_STRING, &[7, 0x80]);
    let tls_ca = der(BIT_STRING, &[2, 4]);
    let aki = oid::AUTHORITY_KEY_IDENTIFIER;
    vec![
        case("intermediate with nsCertType client", oid::NS_CERT_TYPE, &client, OK),
        case("intermediate with nsCertType CA of servers", oid::NS_CERT_TYPE, &tls_ca, OK),
        case("intermediate with step-up", &[0x55, 0x1d, 0x25], &step_up, PURPOSE)
            .differs("of a CA only serverAuth counts"),
        case("intermediate with nsCertType that is none", oid::NS_CERT_TYPE, JUNK, UNKNOWN),
        case("intermediate with authorityKeyIdentifier of nobody", aki, &nobody, INVALID),
        case("intermediate with authorityKeyIdentifier that is none", aki, JUNK, UNKNOWN),
        case("intermediate with nameConstraints that are none", &[0x55, 0x1d, 0x1e], JUNK, INVALID),
        case(
            "intermediate with subjectKeyIdentifier that is none",
            oid::SUBJECT_KEY_IDENTIFIER,
            JUNK,
            UNKNOWN,
        ),
        case("intermediate with subjectAltName that is none", oid::SUBJECT_ALT_NAME, JUNK, INVALID),
        case("intermediate with keyUsage that is none", oid::KEY_USAGE, JUNK, UNKNOWN),
    ]
}
