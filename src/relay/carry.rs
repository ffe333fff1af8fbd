//! One connection from the login to its end.

use std::sync::Arc;
#[cfg(feature = "mysql")]
use std::time::{Duration, Instant};

use rustls::ClientConnection;
use socket2::Socket;

#[cfg(feature = "mysql")]
use super::event_loop::EventLoops;
use super::job::Job;
use super::login::{Ended, log_in};
use super::pump::Pump;
use crate::connect::link::Link;
use crate::handover::CloseReason;

/// How long a connection has its thread: those that are closed soon never leave it.
#[cfg(feature = "mysql")]
const SETTLED: Duration = Duration::from_millis(50);

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

    /// The same, and gives the connection to an event loop once it has been open for a while; `true`
    /// if it did.
    #[cfg(feature = "mysql")]
    pub(super) fn carry_or_move(self, job: Job, loops: &EventLoops) -> bool {
        let mut pump = Box::new(Pump::new(self.driver, self.server, job));
        // Whoever looks for bytes without sleeping keeps a thread busy.
        let mut stays = !pump.job().busy_poll.is_zero();
        let end = loop {
            let at = (!stays).then(|| Instant::now() + SETTLED);
            if let Some(end) = pump.run_until(at) {
                break end;
            }
            if pump.is_established() {
                pump = match loops.adopt(pump) {
                    Ok(()) => return true,
                    Err(pump) => pump,
                };
                stays = true;
            }
        };
        pump.finish(end);
        false
    }

    /// Carries the connection until it ends.
    pub(crate) fn carry(self, job: Job) {
        let mut pump = Pump::new(self.driver, self.server, job);
        let end = pump.run();
        pump.finish(end);
    }
}
