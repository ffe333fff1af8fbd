//! `ConnectionBuilder`: everything a connection needs to know, as plain data.
//!
//! Setters cannot fail; what is wrong is found by `build()`.

mod driver_options;
mod hosts;
mod pool_options;
mod tls_options;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use hosts::OtherHost;
pub(crate) use pool_options::PoolOptions;

use crate::cleartext_password::CleartextPassword;
#[cfg(feature = "mysql")]
use crate::driver::{DriverHook, InfileHandler};
use crate::load_balance::LoadBalance;
use crate::secret::{Password, PasswordSource, ProviderError};
use crate::tls_options::TlsOptions;

/// The port of MySQL and MariaDB.
pub(crate) const MYSQL_PORT: u16 = 3306;

/// How long `connect()` may take, unless told otherwise.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Collects what a connection needs; `build()` checks it and reads the files, `connect()` does both
/// and connects.
///
/// A connection string is the same data as text: `"tidb://app@db/shop".parse::<ConnectionBuilder>()`.
///
/// ```no_run
/// use mysql_tls::{ConnectionBuilder, SslMode};
///
/// let connector = ConnectionBuilder::new("tidb.example.com")
///     .port(4000)
///     .user("app")
///     .password("secret")
///     .ssl_mode(SslMode::VerifyIdentity)
///     .ssl_ca("ca.pem")
///     .build()?;
/// # Ok::<(), mysql_tls::Error>(())
/// ```
///
/// What nobody has set is left to the [option file](Self::option_file), if there is one.
#[doc(alias = "OptsBuilder")]
#[doc(alias = "Opts")]
#[derive(Clone, PartialEq)]
#[must_use = "a builder does nothing until `build()` or `connect()`"]
pub struct ConnectionBuilder {
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) other_hosts: Vec<OtherHost>,
    pub(crate) load_balance: Option<LoadBalance>,
    pub(crate) socket: Option<PathBuf>,
    pub(crate) user: Option<String>,
    pub(crate) password: PasswordSource,
    pub(crate) database: Option<String>,
    pub(crate) tls: TlsOptions,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) write_timeout: Option<Duration>,
    pub(crate) busy_poll: Option<Duration>,
    pub(crate) tcp_keepalive: Option<Duration>,
    pub(crate) tcp_keepalive_interval: Option<Duration>,
    pub(crate) tcp_keepalive_probes: Option<u32>,
    pub(crate) tcp_nodelay: Option<bool>,
    pub(crate) tcp_user_timeout: Option<Duration>,
    pub(crate) bind_address: Option<SocketAddr>,
    pub(crate) runtime_dir: Option<PathBuf>,
    pub(crate) enable_cleartext_plugin: Option<bool>,
    pub(crate) cleartext_password: Option<CleartextPassword>,
    pub(crate) server_public_key_path: Option<PathBuf>,
    pub(crate) get_server_public_key: Option<bool>,
    /// `Some(None)` is none, whatever an option file says.
    pub(crate) compression: Option<Option<u32>>,
    pub(crate) max_allowed_packet: Option<usize>,
    pub(crate) init: Vec<String>,
    pub(crate) stmt_cache_size: Option<usize>,
    pub(crate) connect_attributes: Option<BTreeMap<String, String>>,
    pub(crate) charset: Option<String>,
    pub(crate) time_zone: Option<String>,
    pub(crate) additional_capabilities: Option<u32>,
    pub(crate) pool: PoolOptions,
    pub(crate) local_infile: Option<bool>,
    pub(crate) option_file: Option<PathBuf>,
    /// None given means `[client]`.
    pub(crate) option_groups: Vec<String>,
    #[cfg(feature = "mysql")]
    pub(crate) local_infile_handler: Option<InfileHandler>,
    #[cfg(feature = "mysql")]
    pub(crate) hook: Option<DriverHook>,
}

