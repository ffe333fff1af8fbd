//! Other users at an endpoint's socket. Needs root, to be somebody else.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use mysql_tls::EndpointOptions;

use super::*;
use crate::process::{command, finish, spawn};

/// Somebody else, and the number that stands for users whom a container does not know.
const SOMEBODY: u32 = 12345;

fn overflow_uid() -> u32 {
    std::fs::read_to_string("/proc/sys/kernel/overflowuid").unwrap().trim().parse().unwrap()
}

/// A child with a role that runs as another user; `None`, and told so, where that cannot be.
fn child_as(uid: u32, test: &str, role: &str, facts: &[(&str, String)]) -> Option<String> {
    if rustix::process::geteuid().as_raw() != 0 {
        println!("skipped: {test} (needs root)");
        return None;
    }
    // The program may lie where the other user cannot reach it.
    let everybodys = TestDir::new();
    open_to_all(everybodys.path());
    let program = everybodys.path().join("it");
    // Not by this process: another thread's child would hold the file open for writing.
    let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&program).status();
    assert!(copied.unwrap().success());
    open_to_all(&program);
    let mut command: Command = command(&program, role, facts);
    command.current_dir("/").uid(uid).gid(uid);
    Some(finish(spawn(command)))
}

fn open_to_all(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Knocks, and tells how many bytes come within a while, and whether that is all.
pub(super) fn visit(socket: &Path) {
    let mut stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error) => return println!("told: {:?}", error.kind()),
    };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut first = [0; 5];
    match stream.read_exact(&mut first) {
        Ok(()) => println!("told: greeted with protocol {}", first[4]),
        Err(error) => println!("told: {:?}", error.kind()),
    }
}

#[test]
fn another_user_is_let_in_only_if_listed() {
    let server = ScriptedServer::start(over_tls());
    let connector = connector(&server);
    let overflow = overflow_uid();
    let dir = TestDir::new();
    open_to_all(dir.path());
    let path = dir.path().join("db.sock");
    let at = || EndpointOptions::new().path(&path);
    for (what, options, uid, expected) in [
        // The mode of the socket keeps him out already.
        ("nobody is listed", at(), SOMEBODY, "PermissionDenied"),
        ("another is listed", at().allow_uid(SOMEBODY + 1), SOMEBODY, "UnexpectedEof"),
        ("he is listed", at().allow_uid(SOMEBODY + 1).allow_uid(SOMEBODY), SOMEBODY, "greeted"),
        ("overflow is not listed", at().allow_uid(SOMEBODY), overflow, "UnexpectedEof"),
        ("overflow is listed", at().allow_uid(overflow), overflow, "greeted"),
    ] {
        let endpoint = connector.endpoint_with(options).unwrap();
        let before = server.connections();
        let facts = [("SOCKET", text(&path).to_owned())];
        let test = "another_user_is_let_in_only_if_listed";
        let Some(told) = child_as(uid, test, "endpoint-visitor", &facts) else { return };
        assert!(told.contains(&format!("told: {expected}")), "{what}: {told}");
        // Who is turned away does not reach the server.
        let greeted = usize::from(expected == "greeted");
        assert_eq!(server.connections() - before, greeted, "{what}");
        // We are let in all the same.
        one(&mut connect(&endpoint).unwrap());
    }
}

#[test]
fn nobody_else_reaches_into_a_private_directory() {
    let server = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    open_to_all(dir.path());
    let endpoint =
        builder_for(&server).runtime_dir(dir.path()).build().unwrap().endpoint().unwrap();
    let facts = [("SOCKET", text(endpoint.path().unwrap()).to_owned())];
    let test = "nobody_else_reaches_into_a_private_directory";
    if let Some(told) = child_as(SOMEBODY, test, "endpoint-visitor", &facts) {
        assert!(told.contains("told: PermissionDenied"), "{told}");
    }
}

/// An endpoint of the overflow uid: everybody whom a container does not know has that number, so
/// its own is no proof.
pub(super) fn overflow(fact: &dyn Fn(&str) -> String) {
    let dir = PathBuf::from(fact("DIR"));
    let builder = ConnectionBuilder::new("localhost")
        .port(fact("PORT").parse().unwrap())
        .ssl_mode(SslMode::Required)
        .runtime_dir(&dir);
    let connector = builder.build().unwrap();
    let uid = rustix::process::geteuid().as_raw();
    let path = dir.join("db.sock");
    for options in [
        EndpointOptions::new(),
        EndpointOptions::new().path(&path),
        EndpointOptions::new().path(&path).allow_uid(uid),
    ] {
        let endpoint = connector.endpoint_with(options).unwrap();
        visit(endpoint.path().unwrap());
    }
}

#[test]
fn the_overflow_uid_is_no_proof_of_being_the_same_user() {
    let server = ScriptedServer::start(over_tls());
    let overflow = overflow_uid();
    for (uid, expected) in [
        (overflow, ["UnexpectedEof", "UnexpectedEof", "greeted with protocol 10"]),
        (SOMEBODY, ["greeted with protocol 10"; 3]),
    ] {
        let dir = TestDir::new();
        let _ = std::os::unix::fs::chown(dir.path(), Some(uid), Some(uid));
        let facts = [("PORT", server.port().to_string()), ("DIR", text(dir.path()).to_owned())];
        let test = "the_overflow_uid_is_no_proof_of_being_the_same_user";
        let role = "endpoint-of-the-overflow-uid";
        let Some(told) = child_as(uid, test, role, &facts) else { return };
        let told: Vec<&str> = told.lines().filter_map(|line| line.split("told: ").nth(1)).collect();
        assert_eq!(told, expected, "{uid}");
    }
}
