//! `mysql-tls cert`: what it prints of files with certificates.

use serde_json::{Value, json};

use super::*;

/// The lines of a certificate's table but those that differ from run to run.
const CHANGING: [&str; 4] = ["  valid ", "Pin ", "Fingerprint ", "File "];

/// What it prints of one file, without what differs from run to run.
fn table(file: &str) -> String {
    let output = run(&["cert", file]).end().succeeded();
    let (first, rest) = output.split_once('\n').unwrap();
    assert_eq!(first, format!("File                {file}"));
    let stays = |line: &&str| !CHANGING.iter().any(|start| line.starts_with(start));
    rest.lines().filter(stays).map(|line| format!("{line}\n")).collect()
}

#[test]
fn facts_and_clauses_of_each_kind_of_certificate() {
    let ca = Authority::new("Shop CA");
    let dir = TestDir::new();
    let write = |name: &str, content: &str| dir.write(name, content).display().to_string();

    let server = ca.server("db.example.com").ip([10, 0, 0, 7].into()).serial(0x1f2e).issue();
    assert_eq!(
        table(&write("server.pem", &server.cert_pem())),
        "\
Certificate         CN=db.example.com
  names             DNS:db.example.com and IP:10.0.0.7
  issuer            CN=Shop CA
  key               ECDSA P-256
  signature         ecdsa-with-SHA256
  version           3
  CA                no
  key usage         digitalSignature
  purposes          serverAuth
  serial            1f2e
"
    );
    let of_ca = table(&write("ca.pem", &ca.pem()));
    for line in [
        "  CA                yes\n",
        "  key usage         keyCertSign and cRLSign\n",
        "  purposes          any, it has no extendedKeyUsage\n",
    ] {
        assert!(of_ca.contains(line), "{line} is not in\n{of_ca}");
    }
    assert!(!of_ca.contains("REQUIRE"), "{of_ca}");

    // The clauses, as the products have them.
    let account = "Account             REQUIRE SUBJECT '/CN=app/O=Shop' AND ISSUER '/CN=Shop CA'\n";
    let on_openssl = account.replace("Account             ", "On MySQL, MariaDB   ");
    let client = || ca.client("app").organization("Shop");
    let with_uri = client().uri("spiffe://example.com/app").issue().cert_pem();
    let with_mail = client().with(|params| {
        params
            .subject_alt_names
            .push(rcgen::SanType::Rfc822Name("a@example.com".try_into().unwrap()));
    });
    let version_1 = ca.as_version_1(&client().issue()).cert_pem();
    for (name, pem, clauses) in [
        ("client.pem", client().issue().cert_pem(), account.to_owned()),
        ("v1.pem", version_1, account.to_owned()),
        (
            "uri.pem",
            with_uri,
            "On TiDB             REQUIRE SUBJECT '/CN=app/O=Shop' AND ISSUER '/CN=Shop CA' AND SAN \
             'URI:spiffe://example.com/app'\n"
                .to_owned()
                + &on_openssl,
        ),
        (
            "mail.pem",
            with_mail.issue().cert_pem(),
            format!(
                "On TiDB             REQUIRE SUBJECT '/CN=app/O=Shop' AND ISSUER '/CN=Shop CA'\n\
                 On TiDB             this certificate has no SAN clause on TiDB: TiDB does \
                 not know the kind of the alternative name \"RFC822Name(a@example.com)\"; use another \
                 clause or another certificate\n{on_openssl}"
            ),
        ),
        (
            "quote.pem",
            ca.client("o'app").issue().cert_pem(),
            "On TiDB             this certificate has no SUBJECT clause on TiDB: \"'\" in \
             the value \"o'app\" of CN could end the quoted text or change it; use another clause or \
             another certificate\n"
                .to_owned(),
        ),
    ] {
        let table = table(&write(name, &pem));
        assert!(table.contains(&clauses), "{name}: {clauses}\nis not in\n{table}");
    }
}

