//! The listener: a thread that accepts, a thread per connection, and the records of them all.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::channel::Channel;
use super::play::play;
use super::record::{Ended, Record};
use super::refusing::RefusingPort;
use super::script::ServerScript;

/// Connections beyond this many at a time are closed at once.
const MOST_CONNECTIONS: usize = 64;
const ACCEPT_PAUSE: Duration = Duration::from_millis(1);

/// A server that plays a [`ServerScript`] with each client and records what it saw. When dropped
/// it closes every connection and ends every thread.
pub struct ScriptedServer {
    shared: Arc<Shared>,
    address: Address,
    acceptor: Option<JoinHandle<()>>,
}

enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl ScriptedServer {
    /// Listens on 127.0.0.1 and plays the same script with every connection.
    pub fn start(script: ServerScript) -> Self {
        Self::start_with([script])
    }

    /// Listens on 127.0.0.1 and plays each script once, in order, and then always the last.
    pub fn start_with(scripts: impl IntoIterator<Item = ServerScript>) -> Self {
        Self::start_on("127.0.0.1:0", scripts).expect("a port on 127.0.0.1")
    }

    /// Listens on another address, for example `[::1]:0`, which a machine may lack.
    pub fn start_on(
        address: &str,
        scripts: impl IntoIterator<Item = ServerScript>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = Address::Tcp(listener.local_addr()?);
        Self::run(Listener::Tcp(listener), address, scripts)
    }

    /// Listens on a port that has refused connections until now.
    pub fn start_at(port: RefusingPort, scripts: impl IntoIterator<Item = ServerScript>) -> Self {
        let listener = port.listen();
        let address = Address::Tcp(listener.local_addr().expect("its address"));
        Self::run(Listener::Tcp(listener), address, scripts).expect("a thread")
    }

    /// Listens on a Unix socket, which is removed when the server is dropped.
    pub fn start_unix(
        path: impl Into<PathBuf>,
        scripts: impl IntoIterator<Item = ServerScript>,
    ) -> Self {
        let path = path.into();
        let listener = UnixListener::bind(&path).expect("a Unix socket at this path");
        Self::run(Listener::Unix(listener), Address::Unix(path), scripts).expect("a thread")
    }

    fn run(
        listener: Listener,
        address: Address,
        scripts: impl IntoIterator<Item = ServerScript>,
    ) -> io::Result<Self> {
        listener.set_nonblocking()?;
        let shared = Arc::new(Shared::default());
        shared.lock().scripts = scripts.into_iter().collect();
        let acceptor = {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name("scripted-accept".into())
                .spawn(move || accept_all(&listener, &shared))?
        };
        Ok(Self { shared, address, acceptor: Some(acceptor) })
    }

    /// The TCP port; panics on a Unix socket.
    pub fn port(&self) -> u16 {
        self.address().port()
    }

    /// The TCP address; panics on a Unix socket.
    pub fn address(&self) -> SocketAddr {
        match &self.address {
            Address::Tcp(address) => *address,
            Address::Unix(path) => panic!("{} is no TCP address", path.display()),
        }
    }

    /// The path of the Unix socket; panics on TCP.
    pub fn path(&self) -> &Path {
        match &self.address {
            Address::Unix(path) => path,
            Address::Tcp(address) => panic!("{address} is no Unix socket"),
        }
    }

    /// From now on plays this script with new connections. Share a
    /// [`SessionStore`](super::SessionStore) to keep the TLS sessions.
    pub fn set_script(&self, script: ServerScript) {
        let mut state = self.shared.lock();
        state.scripts = vec![script];
        state.scripts_used = 0;
    }

    /// How many connections came so far.
    pub fn connections(&self) -> usize {
        self.shared.lock().records.len()
    }

    /// The records so far, of open connections too.
    pub fn records(&self) -> Vec<Record> {
        self.shared.lock().records.clone()
    }

    /// The record of connection `number` once it has ended; panics if it does not in time.
    pub fn wait_record(&self, number: usize, timeout: Duration) -> Record {
        self.wait_until(number, timeout, |record| record.ended.is_some())
    }

    /// The record of connection `number` once `done` says so; panics if it does not in time.
    pub fn wait_until(
        &self,
        number: usize,
        timeout: Duration,
        done: impl Fn(&Record) -> bool,
    ) -> Record {
        let deadline = Instant::now() + timeout;
        let mut state = self.shared.lock();
        loop {
            match state.records.get(number) {
                Some(record) if done(record) => return record.clone(),
                seen if Instant::now() >= deadline => {
                    panic!("connection {number} after {timeout:?}: {seen:#?}")
                }
                _ => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            state = self.shared.changed.wait_timeout(state, left).expect("records").0;
        }
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.shared.stop();
        if let Some(acceptor) = self.acceptor.take() {
            // A panic of a connection's thread comes out here; it must not hide the test's own.
            if acceptor.join().is_err() && !thread::panicking() {
                panic!("a thread of the scripted server panicked");
            }
        }
        if let Address::Unix(path) = &self.address {
            // A test may have removed it already.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// What the server, its acceptor and its connections share.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Signals every change of a record, and the stop.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    records: Vec<Record>,
    scripts: Vec<ServerScript>,
    scripts_used: usize,
    /// The open connections by number, for the stop.
    open: Vec<(usize, Socket)>,
    stopped: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics while it holds the records")
    }

    pub(super) fn update(&self, number: usize, change: impl FnOnce(&mut Record)) {
        change(&mut self.lock().records[number]);
        self.changed.notify_all();
    }

    pub(super) fn stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Sleeps, but not beyond the stop; true if the server still runs.
    pub(super) fn sleep(&self, pause: Duration) -> bool {
        let state = self.lock();
        let running = |state: &mut State| !state.stopped;
        let (state, _) = self.changed.wait_timeout_while(state, pause, running).expect("records");
        !state.stopped
    }

    /// Forgets the stop's handle on a socket, so that dropping the other one closes it.
    pub(super) fn forget_socket(&self, number: usize) {
        self.lock().open.retain(|(open, _)| *open != number);
    }

    fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        for (_, socket) in &state.open {
            // Fails only where the peer was faster.
            let _ = socket.shutdown(Shutdown::Both);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Makes the record of a new connection and picks its script.
    fn admit(&self, socket: &Socket) -> Option<(usize, ServerScript)> {
        let mut state = self.lock();
        if state.stopped || state.open.len() >= MOST_CONNECTIONS {
            return None;
        }
        let handle = socket.try_clone().ok()?;
        let number = state.records.len();
        let script = state.scripts.get(state.scripts_used).or(state.scripts.last())?.clone();
        state.scripts_used += 1;
        state.records.push(Record { number, ..Record::default() });
        state.open.push((number, handle));
        drop(state);
        self.changed.notify_all();
        Some((number, script))
    }
}

fn accept_all(listener: &Listener, shared: &Arc<Shared>) {
    let mut workers: Vec<JoinHandle<()>> = Vec::new();
    while !shared.stopped() {
        let Ok(socket) = listener.accept() else {
            // Nobody there yet.
            thread::sleep(ACCEPT_PAUSE);
            continue;
        };
        let Some((number, script)) = shared.admit(&socket) else {
            continue;
        };
        let for_worker = Arc::clone(shared);
        workers.push(
            thread::Builder::new()
                .name(format!("scripted-{number}"))
                .spawn(move || serve(socket, for_worker, number, &script))
                .expect("a thread"),
        );
    }
    let panicked = workers.into_iter().map(JoinHandle::join).filter(Result::is_err).count();
    assert_eq!(panicked, 0, "connections of the scripted server panicked");
}

fn serve(socket: Socket, shared: Arc<Shared>, number: usize, script: &ServerScript) {
    let ended = match socket.prepare(script.io_timeout) {
        Ok(()) => {
            let mut channel =
                Channel::new(socket, Arc::clone(&shared), number, script.fault.clone());
            play(&mut channel, script)
        }
        Err(error) => Ended::Protocol(error.to_string()),
    };
    shared.forget_socket(number);
    shared.update(number, |record| record.ended = Some(ended));
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// So that the acceptor notices the stop whatever became of the address.
    fn set_nonblocking(&self) -> io::Result<()> {
        match self {
            Listener::Tcp(listener) => listener.set_nonblocking(true),
            Listener::Unix(listener) => listener.set_nonblocking(true),
        }
    }

    fn accept(&self) -> io::Result<Socket> {
        match self {
            Listener::Tcp(listener) => listener.accept().map(|(stream, _)| Socket::Tcp(stream)),
            Listener::Unix(listener) => listener.accept().map(|(stream, _)| Socket::Unix(stream)),
        }
    }
}

/// One end of a connection, TCP or Unix.
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    fn prepare(&self, timeout: Duration) -> io::Result<()> {
        let timeout = Some(timeout);
        match self {
            Socket::Tcp(stream) => {
                // On some systems an accepted socket is as non-blocking as its listener.
                stream.set_nonblocking(false)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(timeout)?;
                stream.set_write_timeout(timeout)
            }
            Socket::Unix(stream) => {
                stream.set_nonblocking(false)?;
                stream.set_read_timeout(timeout)?;
                stream.set_write_timeout(timeout)
            }
        }
    }

    fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Socket::Tcp(stream) => Socket::Tcp(stream.try_clone()?),
            Socket::Unix(stream) => Socket::Unix(stream.try_clone()?),
        })
    }

    pub(super) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Socket::Tcp(stream) => stream.shutdown(how),
            Socket::Unix(stream) => stream.shutdown(how),
        }
    }

    /// Has the end of this socket be a reset, whatever was read.
    pub(super) fn reset_at_the_end(&self) -> io::Result<()> {
        match self {
            Socket::Tcp(stream) => SockRef::from(stream).set_linger(Some(Duration::ZERO)),
            // The kernel resets a Unix socket with unread bytes alone.
            Socket::Unix(_) => Ok(()),
        }
    }

    /// Waits until the client has sent something, and leaves it unread.
    pub(super) fn wait_unread(&self) -> io::Result<()> {
        match self {
            Socket::Tcp(stream) => stream.peek(&mut [0]).map(|_| ()),
            Socket::Unix(_) => {
                // A Unix stream cannot be peeked at.
                thread::sleep(Duration::from_millis(50));
                Ok(())
            }
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.read(buffer),
            Socket::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.write(bytes),
            Socket::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
