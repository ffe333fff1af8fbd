//! VERIFY_IDENTITY: the names of a certificate, and which of them count.

use rcgen::string::{BmpString, Ia5String, PrintableString, TeletexString};
use rcgen::{
    CertificateParams, DnType, DnValue, GeneralSubtree, NameConstraints, OtherNameValue, SanType,
};

use super::{ADDRESS, Case, HOST, INVALID, LOCALHOST, NAME, OK};
use crate::support::*;

const WILDCARD: &str = "*.example.com";
/// A host that the wildcard does not cover, since a star stands for one label.
const DEEP: &str = "a.db.example.com";
const DOMAIN: &str = "example.com";
const IDN: &str = "xn--bcher-kva.example.com";
const UNDERSCORE: &str = "my_db.example.com";
/// Of another domain.
const OUTSIDE: &str = "db.example.net";
const PARTIAL_WILDCARD: &str = "d*.example.com";
/// As resolvers write a name that is complete.
const DOTTED: &str = "db.example.com.";
const DOT: &str = "a name is the same with a dot at its end";
const PARTIAL: &str = "partial wildcards are not supported: no public CA issues them";

pub(super) fn table() -> Vec<Case> {
    let root = Authority::new("Root");
    [common_name(&root), sans(&root), spellings(&root), constrained()]
        .into_iter()
        .flatten()
        .collect()
}

/// A certificate with this common name alone.
fn cn(root: &Authority, name: &str) -> Issued {
    root.server(LOCALHOST).no_san().common_name(name).issue()
}

fn common_name(root: &Authority) -> Vec<Case> {
    // What it is called as v3 and as v1, the CN, the host, the verdict.
    let rows: [([&str; 2], &str, &str, &str); 12] = [
        (["CN is the host", "v1 CN is the host"], HOST, HOST, OK),
        (["CN is the one label", "v1 CN is the one label"], LOCALHOST, LOCALHOST, OK),
        (["CN in capitals", "v1 CN in capitals"], "LocalHost", LOCALHOST, OK),
        (["CN is another", "v1 CN is another"], OUTSIDE, HOST, NAME),
        (["CN wildcard", "v1 CN wildcard"], WILDCARD, HOST, OK),
        (["CN wildcard for two labels", "v1 CN wildcard for two labels"], WILDCARD, DEEP, NAME),
        (["CN is the domain", "v1 CN is the domain"], DOMAIN, HOST, NAME),
        (["CN wildcard of one label", "v1 CN wildcard of one label"], "*.com", DOMAIN, NAME),
        (["CN star in the middle", "v1 CN star in the middle"], "db.*.com", HOST, NAME),
        (["CN is a star", "v1 CN is a star"], "*", LOCALHOST, NAME),
        (["CN is the address", "v1 CN is the address"], ADDRESS, ADDRESS, NAME),
        (["CN is an address", "v1 CN is an address"], ADDRESS, LOCALHOST, NAME),
    ];
    let mut cases = Vec::new();
    for ([as_v3, as_v1], name, host, verdict) in rows {
        let v3 = cn(root, name);
        let v1 = v3.reissued_by(root, Pieces::v1);
        cases.push(Case::new(as_v3, &v3, &root.pem(), verdict).at(host));
        cases.push(Case::new(as_v1, &v1, &root.pem(), verdict).at(host));
    }
    let partial = cn(root, PARTIAL_WILDCARD);
    let v1_partial = partial.reissued_by(root, Pieces::v1);
    let two = |names: [&str; 2]| {
        cn(root, LOCALHOST).reissued_by(root, |pieces| pieces.common_names(&names))
    };
    let case = |name, shown: &Issued, verdict| Case::new(name, shown, &root.pem(), verdict);
    cases.extend([
        case("CN partial wildcard", &partial, NAME).at(HOST).differs(PARTIAL),
        case("v1 CN partial wildcard", &v1_partial, NAME).at(HOST).differs(PARTIAL),
        case("first of two CNs", &two([LOCALHOST, "other"]), OK).at(LOCALHOST),
        case("second of two CNs", &two(["other", LOCALHOST]), OK).at(LOCALHOST),
        case("none of two CNs", &two(["other", "another"]), NAME).at(LOCALHOST),
        case(
            "no CN and no alternative name",
            &cn(root, "").reissued_by(root, |pieces| pieces.common_names(&[])),
            NAME,
        )
        .at(LOCALHOST),
        case("CN in capitals at a host in capitals", &cn(root, LOCALHOST), OK).at("LOCALHOST"),
        case("CN at a host with a dot at its end", &cn(root, HOST), OK).at(DOTTED).differs(DOT),
        case("empty CN", &cn(root, ""), NAME).at(LOCALHOST),
        case(
            "CN is another, the unit matches",
            &root.server("other").no_san().organizational_unit(LOCALHOST).issue(),
            NAME,
        )
        .at(LOCALHOST),
    ]);
    cases
}

