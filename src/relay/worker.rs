//! Workers: a thread with a private socket each, reused from connection to connection.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;

use socket2::Socket;

use super::carry::LoggedIn;
use super::door::{Door, DriverAddress};
use super::job::Job;
use super::private_dir::PrivateDir;
use crate::connect::deadline::tells_driver_gone;
use crate::error::{Error, IoErrorKind, Result};
use crate::handover::CloseReason;
use crate::protocol::login::Wire;

/// How many idle workers a connector keeps.
const IDLE_LIMIT: usize = 8;

/// The workers of one connector.
#[derive(Debug)]
pub(crate) struct Workers {
    idle: Mutex<Vec<Worker>>,
    made: AtomicU64,
    dir: Option<Arc<PrivateDir>>,
    /// The threads of a process do not follow into the child of a fork.
    process: u32,
}

/// A thread that waits for a job.
#[derive(Debug)]
struct Worker {
    jobs: SyncSender<Assignment>,
    address: Option<DriverAddress>,
}

/// A job with the door of its own, where the worker's does not fit, and the way back to the pool.
struct Assignment {
    socket: Socket,
    job: Job,
    door: Option<Door>,
    worker: Worker,
    workers: Weak<Workers>,
}

impl Workers {
    /// `dir` is needed unless every connection will be plaintext TCP.
    pub(crate) fn new(dir: Option<PrivateDir>) -> Arc<Self> {
        Arc::new(Workers {
            idle: Mutex::default(),
            made: AtomicU64::new(0),
            dir: dir.map(Arc::new),
            process: std::process::id(),
        })
    }

    /// Gives a server's non-blocking socket to a worker; the driver has to connect to the address.
    pub(crate) fn carry(self: &Arc<Self>, socket: Socket, job: Job) -> Result<DriverAddress> {
        if std::process::id() != self.process {
            return Err(Error::io(
                IoErrorKind::Local,
                "the connector was built before a fork; build it anew in the child",
                std::io::Error::from(std::io::ErrorKind::Unsupported),
            ));
        }
        let worker = match self.idle().pop() {
            Some(worker) => worker,
            None => self.spawn()?,
        };
        let (door, address) = match &worker.address {
            // Plaintext TCP must not look like a Unix socket: the driver would send the password
            // itself.
            Some(address) if job.wire() != Wire::PlainTcp => (None, address.clone()),
            _ => {
                let (door, address) = Door::on_loopback()?;
                (Some(door), address)
            }
        };
        let jobs = worker.jobs.clone();
        let assignment = Assignment { socket, job, door, worker, workers: Arc::downgrade(self) };
        jobs.send(assignment).map_err(|_| {
            Error::io(
                IoErrorKind::Local,
                "a worker thread ended unexpectedly",
                std::io::Error::other("its queue is closed"),
            )
        })?;
        Ok(address)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self) -> Result<Worker> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let own = match &self.dir {
            Some(dir) => Some(Door::in_directory(dir, format!("w{number}"))?),
            None => None,
        };
        let (door, address) =
            own.map_or((None, None), |(door, address)| (Some(door), Some(address)));
        let (jobs, queue) = sync_channel(1);
        thread::Builder::new()
            .name(format!("mysql-tls-{number}"))
            .spawn(move || work(door.as_ref(), &queue))
            .map_err(|error| Error::io(IoErrorKind::Local, "no thread could be started", error))?;
        Ok(Worker { jobs, address })
    }
}

/// Serves jobs until nobody holds the worker any more.
fn work(own_door: Option<&Door>, queue: &Receiver<Assignment>) {
    while let Ok(Assignment { socket, job, door, worker, workers }) = queue.recv() {
        let handover = job.handover.clone();
        let served = catch_unwind(AssertUnwindSafe(|| {
            // A door of the job's own is closed as soon as its driver is in.
            let driver = match (door, own_door) {
                (Some(door), _) => door.accept(&job.deadline, || handover.is_abandoned()),
                (None, Some(door)) => door.accept(&job.deadline, || handover.is_abandoned()),
                (None, None) => Err(no_door()),
            };
            serve(socket, driver, &job)
        }));
        let reusable = served.unwrap_or_else(|_| {
            handover.ended(CloseReason::Failed(Error::io(
                IoErrorKind::Local,
                "the relay panicked, which is a fault of this library",
                std::io::Error::other("a panic"),
            )));
            false
        });
        // Back first, so that whoever waits for the end finds the worker idle.
        if let (true, Some(workers)) = (reusable, workers.upgrade()) {
            let mut idle = workers.idle();
            if idle.len() < IDLE_LIMIT {
                idle.push(worker);
            }
        }
        handover.finished();
    }
}

/// Carries one connection; `false` if its driver did not come: it may still do so, and must then
/// not be taken for the next connection's.
fn serve(socket: Socket, driver: Result<Socket>, job: &Job) -> bool {
    match driver {
        Ok(driver) => {
            if let Some(logged_in) = LoggedIn::bring(driver, socket, job) {
                logged_in.carry(job);
            }
            true
        }
        Err(error) => {
            // It gave up before it was here, and knows why itself.
            let gone = tells_driver_gone(&error);
            let reason = if gone { CloseReason::Local } else { CloseReason::Failed(error) };
            job.handover.ended(reason);
            false
        }
    }
}

fn no_door() -> Error {
    Error::io(
        IoErrorKind::Local,
        "the worker has no private socket, which is a fault of this library",
        std::io::Error::from(std::io::ErrorKind::NotFound),
    )
}
