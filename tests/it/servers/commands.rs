//! `mysql-tls doctor`, and `exec` and `shim` with the official client, and an account that asks for a client
//! certificate, which the client does not have.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use mysql_tls::Product;
use mysql_tls::mysql::prelude::*;
use rustix::process::Signal;

use super::harness::script;
use super::terminator;
use super::world::{Certificate, DATABASE, PASSWORD, World, shared, write_file};
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

/// Quotes, escapes, comments, dashes and underscores, a group that does not count, includes of both
/// kinds: both clients make the same of it.
pub(super) fn one_option_file_for_both_clients(product: Product) {
    let world = shared(product);
    let dir = tempfile::Builder::new().prefix("option files").tempdir().unwrap();
    let path = dir.path();
    std::fs::create_dir(path.join("more")).unwrap();
    let ca = path.join("the \\ 'ca'.pem");
    std::fs::copy(&world.pki.ca, &ca).unwrap();
    let ca = ca.display().to_string().replace('\\', "\\\\").replace('\'', "\\'");
    write_file(path, "more/b.cnf", &format!("[client]\ndatabase={DATABASE} # the shop\n"));
    write_file(path, "more/a.cnf", "[client]\ndatabase=nowhere\nloose-what\n");
    write_file(path, "more/c.txt", "no option file");
    write_file(path, "tls.cnf", &format!("[client]\nssl_mode=verify_identity\nssl-ca = '{ca}'\n"));
    let (shown, port) = (path.display(), world.server.port);
    let text = format!(
        "# for both\n\n[client]\nhost=\"localhost\" # not 127.0.0.1\nprotocol=TCP\nport = 1\n\
         port={port}\nuser=\\x\nuser='app'\npassword=\"{PASSWORD}\"\n;user=nobody\n\
         !include {shown}/tls.cnf # TLS\n[ mysqld]\nuser=nobody\n!includedir {shown}/more\n[client]\n\
         loose_connect_timeout=10\n"
    );
    let file = write_file(path, "my.cnf", &text);
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, private).unwrap();
    let option = format!("--defaults-file={}", file.display());

    let mut client = script("client");
    client.args(["mysql", &option, "--batch", "--skip-column-names"]);
    client.arg("--execute=SELECT DATABASE(), USER()");
    let output = client.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(answer.starts_with(&format!("{DATABASE}\tapp@")), "{answer}");

    let ours = run(&["status", &option]).end().succeeded();
    assert!(ours.contains("the chain, and the name localhost"), "{ours}");
    let builder = mysql_tls::ConnectionBuilder::new("").option_file(&file, &["client"]);
    let mut connection = builder.connect().unwrap();
    let row: Option<(String, String)> =
        connection.query_first("SELECT DATABASE(), USER()").unwrap();
    let (database, user) = row.unwrap();
    assert_eq!(format!("{database}\t{user}\n"), answer);
}

/// What doctor prints in a directory, and its exit status; nothing on stderr.
fn examined(dir: &Path, dsn: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mysql-tls"));
    let output = command.current_dir(dir).env("MYSQL_TLS_DSN", dsn).arg("doctor").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{text}");
    assert!(!text.contains(PASSWORD), "{text}");
    println!("{text}");
    (output.status.code(), text)
}

/// The value of a line by its name.
#[track_caller]
fn value<'a>(text: &'a str, name: &str) -> &'a str {
    let is_it = |line: &&str| line.get(..20).is_some_and(|start| start.trim_end() == name);
    &text.lines().find(is_it).unwrap_or_else(|| panic!("no {name} in\n{text}"))[20..]
}

pub(super) fn doctor_examines_it(product: Product) {
    let world = shared(product);
    let key = &world.pki.right.key;
    // It would be a warning that others can read it.
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let dir = world.pki.ca.parent().unwrap();
    let dsn = dsn(world, &format!("x509:{PASSWORD}@")).replace(&format!("{}/", dir.display()), "");
    let (status, text) = examined(dir, &dsn);
    assert_eq!(status, Some(0), "{text}");
    for (name, expected) in [
        ("TLS", "offered"),
        ("TLS versions", "TLSv1.3, TLSv1.2"),
        ("  names", "DNS:localhost"),
        ("  issuer", "CN=Shop CA"),
        ("  key", "ECDSA P-256"),
        ("  version", "3"),
        ("Client certificate", "asked for, and yours was accepted (CN=right, O=Shop)"),
        ("* VERIFY_IDENTITY", "works: TLS; verified: the chain, and the name localhost"),
        ("Your settings", "work: logged in under ssl-mode=VERIFY_IDENTITY"),
        ("  since", "chain and name are verified; tried up to the login"),
    ] {
        assert_eq!(value(&text, name), expected, "{text}");
    }
    assert!(value(&text, "Server").starts_with(product.as_str()), "{text}");
    assert!(value(&text, "Proxy in between").starts_with("none seen"), "{text}");
    assert!(value(&text, "Cipher suites").contains("TLS_AES_128_GCM_SHA256"), "{text}");
    assert!(value(&text, "Key exchange").contains("secp256r1"), "{text}");
    assert!(!text.contains("not known"), "{text}");
}

/// Both ends see TLS, but not the same one.
pub(super) fn doctor_suspects_a_proxy(product: Product) {
    let world = shared(product);
    let port = terminator::before(world.server.port, &world.pki.authority);
    let dsn = format!(
        "mysql://app:{PASSWORD}@localhost:{port}/{DATABASE}?ssl-mode=VERIFY_IDENTITY&ssl-ca={}",
        world.pki.ca.display()
    );
    let (status, text) = examined(world.server.dir(), &dsn);
    assert_eq!(status, Some(0), "{text}");
    let words = "probably: something in between seems to end the TLS connection, by comparison \
                 (TLS version TLSv1.3 here, TLSv1.2 there; cipher suite TLS_";
    assert!(value(&text, "Proxy in between").starts_with(words), "{text}");
}

pub(super) fn doctor_without_tls(product: Product) {
    let world = World::start(product, Certificate::None);
    let dsn = format!("mysql://app:{PASSWORD}@127.0.0.1:{}/", world.server.port);
    let (status, text) = examined(world.server.dir(), &format!("{dsn}?ssl-mode=REQUIRED"));
    assert_eq!(status, Some(1), "{text}");
    assert_eq!(value(&text, "TLS"), "NOT offered, or the offer is removed on the way", "{text}");
    assert!(value(&text, "* REQUIRED").starts_with("fails [tls.not-offered]: "), "{text}");
    assert!(value(&text, "Your settings").starts_with("FAIL [tls.not-offered]: "), "{text}");
    let (status, text) = examined(world.server.dir(), &format!("{dsn}?ssl-mode=DISABLED"));
    assert_eq!(status, Some(0), "{text}");
    assert_eq!(value(&text, "* DISABLED"), "works: PLAINTEXT", "{text}");
    assert!(value(&text, "Proxy in between").starts_with("none seen"), "{text}");
}
