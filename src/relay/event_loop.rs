//! Connections that have been open for a while share a few threads.
//!
//! A thread for each would sleep and be woken for every query; one that serves many finds the next bytes
//! when it has passed on the last. Linux only: elsewhere each connection keeps its thread.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Instant;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, PollFlags, Timespec, eventfd};
use rustix::io::Errno;

use super::pump::{End, Pump, STALL, Wants};
use crate::error::{Error, IoErrorKind};
use crate::handover::CloseReason;

/// The loops of one connector.
#[derive(Debug)]
pub(super) struct EventLoops {
    /// Made for the first connection that comes: many a connector has none that is open for long.
    loops: OnceLock<Vec<Arc<EventLoop>>>,
    next: AtomicUsize,
}

/// How many loops there are at the most.
const LIMIT: usize = 4;

/// How many events are taken at once.
const EVENTS: usize = 128;

/// The event that tells of a connection that has come.
const ARRIVAL: u64 = u64::MAX;

impl EventLoops {
    pub(super) fn new() -> Self {
        EventLoops { loops: OnceLock::new(), next: AtomicUsize::new(0) }
    }

    /// Takes a connection over; it is given back where the system has no descriptor or thread left.
    pub(super) fn adopt(&self, pump: Box<Pump>) -> Result<(), Box<Pump>> {
        let loops = self.loops.get_or_init(|| {
            // It reads files.
            let processors = thread::available_parallelism().map_or(1, usize::from);
            (0..processors.min(LIMIT)).map(|_| Arc::default()).collect()
        });
        let at = self.next.fetch_add(1, Ordering::Relaxed) % loops.len().max(1);
        match loops.get(at) {
            Some(chosen) => chosen.adopt(pump),
            None => Err(pump),
        }
    }
}

#[derive(Debug, Default)]
struct EventLoop(Mutex<State>);

/// A loop's thread is there while it has connections.
#[derive(Default)]
struct State {
    /// How to wake the thread, while there is one.
    bell: Option<Arc<OwnedFd>>,
    arrived: VecDeque<Box<Pump>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("bell", &self.bell).finish_non_exhaustive()
    }
}

impl EventLoop {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn adopt(self: &Arc<Self>, pump: Box<Pump>) -> Result<(), Box<Pump>> {
        let mut state = self.state();
        if let Some(bell) = &state.bell {
            let rung = rustix::io::write(bell, &1_u64.to_ne_bytes());
            // Full is rung, too.
            if rung.is_err_and(|error| error != Errno::AGAIN) {
                return Err(pump);
            }
            state.arrived.push_back(pump);
            return Ok(());
        }
        let Ok(poller) = Poller::new() else { return Err(pump) };
        state.bell = Some(Arc::clone(&poller.bell));
        state.arrived.push_back(pump);
        let own = Arc::clone(self);
        let started = thread::Builder::new()
            .name("mysql-tls-loop".to_owned())
            .spawn(move || own.serve(&poller));
        match started {
            Ok(_) => Ok(()),
            Err(_) => {
                state.bell = None;
                state.arrived.pop_back().map_or(Ok(()), Err)
            }
        }
    }

    /// The thread of the loop.
    fn serve(&self, poller: &Poller) {
        let mut connections = Connections::default();
        let served = catch_unwind(AssertUnwindSafe(|| self.turn(&mut connections, poller)));
        let error = match served {
            Ok(Ok(())) => return,
            Ok(Err(error)) => waiting_failed(error),
            Err(_panic) => Error::panic(),
        };
        // Nobody else would serve them, nor those that come.
        let arrived = {
            let mut state = self.state();
            state.bell = None;
            std::mem::take(&mut state.arrived)
        };
        for pump in arrived {
            connections.insert(pump);
        }
        for number in connections.open.keys().copied().collect::<Vec<_>>() {
            connections.end(number, End::Both(CloseReason::Failed(error.clone())), poller);
        }
    }

    /// Turns until no connection is left.
    fn turn(&self, connections: &mut Connections, poller: &Poller) -> Result<(), Errno> {
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            let arrived = {
                let mut state = self.state();
                let arrived = std::mem::take(&mut state.arrived);
                if arrived.is_empty() && connections.open.is_empty() {
                    state.bell = None;
                    return Ok(());
                }
                arrived
            };
            for pump in arrived {
                connections.add(pump, poller);
            }
            events.clear();
            let timeout = connections.timeout();
            match epoll::wait(&poller.epoll, spare_capacity(&mut events), timeout.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
            connections.handle(&events, poller);
        }
    }
}

