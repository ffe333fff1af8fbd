//! The command, from its start to its end.

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, ExitStatus};

use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::output;

/// As shells and `env` have it.
const CANNOT_RUN: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Runs the command, passes signals on, and returns its status. `signals` has SIGCHLD too.
pub(super) fn run(command: &mut Command, signals: &mut Signals) -> ExitCode {
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return not_started(command, &error),
    };
    // The child is waited for in this loop alone: its number cannot become another process' before
    // a signal is sent to it.
    for signal in signals.forever() {
        match signal {
            SIGTERM => send(&child, Signal::TERM),
            SIGHUP => send(&child, Signal::HUP),
            // A terminal has sent it to the child already; twice is often "without cleaning up".
            SIGINT if !in_foreground() => send(&child, Signal::INT),
            SIGQUIT if !in_foreground() => send(&child, Signal::QUIT),
            _ => {}
        }
        match child.try_wait() {
            Ok(Some(status)) => return code(status),
            Ok(None) => {}
            Err(error) => {
                output::tell(format_args!(
                    "error[io.local]: the command's end could not be waited for: {error}"
                ));
                break;
            }
        }
    }
    ExitCode::FAILURE
}

/// The exit status that says "killed by this signal".
pub(super) fn killed_by(signal: i32) -> ExitCode {
    ExitCode::from(u8::try_from(signal.saturating_add(128)).unwrap_or(u8::MAX))
}

fn code(status: ExitStatus) -> ExitCode {
    match (status.code(), status.signal()) {
        (Some(code), _) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, Some(signal)) => killed_by(signal),
        (None, None) => ExitCode::FAILURE,
    }
}

fn send(child: &Child, signal: Signal) {
    // It fails only for a child that has ended, which is noticed next.
    let _ = kill_process(Pid::from_child(child), signal);
}

/// Whether what a terminal's keys send goes to this process, and so to the child, which is in the
/// same group.
fn in_foreground() -> bool {
    let terminal = std::fs::File::open("/dev/tty");
    terminal.is_ok_and(|terminal| tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp()))
}

fn not_started(command: &Command, error: &std::io::Error) -> ExitCode {
    let program = output::escaped(&command.get_program().to_string_lossy());
    if error.kind() == ErrorKind::NotFound {
        output::tell(format_args!(
            "error[exec.not-found]: {program} was not found; check its name, and PATH"
        ));
        return ExitCode::from(NOT_FOUND);
    }
    output::tell(format_args!(
        "error[exec.cannot-run]: {program} could not be started ({error}); check that it is a \
         program that this user may run"
    ));
    ExitCode::from(CANNOT_RUN)
}
