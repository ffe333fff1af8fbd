//! The command, from its start to its end.

use std::io::ErrorKind;
use std::process::{Child, Command, ExitCode};

use mysql_tls::IoErrorKind;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpgrp, kill_process, wait};
use rustix::termios::tcgetpgrp;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::{codes, output};

/// As shells and `env` have it.
const CANNOT_RUN: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Runs the command, passes signals on, and returns its status. `signals` has SIGCHLD too.
pub(super) fn run(command: &mut Command, signals: &mut Signals) -> ExitCode {
    let child = match command.spawn() {
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
        match ended(&child) {
            Ok(Some(status)) => return code(status),
            Ok(None) => {}
            Err(error) => {
                output::complain(
                    IoErrorKind::Local,
                    format_args!("the command's end could not be waited for: {error}"),
                );
                break;
            }
        }
    }
    ExitCode::FAILURE
}

/// The command's status, if it has ended. In a container this may be process 1, which inherits the
/// children that others leave behind, and has to wait for them too.
fn ended(child: &Child) -> rustix::io::Result<Option<WaitStatus>> {
    let mut status = None;
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, ended))) if pid == Pid::from_child(child) => status = Some(ended),
            Ok(Some(_)) => {}
            // There are no others, or none that has ended.
            Err(Errno::CHILD) | Ok(None) => return Ok(status),
            Err(error) => return Err(error),
        }
    }
}

/// The exit status that says "killed by this signal".
pub(super) fn killed_by(signal: i32) -> ExitCode {
    ExitCode::from(u8::try_from(signal.saturating_add(128)).unwrap_or(u8::MAX))
}

fn code(status: WaitStatus) -> ExitCode {
    match (status.exit_status(), status.terminating_signal()) {
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
        output::complain(
            codes::NOT_FOUND,
            format_args!("{program} was not found; check its name, and PATH"),
        );
        return ExitCode::from(NOT_FOUND);
    }
    output::complain(
        codes::CANNOT_RUN,
        format_args!(
            "{program} could not be started ({error}); check that it is a program that this user \
             may run"
        ),
    );
    ExitCode::from(CANNOT_RUN)
}
