//! Wrong usage: exit status 2, a sentence, and no secret.

use super::*;

#[test]
fn wrong_usage_is_exit_status_2() {
    let dsn = &format!("mysql://app:{PASSWORD}@localhost/");
    let password = &format!("-p{PASSWORD}");
    let cases: &[(&[&str], &str)] = &[
        (
            &["status"],
            "no server: give a DSN as the argument, by --dsn-file FILE, or in the \
                       variable MYSQL_TLS_DSN or DATABASE_URL",
        ),
        (
            &["status", dsn, "--dsn-file", "-"],
            "the argument '[DSN]' cannot be used with \
                                               '--dsn-file <FILE>'",
        ),
        (&["status", dsn, "-h", "db"], "the argument '[DSN]' cannot be used with '--host <HOST>'"),
        (
            &["status", "-h", "db", "-S", "/s"],
            "the argument '--host <HOST>' cannot be used with \
                                               '--socket <PATH>'",
        ),
        (
            &["status", dsn, password, "--password-file", "f"],
            "the argument '--password[=<PASSWORD>]' cannot be used with '--password-file <FILE>'",
        ),
        (
            &["status", dsn, password, password],
            "the argument '--password[=<PASSWORD>]' cannot be used multiple times",
        ),
        (&["status", dsn, "-p", PASSWORD], "unexpected argument '<not shown>' found"),
        (&["status", dsn, dsn], "unexpected argument '<not shown>' found"),
        (&[dsn], "unrecognized subcommand '<not shown>'"),
        (&["status", dsn, "--jsno"], "unexpected argument '--jsno' found"),
        (
            &["status", "-h", "db", "--ssl-mode=STRICT"],
            "invalid value 'STRICT' for '--ssl-mode <MODE>': ",
        ),
        (
            &["status", "-h", "db", "--ssl-verify-server-cert"],
            "--ssl-verify-server-cert is an option of MariaDB's client: write \
          --ssl-mode=VERIFY_IDENTITY",
        ),
        (&["stauts"], "unrecognized subcommand 'stauts'"),
    ];
    for (arguments, sentence) in cases {
        let outcome = run(arguments).end();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        let first = outcome.stderr.lines().next().unwrap_or_default();
        assert!(first.starts_with(&format!("error: {sentence}")), "{arguments:?}: {first}");
    }
    // Without a subcommand there is the help.
    let outcome = run(&[]).end();
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("Usage: mysql-tls <COMMAND>"), "{}", outcome.stderr);
}

#[test]
fn help_and_version_are_exit_status_0() {
    let help = run(&["status", "--help"]).end().succeeded();
    for word in ["--dsn-file", "MYSQL_TLS_DSN", "DATABASE_URL", "MYSQL_PWD", "--json"] {
        assert!(help.contains(word), "{word} is not in\n{help}");
    }
    for (subcommand, words) in [
        ("shim", ["--socket", "--listen", "--server-socket", "--grace", "SIGTERM"]),
        ("exec", ["--env", "--wait", "--url-style", "DATABASE_URL", "{socket}"]),
    ] {
        let help = run(&[subcommand, "--help"]).end().succeeded();
        for word in words {
            assert!(help.contains(word), "{word} is not in\n{help}");
        }
        // A shim has no use for a password, so it does not offer to take one.
        assert_eq!(help.contains("--password"), subcommand == "exec", "{help}");
    }
    for (subcommand, words) in [
        ("cert", &["FILE", "--json", "REQUIRE", "DER"][..]),
        (
            "certs",
            &["DIR", "--server-name", "--client", "--use-ca", "--days", "client-CN-cert.pem"],
        ),
    ] {
        let help = run(&[subcommand, "--help"]).end().succeeded();
        for word in words {
            assert!(help.contains(word), "{word} is not in\n{help}");
        }
    }
    let version = run(&["--version"]).end().succeeded();
    assert_eq!(version, concat!("mysql-tls ", env!("CARGO_PKG_VERSION"), "\n"));
}
