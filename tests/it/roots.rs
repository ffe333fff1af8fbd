//! Which certificates are trusted: files, directories, public roots by name, and what goes together.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use mysql_tls::{ConnectionBuilder, SslMode, SslRoots, Verification};

use crate::events::warnings_of;
use crate::kit::*;
use crate::options::{assert_refused, nowhere};
use crate::process;
use crate::support::*;

const UNKNOWN: &str = "certificate.unknown-issuer";

fn server_of(authority: &Authority) -> ScriptedServer {
    let issued = authority.server("localhost").issue();
    ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&issued)))
}

/// A directory as `openssl rehash` and people leave it.
fn directory(authorities: &[&Authority]) -> TestDir {
    let dir = TestDir::new();
    for (number, authority) in authorities.iter().enumerate() {
        let name = format!("ca {number}.crt");
        dir.write(&name, authority.pem());
        symlink(&name, dir.path().join(format!("5ed36f9{number}.0"))).unwrap();
    }
    dir.write("README", "The CAs of the shop.\n");
    dir.write("junk.pem", pem("CERTIFICATE", b"junk"));
    dir.write("binary", [0x30, 0x82, 1, 0, 0xff, 0xfe]);
    dir.write("server-key.pem", good().key_pem());
    symlink("gone.pem", dir.path().join("00000000.0")).unwrap();
    std::fs::create_dir(dir.path().join("sub")).unwrap();
    dir
}

#[test]
fn a_directory_is_all_the_files_in_it() {
    let (one, two, three) =
        (Authority::new("CA one"), Authority::new("CA two"), Authority::new("CA three"));
    let dir = directory(&[&one, &two]);
    // Two in one file count as well, and what lies deeper does not.
    let (four, five) = (Authority::new("CA four"), Authority::new("CA five"));
    dir.write("more", four.pem() + &five.pem());
    std::fs::write(dir.path().join("sub/three.pem"), three.pem()).unwrap();
    for (authority, trusted) in
        [(&one, true), (&two, true), (&three, false), (&four, true), (&five, true)]
    {
        let server = server_of(authority);
        let options = [("ssl-mode", "VERIFY_IDENTITY"), ("ssl-capath", text(dir.path()))];
        for builder in [
            builder("localhost", &server).ssl_mode(SslMode::VerifyIdentity).ssl_capath(dir.path()),
            by_dsn("localhost", &server, &options),
        ] {
            if trusted {
                let (tls, _) = accepted(&server, || builder.connect(), trusted);
                let name = Verification::ChainAndName("localhost".to_owned());
                assert_eq!(*tls.verified(), name);
            } else {
                let fragments = ["the directory", text(dir.path()), "CA three"];
                refused(&server, || builder.connect(), UNKNOWN, &fragments, "three");
            }
        }
    }
}

#[test]
fn a_file_and_a_directory_add_up() {
    let (one, two) = (Authority::new("CA one"), Authority::new("CA two"));
    let middle = one.intermediate("Middle CA");
    let files = TestDir::new();
    let file = files.write("one.pem", one.pem());
    let dir = directory(&[&two]);
    let both =
        |server: &ScriptedServer| builder("localhost", server).ssl_ca(&file).ssl_capath(dir.path());
    for authority in [&one, &two] {
        let server = server_of(authority);
        let (tls, _) = accepted(&server, || both(&server).connect(), "both");
        assert_eq!(*tls.verified(), Verification::Chain);
    }
    let server = server_of(&Authority::new("CA three"));
    let fragments = ["CA three", text(&file), text(dir.path()), "CA one", "CA two"];
    refused(&server, || both(&server).connect(), UNKNOWN, &fragments, "neither");
    // An intermediate in one of them completes the path to a root in the other.
    let mut alone = middle.server("localhost").issue();
    alone.chain.truncate(1);
    let server = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&alone)));
    refused(&server, || both(&server).connect(), UNKNOWN, &["Middle CA"], "no intermediate");
    dir.write("middle", middle.pem());
    accepted(&server, || both(&server).connect(), "with the intermediate");
    let only_middle = builder("localhost", &server).ssl_capath(dir.path());
    refused(&server, || only_middle.connect(), UNKNOWN, &["CA one"], "no root");
}

