//! Every mistake in the options is found by `build()`, before a socket is opened, and told with the
//! option and the remedy; and what is no mistake works.

use std::time::Duration;

use std::path::{Path, PathBuf};

use mysql_tls::mysql::OptsBuilder;
use mysql_tls::{ConnectionBuilder, Error, Password, SslMode};

use crate::kit::*;
use crate::support::*;

/// A builder that would connect to nothing.
pub(crate) fn nowhere() -> ConnectionBuilder {
    account("localhost").port(1)
}

/// Asserts that `build()` refuses it because of this option.
#[track_caller]
pub(crate) fn assert_refused(
    builder: &ConnectionBuilder,
    code: &str,
    option: &str,
    fragments: &[&str],
) {
    let error = failure(builder.build(), option);
    assert_says(&error, code, fragments);
    let Error::Config(config) = &error else { panic!("{error:?}") };
    assert_eq!(config.option(), option, "{error}");
    assert!(error.to_string().contains(option) || option == "password", "{error}");
}

#[test]
fn combinations_that_contradict_each_other() {
    let dir = TestDir::new();
    let key = dir.write("key.pem", rsa_public_key_pem(3));
    let (disabled, required) = (SslMode::Disabled, SslMode::Required);
    let clear = |mode| nowhere().ssl_mode(mode).enable_cleartext_plugin(true);
    let conflict = "config.conflict";
    let verify_ca = nowhere().ssl_mode(SslMode::VerifyCa);
    assert_refused(&verify_ca, "config.ca-required", "ssl-ca", &["VERIFY_CA", "VERIFY_IDENTITY"]);
    for mode in [disabled, SslMode::Preferred] {
        let fragments = [mode.as_str(), "ssl-mode=VERIFY_IDENTITY"];
        assert_refused(&clear(mode), conflict, "enable-cleartext-plugin", &fragments);
    }
    clear(required).build().unwrap();
    let preferred_by_default = nowhere().enable_cleartext_plugin(true);
    assert_refused(&preferred_by_default, conflict, "enable-cleartext-plugin", &["PREFERRED"]);
    let both = nowhere().server_public_key_path(key).get_server_public_key(true);
    assert_refused(&both, conflict, "get-server-public-key", &["server-public-key-path"]);
    let bound = nowhere().socket("/s").bind_address(([127, 0, 0, 1], 0).into());
    assert_refused(&bound, conflict, "bind-address", &["socket"]);
}

#[test]
fn a_nul_is_refused_wherever_text_goes_to_the_server() {
    let value = "config.value";
    let builder = || ConnectionBuilder::new("localhost").ssl_mode(SslMode::Disabled);
    let cases = [
        (builder().user("root\0app"), "user"),
        (builder().password("pass\0word"), "password"),
        (builder().database("shop\0"), "database"),
        (builder().connect_attribute("na\0me", "value"), "connect-attributes"),
        (builder().connect_attribute("name", "\0"), "connect-attributes"),
        (builder().init_statement("SELECT '\0'"), "init"),
        (ConnectionBuilder::new("local\0host"), "host"),
    ];
    for (builder, option) in cases {
        assert_refused(&builder, value, option, &["NUL"]);
        assert!(!failure(builder.build(), option).to_string().contains("pass\0"));
    }
    // What is asked for at every connect is checked at every connect, before anything is sent.
    let dir = TestDir::new();
    let file = dir.write("password", "pass\0word\n");
    let server = ScriptedServer::start(ServerScript::new());
    let provided = plaintext(&server).password_with(|| Ok(Password::new("pass\0word")));
    for builder in [provided, plaintext(&server).password_file(file)] {
        let error = failure(builder.build().unwrap().connect(), "NUL");
        assert_says(&error, value, &["password", "NUL"]);
    }
    assert_eq!(server.connections(), 0);
    let failing = plaintext(&server).password_with(|| Err(format!("no {PASSWORD}").into()));
    let error = failure(failing.connect(), "provider");
    assert_eq!(error.code(), "config.password");
    assert!(!error.to_string().contains(PASSWORD), "{error}");
    let absent = plaintext(&server).password_file("/nonexistent/password").connect();
    assert_says(&failure(absent, "absent"), "config.file-missing", &["password-file"]);
}

