//! `mysql-tls doctor`, and `exec` and `shim` with the official client, and an account that asks for a client
//! certificate, which the client does not have.

use std::os::unix::fs::PermissionsExt;
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

pub(super) fn doctor_examines_it(product: Product) {
    let world = shared(product);
    let key = &world.pki.right.key;
    // It would be a warning that others can read it.
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let dir = world.pki.ca.parent().unwrap();
    let dsn = dsn(world, &format!("x509:{PASSWORD}@")).replace(&format!("{}/", dir.display()), "");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mysql-tls"));
    command.current_dir(dir).env("MYSQL_TLS_DSN", &dsn).arg("doctor");
    let output = command.output().unwrap();
    let (text, words) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!((output.status.code(), &*words), (Some(0), ""), "{text}");
    println!("{text}");
    let value = |name: &str| {
        let line = text.lines().find(|line| line.get(..20).is_some_and(|at| at.trim_end() == name));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}"))[20..].to_owned()
    };
    for (name, expected) in [
        ("TLS", "offered"),
        ("TLS versions", "TLSv1.3, TLSv1.2"),
        ("  names", "DNS:localhost"),
        ("  issuer", "CN=Shop CA"),
        ("  key", "ECDSA, P-256; X.509 version 3"),
        ("Client certificate", "asked for, and yours was accepted (CN=right, O=Shop)"),
        ("* VERIFY_IDENTITY", "works: TLS; verified: the chain, and the name localhost"),
        ("Your settings", "work: logged in under ssl-mode=VERIFY_IDENTITY"),
        ("  since", "chain and name are verified; tried up to the login"),
    ] {
        assert_eq!(value(name), expected, "{text}");
    }
    assert!(value("Server").starts_with(product.as_str()), "{text}");
    assert!(value("Proxy in between").starts_with("none seen"), "{text}");
    assert!(value("Cipher suites").contains("TLS_AES_128_GCM_SHA256"), "{text}");
    assert!(value("Key exchange").contains("secp256r1"), "{text}");
    assert!(!text.contains("not known") && !text.contains(PASSWORD), "{text}");
}
