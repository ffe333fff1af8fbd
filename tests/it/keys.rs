//! Private keys as `openssl` writes them: encrypted, in a form that is not read here, readable by
//! others; from files, from memory and as text.

mod costs;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mysql_tls::{ConnectionBuilder, Password};

use crate::events::warnings_of;
use crate::kit::*;
use crate::options::{assert_refused, nowhere};
use crate::support::*;

pub(crate) const KEY_PASSWORD: &str = "Schlüssel & 7 keys";

/// What `openssl` makes of this input; `None` where there is no such program or it refuses, as one
/// without old algorithms does.
fn openssl(arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    use std::io::Write;
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    // It may end before it has read everything.
    let _ = child.stdin.take()?.write_all(input);
    let output = child.wait_with_output().ok()?;
    output.status.success().then_some(output.stdout)
}

/// A PEM key, encrypted under [`KEY_PASSWORD`] in one of the forms of `openssl pkcs8 -topk8`.
pub(crate) fn encrypted(key: &str, form: &[&str]) -> Option<String> {
    let password = format!("pass:{KEY_PASSWORD}");
    let mut arguments = vec!["pkcs8", "-topk8", "-passout", &password];
    arguments.extend(form);
    let made = openssl(&arguments, key.as_bytes());
    if made.is_none() {
        println!("skipped: {form:?} (openssl does not make it)");
    }
    made.map(|pem| String::from_utf8(pem).expect("PEM"))
}