#[test]
fn what_is_passed_over_in_a_directory_is_told() {
    let dir = directory(&[ca()]);
    std::fs::File::create(dir.path().join("large")).unwrap().set_len((1 << 20) + 1).unwrap();
    let secret = dir.write("unreadable.pem", ca().pem());
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o000)).unwrap();
    let can_read = std::fs::read(&secret).is_ok();
    let server = ScriptedServer::start(over_tls());
    let told = warnings_of(|| {
        let builder = builder("localhost", &server).ssl_capath(dir.path());
        builder.connect().unwrap();
    });
    let has = |words: &[&str]| {
        assert!(
            told.iter().any(|told| words.iter().all(|words| told.contains(words))),
            "{words:?}: {told:#?}"
        );
    };
    has(&["ssl-capath", "junk.pem", "no certificate"]);
    has(&["ssl-capath", "large", "1 MiB"]);
    has(&["ssl-capath", "there is no file", "00000000.0"]);
    if can_read {
        println!("skipped: an unreadable file in ssl-capath (this user reads every file)");
    } else {
        has(&["ssl-capath", "unreadable.pem"]);
    }
    // What is merely something else is not.
    assert_eq!(told.len(), if can_read { 3 } else { 4 }, "{told:#?}");
}

#[test]
fn directories_that_cannot_be_used() {
    let empty = TestDir::new();
    let nothing = directory(&[]);
    std::fs::write(nothing.path().join("sub/ca.pem"), ca().pem()).unwrap();
    let leaf = TestDir::new();
    leaf.write("leaf.pem", good().cert_pem());
    let other = TestDir::new();
    let file = other.write("ca.pem", ca().pem());
    let none = "config.no-certificate";
    let kind = "config.file-kind";
    let cases: [(&Path, &str, &[&str]); 6] = [
        (empty.path(), none, &["no file in", "CA certificate"]),
        (nothing.path(), none, &["no file in"]),
        (leaf.path(), none, &["no file in"]),
        (Path::new("/nonexistent"), "config.file-missing", &["no such directory"]),
        (&file, kind, &["no directory"]),
        (Path::new("/dev/null"), kind, &["no directory"]),
    ];
    // In every mode, as a mistake shows even where it would not be used.
    for mode in SslMode::ALL {
        for (path, code, fragments) in cases {
            let mut fragments = fragments.to_vec();
            fragments.push(text(path));
            let builder = nowhere().ssl_mode(mode).ssl_capath(path);
            assert_refused(&builder, code, "ssl-capath", &fragments);
            // Another source does not make up for it.
            let builder = builder.ssl_ca_pem(ca().pem());
            assert_refused(&builder, code, "ssl-capath", &fragments);
        }
    }
}

/// What `build()` says of a combination.
fn combination(mode: Option<SslMode>, roots: Option<SslRoots>, ca: bool, capath: bool) -> String {
    let has_ca = ca || capath;
    let conflict = "config.conflict ssl-roots".to_owned();
    match roots {
        None if mode == Some(SslMode::VerifyCa) && !has_ca => {
            "config.ca-required ssl-ca".to_owned()
        }
        None => "ok".to_owned(),
        Some(SslRoots::Webpki | SslRoots::Native) if has_ca => conflict,
        Some(SslRoots::WebpkiAndCa | SslRoots::NativeAndCa) if !has_ca => conflict,
        Some(roots) => match mode {
            // Not even with a CA beside them are public roots enough for less.
            Some(SslMode::Preferred | SslMode::Required | SslMode::VerifyCa) => conflict,
            _ if matches!(roots, SslRoots::Native | SslRoots::NativeAndCa) => native(),
            _ => "ok".to_owned(),
        },
    }
}

/// What the operating system's roots come to here.
fn native() -> String {
    if !cfg!(feature = "native-certs") {
        return "config.value ssl-roots".to_owned();
    }
    let outcome = nowhere().ssl_roots(SslRoots::Native).build();
    outcome.map_or_else(|_| "config.no-certificate ssl-roots".to_owned(), |_| "ok".to_owned())
}

