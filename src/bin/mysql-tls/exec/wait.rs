//! `--wait`: until the server accepts a connection.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use mysql_tls::{Connector, Error, IoErrorKind};
use signal_hook::iterator::Signals;

use crate::failure::Failure;
use crate::{output, signals};

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a signal waits for an attempt that is under way.
const LAST_CHANCE: Duration = Duration::from_millis(500);

/// How often it is looked for signals meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// Connects until that succeeds; `Some` is the signal that ended it. What does not pass by itself,
/// such as a wrong certificate or password, is an error at once: repeated logins lock accounts.
pub(super) fn until_it_accepts(
    connector: &Connector,
    patience: Duration,
    signals: &mut Signals,
) -> Result<Option<i32>, Failure> {
    let start = Instant::now();
    let mut told = false;
    loop {
        let error = match attempt(connector, signals)? {
            Attempt::Signal(signal) => return Ok(Some(signal)),
            Attempt::Connected => return Ok(None),
            Attempt::Failed(error) => error,
        };
        if matches!(error, Error::Auth(_)) && connector.user().is_none() {
            // Without a user there is nothing to log in with; up to there all is well.
            return Ok(None);
        }
        if !error.may_pass() {
            return Err(error.into());
        }
        if start.elapsed() >= patience {
            return Err(Failure::error(
                &error,
                format!("{error}; the server has accepted no connection in {patience:?} (--wait)"),
            ));
        }
        if !std::mem::replace(&mut told, true) {
            output::tell(format_args!("waiting for the server, up to {patience:?}: {error}"));
        }
        if let Some(signal) = pause(signals) {
            return Ok(Some(signal));
        }
    }
}

enum Attempt {
    Connected,
    Failed(Error),
    Signal(i32),
}

/// Connects in a thread, so that a signal need not wait for it; the thread ends with the program.
fn attempt(connector: &Connector, signals: &mut Signals) -> Result<Attempt, Failure> {
    let (done, connected) = mpsc::channel();
    let connector = connector.clone();
    let started = thread::Builder::new().spawn(move || done.send(connector.connect().map(drop)));
    started.map_err(|error| {
        Failure::error(IoErrorKind::Local, format!("no thread could be started: {error}"))
    })?;
    loop {
        match connected.recv_timeout(LOOK) {
            Ok(Ok(())) => return Ok(Attempt::Connected),
            Ok(Err(error)) => return Ok(Attempt::Failed(error)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::error(IoErrorKind::Local, "connecting panicked"));
            }
        }
        if let Some(signal) = ending(signals) {
            // Its connector has a directory to take away; one that hangs keeps it.
            let _ = connected.recv_timeout(LAST_CHANCE);
            return Ok(Attempt::Signal(signal));
        }
    }
}

fn pause(signals: &mut Signals) -> Option<i32> {
    let next = Instant::now() + PAUSE;
    while Instant::now() < next {
        if let Some(signal) = ending(signals) {
            return Some(signal);
        }
        thread::sleep(LOOK);
    }
    None
}

fn ending(signals: &mut Signals) -> Option<i32> {
    signals.pending().find(|signal| signals::ends(*signal))
}