impl ConnectionBuilder {
    /// A connection to `host`: a DNS name or an IP address, an IPv6 one with or without brackets.
    ///
    /// `localhost` means TCP, like any other name; only [`socket`](Self::socket) means a Unix
    /// socket. An empty host is that of the [option file](Self::option_file).
    pub fn new(host: impl Into<String>) -> Self {
        let host = host.into();
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        ConnectionBuilder {
            host: bare.map(str::to_owned).unwrap_or(host),
            port: None,
            other_hosts: Vec::new(),
            load_balance: None,
            socket: None,
            user: None,
            password: PasswordSource::None,
            database: None,
            tls: TlsOptions::default(),
            connect_timeout: None,
            read_timeout: None,
            write_timeout: None,
            busy_poll: None,
            tcp_keepalive: None,
            tcp_keepalive_interval: None,
            tcp_keepalive_probes: None,
            tcp_nodelay: None,
            tcp_user_timeout: None,
            bind_address: None,
            runtime_dir: None,
            enable_cleartext_plugin: None,
            cleartext_password: None,
            server_public_key_path: None,
            get_server_public_key: None,
            compression: None,
            max_allowed_packet: None,
            init: Vec::new(),
            stmt_cache_size: None,
            connect_attributes: None,
            charset: None,
            time_zone: None,
            additional_capabilities: None,
            pool: PoolOptions::default(),
            local_infile: None,
            option_file: None,
            option_groups: Vec::new(),
            #[cfg(feature = "mysql")]
            local_infile_handler: None,
            #[cfg(feature = "mysql")]
            hook: None,
        }
    }

    /// The TCP port of the host of [`new`](Self::new). Defaults to 3306; a `tidb://` connection string
    /// defaults to 4000.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The path of the server's Unix socket, used instead of host and port.
    ///
    /// Under `DISABLED` and `PREFERRED` such a connection is plaintext, from `REQUIRED` up it is
    /// TLS, and the name that `VERIFY_IDENTITY` looks for is `localhost`, as in libmysqlclient.
    pub fn socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.socket = Some(path.into());
        self
    }

    /// The account's user name. Defaults to none, which servers take as the anonymous user.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// The account's password. Defaults to none.
    pub fn password(mut self, password: impl Into<Password>) -> Self {
        self.password = PasswordSource::Text(password.into());
        self
    }

    /// A function that is asked for the password at every connect, for tokens that expire.
    pub fn password_with<F>(mut self, provider: F) -> Self
    where
        F: Fn() -> Result<Password, ProviderError> + Send + Sync + 'static,
    {
        self.password = PasswordSource::Provider(Arc::new(provider));
        self
    }

    /// A file whose content is the password, read at every connect; one newline at its end is
    /// dropped. Key `password-file`.
    pub fn password_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.password = PasswordSource::File(path.into());
        self
    }

    /// Whether there is a password that is not empty, a password file or a provider. A program that
    /// can ask for a password asks where there is none. That of an option file counts once
    /// [`read_option_file`](Self::read_option_file) has read it.
    #[must_use]
    pub fn has_password(&self) -> bool {
        match &self.password {
            PasswordSource::None => false,
            PasswordSource::Text(password) => !password.expose().is_empty(),
            PasswordSource::Provider(_) | PasswordSource::File(_) => true,
        }
    }

    /// The database to use. Defaults to none.
    #[doc(alias = "db_name")]
    pub fn database(mut self, database: impl Into<String>) -> Self {
        self.database = Some(database.into());
        self
    }

    /// The time that `connect()` has as a whole, from name resolution to the end of the login and
    /// the init statements. Defaults to 10 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// How long a single read may wait for the server. Defaults to no limit.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = Some(timeout);
        self
    }

    /// How long a single write may wait. Defaults to no limit.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.write_timeout = Some(timeout);
        self
    }

    /// How long the relay looks for bytes before it sleeps, at most 10 ms. Defaults to not at all.
    ///
    /// To be woken takes longer than many answers do on one machine: with 200 us, which is longer than
    /// most of them take, a third of what the relay costs a small query was saved. **It costs a core**
    /// for that long after every piece that passes, on each connection: with as many busy connections
    /// as cores, or more, all of them get slower. Over a network that takes a millisecond it gains
    /// nothing.
    pub fn busy_poll(mut self, time: Duration) -> Self {
        self.busy_poll = Some(time);
        self
    }

    /// Turns TCP keep-alive on: the idle time before the first probe. Defaults to off.
    pub fn tcp_keepalive(mut self, idle: Duration) -> Self {
        self.tcp_keepalive = Some(idle);
        self
    }

    /// The time between keep-alive probes. Defaults to the system's.
    pub fn tcp_keepalive_interval(mut self, interval: Duration) -> Self {
        self.tcp_keepalive_interval = Some(interval);
        self
    }

    /// How many keep-alive probes may stay unanswered. Defaults to the system's.
    pub fn tcp_keepalive_probes(mut self, probes: u32) -> Self {
        self.tcp_keepalive_probes = Some(probes);
        self
    }

    /// Whether small packets are sent at once (TCP_NODELAY). Defaults to `true`.
    pub fn tcp_nodelay(mut self, nodelay: bool) -> Self {
        self.tcp_nodelay = Some(nodelay);
        self
    }

    /// How long sent data may stay unacknowledged before the connection is given up
    /// (TCP_USER_TIMEOUT, RFC 5482; Linux only, elsewhere a `build()` error). Defaults to the
    /// system's.
    pub fn tcp_user_timeout(mut self, timeout: Duration) -> Self {
        self.tcp_user_timeout = Some(timeout);
        self
    }

    /// The local address to connect from; port 0 lets the system choose one. Defaults to any.
    pub fn bind_address(mut self, address: SocketAddr) -> Self {
        self.bind_address = Some(address);
        self
    }

    /// The directory under which the private sockets are made.
    ///
    /// Defaults to `MYSQL_TLS_RUNTIME_DIR`, else the first usable of `XDG_RUNTIME_DIR`, the
    /// temporary directory and `/dev/shm`.
    pub fn runtime_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.runtime_dir = Some(path.into());
        self
    }
}