#[test]
fn what_else_is_in_a_file() {
    let ca = Authority::new("CA");
    let middle = ca.intermediate("Middle CA");
    let issued = middle.client("app").issue();
    let dir = TestDir::new();
    let old_key = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
                   DEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let secrets = issued.key_pem();
    for (content, certificates, words) in [
        (issued.chain_pem(), 2, ""),
        (secrets.clone() + &issued.cert_pem(), 1, "Private key         one, not shown\n"),
        (
            format!("what is this\n{}{old_key}{secrets}", issued.cert_pem()),
            1,
            "Private keys        2, not shown\n",
        ),
        (
            issued.cert_pem() + &ca.revocation_list(&[], |_| {}),
            1,
            "Revocation list     one, not shown\n",
        ),
    ] {
        let file = dir.write("file.pem", &content).display().to_string();
        let output = run(&["cert", &file]).end().succeeded();
        assert_eq!(output.matches("Certificate  ").count(), certificates, "{output}");
        assert!(output.ends_with(words), "{output}");
        assert!(!secrets.lines().skip(1).any(|line| output.contains(line)), "{output}");
    }
    // DER.
    let file = dir.write("client.der", issued.der()).display().to_string();
    let output = run(&["cert", &file]).end().succeeded();
    assert!(output.contains("Certificate         CN=app\n"), "{output}");
}

/// What was to be a path, and is text, may be a key.
#[test]
fn text_in_a_paths_place_is_not_shown() {
    let issued = Authority::new("CA").client("app").issue();
    // What begins with a hyphen is taken for an option, and not shown either.
    let key = format!("\n{}", issued.key_pem());
    let text = format!("{key}{}", issued.cert_pem());
    let line = key.lines().nth(2).unwrap();
    run(&["cert", key.trim_start()]).end().misused("unexpected argument '<not shown>' found");
    for json in [&["cert"][..], &["cert", "--json"]] {
        let output = run(&[json, &[&text]].concat()).end().succeeded();
        assert!(output.contains("the given PEM text") && !output.contains(line), "{output}");
        for given in [&key, line] {
            let outcome = run(&[json, &[given]].concat()).end();
            assert_eq!(outcome.code, Some(1));
            assert!(outcome.stderr.starts_with("error[config."), "{}", outcome.stderr);
            for text in [outcome.stdout, outcome.stderr] {
                assert!(!text.contains(line), "{text}");
            }
        }
    }
}

#[test]
fn hostile_names_draw_nothing() {
    let leaf = Authority::new("CA").client("\u{1b}[2Japp\n\u{202e}x").issue();
    let dir = TestDir::new();
    let file = dir.write("client.pem", leaf.cert_pem()).display().to_string();
    let output = run(&["cert", &file]).end().succeeded();
    assert!(output.contains("Certificate         CN=\\u{1b}[2Japp\\u{a}\\u{202e}x\n"), "{output}");
    assert!(output.contains("On TiDB             this certificate has no SUBJECT"), "{output}");
    for text in [output, run(&["cert", "--json", &file]).end().succeeded()] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }
}

#[test]
fn files_that_have_no_certificate() {
    let ca = Authority::new("CA");
    let issued = ca.client("app").issue();
    let dir = TestDir::new();
    let cut = issued.cert_pem();
    let no_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (content, words) in [
        (
            issued.key_pem(),
            "has a private key, and no certificate; give the file of the certificate",
        ),
        (
            ca.revocation_list(&[], |_| {}),
            "has a revocation list, and no certificate; `openssl crl",
        ),
        (String::new(), "has no certificate: neither PEM text with a CERTIFICATE block nor DER"),
        ("hello".to_owned(), "has no certificate: neither PEM text"),
        (cut[..cut.len() / 2].to_owned(), "cannot be read; look for a line that is cut off"),
        (cut.clone() + no_der, "cannot be read; look for a line that is cut off"),
    ] {
        let file = dir.write("file.pem", &content).display().to_string();
        let sentence = run(&["cert", &file]).end().failed("config.no-certificate");
        assert!(
            sentence.starts_with("certificate file: ") && sentence.contains(words),
            "{sentence}"
        );
        assert!(sentence.contains(&file), "{sentence}");
        assert!(!sentence.contains(issued.key_pem().lines().nth(1).unwrap()), "{sentence}");
    }
    let second = dir.write("second.pem", cut + no_der).display().to_string();
    let sentence = run(&["cert", &second]).end().failed("config.no-certificate");
    assert!(sentence.contains("certificate 2 in "), "{sentence}");
    run(&["cert", "/nonexistent.pem"]).end().failed("config.file-missing");
    run(&["cert", &dir.path().display().to_string()]).end().failed("config.file-kind");
    let p12 = dir.write("client.p12", [0x30, 0x82, 4, 0, 2, 1, 3, 0x30]).display().to_string();
    let sentence = run(&["cert", &p12]).end().failed("config.no-certificate");
    assert!(sentence.contains("it is PKCS#12") && sentence.contains("-clcerts"), "{sentence}");
    run(&["cert"]).end().misused("the following required arguments were not provided");
}

