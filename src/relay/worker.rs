//! Workers: a thread with a private socket each, reused from connection to connection.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use socket2::Socket;

use super::carry::LoggedIn;
use super::door::{Door, DriverAddress};
use super::event_loop::EventLoops;
use super::order::Order;
use super::private_dir::PrivateDir;
use crate::connect::deadline::{driver_gone, tells_driver_gone};
use crate::connect::{Greeted, LookUp};
use crate::error::{Error, IoErrorKind, Result};
use crate::handover::CloseReason;
use crate::session::Transport;

/// How many idle workers a connector keeps.
const IDLE_LIMIT: usize = 8;

/// How much longer a worker's own error is waited for: it says more. Only a look-up outlasts the
/// deadline.
const GRACE: Duration = Duration::from_millis(50);

/// The workers of one connector.
#[derive(Debug)]
pub(crate) struct Workers {
    idle: Mutex<Vec<Worker>>,
    made: AtomicU64,
    dir: Option<Arc<PrivateDir>>,
    loops: Arc<EventLoops>,
    /// The threads of a process do not follow into the child of a fork.
    process: u32,
}

/// A thread that waits for a job.
#[derive(Debug)]
struct Worker {
    jobs: SyncSender<Assignment>,
    /// The name of its own socket in the directory.
    socket: Option<String>,
}

/// An order, who waits for its driver to be called, and the way back to the pool.
struct Assignment {
    order: Order,
    caller: SyncSender<Result<DriverAddress>>,
    worker: Worker,
    workers: Weak<Workers>,
    loops: Arc<EventLoops>,
}

/// A worker's private socket.
struct OwnDoor {
    door: Door,
    address: DriverAddress,
}

impl Workers {
    /// `dir` is needed unless every connection will be plaintext TCP.
    pub(crate) fn new(dir: Option<PrivateDir>) -> Arc<Self> {
        Arc::new(Workers {
            idle: Mutex::default(),
            made: AtomicU64::new(0),
            dir: dir.map(Arc::new),
            loops: Arc::new(EventLoops::new()),
            process: std::process::id(),
        })
    }

    /// Has a worker dial and carry. Comes back once the driver may connect to the address; what fails
    /// later is told by the order's handover.
    pub(crate) fn carry(self: &Arc<Self>, order: Order) -> Result<DriverAddress> {
        if std::process::id() != self.process {
            return Err(Error::io(
                IoErrorKind::Local,
                "the connector was built before a fork; build it anew in the child",
                std::io::Error::from(std::io::ErrorKind::Unsupported),
            ));
        }
        let worker = match self.idle_one() {
            Some(worker) => worker,
            None => self.spawn()?,
        };
        let (answer_by, handover) = (order.answer_by.clone(), order.handover.clone());
        let slowest = order.route.slowest_step();
        let (caller, called) = sync_channel(1);
        let jobs = worker.jobs.clone();
        let workers = Arc::downgrade(self);
        let loops = Arc::clone(&self.loops);
        let assignment = Assignment { order, caller, worker, workers, loops };
        jobs.send(assignment).map_err(|_| lost())?;
        let left = answer_by.at().saturating_duration_since(Instant::now());
        match called.recv_timeout(left.saturating_add(GRACE)) {
            Ok(called) => called,
            Err(RecvTimeoutError::Timeout) => {
                handover.abandon();
                Err(answer_by.missed(slowest))
            }
            Err(RecvTimeoutError::Disconnected) => Err(lost()),
        }
    }

    /// One whose driver will find it: what cleans temporary files may have been there. The others end,
    /// since nobody holds them any more.
    fn idle_one(&self) -> Option<Worker> {
        loop {
            let worker = self.idle().pop()?;
            match (&self.dir, &worker.socket) {
                (Some(dir), Some(socket)) if !dir.has(socket) => {}
                _ => return Some(worker),
            }
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self) -> Result<Worker> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let socket = self.dir.as_ref().map(|_| format!("w{number}"));
        let own = match (&self.dir, &socket) {
            (Some(dir), Some(name)) => {
                let (door, address) = Door::in_directory(dir, name.clone())?;
                Some(OwnDoor { door, address })
            }
            _ => None,
        };
        let (jobs, queue) = sync_channel(1);
        thread::Builder::new()
            .name(format!("mysql-tls-{number}"))
            .spawn(move || work(own.as_ref(), &queue))
            .map_err(|error| Error::io(IoErrorKind::Local, "no thread could be started", error))?;
        Ok(Worker { jobs, socket })
    }
}

