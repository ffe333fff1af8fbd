//! Facts of a client certificate, and the clauses of REQUIRE that stand for it.

mod files;
mod subjects;

use std::time::{Duration, SystemTime};

use mysql_tls::{ClientIdentity, Product, Result};
use rcgen::SanType;

use crate::kit::*;
use crate::support::*;

const CLAUSE: &str = "config.clause";

const PRODUCTS: [Product; 3] = [Product::TiDB, Product::MySQL, Product::MariaDB];

/// The certificate with these alternative names.
fn with_names(names: &[SanType]) -> ClientIdentity {
    let leaf = ca().client("app").with(|params| params.subject_alt_names = names.to_vec());
    ClientIdentity::from_pem(leaf.issue().cert_pem()).unwrap()
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

fn uri(name: &str) -> SanType {
    SanType::URI(name.try_into().unwrap())
}

#[test]
fn facts_of_a_certificate() {
    let until = SystemTime::now() + Duration::from_secs(3 * 24 * 60 * 60 + 60);
    let middle = ca().intermediate("Middle CA");
    let issued = middle.client("app").organization("Shop").dns("app.test").serial(0x1f2e);
    let issued = issued.ip([10, 0, 0, 7].into()).not_after(until).issue();
    let dir = TestDir::new();
    let files = issued.write_to(&dir, "client");
    for identity in [
        ClientIdentity::from_pem(issued.chain_pem()).unwrap(),
        ClientIdentity::from_pem(issued.key_pem() + &issued.cert_pem()).unwrap(),
        ClientIdentity::from_pem_file(&files.cert).unwrap(),
        ClientIdentity::from_pem_file(&files.both).unwrap(),
    ] {
        assert_eq!(identity.subject(), "CN=app, O=Shop");
        assert_eq!(identity.issuer(), "CN=Middle CA");
        assert_eq!(identity.common_names(), ["app"]);
        assert_eq!(identity.subject_alt_names(), ["DNS:app.test", "IP:10.0.0.7"]);
        assert_eq!(identity.serial(), "1f2e");
        assert!(identity.not_before() < SystemTime::now());
        assert!(identity.not_after() > SystemTime::now() && identity.not_after() <= until);
        assert_eq!(identity.days_left(), 3);
        assert_ne!(*identity.sha256(), [0; 32]);
        let shown = format!("{identity:?}");
        assert!(shown.starts_with("ClientIdentity { subject: \"CN=app, O=Shop\""), "{shown}");
    }
    let expired = ca().client("app").expired().issue().cert_pem();
    assert_eq!(ClientIdentity::from_pem(expired).unwrap().days_left(), -2);
}

#[cfg(feature = "serde")]
#[test]
fn a_program_reads_it() {
    let identity = ClientIdentity::from_pem(ca().client("app").issue().cert_pem()).unwrap();
    let json = serde_json::to_value(&identity).unwrap();
    assert_eq!((&json["subject"], &json["days_left"]), (&"CN=app".into(), &29.into()));
}

#[test]
fn what_holds_no_certificate() {
    let dir = TestDir::new();
    let issued = ca().client("app").issue();
    let key = dir.write("key.pem", issued.key_pem());
    let junk = dir.write("junk.pem", pem("CERTIFICATE", b"junk"));
    let missing = dir.path().join("missing.pem");
    let none = "config.no-certificate";
    for (error, code, fragment) in [
        (ClientIdentity::from_pem("").unwrap_err(), none, "the given PEM text"),
        (ClientIdentity::from_pem(issued.key_pem()).unwrap_err(), none, "no CERTIFICATE block"),
        (ClientIdentity::from_pem_file(&key).unwrap_err(), none, "key.pem"),
        (ClientIdentity::from_pem_file(&junk).unwrap_err(), none, "junk.pem"),
        (ClientIdentity::from_pem_file(&missing).unwrap_err(), "config.file-missing", "missing"),
        (ClientIdentity::from_pem_file(dir.path()).unwrap_err(), "config.file-kind", "regular"),
    ] {
        assert_says(&error, code, &["ssl-cert", fragment]);
    }
    // A certificate in a path's place is taken for what it is.
    assert_eq!(ClientIdentity::from_pem_file(issued.cert_pem()).unwrap().subject(), "CN=app");
}

/// What must come of a clause: its text, or a part of the refusal.
type Expected = Result<&'static str, &'static str>;

#[track_caller]
fn assert_clause(found: Result<String>, expected: Expected, what: &str) {
    match (found, expected) {
        (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{what}"),
        (Err(error), Err(fragment)) => assert_says(&error, CLAUSE, &["ssl-cert", fragment]),
        (found, expected) => panic!("{what}: {found:?} is not {expected:?}"),
    }
}

#[test]
fn issuers() {
    use rcgen::DnType;
    let named = |common_name: &str| {
        Authority::with(common_name, |params| {
            params.distinguished_name.push(DnType::OrganizationName, "Zürich Shop");
        })
    };
    let good = named("Shop CA").intermediate("Branch CA").client("app").issue().cert_pem();
    let direct = named("Shop CA").client("app").issue().cert_pem();
    let bad = named("Shop CA/O=Other").client("app").issue().cert_pem();
    let of = |pem: &str| ClientIdentity::from_pem(pem).unwrap();
    for product in PRODUCTS {
        // The CA that signed it, not the one above.
        assert_eq!(of(&good).issuer_clause(product).unwrap(), "ISSUER '/CN=Branch CA'");
        let expected = match product {
            Product::TiDB => "ISSUER '/CN=Shop CA/O=Zürich Shop'",
            _ => r"ISSUER '/CN=Shop CA/O=Z\\xC3\\xBCrich Shop'",
        };
        assert_eq!(of(&direct).issuer_clause(product).unwrap(), expected);
        let error = failure(of(&bad).issuer_clause(product), product.as_str());
        assert_says(&error, CLAUSE, &["ISSUER", "\"Shop CA/O=Other\" of CN"]);
        // The other name does not matter.
        assert_eq!(of(&bad).subject_clause(product).unwrap(), "SUBJECT '/CN=app'");
    }
}

#[test]
fn alternative_names() {
    let mapped = "::ffff:10.0.0.9".parse().unwrap();
    let six = "2001:db8:0:0:1:0:0:1".parse().unwrap();
    let cases: [(&[SanType], Expected); 15] = [
        (
            &[dns("app.example.com"), uri("spiffe://example.org/app")],
            Ok("SAN 'DNS:app.example.com,URI:spiffe://example.org/app'"),
        ),
        (
            &[SanType::IpAddress([10, 0, 0, 7].into()), dns("b"), dns("*.A.test")],
            Ok("SAN 'IP:10.0.0.7,DNS:b,DNS:*.A.test'"),
        ),
        (&[SanType::IpAddress(six)], Ok("SAN 'IP:2001:db8::1:0:0:1'")),
        (&[SanType::IpAddress(mapped)], Ok("SAN 'IP:10.0.0.9'")),
        (&[], Err("it has no alternative names")),
        (
            &[dns("a"), SanType::Rfc822Name("app@example.com".try_into().unwrap())],
            Err("does not know the kind"),
        ),
        (&[dns("a,DNS:b")], Err("\",\" in the alternative name \"a,DNS:b\" separates")),
        (&[uri("urn:a,b")], Err("separates names")),
        (&[dns(" a")], Err("\" \" in the alternative name \" a\" may be cut off")),
        (&[dns("a\t")], Err("U+0009 in the alternative name")),
        (&[dns("a'b")], Err("could end the quoted text")),
        (&[uri("urn:a\\b")], Err("could end the quoted text")),
        (&[dns("")], Err("is empty")),
        (&[uri("SPIFFE://example.org/app")], Err("may write the URI \"SPIFFE:")),
        (&[uri("https://example.org/%41")], Err("may write the URI")),
    ];
    for (names, expected) in cases {
        let identity = with_names(names);
        let what = format!("{names:?}");
        assert_clause(identity.san_clause(Product::TiDB), expected, &what);
        for product in [Product::MySQL, Product::MariaDB] {
            let error = failure(identity.san_clause(product), &what);
            assert_says(&error, CLAUSE, &[product.as_str(), "only TiDB has SAN in REQUIRE"]);
        }
    }
}
