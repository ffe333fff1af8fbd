//! `mysql-tls certs`: the files that it makes, and what it refuses to do.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mysql_tls::{CertificateFile, ClientIdentity, ConnectionBuilder, Product};

use super::*;

/// The names and contents of a directory's files.
fn contents(dir: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let named = entries.map(|entry| {
        (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
    });
    named.collect()
}

fn names(dir: &Path) -> Vec<String> {
    contents(dir).into_keys().collect()
}

fn certificate(dir: &Path, name: &str) -> ClientIdentity {
    CertificateFile::read(dir.join(name)).unwrap().certificates()[0].clone()
}

/// A directory that does not exist yet, in one that is removed.
fn place() -> (TestDir, String) {
    let parent = TestDir::new();
    let dir = parent.path().join("tls").display().to_string();
    (parent, dir)
}

#[test]
fn the_files_and_what_is_in_them() {
    let (parent, dir) = place();
    let arguments = ["certs", &dir, "--server-name", "db.example.com", "127.0.0.1", "::1"];
    let output = run(&[&arguments[..], &["--client", "app", "report"]].concat()).end().succeeded();
    let dir = parent.path().join("tls");
    let all = [
        "ca-key.pem",
        "ca.pem",
        "client-cert.pem",
        "client-key.pem",
        "client-report-cert.pem",
        "client-report-key.pem",
        "server-cert.pem",
        "server-key.pem",
    ];
    assert_eq!(names(&dir), all);
    for name in all {
        assert!(output.contains(&format!("\n{name}  ")), "{name} is not in\n{output}");
        let mode = dir.join(name).metadata().unwrap().permissions().mode() & 0o777;
        let content = std::fs::read_to_string(dir.join(name)).unwrap();
        if name.ends_with("-key.pem") {
            assert_eq!(mode, 0o600, "{name}");
            assert!(content.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{name}");
            assert!(!output.contains(content.lines().nth(1).unwrap()), "{output}");
        } else {
            assert_eq!(mode & 0o133, 0, "{name}: {mode:o}");
            assert!(content.starts_with("-----BEGIN CERTIFICATE-----\n"), "{name}");
        }
    }
    let ca = certificate(&dir, "ca.pem");
    let strings = |list: &[&str]| Some(list.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert!(ca.is_ca() && ca.subject().starts_with("CN=mysql-tls CA "), "{ca}");
    assert_eq!(ca.key_usages(), Some(vec!["keyCertSign", "cRLSign"]));
    assert_eq!((ca.subject(), ca.days_left()), (ca.issuer(), 3649));
    let mut serials = vec![ca.serial().to_owned()];
    for (name, subject, sans, purpose) in [
        (
            "server-cert.pem",
            "CN=db.example.com",
            &["DNS:db.example.com", "IP:127.0.0.1", "IP:::1"][..],
            "serverAuth",
        ),
        ("client-cert.pem", "CN=app", &[], "clientAuth"),
        ("client-report-cert.pem", "CN=report", &[], "clientAuth"),
    ] {
        let made = certificate(&dir, name);
        assert_eq!((made.subject(), made.issuer()), (subject, ca.subject()));
        assert_eq!(made.subject_alt_names(), sans);
        assert_eq!(made.purposes(), strings(&[purpose]));
        assert_eq!(made.key_usages(), Some(vec!["digitalSignature"]));
        assert_eq!((made.is_ca(), made.days_left()), (false, 824));
        assert_eq!(made.may_be_client(), purpose == "clientAuth");
        serials.push(made.serial().to_owned());
    }
    for name in ["ca.pem", "server-cert.pem", "client-cert.pem"] {
        let made = certificate(&dir, name);
        assert_eq!(made.version(), Some(3));
        assert_eq!(made.key().as_deref(), Some("ECDSA P-256"));
        assert_eq!(made.signature_algorithm().as_deref(), Some("ecdsa-with-SHA256"));
    }
    serials.sort();
    serials.dedup();
    assert_eq!(serials.len(), 4, "each serial number is another one");
}

/// The printed lines are exact, and what can be read back is.
#[test]
fn what_is_printed() {
    let (_parent, dir) = place();
    let output = run(&["certs", &dir, "--server-name=localhost", "--client=app"]).end().succeeded();
    let ca = certificate(Path::new(&dir), "ca.pem");
    let ca_name = ca.common_names()[0].clone();
    let (_, rest) = output.split_once("its private key\n").unwrap();
    let client = format!(
        "app@localhost/?ssl-mode=VERIFY_IDENTITY&ssl-ca={dir}/ca.pem&ssl-cert={dir}/client-cert.pem\
         &ssl-key={dir}/client-key.pem"
    );
    assert_eq!(
        rest,
        format!(
            "
The configuration file of TiDB:

[security]
ssl-ca = \"{dir}/ca.pem\"
ssl-cert = \"{dir}/server-cert.pem\"
ssl-key = \"{dir}/server-key.pem\"

The option file of MySQL or MariaDB:

[mysqld]
ssl_ca={dir}/ca.pem
ssl_cert={dir}/server-cert.pem
ssl_key={dir}/server-key.pem

The connection string of app, on TiDB, and on MySQL or MariaDB:

tidb://{client}
mysql://{client}

Its account, for which the certificate is enough; IDENTIFIED BY '...' before REQUIRE adds a password:

CREATE USER 'app'@'%' REQUIRE SUBJECT '/CN=app' AND ISSUER '/CN={ca_name}';
"
        )
    );
    let clauses = certificate(Path::new(&dir), "client-cert.pem");
    for product in [Product::TiDB, Product::MySQL, Product::MariaDB] {
        assert_eq!(clauses.subject_clause(product).unwrap(), "SUBJECT '/CN=app'");
        assert_eq!(clauses.issuer_clause(product).unwrap(), format!("ISSUER '/CN={ca_name}'"));
    }
    for line in output.lines().filter(|line| line.contains("://")) {
        line.parse::<ConnectionBuilder>().unwrap().build().unwrap();
    }
    // Without a client: no client's files, and a string without a certificate.
    let (_parent, dir) = place();
    let output = run(&["certs", &dir, "--server-name=*.example.com"]).end().succeeded();
    let dsn =
        format!("mysql://USER@HOST.example.com/?ssl-mode=VERIFY_IDENTITY&ssl-ca={dir}/ca.pem");
    assert!(output.ends_with(&format!("\n{dsn}\n")), "{output}");
    assert_eq!(
        names(Path::new(&dir)),
        ["ca-key.pem", "ca.pem", "server-cert.pem", "server-key.pem"]
    );
}

#[test]
fn a_connection_with_its_output() {
    let (_parent, dir) = place();
    let output = run(&["certs", &dir, "--server-name=localhost", "--client=app"]).end().succeeded();
    let path = Path::new(&dir);
    let files = contents(path);
    let issued = Issued::from_pem(&files["server-cert.pem"], &files["server-key.pem"]);
    let ca = certificate(path, "ca.pem").der().to_vec();
    let tls = ServerTls::new(&issued).ask_client_cert_of(ca.into());
    let server = ScriptedServer::start(ServerScript::new().tls(tls));
    let dsn = output.lines().find(|line| line.starts_with("tidb://")).unwrap();
    let dsn = dsn.replace("@localhost/", &format!("@localhost:{}/", server.port()));
    let status = run(&["status", &dsn]).end().succeeded();
    assert!(status.contains("the chain, and the name localhost\n"), "{status}");
    assert!(status.contains("Client certificate  CN=app (824 days left)\n"), "{status}");
}

/// Whatever is there stays, and nothing comes beside it.
#[test]
fn nothing_is_overwritten() {
    for existing in
        ["ca.pem", "ca-key.pem", "server-cert.pem", "client-cert.pem", "client-b-key.pem"]
    {
        let dir = TestDir::new();
        dir.write(existing, "mine");
        let path = dir.path().display().to_string();
        let sentence = run(&["certs", &path, "--server-name", "db", "--client", "a", "b"])
            .end()
            .failed("config.file-exists");
        let start = format!("{path}/{existing} is there already, and nothing is overwritten; ");
        assert!(sentence.starts_with(&start), "{sentence}");
        assert_eq!(sentence.contains("--use-ca"), existing == "ca.pem", "{sentence}");
        let expected = BTreeMap::from([(existing.to_owned(), "mine".to_owned())]);
        assert_eq!(contents(dir.path()), expected);
    }
    let dir = TestDir::new();
    dir.write("ca.pem", "mine");
    dir.write("server-key.pem", "mine");
    let path = dir.path().display().to_string();
    let sentence = run(&["certs", &path, "--server-name=db"]).end().failed("config.file-exists");
    assert!(
        sentence.starts_with(&format!(
            "{path}/ca.pem, {path}/server-key.pem are there already, and nothing is overwritten"
        )),
        "{sentence}"
    );
}

#[test]
fn places_where_nothing_can_be_made() {
    let parent = TestDir::new();
    parent.write("file", "");
    let path = parent.path().display();
    for (dir, words) in [
        (format!("{path}/none/tls"), "make the directory above it first"),
        (format!("{path}/file"), "give a directory"),
    ] {
        let sentence = run(&["certs", &dir, "--server-name=db"]).end().failed("io.files");
        assert!(sentence.starts_with(&format!("{dir} cannot be made (")), "{sentence}");
        assert!(sentence.ends_with(words), "{sentence}");
    }
    assert_eq!(names(parent.path()), ["file"]);
}

#[test]
fn further_certificates_of_the_same_ca() {
    let (_parent, dir) = place();
    let path = Path::new(&dir);
    run(&["certs", &dir, "--server-name=db.example.com", "--client=app"]).end().succeeded();
    let before = contents(path);
    let output = run(&["certs", &dir, "--use-ca", "--client=more"]).end().succeeded();
    assert!(output.contains("\nmysql://more@db.example.com/?"), "{output}");
    assert!(!output.contains("[mysqld]") && !output.contains("\nca.pem"), "{output}");
    let mut after = contents(path);
    assert!(after.remove("client-more-key.pem").is_some());
    assert!(after.remove("client-more-cert.pem").is_some());
    assert_eq!(after, before);
    let (ca, made) = (certificate(path, "ca.pem"), certificate(path, "client-more-cert.pem"));
    assert_eq!((made.subject(), made.issuer()), ("CN=more", ca.subject()));

    // A server's again, once the older one is out of the way.
    let again = ["certs", &dir, "--use-ca", "--server-name=db2.example.com"];
    run(&again).end().failed("config.file-exists");
    for name in ["server-cert.pem", "server-key.pem"] {
        std::fs::remove_file(path.join(name)).unwrap();
    }
    let output = run(&again).end().succeeded();
    assert!(output.contains("[mysqld]"), "{output}");
    assert_eq!(certificate(path, "server-cert.pem").issuer(), ca.subject());
    run(&["certs", &dir, "--use-ca", "--client=more"]).end().failed("config.file-exists");
}

/// One certificate is verified with the other, as the connection above does it for a new CA.
#[test]
fn a_ca_from_its_files_signs_as_before() {
    let (_parent, dir) = place();
    run(&["certs", &dir, "--server-name=db"]).end().succeeded();
    run(&["certs", &dir, "--use-ca", "--client=app"]).end().succeeded();
    let der = |name: &str| certificate(Path::new(&dir), name).der().to_vec();
    let (ca, client) = (der("ca.pem"), der("client-app-cert.pem"));
    let anchor = [webpki::anchor_from_trusted_cert(&ca.as_slice().into()).unwrap().to_owned()];
    let leaf = client.as_slice().into();
    let leaf = webpki::EndEntityCert::try_from(&leaf).unwrap();
    leaf.verify_for_usage(
        provider().signature_verification_algorithms.all,
        &anchor,
        &[],
        rustls::pki_types::UnixTime::now(),
        webpki::KeyUsage::client_auth(),
        None,
        None,
    )
    .unwrap();
}

#[test]
fn a_ca_that_cannot_sign_here() {
    let foreign = Authority::new("Shop CA");
    let similar = Authority::new("mysql-tls CA 01020304");
    let expired = Authority::with("mysql-tls CA 01020304", |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    let no_ca = self_signed("mysql-tls CA 01020304").no_san().issue().cert_pem();
    for (cert, key, code, words) in [
        (foreign.pem(), foreign.key_pem(), "config.foreign-ca", "not of a CA that this command"),
        (similar.pem(), similar.key_pem(), "config.foreign-ca", "not of a CA that this command"),
        (similar.pem() + &foreign.pem(), similar.key_pem(), "config.foreign-ca", "several"),
        (no_ca, similar.key_pem(), "config.foreign-ca", "not of a CA that this command"),
        (similar.pem(), foreign.key_pem(), "config.key-mismatch", "does not belong"),
        (similar.pem(), "no key".to_owned(), "config.bad-key", "has no private key"),
        (expired.pem(), expired.key_pem(), "config.ca-expired", "has expired"),
        ("no PEM".to_owned(), similar.key_pem(), "config.no-certificate", "has no certificate"),
    ] {
        let dir = TestDir::new();
        dir.write("ca.pem", cert);
        dir.write_secret("ca-key.pem", key);
        let path = dir.path().display().to_string();
        let sentence = run(&["certs", &path, "--use-ca", "--client=app"]).end().failed(code);
        assert!(sentence.contains(words), "{sentence}");
        assert_eq!(names(dir.path()), ["ca-key.pem", "ca.pem"]);
    }
    let dir = TestDir::new();
    let path = dir.path().display().to_string();
    run(&["certs", &path, "--use-ca", "--client=app"]).end().failed("config.file-missing");
    dir.write("ca.pem", similar.pem());
    let sentence =
        run(&["certs", &path, "--use-ca", "--client=app"]).end().failed("config.file-missing");
    assert_eq!(
        sentence,
        format!("{path}/ca-key.pem does not exist; --use-ca needs the key of the CA")
    );
}

#[test]
fn lifetimes() {
    let (_parent, dir) = place();
    let path = Path::new(&dir);
    let server = ["certs", &dir, "--server-name=db"];
    run(&[&server[..], &["--days=10", "--ca-days=20"]].concat()).end().succeeded();
    let days = |name: &str| certificate(path, name).days_left();
    assert_eq!((days("ca.pem"), days("server-cert.pem")), (19, 9));
    let end = certificate(path, "ca.pem").not_after();
    // Nothing outlives its CA.
    let outcome = run(&["certs", &dir, "--use-ca", "--client=app"]).end();
    assert_eq!(outcome.code, Some(0));
    let start = "warning: the CA's certificate is valid until 20";
    assert!(outcome.stderr.starts_with(start), "{}", outcome.stderr);
    assert!(outcome.stderr.ends_with(", and so are the new ones\n"), "{}", outcome.stderr);
    assert_eq!(certificate(path, "client-app-cert.pem").not_after(), end);
    let key = path.join("ca-key.pem");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    run(&["certs", &dir, "--use-ca", "--client=b", "--days=1"]).end().warned(&format!(
        "every user of this machine can read the CA's private key in {}; take that away with \
         `chmod 0600`",
        key.display()
    ));
}

#[test]
fn wrong_usage() {
    let (_parent, dir) = place();
    for (arguments, sentence) in [
        (&["--client=a"][..], "a new CA needs a server: give --server-name NAME..., or --use-ca"),
        (&["--use-ca"], "--use-ca needs something to sign: "),
        (&["--use-ca", "--client=a", "--ca-days=1"], "the argument '--use-ca' cannot be used with"),
        (&["--server-name=db", "--days=0"], "invalid value '0' for '--days <DAYS>'"),
        (&["--server-name=db", "--ca-days=99999"], "invalid value '99999' for '--ca-days <DAYS>'"),
        (
            &["--server-name=db", "--days=3651"],
            "--days 3651 is longer than the CA's 3650; give --ca-days as much or more",
        ),
        (
            &["--server-name=db:3306"],
            "--server-name: \"db:3306\" is neither a DNS name nor an IP address; write it without a \
             port and brackets",
        ),
        (&["--server-name=db,DB"], "--server-name: \"DB\" is given twice"),
        (&["--server-name=db", "--client", "a", "A"], "--client: \"A\" is given twice"),
        (&["--server-name=db", "--client=../a"], "--client: \"../a\" does not begin with"),
        (&["--server-name=db", "--client=a/b"], "--client: \"a/b\" has other characters than"),
        (
            &["--server-name=db", "--client=a\u{1b}b"],
            "--client: \"a\\u{1b}b\" has other characters",
        ),
    ] {
        run(&[&["certs", &dir], arguments].concat()).end().misused(sentence);
    }
    run(&["certs", "a\nb", "--server-name=db"]).end().misused("DIR has control characters");
    run(&["certs", "--server-name=db"]).end().misused("the following required arguments");
    assert!(!Path::new(&dir).exists());
}
