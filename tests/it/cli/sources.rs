//! Where the DSN and the password come from.

use super::*;

const DSN_IN_ARGUMENTS: &str = "the DSN in the arguments holds a password or another secret, and every user of this machine \
     can see arguments with `ps`; use --dsn-file, MYSQL_TLS_DSN, --password-file or -p";
pub(super) const PASSWORD_IN_ARGUMENTS: &str = "the password in the arguments is visible to every user of this machine with `ps`; use \
     --password-file, MYSQL_PWD or -p without a value";

type Variables<'a> = &'a [(&'a str, &'a str)];

#[test]
fn each_source_of_the_dsn_in_its_order() {
    let fixture = Fixture::open();
    let dsn = |user: &str| fixture.dsn(user);
    let file = fixture.file("dsn", &(fixture.dsn("file") + "\n"));
    let (argument, own, general) = (dsn("argument"), dsn("own"), dsn("general"));
    let both: Variables<'_> = &[("MYSQL_TLS_DSN", &own), ("DATABASE_URL", &general)];
    let port = fixture.server.port().to_string();
    let ca = fixture.ca_file();
    let client = ["--host=localhost", "-P", &port, "-u", "client", "--ssl-ca", &ca];
    let cases: &[(&[&str], Variables<'_>, &str)] = &[
        (&[&argument], both, "argument"),
        (&["--dsn-file", &file], both, "file"),
        (&client, both, "client"),
        (&[], both, "own"),
        (&[], &both[1..], "general"),
        (&[], &[("MYSQL_TLS_DSN", ""), both[1]], "general"),
    ];
    for (arguments, variables, user) in cases {
        let arguments = [&["status"], *arguments].concat();
        run(&arguments).variables(variables).end().succeeded();
        assert_eq!(fixture.last_user(), *user);
    }
    let piped = run(&["status", "--dsn-file", "-"]).variables(both);
    piped.end_with_input(&dsn("stdin")).succeeded();
    assert_eq!(fixture.last_user(), "stdin");
}

#[test]
fn each_source_of_the_password_in_its_order() {
    let fixture = Fixture::locked();
    let (without, with) = (fixture.dsn("app"), fixture.dsn(&format!("app:{PASSWORD}")));
    let wrong = fixture.dsn("app:wrong");
    let file = fixture.file("password", &format!("{PASSWORD}\n"));
    let in_file = format!("{without}&password-file={file}");
    let (attached, long) = (format!("-p{PASSWORD}"), format!("--password={PASSWORD}"));
    let cases: &[(&[&str], &str, &str)] = &[
        (&[], &with, ""),
        (&[], &in_file, ""),
        (&["--password-file", &file], &without, ""),
        (&["--password-file", &file], &wrong, ""),
        (&[&attached], &wrong, PASSWORD_IN_ARGUMENTS),
        (&[&long], &without, PASSWORD_IN_ARGUMENTS),
    ];
    for (options, dsn, warning) in cases {
        let arguments = [&["status"], *options].concat();
        // The variable is the last to be asked, so that it being wrong does no harm.
        let outcome =
            run(&arguments).variables(&[("MYSQL_TLS_DSN", dsn), ("MYSQL_PWD", "wrong")]).end();
        match *warning {
            "" => outcome.succeeded(),
            warning => outcome.warned(warning),
        };
    }
    run(&["status", &without]).variables(&[("MYSQL_PWD", PASSWORD)]).end().succeeded();
    run(&["status", &with]).end().warned(DSN_IN_ARGUMENTS);
    // A path is no secret.
    run(&["status", &in_file]).end().succeeded();
    run(&["status", &without]).end().failed("auth.access-denied");
}

/// `script` gives the program a terminal of its own.
#[test]
#[cfg(target_os = "linux")]
fn a_password_is_asked_for_on_the_terminal() {
    let fixture = Fixture::locked();
    let mut command = Command::new("script");
    let program = format!("{} status -p", env!("CARGO_BIN_EXE_mysql-tls"));
    command.args(["-q", "-e", "-E", "never", "-c", &program, "/dev/null"]);
    let path = std::env::var("PATH").unwrap_or_default();
    let outcome = Run::of(command)
        .variables(&[("MYSQL_TLS_DSN", &fixture.dsn("app")), ("PATH", &path)])
        .end_with_input(&format!("{PASSWORD}\n"));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("Password: "), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("the chain, and the name localhost"), "{}", outcome.stdout);
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_terminal_nobody_is_asked() {
    let fixture = Fixture::locked();
    let mut command = Command::new("setsid");
    command.args(["--wait", env!("CARGO_BIN_EXE_mysql-tls"), "status", "-p", &fixture.dsn("app")]);
    let path = std::env::var("PATH").unwrap_or_default();
    let sentence = Run::of(command).variables(&[("PATH", &path)]).end().failed("config.password");
    assert_eq!(
        sentence,
        "-p: there is no terminal to ask for the password on (No such device or address (os error \
         6)); use --password-file or MYSQL_PWD"
    );
    assert_eq!(fixture.server.connections(), 0);
}

#[test]
fn a_command_line_of_the_mysql_client_works() {
    let fixture = Fixture::locked();
    let (port, ca) = (fixture.server.port().to_string(), fixture.ca_file());
    let password = format!("-p{PASSWORD}");
    let arguments = [
        "status",
        "--comments",
        "-u",
        "app",
        "-h",
        "localhost",
        "-P",
        &port,
        "-D",
        "test",
        "--ssl-mode=VERIFY_IDENTITY",
        "--ssl-ca",
        &ca,
        &password,
    ];
    let output = run(&arguments).end().warned(PASSWORD_IN_ARGUMENTS);
    assert!(output.contains("the chain, and the name localhost"), "{output}");
    let record = fixture.server.wait_record(0, Duration::from_secs(5));
    assert_eq!(record.response.unwrap().database.as_deref(), Some("test"));
}

#[test]
fn a_source_that_cannot_be_read() {
    let fixture = Fixture::open();
    let nonsense = fixture.file("nonsense", &format!("x{PASSWORD}"));
    let large = fixture.file("large", &"x".repeat(1024 * 1024 + 1));
    let dir = fixture.dir.path().display().to_string();
    let empty = fixture.file("empty", "\n");
    for (path, code, start) in [
        ("/nonexistent/dsn", "config.file-missing", "--dsn-file: /nonexistent/dsn does not exist"),
        (&dir, "config.file-kind", "--dsn-file: "),
        (&empty, "config.file-kind", "--dsn-file: "),
        (&large, "config.file-kind", "--dsn-file: "),
        (&nonsense, "dsn.form", "--dsn-file: this is not a connection string"),
    ] {
        let sentence = run(&["status", "--dsn-file", path]).end().failed(code);
        assert!(sentence.starts_with(start), "{sentence}");
    }
    for name in ["MYSQL_TLS_DSN", "DATABASE_URL"] {
        let run = run(&["status"]).variables(&[(name, "postgres://app@db")]);
        let sentence = run.end().failed("dsn.scheme");
        assert!(sentence.starts_with(&format!("{name}: ")), "{sentence}");
    }
    let dsn = fixture.dsn("app");
    let run = run(&["status", "--password-file", &dir, &dsn]);
    let sentence = run.end().failed("config.file-kind");
    assert_eq!(
        sentence,
        format!("password-file: {dir} is not a regular file; give a text file with the password")
    );
    assert_eq!(fixture.server.connections(), 0);
}
