//! Roots that say odd things of themselves, or that there are several of: one name and one key, but
//! other constraints.

use rcgen::{GeneralSubtree, NameConstraints};

use super::{Case, HOST, INVALID, LOCALHOST, NAME, NOT_YET, OK, PURPOSE, UNKNOWN, UNUSABLE};
use crate::support::*;

const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const SEQUENCE: u8 = 0x30;

pub(super) fn table() -> Vec<Case> {
    [several(), basic_constraints(), critical_extensions(), mail_constraints(), host_constraints()]
        .into_iter()
        .flatten()
        .collect()
}

/// A root that may issue for some names alone.
fn constrained(permitted: &[GeneralSubtree], excluded: &[GeneralSubtree]) -> Authority {
    let constraints = NameConstraints {
        permitted_subtrees: permitted.to_vec(),
        excluded_subtrees: excluded.to_vec(),
    };
    Authority::with("Root", |params| params.name_constraints = Some(constraints))
}

/// The root's certificates with and without what keeps it from issuing for this name.
fn several() -> Vec<Case> {
    let free = Authority::new("Root");
    let permitted = der(SEQUENCE, &der(0xa0, &der(SEQUENCE, &der(0x82, b"a.example"))));
    let narrow = free.reissued(|pieces| pieces.extension(NAME_CONSTRAINTS, true, &permitted));
    let days = time::Duration::days;
    let now = time::OffsetDateTime::now_utc();
    let valid = |from: i64, to: i64| {
        let dated = Authority::with("x", |params| {
            params.not_before = now + days(from);
            params.not_after = now + days(to);
        });
        let validity = Pieces::of(&dated.der()).validity;
        free.reissued(|pieces| pieces.validity = validity)
    };
    let future = valid(2, 30);
    let past = valid(-30, -2);
    let client = der(SEQUENCE, &der(0x06, &[0x2b, 6, 1, 5, 5, 7, 3, 2]));
    let for_clients = free.reissued(|pieces| pieces.extension(EXTENDED_KEY_USAGE, false, &client));
    let shown = free.server(LOCALHOST).issue();
    let inside = free.server("a.example").issue();
    let case = |name, roots: &[&Authority], verdict| {
        let ca: String = roots.iter().map(|root| root.pem()).collect();
        Case::new(name, &shown, &ca, verdict)
    };
    // OpenSSL takes the first that is valid, whatever it allows; here one that allows it is enough.
    const FIRST: &str = "one certificate of the root that allows it is enough, wherever it stands";
    vec![
        case("constrained root alone", &[&narrow], INVALID),
        case("root of the future alone", &[&future], NOT_YET),
        case("root for clients alone", &[&for_clients], PURPOSE),
        case("constrained root before one of the future", &[&narrow, &future], NOT_YET),
        case("constrained root after one of the future", &[&future, &narrow], NOT_YET),
        case("constrained root before one that expired", &[&narrow, &past], INVALID),
        case("constrained root after one that expired", &[&past, &narrow], INVALID),
        case("constrained root before one for clients", &[&narrow, &for_clients], PURPOSE),
        case("constrained root after one for clients", &[&for_clients, &narrow], PURPOSE),
        case("constrained root before the free one", &[&narrow, &free], OK).differs(FIRST),
        case("constrained root after the free one", &[&free, &narrow], OK),
        case("root of the future before the current one", &[&future, &free], OK),
        case("root that expired before the current one", &[&past, &free], OK),
        case("root for clients before the one for all", &[&for_clients, &free], OK).differs(FIRST),
        Case::new(
            "name that the constrained root permits, before one of the future",
            &inside,
            &(narrow.pem() + &future.pem()),
            OK,
        ),
        Case::new(
            "name that the constrained root permits, after one of the future",
            &inside,
            &(future.pem() + &narrow.pem()),
            OK,
        ),
        case("root that expired alone", &[&past], UNUSABLE),
    ]
}

