//! Certificate revocation lists: which are taken, what they refuse, and what is said of those that
//! cannot be used.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use mysql_tls::{ConnectionBuilder, SslMode, SslRoots, Verification};
use rcgen::CertificateRevocationListParams;
use time::{Duration, OffsetDateTime};

use crate::kit::*;
use crate::options::{assert_refused, nowhere};
use crate::support::*;

const SERIAL: u64 = 0x2001;
const MIDDLE: u64 = 0x2002;

const REVOKED: &str = "certificate.revoked";
const UNKNOWN: &str = "certificate.revocation-unknown";

fn expired(list: &mut CertificateRevocationListParams) {
    list.this_update = OffsetDateTime::now_utc() - Duration::days(9);
    list.next_update = rcgen::date_time_ymd(2026, 1, 2);
    list.this_update = list.this_update.min(list.next_update - Duration::days(7));
}

fn of_the_future(list: &mut CertificateRevocationListParams) {
    list.this_update = rcgen::date_time_ymd(2048, 1, 2);
    list.next_update = rcgen::date_time_ymd(2048, 3, 4);
}

/// Root, intermediate and a server's certificate below it, with every list that the tests give.
struct Pki {
    root: Authority,
    middle: Authority,
    server: ScriptedServer,
    tls12: ScriptedServer,
}

impl Pki {
    fn new() -> Self {
        let root = Authority::new("Root CA");
        let middle = root
            .intermediate_with("Middle CA", |params| params.serial_number = Some(MIDDLE.into()));
        let leaf = middle.server("localhost").serial(SERIAL).issue();
        let start = |tls: ServerTls| ScriptedServer::start(ServerScript::new().tls(tls));
        Pki {
            server: start(ServerTls::new(&leaf)),
            tls12: start(ServerTls::new(&leaf).only_tls12()),
            root,
            middle,
        }
    }

    fn builder(&self, server: &ScriptedServer) -> ConnectionBuilder {
        builder("localhost", server).ssl_mode(SslMode::VerifyIdentity).ssl_ca_pem(self.root.pem())
    }

    /// Asserts one outcome under TLS 1.3 and 1.2: an error's code, or none.
    #[track_caller]
    fn check(
        &self,
        what: &str,
        expected: Option<&str>,
        fragments: &[&str],
        with: impl Fn(ConnectionBuilder) -> ConnectionBuilder,
    ) {
        for server in [&self.server, &self.tls12] {
            let builder = with(self.builder(server));
            match expected {
                None => {
                    let (tls, _) = accepted(server, || builder.connect(), what);
                    assert!(tls.is_revocation_checked(), "{what}");
                    let name = Verification::ChainAndName("localhost".to_owned());
                    assert_eq!(*tls.verified(), name, "{what}");
                }
                Some(code) => {
                    let record = refused(server, || builder.connect(), code, fragments, what);
                    assert!(record.alert.is_some(), "{what}: {record:#?}");
                }
            }
        }
    }
}

#[test]
fn every_certificate_of_the_chain_is_looked_for() {
    let pki = Pki::new();
    let list = |ca: &Authority, revoked: &[u64]| ca.revocation_list(revoked, |_| {});
    let (root, middle) = (list(&pki.root, &[]), list(&pki.middle, &[]));
    let leaf_revoked = list(&pki.middle, &[7, SERIAL]);
    let middle_revoked = list(&pki.root, &[MIDDLE]);
    let others = list(&Authority::new("Other CA"), &[SERIAL]);
    // The name is right, and the key is not.
    let imitated = list(&Authority::new("Middle CA"), &[]);
    let newer_revoked = pki.middle.revocation_list(&[SERIAL], |list| {
        list.this_update += Duration::HOUR;
        list.crl_number = 2.into();
    });
    let newer = pki.middle.revocation_list(&[], |list| {
        list.this_update += Duration::HOUR;
        list.crl_number = 2.into();
    });
    let old = pki.middle.revocation_list(&[SERIAL], expired);
    let early = pki.middle.revocation_list(&[], of_the_future);
    let others_late = Authority::new("Other CA").revocation_list(&[], expired);
    let cases: [(&str, String, Option<&str>, &[&str]); 15] = [
        ("none revoked", root.clone() + &middle, None, &[]),
        ("in the other order", middle.clone() + &root, None, &[]),
        ("with text around", format!("# lists\n{middle}# more\n{root}# end\n"), None, &[]),
        ("beside another CA's", others.clone() + &middle + &root, None, &[]),
        ("beside another CA's, expired", others_late + &middle + &root, None, &[]),
        ("a newer one stands", root.clone() + &leaf_revoked + &newer, None, &[]),
        ("beside an expired one", root.clone() + &old + &middle, None, &[]),
        ("beside one of the future", root.clone() + &early + &middle, None, &[]),
        ("leaf revoked", root.clone() + &leaf_revoked, Some(REVOKED), &["CN=localhost"]),
        ("intermediate revoked", middle_revoked + &middle, Some(REVOKED), &["one above it"]),
        ("a newer one revokes", root.clone() + &middle + &newer_revoked, Some(REVOKED), &[]),
        ("none of the root", middle.clone(), Some(UNKNOWN), &["Root CA"]),
        ("none of the intermediate", root.clone(), Some(UNKNOWN), &["Middle CA"]),
        ("another CA's alone", others, Some(UNKNOWN), &["Middle CA"]),
        ("signed by another", root.clone() + &imitated, Some(UNKNOWN), &["not signed"]),
    ];
    for (what, lists, expected, fragments) in cases {
        pki.check(what, expected, fragments, |builder| builder.ssl_crl_pem(lists.as_bytes()));
    }
}

