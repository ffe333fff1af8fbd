//! What is left in the process and its directories, and what other processes can reach. Measured in
//! processes of their own, since other tests run beside this one.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mysql_tls::ConnectionBuilder;
use mysql_tls::mysql::prelude::*;

use crate::kit::*;
use crate::support::*;

const ROLE: &str = "MYSQL_TLS_TEST_ROLE";

/// Starts this program again to play one role.
pub(crate) fn child(role: &str, facts: &[(&str, String)]) -> Child {
    spawn(command(&std::env::current_exe().unwrap(), role, facts))
}

/// The command that has this program, or a copy of it, play a role.
pub(crate) fn command(program: &Path, role: &str, facts: &[(&str, String)]) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--exact", "process::role", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .envs(facts.iter().map(|(name, value)| (name, value)));
    command
}

/// Starts it; [`finish`] reads what it says.
pub(crate) fn spawn(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// What a child wrote, once it has ended well.
#[track_caller]
pub(crate) fn finish(mut child: Child) -> String {
    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    assert!(child.wait().unwrap().success(), "{output}");
    output
}

/// Not a test by itself: what a child process does.
#[test]
fn role() {
    let fact = |name: &str| std::env::var(name).unwrap();
    match std::env::var(ROLE).as_deref() {
        Ok("stranger") => stranger(&fact("SOCKET")),
        Ok("leaves-nothing") => leaves_nothing(&fact),
        Ok("umask") => umask(&fact),
        Ok("key-log") => key_log(&fact),
        #[cfg(target_os = "linux")]
        Ok("three-addresses") => crate::deadlines::three_addresses(&fact),
        #[cfg(target_os = "linux")]
        Ok("few-threads") => crate::event_loops::few_threads(&fact),
        Ok("faults") => crate::faults::role(&fact),
        Ok("driver-panics") => crate::security::driver::panics(&fact),
        Ok("native-roots") => crate::roots::with_native_roots(&fact),
        Ok(role) if role.starts_with("endpoint-") => crate::endpoint::role(role, &fact),
        Ok(other) => panic!("no role {other}"),
        Err(_) => {}
    }
}

pub(crate) fn entries(dir: &Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Connects to a private socket and tells how many bytes came until it was closed.
fn stranger(socket: &str) {
    let mut stream = UnixStream::connect(socket).unwrap();
    println!("knocked");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut got = Vec::new();
    let end = stream.read_to_end(&mut got).map_err(|error| error.kind());
    let closed = end.is_ok() || end == Err(std::io::ErrorKind::ConnectionReset);
    println!("closed: {closed}, bytes: {}", got.len());
}

#[test]
fn another_process_is_turned_away_at_the_private_socket() {
    let dir = TestDir::new();
    let server = ScriptedServer::start(over_tls());
    let connector = verified(&server).runtime_dir(dir.path()).build().unwrap();
    drop(connector.connect().unwrap());
    let private = entries(dir.path()).remove(0);
    let socket = entries(&private).remove(0);
    let mut strangers: Vec<Child> = (0..2)
        .map(|_| child("stranger", &[("SOCKET", socket.to_str().unwrap().to_owned())]))
        .collect();
    let mut told = vec![String::new(); strangers.len()];
    for (stranger, told) in strangers.iter_mut().zip(&mut told) {
        // Until it has knocked, so that it stands in front of the driver.
        let mut byte = [0];
        while !told.contains("knocked") {
            let count = stranger.stdout.as_mut().unwrap().read(&mut byte).unwrap();
            assert_eq!(count, 1, "{told}");
            told.push(char::from(byte[0]));
        }
    }
    let mut connection = connector.connect().unwrap();
    assert_eq!(connection.query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
    for stranger in strangers {
        let told = finish(stranger);
        assert!(told.contains("closed: true, bytes: 0"), "{told}");
    }
    assert_eq!(connection.query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
}

/// Makes a connection under a umask and tells the modes of what was made.
fn umask(fact: &dyn Fn(&str) -> String) {
    let mask = fact("MASK").parse().unwrap();
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask));
    let dir = fact("DIR");
    let connector = ConnectionBuilder::new("localhost")
        .port(fact("PORT").parse().unwrap())
        .runtime_dir(&dir)
        .build()
        .unwrap();
    let connection = connector.connect().unwrap();
    assert!(connection.session().tls().is_some());
    for entry in entries(Path::new(&dir)) {
        println!("mode {:04o}", std::fs::metadata(entry).unwrap().permissions().mode() & 0o7777);
    }
}

#[test]
fn the_private_directory_is_0700_whatever_the_umask() {
    let server = ScriptedServer::start(over_tls());
    for mask in [0_u32, 0o022, 0o077, 0o177] {
        let dir = TestDir::new();
        let facts = [
            ("PORT", server.port().to_string()),
            ("DIR", dir.path().to_str().unwrap().to_owned()),
            ("MASK", mask.to_string()),
        ];
        let told = finish(child("umask", &facts));
        assert_eq!(told.matches("mode 0700").count(), 1, "umask {mask:o}: {told}");
        assert!(entries(dir.path()).is_empty(), "umask {mask:o}");
    }
}

/// Threads, descriptors, and entries of the runtime directory.
pub(crate) type Census = (usize, usize, usize);

/// Waits until the census is what it was, and stays so: what has just come may not have been noticed
/// yet.
pub(crate) fn settles(dir: &Path, before: Census, limit: Duration, what: &str) {
    let start = Instant::now();
    let mut since = None;
    loop {
        let now = census(dir);
        if now == before {
            if since.get_or_insert_with(Instant::now).elapsed() >= Duration::from_millis(100) {
                return;
            }
        } else {
            since = None;
            let waiting = start.elapsed() < limit;
            assert!(waiting, "{what}: threads, descriptors, entries: {now:?}, before {before:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn census(dir: &Path) -> Census {
    let count = |path: &str| entries(Path::new(path)).len();
    (count("/proc/self/task"), count("/proc/self/fd"), entries(dir).len())
}

/// Plays every way to end a connection, and counts what is left a second later.
fn leaves_nothing(fact: &dyn Fn(&str) -> String) {
    let dir = Path::new(&fact("DIR")).to_path_buf();
    let builder = |port: &str| {
        account("localhost")
            .port(fact(port).parse().unwrap())
            .max_allowed_packet(64 << 20)
            .write_timeout(Duration::from_millis(200))
            .runtime_dir(&dir)
    };
    // What a process makes once and keeps.
    drop(builder("GOOD").connect().unwrap());
    std::thread::sleep(Duration::from_secs(1));
    let before = census(&dir);
    assert_eq!(before.2, 0);
    let run = |what: &str, work: &dyn Fn()| {
        work();
        // One second is the rule; a busy machine gets two more.
        settles(&dir, before, Duration::from_secs(3), what);
    };
    let query = |connection: &mut dyn FnMut() -> Option<u8>| assert_eq!(connection(), Some(1));
    for port in ["GOOD", "PLAIN"] {
        run("several connections", &|| {
            let connector = builder(port).build().unwrap();
            let mut all: Vec<_> = (0..12).map(|_| connector.connect().unwrap()).collect();
            for connection in &mut all {
                query(&mut || connection.query_first("SELECT 1").unwrap());
            }
        });
        run("the connector first", &|| {
            let mut conn = builder(port).connect().unwrap().into_inner();
            query(&mut || conn.query_first("SELECT 1").unwrap());
        });
        run("a result half read", &|| {
            let mut connection = builder(port).connect().unwrap();
            let mut result = connection.query_iter("SELECT large").unwrap();
            assert!(result.next().is_some());
        });
    }
    for port in ["DEAF", "DEAF-PLAIN"] {
        run("a server that reads nothing", &|| {
            let mut connection = builder(port).connect().unwrap();
            connection.query_drop(format!("INSERT '{}'", "x".repeat(32 << 20))).unwrap_err();
            let start = Instant::now();
            drop(connection);
            assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        });
    }
    for port in ["DENIED", "SILENT"] {
        run("a connect that fails", &|| {
            let limit = Duration::from_millis(300);
            builder(port).connect_timeout(limit).connect().unwrap_err();
        });
    }
}

#[test]
fn nothing_is_left_a_second_after_a_drop() {
    let dir = TestDir::new();
    let rows = (0..5000).fold(Rows::new(["x"]), |rows, _| rows.row(["x".repeat(1000)]));
    let large = |script: ServerScript| script.on_query("SELECT large", Answer::Rows(rows.clone()));
    let servers = [
        ("GOOD", large(over_tls())),
        ("PLAIN", large(ServerScript::new())),
        ("DEAF", over_tls().deaf_after_login()),
        ("DEAF-PLAIN", ServerScript::new().deaf_after_login()),
        ("DENIED", over_tls().auth([AuthStep::denied(USER)])),
        ("SILENT", over_tls().auth([AuthStep::Silence])),
    ]
    .map(|(name, script)| (name, ScriptedServer::start(script)));
    let mut facts: Vec<_> =
        servers.iter().map(|(name, server)| (*name, server.port().to_string())).collect();
    facts.push(("DIR", dir.path().to_str().unwrap().to_owned()));
    finish(child("leaves-nothing", &facts));
}

/// Connects twice, without and with a key log, and tells what the file holds then.
fn key_log(fact: &dyn Fn(&str) -> String) {
    let file = fact("SSLKEYLOGFILE");
    let builder = account("localhost").port(fact("PORT").parse().unwrap());
    for (what, builder) in [("without", builder.clone()), ("with", builder.key_log(true))] {
        drop(builder.connect().unwrap());
        let lines = std::fs::read_to_string(&file).unwrap_or_default();
        let secrets = lines.lines().filter(|line| line.contains("_TRAFFIC_SECRET_0 ")).count();
        println!("{what} key_log: {} lines, {secrets} of traffic", lines.lines().count());
    }
}

#[test]
fn the_environment_alone_logs_no_keys() {
    let server = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    let file = dir.path().join("keys");
    let facts =
        [("PORT", server.port().to_string()), ("SSLKEYLOGFILE", file.to_str().unwrap().to_owned())];
    let told = finish(child("key-log", &facts));
    assert!(told.contains("without key_log: 0 lines, 0 of traffic"), "{told}");
    let with = told.lines().find(|line| line.starts_with("with key_log: ")).unwrap();
    assert!(with.ends_with(", 2 of traffic"), "{told}");
    // The client's random, which is in every line, is the one that the server saw.
    let keys = std::fs::read_to_string(&file).unwrap();
    let record = server.wait_record(1, PATIENCE);
    let random = keys.split(' ').nth(1).unwrap();
    let random: Vec<u8> = random
        .as_bytes()
        .chunks(2)
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect();
    assert!(record.saw_before_tls(&random), "{keys}");
}