#[test]
fn values_that_make_no_sense() {
    let zero = Duration::ZERO;
    let second = Duration::from_secs(1);
    let cases = [
        (nowhere().port(0), "port"),
        (nowhere().connect_timeout(zero), "connect-timeout"),
        (nowhere().read_timeout(zero), "read-timeout"),
        (nowhere().busy_poll(zero), "busy-poll"),
        (nowhere().busy_poll(Duration::from_millis(11)), "busy-poll"),
        (nowhere().tcp_keepalive(Duration::from_millis(500)), "tcp-keepalive"),
        (nowhere().tcp_keepalive(Duration::from_secs(40000)), "tcp-keepalive"),
        (nowhere().tcp_keepalive(second).tcp_keepalive_interval(zero), "tcp-keepalive-interval"),
        (nowhere().tcp_keepalive(second).tcp_keepalive_probes(0), "tcp-keepalive-probes"),
        (nowhere().tcp_user_timeout(Duration::from_micros(10)), "tcp-user-timeout"),
        (nowhere().socket(""), "socket"),
        (nowhere().socket("/".to_owned() + &"x".repeat(120)), "socket"),
        (nowhere().connect_attribute("a", "x".repeat(70_000)), "connect-attributes"),
        (nowhere().compression(10), "compression"),
        (nowhere().max_allowed_packet(1), "max-allowed-packet"),
        (nowhere().charset("utf8'; DROP"), "charset"),
        (nowhere().time_zone("'; DROP"), "time-zone"),
        (nowhere().additional_capabilities(capability::SSL), "additional-capabilities"),
        (nowhere().additional_capabilities(capability::LOCAL_FILES), "additional-capabilities"),
        (account("not a host"), "host"),
        (account(""), "host"),
    ];
    for (builder, option) in cases {
        assert_refused(&builder, "config.value", option, &[]);
    }
    let hook = |change: fn(OptsBuilder) -> OptsBuilder| nowhere().driver_options(change);
    for (builder, setter) in [
        (hook(|options| options.pass(Some("x"))), "use password"),
        (hook(|options| options.prefer_socket(true)), "use socket"),
        (hook(|options| options.ip_or_hostname(Some("x"))), "use ConnectionBuilder::new"),
    ] {
        assert_says(&failure(builder.build(), setter), "config.hook", &["driver_options", setter]);
    }
}

