//! A TCP proxy that passes everything on later, as a distant server's network would.
//!
//! What arrives together leaves together, in order; the throughput is not throttled. A chunk that
//! arrives meanwhile has its own time.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// What one read takes at most.
const CHUNK: usize = 256 << 10;

/// Passes connections on until the process ends.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    /// Of each connection that has ended.
    flights: Arc<Mutex<Vec<usize>>>,
}

impl Proxy {
    /// To a port of loopback, from a port that the system chooses.
    pub fn start(target: u16, delay: Duration) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let flights = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::clone(&flights);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let ended = Arc::clone(&ended);
                thread::spawn(move || {
                    let flights = pass_on(&client, target, delay).unwrap_or_default();
                    if let Ok(mut ended) = ended.lock() {
                        ended.push(flights);
                    }
                });
            }
        });
        Ok(Proxy { port, flights })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// How often the client spoke after the server had, on each connection that has ended.
    pub fn take_flights(&self) -> Vec<usize> {
        self.flights.lock().map(|mut flights| std::mem::take(&mut *flights)).unwrap_or_default()
    }
}

/// Counts the client's flights: those bytes that it sent after it got an answer.
#[derive(Debug, Default)]
struct Flights {
    answered: AtomicBool,
    count: AtomicUsize,
}

fn pass_on(client: &TcpStream, target: u16, delay: Duration) -> Result<usize> {
    let server = TcpStream::connect(("127.0.0.1", target))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let flights = Flights::default();
    let from_client = || {
        if flights.answered.swap(false, Ordering::Relaxed) {
            flights.count.fetch_add(1, Ordering::Relaxed);
        }
    };
    let to_client = || flights.answered.store(true, Ordering::Relaxed);
    let (requests, due_requests) = mpsc::channel();
    let (answers, due_answers) = mpsc::channel();
    let server = &server;
    thread::scope(|scope| {
        scope.spawn(move || receive(client, &requests, delay, from_client));
        scope.spawn(move || receive(server, &answers, delay, || {}));
        scope.spawn(move || deliver(server, &due_requests, || {}));
        deliver(client, &due_answers, to_client);
    });
    Ok(flights.count.load(Ordering::Relaxed))
}

/// Bytes, and when they are to leave; none at the end of the stream.
type Late = (Instant, Vec<u8>);

fn receive(from: &TcpStream, queue: &Sender<Late>, delay: Duration, arrived: impl Fn()) {
    let mut from = from;
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        if read > 0 {
            arrived();
        }
        let bytes = buffer.get(..read).unwrap_or_default().to_vec();
        if queue.send((Instant::now() + delay, bytes)).is_err() || read == 0 {
            return;
        }
    }
}

fn deliver(to: &TcpStream, queue: &Receiver<Late>, left: impl Fn()) {
    // The kernel's default would let a sleep last 50 us longer.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
    let mut to = to;
    for (due, bytes) in queue {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        left();
        if bytes.is_empty() || to.write_all(&bytes).is_err() {
            let _ = to.shutdown(Shutdown::Write);
            return;
        }
    }
}
