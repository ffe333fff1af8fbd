//! After the login: bytes both ways, until one side ends.

use std::net::Shutdown;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::failure::server_failure;
use super::job::Job;
use crate::connect::deadline::{HANG_UP, wait_busily, wait_until};
use crate::connect::link::{Failure, Link, Received};
use crate::connect::upgrade::last_words;
use crate::error::{Error, IoErrorKind, Step};
use crate::handover::CloseReason;

/// How long the last bytes and the goodbye may take once the driver is gone.
const GOODBYE: Duration = Duration::from_millis(500);

/// How long a driver takes at the most between its goodbye and its closing.
const GOODBYE_GAP: Duration = Duration::from_millis(2);

/// How long a server may take to close after our goodbye.
const FAREWELL: Duration = Duration::from_millis(250);

/// How long a driver may leave an ended connection open before it is closed on it.
const LINGER: Duration = Duration::from_secs(30);

/// How often a relay whose server takes nothing looks whether the connection was dropped.
const STALL: Duration = Duration::from_millis(200);

/// Copies until one side ends, then ends the other side properly.
pub(super) fn pump(driver: &mut Link, server: &mut Link, job: &Job) {
    match open(driver, server, job) {
        End::Driver => {
            job.handover.ended(CloseReason::Local);
            if say_goodbye(driver, server) {
                // Nobody has to wait for the server's answer to it.
                job.handover.finished();
                await_end(server);
            }
        }
        End::Server(reason) => {
            if matches!(reason, CloseReason::Server | CloseReason::Local) {
                // The server, too, wants to know that nothing was cut off (RFC 8446, section 6.1).
                server.send_close();
                let _ = server.flush();
            }
            job.handover.ended(reason);
            finish_driver(driver, server);
        }
        End::Both(reason) => job.handover.ended(reason),
    }
}

enum End {
    Driver,
    Server(CloseReason),
    /// The deadline: neither side is waited for.
    Both(CloseReason),
}

fn open(driver: &mut Link, server: &mut Link, job: &Job) -> End {
    let mut deadline = Some(job.deadline.at());
    loop {
        if let Err(failure) = forward(driver, server) {
            return End::Server(failed(last_words(server, failure), job));
        }
        if forward(server, driver).is_err() {
            return End::Driver;
        }
        if server.has_ended() && server.received().is_empty() {
            return server_closed(driver);
        }
        job.traffic.owes(!server.received().is_empty() || driver.wants_write());
        let server_interest = interest(server, driver);
        let mut sockets = [
            PollFd::new(driver.socket(), interest(driver, server) | HANG_UP),
            PollFd::new(server.socket(), server_interest),
        ];
        // A reset of the server would be told again and again while nothing is wanted of it.
        let asked = if server_interest.is_empty() { 1 } else { 2 };
        let asked = sockets.get_mut(..asked).unwrap_or_default();
        // A driver on TCP that closed with bytes unsent cannot be seen to have: its FIN stands behind
        // them.
        let tick = (!driver.received().is_empty()).then(|| Instant::now() + STALL);
        let until = [deadline, tick].into_iter().flatten().min();
        match wait_busily(asked, until, job.busy_poll) {
            Ok(true) => {}
            Ok(false) if tick.is_some() && job.handover.is_abandoned() => return End::Driver,
            Ok(false) if deadline.is_none_or(|at| at > Instant::now()) => continue,
            Ok(false) => {
                let missed = CloseReason::Failed(job.deadline.missed(Step::Setup));
                if job.handover.expire(missed.clone()) {
                    return End::Both(missed);
                }
                deadline = None;
                continue;
            }
            Err(error) => return End::Both(failed(Failure::Io(error), job)),
        }
        let [from_driver, from_server] = sockets.map(|socket| socket.revents());
        let gone = HANG_UP | PollFlags::HUP | PollFlags::ERR;
        if from_driver.intersects(PollFlags::IN | gone) {
            if !driver.received().is_empty() {
                // It closed while the server does not take what it sent last.
                if from_driver.intersects(gone) {
                    return End::Driver;
                }
            } else {
                match driver.receive() {
                    Ok(Received::Some) => job.traffic.asked(driver.received().len()),
                    Ok(Received::Nothing) => {}
                    Ok(Received::End) | Err(_) => return End::Driver,
                }
            }
        }
        if from_server.intersects(PollFlags::IN | gone) && server.received().is_empty() {
            match server.receive() {
                Ok(Received::Some) => job.traffic.answered(server.received().len()),
                Ok(Received::Nothing) => {}
                Ok(Received::End) => return server_closed(driver),
                Err(failure) => {
                    let _ = server.flush(); // our alert
                    return End::Server(failed(failure, job));
                }
            }
        }
    }
}

/// The server closed in order: by itself, or because the driver said goodbye to it, and then closes too.
fn server_closed(driver: &Link) -> End {
    let mut sockets = [PollFd::new(driver.socket(), HANG_UP)];
    let driver_closed = wait_until(&mut sockets, Some(Instant::now() + GOODBYE_GAP));
    let reason = match driver_closed {
        Ok(true) => CloseReason::Local,
        Ok(false) | Err(_) => CloseReason::Server,
    };
    End::Server(reason)
}

/// Passes on what `from` received, as far as `to` takes it.
fn forward(from: &mut Link, to: &mut Link) -> Result<(), Failure> {
    to.flush()?;
    while !from.received().is_empty() && !to.wants_write() {
        let before = from.received().len();
        to.send_from(from)?;
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

/// The driver is gone: its last bytes, such as COM_QUIT, and close_notify still go to the server,
/// within a short time. `false` if they could not be written.
fn say_goodbye(driver: &mut Link, server: &mut Link) -> bool {
    let until = Instant::now() + GOODBYE;
    // What the driver wrote before it closed may still wait in its socket.
    let mut driver_empty = false;
    let mut said = false;
    loop {
        if forward(driver, server).is_err() {
            return false;
        }
        if driver.received().is_empty() && !server.wants_write() {
            if said {
                break;
            }
            if driver_empty {
                server.send_close();
                said = true;
                continue;
            }
            driver_empty = !matches!(driver.receive(), Ok(Received::Some));
            continue;
        }
        let mut sockets = [PollFd::new(server.socket(), PollFlags::OUT)];
        if !matches!(wait_until(&mut sockets, Some(until)), Ok(true)) {
            return false;
        }
    }
    server.socket().shutdown(Shutdown::Write).is_ok()
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
