//! One connection from the login to its end.

use std::sync::Arc;

use rustls::ClientConnection;
use socket2::Socket;

use super::job::Job;
use super::login::{Ended, log_in};
use super::pump::pump;
use crate::connect::link::Link;
use crate::handover::CloseReason;

/// A driver that is logged in.
pub(crate) struct LoggedIn {
    driver: Link,
    server: Link,
}

impl LoggedIn {
    /// Brings a driver from the greeting to the final OK; `None` if that failed, which the driver and
    /// the handover have been told.
    pub(crate) fn bring(
        driver: impl Into<Arc<Socket>>,
        server: Socket,
        prepared: Option<ClientConnection>,
        job: &Job,
    ) -> Option<Self> {
        let (mut driver, mut server) = (Link::plain(driver), Link::plain(server));
        let logged_in = log_in(&mut driver, &mut server, prepared, job);
        driver.wipe();
        server.wipe();
        match logged_in {
            Ok(()) => return Some(LoggedIn { driver, server }),
            // Told before the driver's socket closes, so that the reason is there when the driver
            // fails.
            Err(Ended::Failed(error)) => job.handover.ended(CloseReason::Failed(error)),
            Err(Ended::DriverGone) => job.handover.ended(CloseReason::Local),
        }
        None
    }

    /// Carries the connection until it ends.
    pub(crate) fn carry(mut self, job: &Job) {
        pump(&mut self.driver, &mut self.server, job);
    }
}
