//! After the login: bytes both ways, until one side ends.

use std::net::Shutdown;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::failure::server_failure;
use super::guard::{Guard, Ruling};
use super::job::Job;
use crate::connect::deadline::{HANG_UP, wait_busily, wait_until};
use crate::connect::link::{Failure, Link, Received};
use crate::connect::upgrade::last_words;
use crate::error::{Error, IoErrorKind, Step};
use crate::handover::CloseReason;
use crate::protocol::err;
use crate::protocol::login::unverified;
use crate::protocol::packet::frame;

/// How long the last bytes and the goodbye may take once the driver is gone.
const GOODBYE: Duration = Duration::from_millis(500);

/// How long a driver takes at the most between its goodbye and its closing.
const GOODBYE_GAP: Duration = Duration::from_millis(2);

/// How long a server may take to close after our goodbye.
const FAREWELL: Duration = Duration::from_millis(250);

/// How long a driver may leave an ended connection open before it is closed on it.
const LINGER: Duration = Duration::from_secs(30);

/// How often a relay whose server takes nothing looks whether the connection was dropped.
pub(super) const STALL: Duration = Duration::from_millis(200);

/// A connection that is logged in, until one side ends it.
pub(super) struct Pump {
    driver: Link,
    server: Link,
    job: Job,
    /// Where the driver must not log in anew.
    guard: Option<Guard>,
    /// While the connect is not done.
    deadline: Option<Instant>,
}

/// How a connection ended.
pub(super) enum End {
    Driver,
    /// In order.
    ServerClosed,
    Server(CloseReason),
    /// The deadline, or a fault of ours: neither side is waited for.
    Both(CloseReason),
}

#[cfg(all(feature = "mysql", target_os = "linux"))]
impl End {
    /// The cause, where it is known without looking further.
    pub(super) fn reason(&self) -> Option<CloseReason> {
        match self {
            End::Driver => Some(CloseReason::Local),
            End::ServerClosed => None,
            End::Server(reason) | End::Both(reason) => Some(reason.clone()),
        }
    }
}

/// What to wait for before there is something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wants {
    pub(super) driver: PollFlags,
    /// Nothing at all if empty: a reset would be told again and again.
    pub(super) server: PollFlags,
    /// When to have [`Pump::tick`] look.
    pub(super) until: Option<Instant>,
}

/// The events that say that a side is gone.
const GONE: PollFlags = HANG_UP.union(PollFlags::HUP).union(PollFlags::ERR);

impl Pump {
    pub(super) fn new(driver: Link, server: Link, job: Job) -> Self {
        let deadline = Some(job.deadline.at());
        let guard = job.keeps_password().then(Guard::new);
        Pump { driver, server, job, guard, deadline }
    }

    pub(super) fn job(&self) -> &Job {
        &self.job
    }

    #[cfg(all(feature = "mysql", target_os = "linux"))]
    pub(super) fn sockets(&self) -> [&socket2::Socket; 2] {
        [self.driver.socket(), self.server.socket()]
    }

    /// Whether the connect is done; its deadline is over then.
    pub(super) fn is_established(&mut self) -> bool {
        if self.job.handover.is_established() {
            self.deadline = None;
        }
        self.deadline.is_none()
    }

    /// Copies until one side ends, on this thread.
    pub(super) fn run(&mut self) -> End {
        loop {
            if let Some(end) = self.run_until(None) {
                return end;
            }
        }
    }

    /// The same for a while.
    pub(super) fn run_until(&mut self, at: Option<Instant>) -> Option<End> {
        loop {
            if let Err(end) = self.pass_on() {
                return Some(end);
            }
            let wants = self.wants();
            let mut sockets = [
                PollFd::new(self.driver.socket(), wants.driver),
                PollFd::new(self.server.socket(), wants.server),
            ];
            let asked = if wants.server.is_empty() { 1 } else { 2 };
            let asked = sockets.get_mut(..asked).unwrap_or_default();
            let until = [wants.until, at].into_iter().flatten().min();
            let waited = wait_busily(asked, until, self.job.busy_poll);
            let [from_driver, from_server] = sockets.map(|socket| socket.revents());
            let done = match waited {
                Ok(true) => self.receive(from_driver, from_server),
                Ok(false) => self.tick(),
                Err(error) => Err(End::Both(failed(Failure::Io(error), &self.job))),
            };
            if let Err(end) = done {
                return Some(end);
            }
            if at.is_some_and(|at| at <= Instant::now()) {
                return None;
            }
        }
    }