impl fmt::Debug for ConnectionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Exhaustive, so that a new field has to be thought of here.
        let ConnectionBuilder {
            host,
            port,
            other_hosts,
            load_balance,
            socket,
            user,
            password,
            database,
            tls,
            connect_timeout,
            read_timeout,
            write_timeout,
            busy_poll,
            tcp_keepalive,
            tcp_keepalive_interval,
            tcp_keepalive_probes,
            tcp_nodelay,
            tcp_user_timeout,
            bind_address,
            runtime_dir,
            enable_cleartext_plugin,
            cleartext_password,
            server_public_key_path,
            get_server_public_key,
            compression,
            max_allowed_packet,
            init,
            stmt_cache_size,
            connect_attributes,
            charset,
            time_zone,
            additional_capabilities,
            pool,
            local_infile,
            option_file,
            option_groups,
            #[cfg(feature = "mysql")]
            local_infile_handler,
            #[cfg(feature = "mysql")]
            hook,
        } = self;
        // A connection string in a host's place would show its password.
        let shown_host = |host: &str| match host.contains('@') {
            true => "<not a host>".to_owned(),
            false => host.to_owned(),
        };
        let others: Vec<_> =
            other_hosts.iter().map(|other| (shown_host(&other.host), other.port)).collect();
        let mut shown = f.debug_struct("ConnectionBuilder");
        shown
            .field("host", &shown_host(host))
            .field("port", port)
            .field("other_hosts", &others)
            .field("load_balance", load_balance)
            .field("socket", socket)
            .field("user", user)
            .field("password", password)
            .field("database", database)
            .field("tls", tls)
            .field("connect_timeout", connect_timeout)
            .field("read_timeout", read_timeout)
            .field("write_timeout", write_timeout)
            .field("busy_poll", busy_poll)
            .field("tcp_keepalive", tcp_keepalive)
            .field("tcp_keepalive_interval", tcp_keepalive_interval)
            .field("tcp_keepalive_probes", tcp_keepalive_probes)
            .field("tcp_nodelay", tcp_nodelay)
            .field("tcp_user_timeout", tcp_user_timeout)
            .field("bind_address", bind_address)
            .field("runtime_dir", runtime_dir)
            .field("enable_cleartext_plugin", enable_cleartext_plugin)
            .field("cleartext_password", cleartext_password)
            .field("server_public_key_path", server_public_key_path)
            .field("get_server_public_key", get_server_public_key)
            .field("compression", compression)
            .field("max_allowed_packet", max_allowed_packet)
            // Statements and attributes may hold secrets of the application.
            .field("init", &init.len())
            .field("stmt_cache_size", stmt_cache_size)
            .field("connect_attributes", &connect_attributes.as_ref().map(BTreeMap::len))
            .field("charset", charset)
            .field("time_zone", time_zone)
            .field("additional_capabilities", additional_capabilities)
            .field("pool", pool)
            .field("local_infile", local_infile)
            .field("option_file", option_file)
            .field("option_groups", option_groups);
        #[cfg(feature = "mysql")]
        shown
            .field("local_infile_handler", &local_infile_handler.is_some())
            .field("hook", &hook.is_some());
        shown.finish()
    }
}
