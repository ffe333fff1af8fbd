//! Files that change while a connector is in use: what is taken, what is not, and when.

mod child;
mod expired;
mod lists;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use mysql_tls::mysql::prelude::*;
use mysql_tls::{ConnectionBuilder, Connector, SslMode};
use rcgen::{
    CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
};
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use crate::events::warnings_of;
use crate::kit::*;
use crate::support::*;

/// Waits until the next connect of a connector looks at its files.
fn until_the_next_look() {
    thread::sleep(Duration::from_millis(1050));
}

fn client() -> Issued {
    ca().client("app").issue()
}

/// A script that asks for a client certificate of the right CA.
fn asks_for_a_certificate() -> ServerScript {
    ServerScript::new().tls(ServerTls::new(good()).require_client_cert(ca()))
}

/// The account with the client certificate of two files.
fn with_identity(server: &ScriptedServer, cert: &Path, key: &Path) -> ConnectionBuilder {
    verified(server).ssl_cert(cert).ssl_key(key)
}

/// The client certificate that the server saw of one more connection, and whether that was resumed.
#[track_caller]
fn seen(server: &ScriptedServer, connector: &Connector) -> (CertificateDer<'static>, bool) {
    let number = server.connections();
    let connection = connector.connect().unwrap();
    let resumed = connection.session().tls().unwrap().is_resumed();
    drop(connection);
    let record = server.wait_record(number, PATIENCE);
    (record.client_certificate().unwrap().clone(), resumed)
}

#[track_caller]
fn assert_code(connector: &Connector, expected: &str, what: &str) {
    let outcome = connector.connect();
    let code = outcome.as_ref().map_or_else(mysql_tls::Error::code, |_| "ok");
    assert_eq!(code, expected, "{what}: {:?}", outcome.as_ref().err());
}

/// A revocation list that is the newer the higher its number is.
fn revocation_list(ca: &Authority, ca_name: &str, revoked: &[u64], number: u32) -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, ca_name);
    params.key_usages = vec![KeyUsagePurpose::CrlSign];
    let issuer = Issuer::new(params, KeyPair::from_pem(&ca.key_pem()).unwrap());
    let yesterday = OffsetDateTime::now_utc() - time::Duration::DAY;
    let revoked = revoked.iter().map(|serial| RevokedCertParams {
        serial_number: (*serial).into(),
        revocation_time: yesterday,
        reason_code: None,
        invalidity_date: None,
    });
    let list = CertificateRevocationListParams {
        this_update: yesterday + number * time::Duration::MINUTE,
        next_update: yesterday + 30 * time::Duration::DAY,
        crl_number: u64::from(number).into(),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    pem("X509 CRL", list.signed_by(&issuer).unwrap().der())
}

/// A path in the same directory for what is to be renamed.
fn beside(path: &Path) -> PathBuf {
    let mut new = path.as_os_str().to_owned();
    new.push("_new");
    new.into()
}

/// Replaces what is at `path` as a whole, as careful programs do it.
fn rename_over(path: &Path, content: impl AsRef<[u8]>) {
    let new = beside(path);
    fs::write(&new, content).unwrap();
    set_private(&new);
    fs::rename(new, path).unwrap();
}

fn link_over(path: &Path, target: impl AsRef<Path>) {
    let new = beside(path);
    symlink(target, &new).unwrap();
    fs::rename(new, path).unwrap();
}

/// Nobody else can read the file: no warning.
fn set_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn write_private(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
    set_private(path);
}

/// A way of putting a pair to `tls.crt` and `tls.key` of a directory, in place of an older one.
type Way = fn(&Path, &Issued);

fn written_in_place(dir: &Path, issued: &Issued) {
    write_private(&dir.join("tls.crt"), issued.chain_pem());
    write_private(&dir.join("tls.key"), issued.key_pem());
}

fn renamed_into_place(dir: &Path, issued: &Issued) {
    rename_over(&dir.join("tls.crt"), issued.chain_pem());
    rename_over(&dir.join("tls.key"), issued.key_pem());
}

/// With the size and the time of modification of the older ones.
fn in_disguise(dir: &Path, issued: &Issued) {
    let pair = [("tls.crt", issued.chain_pem()), ("tls.key", issued.key_pem())];
    for (name, mut content) in pair {
        let path = dir.join(name);
        content.push_str(&"\n".repeat(2000 - content.len()));
        write_private(&path, content);
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)).unwrap();
    }
}

