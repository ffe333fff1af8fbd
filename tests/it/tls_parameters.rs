//! TLS versions and cipher suites: what was offered, what was negotiated, and what is said where
//! nothing is left.

use mysql_tls::{ConnectionBuilder, SslMode};
use rustls::CipherSuite;

use crate::kit::*;
use crate::options::{assert_refused, nowhere};
use crate::support::*;

const AES128: CipherSuite = CipherSuite::TLS13_AES_128_GCM_SHA256;
const AES256: CipherSuite = CipherSuite::TLS13_AES_256_GCM_SHA384;
const CHACHA20: CipherSuite = CipherSuite::TLS13_CHACHA20_POLY1305_SHA256;
const ECDSA_AES128: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
const ECDSA_AES256: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384;
const ECDSA_CHACHA20: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;
const RSA_AES128: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
const RSA_AES256: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384;
const RSA_CHACHA20: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256;

const ALL_12: [CipherSuite; 6] =
    [ECDSA_AES128, ECDSA_AES256, ECDSA_CHACHA20, RSA_AES128, RSA_AES256, RSA_CHACHA20];

const VERSION: &str = "handshake.no-common-version";
const CIPHER: &str = "handshake.no-common-cipher";

/// A server that takes its client's order of suites.
fn server(change: impl FnOnce(ServerTls) -> ServerTls) -> ScriptedServer {
    ScriptedServer::start(ServerScript::new().tls(change(ServerTls::new(good()))))
}

/// The suites that the client offered, without the one that signals renegotiation.
fn offered(record: &Record) -> Vec<CipherSuite> {
    let mut suites = record.hello.as_ref().unwrap().cipher_suites.clone();
    suites.retain(|suite| *suite != CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV);
    suites
}

fn is_tls13(suite: &CipherSuite) -> bool {
    [AES128, AES256, CHACHA20].contains(suite)
}

#[test]
fn the_versions_that_are_offered() {
    let any = server(|tls| tls);
    let old = server(ServerTls::only_tls12);
    let new = server(ServerTls::only_tls13);
    let (tls12, tls13) = (Some("TLSv1.2"), Some("TLSv1.3"));
    // What is given, and the version with each of the servers.
    let cases = [
        (None, [tls13, tls12, tls13]),
        (Some("TLSv1.2,TLSv1.3"), [tls13, tls12, tls13]),
        (Some("TLSv1.3,TLSv1.2"), [tls13, tls12, tls13]),
        // libmysqlclient would take this for TLSv1.2 alone, since it does not trim.
        (Some("tlsv1.2, TLSV1.3"), [tls13, tls12, tls13]),
        (Some("TLSv1.2"), [tls12, tls12, None]),
        (Some("TLSv1.3"), [tls13, None, tls13]),
    ];
    for (versions, expected) in cases {
        for (server, expected) in [&any, &old, &new].into_iter().zip(expected) {
            let what = format!("{versions:?}, {expected:?}");
            let mut builder = verified(server);
            let mut options = vec![("ssl-ca", ca().pem())];
            if let Some(versions) = versions {
                builder = builder.tls_version(versions);
                options.push(("tls-version", versions.to_owned()));
            }
            let options: Vec<_> = options.iter().map(|(key, value)| (*key, &**value)).collect();
            for builder in [builder, by_dsn("localhost", server, &options)] {
                let record = match expected {
                    Some(version) => {
                        let (tls, record) = accepted(server, || builder.connect(), &what);
                        assert_eq!(tls.version(), version, "{what}");
                        let seen = record.tls.as_ref().unwrap();
                        assert_eq!(seen.version, version, "{what}");
                        assert_eq!(seen.cipher, tls.cipher(), "{what}");
                        record
                    }
                    None => {
                        let fragments =
                            ["localhost", versions.unwrap(), "tls-version=TLSv1.2,TLSv1.3"];
                        refused(server, || builder.connect(), VERSION, &fragments, &what)
                    }
                };
                let suites = offered(&record);
                let (may12, may13) = match versions {
                    Some("TLSv1.2") => (true, false),
                    Some("TLSv1.3") => (false, true),
                    _ => (true, true),
                };
                assert_eq!(suites.iter().any(is_tls13), may13, "{what}: {suites:?}");
                assert_eq!(!suites.iter().all(is_tls13), may12, "{what}: {suites:?}");
            }
        }
    }
}

