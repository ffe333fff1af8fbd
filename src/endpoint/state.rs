//! What an endpoint's threads share, and the thread that accepts.

use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use socket2::Socket;

use super::listener::{Accepted, Listener};
use super::registry::Registry;
use super::serve::{serve, too_many};
use crate::connect::deadline::wait_until;
use crate::connector::Connector;
use crate::error::Error;
use crate::relay::OwnKey;

#[derive(Debug)]
pub(super) struct State {
    pub(super) connector: Connector,
    pub(super) local_infile: bool,
    pub(super) max_connections: usize,
    pub(super) own_key: Arc<OwnKey>,
    pub(super) registry: Arc<Registry>,
    pub(super) failures: Failures,
}

/// Why a driver was not let through, kept for a pool that has to tell it.
#[derive(Debug, Default)]
pub(super) struct Failures {
    first: Mutex<Option<Error>>,
    happened: Condvar,
}

impl Failures {
    pub(super) fn add(&self, error: &Error) {
        if let Ok(mut first) = self.first.lock() {
            first.get_or_insert_with(|| error.clone());
            self.happened.notify_all();
        }
    }

    /// The first one; the driver can know of it a moment earlier than this side.
    #[cfg(feature = "mysql")]
    pub(super) fn first(&self, limit: Duration) -> Option<Error> {
        let first = self.first.lock().ok()?;
        let waited = self.happened.wait_timeout_while(first, limit, |first| first.is_none());
        waited.ok()?.0.clone()
    }
}

/// Accepts until the other end of `wake` is shut down.
///
/// Only the endpoint keeps the state, and with it the connector and its directory: they would else
/// stay behind where the process ends at once after the endpoint.
pub(super) fn accept(state: &Weak<State>, listener: &Listener, wake: &UnixStream) {
    loop {
        let mut sockets = [PollFd::new(listener, PollFlags::IN), PollFd::new(wake, PollFlags::IN)];
        if wait_until(&mut sockets, None).is_err() {
            return;
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
                Some(state) => admit(&state, driver, peer),
                None => return,
            },
            Ok(Accepted::Stranger(who)) => {
                tracing::warn!("{who} tried to use an endpoint and was turned away");
            }
            Ok(Accepted::Nobody) => {}
            Err(error) => {
                tracing::warn!("an endpoint could not accept a connection: {error}");
                // Out of descriptors, most likely: it would fail again at once.
                thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

fn admit(state: &Arc<State>, driver: Socket, peer: String) {
    if driver.set_nonblocking(true).is_err() {
        return;
    }
    let Some(serving) = state.registry.admit(state.max_connections) else {
        return too_many(driver, state.max_connections);
    };
    let state = Arc::downgrade(state);
    let started = thread::Builder::new().name("mysql-tls-endpoint".to_owned()).spawn(move || {
        let _serving = serving;
        serve(&state, driver, &peer);
    });
    if let Err(error) = started {
        tracing::warn!("an endpoint could not start a thread: {error}");
    }
}
