//! The official command line client of MySQL 9, to compare with.

use std::path::Path;
use std::process::Command;

use mysql_tls::SslMode;

use super::harness::script;
use super::world::{PASSWORD, World};

/// What became of an attempt to connect, as far as both clients can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Tls,
    Plaintext,
    /// Refused on the client's side, by the ssl-mode or the certificate.
    Refused,
}

/// What the client did, and what it said on stderr.
#[derive(Debug)]
pub(super) struct Official {
    pub(super) outcome: Outcome,
    pub(super) words: String,
}

/// How the client is to reach the server.
#[derive(Clone, Copy)]
pub(super) enum Way {
    /// Over TCP, whatever the host's name.
    Tcp,
    /// As it sees fit for this host: `localhost` means the Unix socket.
    ByHost,
}

/// Connects as `app`.
pub(super) fn connect(
    world: &World,
    way: Way,
    host: &str,
    mode: Option<SslMode>,
    ca: Option<&Path>,
) -> Official {
    let mut command = command(host, world.server.port);
    command.arg(format!("--password={PASSWORD}"));
    match way {
        Way::Tcp => command.arg("--protocol=TCP"),
        Way::ByHost => command.arg("--socket").arg(&world.server.socket),
    };
    if let Some(mode) = mode {
        command.arg(format!("--ssl-mode={mode}"));
    }
    if let Some(ca) = ca {
        command.arg(format!("--ssl-ca={}", ca.display()));
    }
    command.arg("--execute=SHOW SESSION STATUS LIKE 'Ssl_cipher'");
    run(&mut command, |rows| {
        if rows.trim_end() == "Ssl_cipher" {
            return Outcome::Plaintext;
        }
        assert!(rows.starts_with("Ssl_cipher\t"), "{rows}");
        Outcome::Tls
    })
}

/// The client, to connect as `app` to a port of this host.
pub(super) fn command(host: &str, port: u16) -> Command {
    let mut command = script("client");
    command.args(["mysql", "--user=app", "--connect-timeout=10", "--batch", "--skip-column-names"]);
    command.arg(format!("--host={host}")).arg(format!("--port={port}"));
    command
}

/// Runs the client; `connected` tells what a connection is from the rows that it printed.
pub(super) fn run(command: &mut Command, connected: impl Fn(&str) -> Outcome) -> Official {
    let output = command.output().expect("tests/servers/client runs");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let rows = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Official { outcome: connected(&rows), words };
    }
    // 2026 is its number for everything that concerns TLS.
    assert!(words.contains("ERROR 2026"), "{words}");
    Official { outcome: Outcome::Refused, words }
}