fn basic_constraints() -> Vec<Case> {
    let root = Authority::new("Root");
    let direct = root.server(LOCALHOST).issue();
    let deep = root.intermediate("Middle").server(LOCALHOST).issue();
    // What the root says, critical or not; its own leaf, and one below an intermediate.
    type Row = ([&'static str; 2], bool, Vec<u8>, [&'static str; 2]);
    let rows: [Row; 8] = [
        (
            ["root with pathLen 0", "root with pathLen 0, deep"],
            true,
            der(SEQUENCE, &[1, 1, 0xff, 2, 1, 0]),
            [OK, INVALID],
        ),
        (
            ["root with pathLen 0 and a true of 1", "root with pathLen 0 and a true of 1, deep"],
            false,
            der(SEQUENCE, &[1, 1, 1, 2, 1, 0]),
            [OK, INVALID],
        ),
        (
            ["root with more than pathLen", "root with more than pathLen, deep"],
            false,
            der(SEQUENCE, &[1, 1, 0xff, 2, 1, 0, 5, 0]),
            [UNKNOWN, UNKNOWN],
        ),
        (
            ["root that is no CA and says more", "root that is no CA and says more, deep"],
            false,
            der(SEQUENCE, &[1, 1, 0, 5, 0]),
            [UNKNOWN, UNKNOWN],
        ),
        (
            ["root with pathLen -1", "root with pathLen -1, deep"],
            false,
            der(SEQUENCE, &[1, 1, 0xff, 2, 1, 0xff]),
            [UNKNOWN, UNKNOWN],
        ),
        (
            ["root with pathLen 2^40", "root with pathLen 2^40, deep"],
            false,
            der(SEQUENCE, &[1, 1, 0xff, 2, 6, 1, 0, 0, 0, 0, 0]),
            [UNKNOWN, UNKNOWN],
        ),
        (
            [
                "root with basicConstraints of no value",
                "root with basicConstraints of no value, deep",
            ],
            false,
            Vec::new(),
            [UNUSABLE, UNUSABLE],
        ),
        (
            [
                "root with basicConstraints that are none",
                "root with basicConstraints that are none, deep",
            ],
            false,
            vec![4, 0],
            [UNUSABLE, UNUSABLE],
        ),
    ];
    let mut cases = Vec::new();
    for (names, critical, value, verdicts) in rows {
        let odd = root.reissued(|pieces| {
            pieces.extension(oid::BASIC_CONSTRAINTS, critical, &value);
        });
        for ((name, verdict), shown) in names.into_iter().zip(verdicts).zip([&direct, &deep]) {
            let case = Case::new(name, shown, &odd.pem(), verdict);
            cases.push(if name.contains("2^40") {
                case.differs("a number of more than four bytes cannot be read")
            } else {
                case
            });
        }
    }
    let odd = |id: &[u8], value: &[u8]| root.reissued(|pieces| pieces.extension(id, false, value));
    let junk = [4, 0];
    let (extended, usage) = (odd(EXTENDED_KEY_USAGE, &junk), odd(oid::KEY_USAGE, &junk));
    let ns = odd(oid::NS_CERT_TYPE, &junk);
    let mut own = |name, root: &Authority, verdict| {
        cases.push(Case::new(name, &direct, &root.pem(), verdict));
    };
    own("root with extendedKeyUsage that is none", &extended, UNUSABLE);
    own("root with keyUsage that is none", &usage, UNKNOWN);
    own("root with nsCertType that is none", &ns, UNKNOWN);
    cases
}

/// What OpenSSL does not look at must not be critical.
fn critical_extensions() -> Vec<Case> {
    const NS_COMMENT: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x0d];
    const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
    const OCSP: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1];
    const ISSUER_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x12];
    let root = Authority::new("Root");
    let shown = root.server(LOCALHOST).issue();
    let known = Pieces::of(&root.der());
    let ski = known.find(oid::SUBJECT_KEY_IDENTIFIER).expect("the root has one");
    let ski = &ski[ski.len() - 22..];
    let access = der(SEQUENCE, &[der(0x06, OCSP), der(0x86, b"http://x")].concat());
    let policies = der(SEQUENCE, &der(SEQUENCE, &der(0x06, &[0x2a, 3, 4])));
    let case = |name, id: &[u8], value: &[u8], verdict| {
        let critical = root.reissued(|pieces| pieces.extension(id, true, value));
        Case::new(name, &shown, &critical.pem(), verdict)
    };
    vec![
        case("root with critical nsComment", NS_COMMENT, &der(0x16, b"hi"), INVALID),
        case(
            "root with critical authorityInfoAccess",
            AUTHORITY_INFO_ACCESS,
            &der(SEQUENCE, &access),
            INVALID,
        ),
        case(
            "root with critical issuerAltName",
            ISSUER_ALT_NAME,
            &der(SEQUENCE, &der(0x82, b"x.y")),
            INVALID,
        ),
        case("root with critical subjectKeyIdentifier", oid::SUBJECT_KEY_IDENTIFIER, ski, INVALID),
        case("root with critical certificatePolicies", oid::CERTIFICATE_POLICIES, &policies, OK),
        case("root with an extension that nobody knows", oid::UNKNOWN, &[5, 0], INVALID),
    ]
}