#[test]
fn in_every_mode_that_verifies() {
    let pki = Pki::new();
    let good = pki.root.revocation_list(&[], |_| {}) + &pki.middle.revocation_list(&[], |_| {});
    let bad =
        pki.root.revocation_list(&[], |_| {}) + &pki.middle.revocation_list(&[SERIAL], |_| {});
    // A CA makes those verify that do not by themselves.
    for mode in [SslMode::Preferred, SslMode::Required, SslMode::VerifyCa, SslMode::VerifyIdentity]
    {
        let with = |list: &str| pki.builder(&pki.server).ssl_mode(mode).ssl_crl_pem(list);
        let (tls, _) = accepted(&pki.server, || with(&good).connect(), mode);
        assert!(tls.is_revocation_checked(), "{mode}");
        refused(&pki.server, || with(&bad).connect(), REVOKED, &[], mode);
    }
    let (tls, _) = accepted(&pki.server, || pki.builder(&pki.server).connect(), "no list");
    assert!(!tls.is_revocation_checked());
}

#[test]
fn an_error_names_the_file_and_its_next_update() {
    let pki = Pki::new();
    let dir = TestDir::new();
    let root = dir.write("root.crl", pki.root.revocation_list(&[], |_| {}));
    let late = dir.write("late.crl", pki.middle.revocation_list(&[], expired));
    let early = dir.write("early.crl", pki.middle.revocation_list(&[], of_the_future));
    let lists = TestDir::new();
    symlink(&root, lists.path().join("root.crl")).unwrap();
    let case = |what, file: &PathBuf, fragments: &[&str]| {
        // A file and a directory add up, whichever of them has the list.
        pki.check(what, Some(UNKNOWN), fragments, |b| b.ssl_crl(file).ssl_crlpath(lists.path()));
        let both = TestDir::new();
        let linked = both.path().join(file.file_name().unwrap());
        symlink(file, &linked).unwrap();
        symlink(&root, both.path().join("root.crl")).unwrap();
        let mut fragments = fragments.to_vec();
        fragments[0] = text(&linked);
        pki.check(what, Some(UNKNOWN), &fragments, |b| b.ssl_crlpath(both.path()));
    };
    case("expired", &late, &[text(&late), "Middle CA", "out of date", "nextUpdate 2026-01-02"]);
    let fragments = [text(&early), "Middle CA", "thisUpdate 2048-01-02", "nextUpdate 2048-03-04"];
    case("of the future", &early, &fragments);
    // One that is missing has no nextUpdate; where it was looked for is told.
    let fragments = [text(&root), "Middle CA"];
    pki.check("missing", Some(UNKNOWN), &fragments, |b| b.ssl_crl(&root));
    let fragments = [text(lists.path()), "Middle CA"];
    pki.check("missing", Some(UNKNOWN), &fragments, |b| b.ssl_crlpath(lists.path()));
}

