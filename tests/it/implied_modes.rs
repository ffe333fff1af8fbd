//! The ssl-mode that options amount to where none is given, seen by what comes of it.

use mysql_tls::{ConnectionBuilder, SslMode, SslRoots, Verification};
use sha2::{Digest, Sha256};

use crate::kit::*;
use crate::support::*;

/// What an implied mode does: with a server that has no TLS, with the right server by its name, and
/// with the right server by another name.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Preferred,
    Required,
    VerifyCa,
    VerifyIdentity,
}

#[test]
fn without_a_mode_the_options_say_it() {
    let dir = TestDir::new();
    let file = dir.write("ca.pem", ca().pem());
    let list = ca().revocation_list(&[], |_| {});
    let lists = TestDir::new();
    let list_file = lists.write("ca.crl", &list);
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(good().der()));
    let client = ca().client("app").issue().write_to(&dir, "client");
    let both = "webpki,ca";
    let cases: [(&[(&str, &str)], Mode); 13] = [
        (&[], Mode::Preferred),
        (&[("ssl-cert", text(&client.both))], Mode::Preferred),
        (&[("tls-version", "TLSv1.3")], Mode::Preferred),
        (&[("tls-server-name", "localhost")], Mode::Preferred),
        (&[("tls-peer-fingerprint", &hash)], Mode::Required),
        (&[("ssl-ca", text(&file))], Mode::VerifyCa),
        (&[("ssl-capath", text(dir.path()))], Mode::VerifyCa),
        (&[("ssl-ca", text(&file)), ("ssl-capath", text(dir.path()))], Mode::VerifyCa),
        (&[("ssl-ca", text(&file)), ("ssl-crl", text(&list_file))], Mode::VerifyCa),
        (&[("ssl-ca", text(&file)), ("ssl-crlpath", text(lists.path()))], Mode::VerifyCa),
        (&[("ssl-ca", text(&file)), ("tls-peer-fingerprint", &hash)], Mode::VerifyCa),
        (&[("ssl-ca", text(&file)), ("ssl-roots", both)], Mode::VerifyIdentity),
        (
            &[
                ("ssl-capath", text(dir.path())),
                ("ssl-roots", both),
                ("tls-peer-fingerprint", &hash),
            ],
            Mode::VerifyIdentity,
        ),
    ];
    let plain = ScriptedServer::start(ServerScript::new());
    let tls = ScriptedServer::start(over_tls());
    for (options, mode) in cases {
        let without_tls = by_dsn("localhost", &plain, options).connect();
        let verified = |host: &str| {
            by_dsn(host, &tls, options)
                .connect()
                .map(|connection| connection.session().tls().unwrap().verified().clone())
                .map_err(|error| error.code())
        };
        let expected = match mode {
            Mode::Preferred => (Ok(Verification::Nothing), Ok(Verification::Nothing)),
            Mode::Required => (Ok(Verification::Pin), Ok(Verification::Pin)),
            Mode::VerifyCa => (Ok(Verification::Chain), Ok(Verification::Chain)),
            Mode::VerifyIdentity => {
                let name = Verification::ChainAndName("localhost".to_owned());
                (Ok(name), Err("certificate.wrong-name"))
            }
        };
        assert_eq!((verified("localhost"), verified("127.0.0.1")), expected, "{options:?}");
        let code = without_tls.as_ref().map_or_else(mysql_tls::Error::code, |_| "plaintext");
        let expected = if mode == Mode::Preferred { "plaintext" } else { "tls.not-offered" };
        assert_eq!(code, expected, "{options:?}");
    }
    // Public roots alone: by their refusal, and by what it names.
    let public = by_dsn("localhost", &tls, &[("ssl-roots", "webpki")]);
    let fragments = ["not a public CA"];
    refused(&tls, || public.connect(), "certificate.unknown-issuer", &fragments, "webpki");
    refused(
        &plain,
        || by_dsn("localhost", &plain, &[("ssl-roots", "webpki")]).connect(),
        "tls.not-offered",
        &[],
        "webpki",
    );
}

/// A mode that is given stands, whatever the options would amount to.
#[test]
fn a_given_mode_stands() {
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(good().der()));
    let server = ScriptedServer::start(over_tls());
    let with_ca = || builder("127.0.0.1", &server).ssl_ca_pem(ca().pem());
    let verified = |builder: ConnectionBuilder| {
        let connection = builder.connect().unwrap();
        connection.session().tls().map(|tls| tls.verified().clone())
    };
    for (mode, expected) in [
        (SslMode::Disabled, None),
        (SslMode::Preferred, Some(Verification::Chain)),
        (SslMode::Required, Some(Verification::Chain)),
        (SslMode::VerifyCa, Some(Verification::Chain)),
    ] {
        assert_eq!(verified(with_ca().ssl_mode(mode)), expected, "{mode}");
    }
    let pinned = builder("127.0.0.1", &server).tls_peer_fingerprint(&hash);
    assert_eq!(verified(pinned.ssl_mode(SslMode::Required)), Some(Verification::Pin));
    // Of these only the files are checked.
    let disabled = builder("127.0.0.1", &server).ssl_mode(SslMode::Disabled);
    assert_eq!(verified(disabled.clone().ssl_roots(SslRoots::Webpki)), None);
    let error = failure(disabled.ssl_ca("/nonexistent").build(), "DISABLED");
    assert_eq!(error.code(), "config.file-missing");
}