/// What a loop waits with.
struct Poller {
    epoll: OwnedFd,
    bell: Arc<OwnedFd>,
}

impl Poller {
    fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &bell, EventData::new_u64(ARRIVAL), EventFlags::IN)?;
        Ok(Poller { epoll, bell: Arc::new(bell) })
    }
}

/// The connections of a loop.
#[derive(Default)]
struct Connections {
    open: HashMap<u64, Open>,
    made: u64,
    /// Those that want to be looked at now and then.
    ticking: BTreeSet<u64>,
    ticked: Option<Instant>,
}

struct Open {
    pump: Box<Pump>,
    /// What is waited for; an empty set is not registered at all.
    driver: PollFlags,
    server: PollFlags,
}

/// The sides of a connection, as events name them: `2 * number + side`.
const DRIVER: u64 = 0;
const SERVER: u64 = 1;

impl Connections {
    fn insert(&mut self, pump: Box<Pump>) -> u64 {
        let number = self.made;
        self.made += 1;
        let none = PollFlags::empty();
        self.open.insert(number, Open { pump, driver: none, server: none });
        number
    }

    fn add(&mut self, pump: Box<Pump>, poller: &Poller) {
        let number = self.insert(pump);
        self.serve(number, PollFlags::empty(), PollFlags::empty(), poller);
    }

    /// As long as nothing can happen that no event tells of.
    fn timeout(&self) -> Option<Timespec> {
        if self.ticking.is_empty() { None } else { Timespec::try_from(STALL).ok() }
    }

    fn handle(&mut self, events: &[epoll::Event], poller: &Poller) {
        for event in events {
            let (name, flags) = (event.data.u64(), event.flags);
            if name == ARRIVAL {
                let _ = rustix::io::read(&poller.bell, &mut [0_u8; 8]);
                continue;
            }
            let flags = as_poll(flags);
            let (driver, server) = match name % 2 {
                DRIVER => (flags, PollFlags::empty()),
                _ => (PollFlags::empty(), flags),
            };
            self.serve(name / 2, driver, server, poller);
        }
        let due = |ticked: Instant| ticked.elapsed() >= STALL;
        if self.ticking.is_empty() {
            self.ticked = None;
        } else if self.ticked.is_none_or(due) {
            self.ticked = Some(Instant::now());
            for number in self.ticking.clone() {
                self.with(number, poller, Pump::tick);
            }
        }
    }

    /// Does what an event asks for.
    fn serve(&mut self, number: u64, driver: PollFlags, server: PollFlags, poller: &Poller) {
        self.with(number, poller, |pump| {
            pump.receive(driver, server)?;
            pump.pass_on()
        });
    }

    /// Does something with a connection, and sees to what comes of it.
    fn with(
        &mut self,
        number: u64,
        poller: &Poller,
        action: impl FnOnce(&mut Pump) -> Result<(), End>,
    ) {
        // An event may have come before the one that ended the connection.
        let Some(open) = self.open.get_mut(&number) else { return };
        let done = catch_unwind(AssertUnwindSafe(|| action(&mut open.pump)));
        let end = match done {
            Ok(Ok(())) => {
                let wants = open.pump.wants();
                if wants.until.is_some() {
                    self.ticking.insert(number);
                } else {
                    self.ticking.remove(&number);
                }
                open.register(number, wants, poller).err()
            }
            Ok(Err(end)) => Some(end),
            Err(_panic) => Some(End::Both(CloseReason::Failed(Error::panic()))),
        };
        if let Some(end) = end {
            self.end(number, end, poller);
        }
    }

    /// The last words take their time, and so do not belong here.
    fn end(&mut self, number: u64, end: End, poller: &Poller) {
        self.ticking.remove(&number);
        let Some(mut open) = self.open.remove(&number) else { return };
        // The sockets are open for a while yet, and their end would be told again and again.
        open.deregister(poller);
        let pump = open.pump;
        let handover = pump.job().handover.clone();
        if let Some(reason) = end.reason() {
            handover.ended(reason);
        }
        let left = handover.clone();
        let finish = move || {
            if catch_unwind(AssertUnwindSafe(|| pump.finish(end))).is_err() {
                left.ended(CloseReason::Failed(Error::panic()));
            }
            left.finished();
        };
        let thread = thread::Builder::new().name("mysql-tls-end".to_owned());
        if thread.spawn(finish).is_err() {
            // Without a goodbye, since there is no thread for it.
            handover.ended(CloseReason::Server);
            handover.finished();
        }
    }
}