/// E-mail addresses in the subject are held against the constraints of the CA too.
fn mail_constraints() -> Vec<Case> {
    const NONE: &str = "e-mail addresses are not compared, so that none is permitted";
    let mail = |domain: &str| [GeneralSubtree::Rfc822Name(domain.to_owned())];
    let permitting = constrained(&mail("good.example"), &[]);
    let excluding = constrained(&[], &mail("evil.example"));
    let free = Authority::new("Root");
    let case = |name, root: &Authority, address: &[u8], verdict| {
        let subject: [&[Attribute<'_>]; 2] =
            [&[(attribute::CN, UTF8, b"localhost")], &[(attribute::EMAIL, IA5, address)]];
        let shown = root.server(LOCALHOST).raw_subject(&subject).issue();
        Case::new(name, &shown, &root.pem(), verdict).at(LOCALHOST)
    };
    let plain = permitting.server(LOCALHOST).issue();
    vec![
        case("e-mail address outside what is permitted", &permitting, b"a@evil.example", INVALID),
        case("e-mail address in what is permitted", &permitting, b"a@good.example", INVALID)
            .differs(NONE),
        case("e-mail address in what is excluded", &excluding, b"a@evil.example", INVALID),
        case("e-mail address outside what is excluded", &excluding, b"a@good.example", INVALID)
            .differs(NONE),
        case("e-mail address of an unconstrained root", &free, b"a@evil.example", OK),
        Case::new("no e-mail address below constraints of them", &plain, &permitting.pem(), OK),
    ]
}

/// A CN outside, where there is no dNSName that counts in its stead.
fn host_constraints() -> Vec<Case> {
    let root = constrained(&[GeneralSubtree::DnsName("good.example".into())], &[]);
    let case =
        |name, shown: &Issued, verdict| Case::new(name, shown, &root.pem(), verdict).at(HOST);
    let spelt = |tag, value: &[u8]| {
        root.server(HOST).no_san().raw_subject(&[&[(attribute::CN, tag, value)]]).issue()
    };
    let beside = |name: &[u8]| {
        root.server(HOST).issue().reissued_by(&root, |pieces| {
            pieces.extension(oid::SUBJECT_ALT_NAME, false, &der(SEQUENCE, name));
        })
    };
    let wide = |width: usize| -> Vec<u8> {
        let wide = |byte: u8| [vec![0; width - 1], vec![byte]].concat();
        HOST.bytes().flat_map(wide).collect()
    };
    vec![
        case("CN outside as BMPString", &spelt(BMP, &wide(2)), INVALID),
        case("CN outside as UniversalString", &spelt(UNIVERSAL, &wide(4)), NAME),
        case("CN outside in capitals", &spelt(UTF8, b"DB.EXAMPLE.COM"), INVALID),
        case("CN outside with a NUL", &spelt(UTF8, b"db.example.com\0"), NAME),
        case("CN wildcard outside", &spelt(UTF8, b"*.example.com"), INVALID)
            .differs("OpenSSL takes a wildcard in a CN for no host, until it compares it with one"),
        case("CN outside beside an iPAddress", &beside(&der(0x87, &[127, 0, 0, 1])), INVALID),
        case("CN outside beside an e-mail address", &beside(&der(0x81, b"a@b")), INVALID),
        case(
            "CN outside beside a dNSName in Latin-1",
            &beside(&der(0x82, b"b\xfcro.good.example")),
            INVALID,
        ),
    ]
}
