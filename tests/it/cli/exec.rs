//! `mysql-tls exec`: what the command finds, and what it does not.

use std::path::Path;

use super::*;

/// A password that has to be encoded in a URL.
const ODD: &str = "p@ss w\u{e9}/{x}";
const ODD_ENCODED: &str = "p%40ss%20w%C3%A9%2F%7Bx%7D";

/// `exec OPTIONS -- sh -c SCRIPT sh WORDS`, with the DSN in the environment and the private socket
/// under the fixture's directory.
pub(super) fn exec(fixture: &Fixture, options: &[&str], script: &str, words: &[&str]) -> Run {
    let shell = ["--", "/bin/sh", "-c", script, "sh"];
    let dsn = format!("{}&runtime-dir={}", odd_dsn(fixture), fixture.dir.path().display());
    run(&[&["exec"], options, &shell, words].concat()).variables(&[("MYSQL_TLS_DSN", &dsn)])
}

fn odd_dsn(fixture: &Fixture) -> String {
    fixture.dsn(&format!("app:{ODD_ENCODED}")).replacen("/?", "/shop?", 1)
}

/// The socket's path, after checking that it lies in a private directory under the fixture's.
fn private(fixture: &Fixture, socket: &str) {
    let dir = Path::new(socket).parent().unwrap();
    assert_eq!(dir.parent(), Some(fixture.dir.path()), "{socket}");
}

#[test]
fn the_environment_leads_to_the_private_socket() {
    let fixture = Fixture::open();
    let script = "printf '%s\\n' \"$MYSQL_UNIX_PORT\" \"$DATABASE_URL\"; env";
    for (style, before, after) in [
        (&[][..], "mysql://app:{}@localhost/shop?socket=", ""),
        (&["--url-style", "mysql"], "mysql://app:{}@localhost/shop?socket=", ""),
        (&["--url-style", "sqlx"], "mysql://app:{}@localhost/shop?socket=", "&ssl-mode=DISABLED"),
        (&["--url-style", "Diesel"], "mysql://app:{}@localhost/shop?unix_socket=", ""),
        (&["--url-style", "go"], "app:{}@unix(", ")/shop"),
    ] {
        // What the parent has would lead past the endpoint.
        let outer = [
            ("MYSQL_HOST", "db.test"),
            ("MYSQL_TCP_PORT", "3306"),
            ("DATABASE_URL", "mysql://elsewhere/"),
            ("MYSQL_TLS_RUNTIME_DIR", "/tmp"),
            ("KEPT", "kept"),
        ];
        let output = exec(&fixture, style, script, &[]).variables(&outer).end().succeeded();
        let lines: Vec<&str> = output.lines().collect();
        private(&fixture, lines[0]);
        let password = if after.starts_with(')') { ODD } else { ODD_ENCODED };
        let url = format!("{}{}{after}", before.replace("{}", password), lines[0]);
        assert_eq!(lines[1], url);
        for line in &lines[2..] {
            let name = line.split_once('=').unwrap().0;
            assert!(!name.starts_with("MYSQL_TLS_"), "{line}");
            assert!(!["MYSQL_HOST", "MYSQL_TCP_PORT"].contains(&name), "{line}");
        }
        assert!(lines.contains(&"KEPT=kept"), "{output}");
    }
    assert_eq!(fixture.server.connections(), 0);
}

#[test]
fn with_tcp_it_leads_to_a_port_of_this_machine() {
    let fixture = Fixture::open();
    let script = "printf '%s\\n' \"$MYSQL_TCP_PORT\" \"$MYSQL_HOST\" \"$DATABASE_URL\" \
                  \"${MYSQL_UNIX_PORT-none}\" \"$1\"";
    let outer = [("MYSQL_UNIX_PORT", "/run/mysqld.sock")];
    let run = exec(&fixture, &["--tcp"], script, &["{host}:{port}"]).variables(&outer);
    let output = run.end().succeeded();
    let lines: Vec<&str> = output.lines().collect();
    let port = lines[0];
    assert!(port.parse::<u16>().unwrap() > 0);
    let url = format!("mysql://app:{ODD_ENCODED}@127.0.0.1:{port}/shop?prefer_socket=false");
    assert_eq!(lines[1..], ["127.0.0.1", &url, "none", &format!("127.0.0.1:{port}")]);
}

#[test]
fn templates_for_variables_and_arguments() {
    let fixture = Fixture::open();
    let options = [
        "--env",
        "MYSQL_PWD={password}",
        "--env",
        "LOGIN={user}@{database} via {socket}",
        "--env=PLAIN=a=b${c} {{user}} {}",
        "--env=EMPTY=",
        "--env=DATABASE_URL=x {url}",
    ];
    let script = "printf '%s\\n' \"$MYSQL_UNIX_PORT\" \"$MYSQL_PWD\" \"$LOGIN\" \"$PLAIN\" \
                  \"<$EMPTY>\" \"$DATABASE_URL\" \"$@\"";
    let words = ["--socket={socket}", "{user}/{database}", "{{socket}}", "awk {print $1}"];
    let output = exec(&fixture, &options, script, &words).end().succeeded();
    let lines: Vec<&str> = output.lines().collect();
    let socket = lines[0];
    private(&fixture, socket);
    assert_eq!(
        lines[1..],
        [
            ODD,
            &format!("app@shop via {socket}"),
            "a=b${c} {user} {}",
            "<>",
            &format!("x mysql://app:{ODD_ENCODED}@localhost/shop?socket={socket}"),
            &format!("--socket={socket}"),
            "app/shop",
            "{socket}",
            "awk {print $1}",
        ]
    );
}

