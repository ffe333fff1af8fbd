//! What is refused, with code, place and remedy; and that no value is shown.

use super::*;

/// Lines of `[client]`, code, parts of the message.
const REFUSED: &[(&str, &str, &[&str])] = &[
    (
        "ssl-verify-server-cert",
        "config.option-file",
        &[
            "line 2",
            "`ssl-verify-server-cert` is a TLS option of other drivers",
            "`ssl-mode=VERIFY_IDENTITY`",
        ],
    ),
    ("ssl_verify_server_cert=0", "config.option-file", &["`ssl-mode=REQUIRED`"]),
    ("loose-ssl-verify-server-cert", "config.option-file", &["`ssl-mode=VERIFY_IDENTITY`"]),
    ("skip-ssl-verify-server-cert", "config.option-file", &["`ssl-mode=REQUIRED`"]),
    ("disable_ssl_verify_server_cert", "config.option-file", &["`ssl-mode=REQUIRED`"]),
    ("ssl", "config.option-file", &["`ssl-mode=VERIFY_IDENTITY`", "`ssl-mode=REQUIRED`"]),
    (
        "ssl\nssl-ca=/c.pem",
        "config.option-file",
        &["`ssl-mode=VERIFY_IDENTITY`", "`ssl-mode=VERIFY_CA`"],
    ),
    ("skip-ssl", "config.option-file", &["`ssl-mode=DISABLED`"]),
    ("disable-ssl", "config.option-file", &["`ssl-mode=DISABLED`"]),
    ("ssl=0", "config.option-file", &["`ssl-mode=DISABLED`"]),
    (
        "ssl-mode=REQUIRED\nssl-verify-server-cert=0",
        "config.option-file",
        &["line 3", "leave it out"],
    ),
    (
        "tls-ca=/c.pem\nssl-verify-server-cert",
        "config.option-file",
        &[
            "`tls-ca` and `ssl-verify-server-cert` are TLS options",
            "write `ssl-mode=VERIFY_IDENTITY` and `ssl-ca=/c.pem` (the server is verified) instead",
        ],
    ),
    ("ssl-fips-mode=ON", "config.option-file", &["feature `fips`"]),
    ("ssl-session-data=/f", "config.option-file", &["leave it out"]),
    ("tls-fp=HUNTER", "config.option-file", &["`tls-peer-fingerprint=`"]),
    ("tls-fplist=HUNTER", "config.option-file", &["`tls-peer-fingerprint=`"]),
    ("ssl-fplist=HUNTER", "config.option-file", &["`tls-peer-fingerprint=`"]),
    ("ssl-passphrase=HUNTER", "config.option-file", &["`ssl-key-password=`"]),
    ("ssl-what=HUNTER", "config.option-file", &["`ssl-what` is not an option here"]),
    ("tls-what=HUNTER", "config.option-file", &["never passed over"]),
    ("loose-tls-what=HUNTER", "config.option-file", &["never passed over"]),
    ("skip-ssl-ca", "config.option-file", &["`skip-ssl-ca` is not an option here"]),
    ("ssl-moed=REQUIRED", "config.option-file", &["did you mean `ssl-mode`?"]),
    ("ssl-mode=HUNTER", "config.value", &["line 2", "`ssl-mode` is one of"]),
    ("ssl-mode=VERIFY_FULL", "config.value", &["`ssl-mode=VERIFY_IDENTITY`"]),
    ("ssl-ca", "config.value", &["`ssl-ca` has no value"]),
    ("ssl-ca=", "config.value", &["`ssl-ca` has no value"]),
    ("loose_ssl_ca=", "config.value", &["`loose_ssl_ca` has no value"]),
    ("host", "config.value", &["`host` has no value"]),
    ("port=HUNTER", "config.value", &["`port` is a number"]),
    ("port=70000", "config.value", &["`port` is a number"]),
    ("protocol=PIPE", "config.value", &["`protocol` is `TCP` or `SOCKET`"]),
    ("connect-timeout=0", "config.value", &["`connect-timeout` cannot be zero"]),
    ("connect-timeout=HUNTER", "config.value", &["is a time"]),
    ("max-allowed-packet=16X", "config.value", &["whole number"]),
    ("max-allowed-packet=99999999999999999999G", "config.value", &["too large"]),
    ("compression-algorithms=zstd", "config.value", &["zstd alone"]),
    ("compression-algorithms=HUNTER", "config.value", &["is a list of `zlib`"]),
    ("skip-secure-auth", "config.value", &["cannot be turned off"]),
    ("init-command=", "config.value", &["has no value"]),
    ("init-command-add= ", "config.value", &["has no value"]),
    ("option-file=/x", "config.value", &["write `!include`"]),
    ("defaults-file=/x", "config.value", &["write `!include`"]),
    ("password=HUNTER\n[client", "config.option-file", &["line 3", "has no `]`"]),
    ("=HUNTER", "config.option-file", &["line 2", "no name"]),
    ("!HUNTER", "config.option-file", &["neither `!include` nor"]),
    ("!include", "config.option-file", &["has no path"]),
    ("!include one.cnf", "config.option-file", &["the path is relative"]),
    ("!include /nonexistent/x.cnf", "config.file-missing", &["/nonexistent/x.cnf"]),
    ("!includedir /nonexistent", "config.file-missing", &["line 2", "/nonexistent"]),
    ("!includedir /dev/null", "config.file-kind", &["/dev/null"]),
    ("password=HUNTER\0", "config.file-kind", &["not UTF-8"]),
];