/// One file that cannot be read is an error, and the others are shown.
#[test]
fn several_files() {
    let ca = Authority::new("CA");
    let dir = TestDir::new();
    let file = |name: &str, pem: &str| dir.write(name, pem).display().to_string();
    let (first, last) =
        (file("ca.pem", &ca.pem()), file("b.pem", &ca.server("b").issue().cert_pem()));
    let outcome = run(&["cert", &first, "/nonexistent.pem", &last]).end();
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.starts_with("error[config.file-missing]: "), "{}", outcome.stderr);
    let subjects: Vec<&str> = outcome
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("Certificate         "))
        .collect();
    assert_eq!(subjects, ["CN=CA", "CN=b"]);

    let outcome = run(&["cert", "--json", &first, "/nonexistent.pem"]).end();
    assert_eq!(outcome.code, Some(1));
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(report["files"][0]["error"], Value::Null);
    assert_eq!(report["files"][1]["file"], "/nonexistent.pem");
    assert_eq!(report["files"][1]["error"]["code"], "config.file-missing");
    assert_eq!(report["files"][1]["certificates"], json!([]));
}

#[test]
fn json_has_it_all() {
    let ca = Authority::new("CA");
    let issued = ca.client("app").uri("spiffe://example.com/app").serial(7).issue();
    let dir = TestDir::new();
    let both = issued.cert_pem() + &issued.key_pem();
    let file = dir.write_secret("both.pem", both).display().to_string();
    let output = run(&["cert", "--json", &file]).end().succeeded();
    let mut report: Value = serde_json::from_str(&output).unwrap();
    let certificate = &mut report["files"][0]["certificates"][0];
    for changing in ["not_before", "not_after", "sha256", "spki_sha256", "pin"] {
        assert!(certificate[changing].take().is_string(), "{changing}");
    }
    let both = "SUBJECT '/CN=app' AND ISSUER '/CN=CA'";
    let plain = json!({"clauses": both, "error": null, "no_san": null});
    let with_san = format!("{both} AND SAN 'URI:spiffe://example.com/app'");
    assert_eq!(
        report,
        json!({"files": [{
            "file": file,
            "certificates": [{
                "subject": "CN=app",
                "issuer": "CN=CA",
                "subject_alt_names": ["URI:spiffe://example.com/app"],
                "serial": "07",
                "not_before": null,
                "not_after": null,
                "days_left": 29,
                "sha256": null,
                "spki_sha256": null,
                "pin": null,
                "version": 3,
                "key": "ECDSA P-256",
                "signature_algorithm": "ecdsa-with-SHA256",
                "ca": false,
                "key_usages": ["digitalSignature"],
                "purposes": ["clientAuth"],
                "may_be_client": true,
                "require": {
                    "TiDB": {"clauses": with_san, "error": null, "no_san": null},
                    "MySQL": plain,
                    "MariaDB": plain,
                },
            }],
            "private_keys": 1,
            "revocation_lists": 0,
            "error": null,
        }]})
    );
}

/// The words of `status` for the same certificate.
#[test]
fn status_and_cert_have_the_same_words() {
    let fixture = Fixture::open();
    let status = run(&["status", &fixture.dsn("app")]).end().succeeded();
    let dsn = fixture.dsn("app").replace("VERIFY_IDENTITY", "REQUIRED");
    let session = dsn.parse::<mysql_tls::ConnectionBuilder>().unwrap().connect().unwrap();
    let shown = session.session().tls().unwrap().peer()[0].clone();
    let file = fixture.file("server.pem", &pem("CERTIFICATE", shown.der()));
    let cert = run(&["cert", &file]).end().succeeded();
    let same = ["Certificate ", "  names ", "  issuer ", "  valid ", "Pin ", "Fingerprint "];
    for start in same {
        let line = status.lines().find(|line| line.starts_with(start)).unwrap();
        assert!(cert.lines().any(|of_cert| of_cert == line), "{line} is not in\n{cert}");
    }
    assert!(cert.contains(&shown.to_string()), "{shown}\nis not in\n{cert}");
}