#[test]
fn the_suites_that_are_offered_in_their_order() {
    let old = server(ServerTls::only_tls12);
    let new = server(ServerTls::only_tls13);
    let iana = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256";
    let cases: [(&str, &[CipherSuite], &str); 5] = [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", &[ECDSA_AES128], "ECDHE-ECDSA-AES128-GCM-SHA256"),
        (iana, &[ECDSA_CHACHA20], "ECDHE-ECDSA-CHACHA20-POLY1305"),
        (
            "ecdhe-ecdsa-chacha20-poly1305 : ECDHE-ECDSA-AES256-GCM-SHA384:",
            &[ECDSA_CHACHA20, ECDSA_AES256],
            "ECDHE-ECDSA-CHACHA20-POLY1305",
        ),
        // Twice, by its two names.
        (
            "ECDHE-ECDSA-AES128-GCM-SHA256:TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            &[ECDSA_AES128],
            "ECDHE-ECDSA-AES128-GCM-SHA256",
        ),
        // The first is of no use with this certificate.
        (
            "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384",
            &[RSA_AES256, ECDSA_AES256],
            "ECDHE-ECDSA-AES256-GCM-SHA384",
        ),
    ];
    for (names, expected, negotiated) in cases {
        let options =
            [("ssl-ca", &*ca().pem()), ("ssl-cipher", names)].map(|(k, v)| (k, v.to_owned()));
        let options: Vec<_> = options.iter().map(|(key, value)| (*key, &**value)).collect();
        for builder in [verified(&old).ssl_cipher(names), by_dsn("localhost", &old, &options)] {
            let (tls, record) = accepted(&old, || builder.connect(), names);
            assert_eq!(tls.cipher_openssl(), negotiated, "{names}");
            assert_eq!(record.tls.as_ref().unwrap().cipher_openssl, negotiated, "{names}");
            let suites: Vec<_> =
                offered(&record).into_iter().filter(|suite| !is_tls13(suite)).collect();
            assert_eq!(suites, expected, "{names}");
        }
        // It does not concern TLS 1.3.
        let (tls, record) = accepted(&new, || verified(&new).ssl_cipher(names).connect(), names);
        assert_eq!(tls.version(), "TLSv1.3");
        assert_eq!(offered(&record).iter().filter(|suite| is_tls13(suite)).count(), 3);
    }
    let cases: [(&str, &[CipherSuite]); 3] = [
        ("TLS_AES_128_GCM_SHA256", &[AES128]),
        ("TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", &[CHACHA20, AES128]),
        ("tls_aes_256_gcm_sha384:TLS_CHACHA20_POLY1305_SHA256", &[AES256, CHACHA20]),
    ];
    for (names, expected) in cases {
        let options = [("ssl-ca", ca().pem()), ("tls-ciphersuites", names.to_owned())];
        let options: Vec<_> = options.iter().map(|(key, value)| (*key, &**value)).collect();
        for builder in [verified(&new).tls_ciphersuites(names), by_dsn("localhost", &new, &options)]
        {
            let (tls, record) = accepted(&new, || builder.connect(), names);
            let first = names.split(':').next().unwrap();
            assert!(tls.cipher().eq_ignore_ascii_case(first), "{names}: {}", tls.cipher());
            assert_eq!(record.tls.as_ref().unwrap().cipher, tls.cipher(), "{names}");
            let suites: Vec<_> = offered(&record).into_iter().filter(is_tls13).collect();
            assert_eq!(suites, expected, "{names}");
        }
        // It does not concern TLS 1.2.
        let (_, record) =
            accepted(&old, || verified(&old).tls_ciphersuites(names).connect(), names);
        assert_eq!(offered(&record).iter().filter(|suite| !is_tls13(suite)).count(), ALL_12.len());
    }
}