impl Open {
    fn deregister(&mut self, poller: &Poller) {
        for (socket, registered) in self.pump.sockets().into_iter().zip([self.driver, self.server])
        {
            if !registered.is_empty() {
                let _ = epoll::delete(&poller.epoll, socket);
            }
        }
    }

    /// Has the events told that the connection waits for.
    fn register(&mut self, number: u64, wants: Wants, poller: &Poller) -> Result<(), End> {
        let [driver, server] = self.pump.sockets();
        let sides = [
            (driver, &mut self.driver, wants.driver, DRIVER),
            (server, &mut self.server, wants.server, SERVER),
        ];
        for (socket, registered, wanted, side) in sides {
            if *registered == wanted {
                continue;
            }
            let name = EventData::new_u64(2 * number + side);
            let done = match (registered.is_empty(), wanted.is_empty()) {
                (true, _) => epoll::add(&poller.epoll, socket, name, as_epoll(wanted)),
                (false, false) => epoll::modify(&poller.epoll, socket, name, as_epoll(wanted)),
                // Ends and errors would be told again and again.
                (false, true) => epoll::delete(&poller.epoll, socket),
            };
            if let Err(error) = done {
                return Err(End::Both(CloseReason::Failed(waiting_failed(error))));
            }
            *registered = wanted;
        }
        Ok(())
    }
}

fn waiting_failed(error: Errno) -> Error {
    Error::io(IoErrorKind::Local, "waiting for a socket failed", io::Error::from(error))
}

/// The flags are the same numbers on Linux; only the types differ.
fn as_epoll(flags: PollFlags) -> EventFlags {
    EventFlags::from_bits_truncate(u32::from(flags.bits()))
}

fn as_poll(flags: EventFlags) -> PollFlags {
    PollFlags::from_bits_truncate(u16::try_from(flags.bits() & 0xffff).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::*;
    use crate::handover::Handover;
    use crate::relay::login::tests::{job, link};

    /// A connection on a loop: its driver, its server, and what is told of it.
    fn adopted(event_loop: &Arc<EventLoop>) -> (UnixStream, UnixStream, Handover) {
        let ((driver, ours), (server, theirs)) = (link(), link());
        let job = job(&Arc::default());
        let handover = job.handover.clone();
        handover.establish().unwrap();
        let mut pump = Box::new(Pump::new(ours, theirs, job));
        assert!(pump.is_established());
        assert!(event_loop.adopt(pump).is_ok());
        (driver, server, handover)
    }

    /// What the threads of loops have used, in hundredths of a second.
    fn used() -> u64 {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let stats = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok());
        let of_loops = stats.filter(|stat| stat.contains("(mysql-tls-loop)"));
        let times = of_loops.map(|stat| {
            let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
            fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
        });
        times.sum()
    }

    fn passes(from: &mut UnixStream, to: &mut UnixStream) {
        to.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        from.write_all(b"some bytes").unwrap();
        let mut got = [0; 10];
        to.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"some bytes");
    }

    #[test]
    fn a_connection_that_its_server_ended_costs_nothing_while_its_driver_is_idle() {
        let event_loop = Arc::<EventLoop>::default();
        let (mut driver, mut server, _) = adopted(&event_loop);
        let (mut idle, ended_server, ended) = adopted(&event_loop);
        passes(&mut driver, &mut server);
        passes(&mut server, &mut driver);
        drop(ended_server);
        idle.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(idle.read(&mut [0]).unwrap(), 0, "the driver is told");
        let before = used();
        thread::sleep(Duration::from_millis(500));
        let used = used() - before;
        assert!(used <= 10, "{used} hundredths of a second in half of one");
        assert!(matches!(ended.close_reason(), Some(CloseReason::Server)));
        passes(&mut driver, &mut server);
        drop(driver);
        assert_eq!(server.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn a_loop_begins_anew_once_it_had_nothing_to_do() {
        let event_loop = Arc::<EventLoop>::default();
        for _ in 0..20 {
            let (mut driver, mut server, ended) = adopted(&event_loop);
            passes(&mut driver, &mut server);
            drop(driver);
            assert_eq!(server.read(&mut [0]).unwrap(), 0);
            ended.wait_until_finished(Duration::from_secs(10));
            assert!(matches!(ended.close_reason(), Some(CloseReason::Local)));
        }
    }
}
