//! `mysql-tls exec`: how the command starts and ends.

use std::os::unix::process::CommandExt;
use std::thread;
use std::time::Instant;

use super::exec::exec;
use super::*;
use crate::kit::PATIENCE;

#[test]
fn it_ends_with_the_commands_status() {
    let fixture = Fixture::open();
    for (script, code) in [
        ("exit 0", 0),
        ("exit 7", 7),
        ("exit 255", 255),
        ("kill -TERM $$", 143),
        ("kill -KILL $$", 137),
    ] {
        let outcome = exec(&fixture, &[], script, &[]).end();
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(code), ""), "{script}");
    }
}

#[test]
fn a_command_that_cannot_be_started() {
    let fixture = Fixture::open();
    let file = fixture.file("no-program", "");
    for (program, code, sentence) in [
        (
            "/nonexistent/tool",
            127,
            "error[exec.not-found]: /nonexistent/tool was not found; check its name, and PATH\n"
                .to_owned(),
        ),
        (
            &file,
            126,
            format!(
                "error[exec.cannot-run]: {file} could not be started (Permission denied (os error \
                 13)); check that it is a program that this user may run\n"
            ),
        ),
    ] {
        let outcome = run(&["exec", &fixture.bare_dsn(), "--", program]).end();
        assert_eq!((outcome.code, outcome.stderr), (Some(code), sentence));
    }
}

#[test]
fn streams_are_the_commands() {
    let fixture = Fixture::open();
    let outcome = exec(&fixture, &[], "cat; echo problem >&2", &[]).end_with_input("input");
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("input", "problem\n"));
}

#[test]
fn signals_that_ask_for_the_end_are_passed_on() {
    let fixture = Fixture::open();
    let script = "for s in TERM INT HUP QUIT; do trap \"echo $s; exit 21\" $s; done; echo up; \
                  while :; do sleep 0.05; done";
    for (signal, name) in [
        (Signal::TERM, "TERM\n"),
        (Signal::INT, "INT\n"),
        (Signal::HUP, "HUP\n"),
        (Signal::QUIT, "QUIT\n"),
    ] {
        let mut run = exec(&fixture, &[], script, &[]);
        let path = std::env::var("PATH").unwrap_or_default();
        run.0.env("PATH", path);
        // A terminal gives INT to all of its foreground group, so it is passed on elsewhere only.
        run.0.process_group(0);
        let mut running = run.start();
        assert_eq!(running.line(), "up");
        let outcome = running.end_by(signal);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(21), name));
    }
}

/// As `nohup` does it: what is to go on without a terminal does.
#[test]
fn a_signal_that_was_ignored_before_stays_so() {
    let fixture = Fixture::open();
    let mut command = std::process::Command::new("/bin/sh");
    let script = "trap '' HUP; exec \"$0\" \"$@\"";
    command.args(["-c", script, env!("CARGO_BIN_EXE_mysql-tls"), "exec", &fixture.bare_dsn()]);
    command.args(["--", "/bin/sh", "-c", "echo up; read line; echo $line"]);
    let mut run = Run::of(command);
    run.0.stdin(std::process::Stdio::piped());
    let mut running = run.start();
    assert_eq!(running.line(), "up");
    running.send(Signal::HUP);
    running.child.stdin.take().unwrap().write_all(b"still here\n").unwrap();
    let outcome = running.end();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), "still here\n"));
}

#[test]
fn a_command_that_dies_of_term() {
    let fixture = Fixture::open();
    let mut running = exec(&fixture, &[], "echo up; exec sleep 30", &[]);
    running.0.env("PATH", std::env::var("PATH").unwrap_or_default());
    let mut running = running.start();
    assert_eq!(running.line(), "up");
    let outcome = running.end_by(Signal::TERM);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(143), ""));
}

/// `exec --wait` of a server on this port.
fn waiting(port: u16, user: &str, patience: &str) -> Run {
    let dsn = format!("mysql://{user}127.0.0.1:{port}/?ssl-mode=REQUIRED");
    run(&["exec", "--wait", patience, "--", "/bin/echo", "started"])
        .variables(&[("MYSQL_TLS_DSN", &dsn), ("MYSQL_PWD", PASSWORD)])
}

fn script(auth: AuthStep) -> ServerScript {
    let leaf = Authority::new("CA").server("localhost").issue();
    ServerScript::new().tls(ServerTls::new(&leaf)).auth([auth])
}

#[test]
fn it_waits_for_a_server_that_starts() {
    let port = RefusingPort::new();
    let running = waiting(port.number(), "app@", "60s").start();
    thread::sleep(Duration::from_millis(800));
    let good = script(AuthStep::check("app", PASSWORD));
    let starting = good.clone().start(Start::Err {
        code: 1053,
        state: None,
        message: "Server shutdown in progress".into(),
    });
    let scripts = [good.clone().start(Start::Close), starting, good];
    let server = ScriptedServer::start_at(port, scripts);
    assert_eq!(running.end().after_waiting("60s").succeeded(), "started\n");
    assert_eq!(server.connections(), 3);
    assert!(server.wait_record(2, Duration::from_secs(5)).quit);
}

#[test]
fn without_a_user_a_refused_login_will_do() {
    let server = ScriptedServer::start(script(AuthStep::check("app", PASSWORD)));
    assert_eq!(waiting(server.port(), "", "60s").end().succeeded(), "started\n");
    assert_eq!(server.connections(), 1);
}

#[test]
fn what_does_not_pass_by_itself_is_an_error_at_once() {
    let server = ScriptedServer::start(script(AuthStep::denied("app")));
    waiting(server.port(), "app@", "60s").end().failed("auth.access-denied");
    assert_eq!(server.connections(), 1);
    let plain = ScriptedServer::start(ServerScript::new());
    waiting(plain.port(), "app@", "60s").end().failed("tls.not-offered");
    assert_eq!(plain.connections(), 1);
}

#[test]
fn patience_ends() {
    let nobody = RefusingPort::new();
    let start = Instant::now();
    let outcome = waiting(nobody.number(), "app@", "1s").end().after_waiting("1s");
    let sentence = outcome.failed("connect.unreachable");
    assert!(
        sentence.ends_with("; the server has accepted no connection in 1s (--wait)"),
        "{sentence}"
    );
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_signal_ends_the_waiting() {
    // Between two attempts, and in one that would take as long as connect-timeout.
    for (start, attempts) in [(Start::Close, 2), (Start::Silence, 1)] {
        let server = ScriptedServer::start(ServerScript::new().start(start));
        let running = waiting(server.port(), "app@", "60s").start();
        server.wait_until(attempts - 1, PATIENCE, |_| true);
        let told = Instant::now();
        let outcome = running.end_by(Signal::TERM);
        assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
        let outcome = if attempts > 1 { outcome.after_waiting("60s") } else { outcome };
        let found = (outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str());
        assert_eq!(found, (Some(143), "", ""));
    }
}