#[test]
fn every_combination_of_roots() {
    let dir = TestDir::new();
    let file = dir.write("ca.pem", ca().pem());
    let modes = std::iter::once(None).chain(SslMode::ALL.into_iter().map(Some));
    let all_roots: Vec<_> =
        std::iter::once(None).chain(SslRoots::ALL.iter().copied().map(Some)).collect();
    for mode in modes {
        for roots in &all_roots {
            for (ca, capath) in [(false, false), (true, false), (false, true), (true, true)] {
                let mut builder = nowhere();
                let mut dsn = format!("mysql://{USER}@localhost:1/?");
                if let Some(mode) = mode {
                    builder = builder.ssl_mode(mode);
                    dsn += &format!("&ssl-mode={mode}");
                }
                if let Some(roots) = *roots {
                    builder = builder.ssl_roots(roots);
                    dsn += &format!("&ssl-roots={roots}");
                }
                if ca {
                    builder = builder.ssl_ca(&file);
                    dsn += &format!("&ssl-ca={}", file.display());
                }
                if capath {
                    builder = builder.ssl_capath(dir.path());
                    dsn += &format!("&ssl-capath={}", dir.path().display());
                }
                let dsn = dsn.replace("?&", "?");
                let expected = combination(mode, *roots, ca, capath);
                for builder in [builder, dsn.parse().unwrap()] {
                    let found = match builder.build() {
                        Ok(_) => "ok".to_owned(),
                        Err(mysql_tls::Error::Config(error)) => {
                            let text = error.to_string();
                            let shows = roots.is_none_or(|roots| text.contains(roots.as_str()));
                            let only_feature = text.contains("native-certs");
                            assert!(shows || only_feature, "{text}");
                            format!(
                                "{} {}",
                                mysql_tls::Error::from(error.clone()).code(),
                                error.option()
                            )
                        }
                        Err(other) => panic!("{other}"),
                    };
                    assert_eq!(found, expected, "{dsn}");
                }
            }
        }
    }
}

#[test]
fn public_roots_beside_a_ca_trust_both_and_forgive_nothing() {
    let server = ScriptedServer::start(over_tls());
    let cn_only = ca().server("localhost").no_san().issue();
    let cn_only = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&cn_only)));
    let as_ca = ca().server("localhost").ca_true().issue();
    let as_ca = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&as_ca)));
    let private = |server: &ScriptedServer| builder("localhost", server).ssl_ca_pem(ca().pem());
    let mixed = |server: &ScriptedServer| private(server).ssl_roots(SslRoots::WebpkiAndCa);
    let public = |server: &ScriptedServer| builder("localhost", server).ssl_roots(SslRoots::Webpki);
    let (tls, _) = accepted(&server, || mixed(&server).connect(), "both");
    assert_eq!(*tls.verified(), Verification::ChainAndName("localhost".to_owned()));
    refused(&server, || public(&server).connect(), UNKNOWN, &["not a public CA"], "public");
    // What OpenSSL takes of a given CA, and nobody of a public one.
    for (server, code) in
        [(&cn_only, "certificate.wrong-name"), (&as_ca, "certificate.ca-as-server")]
    {
        let identity = private(server).ssl_mode(SslMode::VerifyIdentity);
        accepted(server, || identity.connect(), code);
        refused(server, || mixed(server).connect(), code, &[], code);
    }
    let given = [("ssl-roots", "webpki,ca"), ("ssl-capath", "/nonexistent")];
    let dsn = by_dsn("localhost", &server, &given);
    assert_refused(&dsn, "config.file-missing", "ssl-capath", &[]);
}

#[test]
fn words_in_the_place_of_a_file() {
    for (word, remedy) in [
        ("system", "ssl-roots=native"),
        ("native", "ssl-roots=native"),
        ("webpki", "ssl-roots=webpki"),
    ] {
        let server = ScriptedServer::start(over_tls());
        for builder in [nowhere().ssl_ca(word), by_dsn("localhost", &server, &[("ssl-ca", word)])] {
            assert_refused(&builder, "config.value", "ssl-ca", &[remedy]);
        }
    }
    assert_refused(&nowhere().ssl_ca("./system"), "config.file-missing", "ssl-ca", &["./system"]);
    if !cfg!(feature = "native-certs") {
        let builder = nowhere().ssl_roots(SslRoots::Native);
        let fragments = ["native-certs", "ssl-roots=webpki"];
        assert_refused(&builder, "config.value", "ssl-roots", &fragments);
    }
}

