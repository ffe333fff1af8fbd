//! Somebody, or what cleans the temporary directory, takes a connector's private directory away.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use mysql_tls::Connector;
use mysql_tls::mysql::prelude::*;

use crate::kit::*;
use crate::process::entries;
use crate::support::*;

/// A directory of somebody else's at this path, with sockets of these names.
fn imitate(path: &Path, names: &[String]) -> Vec<UnixListener> {
    std::fs::create_dir(path).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    let listen = |name: &String| {
        let listener = UnixListener::bind(path.join(name)).unwrap();
        listener.set_nonblocking(true).unwrap();
        listener
    };
    names.iter().map(listen).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let name = |path: std::path::PathBuf| text(Path::new(path.file_name().unwrap())).to_owned();
    entries(dir).into_iter().map(name).collect()
}

fn works(connector: &Connector) {
    let mut connection = connector.connect().unwrap();
    assert_eq!(connection.query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
}

#[test]
#[cfg(target_os = "linux")]
fn an_imitated_directory_is_not_used() {
    for renamed in [true, false] {
        let dir = TestDir::new();
        let server = ScriptedServer::start(over_tls());
        let connector = verified(&server).runtime_dir(dir.path()).build().unwrap();
        works(&connector);
        let private = entries(dir.path()).remove(0);
        let sockets = names(&private);
        let aside = dir.path().join("aside");
        if renamed {
            std::fs::rename(&private, &aside).unwrap();
        } else {
            std::fs::remove_dir_all(&private).unwrap();
        }
        let imitations = imitate(&private, &sockets);
        assert!(!imitations.is_empty());
        let before = server.connections();
        // Twice, one after the other and both at a time, so that a new socket is needed too.
        if renamed {
            let open = [connector.connect().unwrap(), connector.connect().unwrap()];
            works(&connector);
            drop(open);
        } else {
            // Nor is the worker used that is idle and whose socket is gone.
            for _ in 0..2 {
                let error = failure(connector.connect(), "what is gone");
                let fragments = [text(&private), "build the connector anew"];
                assert_says(&error, "io.runtime-dir", &fragments);
            }
            works(&verified(&server).runtime_dir(dir.path()).build().unwrap());
        }
        // Nobody came to the imitation, and the login went nowhere else.
        for imitation in &imitations {
            let kind = imitation.accept().unwrap_err().kind();
            assert_eq!(kind, std::io::ErrorKind::WouldBlock);
        }
        for record in server.records().iter().skip(before) {
            assert_nothing_in_the_clear(record, renamed);
        }
        drop(connector);
        // What is somebody else's stays.
        assert_eq!(names(&private), sockets, "{renamed}");
    }
}

#[test]
fn a_place_where_nothing_can_be_written_is_named() {
    let server = ScriptedServer::start(over_tls());
    let builder = verified(&server).runtime_dir("/proc");
    let error = failure(builder.connect(), "a place that is read-only");
    assert_says(&error, "io.runtime-dir", &["/proc", "runtime-dir"]);
}
