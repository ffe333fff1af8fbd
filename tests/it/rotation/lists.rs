//! Revocation lists that are renewed badly: what was revoked stays revoked.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use mysql_tls::Connector;

use super::{assert_code, failure_code, make_large, remove, revocation_list, until_the_next_look};
use crate::kit::*;
use crate::support::*;

const SERIAL: u64 = 0x2001;
const REVOKED: &str = "certificate.revoked";

fn list(revoked: &[u64], number: u32) -> String {
    revocation_list(ca(), "Right CA", revoked, number)
}

fn dangle(path: &Path) {
    remove(path);
    symlink("gone", path).unwrap();
}

fn empty(path: &Path) {
    fs::write(path, "").unwrap();
}

fn cut(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, &text[..text.len() / 2]).unwrap();
}

fn garble_marker(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, text.replace("X509 CRL-----", "X509 CRL------")).unwrap();
}

fn go_backwards(path: &Path) {
    fs::write(path, list(&[], 1)).unwrap();
}

/// What a reload says of it, and that the certificate is refused all the same.
#[track_caller]
fn assert_kept(connector: &Connector, code: &str, says: &str, what: &str) {
    assert_code(connector, REVOKED, what);
    let state = connector.reload_state();
    let failure = state.failure().unwrap_or_else(|| panic!("{what}: no failure"));
    assert_eq!((failure.code(), state.reloads()), (code, 0), "{what}: {failure}");
    assert!(failure.to_string().contains(says), "{what}: {failure}");
    assert_eq!(failure_code(&connector.reload()), code, "{what}");
    assert_code(connector, REVOKED, what);
}

/// What is done to the newest list, the error, and what it says.
type Breakage = (&'static str, fn(&Path), &'static str, &'static str);

#[test]
fn the_newest_list_of_a_directory_is_not_passed_over() {
    const BREAKAGES: [Breakage; 7] = [
        ("too large", make_large, "config.file-kind", "larger than 64 MiB"),
        ("a link that leads nowhere", dangle, "config.file-missing", "b-new.pem"),
        ("empty", empty, "config.bad-crl", "older revocation list"),
        ("cut off", cut, "config.bad-crl", "b-new.pem has a revocation list that cannot be used"),
        ("without its marker", garble_marker, "config.bad-crl", "b-new.pem has a revocation list"),
        ("removed", remove, "config.bad-crl", "older revocation list"),
        ("older than it was", go_backwards, "config.bad-crl", "older revocation list"),
    ];
    let issued = ca().server("localhost").serial(SERIAL).issue();
    let server = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&issued)));
    let cases = BREAKAGES.map(|breakage| {
        let dir = TestDir::new();
        dir.write("a-old.pem", list(&[], 1));
        let newer = dir.write("b-new.pem", list(&[SERIAL], 2));
        let connector = verified(&server).ssl_crlpath(dir.path()).build().unwrap();
        assert_code(&connector, REVOKED, breakage.0);
        (breakage, dir, newer, connector)
    });
    for ((_, break_it, ..), _, newer, _) in &cases {
        break_it(newer);
    }
    until_the_next_look();
    for ((what, _, code, says), _, _, connector) in &cases {
        assert_kept(connector, code, says, what);
    }
    // One that is newer still is taken, whatever it says.
    for (_, dir, newer, _) in &cases {
        remove_if_there(newer);
        dir.write("b-new.pem", list(&[], 3));
    }
    until_the_next_look();
    for ((what, ..), _, _, connector) in &cases {
        assert_code(connector, "ok", what);
        let state = connector.reload_state();
        assert!(state.failure().is_none() && state.reloads() == 1, "{what}: {state:?}");
    }
}

fn remove_if_there(path: &Path) {
    let _ = fs::remove_file(path);
}

#[test]
fn a_list_does_not_go_backwards() {
    let issued = ca().server("localhost").serial(SERIAL).issue();
    let server = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&issued)));
    let other = Authority::new("Other CA");
    let others = |number| revocation_list(&other, "Other CA", &[], number);
    let dir = TestDir::new();
    let file = dir.write("crl.pem", others(5) + &list(&[SERIAL], 2));
    let connector = verified(&server).ssl_crl(&file).build().unwrap();
    assert_code(&connector, REVOKED, "at first");
    fs::write(&file, others(6) + &list(&[], 1)).unwrap();
    until_the_next_look();
    let says = "\"CN=Right CA\" than the one that was in";
    assert_kept(&connector, "config.bad-crl", says, "older");
    // Both: the newest counts, and nothing went backwards.
    fs::write(&file, others(6) + &list(&[], 1) + &list(&[SERIAL], 2)).unwrap();
    connector.reload().unwrap();
    assert_code(&connector, REVOKED, "both");
    // The same age, as a CA may do it that corrects itself.
    fs::write(&file, others(6) + &list(&[], 2)).unwrap();
    connector.reload().unwrap();
    assert_code(&connector, "ok", "as old");
    // Who starts now knows of nothing newer.
    fs::write(&file, others(6) + &list(&[], 1)).unwrap();
    assert_eq!(failure_code(&connector.reload()), "config.bad-crl");
    verified(&server).ssl_crl(&file).build().unwrap().connect().unwrap();
}
