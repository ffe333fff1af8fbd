//! `--wait`: until the server accepts a connection.

use std::thread;
use std::time::{Duration, Instant};

use mysql_tls::{Connector, Error, IoErrorKind, ServerErrorKind};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::failure::Failure;

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

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
    loop {
        let error = match connector.connect() {
            Ok(_) => return Ok(None),
            Err(error) => error,
        };
        if matches!(error, Error::Auth(_)) && connector.user().is_none() {
            // Without a user there is nothing to log in with; up to there all is well.
            return Ok(None);
        }
        if !may_pass(&error) || start.elapsed() >= patience {
            return Err(error.into());
        }
        let next = Instant::now() + PAUSE;
        while Instant::now() < next {
            if let Some(signal) =
                signals.pending().find(|signal| [SIGTERM, SIGINT].contains(signal))
            {
                return Ok(Some(signal));
            }
            thread::sleep(LOOK);
        }
    }
}

/// Whether a server that is starting answers like this.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::Connect(_) | Error::Timeout(_) => true,
        Error::Io(error) => matches!(error.kind(), IoErrorKind::Closed | IoErrorKind::Broken),
        Error::Server(error) => matches!(
            error.kind(),
            ServerErrorKind::TooManyConnections
                | ServerErrorKind::ShuttingDown
                | ServerErrorKind::Refused
        ),
        _ => false,
    }
}
