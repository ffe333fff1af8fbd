//! Runs the examples, which cargo builds before the tests.

// A failed expectation is a failed test.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The example's program: next to the `deps` that this test lies in.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let program: PathBuf = profile.join("examples").join(name);
    assert!(program.is_file(), "{} is built by `cargo test`", program.display());
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null());
    command
}

/// What a run prints; it must succeed and have nothing to complain about.
fn output_of(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""));
    String::from_utf8(output.stdout).unwrap()
}

fn assert_has_line(output: &str, name: &str, value: &str) {
    let line = format!("{name:<20}{value}");
    assert!(output.lines().any(|have| have == line), "no line {line:?} in\n{output}");
}

const MIGRATED_TWICE: &str = "first run: 2 applied [\"V1__orders\", \"V2__order_total\"]\n\
                              second run: 0 applied []\n";

#[test]
fn quickstart_verifies_and_presents_a_certificate() {
    let output = output_of(&mut example("quickstart"));
    assert_has_line(&output, "SELECT VERSION()", "8.4.0-scripted");
    assert_has_line(&output, "Verified", "the chain, and the name localhost");
    assert_has_line(&output, "Client certificate", "CN=app (29 days left)");
    assert_has_line(&output, "Password", "the password itself was sent, inside TLS");
}

#[test]
fn mutual_tls_is_refused_without_a_certificate() {
    let output = output_of(&mut example("mutual_tls"));
    let (refused, connected) = output.trim_end().split_once('\n').unwrap();
    assert!(
        refused.starts_with("without: error[handshake.client-certificate-required]: "),
        "{refused}"
    );
    assert_eq!(connected, "with:    connected as CN=app");
}

#[test]
fn migrate_does_nothing_the_second_time() {
    assert_eq!(output_of(&mut example("migrate")), MIGRATED_TWICE);
}

#[cfg(feature = "r2d2")]
#[test]
fn pool_shows_both_kinds() {
    let output = output_of(&mut example("pool"));
    assert_eq!(
        output,
        "r2d2:  8 answers, verified: the chain, and the name localhost\n\
         mysql: 1 answer, 2 connections\n"
    );
}

#[test]
fn a_wrong_dsn_ends_an_example() {
    for name in ["quickstart", "migrate"] {
        for run in [example(name).arg("no-dsn"), example(name).env("MYSQL_TLS_DSN", "no-dsn")] {
            assert_eq!(run.output().unwrap().status.code(), Some(1), "{name}");
        }
    }
}

/// The examples, and the command line where it is built, on a real server: `dsn` names an empty
/// database for them to work in.
pub(crate) fn work_on(product: &str, dsn: &str) {
    let output = output_of(example("quickstart").arg(dsn));
    assert!(output.contains(&format!("\nServer              {product} ")), "{output}");
    assert!(output.contains("\nTLS                 TLSv1.3, "), "{output}");
    assert_eq!(output_of(example("migrate").env("MYSQL_TLS_DSN", dsn)), MIGRATED_TWICE);

    #[cfg(feature = "cli")]
    {
        let mut status = Command::new(env!("CARGO_BIN_EXE_mysql-tls"));
        let output = output_of(status.arg("status").env_clear().env("MYSQL_TLS_DSN", dsn));
        let view = output.lines().last().unwrap_or_default();
        assert!(view.starts_with("Server's view       TLSv1.3, TLS_"), "{output}");
        assert!(view.ends_with(", as on this side"), "{output}");
    }
}
