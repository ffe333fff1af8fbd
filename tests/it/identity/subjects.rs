//! The subjects that have a clause, and those that have none.

use mysql_tls::{ClientIdentity, Product};

use super::{CLAUSE, Expected, PRODUCTS, assert_clause};
use crate::kit::*;
use crate::support::attribute::{C, CN, DC, EMAIL, L, O, OU, ST};
use crate::support::*;

/// The certificate with this subject.
fn with_subject(sets: &[&[Attribute<'_>]]) -> ClientIdentity {
    ClientIdentity::from_pem(ca().client("app").raw_subject(sets).issue().cert_pem()).unwrap()
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

/// Others could read on where the parser ends: no clause may be made of a part.
#[test]
fn a_name_that_cannot_be_read_to_its_end_has_no_clause() {
    const SEQUENCE: u8 = 0x30;
    const SET: u8 = 0x31;
    let attribute = |kind: u8, value: &[u8]| {
        der(SEQUENCE, &[der(0x06, &[0x55, 0x04, kind]), der(UTF8, value)].concat())
    };
    let admin = attribute(3, b"admin");
    let evil = attribute(10, b"Evil");
    let endless = |tag: u8, content: &[u8]| [&[tag, 0x80], content, &[0, 0]].concat();
    let set = |content: &[u8]| der(SET, content);
    let name = |sets: &[Vec<u8>]| der(SEQUENCE, &sets.concat());
    let issued = ca().client("admin").issue();
    let called = |subject: Vec<u8>| issued.reissued_by(ca(), |pieces| pieces.subject = subject);
    let by = |issuer: Vec<u8>| issued.reissued_by(ca(), |pieces| pieces.issuer = issuer);
    let whole = name(&[set(&admin), set(&evil)]);
    let identity = ClientIdentity::from_pem(called(whole.clone()).cert_pem()).unwrap();
    for product in PRODUCTS {
        let clause = identity.subject_clause(product).unwrap();
        assert_eq!(clause, "SUBJECT '/CN=admin/O=Evil'", "{product:?}");
        let by = ClientIdentity::from_pem(by(whole.clone()).cert_pem()).unwrap();
        assert_eq!(by.issuer_clause(product).unwrap(), "ISSUER '/CN=admin/O=Evil'", "{product:?}");
    }
    let names = [
        ("a set without an end", name(&[set(&admin), endless(SET, &evil)])),
        ("an attribute without an end", {
            let content = [admin.clone(), endless(SEQUENCE, &evil[2..])].concat();
            name(&[der(SET, &content)])
        }),
        ("no set", name(&[set(&admin), evil.clone()])),
        ("a set of junk", name(&[set(&admin), set(&[5, 0])])),
        ("a value without an end", {
            let value = [&der(0x06, &[0x55, 0x04, 0x0a]), &endless(0x2c, &der(UTF8, b"Evil"))[..]];
            name(&[set(&admin), set(&der(SEQUENCE, &value.concat()))])
        }),
    ];
    for (what, odd) in names {
        for issued in [called(odd.clone()), by(odd.clone())] {
            // What cannot be read at all has no identity either.
            let Ok(identity) = ClientIdentity::from_pem(issued.cert_pem()) else { continue };
            for product in PRODUCTS {
                let subject = failure(identity.subject_clause(product), what);
                assert_says(&subject, CLAUSE, &["SUBJECT", product.as_str(), "to its end"]);
                let issuer = failure(identity.issuer_clause(product), what);
                assert_says(&issuer, CLAUSE, &["ISSUER", product.as_str(), "to its end"]);
            }
        }
    }
}
