//! Where an endpoint may listen.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use mysql_tls::EndpointOptions;

use super::*;
use crate::process::{child, finish};

fn at(path: &Path) -> EndpointOptions {
    EndpointOptions::new().path(path)
}

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A socket file whose process is gone.
fn dead(path: &Path) {
    drop(UnixListener::bind(path).unwrap());
    assert!(path.exists());
}

#[test]
fn a_path_in_a_directory_of_ours() {
    let server = ScriptedServer::start(over_tls());
    let connector = connector(&server);
    let dir = TestDir::new();
    let path = dir.path().join("db.sock");
    // Its owner can use it, and nobody else; those who are let in have to reach it.
    for (options, expected) in [(at(&path), 0o600), (at(&path).allow_uid(12345), 0o666)] {
        let endpoint = connector.endpoint_with(options).unwrap();
        assert_eq!((endpoint.path(), endpoint.address()), (Some(path.as_path()), None));
        assert_eq!(mode(&path), expected);
        one(&mut connect(&endpoint).unwrap());
        drop(endpoint);
        // Here and now: the place is free for the next.
        assert!(!path.exists());
    }
}

#[test]
fn directories_that_others_can_change_are_refused_unless_said() {
    let server = ScriptedServer::start(over_tls());
    let connector = connector(&server);
    // The parent's mode and that of the directory above it.
    for (above, parent, refused) in [
        (0o755, 0o777, Some("others can write to")),
        (0o755, 0o1777, Some("others can write to")),
        (0o755, 0o770, Some("others can write to")),
        (0o755, 0o702, Some("others can write to")),
        (0o777, 0o700, Some("others can change")),
        (0o770, 0o700, Some("others can change")),
        (0o1777, 0o700, None),
        (0o755, 0o755, None),
    ] {
        let dir = TestDir::new();
        let inner = dir.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        set_mode(dir.path(), above);
        set_mode(&inner, parent);
        let path = inner.join("db.sock");
        let what = format!("{above:o} {parent:o}");
        let made = connector.endpoint_with(at(&path));
        match refused {
            Some(fragment) => {
                let error = failure(made.map(drop), &what);
                assert_says(&error, "config.endpoint", &[fragment, "shared_directory"]);
                assert!(!path.exists(), "{what}");
                let endpoint = connector.endpoint_with(at(&path).shared_directory(true)).unwrap();
                assert_eq!(mode(&path), 0o600, "{what}");
                one(&mut connect(&endpoint).unwrap());
            }
            None => one(&mut connect(&made.unwrap()).unwrap()),
        }
        assert!(!path.exists(), "{what}");
    }
}

#[test]
fn what_lies_at_the_path() {
    let server = ScriptedServer::start(over_tls());
    let connector = connector(&server);
    let dir = TestDir::new();
    let path = |name: &str| dir.path().join(name);
    let refused = |name: &str, fragments: &[&str]| {
        let error = failure(connector.endpoint_with(at(&path(name))).map(drop), name);
        assert_says(&error, "config.endpoint", fragments);
    };
    // A dead socket of ours is replaced.
    dead(&path("dead.sock"));
    let old = std::fs::symlink_metadata(path("dead.sock")).unwrap();
    let endpoint = connector.endpoint_with(at(&path("dead.sock"))).unwrap();
    one(&mut connect(&endpoint).unwrap());
    assert_eq!(mode(&path("dead.sock")), 0o600);
    let new = std::fs::symlink_metadata(path("dead.sock")).unwrap();
    assert_ne!((old.ino(), old.ctime_nsec()), (new.ino(), new.ctime_nsec()));
    // One that somebody listens on is not, be it an endpoint or one that hangs with a full queue.
    refused("dead.sock", &["somebody listens", "dead.sock"]);
    one(&mut connect(&endpoint).unwrap());
    let hangs = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    let address = socket2::SockAddr::unix(path("hangs.sock")).unwrap();
    hangs.bind(&address).unwrap();
    hangs.listen(0).unwrap();
    let queue: Vec<_> = (0..4)
        .map(|_| {
            let knock = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
            let knock = knock.unwrap();
            knock.set_nonblocking(true).unwrap();
            let _ = knock.connect(&address);
            knock
        })
        .collect();
    let start = Instant::now();
    refused("hangs.sock", &["somebody listens", "hangs.sock"]);
    assert!(start.elapsed() < Duration::from_secs(2));
    drop(queue);
    // What is no socket is kept, links are not followed.
    std::fs::write(path("file"), "precious").unwrap();
    refused("file", &["no socket of this user", "file"]);
    assert_eq!(std::fs::read_to_string(path("file")).unwrap(), "precious");
    dead(&path("target.sock"));
    symlink(path("target.sock"), path("link")).unwrap();
    refused("link", &["no socket of this user"]);
    symlink(path("nowhere"), path("dangling")).unwrap();
    refused("dangling", &["no socket of this user"]);
    std::fs::create_dir(path("dir")).unwrap();
    refused("dir", &["no socket of this user"]);
    for kept in ["file", "target.sock", "dir", "hangs.sock"] {
        assert!(path(kept).exists(), "{kept}");
    }
}

