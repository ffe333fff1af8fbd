//! The clauses of a [`ClientIdentity`], judged by the servers.

use mysql_tls::mysql::prelude::*;
use mysql_tls::{ClientIdentity, Error, Product, Result};
use rcgen::DnType;

use super::world::{Certificate, DATABASE, World, create_user, shared};
use crate::support::attribute::{C, CN, EMAIL, L, O, OU, ST};
use crate::support::*;

const DENIED: &str = "auth.access-denied";

type Subject = &'static [&'static [Attribute<'static>]];

/// Subjects that every server can be asked for.
const SUBJECTS: [Subject; 7] = [
    &[&[(CN, UTF8, b"clause")]],
    &[&[(CN, UTF8, b"clause")], &[(O, UTF8, b"Shop")], &[(C, PRINTABLE, b"DE")]],
    &[
        &[(C, PRINTABLE, b"SE")],
        &[(ST, UTF8, b"Stockholm2")],
        &[(L, UTF8, b"Stockholm")],
        &[(O, UTF8, b"MySQL demo, client (certificate)")],
        &[(OU, UTF8, b"test Unit")],
        &[(CN, UTF8, b"client")],
        &[(EMAIL, IA5, b"client@example.com")],
    ],
    // An attribute twice, several in one set, an empty one, spaces around.
    &[
        &[(O, UTF8, b"")],
        &[(CN, UTF8, b"both"), (OU, UTF8, b"in one set")],
        &[(OU, UTF8, b"b")],
        &[(OU, UTF8, b" a ")],
    ],
    &[
        &[("2.5.4.5", PRINTABLE, b"7")],
        &[("2.5.4.9", UTF8, b"Main Street 1")],
        &[("2.5.4.17", NUMERIC, b"12345")],
    ],
    // "Zürich 東京", then "Zü" as UTF-16.
    &[&[(CN, UTF8, b"Z\xc3\xbcrich \xe6\x9d\xb1\xe4\xba\xac")], &[(O, BMP, b"\0Z\0\xfc")]],
    &[&[(CN, UTF8, br#"%_"`;--?:a#$!*{}[]<>|~^+@"#)]],
];

/// Subjects that MySQL and MariaDB alone can be asked for.
const SUBJECTS_OF_OPENSSL: [Subject; 4] = [
    &[&[("0.9.2342.19200300.100.1.25", IA5, b"com")], &[(CN, UTF8, b"in a domain")]],
    &[
        &[("2.5.4.4", UTF8, b"a")],
        &[("2.5.4.12", UTF8, b"b")],
        &[("2.5.4.13", UTF8, b"c")],
        &[("2.5.4.15", UTF8, b"d")],
        &[("2.5.4.16", UTF8, b"e")],
        &[("2.5.4.18", UTF8, b"f")],
        &[("2.5.4.20", PRINTABLE, b"1")],
        &[("2.5.4.41", UTF8, b"g")],
        &[("2.5.4.42", UTF8, b"h")],
        &[("2.5.4.43", UTF8, b"i")],
        &[("2.5.4.44", UTF8, b"j")],
        &[("2.5.4.46", PRINTABLE, b"k")],
        &[("2.5.4.65", UTF8, b"l")],
        &[("2.5.4.72", UTF8, b"m")],
        &[("2.5.4.97", UTF8, b"n")],
        &[("0.9.2342.19200300.100.1.1", UTF8, b"o")],
        &[("0.9.2342.19200300.100.1.3", IA5, b"p")],
        &[("1.2.840.113549.1.9.2", UTF8, b"q")],
        &[("1.3.6.1.4.1.311.60.2.1.1", UTF8, b"r")],
        &[("1.3.6.1.4.1.311.60.2.1.2", UTF8, b"s")],
        &[("1.3.6.1.4.1.311.60.2.1.3", PRINTABLE, b"DE")],
    ],
    &[&[("1.3.6.1.4.1.99999.4294967297", UTF8, b"x")], &[("2.39.1", UTF8, b"y")]],
    &[&[(CN, T61, b"Z\xfc")]],
];

/// Makes an account whose REQUIRE is `require`.
fn make_account(world: &World, account: &str, require: &str) {
    let plugin = match world.product() {
        Product::MySQL => "caching_sha2_password",
        _ => "mysql_native_password",
    };
    let statement = create_user(world.product(), account, plugin, require);
    let mut admin = world.server.admin();
    admin.query_drop(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    admin.query_drop(format!("GRANT ALL ON {DATABASE}.* TO '{account}'@'%'")).unwrap();
}

/// What comes of a login with this certificate.
fn outcome(world: &World, account: &str, certificate: &Issued) -> &'static str {
    let login = world.verified().user(account);
    let login = login.ssl_cert_pem(certificate.chain_pem()).ssl_key_pem(certificate.key_pem());
    login.connect().as_ref().map_or_else(Error::code, |_| "ok")
}

fn identity(certificate: &Issued) -> ClientIdentity {
    ClientIdentity::from_pem(certificate.chain_pem()).unwrap()
}

/// Subject and issuer of this certificate.
fn require(world: &World, certificate: &Issued) -> Result<String> {
    let identity = identity(certificate);
    let subject = identity.subject_clause(world.product())?;
    Ok(format!("{subject} AND {}", identity.issuer_clause(world.product())?))
}

pub(super) fn subject_and_issuer_let_in_their_certificate_alone(product: Product) {
    let world = shared(product);
    let root = &world.pki.authority;
    let issuers = [
        root.clone(),
        root.intermediate("Clause Branch CA"),
        root.intermediate_with("Filiale Zürich", |params| {
            params.distinguished_name.push(DnType::OrganizationName, "Läden & Co");
            params.distinguished_name.push(DnType::CountryName, "CH");
        }),
    ];
    let mut subjects = SUBJECTS.to_vec();
    if product != Product::TiDB {
        subjects.extend(SUBJECTS_OF_OPENSSL);
    }
    for (number, subject) in subjects.iter().enumerate() {
        let issuer = &issuers[number % issuers.len()];
        let another = &issuers[(number + 1) % issuers.len()];
        let issue = |issuer: &Authority, subject: &[&[Attribute<'_>]]| {
            issuer.client("replaced").raw_subject(subject).issue()
        };
        let right = issue(issuer, subject);
        let require = require(world, &right).unwrap();
        let account = format!("clause_{number}");
        make_account(world, &account, &require);
        assert_eq!(outcome(world, &account, &right), "ok", "{require}");
        let mut more = subject.to_vec();
        more.push(&[(O, UTF8, b"more")]);
        let others = [
            ("renewed", issue(issuer, subject), "ok"),
            ("of another CA", issue(another, subject), DENIED),
            ("with more", issue(issuer, &more), DENIED),
            ("with less", issue(issuer, &subject[1..]), DENIED),
        ];
        for (what, certificate, expected) in others {
            assert_eq!(outcome(world, &account, &certificate), expected, "{what}: {require}");
        }
        if subject.len() > 1 {
            let reversed: Vec<_> = subject.iter().rev().copied().collect();
            let reversed = issue(issuer, &reversed);
            assert_eq!(outcome(world, &account, &reversed), DENIED, "reversed: {require}");
        }
    }
}

/// What a server makes of certificates that have no clause, and of the text one could write for
/// them.
pub(super) fn what_is_refused_would_let_in_others(product: Product) {
    // Not the shared one, since FLUSH PRIVILEGES makes it forget every password.
    let world = &World::start(product, Certificate::Issued);
    let ca = &world.pki.authority;
    let issue = |subject: &[&[Attribute<'_>]]| ca.client("replaced").raw_subject(subject).issue();
    let imitates = issue(&[&[(CN, UTF8, b"victim/O=Shop")]]);
    let skipped = issue(&[
        &[(CN, UTF8, b"victim")],
        &[(O, UTF8, b"Shop")],
        &[("0.9.2342.19200300.100.1.25", IA5, b"elsewhere")],
    ]);
    make_account(world, "victim", "SUBJECT '/CN=victim/O=Shop'");
    // OpenSSL before version 3 is as TiDB here.
    let expected = if product == Product::TiDB { "ok" } else { DENIED };
    assert_eq!(outcome(world, "victim", &imitates), expected);
    assert!(identity(&imitates).subject_clause(product).is_err());
    assert_eq!(outcome(world, "victim", &skipped), expected);
    assert_eq!(identity(&skipped).subject_clause(product).is_err(), product == Product::TiDB);
    // OpenSSL does not escape what it escapes with.
    if product != Product::TiDB {
        make_account(world, "city", r"SUBJECT '/CN=Z\\xC3\\xBCrich'");
        for (value, has_clause) in [("Zürich", true), (r"Z\xC3\xBCrich", false)] {
            let certificate = issue(&[&[(CN, UTF8, value.as_bytes())]]);
            assert_eq!(outcome(world, "city", &certificate), "ok", "{value}");
            assert_eq!(identity(&certificate).subject_clause(product).is_ok(), has_clause);
        }
    }
    // An empty text requires nothing; of MySQL's accounts that is true once it has read them anew.
    let nameless = issue(&[]);
    assert!(identity(&nameless).subject_clause(product).is_err());
    make_account(world, "anybody", "SUBJECT ''");
    world.server.admin().query_drop("FLUSH PRIVILEGES").unwrap();
    for certificate in [&imitates, &skipped] {
        assert_eq!(outcome(world, "anybody", certificate), "ok");
    }
}

pub(super) fn alternative_names_let_in_their_certificate(product: Product) {
    let world = shared(product);
    let ca = &world.pki.authority;
    let right = ca
        .client("names")
        .dns("app.example.com")
        .dns("*.Example.com")
        .ip("::ffff:10.0.0.9".parse().unwrap())
        .ip("2001:db8:0:0:1:0:0:1".parse().unwrap())
        .uri("spiffe://example.org/ns/shop?a=b&c=d+e;f=$g/@h:1")
        .issue();
    let names = identity(&right).san_clause(product).unwrap();
    let account = "clause_names";
    make_account(world, account, &format!("{} AND {names}", require(world, &right).unwrap()));
    assert_eq!(outcome(world, account, &right), "ok", "{names}");
    // Of each kind one name is enough, and none may be missing.
    let one_of_each = |leaf: Leaf| {
        leaf.dns("app.example.com").uri("spiffe://example.org/ns/shop?a=b&c=d+e;f=$g/@h:1")
    };
    let address = [10, 0, 0, 9].into();
    let enough = one_of_each(ca.client("names")).ip(address).dns("further").issue();
    assert_eq!(outcome(world, account, &enough), "ok", "{names}");
    for (what, leaf) in [
        ("no address", one_of_each(ca.client("names"))),
        ("another address", one_of_each(ca.client("names")).ip([10, 0, 0, 8].into())),
        ("another subject", one_of_each(ca.client("other")).ip(address)),
        ("no name", ca.client("names")),
    ] {
        assert_eq!(outcome(world, account, &leaf.issue()), DENIED, "{what}: {names}");
    }
    // Each name by itself, so that none of them matches by another's help.
    for (number, leaf) in [
        ca.client("names").dns("*.Example.com"),
        ca.client("names").ip("::ffff:10.0.0.9".parse().unwrap()),
        ca.client("names").ip("2001:db8:0:0:1:0:0:1".parse().unwrap()),
        ca.client("names").uri("urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        ca.client("names").uri("https://example.org/a//b?"),
        ca.client("names").uri("mailto:app@example.org"),
        ca.client("names").uri("file:/etc/app"),
        ca.client("names").uri("file:/etc/app;a=$b&c+d:e@f"),
    ]
    .into_iter()
    .enumerate()
    {
        let certificate = leaf.issue();
        let names = identity(&certificate).san_clause(product).unwrap();
        let account = format!("clause_name_{number}");
        make_account(world, &account, &names);
        assert_eq!(outcome(world, &account, &certificate), "ok", "{names}");
        assert_eq!(outcome(world, &account, &with_other_names(ca)), DENIED, "{names}");
    }
}

/// A certificate with names that no account of the tests asks for.
fn with_other_names(ca: &Authority) -> Issued {
    ca.client("names").dns("elsewhere").ip([10, 0, 0, 1].into()).uri("urn:other").issue()
}