    /// Passes on what has been received.
    pub(super) fn pass_on(&mut self) -> Result<(), End> {
        match self.say_on() {
            Ok(true) => {}
            Ok(false) => return Err(self.refuse_login()),
            Err(failure) => {
                return Err(End::Server(failed(last_words(&mut self.server, failure), &self.job)));
            }
        }
        if forward(&mut self.server, &mut self.driver).is_err() {
            return Err(End::Driver);
        }
        if self.server.has_ended() && self.server.received().is_empty() {
            return Err(End::ServerClosed);
        }
        self.job.traffic.owes(!self.server.received().is_empty() || self.driver.wants_write());
        self.driver.trim();
        self.server.trim();
        Ok(())
    }

    /// Passes on what the driver said, as far as the server takes it and may have it; `false` if it may
    /// have no more.
    fn say_on(&mut self) -> Result<bool, Failure> {
        let Pump { driver, server, guard, .. } = self;
        let Some(guard) = guard else { return forward(driver, server).map(|()| true) };
        server.flush()?;
        while !driver.received().is_empty() && !server.wants_write() {
            match guard.rule(driver.received()) {
                Ruling::Keep(count) => driver.consume(count),
                Ruling::Release(count, kept) => {
                    driver.consume(count);
                    server.send(&kept)?;
                }
                Ruling::Pass(most) => {
                    let count = server.send_from(driver, most)?;
                    guard.passed(count);
                    if count == 0 {
                        break;
                    }
                }
                Ruling::Refuse => return Ok(false),
            }
            server.flush()?;
        }
        Ok(true)
    }

    /// The driver begins a login that nobody would judge: it is told why there is none, and both sides
    /// hear no more of one another.
    fn refuse_login(&mut self) -> End {
        let error = unverified("the driver changes the user on an open connection");
        let packet = err::build(err::number_for(&error, true), None, &error.to_string());
        let unread = self.server.received().len();
        self.server.consume(unread);
        // Where it cannot be told it is gone.
        let _ = self.driver.send(&frame(&packet, 1));
        self.server.send_close();
        let _ = self.server.flush();
        End::Server(CloseReason::Failed(error))
    }

    pub(super) fn wants(&self) -> Wants {
        // A driver on TCP that closed with bytes unsent cannot be seen to have: its FIN stands behind
        // them.
        let stalled = !self.driver.received().is_empty();
        let tick = stalled.then(|| Instant::now() + STALL);
        Wants {
            driver: interest(&self.driver, &self.server) | HANG_UP,
            server: interest(&self.server, &self.driver),
            until: [self.deadline, tick].into_iter().flatten().min(),
        }
    }

    /// Looks at what no socket tells.
    pub(super) fn tick(&mut self) -> Result<(), End> {
        if !self.driver.received().is_empty() && self.job.handover.is_abandoned() {
            return Err(End::Driver);
        }
        if self.deadline.is_some_and(|at| at <= Instant::now()) {
            let missed = CloseReason::Failed(self.job.deadline.missed(Step::Setup));
            if self.job.handover.expire(missed.clone()) {
                return Err(End::Both(missed));
            }
            self.deadline = None;
        }
        Ok(())
    }

    /// Receives from whatever side has something.
    pub(super) fn receive(
        &mut self,
        from_driver: PollFlags,
        from_server: PollFlags,
    ) -> Result<(), End> {
        if from_driver.intersects(PollFlags::IN | GONE) {
            if !self.driver.received().is_empty() {
                // It closed while the server does not take what it sent last.
                if from_driver.intersects(GONE) {
                    return Err(End::Driver);
                }
            } else {
                match self.driver.receive() {
                    Ok(Received::Some) => self.job.traffic.asked(self.driver.received().len()),
                    Ok(Received::Nothing) => {}
                    Ok(Received::End) | Err(_) => return Err(End::Driver),
                }
            }
        }
        if from_server.intersects(PollFlags::IN | GONE) && self.server.received().is_empty() {
            match self.server.receive() {
                Ok(Received::Some) => self.job.traffic.answered(self.server.received().len()),
                Ok(Received::Nothing) => {}
                Ok(Received::End) => return Err(End::ServerClosed),
                Err(failure) => {
                    let _ = self.server.flush(); // our alert
                    return Err(End::Server(failed(failure, &self.job)));
                }
            }
        }
        Ok(())
    }

    /// Ends the other side properly, which may take a while.
    pub(super) fn finish(mut self, end: End) {
        let Pump { driver, server, job, .. } = &mut self;
        match end {
            End::Driver => {
                job.handover.ended(CloseReason::Local);
                if self.say_goodbye() {
                    // Nobody has to wait for the server's answer to it.
                    self.job.handover.finished();
                    await_end(&mut self.server);
                }
            }
            End::ServerClosed => {
                // The server, too, wants to know that nothing was cut off (RFC 8446, section 6.1).
                server.send_close();
                let _ = server.flush();
                job.handover.ended(why_closed(driver));
                finish_driver(driver, server);
            }
            End::Server(reason) => {
                job.handover.ended(reason);
                finish_driver(driver, server);
            }
            End::Both(reason) => job.handover.ended(reason),
        }
    }