fn sans(root: &Authority) -> Vec<Case> {
    let named = |names: &[&str]| {
        let leaf = root.server(LOCALHOST).no_san();
        names.iter().fold(leaf, |leaf, name| leaf.dns(name)).issue()
    };
    let none = || root.server(LOCALHOST).no_san();
    let mail = |leaf: Leaf| {
        leaf.with(|params| {
            let address = "dba@example.com".try_into().expect("ASCII");
            params.subject_alt_names.push(SanType::Rfc822Name(address));
        })
    };
    let loopback = [127, 0, 0, 1].into();
    let elsewhere = [10, 0, 0, 7].into();
    let at =
        |host, name, shown: &Issued, verdict| Case::new(name, shown, &root.pem(), verdict).at(host);
    vec![
        at(LOCALHOST, "dNSName", &named(&["localhost"]), OK),
        at(LOCALHOST, "dNSName in capitals", &named(&["LocalHost"]), OK),
        at("LOCALHOST", "dNSName at a host in capitals", &named(&["localhost"]), OK),
        at(LOCALHOST, "last of three dNSNames", &named(&["a.test", "b.test", "localhost"]), OK),
        at(
            LOCALHOST,
            "dNSName and another CN",
            &named(&["localhost"]).reissued_by(root, |pieces| pieces.common_names(&["other"])),
            OK,
        ),
        at(LOCALHOST, "CN matches, dNSName does not", &named(&[OUTSIDE]), NAME),
        at(HOST, "dNSName wildcard", &named(&[WILDCARD]), OK),
        at(DEEP, "dNSName wildcard for two labels", &named(&[WILDCARD]), NAME),
        at(DOMAIN, "dNSName wildcard of one label", &named(&["*.com"]), NAME),
        at(HOST, "dNSName star in the middle", &named(&["db.*.com"]), NAME),
        at(HOST, "dNSName partial wildcard", &named(&[PARTIAL_WILDCARD]), NAME).differs(PARTIAL),
        at(HOST, "dNSName is the domain", &named(&[DOMAIN]), NAME),
        at(DOTTED, "dNSName at a host with a dot at its end", &named(&[HOST]), OK).differs(DOT),
        at(LOCALHOST, "dNSName with a dot at its end", &named(&["localhost."]), NAME),
        at(LOCALHOST, "CN matches, an address besides", &none().ip(elsewhere).issue(), OK),
        at(LOCALHOST, "CN matches, an e-mail address besides", &mail(none()).issue(), OK),
        at(LOCALHOST, "CN matches, a URI besides", &none().uri("spiffe://a/b").issue(), OK),
        at(
            LOCALHOST,
            "CN is another, an address besides",
            &none().common_name("other").ip(loopback).issue(),
            NAME,
        ),
        at(
            LOCALHOST,
            "CN matches, another kind of name besides",
            &{
                let name = OtherNameValue::Utf8String("localhost".into());
                none()
                    .with(|params| {
                        params.subject_alt_names = vec![SanType::OtherName((vec![1, 2, 3], name))];
                    })
                    .issue()
            },
            OK,
        ),
        at(
            LOCALHOST,
            "CN matches, no name in subjectAltName",
            &none().issue().reissued_by(root, |pieces| {
                pieces.extension(oid::SUBJECT_ALT_NAME, false, &[0x30, 0]);
            }),
            OK,
        ),
        at(
            LOCALHOST,
            "CN matches, empty dNSName",
            &none().issue().reissued_by(root, |pieces| {
                pieces.extension(oid::SUBJECT_ALT_NAME, false, &[0x30, 2, 0x82, 0]);
            }),
            NAME,
        ),
        at(LOCALHOST, "CN matches, dNSName is no name", &named(&["not a name"]), NAME),
        at(LOCALHOST, "dNSName beside one that is no name", &named(&["not a name", LOCALHOST]), OK),
        at(DOMAIN, "dNSName wildcard at the domain", &named(&[WILDCARD]), NAME),
        at(HOST, "dNSName wildcard in capitals", &named(&["*.Example.COM"]), OK),
        at(IDN, "dNSName wildcard at an internationalized name", &named(&[WILDCARD]), OK),
        at(UNDERSCORE, "dNSName with an underscore", &named(&[UNDERSCORE]), OK),
        at(UNDERSCORE, "CN with an underscore", &cn(root, UNDERSCORE), OK),
        at(HOST, "dNSName star before letters", &named(&["*b.example.com"]), NAME).differs(PARTIAL),
        at(ADDRESS, "iPAddress", &none().ip(loopback).issue(), OK),
        at(ADDRESS, "iPAddress beside a dNSName", &none().dns("a.test").ip(loopback).issue(), OK),
        at(ADDRESS, "another iPAddress", &none().ip(elsewhere).issue(), NAME),
        at(ADDRESS, "dNSName that is the address", &named(&[ADDRESS]), NAME),
        at(ADDRESS, "dNSName alone at an address", &named(&["localhost"]), NAME),
        at(
            ADDRESS,
            "CN is the address, an e-mail address besides",
            &mail(none().common_name(ADDRESS)).issue(),
            NAME,
        ),
        at(ADDRESS, "no name at an address", &none().issue(), NAME),
    ]
}