#[test]
fn a_server_that_shares_no_suite_is_told_what_was_offered() {
    let suites = |suites: &[CipherSuite]| {
        let suites = suites.to_vec();
        server(move |tls| {
            let tls = if suites.iter().all(is_tls13) { tls.only_tls13() } else { tls.only_tls12() };
            tls.cipher_suites(&suites)
        })
    };
    let aes128 = suites(&[AES128]);
    let ecdsa_aes128 = suites(&[ECDSA_AES128]);
    let rsa_only = suites(&[RSA_AES128, RSA_AES256]);
    let chacha = "ECDHE-ECDSA-CHACHA20-POLY1305";
    let cases: [(&ScriptedServer, ConnectionBuilder, &[&str]); 4] = [
        (
            &aes128,
            verified(&aes128).tls_ciphersuites("TLS_AES_256_GCM_SHA384"),
            &["TLS_AES_256_GCM_SHA384", "tls-ciphersuites"],
        ),
        (&ecdsa_aes128, verified(&ecdsa_aes128).ssl_cipher(chacha), &[chacha, "ssl-cipher"]),
        (
            &ecdsa_aes128,
            verified(&ecdsa_aes128).tls_version("TLSv1.2").ssl_cipher(chacha),
            &["TLSv1.2 with the suites ECDHE-ECDSA-CHACHA20-POLY1305 and the groups"],
        ),
        // The suites are shared, but for none of them has the server a certificate.
        (
            &rsa_only,
            verified(&rsa_only).tls_version("TLSv1.2"),
            &["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "X25519"],
        ),
    ];
    for (server, builder, fragments) in cases {
        let mut fragments = fragments.to_vec();
        fragments.extend(["localhost", "it was offered"]);
        refused(server, || builder.connect(), CIPHER, &fragments, fragments[0]);
    }
}

/// What MySQL 5.6 and others answer, in the clear.
#[test]
fn alerts_that_mean_that_nothing_is_shared() {
    for (alert, versions, code, words) in [
        (40, None, CIPHER, "it was offered TLSv1.2 and TLSv1.3"),
        (71, None, CIPHER, "it was offered TLSv1.2 and TLSv1.3"),
        (40, Some("TLSv1.3"), CIPHER, "it was offered TLSv1.3"),
        (70, None, VERSION, "older than 1.2"),
        (70, Some("TLSv1.3"), VERSION, "tls-version=TLSv1.2,TLSv1.3"),
    ] {
        let script = ServerScript::new().after_ssl_request(AfterSslRequest::alert(alert));
        let server = ScriptedServer::start(script);
        let mut builder = builder("localhost", &server).ssl_mode(SslMode::Required);
        if let Some(versions) = versions {
            builder = builder.tls_version(versions);
        }
        refused(&server, || builder.connect(), code, &[words], alert);
    }
}

/// What servers have and this client does not: the whole of TiDB's list, which is Go's, by the names
/// of IANA, and some of MySQL's and MariaDB's by those of OpenSSL.
const SERVERS_ALONE: [&str; 24] = [
    "TLS_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-CCM8",
    "AES128-SHA",
    "AES256-GCM-SHA384",
    "DHE-RSA-AES128-GCM-SHA256",
    "DHE-RSA-CHACHA20-POLY1305",
    "DES-CBC3-SHA",
];

#[test]
fn what_cannot_be_offered_is_refused() {
    let value = "config.value";
    let available_12 = "ECDHE-ECDSA-AES128-GCM-SHA256";
    let available_13 = "TLS_AES_128_GCM_SHA256";
    let good_12 = "ECDHE-RSA-AES128-GCM-SHA256";
    for name in SERVERS_ALONE {
        let fragments = ["not spoken here", available_12, "ECDHE-RSA-CHACHA20-POLY1305"];
        assert_refused(&nowhere().ssl_cipher(name), value, "ssl-cipher", &fragments);
        // Nor beside one that is spoken.
        let beside = format!("{good_12}:{name}");
        assert_refused(&nowhere().ssl_cipher(beside), value, "ssl-cipher", &fragments);
    }
    for name in ["HIGH", "DEFAULT:!aNULL", "ALL", "", ":", "@SECLEVEL=0", "TLS_NONSENSE", "ÄES"] {
        assert_refused(&nowhere().ssl_cipher(name), value, "ssl-cipher", &[available_12]);
        assert_refused(
            &nowhere().tls_ciphersuites(name),
            value,
            "tls-ciphersuites",
            &[available_13],
        );
    }
    let ccm = "TLS_AES_128_CCM_SHA256";
    let fragments = ["not spoken here", available_13, "TLS_CHACHA20_POLY1305_SHA256"];
    assert_refused(&nowhere().tls_ciphersuites(ccm), value, "tls-ciphersuites", &fragments);
    // One in the other's place.
    let fragments = ["tls-ciphersuites", "TLSv1.3"];
    assert_refused(&nowhere().ssl_cipher(available_13), value, "ssl-cipher", &fragments);
    let fragments = ["ssl-cipher", "TLSv1.2"];
    assert_refused(&nowhere().tls_ciphersuites(good_12), value, "tls-ciphersuites", &fragments);
    // Without effect.
    let conflict = "config.conflict";
    let none = nowhere().tls_version("TLSv1.3").ssl_cipher(good_12);
    assert_refused(&none, conflict, "ssl-cipher", &["tls-version"]);
    let none = nowhere().tls_version("TLSv1.2").tls_ciphersuites(available_13);
    assert_refused(&none, conflict, "tls-ciphersuites", &["tls-version"]);
    for versions in ["", ",", "TLSv1.2,", "TLSv1.4", "TLSv1.2:TLSv1.3", "SSLv3", "TLSv1.2,TLSv1.5"]
    {
        let fragments = ["TLSv1.2,TLSv1.3"];
        assert_refused(&nowhere().tls_version(versions), value, "tls-version", &fragments);
    }
    for versions in ["TLSv1", "TLSv1.1", "TLSv1,TLSv1.1,TLSv1.2"] {
        assert_refused(&nowhere().tls_version(versions), value, "tls-version", &["broken"]);
    }
    // As text, and in a mode that has no TLS.
    let server = ScriptedServer::start(over_tls());
    let dsn = by_dsn("localhost", &server, &[("ssl-cipher", "AES128-SHA")]);
    assert_refused(&dsn, value, "ssl-cipher", &["not spoken here"]);
    let disabled = nowhere().ssl_mode(SslMode::Disabled).ssl_cipher("AES128-SHA");
    assert_refused(&disabled, value, "ssl-cipher", &["not spoken here"]);
    assert_eq!(server.connections(), 0);
}
