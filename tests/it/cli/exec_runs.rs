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
fn term_and_int_are_passed_on() {
    let fixture = Fixture::open();
    let script = "trap 'exit 21' TERM; trap 'exit 22' INT; echo up; while :; do sleep 0.05; done";
    for (signal, code) in [(Signal::TERM, 21), (Signal::INT, 22)] {
        let mut run = exec(&fixture, &[], script, &[]);
        let path = std::env::var("PATH").unwrap_or_default();
        run.0.env("PATH", path);
        // A terminal gives INT to all of its foreground group, so it is passed on elsewhere only.
        run.0.process_group(0);
        let mut running = run.start();
        assert_eq!(running.line(), "up");
        assert_eq!(running.end_by(signal).code, Some(code));
    }
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
    assert_eq!(running.end().succeeded(), "started\n");
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
    waiting(nobody.number(), "app@", "1s").end().failed("connect.unreachable");
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_signal_ends_the_waiting() {
    let server = ScriptedServer::start(ServerScript::new().start(Start::Close));
    let running = waiting(server.port(), "app@", "60s").start();
    server.wait_until(0, PATIENCE, |_| true);
    let outcome = running.end_by(Signal::TERM);
    let found = (outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str());
    assert_eq!(found, (Some(143), "", ""));
}
