//! Opening the connection: each address in turn, each with its share of the time left.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::io::Errno;
use socket2::{Domain, SockAddr, Socket, TcpKeepalive, Type};

use super::deadline::{Deadline, driver_gone, is_driver_gone};
use super::resolve::{LookUp, resolve};
use super::{Address, Target, TcpOptions};
use crate::error::{Attempt, ConnectError, ConnectErrorKind, Error, IoErrorKind, Result, Step};
use crate::text::{list, peer_text};

/// A non-blocking socket that is connected to the server, and the address that answered.
pub(super) fn dial(
    target: &Target,
    look_up: LookUp,
    deadline: &Deadline,
) -> Result<(Socket, String)> {
    match &target.address {
        Address::Unix(path) => dial_socket(path, deadline),
        Address::Tcp { host, port } => {
            let mut addresses = resolve(host, *port, look_up, deadline)?;
            target.balance.order(&mut addresses);
            dial_each(&addresses, target, deadline)
        }
    }
}

fn dial_each(
    addresses: &[SocketAddr],
    target: &Target,
    deadline: &Deadline,
) -> Result<(Socket, String)> {
    let mut attempts = Vec::new();
    let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let mut timed_out = 0;
    for address in addresses {
        let share = deadline.remaining(Step::Dial)? / left.max(1);
        left = left.saturating_sub(1);
        match dial_one(address, target, deadline, Instant::now() + share) {
            Ok(socket) => return Ok((socket, address.to_string())),
            Err(error) if is_driver_gone(&error) => return Err(driver_gone()),
            Err(error) if is_out_of_descriptors(&error) => return Err(out_of_descriptors(error)),
            Err(error) => {
                timed_out += usize::from(error.kind() == io::ErrorKind::TimedOut);
                attempts.push((address.to_string(), error));
            }
        }
    }
    if timed_out > 0 && timed_out == attempts.len() {
        return Err(deadline.missed(Step::Dial));
    }
    Err(unreachable(
        deadline.server(),
        attempts,
        "check host and port, that the server runs, and firewalls",
    ))
}

fn dial_one(
    address: &SocketAddr,
    target: &Target,
    deadline: &Deadline,
    until: Instant,
) -> io::Result<Socket> {
    let socket = open(Domain::for_address(*address))?;
    set_options(&socket, &target.tcp)?;
    if let Some(bind) = target.bind_address {
        if bind.is_ipv4() != address.is_ipv4() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "bind-address is of the other IP version",
            ));
        }
        socket.bind(&bind.into())?;
    }
    connect(&socket, &(*address).into(), deadline, until)?;
    Ok(socket)
}

/// Non-blocking; where the system has it, from the start.
fn open(domain: Domain) -> io::Result<Socket> {
    #[cfg(target_os = "linux")]
    return Socket::new(domain, Type::STREAM.nonblocking(), None);
    #[cfg(not(target_os = "linux"))]
    {
        let socket = Socket::new(domain, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    }
}

fn connect(
    socket: &Socket,
    address: &SockAddr,
    deadline: &Deadline,
    until: Instant,
) -> io::Result<()> {
    const RETRY: Duration = Duration::from_millis(5);
    loop {
        match socket.connect(address) {
            Ok(()) => return Ok(()),
            Err(error)
                if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) =>
            {
                break;
            }
            // A Unix socket whose queue is full; nothing tells when there is room.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < until => {
                std::thread::sleep(RETRY);
            }
            Err(error) => return Err(error),
        }
    }
    if !deadline.wait_at_most(socket, PollFlags::OUT, until)? {
        return Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"));
    }
    socket.take_error()?.map_or(Ok(()), Err)
}

fn set_options(socket: &Socket, options: &TcpOptions) -> io::Result<()> {
    socket.set_tcp_nodelay(options.nodelay)?;
    if let Some(idle) = options.keepalive {
        let mut keepalive = TcpKeepalive::new().with_time(idle);
        if let Some(interval) = options.keepalive_interval {
            keepalive = keepalive.with_interval(interval);
        }
        if let Some(probes) = options.keepalive_probes {
            keepalive = keepalive.with_retries(probes);
        }
        socket.set_tcp_keepalive(&keepalive)?;
    }
    options.user_timeout.map_or(Ok(()), |timeout| set_user_timeout(socket, timeout))
}

#[cfg(target_os = "linux")]
fn set_user_timeout(socket: &Socket, timeout: Duration) -> io::Result<()> {
    socket.set_tcp_user_timeout(Some(timeout))
}

