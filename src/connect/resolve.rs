//! Name resolution that can be abandoned.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use super::deadline::Deadline;
use super::dial::{is_out_of_descriptors, out_of_descriptors};
use super::spare_thread;
use crate::error::{ConnectError, ConnectErrorKind, Error, IoErrorKind, Result, Step};
use crate::text::peer_text;

/// Which thread looks names up. It is left behind if the look-up hangs, since getaddrinfo cannot be
/// interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookUp {
    /// The calling one: nobody waits for it longer than the deadline.
    #[cfg(feature = "mysql")]
    Here,
    /// One of its own.
    Aside,
}

/// The addresses of a host, in the resolver's order.
pub(super) fn resolve(
    host: &str,
    port: u16,
    look_up: LookUp,
    deadline: &Deadline,
) -> Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    match look_up {
        #[cfg(feature = "mysql")]
        LookUp::Here => {
            let _pending = Pending::new(host)?;
            let found = (host, port).to_socket_addrs().map(Vec::from_iter);
            deadline.remaining(Step::Resolve)?;
            judged(host, found)
        }
        LookUp::Aside => {
            let name = host.to_owned();
            aside(host, deadline, move || {
                (name.as_str(), port).to_socket_addrs().map(Vec::from_iter)
            })
        }
    }
}

/// Runs a look-up that may hang, and waits for it until the deadline.
fn aside(
    host: &str,
    deadline: &Deadline,
    look_up: impl FnOnce() -> std::io::Result<Vec<SocketAddr>> + Send + 'static,
) -> Result<Vec<SocketAddr>> {
    let pending = Pending::new(host)?;
    let (sender, receiver) = mpsc::sync_channel(1);
    spare_thread::run(move || {
        let found = look_up();
        drop(pending);
        let _ = sender.send(found);
    })
    .map_err(|error| {
        Error::io(IoErrorKind::Local, "no thread could be started to resolve a name", error)
    })?;
    loop {
        let left = deadline.remaining(Step::Resolve)?;
        return match receiver.recv_timeout(left.min(LOOK)) {
            Ok(found) => judged(host, found),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                deadline.check_driver()?;
                continue;
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(deadline.missed(Step::Resolve)),
        };
    }
}

fn judged(host: &str, found: std::io::Result<Vec<SocketAddr>>) -> Result<Vec<SocketAddr>> {
    match found {
        Ok(addresses) if addresses.is_empty() => Err(unknown(host, None)),
        Ok(addresses) => Ok(addresses),
        Err(error) if is_out_of_descriptors(&error) => Err(out_of_descriptors(error)),
        Err(error) => Err(unknown(host, Some(error))),
    }
}

/// How often it is looked whether somebody still waits for a look-up.
const LOOK: Duration = Duration::from_millis(100);

/// Counts the threads that wait for the resolver, so that one that hangs does not fill the process.
struct Pending;

static PENDING: AtomicUsize = AtomicUsize::new(0);

const PENDING_LIMIT: usize = 256;

impl Pending {
    fn new(host: &str) -> Result<Self> {
        if PENDING.fetch_add(1, Ordering::Relaxed) >= PENDING_LIMIT {
            drop(Pending);
            return Err(Error::io(
                IoErrorKind::Local,
                format!(
                    "the host name \"{host}\" is not looked up: {PENDING_LIMIT} earlier look-ups \
                     still hang; check this machine's DNS"
                ),
                std::io::Error::from(std::io::ErrorKind::ResourceBusy),
            ));
        }
        Ok(Pending)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        PENDING.fetch_sub(1, Ordering::Relaxed);
    }
}

fn unknown(host: &str, error: Option<std::io::Error>) -> Error {
    let mut message = format!("the host name \"{host}\" has no address");
    if let Some(error) = &error {
        message.push_str(&format!(" ({})", peer_text(error.to_string().as_bytes())));
    }
    message.push_str("; check its spelling and this machine's DNS");
    let ours = ConnectError::new(ConnectErrorKind::Resolve, message, Vec::new());
    match error {
        Some(error) => ours.because(error).into(),
        None => ours.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;
    use std::time::Instant;

    #[test]
    fn a_look_up_that_hangs_is_left_behind() {
        let start = Instant::now();
        let deadline = Deadline::start(Duration::from_millis(100), "db:3306".into());
        let (release, hang) = mpsc::channel::<()>();
        let error = aside("db", &deadline, move || {
            let _ = hang.recv_timeout(Duration::from_secs(10));
            Ok(Vec::new())
        })
        .unwrap_err();
        assert_eq!(error.code(), "timeout.resolve");
        assert!(start.elapsed() < Duration::from_secs(5));
        drop(release);
    }

    #[test]
    fn a_look_up_whose_driver_is_gone_is_left_behind() {
        let start = Instant::now();
        let (driver, other) = std::os::unix::net::UnixStream::pair().unwrap();
        let deadline = Deadline::start(Duration::from_secs(60), "db:3306".into())
            .while_open(Arc::new(driver.into()));
        let (release, hang) = mpsc::channel::<()>();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            drop(other);
        });
        let error = aside("db", &deadline, move || {
            let _ = hang.recv_timeout(Duration::from_secs(10));
            Ok(Vec::new())
        })
        .unwrap_err();
        assert_eq!(error.code(), "io.closed");
        assert!(start.elapsed() < Duration::from_secs(5));
        drop(release);
    }

    #[test]
    fn addresses_need_no_look_up() {
        let deadline = Deadline::start(Duration::from_secs(5), "db".into());
        for (host, address) in [("127.0.0.1", "127.0.0.1:4000"), ("::1", "[::1]:4000")] {
            let found = resolve(host, 4000, LookUp::Aside, &deadline).unwrap();
            assert_eq!(found, [address.parse().unwrap()]);
        }
    }
}