/// What is read: PBES2, whatever is in it.
pub(crate) const FORMS: [(&str, &[&str]); 7] = [
    ("AES-256", &["-v2", "aes-256-cbc"]),
    ("AES-192", &["-v2", "aes-192-cbc"]),
    ("AES-128", &["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"]),
    ("AES with SHA-1", &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"]),
    ("3DES", &["-v2", "des3"]),
    ("3DES with SHA-1", &["-v2", "des3", "-v2prf", "hmacWithSHA1", "-iter", "2048"]),
    ("scrypt", &["-scrypt"]),
];

/// Not Ed25519, since OpenSSL 3.0 does not read what is made here, PKCS#8 of version 2.
const KINDS: [KeyKind; 3] = [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Rsa2048];

/// A server that asks for a client certificate of the CA.
fn server() -> ScriptedServer {
    let tls = ServerTls::new(good()).require_client_cert(ca());
    ScriptedServer::start(ServerScript::new().tls(tls))
}

#[track_caller]
fn presented(server: &ScriptedServer, builder: &ConnectionBuilder, issued: &Issued, what: &str) {
    let (_, record) = accepted(server, || builder.connect(), what);
    assert_eq!(record.client_certificate(), Some(&issued.der()), "{what}");
    // It is nowhere to be seen.
    for shown in [format!("{builder:?}"), builder.to_string()] {
        assert!(!shown.contains(KEY_PASSWORD) && !shown.contains("7%20keys"), "{what}: {shown}");
        assert!(!shown.contains("PRIVATE KEY"), "{what}: {shown}");
    }
}

#[test]
fn encrypted_keys_in_every_form() {
    let dir = TestDir::new();
    let server = server();
    for (name, form) in FORMS {
        // Deriving a key takes its time, so what does not depend on the form is tried with one.
        let first = name == FORMS[0].0;
        for kind in if first { &KINDS[..] } else { &KINDS[..1] } {
            let what = format!("{name}, {kind:?}");
            let issued = ca().client("app").key(*kind).issue();
            let Some(key) = encrypted(&issued.key_pem(), form) else { continue };
            let cert = dir.write("client.pem", issued.chain_pem());
            let file = dir.write_secret("client-key.pem", &key);
            let given = || verified(&server).ssl_cert(&cert).ssl_key(&file);
            presented(&server, &given().ssl_key_password(KEY_PASSWORD), &issued, &what);
            // Without one, with a wrong one, with an empty one.
            let fragments = ["client-key.pem", "encrypted", "ssl-key-password"];
            assert_refused(&given(), "config.encrypted-key", "ssl-key-password", &fragments);
            let all = ["another", "", "Schlüssel & 7 key", "Schlüssel & 7 keys "];
            for wrong in if first { &all[..] } else { &all[..1] } {
                let builder = given().ssl_key_password(*wrong);
                let error = failure(builder.build(), &what);
                assert_says(&error, "config.key-password", &["client-key.pem", "does not open"]);
                assert!(wrong.is_empty() || !error.to_string().contains(wrong), "{error}");
            }
        }
    }
}

/// One wrong password in 256 leaves padding that looks right, and something that is no key.
#[test]
fn a_wrong_password_is_one_whatever_it_decrypts_to() {
    let issued = ca().client("app").issue();
    let form = ["-v2", "aes-256-cbc", "-iter", "1"];
    let Some(key) = encrypted(&issued.key_pem(), &form) else { return };
    let given = nowhere().ssl_cert_pem(issued.chain_pem()).ssl_key_pem(key);
    given.clone().ssl_key_password(KEY_PASSWORD).build().unwrap();
    for number in 0..600 {
        let error = failure(given.clone().ssl_key_password(number.to_string()).build(), number);
        assert_eq!(error.code(), "config.key-password", "{number}: {error}");
    }
}

#[test]
fn an_encrypted_key_anywhere() {
    let dir = TestDir::new();
    let server = server();
    let issued = ca().intermediate("Branch CA").client("app").issue();
    let Some(key) = encrypted(&issued.key_pem(), FORMS[0].1) else { return };
    let chain = issued.chain_pem();
    let both = [chain.clone() + &key, key.clone() + &chain, format!("a comment\n{key}\n{chain}")];
    for both in &both {
        let file = dir.write_secret("both.pem", both);
        let files = || verified(&server).ssl_key_password(KEY_PASSWORD);
        presented(&server, &files().ssl_cert(&file), &issued, "by ssl-cert alone");
        presented(&server, &files().ssl_key(&file), &issued, "by ssl-key alone");
        presented(&server, &files().ssl_cert(&file).ssl_key(&file), &issued, "by both");
        presented(&server, &files().ssl_cert_pem(both.as_bytes()), &issued, "from memory");
        presented(&server, &files().ssl_key_pem(both.as_bytes()), &issued, "from memory");
        let given = failure(verified(&server).ssl_cert(&file).build(), "no password");
        assert_says(&given, "config.encrypted-key", &["both.pem", "ssl-key-password"]);
    }
    // With the line ends of another system.
    let file = dir.write_secret("crlf.pem", both[0].replace('\n', "\r\n"));
    let builder = verified(&server).ssl_cert(&file).ssl_key_password(KEY_PASSWORD);
    presented(&server, &builder, &issued, "CRLF");

    let ca = ca().pem();
    let file = dir.write_secret("client-key.pem", &key);
    for (cert, key) in [(&*chain, &*key), (&chain, text(&file))] {
        let options = [
            ("ssl-mode", "VERIFY_IDENTITY"),
            ("ssl-ca", &*ca),
            ("ssl-cert", cert),
            ("ssl-key", key),
            ("ssl-key-password", KEY_PASSWORD),
        ];
        presented(&server, &by_dsn("localhost", &server, &options), &issued, "DSN");
    }
}

#[test]
fn the_password_is_asked_for_whenever_the_key_is_read() {
    let dir = TestDir::new();
    let server = server();
    let issued = ca().client("app").issue();
    let Some(key) = encrypted(&issued.key_pem(), FORMS[0].1) else { return };
    let cert = dir.write("client.pem", issued.chain_pem());
    let file = dir.write_secret("client-key.pem", &key);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = {
        let asked = Arc::clone(&asked);
        move || asked.load(Ordering::SeqCst)
    };
    let given = |password: &'static str| {
        let asked = Arc::clone(&asked);
        verified(&server).ssl_cert(&cert).ssl_key(&file).ssl_key_password_with(move || {
            asked.fetch_add(1, Ordering::SeqCst);
            Ok(Password::new(password))
        })
    };
    let connector = given(KEY_PASSWORD).build().unwrap();
    assert_eq!(count(), 1);
    for _ in 0..2 {
        let (_, record) = accepted(&server, || connector.connect(), "provider");
        assert_eq!(record.client_certificate(), Some(&issued.der()));
    }
    assert_eq!(count(), 1, "not at a connect");
    connector.reload().unwrap();
    assert_eq!(count(), 2, "at a reload");
    connector.clone().reload().unwrap();
    assert_eq!(count(), 3, "at a reload by a clone");
    assert_eq!(failure(given("wrong").build(), "wrong").code(), "config.key-password");
    assert_eq!(count(), 4);
    // A key that is not encrypted needs none.
    std::fs::write(&file, issued.key_pem()).unwrap();
    presented(&server, &given("unused"), &issued, "not encrypted");
    let by_text = verified(&server).ssl_cert(&cert).ssl_key(&file).ssl_key_password("unused");
    presented(&server, &by_text, &issued, "not encrypted");
    assert_eq!(count(), 4);
    // One that fails: its words are the application's, and stay in `source()`.
    std::fs::write(&file, &key).unwrap();
    let failing = verified(&server)
        .ssl_cert(&cert)
        .ssl_key(&file)
        .ssl_key_password_with(|| Err(format!("vault: {KEY_PASSWORD}").into()));
    let error = failure(failing.build(), "provider");
    assert_says(&error, "config.key-password", &["ssl-key-password", "failed"]);
    assert!(!error.to_string().contains(KEY_PASSWORD), "{error}");
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert_eq!(source, Some(format!("vault: {KEY_PASSWORD}")));
}