#[test]
fn what_does_not_fit_is_refused_with_its_place() {
    for (lines, code, fragments) in REFUSED {
        let error = under(h(), &format!("[client]\n{lines}\n")).unwrap_err();
        assert_eq!(error.code(), *code, "{lines}: {error}");
        let shown = error.to_string();
        assert!(shown.starts_with("option-file: "), "{shown}");
        for fragment in *fragments {
            assert!(shown.contains(fragment), "{lines}: no {fragment} in: {shown}");
        }
        assert!(
            !format!("{error} {error:?}").contains("HUNTER") && !shown.contains('\n'),
            "{shown}"
        );
    }
    let error = under(h(), "user=HUNTER\n[client]\n").unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("line 1: it stands before any group: write `[client]` above it")
    );
    let error = under(ConnectionBuilder::new(""), "[client]\nuser=a\nport=1\n").unwrap_err();
    assert_eq!(error.code(), "config.option-file");
    assert!(error.to_string().contains("names no host or socket in [client]"), "{error}");
    // In another group nothing is looked at.
    assert_eq!(under(h(), "[mysqld]\nssl-what\nport=x\n").unwrap(), h());
}

#[test]
fn includes_end() {
    let files = Files::new();
    let read = |path: &Path| h().option_file(path, &[]).read_option_file();
    let own = files.write("own.cnf", "!include DIR/own.cnf\n");
    let first = files.write("first.cnf", "!include DIR/second.cnf\n");
    files.write("second.cnf", "!includedir DIR\n");
    for path in [own, first] {
        let error = read(&path).unwrap_err();
        assert_eq!(error.code(), "config.option-file");
        assert!(error.to_string().contains("includes itself"), "{error}");
    }
    // Ten deep is right, eleven is not; the same file twice is no cycle.
    let files = Files::new();
    files.write("0.cnf", "[client]\nport=7\n");
    for number in 1..=11 {
        let below = number - 1;
        files.write(&format!("{number}.cnf"), &format!("!include DIR/{below}.cnf\n"));
    }
    let twice = files.write("twice.cnf", "!include DIR/0.cnf\n!include DIR/0.cnf\n");
    let at = |name: &str| files.0.path().join(name);
    for path in [at("10.cnf"), twice] {
        assert_eq!(h().option_file(&path, &[]).read_option_file().unwrap(), h().port(7));
    }
    let error = h().option_file(at("11.cnf"), &[]).read_option_file().unwrap_err();
    assert!(
        error.to_string().contains("1.cnf, line 1: files include others at most 10"),
        "{error}"
    );
    // Each level includes all of a directory: the number of files is what ends it.
    let files = Files::new();
    for number in 0..30 {
        let text = if number < 9 { "!includedir DIR/next\n" } else { "" };
        files.write(&format!("d/{number}.cnf"), &text.replace("next", "e"));
        files.write(&format!("e/{number}.cnf"), "");
    }
    let path = files.write("my.cnf", "!includedir DIR/d\n");
    let error = h().option_file(path, &[]).read_option_file().unwrap_err();
    assert!(error.to_string().contains("one more than the 256 files"), "{error}");
}

#[test]
fn what_others_can_write_is_refused() {
    let files = Files::new();
    let one = files.write("dir/one.cnf", "[client]\nport=7\n");
    let path = files.write("my.cnf", "!includedir DIR/dir\n");
    let read = || h().option_file(&path, &[]).read_option_file();
    for changed in [one, files.0.path().join("dir"), path.clone()] {
        assert_eq!(read().unwrap(), h().port(7));
        let right = std::fs::metadata(&changed).unwrap().permissions();
        set_mode(&changed, 0o702);
        let error = read().unwrap_err();
        assert_eq!(error.code(), "config.file-writable");
        assert!(error.to_string().contains(&changed.display().to_string()), "{error}");
        assert!(error.to_string().contains("`chmod o-w`"), "{error}");
        std::fs::set_permissions(&changed, right).unwrap();
    }
}

#[test]
fn what_is_no_small_file_of_text_is_refused() {
    let files = Files::new();
    let large = files.write("large.cnf", "");
    std::fs::File::options().write(true).open(&large).unwrap().set_len((1 << 20) + 1).unwrap();
    let latin1 = files.write("latin1.cnf", "");
    std::fs::write(&latin1, b"[client]\nuser=\xfc\n").unwrap();
    for (path, code) in [
        (Path::new("/nonexistent/my.cnf"), "config.file-missing"),
        (files.0.path(), "config.file-kind"),
        (&large, "config.file-kind"),
        (&latin1, "config.file-kind"),
    ] {
        let error = h().option_file(path, &[]).read_option_file().unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    let build = h().option_file("/nonexistent/my.cnf", &[]).build().unwrap_err();
    assert_eq!(build.code(), "config.file-missing");
}

#[test]
fn no_error_shows_a_value() {
    let keys = crate::dsn::dsn_keys().iter().flat_map(|key| key.aliases().chain([key.name()]));
    let own =
        ["host", "port", "user", "password", "database", "protocol", "compression-algorithms"];
    let tls = ["tls", "ssl", "ssl-passphrase", "sslpassword", "tls-unknown", "loose-ssl-unknown"];
    for name in keys.chain(own).chain(tls) {
        for value in ["HUNTER", "'HUNTER;HUNTER'", "HUNTER%", "\"-----BEGIN HUNTER\"", "1HUNTER"] {
            let text = format!("[client]\n{name}={value}\n{name}={value}\n");
            if let Err(error) = under(h(), &text) {
                assert!(!format!("{error} {error:?}").contains("HUNTER"), "{name}: {error}");
            }
        }
    }
}