/// Serves orders until nobody holds the worker any more.
fn work(own_door: Option<&OwnDoor>, queue: &Receiver<Assignment>) {
    while let Ok(Assignment { order, caller, worker, workers, loops }) = queue.recv() {
        let handover = order.handover.clone();
        let reception = Reception { own_door, caller, called: None };
        let served = catch_unwind(AssertUnwindSafe(|| serve(order, reception, &loops)));
        let left = served.unwrap_or_else(|_| {
            handover.ended(CloseReason::Failed(Error::panic()));
            Left { reusable: false, ended: true }
        });
        // Back first, so that whoever waits for the end finds the worker idle.
        if let (true, Some(workers)) = (left.reusable, workers.upgrade()) {
            let mut idle = workers.idle();
            if idle.len() < IDLE_LIMIT {
                idle.push(worker);
            }
        }
        if left.ended {
            handover.finished();
        }
    }
}

/// How a worker leaves a connection.
struct Left {
    /// `false` if its driver was called and did not come: it may still do so, and must then not be
    /// taken for the next connection's.
    reusable: bool,
    /// `false` if others carry it on.
    ended: bool,
}

/// Makes one connection, and carries it at least for a while.
fn serve(order: Order, mut reception: Reception<'_>, loops: &EventLoops) -> Left {
    let handover = order.handover.clone();
    let greeted = match reach(&order, &mut reception) {
        Ok(greeted) => greeted,
        Err(error) => return Left { reusable: reception.turn_away(error, &order), ended: true },
    };
    match reception.driver(&order) {
        Ok(driver) => {
            let job = order.into_job(greeted.facts, greeted.plan);
            let logged_in = LoggedIn::bring(driver, greeted.socket, greeted.prepared, &job);
            let moved = logged_in.is_some_and(|logged_in| logged_in.carry_or_move(job, loops));
            Left { reusable: true, ended: !moved }
        }
        Err(error) => {
            // It gave up before it was here, and knows why itself.
            let gone = tells_driver_gone(&error);
            let reason = if gone { CloseReason::Local } else { CloseReason::Failed(error) };
            handover.ended(reason);
            Left { reusable: false, ended: true }
        }
    }
}

/// Dials, has the driver called, and reads the greeting.
fn reach(order: &Order, reception: &mut Reception<'_>) -> Result<Greeted> {
    let dialed = order.route.dial(LookUp::Here, &order.answer_by)?;
    // The driver gets ready while the server greets, if it is certain how it has to come in.
    if let Some(transport) = order.route.foregone().filter(|_| order.driver_waits) {
        reception.call(transport)?;
    }
    let greeted = order.route.greet(dialed, &order.answer_by)?;
    reception.call(greeted.plan.transport())?;
    Ok(greeted)
}

/// How the driver of one connection comes in.
struct Reception<'a> {
    own_door: Option<&'a OwnDoor>,
    caller: SyncSender<Result<DriverAddress>>,
    /// Where it was told to come in.
    called: Option<Entrance<'a>>,
}

enum Entrance<'a> {
    /// The worker's own door.
    Own(&'a Door),
    /// One for this connection alone.
    Loopback(Door),
}

impl Reception<'_> {
    /// Tells the driver where to connect, once.
    fn call(&mut self, transport: Transport) -> Result<()> {
        if self.called.is_some() {
            return Ok(());
        }
        let (entrance, address) = match (self.own_door, transport) {
            // Plaintext TCP must not look like a Unix socket: the driver would send the password
            // itself.
            (Some(own), Transport::Tls | Transport::UnixSocket) => {
                (Entrance::Own(&own.door), own.address.clone())
            }
            _ => {
                let (door, address) = Door::on_loopback()?;
                (Entrance::Loopback(door), address)
            }
        };
        self.caller.send(Ok(address)).map_err(|_| driver_gone())?;
        self.called = Some(entrance);
        Ok(())
    }

    /// Waits for it. A door for it alone is closed as soon as it is in.
    fn driver(&mut self, order: &Order) -> Result<Socket> {
        let given_up = || order.handover.is_abandoned();
        match self.called.take() {
            Some(Entrance::Own(door)) => door.accept(&order.deadline, given_up),
            Some(Entrance::Loopback(door)) => door.accept(&order.deadline, given_up),
            None => Err(driver_gone()),
        }
    }

    /// Tells why there is no server; `false` if the driver was called and did not come.
    fn turn_away(mut self, error: Error, order: &Order) -> bool {
        if self.called.is_none() {
            // Nobody waits for it any more if it cannot be sent.
            let _ = self.caller.send(Err(error));
            return true;
        }
        // First the reason, then the end by which the driver notices.
        order.handover.ended(CloseReason::Failed(error));
        self.driver(order).is_ok()
    }
}

fn lost() -> Error {
    Error::io(
        IoErrorKind::Local,
        "a worker thread ended unexpectedly, which is a fault of this library",
        std::io::Error::other("its queue is closed"),
    )
}
