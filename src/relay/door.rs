//! The private socket through which the driver comes in.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use socket2::Socket;

use super::private_dir::PrivateDir;
use crate::connect::deadline::{Deadline, driver_gone};
use crate::error::{Error, IoErrorKind, Result, Step};

/// Where the driver has to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DriverAddress {
    /// A Unix socket: the driver takes it for secure, and it is.
    Unix(PathBuf),
    /// Loopback TCP, so that the driver knows that the connection is plaintext. `from` is the
    /// address that it has to come from.
    Tcp { to: SocketAddr, from: Option<SocketAddr> },
}

/// A listening socket for one driver at a time.
#[derive(Debug)]
pub(super) enum Door {
    Unix { listener: UnixListener, name: String, dir: Weak<PrivateDir> },
    Tcp { listener: TcpListener, from: Option<Ipv4Addr> },
}

impl Door {
    /// A socket in the private directory; it stays for the worker's life.
    pub(super) fn in_directory(
        dir: &Arc<PrivateDir>,
        name: String,
    ) -> Result<(Self, DriverAddress)> {
        let path = dir.socket_path(&name);
        let listener = dir
            .bind(&name)
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .map_err(|error| {
                let message = format!(
                    "the private socket {} could not be made ({error}); if its directory was \
                     removed, by what cleans temporary files for example, build the connector anew, \
                     and set runtime-dir to a place that is left alone",
                    dir.real_path(&name).display()
                );
                Error::io(IoErrorKind::RuntimeDir, message, error)
            })?;
        let dir = Arc::downgrade(dir);
        Ok((Door::Unix { listener, name, dir }, DriverAddress::Unix(path)))
    }

    /// A loopback listener for one connection.
    ///
    /// Any local process can connect to it; on Linux all of 127.0.0.0/8 is ours, so the driver comes
    /// from a random address and no other is let in.
    pub(super) fn on_loopback() -> Result<(Self, DriverAddress)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
        let made = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (to, listener) =
            made.map_err(|error| local("a loopback socket could not be made", error))?;
        let from = random_loopback()?;
        let address = DriverAddress::Tcp {
            to,
            from: from.map(|address| SocketAddr::V4(SocketAddrV4::new(address, 0))),
        };
        Ok((Door::Tcp { listener, from }, address))
    }

    /// Waits for the driver, as long as it may still come; strangers are turned away. The socket is
    /// non-blocking.
    pub(super) fn accept(
        &self,
        deadline: &Deadline,
        is_given_up: impl Fn() -> bool,
    ) -> Result<Socket> {
        loop {
            if is_given_up() {
                return Err(driver_gone());
            }
            if !self.knocks(deadline)? {
                continue;
            }
            let accepted = match self {
                Door::Unix { listener, .. } => {
                    listener.accept().map(|(stream, _)| (is_this_process(&stream), stream.into()))
                }
                Door::Tcp { listener, from } => listener.accept().map(|(stream, peer)| {
                    let expected = from.is_none_or(|from| peer.ip() == from);
                    (expected, stream.into())
                }),
            };
            match accepted {
                Ok((true, socket)) => {
                    let socket: Socket = socket;
                    let made = socket.set_nonblocking(true).and_then(|()| match self {
                        Door::Unix { .. } => Ok(()),
                        Door::Tcp { .. } => socket.set_tcp_nodelay(true),
                    });
                    made.map_err(|error| local("the private socket failed", error))?;
                    return Ok(socket);
                }
                Ok((false, _)) => {
                    tracing::warn!("a stranger tried to use a private socket and was turned away");
                }
                // Nobody after all.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionAborted
                    ) => {}
                Err(error) => return Err(local("the private socket failed", error)),
            }
        }
    }

    /// Waits until somebody is there, but only for a while.
    fn knocks(&self, deadline: &Deadline) -> Result<bool> {
        deadline.remaining(Step::Authentication)?;
        let until = deadline.at().min(Instant::now() + LOOK);
        let waited = match self {
            Door::Unix { listener, .. } => deadline.wait_at_most(listener, PollFlags::IN, until),
            Door::Tcp { listener, .. } => deadline.wait_at_most(listener, PollFlags::IN, until),
        };
        waited.map_err(|error| local("waiting for a socket failed", error))
    }
}

/// How often it is looked whether the driver will not come any more.
const LOOK: Duration = Duration::from_millis(200);

impl Drop for Door {
    fn drop(&mut self) {
        let Door::Unix { name, dir, .. } = self else { return };
        if let Some(dir) = dir.upgrade() {
            dir.remove(name);
        }
    }
}

fn local(message: &str, error: io::Error) -> Error {
    Error::io(IoErrorKind::Local, message, error)
}

/// An address in 127.0.0.0/8 that nobody can guess; only Linux has them all.
fn random_loopback() -> Result<Option<Ipv4Addr>> {
    if !cfg!(target_os = "linux") {
        return Ok(None);
    }
    let mut random = [0; 3];
    if crate::tls::crypto_provider().secure_random.fill(&mut random).is_err() {
        return Err(local(
            "no random number could be had",
            io::Error::other("the provider failed"),
        ));
    }
    let [x, y, z] = random;
    Ok(Some(Ipv4Addr::new(127, x, y, z % 254 + 1)))
}

#[cfg(target_os = "linux")]
fn is_this_process(stream: &std::os::unix::net::UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| {
        peer.uid == rustix::process::geteuid() && peer.pid == rustix::process::getpid()
    })
}

#[cfg(target_vendor = "apple")]
fn is_this_process(stream: &std::os::unix::net::UnixStream) -> bool {
    use nix::sys::socket::{getsockopt, sockopt::LocalPeerPid};
    let pid = getsockopt(stream, LocalPeerPid).unwrap_or(-1);
    let uid = nix::unistd::getpeereid(stream).map(|(uid, _)| uid);
    uid == Ok(nix::unistd::geteuid()) && u32::try_from(pid) == Ok(std::process::id())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn the_loopback_door_lets_only_the_expected_address_in() {
        let (door, address) = Door::on_loopback().unwrap();
        let DriverAddress::Tcp { to, from: Some(from) } = address else { panic!("{address:?}") };
        let mut stranger = std::net::TcpStream::connect(to).unwrap();
        let driver = Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        driver.bind(&from.into()).unwrap();
        driver.connect(&to.into()).unwrap();
        let deadline = Deadline::start(Duration::from_secs(5), "test".into());
        let accepted = door.accept(&deadline, || false).unwrap();
        assert_eq!(
            accepted.peer_addr().unwrap().as_socket(),
            driver.local_addr().unwrap().as_socket()
        );
        assert_eq!(stranger.read(&mut [0]).unwrap(), 0, "the stranger's connection is closed");
    }
}
