//! How an endpoint is to listen.

use std::net::SocketAddr;
use std::path::PathBuf;

/// How many connections an endpoint carries at a time, unless told otherwise.
const CONNECTIONS: usize = 1024;

/// How an [`Endpoint`](super::Endpoint) listens, and whom it lets in.
///
/// ```no_run
/// use mysql_tls::{ConnectionBuilder, EndpointOptions, SslMode};
///
/// # fn main() -> Result<(), mysql_tls::Error> {
/// let connector = ConnectionBuilder::new("db.example.com").ssl_mode(SslMode::VerifyIdentity).build()?;
/// let endpoint = connector.endpoint_with(EndpointOptions::new().path("/run/app/db.sock"))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing until an endpoint is made with them"]
pub struct EndpointOptions {
    pub(super) place: Place,
    pub(super) shared_directory: bool,
    pub(super) uids: Vec<u32>,
    pub(super) local_users: bool,
    /// `None` for what the connector was told.
    pub(super) local_infile: Option<bool>,
    pub(super) max_connections: usize,
    /// Not the driver `mysql` in this process, whose ways are known.
    pub(super) any_driver: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Place {
    /// A Unix socket in a directory of our own.
    Private,
    /// A Unix socket where the caller wants it.
    Path(PathBuf),
    /// Loopback TCP.
    Tcp(SocketAddr),
}

impl Default for EndpointOptions {
    fn default() -> Self {
        EndpointOptions {
            place: Place::Private,
            shared_directory: false,
            uids: Vec::new(),
            local_users: false,
            local_infile: None,
            max_connections: CONNECTIONS,
            any_driver: true,
        }
    }
}

impl EndpointOptions {
    /// For the driver `mysql` in this process.
    #[cfg(feature = "mysql")]
    pub(crate) fn own_driver() -> Self {
        // Its pool has its own limit.
        EndpointOptions { any_driver: false, max_connections: usize::MAX, ..Self::default() }
    }

    /// A Unix socket in a private directory, for this user's processes.
    pub fn new() -> Self {
        Self::default()
    }

    /// A Unix socket at this path, of at most 107 bytes (103 on macOS). Defaults to one in a private directory.
    ///
    /// The directory must not be one that others can write to or replace, unless
    /// [`shared_directory`](Self::shared_directory) was said. A socket that is left there by a process
    /// of this user that is gone is replaced, one that somebody listens on is an error.
    ///
    /// The socket has the mode 0600, and with [`allow_uid`](Self::allow_uid) 0666: then who it is is
    /// looked at when he connects. Not even root is let in unless he is named.
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.place = Place::Path(path.into());
        self
    }

    /// Loopback TCP instead of a Unix socket, for programs that cannot use one; port 0 lets the
    /// system choose.
    ///
    /// **Every user of this machine can connect.** He still needs an account of the server, unless
    /// the client certificate is all that its account asks for: so this is refused together with a
    /// client certificate, unless [`allow_local_users`](Self::allow_local_users) was said.
    pub fn tcp(mut self, address: SocketAddr) -> Self {
        self.place = Place::Tcp(address);
        self
    }

    /// Takes a path in a directory that others can write to. Defaults to `false`.
    ///
    /// **Others can then put a socket of theirs in its place.**
    pub fn shared_directory(mut self, take: bool) -> Self {
        self.shared_directory = take;
        self
    }

    /// Lets the processes of this user in too. Defaults to those of this process' user alone. It may
    /// be said several times, and needs a [`path`](Self::path) that they can reach.
    pub fn allow_uid(mut self, uid: u32) -> Self {
        self.uids.push(uid);
        self
    }

    /// Lets every user of this machine use the client certificate over TCP. Defaults to `false`.
    pub fn allow_local_users(mut self, allow: bool) -> Self {
        self.local_users = allow;
        self
    }

    /// Whether `LOAD DATA LOCAL INFILE` is left to the driver. Defaults to the connector's
    /// [`local_infile`](crate::ConnectionBuilder::local_infile), which is `false` unless it was set:
    /// the capability is then taken out of both sides' handshakes, so that an honest server refuses
    /// the statement.
    ///
    /// After the login no packet is looked at: a hostile server's request for a file reaches the
    /// driver all the same, and it is the driver that must not answer it.
    pub fn local_infile(mut self, allow: bool) -> Self {
        self.local_infile = Some(allow);
        self
    }

    /// How many connections there may be at a time, at least 1; further ones get error 1040. Defaults
    /// to 1024. Each takes two descriptors, of which a process may often have no more than 1024.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }
}
