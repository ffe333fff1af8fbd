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

/// Who a child is.
#[derive(Clone, Copy, Debug)]
enum Who {
    Uid(u32),
    /// In a user namespace that knows no user, so that everybody has the overflow uid there.
    Unknown,
}

/// A child with a role that runs as another user; `None`, and told so, where that cannot be.
fn child_as(who: Who, test: &str, role: &str, facts: &[(&str, String)]) -> Option<String> {
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
    let mut child: Command = match who {
        Who::Uid(uid) => {
            let mut child = command(&program, role, facts);
            child.uid(uid).gid(uid);
            child
        }
        Who::Unknown => {
            let namespace = Command::new("unshare").args(["--user", "true"]).output();
            if !namespace.is_ok_and(|output| output.status.success()) {
                println!("skipped: {test} (no user namespaces here)");
                return None;
            }
            let inner = command(&program, role, facts);
            let mut child = Command::new("unshare");
            child.arg("--user").arg(&program).args(inner.get_args());
            child.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
            child
        }
    };
    child.current_dir("/");
    Some(finish(spawn(child)))
}

fn open_to_all(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Knocks, and tells what comes first: a greeting or an error.
pub(super) fn visit(socket: &Path) {
    let mut stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error) => return println!("told: {:?}", error.kind()),
    };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut first = [0; 7];
    match stream.read_exact(&mut first) {
        Ok(()) if first[4] == 0xff => {
            println!("told: error {}", u16::from_le_bytes([first[5], first[6]]));
        }
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
        ("another is listed", at().allow_uid(SOMEBODY + 1), SOMEBODY, "error 1045"),
        ("he is listed", at().allow_uid(SOMEBODY + 1).allow_uid(SOMEBODY), SOMEBODY, "greeted"),
        ("overflow is not listed", at().allow_uid(SOMEBODY), overflow, "error 1045"),
        ("overflow is listed", at().allow_uid(overflow), overflow, "greeted"),
    ] {
        let endpoint = connector.endpoint_with(options).unwrap();
        let before = server.connections();
        let facts = [("SOCKET", text(&path).to_owned())];
        let test = "another_user_is_let_in_only_if_listed";
        let Some(told) = child_as(Who::Uid(uid), test, "endpoint-visitor", &facts) else { return };
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
    if let Some(told) = child_as(Who::Uid(SOMEBODY), test, "endpoint-visitor", &facts) {
        assert!(told.contains("told: PermissionDenied"), "{told}");
    }
}

/// Endpoints of the process' own user, to whom they must be of use.
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
        match connector.endpoint_with(options) {
            Ok(endpoint) => visit(endpoint.path().unwrap()),
            Err(error) => println!("told: {error}"),
        }
    }
}

/// In a user namespace everybody whom it does not know has the overflow uid, so that the same number
/// is no proof at a path that others reach. Elsewhere it is a user like others.
#[test]
fn the_overflow_uid_is_no_proof_of_being_the_same_user_in_a_user_namespace() {
    let test = "the_overflow_uid_is_no_proof_of_being_the_same_user_in_a_user_namespace";
    let server = ScriptedServer::start(over_tls());
    let overflow = overflow_uid();
    let greeted = "greeted with protocol 10";
    let refused = format!("this process runs as user {overflow}, which also stands for every user");
    for (who, owner, expected) in [
        (Who::Uid(overflow), overflow, [greeted; 3]),
        (Who::Uid(SOMEBODY), SOMEBODY, [greeted; 3]),
        (Who::Unknown, 0, [greeted, &refused, greeted]),
    ] {
        let dir = TestDir::new();
        let _ = std::os::unix::fs::chown(dir.path(), Some(owner), Some(owner));
        let facts = [("PORT", server.port().to_string()), ("DIR", text(dir.path()).to_owned())];
        let role = "endpoint-of-the-overflow-uid";
        let Some(told) = child_as(who, test, role, &facts) else { continue };
        let told: Vec<&str> = told.lines().filter_map(|line| line.split("told: ").nth(1)).collect();
        assert_eq!(told.len(), expected.len(), "{who:?}: {told:?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.contains(expected), "{who:?}: {told}");
        }
    }
}