/// The kinds of text that a CN may be.
fn spellings(root: &Authority) -> Vec<Case> {
    let spelt = |value: DnValue| {
        root.server(LOCALHOST)
            .no_san()
            .with(|params| params.distinguished_name.push(DnType::CommonName, value))
            .issue()
    };
    let at =
        |name, shown: &Issued, verdict| Case::new(name, shown, &root.pem(), verdict).at(LOCALHOST);
    let name = LOCALHOST;
    vec![
        at(
            "CN as PrintableString",
            &spelt(DnValue::PrintableString(PrintableString::try_from(name).expect("letters"))),
            OK,
        ),
        at(
            "CN as IA5String",
            &spelt(DnValue::Ia5String(Ia5String::try_from(name).expect("letters"))),
            OK,
        ),
        at(
            "CN as TeletexString",
            &spelt(DnValue::TeletexString(TeletexString::try_from(name).expect("letters"))),
            OK,
        ),
        at(
            "CN as BMPString",
            &spelt(DnValue::BmpString(BmpString::try_from(name).expect("letters"))),
            OK,
        ),
        at("CN with a NUL", &cn(root, "localhost\0.example.com"), NAME),
        at("CN with a NUL at its end", &cn(root, "localhost\0"), NAME),
        at("CN with a space before it", &cn(root, " localhost"), NAME),
        at("CN with a space after it", &cn(root, "localhost "), NAME),
        at("CN with a dot at its end", &cn(root, "localhost."), NAME),
        at("CN begins with a dot", &cn(root, ".localhost"), NAME),
        at("CN with a slash", &cn(root, "localhost/CN=x"), NAME),
    ]
}