#[test]
fn a_dead_socket_of_another_user_is_kept() {
    if rustix::process::geteuid().as_raw() != 0 {
        println!("skipped: a_dead_socket_of_another_user_is_kept (needs root)");
        return;
    }
    let server = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    let path = dir.path().join("db.sock");
    dead(&path);
    std::os::unix::fs::lchown(&path, Some(12345), None).unwrap();
    let error = failure(connector(&server).endpoint_with(at(&path)).map(drop), "another's");
    assert_says(&error, "config.endpoint", &["no socket of this user"]);
    assert!(path.exists());
    // Nor is a directory of his taken.
    let his = dir.path().join("his");
    std::fs::create_dir(&his).unwrap();
    std::os::unix::fs::lchown(&his, Some(12345), None).unwrap();
    let error = failure(connector(&server).endpoint_with(at(&his.join("s"))).map(drop), "his");
    assert_says(&error, "config.endpoint", &["others can change", "shared_directory"]);
}

#[test]
fn at_the_end_it_is_removed_only_if_it_is_still_ours() {
    let server = ScriptedServer::start(over_tls());
    let connector = connector(&server);
    let dir = TestDir::new();
    type Change = fn(&Path);
    let cases: [(&str, Change, bool); 4] = [
        ("ours", |_| {}, false),
        ("removed", |path| std::fs::remove_file(path).unwrap(), false),
        (
            "a file in its place",
            |path| {
                std::fs::remove_file(path).unwrap();
                std::fs::write(path, "another's").unwrap();
            },
            true,
        ),
        (
            "another socket in its place",
            |path| {
                std::fs::remove_file(path).unwrap();
                dead(path);
            },
            true,
        ),
    ];
    for (what, change, there) in cases {
        for wait in [false, true] {
            let path = dir.path().join("db.sock");
            let endpoint = connector.endpoint_with(at(&path)).unwrap();
            change(&path);
            if wait {
                assert!(endpoint.shutdown(Duration::ZERO), "{what}");
            } else {
                drop(endpoint);
            }
            assert_eq!(path.exists(), there, "{what}");
            let _ = std::fs::remove_file(&path);
        }
    }
}

#[test]
fn paths_that_are_none() {
    let server = ScriptedServer::start(over_tls());
    let connector = connector(&server);
    let dir = TestDir::new();
    let longest = dir.path().join("x".repeat(107 - dir.path().as_os_str().len() - 1));
    assert_eq!(longest.as_os_str().len(), 107);
    one(&mut connect(&connector.endpoint_with(at(&longest)).unwrap()).unwrap());
    let too_long = PathBuf::from(format!("{}x", longest.display()));
    let cases: [(&Path, &str); 3] =
        [(&too_long, "107"), (Path::new(""), "no path"), (Path::new("\0abstract"), "no path")];
    for (path, fragment) in cases {
        let error = failure(connector.endpoint_with(at(path)).map(drop), path.display());
        assert_says(&error, "config.endpoint", &["no path for a Unix socket", fragment]);
    }
    let error = failure(connector.endpoint_with(at(Path::new("/no/such/s"))).map(drop), "no dir");
    assert_says(&error, "io.local", &["/no/such", "cannot be used"]);
}

