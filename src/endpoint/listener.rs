//! The socket of an endpoint: where it may lie, and who may come in.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use socket2::Socket;

use super::options::{EndpointOptions, Place};
use crate::error::{ConfigErrorKind, Error, IoErrorKind, Result};
use crate::relay::PrivateDir;

/// The name in a private directory; what begins with `w` is removed with the directory.
const NAME: &str = "w-endpoint";

/// A listening socket, and how it is taken away again.
#[derive(Debug)]
pub(super) enum Listener {
    Private { listener: UnixListener, dir: PrivateDir, uids: Vec<u32> },
    Path { listener: UnixListener, path: PathBuf, identity: (u64, u64), uids: Vec<u32>, owner: u32 },
    Tcp { listener: TcpListener, address: SocketAddr },
}

/// Who knocked.
pub(super) enum Accepted {
    /// Somebody who may come in, and how he is called.
    In(Socket, String),
    Stranger(String),
    Nobody,
}

impl Listener {
    pub(super) fn open(
        options: &EndpointOptions,
        dir: impl FnOnce() -> Result<PrivateDir>,
    ) -> Result<Self> {
        match &options.place {
            Place::Private => {
                let dir = dir()?;
                let listener =
                    dir.bind(NAME).map_err(|error| local("the socket could not be made", error))?;
                nonblocking(listener.set_nonblocking(true))?;
                Ok(Listener::Private { listener, dir, uids: options.uids.clone() })
            }
            Place::Path(path) => at_path(path, options),
            Place::Tcp(address) => on_loopback(*address),
        }
    }

    /// The path of the socket; `None` on TCP.
    pub(super) fn path(&self) -> Option<PathBuf> {
        match self {
            Listener::Private { dir, .. } => Some(dir.real_path(NAME)),
            Listener::Path { path, .. } => Some(path.clone()),
            Listener::Tcp { .. } => None,
        }
    }

    /// The address on TCP.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Listener::Tcp { address, .. } => Some(*address),
            _ => None,
        }
    }

    pub(super) fn accept(&self) -> io::Result<Accepted> {
        let accepted = match self {
            Listener::Private { listener, uids, .. } | Listener::Path { listener, uids, .. } => {
                listener.accept().map(|(stream, _)| admit(stream, uids))
            }
            Listener::Tcp { listener, .. } => listener.accept().and_then(|(stream, peer)| {
                stream.set_nodelay(true)?;
                Ok(Accepted::In(stream.into(), peer.to_string()))
            }),
        };
        match accepted {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Accepted::Nobody),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Accepted::Nobody),
            // Somebody knocked and went away.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => Ok(Accepted::Nobody),
            done => done,
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Listener::Private { listener, .. } | Listener::Path { listener, .. } => {
                listener.as_fd()
            }
            Listener::Tcp { listener, .. } => listener.as_fd(),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        match self {
            Listener::Private { dir, .. } => dir.remove(NAME),
            // Not in the child of a fork, and not what somebody else has put there since.
            Listener::Path { path, identity, owner, .. } if std::process::id() == *owner => {
                let there = std::fs::symlink_metadata(&*path);
                if there.is_ok_and(|there| (there.dev(), there.ino()) == *identity) {
                    let _ = std::fs::remove_file(path);
                }
            }
            _ => {}
        }
    }
}

fn admit(stream: UnixStream, uids: &[u32]) -> Accepted {
    let Some(uid) = peer_uid(&stream) else {
        return Accepted::Stranger("a process that cannot be told".to_owned());
    };
    let own = uid == rustix::process::geteuid().as_raw() && Some(uid) != overflow_uid();
    if own || uids.contains(&uid) {
        Accepted::In(stream.into(), format!("uid {uid}"))
    } else {
        Accepted::Stranger(format!("uid {uid}"))
    }
}

#[cfg(target_os = "linux")]
fn peer_uid(stream: &UnixStream) -> Option<u32> {
    rustix::net::sockopt::socket_peercred(stream).ok().map(|peer| peer.uid.as_raw())
}