fn new_directory(dir: &Path, issued: &Issued) -> String {
    let name = format!("..{}", fs::read_dir(dir).unwrap().count());
    fs::create_dir(dir.join(&name)).unwrap();
    written_in_place(&dir.join(&name), issued);
    name
}

/// As Kubernetes does it: links to `..data/`, and that a link to the newest directory.
fn kubernetes(dir: &Path, issued: &Issued) {
    let name = new_directory(dir, issued);
    link_over(&dir.join("..data"), &name);
    if !dir.join("tls.crt").is_symlink() {
        symlink("..data/tls.crt", dir.join("tls.crt")).unwrap();
        symlink("..data/tls.key", dir.join("tls.key")).unwrap();
    }
}

/// As certbot does it: each a link to the newest file.
fn certbot(dir: &Path, issued: &Issued) {
    let name = new_directory(dir, issued);
    for file in ["tls.crt", "tls.key"] {
        link_over(&dir.join(file), format!("{name}/{file}"));
    }
}

fn both_in_one(dir: &Path, issued: &Issued) {
    write_private(&dir.join("tls.crt"), issued.chain_pem() + &issued.key_pem());
    let _ = symlink("tls.crt", dir.join("tls.key"));
}

const WAYS: [(&str, Way); 6] = [
    ("written in place", written_in_place),
    ("renamed into place", renamed_into_place),
    ("with the same size and time", in_disguise),
    ("as Kubernetes does it", kubernetes),
    ("as certbot does it", certbot),
    ("both in one file", both_in_one),
];

#[test]
fn a_renewed_client_certificate_is_presented_and_no_older_session_resumed() {
    struct Case {
        what: &'static str,
        way: Way,
        dir: TestDir,
        server: ScriptedServer,
        connector: Connector,
    }
    let pairs = [0, 1, 2].map(|number| ca().client(&format!("app {number}")).issue());
    let cases = WAYS.map(|(what, way)| {
        let dir = TestDir::new();
        way(dir.path(), &pairs[0]);
        let server = ScriptedServer::start(asks_for_a_certificate());
        let [cert, key] = ["tls.crt", "tls.key"].map(|name| dir.path().join(name));
        let connector = with_identity(&server, &cert, &key).build().unwrap();
        Case { what, way, dir, server, connector }
    });
    for (number, pair) in pairs.iter().enumerate() {
        for Case { what, way, dir, .. } in &cases[..] {
            if number > 0 {
                way(dir.path(), pair);
            }
            assert!(dir.path().join("tls.key").is_file(), "{what}");
        }
        if number > 0 {
            until_the_next_look();
        }
        for Case { what, server, connector, .. } in &cases {
            for resumed in [false, true] {
                assert_eq!(seen(server, connector), (pair.der(), resumed), "{what}: {number}");
            }
            let state = connector.reload_state();
            assert_eq!((state.reloads(), state.failure().is_none()), (number as u64, true));
            let subject = connector.client_identity().unwrap().subject().to_owned();
            assert_eq!(subject, format!("CN=app {number}"), "{what}");
        }
    }
}

#[test]
fn another_ca_is_trusted_from_the_next_look_on_and_the_older_no_more() {
    let older = Authority::new("Older CA");
    let newer = Authority::new("Newer CA");
    let by = |authority: &Authority| {
        let issued = authority.server("localhost").issue();
        ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&issued)))
    };
    let servers = [by(&older), by(&newer)];
    let dir = TestDir::new();
    let file = dir.write("ca.pem", older.pem());
    let cas = dir.path().join("cas");
    fs::create_dir(&cas).unwrap();
    fs::write(cas.join("older.pem"), older.pem()).unwrap();
    let connectors = servers.each_ref().map(|server| {
        let to = builder("localhost", server).ssl_mode(SslMode::VerifyIdentity);
        [to.clone().ssl_ca(&file), to.ssl_capath(&cas)].map(|builder| builder.build().unwrap())
    });
    let unknown = "certificate.unknown-issuer";
    let bundle = older.pem() + &newer.pem();
    let check = |what: &str, reloads: u64, expected: [&str; 2]| {
        for (connectors, expected) in connectors.iter().zip(expected) {
            for (connector, source) in connectors.iter().zip(["the file", "the directory"]) {
                assert_code(connector, expected, &format!("{what}, {source}"));
                assert_eq!(connector.reload_state().reloads(), reloads, "{what}, {source}");
            }
        }
    };
    check("the older", 0, ["ok", unknown]);

    rename_over(&file, &bundle);
    fs::write(cas.join("newer.pem"), newer.pem()).unwrap();
    until_the_next_look();
    check("both", 1, ["ok", "ok"]);

    fs::write(&file, newer.pem()).unwrap();
    remove(&cas.join("older.pem"));
    until_the_next_look();
    check("the newer", 2, [unknown, "ok"]);

    fs::write(&file, older.pem()).unwrap();
    fs::write(cas.join("newer.pem"), older.pem()).unwrap();
    until_the_next_look();
    check("the older again", 3, ["ok", unknown]);
}

