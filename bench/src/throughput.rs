//! `SELECT 1` on many connections at once, a thread for each.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::Result;
use crate::peer::{Peer, Session, runtime};

/// Connections that are open, each for a thread.
pub struct Sessions(Vec<Session>);

/// Queries in some time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Done {
    pub queries: usize,
    pub time: Duration,
}

impl Sessions {
    /// `None`: the peer does not take part.
    pub fn open(peer: &dyn Peer, count: usize) -> Result<Option<Self>> {
        // A runtime for each: then a thread drives its connection itself, as it does with `mysql`.
        (0..count)
            .map(|_| peer.session(&runtime()?))
            .collect::<Result<Option<_>>>()
            .map(|sessions| sessions.map(Sessions))
    }

    /// Keeps all of them busy for some time.
    pub fn run(&mut self, time: Duration) -> Result<Done> {
        let (stop, queries) = (AtomicBool::new(false), AtomicUsize::new(0));
        let start = Barrier::new(self.0.len() + 1);
        let work = |session: &mut Session| -> Result<()> {
            start.wait();
            let mut done = 0;
            while !stop.load(Ordering::Relaxed) {
                session()?;
                done += 1;
            }
            queries.fetch_add(done, Ordering::Relaxed);
            Ok(())
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                self.0.iter_mut().map(|session| scope.spawn(|| work(session))).collect();
            start.wait();
            let started = Instant::now();
            std::thread::sleep(time);
            stop.store(true, Ordering::Relaxed);
            for thread in threads {
                thread.join().map_err(|_| "a thread panicked")??;
            }
            let time = started.elapsed();
            Ok(Done { queries: queries.load(Ordering::Relaxed), time })
        })
    }
}