#[test]
fn a_file_and_a_directory_add_up() {
    let pki = Pki::new();
    let dir = TestDir::new();
    let middle = dir.write("middle.crl", pki.middle.revocation_list(&[], |_| {}));
    let revoked = dir.write("revoked.crl", pki.middle.revocation_list(&[SERIAL], |_| {}));
    let lists = TestDir::new();
    let root = lists.write("any name", pki.root.revocation_list(&[], |_| {}));
    symlink("any name", lists.path().join("0b7e1f8d.r0")).unwrap();
    lists.write("README", "no list");
    lists.write("ca.pem", pki.root.pem());
    std::fs::create_dir(lists.path().join("sub")).unwrap();
    pki.check("both", None, &[], |b| b.ssl_crl(&middle).ssl_crlpath(lists.path()));
    pki.check("both", Some(REVOKED), &[], |b| b.ssl_crl(&revoked).ssl_crlpath(lists.path()));
    pki.check("the directory alone", Some(UNKNOWN), &["Middle CA"], |b| {
        b.ssl_crlpath(lists.path())
    });
    // The list that is not there may be the one that revokes.
    symlink("nowhere", lists.path().join("1b7e1f8d.r0")).unwrap();
    let dangling = nowhere().ssl_ca_pem(pki.root.pem()).ssl_crlpath(lists.path());
    assert_refused(&dangling, "config.file-missing", "ssl-crlpath", &["1b7e1f8d.r0"]);
    std::fs::remove_file(lists.path().join("1b7e1f8d.r0")).unwrap();
    pki.check("a link", Some(UNKNOWN), &["Middle CA"], |b| b.ssl_crl(&root));
    // Those of large CAs are larger than any other file that is taken.
    let padded = "# padding\n".repeat(300_000) + &std::fs::read_to_string(&middle).unwrap();
    let large = dir.write("large.crl", padded);
    pki.check("3 MB", None, &[], |b| b.ssl_crl(&large).ssl_crlpath(lists.path()));
    let options = |file: &Path| {
        let ca = pki.root.pem();
        let options =
            [("ssl-ca", ca.as_str()), ("ssl-crl", text(file)), ("ssl-crlpath", text(lists.path()))];
        by_dsn("localhost", &pki.server, &options)
    };
    let (tls, _) = accepted(&pki.server, || options(&middle).connect(), "DSN");
    assert!(tls.is_revocation_checked() && *tls.verified() == Verification::Chain);
    refused(&pki.server, || options(&revoked).connect(), REVOKED, &[], "DSN");
    let (ca, list) = (pki.root.pem(), pki.root.revocation_list(&[MIDDLE], |_| {}));
    let as_text = by_dsn("localhost", &pki.server, &[("ssl-ca", &*ca), ("ssl-crl", &*list)]);
    refused(&pki.server, || as_text.connect(), REVOKED, &["one above it"], "PEM in a DSN");
}

#[test]
fn what_has_no_effect_is_refused() {
    let conflict = "config.conflict";
    let dir = TestDir::new();
    let list = ca().revocation_list(&[], |_| {});
    let file = dir.write("ca.crl", &list);
    let given = |crl: bool| {
        if crl { nowhere().ssl_crl(&file) } else { nowhere().ssl_crlpath(dir.path()) }
    };
    for (crl, option) in [(true, "ssl-crl"), (false, "ssl-crlpath")] {
        let without_ca = ["without ssl-ca", "no effect"];
        assert_refused(&given(crl), conflict, option, &without_ca);
        for mode in
            [SslMode::Disabled, SslMode::Preferred, SslMode::Required, SslMode::VerifyIdentity]
        {
            assert_refused(&given(crl).ssl_mode(mode), conflict, option, &without_ca);
        }
        // Not even an option of the same kind is one.
        assert_refused(&given(crl).ssl_roots(SslRoots::Webpki), conflict, option, &without_ca);
        let disabled = given(crl).ssl_ca_pem(ca().pem()).ssl_mode(SslMode::Disabled);
        assert_refused(&disabled, conflict, option, &["DISABLED", "no effect"]);
        given(crl).ssl_ca_pem(ca().pem()).build().unwrap();
        given(crl).ssl_capath(write_ca(&dir)).build().unwrap();
    }
    assert_refused(&nowhere().ssl_crl_pem(list), conflict, "ssl-crl", &["without ssl-ca"]);
    // As text the same.
    let server = ScriptedServer::start(over_tls());
    let dsn = by_dsn("localhost", &server, &[("ssl-crl", text(&file))]);
    assert_refused(&dsn, conflict, "ssl-crl", &["without ssl-ca"]);
    assert_eq!(server.connections(), 0);
}

fn write_ca(dir: &TestDir) -> &Path {
    dir.write("ca.pem", ca().pem());
    dir.path()
}

