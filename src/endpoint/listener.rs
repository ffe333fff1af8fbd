//! The socket of an endpoint: where it may lie, and who may come in.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use super::options::{EndpointOptions, Place};
use crate::error::{ConfigErrorKind, Error, IoErrorKind, Result};
use crate::relay::{PrivateDir, only_ours_and_roots};

/// The longest path that fits into a Unix socket's address.
pub(super) const PATH_LIMIT: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The name in a private directory; what begins with `w` is removed with the directory.
const NAME: &str = "w-endpoint";

/// A listening socket, and how it is taken away again.
#[derive(Debug)]
pub(super) enum Listener {
    Private { listener: UnixListener, dir: PrivateDir },
    Path { listener: UnixListener, path: PathBuf, identity: (u64, u64), uids: Vec<u32>, owner: u32 },
    Tcp { listener: TcpListener, address: SocketAddr },
}

/// Who knocked.
pub(super) enum Accepted {
    /// Somebody who may come in, and how he is called.
    In(Socket, String),
    /// Somebody who may not, by his uid.
    Stranger(Socket, u32),
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
                Ok(Listener::Private { listener, dir })
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

    /// The path by which this process itself reaches it whatever becomes of the directories; `None`
    /// on TCP.
    #[cfg(feature = "mysql")]
    pub(super) fn own_path(&self) -> Option<PathBuf> {
        match self {
            Listener::Private { dir, .. } => Some(dir.socket_path(NAME)),
            other => other.path(),
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
            // The directory lets nobody else in, so this is for root alone.
            Listener::Private { listener, .. } => {
                listener.accept().and_then(|(stream, _)| admit(stream, |uid| uid == own_uid()))
            }
            Listener::Path { listener, uids, .. } => listener.accept().and_then(|(stream, _)| {
                let own = |uid| uid == own_uid() && !stands_for_others(uid);
                admit(stream, |uid| own(uid) || uids.contains(&uid))
            }),
            Listener::Tcp { listener, .. } => listener.accept().and_then(|(stream, peer)| {
                // Fails where the peer is gone already.
                let _ = stream.set_nodelay(true);
                stream.set_nonblocking(true)?;
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

    /// Takes the socket away, so that nobody finds it and another can have its place. Whoever waits
    /// for it is woken.
    pub(super) fn close(&self) {
        match self {
            Listener::Private { listener, dir, .. } => {
                dir.clear();
                deafen(listener);
            }
            // Not in the child of a fork, and not what somebody else has put there since: as long as
            // the listener is open, nobody else has its number.
            Listener::Path { listener, path, identity, owner, .. } => {
                if std::process::id() == *owner {
                    if identity_of(path).is_ok_and(|there| there == *identity) {
                        let _ = std::fs::remove_file(path);
                    }
                    deafen(listener);
                }
            }
            Listener::Tcp { listener, .. } => deafen(listener),
        }
    }
}

/// Ends listening for everybody who has this socket, the child of a fork included; some systems only
/// do so when the last of them closes it.
fn deafen(listener: &impl AsFd) {
    let _ = SockRef::from(&listener.as_fd()).shutdown(Shutdown::Both);
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
        self.close();
    }
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn admit(stream: UnixStream, may_come_in: impl Fn(u32) -> bool) -> io::Result<Accepted> {
    // Whoever cannot be told is gone.
    let Some(uid) = peer_uid(&stream) else { return Ok(Accepted::Nobody) };
    stream.set_nonblocking(true)?;
    Ok(if may_come_in(uid) {
        Accepted::In(stream.into(), format!("uid {uid}"))
    } else {
        Accepted::Stranger(stream.into(), uid)
    })
}

#[cfg(target_os = "linux")]
fn peer_uid(stream: &UnixStream) -> Option<u32> {
    rustix::net::sockopt::socket_peercred(stream).ok().map(|peer| peer.uid.as_raw())
}

#[cfg(target_vendor = "apple")]
fn peer_uid(stream: &UnixStream) -> Option<u32> {
    nix::unistd::getpeereid(stream).ok().map(|(uid, _)| uid.as_raw())
}

/// Whether this number may stand for any user whom a container does not know.
#[cfg(target_os = "linux")]
fn stands_for_others(uid: u32) -> bool {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let overflow = read("/proc/sys/kernel/overflowuid").trim().parse().unwrap_or(65534);
    uid == overflow && !maps_everybody(&read("/proc/self/uid_map"))
}

#[cfg(not(target_os = "linux"))]
fn stands_for_others(_: u32) -> bool {
    false
}

/// Whether the user namespace knows every user, as the first one does. Source: user_namespaces(7).
#[cfg(target_os = "linux")]
fn maps_everybody(uid_map: &str) -> bool {
    uid_map.split_ascii_whitespace().eq(["0", "0", "4294967295"])
}

fn at_path(path: &Path, options: &EndpointOptions) -> Result<Listener> {
    // What is relative changes its meaning with the working directory.
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let path = absolute.as_path();
    let bytes = path.as_os_str().as_encoded_bytes();
    let in_range = (1..=PATH_LIMIT).contains(&bytes.len());
    if !in_range || bytes.contains(&0) || path.to_str().is_none() {
        return Err(refused(format!(
            "the endpoint's socket: {} is no path for a Unix socket, which has from 1 to \
             {PATH_LIMIT} bytes of UTF-8 text",
            path.display()
        )));
    }
    if !options.shared_directory {
        check_directory(path)?;
    }
    if stands_for_others(own_uid()) && !options.uids.contains(&own_uid()) {
        return Err(ambiguous_user(own_uid()));
    }
    let _alone = alone_in(directory_of(path), path)?;
    make_room(path)?;
    let failed = |error| {
        let shown = path.display();
        local(&format!("the endpoint's socket {shown} could not be made"), error)
    };
    let listener = UnixListener::bind(path).map_err(failed)?;
    let identity = identity_of(path).map_err(failed)?;
    // From here on it is taken away again if something fails.
    let made = Listener::Path {
        listener,
        path: path.to_owned(),
        identity,
        uids: options.uids.clone(),
        owner: std::process::id(),
    };
    // Others have to be able to reach it, where some are let in; who they are is looked at then.
    let mode = if options.uids.is_empty() { 0o600 } else { 0o666 };
    set_mode(path, Mode::from_raw_mode(mode)).map_err(failed)?;
    nonblocking(SockRef::from(&made.as_fd()).set_nonblocking(true))?;
    Ok(made)
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Keeps other processes that do the same from taking a new socket for an old one, until it is
/// dropped.
fn alone_in(directory: &Path, path: &Path) -> Result<Option<OwnedFd>> {
    const PATIENCE: Duration = Duration::from_secs(2);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = match rustix::fs::open(directory, flags, Mode::empty()) {
        Ok(directory) => directory,
        // One may make files where one must not look around.
        Err(Errno::ACCESS) => return Ok(None),
        Err(error) => return Err(local(&unusable(directory), error.into())),
    };
    let until = Instant::now() + PATIENCE;
    loop {
        match rustix::fs::flock(&directory, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Some(directory)),
            Err(Errno::WOULDBLOCK) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(Errno::WOULDBLOCK) => {
                return Err(refused(format!(
                    "the endpoint's socket: another process holds a lock on the directory of {}; \
                     choose another directory",
                    path.display()
                )));
            }
            // Some file systems have no locks.
            Err(_) => return Ok(None),
        }
    }
}

fn unusable(directory: &Path) -> String {
    format!("the directory of the endpoint's socket, {}, cannot be used", directory.display())
}

fn ambiguous_user(uid: u32) -> Error {
    refused(format!(
        "this process runs as user {uid}, which also stands for every user that this container does \
         not know; run it as another user, or let it in by allow_uid (--allow-uid {uid}) with a path"
    ))
}

/// Which file it is.
fn identity_of(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::symlink_metadata(path).map(|there| (there.dev(), there.ino()))
}

/// Sets the mode of the socket at the path, and of nothing else: in a shared directory somebody may
/// have put a link to another file of ours in its place.
#[cfg(target_os = "linux")]
fn set_mode(path: &Path, mode: Mode) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    use rustix::fs::FileType;

    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty())?;
    let there = rustix::fs::fstat(&file)?;
    if FileType::from_raw_mode(there.st_mode) != FileType::Socket {
        return Err(io::Error::other("somebody put something else in its place"));
    }
    let file = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::chmodat(CWD, file, mode, AtFlags::empty())?)
}

#[cfg(not(target_os = "linux"))]
fn set_mode(path: &Path, mode: Mode) -> io::Result<()> {
    Ok(rustix::fs::chmodat(CWD, path, mode, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Whoever can write to the directory, or change the way to it, can put a socket of his own in the
/// place of ours.
fn check_directory(path: &Path) -> Result<()> {
    const OTHERS_WRITE: u32 = 0o022;
    let parent = directory_of(path);
    let metadata = std::fs::metadata(parent).map_err(|error| local(&unusable(parent), error))?;
    let way = only_ours_and_roots(parent).map_err(|error| error.to_string());
    let why = match way {
        _ if metadata.mode() & OTHERS_WRITE != 0 => {
            format!("others can write to {}", parent.display())
        }
        Err(why) => why,
        Ok(()) => return Ok(()),
    };
    Err(refused(format!(
        "the endpoint's socket: {why}, and so put a socket of theirs in its place; use a directory of \
         your own, or say shared_directory (--shared-directory)"
    )))
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
    match knock(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(local(&format!("the old socket {shown} cannot be removed"), error))
                }
                _ => Ok(()),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => Err(refused(format!(
            "the endpoint's socket: somebody listens on {shown}; stop that process or choose another \
             path"
        ))),
    }
}

/// Connects without waiting: a process that hangs has a queue that is full, but it is there.
fn knock(path: &Path) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)
}

fn on_loopback(address: SocketAddr) -> Result<Listener> {
    let made =
        TcpListener::bind(address).and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) = made.map_err(|error| {
        local(&format!("{address} cannot be listened on; choose another port, or 0"), error)
    })?;
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