/// A root that may issue for names below `example.com` and for `localhost` alone.
fn constrained() -> Vec<Case> {
    let permit = |names: &[&str], excluded: &[&str]| {
        let subtrees = |names: &[&str]| {
            names.iter().map(|name| GeneralSubtree::DnsName((*name).to_owned())).collect()
        };
        let constraints = NameConstraints {
            permitted_subtrees: subtrees(names),
            excluded_subtrees: subtrees(excluded),
        };
        move |params: &mut CertificateParams| params.name_constraints = Some(constraints)
    };
    let root = Authority::with("Root", permit(&[DOMAIN, LOCALHOST], &[]));
    let excluding = Authority::with("Root", permit(&[], &["example.net"]));
    let free = Authority::new("Root");
    let middle = free.intermediate_with("Middle", permit(&[DOMAIN], &[]));
    let v1 = |root: &Authority, name| cn(root, name).reissued_by(root, Pieces::v1);
    let ca = |name, shown: &Issued, verdict| Case::new(name, shown, &root.pem(), verdict);
    let excluded =
        |name, shown: &Issued, verdict| Case::new(name, shown, &excluding.pem(), verdict);
    let below = |name, shown: &Issued, verdict| Case::new(name, shown, &free.pem(), verdict);
    vec![
        ca("constrained, dNSName inside", &root.server(HOST).issue(), OK).at(HOST),
        ca("constrained, dNSName outside", &root.server(OUTSIDE).issue(), INVALID),
        ca(
            "constrained, one of two dNSNames outside",
            &root.server(HOST).dns(OUTSIDE).issue(),
            INVALID,
        )
        .at(HOST),
        ca("constrained, CN inside", &cn(&root, HOST), OK).at(HOST),
        ca("constrained, CN inside, chain alone", &cn(&root, HOST), OK),
        ca("constrained, CN outside", &cn(&root, OUTSIDE), INVALID),
        ca("constrained, v1 CN inside", &v1(&root, HOST), OK).at(HOST),
        ca("constrained, v1 CN inside, chain alone", &v1(&root, HOST), OK),
        ca("constrained, v1 CN outside", &v1(&root, OUTSIDE), INVALID),
        ca("constrained, CN of one label outside", &cn(&root, "other"), OK),
        ca("constrained, CN that is no host", &cn(&root, "Shop Server"), OK),
        ca(
            "constrained, no CN",
            &cn(&root, HOST).reissued_by(&root, |pieces| pieces.common_names(&[])),
            OK,
        ),
        ca(
            "constrained, second of two CNs outside",
            &cn(&root, HOST).reissued_by(&root, |pieces| pieces.common_names(&[HOST, OUTSIDE])),
            INVALID,
        ),
        ca(
            "constrained, dNSName inside, CN outside",
            &root.server(HOST).common_name(OUTSIDE).issue(),
            OK,
        )
        .at(HOST),
        ca("constrained, CN wildcard inside", &cn(&root, WILDCARD), OK).at(HOST),
        ca(
            "constrained, iPAddress",
            &root.server(LOCALHOST).no_san().common_name(HOST).ip([127, 0, 0, 1].into()).issue(),
            OK,
        )
        .at(ADDRESS),
        excluded("excluded, CN outside the excluded", &cn(&excluding, HOST), OK).at(HOST),
        excluded("excluded, CN", &cn(&excluding, OUTSIDE), INVALID),
        excluded("excluded, v1 CN", &v1(&excluding, OUTSIDE), INVALID),
        excluded("excluded, dNSName", &excluding.server(OUTSIDE).issue(), INVALID),
        below("constrained intermediate, CN inside", &cn(&middle, HOST), OK).at(HOST),
        below("constrained intermediate, CN outside", &cn(&middle, OUTSIDE), INVALID),
        below("constrained intermediate, v1 CN outside", &v1(&middle, OUTSIDE), INVALID),
    ]
}
