//! `--defaults-file` and its kin, and the same by a key of the DSN.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

impl Fixture {
    /// An option file that its owner alone can read.
    fn option_file(&self, name: &str, text: &str) -> String {
        let path = self.file(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// Host, port and CA of this server as lines.
    fn place(&self) -> String {
        format!("host=localhost\nport={}\nssl_ca=\"{}\"\n", self.server.port(), self.ca_file())
    }
}

#[test]
fn an_option_file_stands_in_place_of_a_dsn_or_below_it() {
    let fixture = Fixture::open();
    let text = format!("[client]\n{}user=file\n[client_x]\nuser=suffix\n", fixture.place());
    let file = fixture.option_file("my.cnf", &text);
    let own = fixture.option_file("own.cnf", &format!("!include {file}\n[mysql-tls]\nuser=own\n"));
    let other =
        fixture.option_file("other.cnf", &format!("!include {file}\n[mysql]\nuser=other\n"));
    let defaults = format!("--defaults-file={file}");
    let by_key = format!("mysql:///?option-file={file}&option-groups=client;client_x");
    let port = fixture.server.port().to_string();
    let dsn = fixture.dsn("dsn");
    let cases: &[(&[&str], &str)] = &[
        (&[&defaults], "file"),
        (&["--defaults-extra-file", &file], "file"),
        (&["--defaults_file", &own], "own"),
        (&["--defaults-file", &other], "file"),
        (&[&defaults, "--defaults-group-suffix=_x"], "suffix"),
        (&[&defaults, "-u", "option"], "option"),
        (&[&defaults, "-h", "localhost", "-P", &port], "file"),
        (&[&defaults, &dsn], "dsn"),
        (&[&defaults, &dsn, "-u", "option"], "option"),
        (&[&by_key], "suffix"),
        (&[&by_key, &defaults], "file"),
    ];
    for (arguments, user) in cases {
        let arguments = [&["status"], *arguments].concat();
        // The file was named, so that it comes before what merely lies in the environment.
        let run = run(&arguments).variables(&[("DATABASE_URL", "mysql://nowhere.test/")]);
        let output = run.end().succeeded();
        assert_eq!(fixture.last_user(), *user, "{arguments:?}");
        assert!(output.contains("the chain"), "{output}");
    }
}

#[test]
fn the_password_of_a_file_comes_before_the_variable_and_after_the_options() {
    let fixture = Fixture::locked();
    let with = |password: &str| format!("[client]\n{}user=app\n{password}\n", fixture.place());
    let right = fixture.option_file("right.cnf", &with(&format!("password='{PASSWORD}'")));
    let wrong = fixture.option_file("wrong.cnf", &with("password=wrong"));
    let none = fixture.option_file("none.cnf", &with("password"));
    let secret = fixture.file("secret", PASSWORD);
    let ended = |file: &str, options: &[&str], variable: &str| {
        let arguments = [&["status", "--defaults-file", file], options].concat();
        run(&arguments).variables(&[("MYSQL_PWD", variable)]).end()
    };
    ended(&right, &[], "wrong").succeeded();
    ended(&none, &[], PASSWORD).succeeded();
    ended(&wrong, &["--password-file", &secret], "wrong").succeeded();
    ended(&wrong, &[], PASSWORD).failed("auth.access-denied");

    // A command that never logs in has no use for it.
    let shim = ["shim", "--socket", "/nonexistent/s", "--defaults-file", &right];
    run(&shim)
        .end()
        .misused("this command never logs in: take the password out of the DSN, the option file");

    std::fs::set_permissions(&right, std::fs::Permissions::from_mode(0o640)).unwrap();
    ended(&right, &[], "").warned(&format!(
        "option-file: {right} has a password and other users can read it; run `chmod 600` on it"
    ));
    std::fs::set_permissions(&none, std::fs::Permissions::from_mode(0o644)).unwrap();
    ended(&none, &[], PASSWORD).succeeded();
}

#[test]
fn what_is_wrong_with_a_file_is_told_by_the_option_that_named_it() {
    let fixture = Fixture::open();
    let file = |name: &str, text: &str| fixture.option_file(name, text);
    let bad_mode = file("mode.cnf", "[client]\nssl-mode=STRICT\n");
    let foreign = file("foreign.cnf", "[client]\nhost=h\nssl-verify-server-cert\n");
    let nobody = file("nobody.cnf", "[client]\nuser=app\n");
    let open = file("open.cnf", "[client]\nhost=h\n");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o666)).unwrap();
    for (path, code, fragment) in [
        (bad_mode.as_str(), "config.value", "line 2: `ssl-mode` is one of"),
        (&foreign, "config.option-file", "line 3: `ssl-verify-server-cert` is a TLS option"),
        (&nobody, "config.option-file", "names no host or socket in [client] or [mysql-tls]"),
        (&open, "config.file-writable", "run `chmod o-w` on it"),
        ("/nonexistent/my.cnf", "config.file-missing", "there is no file"),
        ("/tmp", "config.file-kind", "is not a regular file"),
    ] {
        for option in ["--defaults-file", "--defaults-extra-file"] {
            let sentence = run(&["status", option, path]).end().failed(code);
            assert!(
                sentence.starts_with(&format!("{option}: {path}")) || code == "config.file-missing"
            );
            assert!(sentence.contains(fragment), "{sentence}");
        }
    }
    let by_key = run(&["status", "mysql://h?option-file=/nonexistent"]).end();
    assert!(by_key.failed("config.file-missing").starts_with("option-file: "));
}

#[test]
fn tcp_means_tcp() {
    let fixture = Fixture::open();
    let local = "[client]\nuser=app\nhost=localhost\nsocket=/nonexistent/s\n";
    let port = fixture.server.port();
    let file = fixture.option_file("local.cnf", &format!("{local}port={port}\n"));
    let tcp = fixture.option_file("tcp.cnf", &format!("!include {file}\n[client]\nprotocol=tcp\n"));
    run(&["status", "--defaults-file", &file]).end().failed("connect.unreachable");
    run(&["status", "--defaults-file", &file, "--protocol=TCP"])
        .end()
        .misused("--protocol=TCP and a Unix socket exclude each other");
    run(&["status", "--defaults-file", &file, "--protocol=TCP", "-h", "localhost"])
        .end()
        .succeeded();
    run(&["status", "--defaults-file", &tcp]).end().succeeded();
}