    /// The driver is gone: its last bytes, such as COM_QUIT, and close_notify still go to the server,
    /// within a short time. `false` if they could not be written.
    fn say_goodbye(&mut self) -> bool {
        let until = Instant::now() + GOODBYE;
        // What the driver wrote before it closed may still wait in its socket.
        let mut driver_empty = false;
        let mut said = false;
        loop {
            if !matches!(self.say_on(), Ok(true)) {
                return false;
            }
            if self.driver.received().is_empty() && !self.server.wants_write() {
                if said {
                    break;
                }
                if driver_empty {
                    self.server.send_close();
                    said = true;
                    continue;
                }
                driver_empty = !matches!(self.driver.receive(), Ok(Received::Some));
                continue;
            }
            let mut sockets = [PollFd::new(self.server.socket(), PollFlags::OUT)];
            if !matches!(wait_until(&mut sockets, Some(until)), Ok(true)) {
                return false;
            }
        }
        self.server.socket().shutdown(Shutdown::Write).is_ok()
    }
}

/// Why a server closed in order: by itself, or because the driver said goodbye to it, and then closes too.
fn why_closed(driver: &Link) -> CloseReason {
    let mut sockets = [PollFd::new(driver.socket(), HANG_UP)];
    match wait_until(&mut sockets, Some(Instant::now() + GOODBYE_GAP)) {
        Ok(true) => CloseReason::Local,
        Ok(false) | Err(_) => CloseReason::Server,
    }
}

/// Passes on what `from` received, as far as `to` takes it.
fn forward(from: &mut Link, to: &mut Link) -> Result<(), Failure> {
    to.flush()?;
    while !from.received().is_empty() && !to.wants_write() {
        let before = from.received().len();
        to.send_from(from, usize::MAX)?;
        to.flush()?;
        if from.received().len() == before {
            break;
        }
    }
    Ok(())
}

/// What to wait for on `link`: new bytes once the old ones are gone, room while there are some.
fn interest(link: &Link, other: &Link) -> PollFlags {
    let mut interest = PollFlags::empty();
    if link.received().is_empty() {
        interest |= PollFlags::IN;
    }
    if link.wants_write() || !other.received().is_empty() {
        interest |= PollFlags::OUT;
    }
    interest
}

fn failed(failure: Failure, job: &Job) -> CloseReason {
    match failure {
        Failure::Truncated => CloseReason::Truncated,
        // The handshake and the client certificate are long accepted: an alert is not about them.
        Failure::Tls(error) => {
            let message = format!("the TLS connection to {} broke: {error}", job.deadline.server());
            CloseReason::Failed(Error::io(IoErrorKind::Broken, message, error))
        }
        other => CloseReason::Failed(server_failure(other, job)),
    }
}

/// Reads until the server closes: closing with bytes unread would reset the connection, and the
/// server could lose our goodbye over that.
fn await_end(server: &mut Link) {
    let until = Instant::now() + FAREWELL;
    loop {
        let mut sockets = [PollFd::new(server.socket(), PollFlags::IN)];
        if !matches!(wait_until(&mut sockets, Some(until)), Ok(true)) {
            return;
        }
        match server.receive() {
            Ok(Received::Some | Received::Nothing) => {
                let unread = server.received().len();
                server.consume(unread);
            }
            Ok(Received::End) | Err(_) => return,
        }
    }
}

/// The server is gone: the driver gets what is left and an end, and is then let talk to nobody until
/// it closes, or for a while. Closing at once could cost it the server's last words.
fn finish_driver(driver: &mut Link, server: &mut Link) {
    let mut told = None;
    loop {
        if forward(server, driver).is_err() {
            return;
        }
        let done = server.received().is_empty() && !driver.wants_write();
        if done && told.is_none() {
            let _ = driver.socket().shutdown(Shutdown::Write);
            let _ = server.socket().shutdown(Shutdown::Both);
            told = Some(Instant::now());
        }
        let room = if done { PollFlags::empty() } else { PollFlags::OUT };
        let mut sockets = [PollFd::new(driver.socket(), PollFlags::IN | room)];
        if !matches!(wait_until(&mut sockets, told.map(|told| told + LINGER)), Ok(true)) {
            return;
        }
        match driver.receive() {
            Ok(Received::Some | Received::Nothing) => {
                let unread = driver.received().len();
                driver.consume(unread);
            }
            Ok(Received::End) | Err(_) => return,
        }
    }
}