#[test]
fn files_that_cannot_be_used() {
    let dir = TestDir::new();
    let junk =
        dir.write("junk.pem", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n");
    let empty = dir.write("empty.pem", "");
    let text = dir.write("text.pem", "no PEM at all");
    let no_der = dir.write("no-der.pem", pem("CERTIFICATE", b"junk"));
    let key = dir.write("key.pem", good().key_pem());
    let gone = PathBuf::from("/nonexistent/ca.pem");
    let loop_name = dir.path().join("loop.pem");
    std::os::unix::fs::symlink(&loop_name, &loop_name).unwrap();
    let none = "config.no-certificate";
    let cases: [(&Path, &str, &[&str]); 8] = [
        (&junk, none, &["junk.pem"]),
        (&empty, none, &["empty.pem", "no CERTIFICATE block"]),
        (&text, none, &["text.pem", "no CERTIFICATE block"]),
        (&no_der, none, &["no-der.pem"]),
        (&key, none, &["key.pem", "private key"]),
        (&gone, "config.file-missing", &["/nonexistent/ca.pem", "VERIFY_IDENTITY", "needs no"]),
        (Path::new("/dev/zero"), "config.file-kind", &["/dev/zero", "regular file"]),
        // The one way in which root cannot read a file either.
        (&loop_name, "config.file-unreadable", &["loop.pem", "uid"]),
    ];
    // In every mode: a mistake shows even where the file would not be used.
    for mode in SslMode::ALL {
        for (path, code, fragments) in cases {
            assert_refused(&nowhere().ssl_mode(mode).ssl_ca(path), code, "ssl-ca", fragments);
        }
    }
    let bundle = Path::new("/etc/ssl/certs/ca-certificates.crt");
    if bundle.is_file() {
        let fragments = ["/etc/ssl/certs/ca-certificates.crt"];
        assert_refused(&nowhere().ssl_ca(&gone), "config.file-missing", "ssl-ca", &fragments);
    }
    for (path, code) in [(&empty, none), (&gone, "config.file-missing")] {
        assert_refused(&nowhere().ssl_cert(path).ssl_key(&key), code, "ssl-cert", &[]);
    }
    let cut = &good().key_pem()[..60];
    let bad_key = dir.write("bad-key.pem", cut);
    let cert = dir.write("cert.pem", good().cert_pem());
    let missing = nowhere().ssl_cert(&cert).ssl_key(&gone);
    assert_refused(&missing, "config.file-missing", "ssl-key", &["/nonexistent/ca.pem"]);
    for (path, code) in
        [(&bad_key, "config.bad-key"), (&cert, "config.no-key"), (&empty, "config.no-key")]
    {
        assert_refused(&nowhere().ssl_cert(&cert).ssl_key(path), code, "ssl-key", &[]);
    }
}

#[test]
fn client_certificates_and_keys_that_do_not_fit() {
    let dir = TestDir::new();
    let (one, two) = (ca().client("one").issue(), ca().client("two").issue());
    let (one, two) = (one.write_to(&dir, "one"), two.write_to(&dir, "two"));
    let given = |cert: &Path, key: &Path| nowhere().ssl_cert(cert).ssl_key(key);
    let fragments = ["two-key.pem", "one.pem", "does not belong"];
    assert_refused(&given(&one.cert, &two.key), "config.key-mismatch", "ssl-key", &fragments);
    let alone = nowhere().ssl_cert(&one.cert);
    let fragments = ["one.pem", "if this is the server's CA, write ssl-ca"];
    assert_refused(&alone, "config.no-key", "ssl-cert", &fragments);
    let fragments = ["one-key.pem", "ssl-cert"];
    assert_refused(&nowhere().ssl_key(&one.key), "config.no-certificate", "ssl-cert", &fragments);

    let old_style = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
                     DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n\
                     -----END EC PRIVATE KEY-----\n";
    let locked = pem("ENCRYPTED PRIVATE KEY", b"whatever");
    let cases = [(locked, "ssl-key-password"), (old_style.to_owned(), "openssl pkcs8 -topk8")];
    for (text, remedy) in cases {
        let key = dir.write("locked.pem", &text);
        let option = if remedy == "ssl-key-password" { remedy } else { "ssl-key" };
        let fragments = ["locked.pem", "encrypted", remedy];
        assert_refused(&given(&one.cert, &key), "config.encrypted-key", option, &fragments);
    }
}

#[test]
fn every_form_of_a_client_certificate_is_presented() {
    let dir = TestDir::new();
    let middle = ca().intermediate("Middle CA");
    let tls = ServerTls::new(good()).require_client_cert(ca());
    let server = ScriptedServer::start(ServerScript::new().tls(tls));
    let presented = |builder: ConnectionBuilder, issued: &Issued, subject: &str| {
        let connection = builder.connect().unwrap_or_else(|error| panic!("{subject}: {error}"));
        let told = connection.session().tls().unwrap().client_certificate().clone();
        assert_eq!((told.was_requested(), told.presented()), (true, Some(subject)));
        let record = server.wait_until(server.connections() - 1, PATIENCE, |r| r.tls.is_some());
        assert_eq!(record.client_certificate(), Some(&issued.der()), "{subject}");
    };
    for kind in KeyKind::ALL {
        let issued = middle.client("app").organization("Shop").key(kind).issue();
        let files = issued.write_to(&dir, &format!("{kind:?}"));
        let subject = "CN=app, O=Shop";
        let b = || verified(&server);
        presented(b().ssl_cert(&files.cert).ssl_key(&files.key), &issued, subject);
        presented(b().ssl_cert(&files.both), &issued, subject);
        presented(b().ssl_key(&files.both), &issued, subject);
        presented(b().ssl_cert(&files.both).ssl_key(&files.both), &issued, subject);
        let text = issued.chain_pem() + &issued.key_pem();
        presented(b().ssl_cert_pem(text), &issued, subject);
        let text = issued.key_pem() + &issued.chain_pem();
        presented(b().ssl_key_pem(text), &issued, subject);
        presented(b().ssl_mode(SslMode::Preferred).ssl_cert(&files.both), &issued, subject);
        let older_form = match kind {
            KeyKind::EcdsaP256 | KeyKind::EcdsaP384 => issued.sec1_key_pem(),
            KeyKind::Rsa2048 => RSA_KEY_PKCS1.to_owned(),
            KeyKind::Ed25519 => continue,
        };
        let key = dir.write("older-form.pem", older_form);
        presented(b().ssl_cert(&files.cert).ssl_key(key), &issued, subject);
    }
}

#[test]
fn a_bundle_needs_one_certificate_that_can_be_used() {
    let old = Authority::with("Old CA", |params| {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    });
    let server = ScriptedServer::start(over_tls());
    let junk = pem("CERTIFICATE", b"junk");
    let comment = "# a comment, as bundles have them\n";
    for bundle in [
        old.pem() + &ca().pem(),
        ca().pem() + &old.pem(),
        junk.clone() + &ca().pem(),
        comment.to_owned() + &Authority::new("Other CA").pem() + comment + &ca().pem(),
        ca().pem() + &good().key_pem(),
    ] {
        verified(&server).ssl_ca_pem(bundle).connect().unwrap();
    }
    for bundle in [old.pem(), old.pem() + &junk] {
        let builder = verified(&server).ssl_ca_pem(bundle);
        let fragments = ["Old CA", "expired"];
        assert_refused(&builder, "config.no-certificate", "ssl-ca", &fragments);
    }
}

#[test]
fn what_was_put_in_the_wrong_place_is_not_repeated() {
    let given = [
        ConnectionBuilder::new(format!("mysql://app:{PASSWORD}@127.0.0.1/shop")),
        ConnectionBuilder::new(format!("app:{PASSWORD}@127.0.0.1")),
    ];
    for builder in given {
        let error = failure(builder.build(), "host");
        assert_says(&error, "config.value", &["host", "connection string"]);
        for shown in [error.to_string(), format!("{error:?}"), format!("{builder:?} {builder}")] {
            assert!(!shown.contains(PASSWORD), "{shown}");
        }
    }
    let with_port = failure(ConnectionBuilder::new("127.0.0.1:4000").build(), "port");
    assert_says(&with_port, "config.value", &["port(4000)"]);

    // PEM text where a path belongs is taken for what it is.
    let server = ScriptedServer::start(over_tls());
    let issued = ca().client("app").issue();
    let builder = verified(&server).ssl_cert(issued.chain_pem()).ssl_key(issued.key_pem());
    assert!(!format!("{builder:?}").contains("PRIVATE"), "{builder:?}");
    builder.connect().unwrap();
}
