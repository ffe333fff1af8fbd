//! What doctor finds of certificates, of what a server accepts, and of a proxy.

use rustls::{CipherSuite, NamedGroup};

use super::*;
use crate::servers::terminator;

#[test]
fn certificates_that_do_not_verify() {
    let ca = Authority::new("CLI CA");
    let other = Authority::new("Other CA");
    let dir = TestDir::new();
    let ca_file = dir.write("ca.pem", ca.pem()).display().to_string();
    let (expired, early) = ("certificate.expired", "certificate.not-yet-valid");
    let (issuer, name) = ("certificate.unknown-issuer", "certificate.wrong-name");
    let purpose = "certificate.wrong-purpose";
    let for_clients = ca.client("app").dns("localhost").issue();
    let version_1 = ca.as_version_1(&ca.server("localhost").issue());
    let below = ca.intermediate("Branch CA").server("localhost").issue().alone();
    let cases = [
        ("expired", ca.server("localhost").expired().issue(), [expired, expired, expired]),
        ("early", ca.server("localhost").not_yet_valid().issue(), [early, early, early]),
        ("wrong name", ca.server("db.example.com").issue(), ["works", "works", name]),
        ("unknown CA", other.server("localhost").issue(), [issuer, issuer, issuer]),
        ("self-signed", self_signed("localhost").issue(), [issuer, issuer, issuer]),
        ("for clients", for_clients, [purpose, purpose, purpose]),
        ("version 1", version_1, ["works", "works", "works"]),
        ("self-signed", self_signed_ca("localhost").issue(), [issuer, issuer, issuer]),
        ("no intermediate", below, [issuer, issuer, issuer]),
        ("no names", ca.server("x").no_san().common_name("db").issue(), ["works", "works", name]),
    ];
    for (what, leaf, [required, verify_ca, verify_identity]) in cases {
        let server = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&leaf)));
        let port = server.port();
        let dsn = format!("mysql://app@localhost:{port}/?ssl-mode=VERIFY_CA&ssl-ca={ca_file}");
        let (code, report) = examine(&dsn);
        assert_eq!(code, Some(i32::from(verify_ca != "works")), "{what}: {report:#}");
        assert_eq!(
            modes(&report),
            ["works", required, required, verify_ca, verify_identity],
            "{what}"
        );
        // The chain is shown all the same.
        let shown = &report["certificates"][0];
        assert!(shown["subject"].as_str().unwrap().starts_with("CN="), "{what}: {report:#}");
        let version = if what == "version 1" { 1 } else { 3 };
        assert_eq!((&shown["key"], &shown["version"]), (&"ECDSA P-256".into(), &version.into()));
        let advice = &report["advice"];
        let (dsn, tried) = match what {
            "unknown CA" | "self-signed" | "no intermediate" => (
                format!("mysql://app@localhost:{port}/?ssl-mode=VERIFY_IDENTITY&ssl-ca=ca.pem"),
                false,
            ),
            _ => (dsn.replace("VERIFY_CA", "VERIFY_IDENTITY"), verify_identity == "works"),
        };
        assert_eq!((&advice["dsn"], &advice["tried"]), (&dsn.into(), &tried.into()), "{what}");
        let why = advice["why"].as_str().unwrap();
        assert_eq!(why.contains("tls-pin=sha256//"), verify_ca == issuer, "{what}: {why}");
        let authorities = advice["authorities"].as_array().unwrap().len();
        assert_eq!(authorities, if verify_ca == issuer { 6 } else { 0 }, "{what}");
        nothing_was_given_away(&server, &[]);
    }
}

#[test]
fn pins_count() {
    let leaf = self_signed("localhost").issue();
    let server = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&leaf)));
    let dsn = format!("mysql://app@localhost:{}/", server.port());
    let (_, report) = examine(&dsn);
    let pin = report["certificates"][0]["pin"].as_str().unwrap().to_owned();
    let other = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let conflict = "config.conflict";
    for (pin, code, required) in
        [(&*pin, Some(0), "works"), (other, Some(1), "certificate.pin-mismatch")]
    {
        let (ended, report) = examine(&format!("{dsn}?tls-pin={pin}"));
        assert_eq!(ended, code, "{report:#}");
        let strict = "certificate.unknown-issuer";
        let expected = [conflict, conflict, required, "config.ca-required", strict];
        assert_eq!(modes(&report), expected);
        assert_eq!(report["settings"]["mode"], "REQUIRED");
        assert_eq!(report["attacker"], "nothing, unless he holds the server's own key");
    }
}