/// What a child process does: connects under the roots that the environment names.
pub(crate) fn with_native_roots(fact: &dyn Fn(&str) -> String) {
    for (what, roots) in [("native", SslRoots::Native), ("webpki", SslRoots::Webpki)] {
        for (port, host) in [("PORT", "localhost"), ("PORT", "127.0.0.1"), ("CN_PORT", "localhost")]
        {
            let builder = account(host).port(fact(port).parse().unwrap()).ssl_roots(roots);
            let told = match builder.connect() {
                Ok(connection) => connection.session().tls().unwrap().verified().to_string(),
                Err(error) => error.code().to_owned(),
            };
            println!("{what} {port} {host}: {told}");
        }
    }
}

/// `SSL_CERT_FILE` is where the system's roots are, for OpenSSL as for others.
#[test]
fn the_operating_systems_roots_verify() {
    let server = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    let roots = dir.write("roots.pem", ca().pem());
    let cn_only = ca().server("localhost").no_san().issue();
    let cn_only = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&cn_only)));
    let facts = [
        ("PORT", server.port().to_string()),
        ("CN_PORT", cn_only.port().to_string()),
        ("SSL_CERT_FILE", text(&roots).to_owned()),
    ];
    let told = process::finish(process::child("native-roots", &facts));
    let expected = if cfg!(feature = "native-certs") {
        [
            "native PORT localhost: the chain, and the name localhost",
            "native PORT 127.0.0.1: certificate.wrong-name",
            "native CN_PORT localhost: certificate.wrong-name",
        ]
    } else {
        [
            "native PORT localhost: config.value",
            "native PORT 127.0.0.1: config.value",
            "native CN_PORT localhost: config.value",
        ]
    };
    for line in expected.iter().chain(&["webpki PORT localhost: certificate.unknown-issuer"]) {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
fn a_public_root_is_not_enough_without_the_name() {
    let bundle = PathBuf::from("/etc/ssl/certs/ca-certificates.crt");
    if !bundle.is_file() {
        println!("skipped: a_public_root_is_not_enough_without_the_name (no {})", bundle.display());
        return;
    }
    let dir = TestDir::new();
    let private = dir.write("ca.pem", ca().pem());
    let mixed = std::fs::read_to_string(&bundle).unwrap() + &ca().pem();
    let mixed = dir.write("mixed.pem", mixed);
    let capath = TestDir::new();
    symlink(&bundle, capath.path().join("bundle.pem")).unwrap();
    let told = |builder: ConnectionBuilder| {
        let told = warnings_of(|| drop(builder.build().unwrap()));
        told.into_iter().filter(|told| told.contains("public CA")).collect::<Vec<_>>()
    };
    let in_mode = |mode: Option<SslMode>, builder: ConnectionBuilder| match mode {
        Some(mode) => builder.ssl_mode(mode),
        None => builder,
    };
    let verify_ca = Some(SslMode::VerifyCa);
    // Every mode that ends at the chain: none is given in the first.
    for mode in [None, verify_ca, Some(SslMode::Required), Some(SslMode::Preferred)] {
        for (builder, file) in [
            (nowhere().ssl_ca(&bundle), text(&bundle)),
            (nowhere().ssl_ca(&mixed), text(&mixed)),
            (nowhere().ssl_capath(capath.path()), text(capath.path())),
        ] {
            let told = told(in_mode(mode, builder));
            assert_eq!(told.len(), 1, "{mode:?} {file}: {told:?}");
            assert!(told[0].contains(file) && told[0].contains("VERIFY_IDENTITY"), "{told:?}");
        }
    }
    let quiet = Vec::<String>::new();
    assert_eq!(told(in_mode(Some(SslMode::VerifyIdentity), nowhere().ssl_ca(&mixed))), quiet);
    assert_eq!(told(in_mode(verify_ca, nowhere().ssl_ca(&private))), quiet);
}
