//! Eight threads that ask and check.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::connections::{Connections, Source};
use crate::data::{Data, mix};
use crate::disturbance::Disturbed;
use crate::held::Held;
use crate::statements::{self, Ledger, Trouble};
use crate::world::World;

const THREADS: usize = 8;

/// A restart takes seconds; when nothing is done for this long, something hangs.
const STUCK: Duration = Duration::from_secs(120);

/// Between two tries while the server is away.
const PAUSE: Duration = Duration::from_millis(50);

const TELL_EVERY: Duration = Duration::from_secs(15);

/// It ends after the time, or when there were as many queries and connects as these, but not before `least`.
pub(crate) struct Bounds {
    pub(crate) queries: u64,
    pub(crate) connects: u64,
    pub(crate) time: Duration,
    pub(crate) least: Duration,
}

/// What was done.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) tickets: u64,
    pub(crate) queries: u64,
    pub(crate) connects: u64,
    pub(crate) repeated: u64,
    pub(crate) time: Duration,
    pub(crate) ledger: Ledger,
    /// What was excused, and how often.
    pub(crate) excused: BTreeMap<String, u64>,
}

/// Set at the end, and by the first failure.
#[derive(Default)]
pub(crate) struct Stop {
    set: AtomicBool,
    failure: Mutex<Option<String>>,
}

impl Stop {
    pub(crate) fn is_set(&self) -> bool {
        self.set.load(Ordering::SeqCst)
    }

    fn fail(&self, failure: String) {
        self.failure().get_or_insert(failure);
        self.set.store(true, Ordering::SeqCst);
    }

    fn has_failed(&self) -> bool {
        self.failure().is_some()
    }

    fn failure(&self) -> MutexGuard<'_, Option<String>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Load<'a> {
    connections: &'a Connections,
    disturbed: &'a Disturbed,
    data: &'a Data,
    bounds: &'a Bounds,
    start: Instant,
    stop: Stop,
    tickets: AtomicU64,
    queries: AtomicU64,
    connects: AtomicU64,
}

pub(crate) fn run(
    world: &mut World,
    connections: &Connections,
    disturbed: &mut Disturbed,
    bounds: &Bounds,
    first_ticket: u64,
) -> Result<Done> {
    let World { server, certificates, data, .. } = world;
    let load = Load {
        connections,
        disturbed,
        data,
        bounds,
        start: Instant::now(),
        stop: Stop::default(),
        tickets: AtomicU64::new(first_ticket),
        queries: AtomicU64::new(0),
        connects: AtomicU64::new(0),
    };
    let mut all = Done::default();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| load.work())).collect();
        scope.spawn(|| {
            let disturb = || disturbed.go_on(server, certificates, connections, &load.stop);
            match catch_unwind(AssertUnwindSafe(disturb)) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => load.stop.fail(format!("the disturbance: {error}")),
                Err(_) => load.stop.fail("the disturbance panicked".into()),
            }
        });
        load.watch();
        for thread in threads {
            match thread.join() {
                Ok(done) => all.add(done),
                Err(_) => load.stop.fail("a thread panicked".into()),
            }
        }
    });
    let failure = load.stop.failure().take();
    if let Some(failure) = failure {
        return Err(failure.into());
    }
    all.time = load.start.elapsed();
    all.tickets = load.tickets.into_inner();
    Ok(all)
}

pub(crate) fn say(text: &str) {
    eprintln!("soak: {text}");
}

