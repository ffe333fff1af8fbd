//! `Endpoint`: a socket for any driver, with this crate's TLS behind it.

mod accept;
mod listener;
mod options;
mod registry;
mod serve;
mod session;
mod state;
mod url;

use std::fmt;
use std::net::{Shutdown, SocketAddr};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use listener::{Listener, PATH_LIMIT, local, refused};
pub use options::EndpointOptions;
use options::Place;
use registry::Registry;
pub use session::EndpointSession;
use state::{Failures, State};
pub use url::UrlStyle;

use crate::connector::Connector;
use crate::error::Result;

/// How long a failure that the driver knows of may take to be known here.
#[cfg(feature = "mysql")]
const FAILURE_LIMIT: Duration = Duration::from_secs(1);

/// A socket that any MySQL driver can connect to; each connection is dialed, upgraded to TLS as the
/// connector was told to, and relayed. User, password and database are the driver's own.
///
/// The driver must be configured without TLS, which is made here. It sees a server without TLS on a
/// private socket. An error in reaching the server, or in its certificate, reaches the driver as an
/// error of MySQL's with this crate's sentence: 2003 for connecting, 2026 for TLS.
///
/// Plaintext to the server is not possible: an endpoint needs `REQUIRED` or a stronger ssl-mode.
///
/// A driver that takes the socket for insecure (sqlx on a Unix socket, every driver on TCP) asks for
/// the server's RSA key before it sends its password; it gets one of the endpoint's own, and the
/// password goes on inside TLS. That needs the feature `aws-lc-rs`.
///
/// Of the connector's options count the server, TLS, TCP, `connect-timeout`, `runtime-dir` and
/// `local-infile`. Init statements, character set, compression, read and write timeouts, connection
/// attributes and the like are the driver's own.
///
/// Dropping it stops it at once, without waiting: the socket is gone, and the connections end.
/// [`shutdown`](Self::shutdown) lets commands end, and waits.
///
/// Making and dropping one takes file operations alone, and may be done in async code; `shutdown`
/// blocks. Each connection has a thread of its own.
///
/// ```no_run
/// use mysql_tls::{ConnectionBuilder, SslMode, UrlStyle};
///
/// # fn main() -> Result<(), mysql_tls::Error> {
/// let connector = ConnectionBuilder::new("tidb.example.com")
///     .port(4000)
///     .user("app")
///     .ssl_mode(SslMode::VerifyIdentity)
///     .ssl_ca("ca.pem")
///     .ssl_cert("client.pem")
///     .ssl_key("client-key.pem")
///     .build()?;
/// let endpoint = connector.endpoint()?;
/// let url = endpoint.url(UrlStyle::Sqlx); // for sqlx::MySqlPool::connect
/// # Ok(())
/// # }
/// ```
#[doc(alias = "shim")]
#[doc(alias = "proxy")]
#[must_use = "dropping an endpoint takes its socket away"]
pub struct Endpoint {
    state: Arc<State>,
    path: Option<PathBuf>,
    address: Option<SocketAddr>,
    listener: Arc<Listener>,
    /// Shutting it down ends the thread that accepts.
    wake: Option<UnixStream>,
    accepting: Option<JoinHandle<()>>,
    /// The threads of a process do not follow into the child of a fork.
    process: u32,
}

impl Connector {
    /// An [`Endpoint`] on a Unix socket in a private directory.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) where the ssl-mode could end in plaintext;
    /// [`Error::Io`](crate::Error::Io) where the socket cannot be made.
    pub fn endpoint(&self) -> Result<Endpoint> {
        self.endpoint_with(EndpointOptions::new())
    }

    /// An [`Endpoint`] on loopback TCP, for programs that cannot use a Unix socket. **Every user of
    /// this machine can connect to it**, and once it is gone listen there himself, and be given
    /// passwords. See [`EndpointOptions::tcp`].
    ///
    /// # Errors
    ///
    /// As [`endpoint_with`](Self::endpoint_with).
    pub fn endpoint_tcp(&self, address: SocketAddr) -> Result<Endpoint> {
        self.endpoint_with(EndpointOptions::new().tcp(address))
    }

