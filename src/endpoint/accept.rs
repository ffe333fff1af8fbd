//! The thread of an endpoint that accepts.

use std::fs::File;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use socket2::Socket;

use super::listener::{Accepted, Listener};
use super::serve::{no_room, serve, too_many, turn_stranger_away};
use super::state::State;
use crate::connect::deadline::wait_until;

/// Between two events about the same kind of trouble: whoever knocks again and again must not fill
/// the log.
const QUIET: Duration = Duration::from_secs(10);

/// How long nothing is accepted after a failure, which would mostly repeat itself at once.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts until the other end of `wake` is shut down.
///
/// Only the endpoint keeps the state, and with it the connector and its directory: they would else
/// stay behind where the process ends at once after the endpoint.
pub(super) fn accept(
    state: &Weak<State>,
    listener: &Listener,
    wake: &UnixStream,
    mut spare: Option<File>,
) {
    let (mut strangers, mut failures, mut full) = <(Sparing, Sparing, Sparing)>::default();
    loop {
        spare = spare.or_else(spare_descriptor);
        let mut sockets = [PollFd::new(listener, PollFlags::IN), PollFd::new(wake, PollFlags::IN)];
        if let Err(error) = wait_until(&mut sockets, None) {
            failures.warn(&format!("an endpoint cannot wait for connections: {error}"));
            thread::sleep(PAUSE);
            continue;
        }
        let [knock, woken] = sockets.map(|socket| !socket.revents().is_empty());
        if woken {
            return;
        }
        if !knock {
            continue;
        }
        match listener.accept() {
            Ok(Accepted::In(driver, peer)) => match state.upgrade() {
                Some(state) => admit(&state, driver, peer, &mut full),
                None => return,
            },
            Ok(Accepted::Stranger(driver, uid)) => {
                strangers.warn(&format!(
                    "uid {uid} tried to use an endpoint and was turned away; allow_uid (--allow-uid \
                     {uid}) would let it in"
                ));
                turn_stranger_away(driver, uid);
            }
            Ok(Accepted::Nobody) => {}
            Err(error) => {
                failures.warn(&format!("an endpoint could not accept a connection: {error}"));
                // Out of descriptors, most likely: with the spare one the driver can be told.
                drop(spare.take());
                if let Ok(Accepted::In(driver, peer)) = listener.accept() {
                    no_room(driver, &peer, &error);
                }
                thread::sleep(PAUSE);
            }
        }
    }
}

/// A descriptor to let go of when there is no other.
pub(super) fn spare_descriptor() -> Option<File> {
    File::open("/dev/null").ok()
}

fn admit(state: &Arc<State>, driver: Socket, peer: String, full: &mut Sparing) {
    let Some(serving) = state.registry.admit(state.max_connections) else {
        full.warn(&format!(
            "{peer} was turned away: the endpoint carries {} connections, as many as it may",
            state.max_connections
        ));
        return too_many(driver, state.max_connections);
    };
    let state = Arc::downgrade(state);
    // Taken by the thread; still here if there is none.
    let driver = Arc::new(Mutex::new(Some(driver)));
    let (taken, who) = (Arc::clone(&driver), peer.clone());
    let take = |driver: &Mutex<Option<Socket>>| {
        driver.lock().unwrap_or_else(PoisonError::into_inner).take()
    };
    let started = thread::Builder::new().name("mysql-tls-endpoint".to_owned()).spawn(move || {
        let _serving = serving;
        if let Some(driver) = take(&taken) {
            serve(&state, driver, &peer);
        }
    });
    if let Err(error) = started
        && let Some(driver) = take(&driver)
    {
        full.warn(&format!("an endpoint could not start a thread: {error}"));
        no_room(driver, &who, &error);
    }
}

/// Warns, but not too often; what was left out is counted.
#[derive(Default)]
struct Sparing {
    last: Option<Instant>,
    left_out: u32,
}

impl Sparing {
    fn warn(&mut self, text: &str) {
        if self.last.is_some_and(|last| last.elapsed() < QUIET) {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        match std::mem::take(&mut self.left_out) {
            0 => tracing::warn!("{text}"),
            left_out => tracing::warn!("{text} (and {left_out} times before, untold)"),
        }
        self.last = Some(Instant::now());
    }
}
