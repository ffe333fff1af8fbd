//! The properties of the fuzz targets over random input, for a few seconds.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Random bytes, most of them small, as kinds and lengths are.
fn bytes(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![3 => 0..24_u8, 1 => any::<u8>()], 0..longest)
}

/// One of these with a few bytes changed, and perhaps cut off.
fn near(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (select(seeds), vec((any::<prop::sample::Index>(), any::<u8>()), 0..6), any::<u16>()).prop_map(
        |(mut bytes, changes, cut)| {
            for (index, byte) in changes {
                if !bytes.is_empty() {
                    let at = index.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            // Most are whole.
            if cut < 8192 {
                bytes.truncate(usize::from(cut) % (bytes.len() + 1));
            }
            bytes
        },
    )
}

fn near_protocol() -> impl Strategy<Value = Vec<u8>> {
    use crate::protocol::packet::frame;
    let greeting = crate::protocol::greeting::tests::greeting("8.4.0", 0xdfff_ffff);
    let mut response = vec![0x85, 0xa2, 0x0a, 0x00, 0, 0, 0, 1, 45];
    response.extend([0; 23]);
    response.extend(b"app\0\x03abcmysql_native_password\0");
    near(vec![
        [&[0], &greeting[..]].concat(),
        b"\x01\xff\x15\x04#28000Access denied".to_vec(),
        [&[2], &response[..]].concat(),
        [&[3], &frame(b"abc", 0)[..], &frame(b"", 1), &frame(b"defgh", 2)].concat(),
    ])
}

/// Lines that mean something, in any order.
fn option_lines() -> impl Strategy<Value = String> {
    let lines = [
        "[client]",
        "[mysqld]",
        "user=^",
        "password='^'",
        "host=h",
        "port=^",
        "ssl-mode=^",
        "ssl_ca=DIR/ca.pem",
        "loose-ssl-verify-server-cert=^",
        "!include DIR/a.cnf",
        "!include DIR/my.cnf",
        "!includedir DIR/d",
        "init-command=\"^\"",
        "# ^",
        "tls-pin=^",
        "ssl-key=^",
        "connect-timeout=^",
        "\u{1e}",
        "skip-ssl",
        "protocol=^",
        "bind-address=^",
    ];
    vec(prop_oneof![select(lines.to_vec()).prop_map(str::to_owned), "[ -~^]{0,20}"], 0..12)
        .prop_map(|lines| lines.join("\n"))
}

fn near_certificates() -> impl Strategy<Value = Vec<u8>> {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
    let key = KeyPair::generate().unwrap();
    let mut params =
        CertificateParams::new(vec!["db.example.com".to_owned(), "10.0.0.1".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::OrganizationName, "Example");
    let leaf = params.self_signed(&key).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.subject_alt_names.clear();
    let ca = params.self_signed(&key).unwrap();
    near(vec![leaf.der().to_vec(), ca.der().to_vec()])
}

fn near_pem() -> impl Strategy<Value = Vec<u8>> {
    let fixtures = [
        include_str!("../../fixtures/chains/p-521-leaf.pem"),
        include_str!("../../fixtures/chains/p-521-leaf-key.pem"),
        include_str!("../../fixtures/chains/sha-1-root.pem"),
        include_str!("../../fixtures/rsa-2048-public.pem"),
    ];
    vec(near(fixtures.map(|text| text.as_bytes().to_vec()).to_vec()), 1..3)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(config(4000))]

    #[test]
    fn packets(data in prop_oneof![near_protocol(), bytes(80)]) {
        super::protocol(&data);
    }

    #[test]
    fn logins(data in bytes(40)) {
        super::login(&data);
    }

    #[test]
    fn commands(data in bytes(60)) {
        super::guard(&data);
    }
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn connection_strings(text in "(mysql|tidb)://[a-z^%:]{0,6}@?[a-z0-9.:,\\[\\]^-]{0,9}(/[a-z^]{0,3})?(\\?(ssl-mode|tls|sslmode|init|option-file|[a-z-]{1,6})=[A-Za-z0-9^%+&=_-]{0,12})?") {
        super::dsn(text.as_bytes());
    }

    #[test]
    fn option_files(text in option_lines()) {
        super::option_file(text.as_bytes());
    }

    #[test]
    fn certificates(der in near_certificates()) {
        super::facts(&der);
    }
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn bundles(pem in near_pem()) {
        super::pem(&pem);
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn handshakes(data in bytes(60)) {
        super::handshake(&data);
    }
}
