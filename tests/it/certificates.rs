//! Client certificates of odd shapes: they are presented as they are, and checked against their
//! keys all the same. And which files are read at all.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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

/// What a path can lead to that is no file of certificates or keys.
#[test]
fn files_are_regular_and_bounded_and_not_quoted() {
    const SECRET: &str = "root:$6$salt$hash-of-a-password:19000:0:99999:7:::";
    let dir = TestDir::new();
    let shadow = dir.write("shadow", SECRET.repeat(3) + "\n");
    let fifo = dir.path().join("fifo");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    let cwd = rustix::fs::CWD;
    rustix::fs::mknodat(cwd, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let large = dir.path().join("large");
    std::fs::File::create(&large).unwrap().set_len((64 << 20) + 1).unwrap();
    let socket = dir.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let pair = ca().client("app").issue().write_to(&dir, "client");
    let given = |option: &str, path: &Path| match option {
        "ssl-ca" => nowhere().ssl_ca(path),
        "ssl-cert" => nowhere().ssl_cert(path).ssl_key(&pair.key),
        "ssl-key" => nowhere().ssl_cert(&pair.cert).ssl_key(path),
        _ => nowhere().ssl_ca_pem(ca().pem()).ssl_crl(path),
    };
    let paths: [PathBuf; 6] =
        [shadow, fifo, large, "/dev/zero".into(), "/dev/null".into(), dir.path().to_owned()];
    let start = Instant::now();
    for option in ["ssl-ca", "ssl-cert", "ssl-key", "ssl-crl"] {
        for (number, path) in paths.iter().enumerate() {
            let what = format!("{option} {}", path.display());
            let error = failure(given(option, path).build(), &what);
            let text = format!("{error} {error:?}");
            assert!(text.contains(&path.display().to_string()), "{what}: {text}");
            assert!(!text.contains("$6$") && !text.contains("root:"), "{what}: {text}");
            assert_eq!(error.code() == "config.file-kind", number > 0, "{what}: {error}");
        }
        let error = failure(given(option, &socket).build(), option);
        assert!(error.to_string().contains("socket"), "{error}");
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
