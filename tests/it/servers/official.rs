//! The official command line client of MySQL 9, to compare with.

use std::path::Path;

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
    let mut command = script("client");
    command.args(["mysql", "--user=app", "--connect-timeout=10", "--batch", "--skip-column-names"]);
    command.arg(format!("--password={PASSWORD}"));
    command.arg(format!("--host={host}")).arg(format!("--port={}", world.server.port));
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
    let output = command.output().expect("tests/servers/client runs");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let rows = String::from_utf8_lossy(&output.stdout).into_owned();
    let outcome = if !output.status.success() {
        // 2026 is its number for everything that concerns TLS.
        assert!(words.contains("ERROR 2026"), "{words}");
        Outcome::Refused
    } else if rows.trim_end() == "Ssl_cipher" {
        Outcome::Plaintext
    } else {
        assert!(rows.starts_with("Ssl_cipher\t"), "{rows}");
        Outcome::Tls
    };
    Official { outcome, words }
}