#[test]
fn a_private_directory_with_a_long_path() {
    let server = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    let long = dir.path().join("x".repeat(100));
    std::fs::create_dir(&long).unwrap();
    // Connecting itself does without the path.
    let connector = builder_for(&server).user(USER).runtime_dir(&long).build().unwrap();
    let error = failure(connector.endpoint().map(drop), "a long path");
    assert_says(&error, "config.endpoint", &["107 bytes", "runtime-dir"]);
    drop(connector.connect().unwrap());
    drop(connector);
    soon("nothing is left", || std::fs::read_dir(&long).unwrap().count() == 0);
}

#[test]
fn a_private_socket_is_gone_with_its_endpoint() {
    let server = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    let connector = builder_for(&server).runtime_dir(dir.path()).build().unwrap();
    let entries = || std::fs::read_dir(dir.path()).unwrap().count();
    let before = entries();
    for wait in [false, true] {
        let endpoint = connector.endpoint().unwrap();
        let path = endpoint.path().unwrap().to_owned();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(path.parent().and_then(Path::parent), Some(dir.path()));
        assert!(std::fs::symlink_metadata(&path).unwrap().file_type().is_socket());
        assert_eq!(entries(), before + 1);
        if wait {
            assert!(endpoint.shutdown(Duration::ZERO));
        } else {
            drop(endpoint);
        }
        assert_eq!(entries(), before);
    }
}

#[test]
fn a_private_directory_that_somebody_made_anew_is_left_alone() {
    let server = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    let connector = builder_for(&server).runtime_dir(dir.path()).build().unwrap();
    let endpoint = connector.endpoint().unwrap();
    let private = endpoint.path().unwrap().parent().unwrap().to_owned();
    let mut open = connect(&endpoint).unwrap();
    // A cleaner takes it away, and somebody else is at its place.
    std::fs::remove_dir_all(&private).unwrap();
    std::fs::create_dir(&private).unwrap();
    std::fs::write(private.join("w-endpoint"), "another's").unwrap();
    one(&mut open);
    connect(&endpoint).unwrap_err();
    drop(endpoint);
    assert_eq!(std::fs::read_to_string(private.join("w-endpoint")).unwrap(), "another's");
}

#[test]
fn tcp_is_of_this_machine_alone() {
    let server = ScriptedServer::start(over_tls());
    let plain = connector(&server);
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:3306", "[2001:db8::1]:3306", "8.8.8.8:0"] {
        let error = failure(plain.endpoint_tcp(address.parse().unwrap()).map(drop), address);
        assert_says(&error, "config.endpoint", &["127.0.0.1", address]);
    }
    // A mapped address is one of IPv4, and not taken for loopback.
    let mapped = "[::ffff:127.0.0.1]:0".parse().unwrap();
    assert_says(&failure(plain.endpoint_tcp(mapped).map(drop), "mapped"), "config.endpoint", &[]);
    match plain.endpoint_tcp("[::1]:0".parse().unwrap()) {
        Ok(endpoint) => one(&mut connect(&endpoint).unwrap()),
        Err(error) => println!("skipped: an endpoint on ::1 ({error})"),
    }
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap();
    let error = failure(plain.endpoint_tcp(taken).map(drop), "a port that is taken");
    assert_says(&error, "io.local", &[&taken.to_string()]);
}

#[test]
fn options_that_do_not_fit_together() {
    let client = ca().client("client").issue();
    let server = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    let plain = connector(&server);
    let certified = builder_for(&server)
        .ssl_cert_pem(client.chain_pem())
        .ssl_key_pem(client.key_pem())
        .build()
        .unwrap();
    let tcp = || EndpointOptions::new().tcp("127.0.0.1:0".parse().unwrap());
    let path = dir.path().join("db.sock");
    for (what, connector, options, refused) in [
        ("tcp", &plain, tcp(), None),
        ("tcp and a certificate", &certified, tcp(), Some("allow_local_users")),
        ("said", &certified, tcp().allow_local_users(true), None),
        ("said otherwise", &certified, tcp().allow_local_users(false), Some("allow_local_users")),
        ("a socket and a certificate", &certified, EndpointOptions::new(), None),
        (
            "uid, private",
            &plain,
            EndpointOptions::new().allow_uid(0),
            Some("allow_uid needs a path"),
        ),
        ("uid, tcp", &plain, tcp().allow_uid(0), Some("allow_uid needs a path")),
        ("uid, path", &plain, at(&path).allow_uid(0), None),
    ] {
        match (connector.endpoint_with(options), refused) {
            (Ok(endpoint), None) => assert!(endpoint.shutdown(Duration::ZERO), "{what}"),
            (Err(error), Some(fragment)) => assert_says(&error, "config.endpoint", &[fragment]),
            (made, _) => panic!("{what}: {made:?}"),
        }
    }
}

