//! The connections that an endpoint carries.

use std::collections::BTreeMap;
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use socket2::Socket;

use super::session::EndpointSession;
use crate::handover::{CloseReason, Handover};
use crate::relay::Traffic;

/// How often it is looked whether a command has ended.
const LOOK: Duration = Duration::from_millis(10);

/// A connection that is carried.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) peer: String,
    /// The driver's socket once more: shutting it down ends the connection in order.
    pub(super) driver: Arc<Socket>,
    pub(super) handover: Handover,
    pub(super) traffic: Arc<Traffic>,
}

impl Active {
    /// Logged in, and without a command under way as far as can be seen.
    fn is_idle(&self) -> bool {
        // One that the server has ended waits for its driver alone.
        self.handover.has_ended() || self.handover.is_logged_in() && self.traffic.is_idle()
    }

    fn end(&self) {
        self.handover.ended(CloseReason::Endpoint);
        let _ = self.driver.shutdown(Shutdown::Both);
    }
}

#[derive(Debug, Default)]
pub(super) struct Registry {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    /// Everything is over: whoever comes late is ended at once.
    closed: bool,
    /// Threads that serve, whether or not they are logged in.
    serving: usize,
    active: BTreeMap<u64, Active>,
}

/// Takes a connection out of the registry once it is over.
#[derive(Debug)]
pub(super) struct Registered {
    registry: Arc<Registry>,
    number: u64,
}

/// Counts a thread as one that serves, for as long as it lives.
#[derive(Debug)]
pub(super) struct Serving(Arc<Registry>);

impl Registry {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more, unless there are `limit` already.
    pub(super) fn admit(self: &Arc<Self>, limit: usize) -> Option<Serving> {
        let mut inner = self.inner();
        // One that the server has ended waits for its driver alone.
        let ended = || inner.active.values().filter(|active| active.handover.has_ended()).count();
        if inner.serving >= limit && inner.serving.saturating_sub(ended()) >= limit {
            return None;
        }
        inner.serving += 1;
        Some(Serving(Arc::clone(self)))
    }

    pub(super) fn add(self: &Arc<Self>, active: Active) -> Registered {
        let mut inner = self.inner();
        if inner.closed {
            active.end();
        }
        let number = inner.next;
        inner.next += 1;
        inner.active.insert(number, active);
        Registered { registry: Arc::clone(self), number }
    }

    /// Every session of a connection that is logged in.
    pub(super) fn sessions(&self) -> Vec<EndpointSession> {
        let inner = self.inner();
        let logged_in = inner.active.iter().filter(|(_, active)| active.handover.is_logged_in());
        let sessions = logged_in.filter_map(|(number, active)| {
            Some(EndpointSession {
                number: *number,
                session: active.handover.session()?,
                peer: active.peer.clone(),
                bytes: active.traffic.bytes(),
            })
        });
        sessions.collect()
    }

    /// Ends every connection at once.
    pub(super) fn end_all(&self) {
        let mut inner = self.inner();
        inner.closed = true;
        inner.active.values().for_each(Active::end);
    }

    /// Ends every connection as soon as no command is under way, and all of them once the time is
    /// over; waits for their threads. `false` if some did not end.
    pub(super) fn drain(&self, grace: Duration) -> bool {
        // What ends a connection in order takes up to a second.
        const GOODBYE: Duration = Duration::from_secs(2);
        const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
        let patience = Instant::now() + grace.min(YEAR);
        let mut inner = self.inner();
        while inner.serving > 0 {
            let over = Instant::now() >= patience;
            if over && !inner.closed {
                inner.closed = true;
                let cut = inner.active.values().filter(|active| !active.is_idle()).count();
                if cut > 0 {
                    tracing::warn!("{cut} connections were cut at the end of the grace");
                }
            }
            inner.active.values().filter(|active| over || active.is_idle()).for_each(Active::end);
            if Instant::now() >= patience + GOODBYE {
                return false;
            }
            inner =
                self.changed.wait_timeout(inner, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.registry.inner().active.remove(&self.number);
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let mut inner = self.0.inner();
        inner.serving = inner.serving.saturating_sub(1);
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_does_not_end_is_told_two_seconds_after_the_grace() {
        let registry = Arc::<Registry>::default();
        let serving = registry.admit(1).unwrap();
        assert!(registry.admit(1).is_none(), "there is room for one");
        let start = Instant::now();
        assert!(!registry.drain(Duration::from_millis(100)));
        let taken = start.elapsed();
        assert!(taken >= Duration::from_millis(2100), "{taken:?}");
        drop(serving);
        assert!(registry.admit(1).is_some());
        assert!(registry.drain(Duration::MAX));
    }

    #[test]
    fn who_comes_after_the_end_is_ended() {
        let registry = Arc::<Registry>::default();
        registry.end_all();
        let (driver, mut other) = std::os::unix::net::UnixStream::pair().unwrap();
        let _registered = registry.add(Active {
            peer: String::new(),
            driver: Arc::new(driver.into()),
            handover: Handover::default(),
            traffic: Arc::default(),
        });
        assert_eq!(std::io::Read::read(&mut other, &mut [0]).unwrap(), 0);
        assert!(registry.sessions().is_empty());
    }
}