#[cfg(target_vendor = "apple")]
fn peer_uid(stream: &UnixStream) -> Option<u32> {
    nix::unistd::getpeereid(stream).ok().map(|(uid, _)| uid.as_raw())
}

/// The number that stands for every user whom a container does not know.
fn overflow_uid() -> Option<u32> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let text = std::fs::read_to_string("/proc/sys/kernel/overflowuid");
    Some(text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(65534))
}

fn at_path(path: &Path, options: &EndpointOptions) -> Result<Listener> {
    let shown = path.display();
    if socket2::SockAddr::unix(path).is_err() || path.as_os_str().is_empty() {
        return Err(refused(format!(
            "the endpoint's socket: {shown} is no path for a Unix socket, which has at most 107 bytes"
        )));
    }
    if !options.shared_directory {
        check_directory(path)?;
    }
    make_room(path)?;
    let listener = UnixListener::bind(path)
        .map_err(|error| local("the endpoint's socket could not be made", error))?;
    // Others have to be able to reach it, where some are let in; who they are is looked at then.
    let mode = if options.uids.is_empty() { 0o600 } else { 0o666 };
    let made = std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .and_then(|()| std::fs::symlink_metadata(path));
    let metadata = made.map_err(|error| local("the endpoint's socket could not be made", error))?;
    nonblocking(listener.set_nonblocking(true))?;
    Ok(Listener::Path {
        listener,
        path: path.to_owned(),
        identity: (metadata.dev(), metadata.ino()),
        uids: options.uids.clone(),
        owner: std::process::id(),
    })
}

/// Whoever can write to the directory can put a socket of his own in the place of ours.
fn check_directory(path: &Path) -> Result<()> {
    const OTHERS_WRITE: u32 = 0o022;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let metadata = std::fs::metadata(parent).map_err(|error| {
        local(
            &format!(
                "the directory of the endpoint's socket, {}, cannot be used",
                parent.display()
            ),
            error,
        )
    })?;
    let us = rustix::process::geteuid().as_raw();
    if ![0, us].contains(&metadata.uid()) || metadata.mode() & OTHERS_WRITE != 0 {
        return Err(refused(format!(
            "the endpoint's socket: others can write to {}, and so put a socket of theirs in its \
             place; use a directory of your own, or say shared_directory",
            parent.display()
        )));
    }
    Ok(())
}

/// Removes a socket of ours that nobody listens on any more.
fn make_room(path: &Path) -> Result<()> {
    let shown = path.display();
    let there = match std::fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(local(&format!("{shown} cannot be looked at"), error)),
    };
    if !there.file_type().is_socket() || there.uid() != rustix::process::geteuid().as_raw() {
        return Err(refused(format!(
            "the endpoint's socket: {shown} exists and is no socket of this user; choose another path"
        )));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
                .map_err(|error| local(&format!("the old socket {shown} cannot be removed"), error))
        }
        _ => Err(refused(format!(
            "the endpoint's socket: somebody listens on {shown}; stop that process or choose another \
             path"
        ))),
    }
}

fn on_loopback(address: SocketAddr) -> Result<Listener> {
    if !address.ip().is_loopback() {
        return Err(refused(format!(
            "the endpoint's address: {address} is not of this machine alone; use 127.0.0.1 or ::1, \
             since what comes in there is plaintext"
        )));
    }
    let made =
        TcpListener::bind(address).and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) =
        made.map_err(|error| local(&format!("{address} cannot be listened on"), error))?;
    nonblocking(listener.set_nonblocking(true))?;
    Ok(Listener::Tcp { listener, address })
}

fn nonblocking(set: io::Result<()>) -> Result<()> {
    set.map_err(|error| local("the endpoint's socket failed", error))
}

pub(super) fn refused(message: impl Into<String>) -> Error {
    Error::config(ConfigErrorKind::Endpoint, "endpoint", message)
}

pub(super) fn local(message: &str, error: io::Error) -> Error {
    Error::io(IoErrorKind::Local, message, error)
}
