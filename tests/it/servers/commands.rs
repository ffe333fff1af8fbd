//! `mysql-tls exec` and `shim` with the official client, and an account that asks for a client
//! certificate, which the client does not have.

use std::process::{Command, Output};

use mysql_tls::Product;
use rustix::process::Signal;

use super::harness::script;
use super::world::{DATABASE, PASSWORD, World, shared};
use crate::cli::run;

const QUERY: &str = "--execute=SHOW SESSION STATUS LIKE 'Ssl_version'";
const ANSWER: &str = "Ssl_version\tTLSv1.3\n";

/// A DSN with the client certificate, and perhaps a login.
fn dsn(world: &World, login: &str) -> String {
    let (pki, port) = (&world.pki, world.server.port);
    format!(
        "mysql://{login}localhost:{port}/{DATABASE}?ssl-mode=VERIFY_IDENTITY&ssl-ca={}&ssl-cert={}&\
         ssl-key={}",
        pki.ca.display(),
        pki.right.cert.display(),
        pki.right.key.display()
    )
}

#[track_caller]
fn answered(output: &Output) {
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), ANSWER, "{words}");
}

pub(super) fn official_client_in_exec(product: Product) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mysql-tls"));
    command.env("MYSQL_TLS_DSN", dsn(shared(product), &format!("x509:{PASSWORD}@")));
    command.args(["exec", "--wait", "10s", "--env", "MYSQL_PWD={password}", "--"]);
    command.arg(script("client").get_program());
    command.args(["mysql", "--user={user}", "--batch", "--skip-column-names", QUERY]);
    answered(&command.arg("{database}").output().unwrap());
}

pub(super) fn official_client_through_a_shim(product: Product) {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("db.sock").display().to_string();
    let dsn = dsn(shared(product), "");
    let mut shim = run(&["shim", "--socket", &socket, &dsn]).start();
    assert_eq!(shim.line(), format!("ready: listening on {socket}"));
    let mut client = script("client");
    client.args(["mysql", "--user=x509", "--batch", "--skip-column-names", QUERY]);
    client.args(["--socket", &socket]).env("MYSQL_PWD", PASSWORD);
    answered(&client.output().unwrap());
    assert_eq!(shim.end_by(Signal::TERM).code, Some(0));
}