/// Makes endpoints under a umask and tells the modes of their sockets.
pub(super) fn umask(fact: &dyn Fn(&str) -> String) {
    let mask = fact("MASK").parse().unwrap();
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask));
    let connector = ConnectionBuilder::new("localhost")
        .port(fact("PORT").parse().unwrap())
        .ssl_mode(SslMode::Required)
        .runtime_dir(fact("DIR"))
        .build()
        .unwrap();
    let path = PathBuf::from(fact("DIR")).join("db.sock");
    for options in [EndpointOptions::new(), at(&path), at(&path).allow_uid(12345)] {
        let endpoint = connector.endpoint_with(options).unwrap();
        println!("mode {:04o}", mode(endpoint.path().unwrap()));
        one(&mut connect(&endpoint).unwrap());
    }
}

#[test]
fn the_modes_are_the_same_whatever_the_umask() {
    let server = ScriptedServer::start(over_tls());
    for mask in [0_u32, 0o022, 0o077, 0o177] {
        let dir = TestDir::new();
        let facts = [
            ("PORT", server.port().to_string()),
            ("DIR", text(dir.path()).to_owned()),
            ("MASK", mask.to_string()),
        ];
        let told = finish(child("endpoint-umask", &facts));
        let modes: Vec<&str> = told.lines().filter_map(|line| line.split("mode ").nth(1)).collect();
        assert_eq!(modes, ["0600", "0600", "0666"], "umask {mask:o}: {told}");
    }
}

/// All of them find the dead one at once; who comes second must not remove the first one's.
#[test]
fn of_many_that_want_the_place_of_a_dead_socket_one_gets_it() {
    let server = ScriptedServer::start(over_tls());
    let connector = connector(&server);
    let dir = TestDir::new();
    let path = dir.path().join("db.sock");
    for _ in 0..5 {
        dead(&path);
        let made: Vec<_> = std::thread::scope(|scope| {
            let all = [(); 16].map(|()| scope.spawn(|| connector.endpoint_with(at(&path))));
            all.map(|one| one.join().unwrap()).into_iter().collect()
        });
        let (made, refused): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
        assert_eq!(made.len(), 1);
        for error in refused {
            assert_says(&error.unwrap_err(), "config.endpoint", &["somebody listens on"]);
        }
        one(&mut connect(made[0].as_ref().unwrap()).unwrap());
    }
}

/// Whoever can exchange a link can lead drivers elsewhere.
#[test]
fn a_link_on_the_way_that_others_can_change_is_refused() {
    let server = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    let (links, target) = (dir.path().join("links"), dir.path().join("target"));
    std::fs::create_dir(&links).unwrap();
    std::fs::create_dir(&target).unwrap();
    symlink(&target, links.join("run")).unwrap();
    let connector = connector(&server);
    for (mode, refused) in [(0o777, true), (0o1777, false), (0o755, false)] {
        set_mode(&links, mode);
        let made = connector.endpoint_with(at(&links.join("run/db.sock")));
        match made {
            Ok(endpoint) => {
                assert!(!refused, "{mode:o}");
                one(&mut connect(&endpoint).unwrap());
            }
            Err(error) => {
                assert!(refused, "{mode:o}");
                assert_says(&error, "config.endpoint", &["others can change", "links"]);
            }
        }
    }
}

/// A connection of our own goes through a descriptor; an endpoint's drivers only have the path.
#[test]
fn a_private_directory_that_others_can_exchange_is_for_connections_alone() {
    let server = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    set_mode(dir.path(), 0o777);
    let connector = builder_for(&server).runtime_dir(dir.path()).build().unwrap();
    if cfg!(target_os = "linux") {
        connector.connect().unwrap();
    }
    for error in [
        failure(connector.endpoint().map(drop), "endpoint"),
        failure(connector.pool().map(drop), "pool"),
    ] {
        let fragments = ["others can change", text(dir.path()), "runtime-dir"];
        assert_says(&error, "io.runtime-dir", &fragments);
    }
}