/// Not reached: `build()` refuses the option.
#[cfg(not(target_os = "linux"))]
fn set_user_timeout(_: &Socket, _: Duration) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn dial_socket(path: &Path, deadline: &Deadline) -> Result<(Socket, String)> {
    let shown = peer_text(path.as_os_str().as_encoded_bytes());
    let until = deadline.at();
    let socket = SockAddr::unix(path).and_then(|address| {
        let socket = open(Domain::UNIX)?;
        connect(&socket, &address, deadline, until)?;
        Ok(socket)
    });
    match socket {
        Ok(socket) => Ok((socket, shown)),
        Err(error) if is_driver_gone(&error) => Err(driver_gone()),
        Err(error) if is_out_of_descriptors(&error) => Err(out_of_descriptors(error)),
        Err(error) => Err(unreachable(
            deadline.server(),
            vec![(shown, error)],
            "check the path of socket, and that the server runs",
        )),
    }
}

/// Whether this process or the system has too many files open: no other address would help.
pub(super) fn is_out_of_descriptors(error: &io::Error) -> bool {
    let limits = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
    error.raw_os_error().is_some_and(|number| limits.contains(&number))
}

pub(super) fn out_of_descriptors(error: io::Error) -> Error {
    Error::io(
        IoErrorKind::Local,
        "no socket could be opened; close connections, or raise the limit of open files",
        error,
    )
}

fn unreachable(server: &str, failures: Vec<(String, io::Error)>, advice: &str) -> Error {
    let attempts: Vec<Attempt> = failures
        .iter()
        .map(|(address, error)| Attempt { address: address.clone(), reason: error.to_string() })
        .collect();
    let told: Vec<String> = attempts
        .iter()
        .map(|attempt| format!("{} ({})", attempt.address, attempt.reason))
        .collect();
    let error = ConnectError::new(
        ConnectErrorKind::Unreachable,
        format!("no connection to {server}, tried {}; {advice}", list(&told)),
        attempts,
    );
    match failures.into_iter().next_back() {
        Some((_, cause)) => error.because(cause).into(),
        None => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn target() -> Target {
        Target {
            address: Address::Tcp { host: "db".to_owned(), port: 3306 },
            bind_address: None,
            tcp: TcpOptions {
                nodelay: true,
                keepalive: Some(Duration::from_secs(7)),
                keepalive_interval: Some(Duration::from_secs(3)),
                keepalive_probes: Some(2),
                user_timeout: cfg!(target_os = "linux").then(|| Duration::from_millis(1500)),
            },
            balance: crate::load_balance::LoadBalance::Sequential,
        }
    }

    /// A listener whose queue is full: the next connect to it gets no answer.
    fn silent() -> (Socket, Vec<Socket>, SocketAddr) {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let queued = (0..4)
            .map(|_| {
                let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
                socket.set_nonblocking(true).unwrap();
                let _ = socket.connect(&address);
                socket
            })
            .collect();
        (listener, queued, address.as_socket().unwrap())
    }

    #[test]
    fn an_address_that_is_silent_or_refuses_leaves_time_for_the_next() {
        let (_listener, _queued, silent) = silent();
        let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let good = TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = [silent, refused, good.local_addr().unwrap()];
        let start = Instant::now();
        let deadline = Deadline::start(Duration::from_secs(6), "db:3306".into());
        let mut target = target();
        target.tcp.user_timeout = None; // it would end the wait for the silent one
        let (_, answered) = dial_each(&addresses, &target, &deadline).unwrap();
        assert_eq!(answered, good.local_addr().unwrap().to_string());
        // A third of the time was the silent one's share; the rest was left.
        assert!(start.elapsed() >= Duration::from_millis(1900), "{:?}", start.elapsed());
    }

    #[test]
    fn every_attempt_is_told() {
        let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let deadline = Deadline::start(Duration::from_secs(5), "db:3306".into());
        let error = dial_each(&[refused, refused], &target(), &deadline).unwrap_err();
        let Error::Connect(error) = error else { panic!("{error}") };
        assert_eq!(error.kind(), ConnectErrorKind::Unreachable);
        let tried: Vec<&str> = error.attempts().iter().map(Attempt::address).collect();
        assert_eq!(tried, [refused.to_string(), refused.to_string()]);
    }

    #[test]
    fn the_options_reach_the_socket() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut target = target();
        target.bind_address = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        let deadline = Deadline::start(Duration::from_secs(5), "db:3306".into());
        let address = server.local_addr().unwrap();
        let socket = dial_one(&address, &target, &deadline, deadline.at()).unwrap();
        assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(7));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(3));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 2);
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_millis(1500)));
        assert_eq!(
            socket.local_addr().unwrap().as_socket_ipv4().unwrap().ip(),
            &std::net::Ipv4Addr::LOCALHOST
        );
    }
}
