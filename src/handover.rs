//! What a relay tells the thread that connects, and later the connection's owner.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::session::Session;

/// Why a connection ended: the first cause, not what followed from it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CloseReason {
    /// Our side closed it.
    Local,
    /// The server closed it, in order.
    Server,
    /// The server's side ended without close_notify: it crashed, or somebody cut the connection,
    /// and data may be missing.
    Truncated,
    /// Its [`Endpoint`](crate::Endpoint) was dropped or shut down.
    Endpoint,
    /// It broke.
    Failed(Error),
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CloseReason::Local => f.write_str("closed by this side"),
            CloseReason::Server => f.write_str("closed by the server"),
            CloseReason::Truncated => f.write_str(
                "ended without TLS close_notify: the server crashed or the connection was cut",
            ),
            CloseReason::Endpoint => f.write_str("ended with its endpoint"),
            CloseReason::Failed(error) => error.fmt(f),
        }
    }
}

/// Shared between a relay and the connection that runs through it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handover(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    session: Option<Session>,
    close_reason: Option<CloseReason>,
    /// `connect()` has returned: the deadline is over.
    established: bool,
    /// The owner dropped the connection.
    abandoned: bool,
    /// The relay has said what there was to say to the server; what is left, nobody waits for.
    finished: bool,
}

impl Handover {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The login succeeded; told before the driver is.
    pub(crate) fn logged_in(&self, session: Session) {
        self.state().session = Some(session);
    }

    /// The first cause of the end; later ones are dropped.
    pub(crate) fn ended(&self, reason: CloseReason) {
        let mut state = self.state();
        state.close_reason.get_or_insert(reason);
        self.0.changed.notify_all();
    }

    /// Ends a connect that took too long; `false` if it was done in time.
    pub(crate) fn expire(&self, reason: CloseReason) -> bool {
        let mut state = self.state();
        if state.established {
            return false;
        }
        state.close_reason.get_or_insert(reason);
        self.0.changed.notify_all();
        true
    }

    /// Tells the relay that the connection was dropped.
    pub(crate) fn abandon(&self) {
        self.state().abandoned = true;
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.state().abandoned
    }

    pub(crate) fn finished(&self) {
        self.state().finished = true;
        self.0.changed.notify_all();
    }

    /// Ends the deadline, unless the connection is over already.
    pub(crate) fn establish(&self) -> Result<(), CloseReason> {
        let mut state = self.state();
        match &state.close_reason {
            Some(reason) => Err(reason.clone()),
            None => {
                state.established = true;
                Ok(())
            }
        }
    }

    /// Whether `connect()` has returned.
    pub(crate) fn is_established(&self) -> bool {
        self.state().established
    }

    /// Whether the login succeeded and nothing has ended the connection since.
    pub(crate) fn is_logged_in(&self) -> bool {
        let state = self.state();
        state.session.is_some() && state.close_reason.is_none()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.state().close_reason.is_some()
    }

    pub(crate) fn session(&self) -> Option<Session> {
        self.state().session.clone()
    }

    pub(crate) fn close_reason(&self) -> Option<CloseReason> {
        self.state().close_reason.clone()
    }

    /// Waits for the first cause of an end.
    pub(crate) fn wait_for_reason(&self, limit: Duration) -> Option<CloseReason> {
        self.wait(limit, |state| state.close_reason.is_some());
        self.close_reason()
    }

    /// Waits until the relay is done with the connection.
    pub(crate) fn wait_until_finished(&self, limit: Duration) {
        self.wait(limit, |state| state.finished);
    }

    fn wait(&self, limit: Duration, done: impl Fn(&State) -> bool) {
        let until = Instant::now() + limit;
        let mut state = self.state();
        while !done(&state) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state =
                self.0.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