#[test]
fn templates_that_cannot_be() {
    const UNKNOWN: &str = "it has an unknown placeholder; there are {url}, {socket}, {host}, {port}, \
                           {user}, {password} and {database}, and {{name}} stands for {name} itself";
    const SEEN: &str = "every user of this machine can see arguments, so {url} and {password} are \
                        not replaced there";
    let fixture = Fixture::open();
    let command = ["--", "/bin/sh", "-c", "echo started"];
    let cases: &[(&[&str], &[&str], &str)] = &[
        (&["--env", "A=x{hostname}"], &[], &format!("--env A: {UNKNOWN}")),
        (&["--env", "A={port}"], &[], "--env A: {host} and {port} need --tcp"),
        (&["--tcp", "--env", "A={socket}"], &[], "--env A: there is no {socket} with --tcp"),
        (&["--env", "A={user}"], &[], "--env A: {user} is asked for, and the DSN has no user"),
        (
            &["--env", PASSWORD],
            &[],
            "invalid value '<not shown>' for '--env <NAME=TEMPLATE>': write NAME=TEMPLATE",
        ),
        (&["--env", "=x"], &[], "invalid value '<not shown>' for '--env <NAME=TEMPLATE>'"),
        (&[], &["{print}"], &format!("argument 3 of the command: {UNKNOWN}")),
        (&[], &["a", "{url}"], &format!("argument 4 of the command: {SEEN}")),
        (&[], &["x{password}"], &format!("argument 3 of the command: {SEEN}")),
        (&[], &["{host}"], "argument 3 of the command: {host} and {port} need --tcp"),
        (&[], &["{database}"], "{database} is asked for, and the DSN has no database; add one"),
        (&["--url-style", "jdbc"], &[], "invalid value 'jdbc' for '--url-style <STYLE>'"),
        (&["--allow-local-users"], &[], "the following required arguments were not provided:"),
        (&["--wait", "soon"], &[], "invalid value 'soon' for '--wait <DURATION>'"),
    ];
    for (options, words, sentence) in cases {
        let arguments = [&["exec"], *options, &command[..], *words].concat();
        let run = run(&arguments).variables(&[("MYSQL_TLS_DSN", &fixture.bare_dsn())]);
        run.end().misused(sentence);
    }
    run(&["exec", &fixture.bare_dsn()]).end().misused("the following required arguments were not");
}

#[test]
fn the_command_reaches_the_server_with_tls() {
    let fixture = Fixture::with(|script| script.auth([AuthStep::check("app", ODD)]));
    // The program itself is a client like any other: it reads DATABASE_URL.
    let status = "exec \"$1\" status --json";
    for (number, options) in [&[][..], &["--tcp"]].into_iter().enumerate() {
        let run = exec(&fixture, options, status, &[env!("CARGO_BIN_EXE_mysql-tls")]);
        let outcome = run.end();
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        let json: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(json["tls"], serde_json::Value::Null);
        let record = fixture.server.wait_record(number, Duration::from_secs(5));
        assert_eq!(record.clear_text(), b"");
        assert!(record.tls.is_some());
    }
}

#[test]
fn plaintext_to_the_server_is_refused() {
    let run = run(&["exec", "mysql://localhost/?ssl-mode=PREFERRED", "--", "/bin/echo"]);
    let sentence = run.end().failed("config.endpoint");
    assert!(sentence.contains("ssl-mode=PREFERRED does not promise"), "{sentence}");
}

#[test]
fn a_client_certificate_is_not_for_every_local_user() {
    let fixture = Fixture::open();
    let client = fixture.ca.client("app").issue().write_to(&fixture.dir, "client");
    let (cert, key) = (client.cert.to_str().unwrap(), client.key.to_str().unwrap());
    let identity = ["--tcp", "--ssl-cert", cert, "--ssl-key", key];
    let sentence = exec(&fixture, &identity, "echo", &[]).end().failed("config.endpoint");
    assert!(sentence.contains("open to every user of this machine"), "{sentence}");
    let allowed = [&identity[..], &["--allow-local-users"]].concat();
    exec(&fixture, &allowed, "echo", &[]).end().succeeded();
    exec(&fixture, &identity[1..], "echo", &[]).end().succeeded();
}

/// A shell without close-on-exec stands for whatever leaves its descriptors open; and the DSN may
/// come through one of them.
#[test]
#[cfg(target_os = "linux")]
fn the_command_inherits_three_descriptors() {
    let fixture = Fixture::open();
    let dsn = fixture.file("dsn", &fixture.dsn("app"));
    let mut command = Command::new("/bin/sh");
    let script = "exec 5<\"$2\" 7</dev/null 9>&1; exec \"$1\" exec --dsn-file /dev/fd/5 -- \
                  /bin/sh -c 'cd /proc/self/fd && exec /bin/ls'";
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_mysql-tls"), &dsn]);
    let output = Run::of(command).end().succeeded();
    // The last is the directory that `ls` reads.
    assert_eq!(output, "0\n1\n2\n3\n");
}

#[test]
fn nothing_is_left_when_the_command_has_ended() {
    let fixture = Fixture::open();
    for options in [&[][..], &["--tcp"]] {
        for script in ["exit 0", "exit 3", "kill -KILL $$"] {
            exec(&fixture, options, script, &[]).end();
        }
    }
    let left =
        std::fs::read_dir(fixture.dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["ca.pem"]);
}