/// The commands between backticks in an error.
fn commands(error: &str) -> Vec<&str> {
    error.split('`').skip(1).step_by(2).filter(|text| text.starts_with("openssl ")).collect()
}

/// Runs a command of an error where its files are, with passwords where it asks for them.
fn run(command: &str, dir: &Path, more: &[&str]) {
    let mut words = command.split(' ');
    assert_eq!(words.next(), Some("openssl"));
    let output = Command::new("openssl")
        .args(words)
        .args(more)
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn other_forms_come_with_the_command_that_converts_them() {
    let dir = TestDir::new();
    let server = server();
    let issued = ca().client("app").key(KeyKind::Rsa2048).issue();
    let Some(_) = openssl(&["version"], b"") else {
        println!("skipped: other_forms_come_with_the_command_that_converts_them (no openssl)");
        return;
    };
    let files = issued.write_to(&dir, "given");
    let make = |name: &str, arguments: &[&str]| -> PathBuf {
        let made = openssl(arguments, issued.key_pem().as_bytes()).expect("openssl makes it");
        dir.write_secret(name, made)
    };
    let password = format!("pass:{KEY_PASSWORD}");

    // OpenSSL's old encryption, and PBES1.
    let old = make("old.pem", &["rsa", "-aes256", "-traditional", "-passout", &password]);
    let pbes1 =
        make("pbes1.pem", &["pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-passout", &password]);
    for file in [&old, &pbes1] {
        let given = || verified(&server).ssl_cert(&files.cert).ssl_key(file);
        let with = given().ssl_key_password(KEY_PASSWORD);
        let name = file.file_name().unwrap().to_str().unwrap();
        let fragments = [name, "encrypted", "openssl pkcs8 -topk8"];
        assert_refused(&with, "config.encrypted-key", "ssl-key", &fragments);
        let error = failure(with.build(), name).to_string();
        let command = commands(&error)[0].replace("OLD", name).replace("NEW", "new.pem");
        run(&command, dir.path(), &["-passin", &password, "-passout", &password]);
        let new = verified(&server)
            .ssl_cert(&files.cert)
            .ssl_key(dir.path().join("new.pem"))
            .ssl_key_password(KEY_PASSWORD);
        presented(&server, &new, &issued, name);
    }

    // PKCS#12, in the place of either file.
    let p12 =
        make("client.p12", &["pkcs12", "-export", "-in", text(&files.both), "-passout", &password]);
    let places = [
        verified(&server).ssl_cert(&p12),
        verified(&server).ssl_key(&p12),
        verified(&server).ssl_cert(&files.cert).ssl_key(&p12),
        verified(&server).ssl_cert(&p12).ssl_key(&files.key),
        verified(&server).ssl_ca(&p12).ssl_cert(&files.cert).ssl_key(&files.key),
    ];
    for builder in places {
        let error = failure(builder.ssl_key_password(KEY_PASSWORD).build(), "PKCS#12");
        for words in ["client.p12", "PKCS#12", "openssl pkcs12"] {
            assert!(error.to_string().contains(words), "{words}: {error}");
        }
        assert!(["config.no-certificate", "config.no-key"].contains(&error.code()), "{error}");
    }
    let error = failure(verified(&server).ssl_cert(&p12).build(), "PKCS#12").to_string();
    for command in commands(&error) {
        let command = command.replace("FILE", "client.p12");
        let key = ["-passin", &password, "-passout", &password];
        run(&command, dir.path(), if command.contains("-nokeys") { &key[..2] } else { &key });
    }
    let converted = verified(&server)
        .ssl_cert(dir.path().join("client.pem"))
        .ssl_key(dir.path().join("client-key.pem"))
        .ssl_key_password(KEY_PASSWORD);
    presented(&server, &converted, &issued, "converted");

    // DER: a key in either form, a certificate in either place.
    let der_key = make("key.der", &["pkey", "-outform", "der"]);
    let old_der_key = make("old-key.der", &["rsa", "-traditional", "-outform", "der"]);
    for (file, name) in [(&der_key, "key.der"), (&old_der_key, "old-key.der")] {
        let given = verified(&server).ssl_cert(&files.cert).ssl_key(file);
        let fragments = [name, "DER", "openssl pkey -inform der"];
        assert_refused(&given, "config.no-key", "ssl-key", &fragments);
        let error = failure(given.build(), name).to_string();
        run(&commands(&error)[0].replace("FILE", name), dir.path(), &[]);
        let converted =
            verified(&server).ssl_cert(&files.cert).ssl_key(dir.path().join("client-key.pem"));
        presented(&server, &converted, &issued, name);
    }
    let locked_der = make(
        "locked.der",
        &["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", &password, "-outform", "der"],
    );
    let given = verified(&server).ssl_cert(&files.cert).ssl_key(&locked_der);
    let fragments = ["locked.der", "encrypted", "DER", "openssl pkcs8 -topk8"];
    assert_refused(&given, "config.no-key", "ssl-key", &fragments);
    let error = failure(given.build(), "locked.der").to_string();
    let command = commands(&error)[0].replace("FILE", "locked.der");
    run(&command, dir.path(), &["-passin", &password, "-passout", &password]);
    let converted =
        verified(&server).ssl_cert(&files.cert).ssl_key(dir.path().join("client-key.pem"));
    presented(&server, &converted.ssl_key_password(KEY_PASSWORD), &issued, "locked.der");
    let der_cert = dir.write("cert.der", issued.der());
    let der_ca = dir.write("ca.der", ca().der());
    let fragments = ["DER", "openssl x509 -inform der"];
    let given = verified(&server).ssl_cert(&der_cert).ssl_key(&files.key);
    assert_refused(&given, "config.no-certificate", "ssl-cert", &fragments);
    let given = verified(&server).ssl_ca(&der_ca);
    assert_refused(&given, "config.no-certificate", "ssl-ca", &fragments);
    let error = failure(given.build(), "ca.der").to_string();
    run(&commands(&error)[0].replace("FILE", "ca.der"), dir.path(), &[]);
    let converted = verified(&server).ssl_ca(dir.path().join("ca.pem")).ssl_cert(&files.both);
    presented(&server, &converted, &issued, "converted CA");
}

/// What an encrypted key is in no doubt about is told at `build()`, and nothing of it is repeated.
#[test]
fn broken_keys_are_not_quoted() {
    let dir = TestDir::new();
    let issued = ca().client("app").issue();
    let Some(key) = encrypted(&issued.key_pem(), FORMS[0].1) else { return };
    let line = key.lines().nth(2).unwrap();
    let cases = [
        key.replace(line, "!!!!"),
        key.replace(line, ""),
        key[..key.len() / 2].to_owned(),
        key.replace("-----END ENCRYPTED", "-----END"),
        key.replace("ENCRYPTED PRIVATE KEY", "PRIVATE KEY"),
        pem("ENCRYPTED PRIVATE KEY", issued.key_pem().as_bytes()),
        key.replace("ENCRYPTED PRIVATE KEY", "SECRET KEY"),
    ];
    for (number, broken) in cases.iter().enumerate() {
        let file = dir.write_secret("broken.pem", broken);
        let files = nowhere().ssl_cert_pem(issued.chain_pem()).ssl_key(&file);
        for builder in [files.clone(), files.ssl_key_password(KEY_PASSWORD)] {
            let error = failure(builder.build(), number);
            let text = format!("{error} {error:?}");
            assert!(error.code().starts_with("config."), "{number}: {error}");
            assert!(
                text.contains("broken.pem") && !text.contains(KEY_PASSWORD),
                "{number}: {text}"
            );
            for line in broken.lines().filter(|line| line.len() == 64) {
                assert!(!text.contains(&line[..16]), "{number}: {text}");
            }
        }
    }
}

#[test]
fn a_key_that_others_can_read_is_a_warning() {
    let dir = TestDir::new();
    let issued = ca().client("app").issue();
    let files = issued.write_to(&dir, "client");
    let link = dir.path().join("link.pem");
    std::os::unix::fs::symlink(&files.key, &link).unwrap();
    let told = |builder: ConnectionBuilder| warnings_of(|| drop(builder.build().unwrap()));
    for (mode, warns) in
        [(0o600, false), (0o400, false), (0o640, false), (0o644, true), (0o604, true)]
    {
        for file in [&files.key, &files.both] {
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let with_key = |key: &Path| nowhere().ssl_cert(&files.cert).ssl_key(key);
        for (builder, file) in [
            (with_key(&files.key), &files.key),
            (with_key(&link), &link),
            (nowhere().ssl_cert(&files.both), &files.both),
            (nowhere().ssl_key(&files.both), &files.both),
        ] {
            let told = told(builder);
            assert_eq!(told.len(), usize::from(warns), "{mode:o}: {told:?}");
            assert!(told.iter().all(|told| told.contains(text(file))), "{told:?}");
            assert!(told.iter().all(|told| told.contains("chmod")), "{told:?}");
        }
    }
    // The certificate is no secret, and memory has no mode.
    let builder = nowhere().ssl_cert(&files.cert).ssl_key_pem(issued.key_pem());
    assert_eq!(told(builder), Vec::<String>::new());
}
