//! The one deadline of a connect, and waiting for sockets until it.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::Socket;

use crate::error::{Error, IoErrorKind, Result, Step};

/// When a connect has to be done, and how to say that it was not.
#[derive(Clone, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    limit: Duration,
    /// Whether the limit is a share of a longer one.
    shared: bool,
    server: Arc<str>,
    /// Nobody waits for the connect any more once this one is closed.
    driver: Option<Arc<Socket>>,
}

/// What is told even where nothing is to be read or written: that the peer closed.
#[cfg(target_os = "linux")]
pub(crate) const HANG_UP: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
pub(crate) const HANG_UP: PollFlags = PollFlags::empty();

impl Deadline {
    pub(crate) fn start(limit: Duration, server: Arc<str>) -> Self {
        let now = Instant::now();
        // What no clock can hold is as good as a year.
        let at = now.checked_add(limit).unwrap_or(now + Duration::from_secs(365 * 24 * 3600));
        Deadline { at, limit, shared: false, server, driver: None }
    }

    /// The same for another server.
    pub(crate) fn for_server(&self, server: &Arc<str>) -> Self {
        Deadline { server: Arc::clone(server), ..self.clone() }
    }

    /// The share of one of so many attempts that are to come, so that each has the same time.
    pub(crate) fn share(&self, attempts: usize) -> Self {
        let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
        if attempts <= 1 {
            return self.clone();
        }
        let now = Instant::now();
        let share = self.at.saturating_duration_since(now) / attempts;
        // As errors tell it.
        let limit = Duration::from_millis(u64::try_from(share.as_millis()).unwrap_or(u64::MAX));
        Deadline { at: now + share, limit, shared: true, ..self.clone() }
    }

    /// Whether the time is over.
    pub(crate) fn is_over(&self) -> bool {
        self.at <= Instant::now()
    }

    /// The same, and over as soon as the driver's socket is closed, by either side.
    pub(crate) fn while_open(self, driver: Arc<Socket>) -> Self {
        Deadline { driver: Some(driver), ..self }
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
        Error::timeout(step, &self.server, self.limit, self.shared)
    }

    /// Waits until a socket is ready for `interest`, or failed.
    pub(crate) fn wait(&self, socket: impl AsFd, interest: PollFlags, step: Step) -> Result<()> {
        match self.wait_at_most(socket, interest, self.at) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.missed(step)),
            Err(error) if is_driver_gone(&error) => Err(driver_gone()),
            Err(error) => Err(Error::io(IoErrorKind::Local, "waiting for a socket failed", error)),
        }
    }

    /// The error that the driver is gone, for what waits for no socket.
    pub(crate) fn check_driver(&self) -> Result<()> {
        let Some(driver) = &self.driver else { return Ok(()) };
        let mut sockets = [PollFd::new(&**driver, HANG_UP)];
        match poll(&mut sockets, Some(&Timespec::default())) {
            Ok(1..) => Err(driver_gone()),
            _ => Ok(()),
        }
    }

    /// As [`wait_until`], and an error that [`is_driver_gone`] knows once the driver is gone.
    pub(crate) fn wait_at_most(
        &self,
        socket: impl AsFd,
        interest: PollFlags,
        until: Instant,
    ) -> io::Result<bool> {
        let socket = PollFd::from_borrowed_fd(socket.as_fd(), interest);
        let Some(driver) = &self.driver else {
            return wait_until(&mut [socket], Some(until));
        };
        let mut sockets = [socket, PollFd::new(&**driver, HANG_UP)];
        let ready = wait_until(&mut sockets, Some(until))?;
        let [socket, _] = sockets.map(|socket| socket.revents());
        if ready && socket.is_empty() { Err(io::Error::other(DriverGone)) } else { Ok(ready) }
    }
}

/// How a wait ends that is for a driver that is gone.
#[derive(Debug, thiserror::Error)]
#[error("the driver went away")]
struct DriverGone;

/// Whether a wait ended since there is no driver any more that it would be for.
pub(crate) fn is_driver_gone(error: &io::Error) -> bool {
    error.get_ref().and_then(|error| error.downcast_ref::<DriverGone>()).is_some()
}

/// The same of an error of ours.
pub(crate) fn tells_driver_gone(error: &Error) -> bool {
    let cause = std::error::Error::source(error);
    cause.and_then(|cause| cause.downcast_ref::<io::Error>()).is_some_and(is_driver_gone)
}

pub(crate) fn driver_gone() -> Error {
    let cause = io::Error::other(DriverGone);
    Error::io(IoErrorKind::Closed, "the driver went away meanwhile", cause)
}

/// As [`wait_until`], but without sleeping for the first while: to be woken takes longer than most
/// answers do on one machine.
pub(crate) fn wait_busily(
    sockets: &mut [PollFd<'_>],
    at: Option<Instant>,
    busy: Duration,
) -> io::Result<bool> {
    if !busy.is_zero() {
        let until = Instant::now() + busy;
        loop {
            match poll(sockets, Some(&Timespec::default())) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
            if Instant::now() >= until {
                break;
            }
            // Whoever is to send the bytes may want this core.
            std::thread::yield_now();
        }
    }
    wait_until(sockets, at)
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
