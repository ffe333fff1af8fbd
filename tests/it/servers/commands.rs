//! `mysql-tls exec` and `shim` with the official client, and an account that asks for a client
//! certificate, which the client does not have.
#![cfg_attr(not(feature = "cli"), allow(unused))]

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use mysql_tls::Product;
use rustix::process::{Pid, Signal, kill_process};

use super::harness::script;
use super::world::{DATABASE, PASSWORD, World, shared};

const QUERY: &str = "--execute=SHOW SESSION STATUS LIKE 'Ssl_version'";
const ANSWER: &str = "Ssl_version\tTLSv1.3\n";

/// `mysql-tls SUBCOMMAND`, with the DSN in its environment.
fn program(world: &World, subcommand: &str, login: &str) -> Command {
    let program = option_env!("CARGO_BIN_EXE_mysql-tls").unwrap_or_default();
    let (pki, port) = (&world.pki, world.server.port);
    let dsn = format!(
        "mysql://{login}localhost:{port}/{DATABASE}?ssl-mode=VERIFY_IDENTITY&ssl-ca={}&ssl-cert={}&\
         ssl-key={}",
        pki.ca.display(),
        pki.right.cert.display(),
        pki.right.key.display()
    );
    let mut command = Command::new(program);
    command.arg(subcommand).env("MYSQL_TLS_DSN", dsn);
    command
}

#[track_caller]
fn answered(output: &Output) {
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), ANSWER, "{words}");
}

pub(super) fn official_client_in_exec(product: Product) {
    #[cfg(feature = "cli")]
    {
        let login = format!("x509:{PASSWORD}@");
        let mut command = program(shared(product), "exec", &login);
        command.args(["--wait", "10s", "--env", "MYSQL_PWD={password}", "--"]);
        command.arg(script("client").get_program());
        command.args(["mysql", "--user={user}", "--batch", "--skip-column-names", QUERY]);
        answered(&command.arg("{database}").output().unwrap());
    }
}

pub(super) fn official_client_through_a_shim(product: Product) {
    #[cfg(feature = "cli")]
    {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("db.sock");
        let mut command = program(shared(product), "shim", "");
        let mut shim = command.arg("--socket").arg(&socket).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(shim.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, format!("ready: listening on {}\n", socket.display()));
        let mut client = script("client");
        client.args(["mysql", "--user=x509", "--batch", "--skip-column-names", QUERY]);
        client.arg("--socket").arg(&socket).env("MYSQL_PWD", PASSWORD);
        let output = client.output().unwrap();
        kill_process(Pid::from_child(&shim), Signal::TERM).unwrap();
        assert!(shim.wait().unwrap().success());
        answered(&output);
    }
}
