//! The `mysql` client's own options, as people paste them.

use super::sources::PASSWORD_IN_ARGUMENTS;
use super::*;

/// Strings 21 to 23 of those that people paste, with this server's address.
#[test]
fn command_lines_of_the_client_work_after_a_subcommand() {
    let fixture = Fixture::locked();
    let (port, ca) = (fixture.server.port().to_string(), fixture.ca_file());
    let (password, ca_option) = (format!("-p{PASSWORD}"), format!("--ssl-ca={ca}"));
    let identity = "--ssl-mode=VERIFY_IDENTITY";
    let named: Vec<&str> =
        ["status", "--comments", "-u", "app", "-h", "localhost", "-P", &port, "-D", "test"].into();
    let whole = [&named[..], &[identity, &ca_option, &password]].concat();
    let output = run(&whole).end().warned(PASSWORD_IN_ARGUMENTS);
    assert!(output.contains("the chain, and the name localhost"), "{output}");

    let mariadb = [&named[..], &["--ssl-verify-server-cert", &ca_option, &password]].concat();
    run(&mariadb).end().misused(
        "--ssl-verify-server-cert is an option of MariaDB's client: write \
         --ssl-mode=VERIFY_IDENTITY",
    );

    let no_mode = ["status", "-h", "localhost", "-P", &port, "-u", "app", &ca_option];
    let output = run(&no_mode).variables(&[("MYSQL_PWD", PASSWORD)]).end().succeeded();
    let verified = output.lines().find(|line| line.starts_with("Verified")).unwrap();
    assert!(verified.ends_with("the chain, not the name"), "{verified}");
}

#[test]
fn what_has_an_option_here_sets_it_and_what_means_nothing_is_left_out() {
    let fixture = Fixture::open();
    let (port, ca) = (fixture.server.port().to_string(), fixture.ca_file());
    let verified = ["status", "-h", "localhost", "-P", &port, "--ssl-ca", &ca];
    for options in [
        &["--protocol=tcp"][..],
        &["--connect-timeout=5"],
        &["--connect_timeout", "500ms"],
        &["--bind-address=127.0.0.1"],
        &["--enable-cleartext-plugin", "--get-server-public-key=0"],
        &["--default-character-set=utf8mb4"],
        &["--default-character-set=auto"],
        &["--compression-algorithms=uncompressed,zstd"],
        &["--max-allowed-packet=16M"],
        &["--no-defaults"],
        &["-A", "-c", "--skip-comments", "--no_auto_rehash", "--skip-reconnect", "--no-beep"],
    ] {
        run(&[&verified[..], options].concat()).end().succeeded();
    }
    // That they arrive shows where they cannot be.
    for (options, code, start) in [
        (&["--bind-address=::1"][..], "connect.unreachable", ""),
        (&["--connect-timeout=0"], "config.value", "--connect-timeout: zero"),
        (&["--tls_version=TLSv1.1"], "config.value", "--tls-version: "),
        (&["--ssl-cipher=x"], "config.value", "--ssl-cipher: "),
        (&["--ssl-crl=/nonexistent"], "config.file-missing", "--ssl-crl: there is no file"),
        (&["--server-public-key-path=/nonexistent"], "config.file-missing", "--server-public-key"),
        (&["--default-character-set=a b"], "config.value", "--default-character-set: "),
        (&["--max-allowed-packet=1"], "config.value", "--max-allowed-packet: "),
    ] {
        let sentence = run(&[&verified[..], options].concat()).end().failed(code);
        assert!(sentence.starts_with(start), "{options:?}: {sentence}");
    }
    // An option of the DSN keeps its own name.
    let sentence = run(&["status", "mysql://h?tls-version=x"]).end().failed("config.value");
    assert!(sentence.starts_with("tls-version: "), "{sentence}");
}

