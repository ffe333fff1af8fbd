//! The one deadline of a connect, and waiting for sockets until it.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::error::{Error, IoErrorKind, Result, Step};

/// When a connect has to be done, and how to say that it was not.
#[derive(Clone, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    limit: Duration,
    server: Arc<str>,
}

impl Deadline {
    pub(crate) fn start(limit: Duration, server: Arc<str>) -> Self {
        let now = Instant::now();
        // What no clock can hold is as good as a year.
        let at = now.checked_add(limit).unwrap_or(now + Duration::from_secs(365 * 24 * 3600));
        Deadline { at, limit, server }
    }

    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    /// How errors name the server.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// The time left, or the error that there is none.
    pub(crate) fn remaining(&self, step: Step) -> Result<Duration> {
        match self.at.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(self.missed(step)),
            left => Ok(left),
        }
    }

    pub(crate) fn missed(&self, step: Step) -> Error {
        Error::timeout(step, &self.server, self.limit)
    }

    /// Waits until a socket is ready for `interest`, or failed.
    pub(crate) fn wait(&self, socket: impl AsFd, interest: PollFlags, step: Step) -> Result<()> {
        let mut sockets = [PollFd::from_borrowed_fd(socket.as_fd(), interest)];
        match wait_until(&mut sockets, Some(self.at)) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.missed(step)),
            Err(error) => Err(Error::io(IoErrorKind::Local, "waiting for a socket failed", error)),
        }
    }
}

/// Waits until one of the sockets is ready; `false` once the time is over.
pub(crate) fn wait_until(sockets: &mut [PollFd<'_>], at: Option<Instant>) -> io::Result<bool> {
    loop {
        // Before the sockets: a peer that never stops sending must not outlast the deadline.
        if at.is_some_and(|at| at <= Instant::now()) {
            return Ok(false);
        }
        let left = at.map(|at| at.saturating_duration_since(Instant::now()));
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(sockets, timeout.as_ref()) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
}