    /// An [`Endpoint`] that listens as the options say.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) where the ssl-mode could end in plaintext, the address
    /// is not of this machine alone, a client certificate would be everybody's, or the path may not
    /// be used; [`Error::Io`](crate::Error::Io) where the socket cannot be made.
    pub fn endpoint_with(&self, options: EndpointOptions) -> Result<Endpoint> {
        if !self.shared.mode.promises_tls() {
            return Err(refused(format!(
                "an endpoint carries passwords and needs TLS, which ssl-mode={} does not promise; use \
                 ssl-mode=VERIFY_IDENTITY",
                self.shared.mode
            )));
        }
        self.check_visitors(&options)?;
        let listener = Arc::new(Listener::open(&options, || self.private_dir())?);
        let path = listener.path();
        let address = listener.address();
        if path.as_ref().is_some_and(|path| path.as_os_str().len() > PATH_LIMIT) {
            return Err(refused(format!(
                "an endpoint in the private directory would have a path of more than {PATH_LIMIT} \
                 bytes, which drivers cannot connect to; set runtime-dir to a directory with a \
                 shorter path"
            )));
        }
        let state = Arc::new(State {
            connector: self.clone(),
            local_infile: options.local_infile.unwrap_or(self.shared.local_infile),
            max_connections: options.max_connections,
            any_driver: options.any_driver,
            own_key: Arc::default(),
            registry: Arc::<Registry>::default(),
            failures: Failures::default(),
        });
        let (wake, woken) = UnixStream::pair()
            .map_err(|error| local("the endpoint's own signal could not be made", error))?;
        let spare = accept::spare_descriptor();
        let (shared, knocks) = (Arc::downgrade(&state), Arc::clone(&listener));
        let accepting = thread::Builder::new()
            .name("mysql-tls-accept".to_owned())
            .spawn(move || accept::accept(&shared, &knocks, &woken, spare))
            .map_err(|error| local("no thread could be started", error))?;
        Ok(Endpoint {
            state,
            path,
            address,
            listener,
            wake: Some(wake),
            accepting: Some(accepting),
            process: std::process::id(),
        })
    }

    fn check_visitors(&self, options: &EndpointOptions) -> Result<()> {
        if options.max_connections == 0 {
            return Err(refused("max_connections of 0 lets nobody in; give at least 1"));
        }
        match &options.place {
            Place::Private | Place::Tcp(_) if options.shared_directory => {
                Err(refused("shared_directory is about a path, and there is none"))
            }
            Place::Private if !options.uids.is_empty() => Err(refused(
                "allow_uid needs a path, since nobody else can reach into a private directory",
            )),
            Place::Private | Place::Path(_) if options.local_users => Err(refused(
                "allow_local_users is about TCP, and there is none; on a path allow_uid names users",
            )),
            Place::Tcp(_) if !options.uids.is_empty() => Err(refused(
                "allow_uid needs a path, since nothing tells whose process a TCP connection is",
            )),
            Place::Tcp(address) if !address.ip().is_loopback() => Err(refused(format!(
                "the endpoint's address: {address} is not of this machine alone; use 127.0.0.1 or \
                 ::1, since what comes in there is plaintext"
            ))),
            Place::Tcp(_) if !options.local_users && self.client_identity().is_some() => {
                Err(refused(
                    "an endpoint on TCP is open to every user of this machine, and with it the client \
                     certificate, which may be all that an account asks for; use a Unix socket, or say \
                     allow_local_users (--allow-local-users)",
                ))
            }
            _ => Ok(()),
        }
    }
}

impl Endpoint {
    /// The path of the Unix socket; `None` on TCP.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The address on TCP; `None` for a Unix socket.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The sessions of the connections that are logged in now.
    #[must_use]
    pub fn sessions(&self) -> Vec<EndpointSession> {
        self.state.registry.sessions()
    }

    /// Those of them to which the server has given this connection id (`SELECT CONNECTION_ID()`).
    /// Servers behind a balancer may give the same id to several.
    #[must_use]
    pub fn sessions_by_connection_id(&self, id: u32) -> Vec<EndpointSession> {
        let mut sessions = self.sessions();
        sessions.retain(|found| found.session().claimed().connection_id() == id);
        sessions
    }