#[test]
fn what_the_server_accepts() {
    let ca = Authority::new("CLI CA");
    let leaf = ca.server("localhost").issue();
    let aes_256 = CipherSuite::TLS13_AES_256_GCM_SHA384;
    let tls = |tls: ServerTls| ScriptedServer::start(ServerScript::new().tls(tls));
    let dsn = |server: &ScriptedServer| format!("mysql://app@localhost:{}/", server.port());

    let server = tls(ServerTls::new(&leaf)
        .only_tls13()
        .cipher_suites(&[aes_256])
        .groups(&[NamedGroup::X25519]));
    let (code, report) = examine(&dsn(&server));
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(answered(&report, "versions", "accepted"), ["TLSv1.3"]);
    assert_eq!(answered(&report, "versions", "refused"), ["TLSv1.2"]);
    assert_eq!(answered(&report, "cipher_suites", "accepted"), ["TLS_AES_256_GCM_SHA384"]);
    assert_eq!(answered(&report, "groups", "accepted"), ["X25519"]);
    for list in ["versions", "cipher_suites", "groups"] {
        assert!(answered(&report, list, "unknown").is_empty(), "{report:#}");
    }

    let server = tls(ServerTls::new(&leaf).only_tls12());
    let (_, report) = examine(&dsn(&server));
    assert_eq!(answered(&report, "versions", "accepted"), ["TLSv1.2"]);
    let accepted = answered(&report, "cipher_suites", "accepted");
    // Its key is of ECDSA.
    assert_eq!(accepted.len(), 3, "{accepted:?}");
    assert!(accepted.iter().all(|suite| suite.starts_with("ECDHE-ECDSA-")), "{accepted:?}");

    // The offer comes, and then nothing that could be told apart.
    let script = ServerScript::new().after_ssl_request(AfterSslRequest::Close);
    let server = ScriptedServer::start(script);
    let (code, report) = examine(&dsn(&server));
    assert_eq!(code, Some(1));
    assert_eq!(answered(&report, "versions", "unknown"), ["TLSv1.3", "TLSv1.2"]);
    assert_eq!(report["versions"][0]["error"]["code"], "handshake.closed");
    let closed = "handshake.closed";
    assert_eq!(modes(&report), ["works", closed, closed, "config.ca-required", closed]);
}

#[test]
fn a_proxy_that_ends_tls_is_suspected() {
    let view = |version: &str, cipher: &str| {
        Answer::Rows(
            Rows::new(["Variable_name", "Value"])
                .row(["Ssl_version", version])
                .row(["Ssl_cipher", cipher]),
        )
    };
    let id = |id: &str| Answer::Rows(Rows::one("CONNECTION_ID()", id));
    type Change = Box<dyn Fn(ServerScript) -> ServerScript>;
    let cipher = "TLS_CHACHA20_POLY1305_SHA256";
    let cases: [(Change, &str, Vec<&str>); 4] = [
        (
            Box::new(move |script| script.on_prefix("SHOW SESSION", view("TLSv1.3", cipher))),
            "probably: something in between seems to end the TLS connection",
            vec!["cipher"],
        ),
        (
            Box::new(move |script| script.on_prefix("SHOW SESSION", view("", ""))),
            "probably: something in between seems to end the TLS connection",
            vec!["tls-version", "cipher"],
        ),
        (
            Box::new(move |script| script.on_query("SELECT CONNECTION_ID()", id("7"))),
            "perhaps: something in between seems to greet in the server's place",
            vec!["connection-id"],
        ),
        (Box::new(|script| script), "none seen", vec![]),
    ];
    for (change, words, expected) in cases {
        let fixture = Fixture::with(change);
        let (code, report) = examine(&fixture.dsn("app"));
        assert_eq!(code, Some(0), "{report:#}");
        let proxy = &report["proxy"];
        assert!(proxy["told"].as_str().unwrap().starts_with(words), "{proxy}");
        assert_eq!(proxy["suspected"], !expected.is_empty(), "{proxy}");
        let found = proxy["differences"].as_array().unwrap();
        let found: Vec<&str> = found.iter().map(|one| one["compared"].as_str().unwrap()).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_proxy_that_really_ends_tls_is_suspected() {
    let fixture = Fixture::open();
    let port = terminator::before(fixture.server.port(), &fixture.ca);
    let ca = fixture.ca_file();
    let dsn = format!("mysql://app@localhost:{port}/?ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}");
    let (code, report) = examine(&dsn);
    // Its certificate is as good as the server's.
    assert_eq!((code, modes(&report)), (Some(0), vec!["works"; 5]), "{report:#}");
    let told = report["proxy"]["told"].as_str().unwrap();
    let words = "probably: something in between seems to end the TLS connection, by comparison \
                 (TLS version TLSv1.3 here, TLSv1.2 there; cipher suite TLS_";
    assert!(told.starts_with(words), "{told}");
    assert_eq!(report["proxy"]["suspected"], true);
}

/// Seven bytes in the clear, which anybody could send.
#[test]
fn an_alert_of_somebody_who_showed_no_certificate_proves_nothing() {
    let required = AfterSslRequest::alert(116);
    let server = ScriptedServer::start(ServerScript::new().after_ssl_request(required));
    let dir = TestDir::new();
    let ca_file = dir.write("ca.pem", Authority::new("CLI CA").pem()).display().to_string();
    let port = server.port();
    let dsn = format!("mysql://app@localhost:{port}/?ssl-mode=VERIFY_IDENTITY&ssl-ca={ca_file}");
    let (code, report) = examine(&dsn);
    assert_eq!(code, Some(1), "{report:#}");
    let fails = "handshake.client-certificate-required";
    assert_eq!(modes(&report), ["works", fails, fails, fails, fails]);
    assert_eq!(report["advice"]["tried"], false, "{report:#}");
    nothing_was_given_away(&server, &[]);
}
