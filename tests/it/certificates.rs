//! Client certificates of odd shapes: they are presented as they are, and checked against their
//! keys all the same.

use mysql_tls::ConnectionBuilder;
use rcgen::ExtendedKeyUsagePurpose;

use crate::kit::*;
use crate::options::{assert_refused, nowhere};
use crate::support::*;

fn odd_ones() -> Vec<(&'static str, Issued)> {
    let client = || ca().client("app").organization("Shop");
    let below = ca().intermediate("Branch CA");
    let mut all = vec![
        ("version 1", ca().as_version_1(&client().issue())),
        ("CA:TRUE", client().ca_true().issue()),
        ("for servers", client().usages(&[ExtendedKeyUsagePurpose::ServerAuth]).issue()),
        ("for nothing", client().usages(&[]).with(|params| params.key_usages.clear()).issue()),
        ("expired", client().expired().issue()),
        ("not yet valid", client().not_yet_valid().issue()),
        ("self-signed", self_signed("app").organization("Shop").issue()),
        ("self-signed CA", self_signed_ca("app").organization("Shop").issue()),
        ("with its intermediate", below.client("app").organization("Shop").issue()),
    ];
    for kind in KeyKind::ALL {
        all.push(("version 1", ca().as_version_1(&client().key(kind).issue())));
    }
    all
}

#[test]
fn odd_client_certificates_are_presented() {
    let tls = || ServerTls::new(good()).any_client_cert();
    let servers =
        [tls(), tls().only_tls12()].map(|tls| ScriptedServer::start(ServerScript::new().tls(tls)));
    let dir = TestDir::new();
    for (what, issued) in odd_ones() {
        let files = issued.write_to(&dir, "client");
        for server in &servers {
            let dsn_ca = ca().pem();
            let options = [
                ("ssl-ca", &*dsn_ca),
                ("ssl-cert", text(&files.cert)),
                ("ssl-key", text(&files.key)),
            ];
            for builder in [
                verified(server).ssl_cert(&files.cert).ssl_key(&files.key),
                by_dsn("localhost", server, &options),
            ] {
                let (tls, record) = accepted(server, || builder.connect(), what);
                assert_eq!(record.tls.unwrap().client_chain, issued.chain, "{what}");
                let told = tls.client_certificate();
                assert_eq!(told.presented(), Some("CN=app, O=Shop"), "{what}");
                assert!(told.was_requested() && told.days_left().is_some(), "{what}");
            }
        }
    }
}

#[test]
fn an_odd_client_certificate_needs_its_own_key() {
    let other = ca().client("other").issue();
    for (what, issued) in odd_ones() {
        let given = |key: &Issued| -> ConnectionBuilder {
            nowhere().ssl_cert_pem(issued.chain_pem()).ssl_key_pem(key.key_pem())
        };
        given(&issued).build().unwrap_or_else(|error| panic!("{what}: {error}"));
        let fragments = ["does not belong"];
        assert_refused(&given(&other), "config.key-mismatch", "ssl-key", &fragments);
    }
}