    /// Stops accepting, lets commands and logins that are under way end within `grace`, and ends all
    /// connections. Blocks until their threads are done; `false` if some were not, two seconds after
    /// the grace. In the child of a fork it does nothing, and says `false`.
    ///
    /// Packets are not looked at: a command counts as ended once the server has been silent for 50 ms
    /// after the beginning of its answer; one that has no answer (closing a prepared statement) counts
    /// as under way.
    pub fn shutdown(mut self, grace: Duration) -> bool {
        if std::process::id() != self.process {
            return false;
        }
        self.stop_accepting();
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        self.state.registry.drain(grace)
    }

    /// Keeps the endpoint for the life of the process, which leaves its socket behind when it ends, in
    /// the private directory that it lies in.
    #[expect(clippy::mem_forget, reason = "nothing of it is to end")]
    pub fn detach(mut self) {
        std::mem::forget(self.wake.take());
        std::mem::forget(Arc::clone(&self.state));
        // Dropping the handle lets the thread go on.
        self.accepting = None;
        self.process = 0;
    }

    /// The path of the Unix socket for this process alone.
    #[cfg(feature = "mysql")]
    pub(crate) fn own_path(&self) -> Option<PathBuf> {
        self.listener.own_path()
    }

    #[cfg(feature = "mysql")]
    pub(crate) fn connector(&self) -> &Connector {
        &self.state.connector
    }

    /// Why the first connection failed that did.
    #[cfg(feature = "mysql")]
    pub(crate) fn first_failure(&self) -> Option<crate::error::Error> {
        self.state.failures.first(FAILURE_LIMIT)
    }

    fn stop_accepting(&mut self) {
        if let Some(wake) = self.wake.take() {
            // Closing alone would not do where the child of a fork has it too.
            let _ = wake.shutdown(Shutdown::Both);
            // Here and now, so that the place is free and nothing stays behind when the process ends.
            self.listener.close();
        }
    }
}

impl Drop for Endpoint {
    #[expect(clippy::mem_forget, reason = "in the child of a fork the thread is the parent's")]
    fn drop(&mut self) {
        if std::process::id() == self.process {
            self.stop_accepting();
            self.state.registry.end_all();
        } else if let Some(accepting) = self.accepting.take() {
            std::mem::forget(accepting);
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("path", &self.path)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::ConnectionBuilder;
    use crate::ssl_mode::SslMode;

    /// As if the endpoint had been made in another process than this one.
    #[test]
    fn the_child_of_a_fork_ends_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let builder = ConnectionBuilder::new("localhost").ssl_mode(SslMode::Required);
        let connector = builder.build().unwrap();
        for wait in [false, true] {
            let path = dir.path().join(format!("{wait}.sock"));
            let options = EndpointOptions::new().path(&path);
            let mut endpoint = connector.endpoint_with(options).unwrap();
            endpoint.process = 0;
            // The parent's.
            let wake = endpoint.wake.as_ref().map(|wake| wake.try_clone().unwrap());
            let state = Arc::clone(&endpoint.state);
            if wait {
                assert!(!endpoint.shutdown(Duration::ZERO));
            } else {
                drop(endpoint);
            }
            UnixStream::connect(&path).unwrap();
            drop((wake, state));
        }
    }

    /// The child of a fork has every descriptor too; the parent's end must not wait for it.
    #[test]
    fn a_copy_of_the_descriptors_keeps_nothing_open() {
        let builder = ConnectionBuilder::new("localhost").ssl_mode(SslMode::Required);
        let connector = builder.build().unwrap();
        let endpoint = connector.endpoint_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = endpoint.address().unwrap();
        let _wake = endpoint.wake.as_ref().map(|wake| wake.try_clone().unwrap());
        let Listener::Tcp { listener, .. } = &*endpoint.listener else { panic!() };
        let _listener = listener.try_clone().unwrap();
        assert!(endpoint.shutdown(Duration::ZERO), "the thread that accepts has ended");
        if cfg!(target_os = "linux") {
            std::net::TcpStream::connect(address).unwrap_err();
        }
    }
}
