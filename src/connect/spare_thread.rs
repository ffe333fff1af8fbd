//! Threads for work that may hang. One that is done stays for a while, so that a program which connects
//! again and again starts none.

use std::io;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SendError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

type Work = Box<dyn FnOnce() + Send>;

/// How long a thread stays with nothing to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// The one that has nothing to do.
static SPARE: Mutex<Option<Spare>> = Mutex::new(None);

static MADE: AtomicU64 = AtomicU64::new(0);

struct Spare {
    number: u64,
    work: Sender<Work>,
    /// The threads of a process do not follow into the child of a fork.
    process: u32,
}

/// Has a thread do the work.
pub(super) fn run(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let work: Work = Box::new(work);
    match spare().take().filter(Spare::is_here) {
        Some(spare) => match spare.work.send(work) {
            Ok(()) => Ok(()),
            Err(SendError(work)) => start(work),
        },
        None => start(work),
    }
}

fn spare() -> MutexGuard<'static, Option<Spare>> {
    SPARE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Spare {
    fn is_here(&self) -> bool {
        self.process == process::id()
    }
}

fn start(mut work: Work) -> io::Result<()> {
    let thread = thread::Builder::new().name("mysql-tls-resolve".to_owned());
    let started = thread.spawn(move || {
        loop {
            work();
            match more() {
                Some(next) => work = next,
                None => return,
            }
        }
    });
    started.map(drop)
}

/// Waits for more to do, unless another thread does so already.
fn more() -> Option<Work> {
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let queue = {
        let mut spare = spare();
        if spare.as_ref().is_some_and(Spare::is_here) {
            return None;
        }
        let (work, queue) = channel();
        *spare = Some(Spare { number, work, process: process::id() });
        queue
    };
    match queue.recv_timeout(PATIENCE) {
        Ok(work) => Some(work),
        Err(RecvTimeoutError::Timeout) => last_chance(number, &queue),
        Err(RecvTimeoutError::Disconnected) => None,
    }
}

/// The time is over, unless somebody is about to give it work at this very moment.
fn last_chance(number: u64, queue: &Receiver<Work>) -> Option<Work> {
    let withdrawn = spare().take_if(|spare| spare.number == number);
    match withdrawn {
        Some(_) => None,
        None => queue.recv().ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Whoever asks for the next only once the last is done gets the same thread, as soon as that has
    /// said that it is free; who asks meanwhile gets another.
    #[test]
    fn a_thread_that_is_free_is_used_again() {
        let (sender, ids) = mpsc::channel();
        let mut seen = Vec::new();
        for _ in 0..20 {
            let sender = sender.clone();
            run(move || sender.send(thread::current().id()).unwrap()).unwrap();
            seen.push(ids.recv_timeout(Duration::from_secs(10)).unwrap());
            thread::sleep(Duration::from_millis(20));
        }
        // Other tests look names up at the same time, and may have taken one.
        seen.dedup();
        assert!(seen.len() < 10, "{seen:?}");
        let (release, hang) = mpsc::channel::<()>();
        run(move || {
            let _ = hang.recv_timeout(Duration::from_secs(10));
        })
        .unwrap();
        run(move || sender.send(thread::current().id()).unwrap()).unwrap();
        ids.recv_timeout(Duration::from_secs(5)).unwrap();
        drop(release);
    }
}
