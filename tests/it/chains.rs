//! Which certificates may issue others: what webpki leaves open and OpenSSL refuses.

use mysql_tls::{ConnectionBuilder, SslMode};
use rcgen::{BasicConstraints, IsCa, KeyUsagePurpose};

use crate::support::*;

/// The code of a connect with VERIFY_CA to a server that shows `leaf`; empty for success.
fn verdict(ca: &str, leaf: &Issued) -> &'static str {
    let dir = TestDir::new();
    let ca = dir.write("ca.pem", ca);
    let server = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(leaf)));
    ConnectionBuilder::new("localhost")
        .port(server.port())
        .user("app")
        .ssl_mode(SslMode::VerifyCa)
        .ssl_ca(ca)
        .connect()
        .map_or_else(|error| error.code(), |_| "")
}

fn root_with(change: impl FnOnce(&mut rcgen::CertificateParams)) -> Authority {
    Authority::with("Test Root", change)
}

#[test]
fn only_certificates_that_may_issue_do() {
    const REFUSED: &str = "certificate.unknown-issuer";
    let root = Authority::new("Root");
    let other = Authority::new("Other");
    let no_sign = |params: &mut rcgen::CertificateParams| {
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
    };

    let intermediate = root.intermediate("Intermediate");
    let silent = root.intermediate_with("Silent", no_sign);
    let short = root_with(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let below_short = short.intermediate("Below");

    let plain = root.server("localhost").issue();
    let under_intermediate = intermediate.server("localhost").issue();
    let under_silent = silent.server("localhost").issue();
    let under_short = short.server("localhost").issue();
    let too_deep = below_short.server("localhost").issue();
    let mut without_intermediate = under_intermediate.clone();
    without_intermediate.chain.truncate(1);
    let both = format!("{}{}", root.pem(), intermediate.pem());

    let cases: [(&str, String, &Issued, &str); 9] = [
        ("the root's own leaf", root.pem(), &plain, ""),
        ("through an intermediate", root.pem(), &under_intermediate, ""),
        ("an intermediate without keyCertSign", root.pem(), &under_silent, REFUSED),
        ("within the path length", short.pem(), &under_short, ""),
        ("beyond the path length", short.pem(), &too_deep, "certificate.invalid"),
        ("an intermediate is no anchor", intermediate.pem(), &under_intermediate, REFUSED),
        ("an intermediate of ssl-ca completes the path", both, &without_intermediate, ""),
        ("nothing completes the path", root.pem(), &without_intermediate, REFUSED),
        ("another root", other.pem(), &plain, REFUSED),
    ];
    for (case, ca, leaf, expected) in cases {
        assert_eq!(verdict(&ca, leaf), expected, "{case}");
    }
}

#[test]
fn an_anchor_without_key_cert_sign_issues_nothing() {
    let root = root_with(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
    let leaf = root.server("localhost").issue();
    assert_eq!(verdict(&root.pem(), &leaf), "certificate.unknown-issuer");
}

#[test]
fn a_self_signed_server_certificate_is_trusted_as_itself_alone() {
    let own = self_signed("localhost").issue();
    let twin = self_signed("localhost").issue();
    assert_eq!(verdict(&own.cert_pem(), &own), "");
    assert_eq!(verdict(&own.cert_pem(), &twin), "certificate.unknown-issuer");
}