#[test]
fn what_would_be_missed_is_refused_with_what_to_write_instead() {
    for (option, sentence) in [
        ("--login-path=x", "--login-path is not supported, since the file of mysql_config_editor"),
        ("--login_path", "--login-path is not supported"),
        ("--ssl", "--ssl is an option of MariaDB's client and of older ones: write"),
        (
            "--ssl=0",
            "--ssl is an option of MariaDB's client and of older ones: write --ssl-mode=DISABLED",
        ),
        (
            "--skip-ssl",
            "--skip-ssl is an option of MariaDB's client and of older ones: write --ssl-mode=DISABLED",
        ),
        (
            "--ssl-verify-server-cert=OFF",
            "--ssl-verify-server-cert is an option of MariaDB's client: write --ssl-mode=REQUIRED",
        ),
        (
            "--skip_ssl_verify_server_cert",
            "--skip-ssl-verify-server-cert is an option of MariaDB's client: write --ssl-mode=REQUIRED",
        ),
        ("--tls-fp=aa", "--tls-fp is an option of MariaDB's client: write tls-peer-fingerprint="),
        ("--ssl-passphrase=hunter2-Zk9", "--ssl-passphrase is an option of MariaDB's client"),
        ("--ssl-fips-mode=ON", "--ssl-fips-mode has no counterpart: leave it out"),
        ("--ssl-session-data=f", "--ssl-session-data has no counterpart"),
        ("--zstd-compression-level=3", "--zstd-compression-level is not supported"),
        ("--password2=hunter2-Zk9", "--password2 is not supported"),
        ("--dns-srv-name=x", "--dns-srv-name is not supported"),
        ("--execute=SELECT 1", "--execute is not an option here"),
        ("--protocol=MEMORY", "invalid value 'MEMORY' for '--protocol <PROTOCOL>'"),
        ("--protocol=SOCKET", "--protocol=SOCKET needs the path of the server's Unix socket"),
        (
            "--compression-algorithms=zstd",
            "invalid value 'zstd' for '--compression-algorithms <LIST>': zstd is not",
        ),
        (
            "--max-allowed-packet=lots",
            "invalid value 'lots' for '--max-allowed-packet <BYTES>': write a number",
        ),
        ("--bind-address=eth0", "invalid value 'eth0' for '--bind-address <ADDRESS>'"),
        ("--defaults-group-suffix=x", "--defaults-group-suffix has no option file to be for"),
    ] {
        run(&["status", "-h", "db.test", option]).end().misused(sentence);
    }
    let socket = ["status", "mysql:///?socket=/s", "--protocol=TCP"];
    run(&socket).end().misused("--protocol=TCP and a Unix socket exclude each other");
    let port = ["status", "mysql://a,b:4001/", "-P4000"];
    run(&port).end().misused("--port is one host's, and several are named");
    let both = ["status", "--defaults-file=a", "--no-defaults"];
    run(&both)
        .end()
        .misused("the argument '--defaults-file <FILE>' cannot be used with '--no-defaults'");
    // After `--` they are another program's.
    let exec =
        ["exec", "mysql://127.0.0.1:1/?ssl-mode=REQUIRED", "--", "/bin/echo", "--login-path", "-e"];
    assert_eq!(run(&exec).end().succeeded(), "--login-path -e\n");
}

#[test]
fn a_complaint_has_the_usage_of_its_subcommand_and_no_advice_that_misleads() {
    let usage = "Usage: mysql-tls status [OPTIONS] [DSN]\n";
    for (arguments, tip) in [
        (&["status"][..], None),
        (&["status", "-h", "db", "--login-path"], None),
        (&["status", "mysql://h", "--foo"], None),
        (&["status", "mysql://h", "--jsno"], Some("a similar argument exists: '--json'")),
        (
            &["status", "mysql://h", "--tls-pin=x"],
            Some("`tls-pin` is a key of the DSN: write it there"),
        ),
    ] {
        let outcome = run(arguments).end();
        assert_eq!(outcome.code, Some(2));
        assert!(outcome.stderr.contains(usage), "{}", outcome.stderr);
        let tips: Vec<&str> =
            outcome.stderr.lines().filter_map(|line| line.strip_prefix("  tip: ")).collect();
        assert_eq!(tips.len(), usize::from(tip.is_some()), "{}", outcome.stderr);
        assert!(tip.is_none_or(|tip| tips[0].starts_with(tip)), "{}", outcome.stderr);
    }
    for arguments in
        [&["status", "-h"][..], &["status", "-h", "--json"], &["exec", "-h", "--", "x"]]
    {
        let outcome = run(arguments).end();
        assert_eq!(outcome.code, Some(2));
        let tip = "  tip: -h is the host, as in the mysql client; the help is --help\n";
        assert!(outcome.stderr.contains(tip), "{}", outcome.stderr);
    }
}

#[test]
fn keys_of_other_programs_are_ignored_by_name() {
    let fixture = Fixture::open();
    let dsn = fixture.dsn("app") + "&reconnect=true&app_thing=1";
    run(&["status", &dsn, "--ignore-key", "re-connect", "--ignore-key=app-thing"])
        .end()
        .succeeded();
    let variables = [("MYSQL_TLS_DSN", dsn.as_str())];
    let both = ["status", "--ignore-key=reconnect", "--ignore-key=app_thing"];
    run(&both).variables(&variables).end().succeeded();
    let sentence = run(&["status", "mysql://h?reconnect=true"]).end().failed("dsn.foreign-key");
    assert!(sentence.ends_with("remove it, or ignore it by name with --ignore-key"), "{sentence}");
    // What is about TLS is never passed over.
    let tls = ["status", "mysql://h?useSSL=true", "--ignore-key=useSSL"];
    run(&tls).end().failed("dsn.foreign-tls-key");
}
