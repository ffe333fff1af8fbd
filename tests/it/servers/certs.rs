//! `mysql-tls certs`: real servers with the files that it makes, and accounts by the statements that
//! it prints.

use std::path::{Path, PathBuf};

use mysql_tls::mysql::prelude::*;
use mysql_tls::{Connection, ConnectionBuilder, Error, Product, Verification};

use super::harness::{RealServer, Tls, new_home, script};
use crate::cli::run;

const DENIED: &str = "auth.access-denied";

/// A server of its own with its files in `DIR/tls`, and what was printed.
struct Made {
    server: RealServer,
    output: String,
}

impl Made {
    fn start(product: Product) -> Self {
        let home = new_home();
        let dir = home.path().join("tls").display().to_string();
        let names = ["--server-name", "localhost", "127.0.0.1", "--client", "app", "report"];
        let output = run(&[&["certs", &dir], &names[..]].concat()).end().succeeded();
        let server = match product {
            // The very lines; the section is a part of the key here.
            Product::TiDB => {
                let (_, lines) = output.split_once("\n[security]\n").unwrap();
                let lines = lines.lines().take(3).map(|line| line.replacen(" = ", "=", 1));
                let lines: Vec<String> = lines.map(|line| format!("security.{line}")).collect();
                let lines = lines.iter().flat_map(|line| ["--config-line", line]);
                RealServer::start(product, home, &Tls::None, &lines.collect::<Vec<_>>())
            }
            _ => {
                let [ca, cert, key] = ["ca", "cert", "key"].map(|file| configured(&output, file));
                let tls = Tls::Files { ca: &ca, cert: &cert, key: &key };
                RealServer::start(product, home, &tls, &[])
            }
        };
        let made = Made { server, output };
        made.make_accounts(&made.output);
        made
    }

    /// By the statements that were printed.
    fn make_accounts(&self, output: &str) {
        let mut admin = self.server.admin();
        let statements: Vec<&str> =
            output.lines().filter(|line| line.starts_with("CREATE USER ")).collect();
        assert!(!statements.is_empty(), "{output}");
        for statement in statements {
            admin.query_drop(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }

    /// By the string that was printed for this user.
    fn connection(&self, output: &str, user: &str) -> ConnectionBuilder {
        let scheme = if self.server.product == Product::TiDB { "tidb" } else { "mysql" };
        let start = format!("{scheme}://{user}@localhost/?ssl-mode=VERIFY_IDENTITY&");
        let dsn = output.lines().find(|line| line.starts_with(&start));
        let dsn = dsn.unwrap_or_else(|| panic!("{start} is not in\n{output}"));
        dsn.parse::<ConnectionBuilder>().unwrap().port(self.server.port)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.server.dir().join("tls").join(name)
    }
}

/// The path in the printed lines of the option file.
fn configured(output: &str, file: &str) -> PathBuf {
    let start = format!("ssl_{file}=");
    let path = output.lines().find_map(|line| line.strip_prefix(&start));
    let path = Path::new(path.unwrap_or_else(|| panic!("no {start} in\n{output}")));
    assert!(path.is_absolute(), "{}", path.display());
    path.to_owned()
}

fn code(login: mysql_tls::Result<Connection>) -> &'static str {
    login.as_ref().map_or_else(Error::code, |_| "ok")
}

/// VERIFY_IDENTITY with the client certificate; the account refuses who has another one or none.
pub(super) fn its_files_and_statements_are_a_servers(product: Product) {
    let made = Made::start(product);
    let app = made.connection(&made.output, "app");
    let mut connection = app.clone().connect().unwrap();
    let user: Option<String> = connection.query_first("SELECT CURRENT_USER()").unwrap();
    assert_eq!(user.as_deref(), Some("app@%"));
    let tls = connection.session().tls().unwrap();
    assert!(matches!(tls.verified(), Verification::ChainAndName(name) if name == "localhost"));
    assert_eq!(tls.client_certificate().presented(), Some("CN=app"));

    let with = |cert: &str, key: &str| {
        app.clone().ssl_cert(made.file(cert)).ssl_key(made.file(key)).connect()
    };
    let report = || with("client-report-cert.pem", "client-report-key.pem");
    assert_eq!(code(report()), DENIED);
    let bare = ConnectionBuilder::new("localhost")
        .port(made.server.port)
        .user("app")
        .ssl_mode(mysql_tls::SslMode::VerifyIdentity)
        .ssl_ca(made.file("ca.pem"));
    assert_eq!(code(bare.clone().connect()), DENIED);
    assert_eq!(code(made.connection(&made.output, "report").connect()), "ok");
    // A server's certificate is none of a client.
    let servers = bare.ssl_cert(made.file("server-cert.pem")).ssl_key(made.file("server-key.pem"));
    assert_ne!(code(servers.connect()), "ok");
    // The address is in the certificate as well.
    let dsn = app.to_string().replace("@localhost:", "@127.0.0.1:");
    assert_eq!(code(mysql_tls::connect(&dsn)), "ok");

    // One more, of the same CA, while the server runs.
    let dir = made.file("").display().to_string();
    let more = run(&["certs", &dir, "--use-ca", "--client", "more"]).end().succeeded();
    made.make_accounts(&more);
    assert_eq!(code(made.connection(&more, "more").connect()), "ok");
}

pub(super) fn official_client_with_its_files(product: Product) {
    let made = Made::start(product);
    let client = |user: &str| {
        let mut client = script("client");
        client.args(["mysql", "--protocol=tcp", "--host=localhost", "--ssl-mode=VERIFY_IDENTITY"]);
        client.arg(format!("--port={}", made.server.port)).arg(format!("--user={user}"));
        for (option, name) in
            [("ca", "ca.pem"), ("cert", "client-cert.pem"), ("key", "client-key.pem")]
        {
            client.arg(format!("--ssl-{option}={}", made.file(name).display()));
        }
        let output = client.args(["--batch", "--skip-column-names", "--execute=SELECT 1"]).output();
        let output = output.unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap(), output.stderr)
    };
    let (success, answer, words) = client("app");
    assert!(success, "{}", String::from_utf8_lossy(&words));
    assert_eq!(answer, "1\n");
    // The other account asks for another certificate.
    let (success, answer, words) = client("report");
    let words = String::from_utf8_lossy(&words);
    assert!(!success && answer.is_empty() && words.contains("1045"), "{words}");
}