#[test]
fn files_that_are_no_lists() {
    let dir = TestDir::new();
    let with_ca = || nowhere().ssl_ca_pem(ca().pem());
    let list = ca().revocation_list(&[], |_| {});
    let bad = "config.bad-crl";
    let der = {
        let base64: String = list.lines().filter(|line| !line.starts_with("---")).collect();
        data_encoding::BASE64.decode(base64.as_bytes()).unwrap()
    };
    let cut = &list[..list.len() / 2];
    let large = dir.path().join("large");
    std::fs::File::create(&large).unwrap().set_len((64 << 20) + 1).unwrap();
    let cases: [(PathBuf, &str, &[&str]); 10] = [
        (dir.write("certificate.crl", ca().pem()), bad, &["certificate.crl", "no X509 CRL block"]),
        (dir.write("empty.crl", ""), bad, &["empty.crl", "no X509 CRL block"]),
        (dir.write("der.crl", &der), bad, &["der.crl", "DER", "openssl crl -inform der"]),
        (dir.write("cut.crl", cut), bad, &["cut.crl"]),
        (dir.write("junk.crl", pem("X509 CRL", b"junk")), bad, &["junk.crl", "cannot be used"]),
        // Half of what was given would be less than was asked for.
        (dir.write("half.crl", list.clone() + &pem("X509 CRL", b"junk")), bad, &["half.crl"]),
        (dir.path().join("gone.crl"), "config.file-missing", &["gone.crl"]),
        (dir.path().to_owned(), "config.file-kind", &["regular file"]),
        (PathBuf::from("/dev/zero"), "config.file-kind", &["/dev/zero"]),
        (large, "config.file-kind", &["64 MiB"]),
    ];
    for (file, code, fragments) in &cases {
        assert_refused(&with_ca().ssl_crl(file), code, "ssl-crl", fragments);
    }
    let text_given = with_ca().ssl_crl_pem(ca().pem());
    assert_refused(&text_given, bad, "ssl-crl", &["the given PEM text"]);

    let empty = TestDir::new();
    let only_others = TestDir::new();
    only_others.write("ca.pem", ca().pem());
    std::fs::create_dir(only_others.path().join("sub")).unwrap();
    std::fs::write(only_others.path().join("sub/ca.crl"), &list).unwrap();
    let one_is_junk = TestDir::new();
    one_is_junk.write("ca.crl", &list);
    one_is_junk.write("junk.crl", pem("X509 CRL", b"junk"));
    let file = dir.write("ca.crl", &list);
    let cases: [(&Path, &str, &[&str]); 5] = [
        (empty.path(), bad, &["no file in it"]),
        (only_others.path(), bad, &["no file in it"]),
        (one_is_junk.path(), bad, &["junk.crl"]),
        (&file, "config.file-kind", &["no directory"]),
        (Path::new("/nonexistent"), "config.file-missing", &["/nonexistent"]),
    ];
    for (path, code, fragments) in cases {
        assert_refused(&with_ca().ssl_crlpath(path), code, "ssl-crlpath", fragments);
    }
}

/// Where the server leaves its intermediate out and `ssl-ca` has it.
#[test]
fn an_intermediate_that_is_given_is_looked_for_too() {
    let pki = Pki::new();
    let mut alone = pki.middle.server("localhost").issue();
    alone.chain.truncate(1);
    let server = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&alone)));
    let (root, middle) =
        (pki.root.revocation_list(&[], |_| {}), pki.middle.revocation_list(&[], |_| {}));
    let revoked = pki.root.revocation_list(&[MIDDLE], |_| {});
    let with = |list: String| {
        let ca = pki.root.pem() + &pki.middle.pem();
        verified(&server).ssl_ca_pem(ca).ssl_crl_pem(list)
    };
    accepted(&server, || with(root + &middle).connect(), "both");
    refused(&server, || with(revoked + &middle).connect(), REVOKED, &[], "revoked");
    let fragments = ["the given PEM text", "Root CA"];
    refused(&server, || with(middle).connect(), UNKNOWN, &fragments, "none of the root");
}

/// A CA with a new key under its old name has a list for each key.
#[test]
fn a_ca_that_changed_its_key() {
    let (old, new) = (Authority::new("Same CA"), Authority::new("Same CA"));
    let lists = |authority: &Authority, revoked: &[u64], hours: i64| {
        authority.revocation_list(revoked, |list| list.this_update += Duration::hours(hours))
    };
    for (authority, serial) in [(&old, 1_u64), (&new, 2)] {
        let leaf = authority.server("localhost").serial(serial).issue();
        let server = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&leaf)));
        for (old_hours, new_hours) in [(0, 1), (1, 0)] {
            let with = |revoked: &[u64]| {
                let list = lists(&old, revoked, old_hours) + &lists(&new, revoked, new_hours);
                verified(&server).ssl_ca_pem(old.pem() + &new.pem()).ssl_crl_pem(list)
            };
            let what = format!("key {serial}, lists of hours {old_hours} and {new_hours}");
            accepted(&server, || with(&[9]).connect(), &what);
            refused(&server, || with(&[serial]).connect(), REVOKED, &[], &what);
        }
    }
}