#[test]
fn a_certificate_is_refused_once_a_newer_list_revokes_it() {
    const SERIAL: u64 = 0x77;
    let issued = ca().server("localhost").serial(SERIAL).issue();
    let server = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&issued)));
    let list = |revoked: &[u64], number| revocation_list(ca(), "Right CA", revoked, number);
    let dir = TestDir::new();
    let file = dir.write("crl.pem", list(&[], 1));
    let lists = dir.path().join("crls");
    fs::create_dir(&lists).unwrap();
    fs::write(lists.join("1.pem"), list(&[], 1)).unwrap();
    let connectors = [verified(&server).ssl_crl(&file), verified(&server).ssl_crlpath(&lists)]
        .map(|builder| builder.build().unwrap());
    let check = |expected: &str| {
        for (connector, source) in connectors.iter().zip(["the file", "the directory"]) {
            assert_code(connector, expected, source);
        }
    };
    check("ok");
    // The session is there to be resumed: it must not be.
    check("ok");
    fs::write(&file, list(&[SERIAL], 2)).unwrap();
    fs::write(lists.join("2.pem"), list(&[SERIAL], 2)).unwrap();
    until_the_next_look();
    check("certificate.revoked");
    assert!(!server.wait_record(4, PATIENCE).logged_in);
    rename_over(&file, list(&[SERIAL + 1], 3));
    rename_over(&lists.join("3.pem"), list(&[SERIAL + 1], 3));
    until_the_next_look();
    check("ok");
}

/// Everything that can be given as files, in one directory.
struct Complete {
    dir: TestDir,
    cut: String,
}

impl Complete {
    const CRL: &str = "crls/a.pem";

    fn new(issued: &Issued, list: &str) -> Self {
        let other = Authority::new("Other CA");
        let bundle = ca().pem() + &other.pem();
        let complete = Complete { dir: TestDir::new(), cut: bundle[..bundle.len() - 200].into() };
        complete.restore(issued, list, &bundle);
        complete
    }

