//! Facts of a client certificate, and the clauses of REQUIRE that stand for it.

use std::time::{Duration, SystemTime};

use mysql_tls::{ClientIdentity, Product, Result};
use rcgen::SanType;

use crate::kit::*;
use crate::support::*;

const C: &str = "2.5.4.6";
const ST: &str = "2.5.4.8";
const L: &str = "2.5.4.7";
const O: &str = "2.5.4.10";
const OU: &str = "2.5.4.11";
const CN: &str = "2.5.4.3";
const EMAIL: &str = "1.2.840.113549.1.9.1";
const DC: &str = "0.9.2342.19200300.100.1.25";

const CLAUSE: &str = "config.clause";

const PRODUCTS: [Product; 3] = [Product::TiDB, Product::MySQL, Product::MariaDB];

/// The certificate with this subject.
fn with_subject(sets: &[&[Attribute<'_>]]) -> ClientIdentity {
    ClientIdentity::from_pem(ca().client("app").raw_subject(sets).issue().cert_pem()).unwrap()
}

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

/// A subject, its clause on TiDB, and that on MySQL and MariaDB.
type Case<'a> = (&'a [&'a [Attribute<'a>]], Expected, Expected);

fn check(cases: &[Case<'_>]) {
    for (sets, tidb, openssl) in cases {
        let identity = with_subject(sets);
        for product in PRODUCTS {
            let expected = if product == Product::TiDB { tidb } else { openssl };
            let what = format!("{} on {}", identity.subject(), product.as_str());
            assert_clause(identity.subject_clause(product), *expected, &what);
        }
    }
}

#[test]
fn subjects_as_the_servers_write_them() {
    let both = |text: &'static str| (Ok(text), Ok(text));
    fn case<'a>(
        sets: &'a [&'a [Attribute<'a>]],
        (tidb, openssl): (Expected, Expected),
    ) -> Case<'a> {
        (sets, tidb, openssl)
    }
    check(&[
        case(&[&[(CN, UTF8, b"app")]], both("SUBJECT '/CN=app'")),
        // The certificate's order, whatever it is.
        case(
            &[&[(CN, UTF8, b"app")], &[(O, UTF8, b"Shop")], &[(C, PRINTABLE, b"DE")]],
            both("SUBJECT '/CN=app/O=Shop/C=DE'"),
        ),
        case(
            &[
                &[(C, PRINTABLE, b"SE")],
                &[(ST, UTF8, b"Stockholm2")],
                &[(L, UTF8, b"Stockholm")],
                &[(O, UTF8, b"MySQL demo, client (certificate)")],
                &[(OU, UTF8, b"testUnit")],
                &[(CN, UTF8, b"client")],
                &[(EMAIL, IA5, b"client@example.com")],
            ],
            both(
                "SUBJECT '/C=SE/ST=Stockholm2/L=Stockholm/O=MySQL demo, client (certificate)\
                 /OU=testUnit/CN=client/emailAddress=client@example.com'",
            ),
        ),
        // An attribute twice, several in one set, an empty one, spaces.
        case(
            &[&[(OU, UTF8, b"b"), (OU, UTF8, b"a")], &[(O, UTF8, b"")], &[(CN, UTF8, b" a  b ")]],
            (Ok("SUBJECT '/OU=b/OU=a/O=/CN= a  b '"), Ok("SUBJECT '/OU=b+OU=a/O=/CN= a  b '")),
        ),
        case(&[&[(CN, UTF8, br#"%_"`;--?:a#$!*"#)]], both("SUBJECT '/CN=%_\"`;--?:a#$!*'")),
        case(
            &[&[(EMAIL, IA5, b"app+1@example.com")]],
            (
                Ok("SUBJECT '/emailAddress=app+1@example.com'"),
                Ok(r"SUBJECT '/emailAddress=app\\+1@example.com'"),
            ),
        ),
        // Each by its own name.
        case(
            &[
                &[("2.5.4.5", PRINTABLE, b"7")],
                &[("2.5.4.9", UTF8, b"Main Street 1")],
                &[("2.5.4.17", NUMERIC, b"12345")],
            ],
            (
                Ok("SUBJECT '/SERIALNUMBER=7/STREET=Main Street 1/POSTALCODE=12345'"),
                Ok("SUBJECT '/serialNumber=7/street=Main Street 1/postalCode=12345'"),
            ),
        ),
        // Beyond ASCII.
        case(
            &[&[(CN, UTF8, "Zürich 東京".as_bytes())]],
            (
                Ok("SUBJECT '/CN=Zürich 東京'"),
                Ok(r"SUBJECT '/CN=Z\\xC3\\xBCrich \\xE6\\x9D\\xB1\\xE4\\xBA\\xAC'"),
            ),
        ),
        case(
            &[&[(CN, BMP, b"\0Z\0\xfc")]],
            (Ok("SUBJECT '/CN=Zü'"), Ok(r"SUBJECT '/CN=\\x00Z\\x00\\xFC'")),
        ),
        case(&[&[(CN, T61, b"Z\xfc")]], (Err("TeletexString"), Ok(r"SUBJECT '/CN=Z\\xFC'"))),
        case(&[&[(CN, T61, b"plain")]], both("SUBJECT '/CN=plain'")),
    ]);
}

#[test]
fn attributes_that_a_server_has_no_name_for() {
    check(&[
        (
            &[&[(DC, IA5, b"com")], &[(DC, IA5, b"example")], &[(CN, UTF8, b"app")]],
            Err("skips the attribute DC"),
            Ok("SUBJECT '/DC=com/DC=example/CN=app'"),
        ),
        (
            &[
                &[("2.5.4.4", UTF8, b"a")],
                &[("2.5.4.42", UTF8, b"b")],
                &[("2.5.4.12", UTF8, b"c")],
                &[("2.5.4.46", PRINTABLE, b"d")],
                &[("2.5.4.97", UTF8, b"e")],
                &[("0.9.2342.19200300.100.1.1", UTF8, b"f")],
                &[("1.3.6.1.4.1.311.60.2.1.3", PRINTABLE, b"DE")],
            ],
            Err("skips the attribute SN"),
            Ok("SUBJECT '/SN=a/GN=b/title=c/dnQualifier=d/organizationIdentifier=e/UID=f\
                /jurisdictionC=DE'"),
        ),
        (
            &[&[(CN, UTF8, b"app")], &[("1.3.6.1.4.1.99999.4294967297", UTF8, b"x")]],
            Err("skips the attribute 1.3.6.1.4.1.99999.4294967297"),
            Ok("SUBJECT '/CN=app/1.3.6.1.4.1.99999.4294967297=x'"),
        ),
        (
            &[&[(CN, UTF8, b"app")], &[("2.5.4.98", PRINTABLE, b"DEU")]],
            Err("skips the attribute 2.5.4.98"),
            Err("how the server writes the attribute 2.5.4.98"),
        ),
        (
            &[&[(
                "1.2.3.123456789012.123456789012.123456789012.123456789012.123456789012.123456789012",
                UTF8,
                b"x",
            )]],
            Err("skips the attribute 1.2.3.123456789012"),
            Err("it is not known how the server writes"),
        ),
        (
            &[&[("2.999.1", UTF8, b"x")]],
            Err("skips the attribute"),
            Err("it is not known how the server writes"),
        ),
        (
            &[&[("2.39.1", UTF8, b"x")]],
            Err("skips the attribute 2.39.1"),
            Ok("SUBJECT '/2.39.1=x'"),
        ),
        (&[], Err("the name is empty"), Err("the name is empty")),
    ]);
}

#[test]
fn subjects_that_imitate_others_or_leave_their_quotes() {
    let other = "reads as the start of another attribute";
    let quotes = "could end the quoted text";
    let control = "is a control character or an invisible one";
    let cases: [(&'static [u8], &str, &str); 14] = [
        (b"a/O=b", "\"/\" in the value \"a/O=b\" of CN", other),
        (b"a=b", "\"=\" in the value \"a=b\" of CN", other),
        (b"x' ; GRANT ALL ON *.* TO 'y", "\"'\" in the value", quotes),
        (b"x\\", "\"\\\" in the value", quotes),
        (b"x\\x00", "\"\\\" in the value", quotes),
        (b"a\0b", "U+0000 in the value \"a\\u{0}b\"", control),
        (b"a\nb", "U+000A in the value \"a\\u{a}b\"", control),
        (b"a\x1b[2Jb", "U+001B", control),
        (b"a\x7fb", "U+007F", control),
        ("a\u{85}b".as_bytes(), "U+0085", control),
        ("a\u{202e}b".as_bytes(), "U+202E in the value \"a\\u{202e}b\"", control),
        ("a\u{200b}b".as_bytes(), "U+200B", control),
        ("a\u{feff}b".as_bytes(), "U+FEFF", control),
        ("a\u{ad}b".as_bytes(), "U+00AD", control),
    ];
    for (value, fragment, reason) in cases {
        let identity = with_subject(&[&[(O, UTF8, b"Shop")], &[(CN, UTF8, value)]]);
        for product in PRODUCTS {
            let error = failure(identity.subject_clause(product), fragment);
            assert_says(&error, CLAUSE, &["SUBJECT", product.as_str(), fragment, reason]);
        }
    }
    check(&[
        // Two characters whose bytes are "/=".
        (
            &[&[(CN, BMP, b"\x2f\x3d")]],
            Ok("SUBJECT '/CN=\u{2f3d}'"),
            Err("\"/\" in the value \"\u{2f3d}\" of CN is how the server shows a part of a letter"),
        ),
        (&[&[(CN, BMP, b"\0a\0/\0b")]], Err(other), Err(other)),
        (&[&[(CN, BMP, b"\xd8\x3d\xde\0")]], Err("not text"), Err("not text")),
        (&[&[(CN, BMP, b"\0aa")]], Err("not text"), Err("not text")),
        (&[&[(CN, UTF8, b"\xff")]], Err("not text"), Err("not text")),
        (&[&[(CN, PRINTABLE, b"\xfc")]], Err("not text"), Err("not text")),
        (&[&[(CN, UNIVERSAL, b"\0\0\0a")]], Err("not text"), Err("not text")),
        // A BIT STRING.
        (&[&[(CN, 0x03, b"\0a")]], Err("not text"), Err("not text")),
    ]);
    // Long values are exact, though people are shown a part.
    let long = "x".repeat(3000);
    let leaf = ca().client(&long).issue().cert_pem();
    let identity = ClientIdentity::from_pem(leaf).unwrap();
    assert!(identity.subject().len() < 600);
    for product in PRODUCTS {
        assert_eq!(identity.subject_clause(product).unwrap(), format!("SUBJECT '/CN={long}'"));
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
            assert_says(&error, CLAUSE, &[product.as_str(), "only TiDB has this clause"]);
        }
    }
}