impl Load<'_> {
    fn is_over(&self) -> bool {
        let time = self.start.elapsed();
        let enough = self.queries.load(Ordering::Relaxed) >= self.bounds.queries
            && self.connects.load(Ordering::Relaxed) >= self.bounds.connects;
        self.stop.is_set() || time >= self.bounds.time || enough && time >= self.bounds.least
    }

    fn work(&self) -> Done {
        let mut done = Done::default();
        let result = catch_unwind(AssertUnwindSafe(|| {
            while !self.is_over() {
                self.ticket(&mut done)?;
            }
            Ok::<_, String>(())
        }));
        match result {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => self.stop.fail(failure),
            Err(_) => self.stop.fail("a thread panicked".into()),
        }
        done
    }

    fn ticket(&self, done: &mut Done) -> std::result::Result<(), String> {
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        let mut source = self.source(ticket);
        // Again and again on a new connection, as long as what went wrong is the disturbance's doing.
        loop {
            match self.once(source, ticket) {
                Ok(right) => {
                    self.queries.fetch_add(right.queries, Ordering::Relaxed);
                    done.queries += right.queries;
                    done.ledger += right.ledger;
                    if matches!(source, Source::New | Source::NewOfHosts) {
                        self.connects.fetch_add(1, Ordering::Relaxed);
                        done.connects += 1;
                    }
                    return Ok(());
                }
                Err(Trouble::Lost { form, .. }) => {
                    *done.excused.entry(form).or_default() += 1;
                    done.repeated += 1;
                }
                Err(Trouble::Wrong(text)) => {
                    return Err(format!("ticket {ticket}, {source:?}: {text}"));
                }
            }
            // Not where the time is over: a lost COMMIT would stay unknown.
            if self.stop.has_failed() {
                return Ok(());
            }
            thread::sleep(PAUSE);
            source = Source::New;
        }
    }

    /// Connects are spread over the queries.
    fn source(&self, ticket: u64) -> Source {
        let made = self.connects.load(Ordering::Relaxed);
        let asked = self.queries.load(Ordering::Relaxed);
        let Bounds { queries, connects, .. } = self.bounds;
        if u128::from(made) * u128::from(*queries) <= u128::from(asked) * u128::from(*connects) {
            return if ticket.is_multiple_of(2) { Source::New } else { Source::NewOfHosts };
        }
        // Not in step with what the ticket is for.
        if mix(!ticket).is_multiple_of(4) { Source::R2d2 } else { Source::Pool }
    }

    fn once(&self, source: Source, ticket: u64) -> std::result::Result<statements::Done, Trouble> {
        let mark = self.disturbed.mark();
        let excused = |trouble, id| match trouble {
            Trouble::Lost { text, .. } if !self.disturbed.excuses(mark, id) => {
                Trouble::Wrong(format!("connection {id:?}, which nobody disturbed: {text}"))
            }
            trouble => trouble,
        };
        let mut taken = self.connections.take(source).map_err(|trouble| excused(trouble, None))?;
        let conn = taken.conn();
        let id = conn.connection_id();
        statements::run(conn, ticket, self.data).map_err(|trouble| excused(trouble, Some(id)))
    }

    /// Tells how it goes, and ends the process if it does not.
    fn watch(&self) {
        let (mut last, mut since, mut told) = (0, Instant::now(), Instant::now());
        while !self.is_over() {
            thread::sleep(Duration::from_millis(100));
            let queries = self.queries.load(Ordering::Relaxed);
            if queries != last {
                (last, since) = (queries, Instant::now());
            }
            if since.elapsed() > STUCK {
                say(&format!("nothing was done for {STUCK:?}: something hangs"));
                std::process::exit(1);
            }
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                self.tell(queries);
            }
        }
        self.stop.set.store(true, Ordering::SeqCst);
    }

    fn tell(&self, queries: u64) {
        let seconds = self.start.elapsed().as_secs();
        let connects = self.connects.load(Ordering::Relaxed);
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (kills, rotations) = (count(&self.disturbed.kills), count(&self.disturbed.rotations));
        let restarts = count(&self.disturbed.restarts);
        if let Ok(held) = Held::now() {
            say(&format!(
                "{seconds} s: {queries} queries, {connects} connects, {kills} kills, {rotations} \
                 rotations, {restarts} restarts; {held}"
            ));
        }
    }
}

impl Done {
    fn add(&mut self, other: Done) {
        self.queries += other.queries;
        self.connects += other.connects;
        self.repeated += other.repeated;
        self.ledger += other.ledger;
        for (form, count) in other.excused {
            *self.excused.entry(form).or_default() += count;
        }
    }
}