    fn restore(&self, issued: &Issued, list: &str, bundle: &str) {
        for dir in ["cas", "crls"] {
            // What a case made of it goes.
            let _ = fs::remove_file(self.path(dir));
            let _ = fs::remove_dir_all(self.path(dir));
            fs::create_dir(self.path(dir)).unwrap();
        }
        let _ = fs::remove_dir(self.path("ca.pem"));
        rename_over(&self.path("ca.pem"), bundle);
        rename_over(&self.path("cas/a.pem"), bundle);
        rename_over(&self.path("cert.pem"), issued.chain_pem());
        rename_over(&self.path("key.pem"), issued.key_pem());
        rename_over(&self.path("crl.pem"), list);
        rename_over(&self.path(Self::CRL), list);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn connector(&self, server: &ScriptedServer) -> Connector {
        builder("localhost", server)
            .ssl_mode(SslMode::VerifyIdentity)
            .ssl_ca(self.path("ca.pem"))
            .ssl_capath(self.path("cas"))
            .ssl_cert(self.path("cert.pem"))
            .ssl_key(self.path("key.pem"))
            .ssl_crl(self.path("crl.pem"))
            .ssl_crlpath(self.path("crls"))
            .build()
            .unwrap()
    }
}

fn remove(path: &Path) {
    fs::remove_file(path).unwrap();
}

fn garble(path: &Path) {
    fs::write(path, "no PEM").unwrap();
}

fn make_fifo(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    remove(path);
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

fn make_directory(path: &Path) {
    remove(path);
    fs::create_dir(path).unwrap();
}

fn make_large(path: &Path) {
    fs::File::create(path).unwrap().set_len(65 << 20).unwrap();
}

fn replace_by_another(path: &Path) {
    rename_over(path, client().chain_pem());
}

fn remove_directory(path: &Path) {
    fs::remove_dir_all(path).unwrap();
}

/// What is done to which of the files, the error, and what it says besides the file's name.
type Breakage = (&'static str, fn(&Path), &'static str, &'static str);

const BREAKAGES: [Breakage; 19] = [
    ("ca.pem", remove, "config.file-missing", "ssl-ca"),
    ("ca.pem", garble, "config.no-certificate", "ssl-ca"),
    ("ca.pem", make_fifo, "config.file-kind", "ssl-ca"),
    ("ca.pem", make_directory, "config.file-kind", "ssl-ca"),
    ("ca.pem", make_large, "config.file-kind", "larger than 1 MiB"),
    ("cas/a.pem", remove, "config.no-certificate", "ssl-capath"),
    ("cas/a.pem", garble, "config.no-certificate", "ssl-capath"),
    ("cas/b.pem", make_large, "config.file-kind", "larger than 1 MiB"),
    ("cas", remove_directory, "config.file-missing", "ssl-capath"),
    ("cert.pem", remove, "config.file-missing", "ssl-cert"),
    ("cert.pem", garble, "config.no-certificate", "ssl-cert"),
    ("cert.pem", replace_by_another, "config.key-mismatch", "ssl-key"),
    ("key.pem", remove, "config.file-missing", "ssl-key"),
    ("key.pem", garble, "config.no-key", "ssl-key"),
    ("crl.pem", remove, "config.file-missing", "ssl-crl"),
    ("crl.pem", garble, "config.bad-crl", "ssl-crl"),
    ("crls/a.pem", remove, "config.bad-crl", "ssl-crlpath"),
    ("crls/b.pem", make_large, "config.file-kind", "larger than 64 MiB"),
    ("crls", remove_directory, "config.file-missing", "ssl-crlpath"),
];

#[test]
fn files_that_cannot_be_used_leave_the_older_ones_in_use_and_are_tried_again() {
    let issued = client();
    let list = revocation_list(ca(), "Right CA", &[], 1);
    let server = ScriptedServer::start(asks_for_a_certificate());
    let mut cases: Vec<(Breakage, Complete, Connector, Vec<String>)> = Vec::new();
    for breakage in BREAKAGES {
        let complete = Complete::new(&issued, &list);
        let connector = complete.connector(&server);
        cases.push((breakage, complete, connector, Vec::new()));
    }
    // A file that is being written: one certificate and a half.
    for name in ["ca.pem", "cas/a.pem"] {
        let complete = Complete::new(&issued, &list);
        let connector = complete.connector(&server);
        let breakage: Breakage = (name, |_| (), "config.no-certificate", "no base64");
        fs::write(complete.path(name), &complete.cut).unwrap();
        cases.push((breakage, complete, connector, Vec::new()));
    }
    for ((name, break_it, ..), complete, ..) in &cases {
        break_it(&complete.path(name));
    }
    let start = SystemTime::now();
    for _ in 0..2 {
        until_the_next_look();
        for ((name, _, code, says), _, connector, told) in &mut cases {
            told.extend(warnings_of(|| {
                assert_eq!(seen(&server, connector).0, issued.der(), "{name}");
            }));
            let state = connector.reload_state();
            let failure = state.failure().unwrap_or_else(|| panic!("{name} {code}: no failure"));
            assert_eq!((failure.code(), state.reloads()), (*code, 0), "{name}: {failure}");
            assert!(state.loaded_at() < start, "{name}");
            assert!(failure.to_string().contains(*says), "{name}: {failure}");
        }
    }
    for ((name, _, code, _), complete, connector, told) in &mut cases {
        // Once, however often they are looked at.
        assert_eq!(told.len(), 1, "{name}: {told:?}");
        let failure = connector.reload_state().failure().unwrap().to_string();
        assert!(told[0].contains(&failure), "{name}: {told:?}");
        assert!(told[0].contains("the older ones stay in use"), "{name}: {told:?}");
        // At once and not from the second on.
        let mut result = Ok(());
        assert_eq!(warnings_of(|| result = connector.reload()), Vec::<String>::new(), "{name}");
        assert_eq!(failure_code(&result), *code, "{name}");
        complete.restore(&issued, &list, &ca().pem());
    }
    until_the_next_look();
    for ((name, ..), _, connector, _) in &cases {
        let told = warnings_of(|| assert_eq!(seen(&server, connector), (issued.der(), false)));
        assert_eq!(told, Vec::<String>::new(), "{name}");
        let state = connector.reload_state();
        assert!(state.failure().is_none() && state.reloads() == 1, "{name}: {state:?}");
        assert!(state.loaded_at() > start, "{name}");
    }
}

fn failure_code(result: &mysql_tls::Result<()>) -> &'static str {
    result.as_ref().map_or_else(mysql_tls::Error::code, |()| "ok")
}

#[test]
fn a_pair_of_which_one_half_is_written_is_taken_with_the_other() {
    let server = ScriptedServer::start(asks_for_a_certificate());
    let halves = [("cert.pem", "key.pem"), ("key.pem", "cert.pem")];
    let (older, newer) = (client(), client());
    let content = |issued: &Issued, name: &str| match name {
        "cert.pem" => issued.chain_pem(),
        _ => issued.key_pem(),
    };
    let cases = halves.map(|(first, second)| {
        let dir = TestDir::new();
        for name in [first, second] {
            dir.write_secret(name, content(&older, name));
        }
        let [cert, key] = ["cert.pem", "key.pem"].map(|name| dir.path().join(name));
        let connector = with_identity(&server, &cert, &key).build().unwrap();
        dir.write(first, content(&newer, first));
        (first, second, dir, connector)
    });
    until_the_next_look();
    for (first, second, dir, connector) in &cases {
        let told = warnings_of(|| assert_eq!(seen(&server, connector).0, older.der(), "{first}"));
        assert_eq!(told.len(), 1, "{first}: {told:?}");
        assert!(told[0].contains("does not belong to the certificate"), "{told:?}");
        dir.write(second, content(&newer, second));
    }
    until_the_next_look();
    for (first, _, _, connector) in &cases {
        let told = warnings_of(|| assert_eq!(seen(&server, connector).0, newer.der(), "{first}"));
        assert_eq!(told, Vec::<String>::new(), "{first}");
        assert!(connector.reload_state().failure().is_none(), "{first}");
    }
}

#[test]
fn what_was_told_of_the_older_files_is_not_told_again() {
    let server = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    let bundle =
        |more: &[u8]| ca().pem() + &pem("CERTIFICATE", b"junk") + &pem("CERTIFICATE", more);
    let file = dir.write("ca.pem", bundle(&[]));
    let to = builder("localhost", &server).ssl_mode(SslMode::VerifyIdentity).ssl_ca(&file);
    let mut connector = None;
    let told = warnings_of(|| connector = Some(to.build().unwrap()));
    assert_eq!(told.len(), 2, "{told:?}");
    let connector = connector.unwrap();
    let reload = || warnings_of(|| connector.reload().unwrap());
    assert_eq!(reload(), Vec::<String>::new());
    dir.write("ca.pem", "text before\n".to_owned() + &bundle(b"more junk"));
    assert_eq!(reload(), Vec::<String>::new());
    // Cut off, as it has not been before.
    dir.write("ca.pem", bundle(&[]) + "-----BEGIN CERTIFICATE-----\nMII");
    let mut result = Ok(());
    let told = warnings_of(|| result = connector.reload());
    assert_eq!(failure_code(&result), "config.no-certificate");
    assert_eq!(told.len(), 1, "{told:?}");
    // What was cut off from the start is known.
    let told = warnings_of(|| to.build().unwrap().reload().unwrap());
    assert_eq!(told.len(), 3, "{told:?}");
}

#[test]
fn a_reload_is_done_at_once_and_its_error_changes_nothing() {
    let server = ScriptedServer::start(asks_for_a_certificate());
    let dir = TestDir::new();
    let pairs = [client(), client()];
    let files = pairs[0].write_to(&dir, "client");
    // Also where nothing is reloaded by itself.
    for reload in [true, false] {
        pairs[0].write_to(&dir, "client");
        let before = SystemTime::now();
        let connector = with_identity(&server, &files.cert, &files.key)
            .reload_certificates(reload)
            .build()
            .unwrap();
        let built = connector.reload_state();
        assert!(built.loaded_at() >= before && built.loaded_at() <= SystemTime::now());
        assert_eq!((built.reloads(), built.failure().is_none()), (0, true));
        assert_eq!(seen(&server, &connector), (pairs[0].der(), false));
        pairs[1].write_to(&dir, "client");
        connector.reload().unwrap();
        let state = connector.reload_state();
        assert!(state.loaded_at() > built.loaded_at());
        assert_eq!((state.reloads(), state.failure().is_none()), (1, true));
        // Clones share it.
        assert_eq!(seen(&server, &connector.clone()), (pairs[1].der(), false));
        // Unchanged files too are read, and their sessions begin anew.
        assert_eq!(seen(&server, &connector), (pairs[1].der(), true));
        connector.reload().unwrap();
        assert_eq!(connector.reload_state().reloads(), 2);
        assert_eq!(seen(&server, &connector), (pairs[1].der(), false));
        remove(&files.key);
        let error = failure(connector.reload(), "reload");
        assert_says(&error, "config.file-missing", &["ssl-key", "client-key.pem"]);
        let state = connector.reload_state();
        assert_eq!(state.failure().unwrap().to_string(), error.to_string());
        assert_eq!(state.reloads(), 2);
        // With its sessions.
        assert_eq!(seen(&server, &connector), (pairs[1].der(), true));
    }
}

#[test]
fn nothing_is_looked_at_where_that_is_off() {
    let server = ScriptedServer::start(asks_for_a_certificate());
    let dir = TestDir::new();
    let older = client();
    let files = older.write_to(&dir, "client");
    let connector =
        with_identity(&server, &files.cert, &files.key).reload_certificates(false).build().unwrap();
    client().write_to(&dir, "client");
    until_the_next_look();
    assert_eq!(seen(&server, &connector), (older.der(), false));
    remove(&files.cert);
    until_the_next_look();
    let told = warnings_of(|| assert_eq!(seen(&server, &connector), (older.der(), true)));
    assert_eq!(told, Vec::<String>::new());
    let state = connector.reload_state();
    assert_eq!((state.reloads(), state.failure().is_none()), (0, true));
}

#[test]
fn an_open_connection_goes_on_with_what_it_began_with() {
    let server = ScriptedServer::start(
        asks_for_a_certificate().on_query("SELECT 7", Answer::Rows(Rows::one("7", "7"))),
    );
    let dir = TestDir::new();
    let (older, newer) = (client(), client());
    let files = older.write_to(&dir, "client");
    let connector = with_identity(&server, &files.cert, &files.key).build().unwrap();
    let mut open = connector.connect().unwrap();
    let session = open.session().to_string();
    newer.write_to(&dir, "client");
    connector.reload().unwrap();
    assert_eq!(seen(&server, &connector).0, newer.der());
    remove(&files.cert);
    failure(connector.reload(), "reload");
    for _ in 0..3 {
        assert_eq!(open.query_first::<u8, _>("SELECT 7").unwrap(), Some(7));
    }
    assert_eq!(open.session().to_string(), session);
    drop(open);
    let record = server.wait_record(0, PATIENCE);
    assert_eq!(record.client_certificate(), Some(&older.der()));
    assert!(record.quit && record.ended == Some(Ended::CloseNotify), "{record:?}");
}

#[test]
fn files_are_looked_at_once_a_second_at_the_most() {
    let server = ScriptedServer::start(asks_for_a_certificate());
    let dir = TestDir::new();
    let files = client().write_to(&dir, "client");
    let connector = with_identity(&server, &files.cert, &files.key).build().unwrap();
    // Each time the files are others: how often that is noticed is how often it was looked.
    let (start, mut connects) = (Instant::now(), 0_u64);
    while start.elapsed() < Duration::from_millis(3300) {
        client().write_to(&dir, "client");
        seen(&server, &connector);
        connects += 1;
    }
    let most = start.elapsed().as_secs();
    let reloads = connector.reload_state().reloads();
    assert!(connects > most, "{connects} connects");
    assert!((1..=most).contains(&reloads), "{reloads} reloads in {connects} connects");
}
