//! `Connector`: checked options, ready to connect as often as needed.

mod check;
mod check_tls;
mod probe;
mod warnings;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "mysql")]
pub(crate) use check::FREE_CAPABILITIES;
use warnings::Warnings;

use crate::builder::{CONNECT_TIMEOUT, ConnectionBuilder, MYSQL_PORT};
use crate::connect::deadline::Deadline;
use crate::connect::{Address, Route, Target, TcpOptions};
#[cfg(feature = "mysql")]
use crate::driver::DriverState;
use crate::error::{ConfigError, ConfigErrorKind, Result};
use crate::identity::ClientIdentity;
use crate::material::{check_server_key, read_secret};
use crate::protocol::login::Permissions;
#[cfg(feature = "mysql")]
use crate::relay::Workers;
use crate::relay::{PrivateDir, Reach};
use crate::reload_state::ReloadState;
use crate::secret::{Password, PasswordSource, ProviderFailure};
use crate::session::Session;
use crate::ssl_mode::SslMode;
use crate::tls::{Recipe, Rotation, TlsState, crypto_provider};

/// Connects, as often as needed, with options that were checked once. Cheap to clone; clones share
/// TLS state, session tickets and workers.
///
/// Keep one per server: a second connect is then faster than the first.
#[derive(Clone)]
pub struct Connector {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) target: Arc<Target>,
    pub(crate) server: Arc<str>,
    pub(crate) mode: SslMode,
    pub(crate) tls: Rotation,
    password: PasswordSource,
    pub(crate) permissions: Permissions,
    /// For the connection strings of an endpoint.
    pub(crate) user: Option<String>,
    pub(crate) database: Option<String>,
    /// For the drivers at an endpoint.
    pub(crate) local_infile: bool,
    runtime_dir: Option<PathBuf>,
    pub(crate) connect_timeout: Duration,
    /// How long a relay looks for bytes before it sleeps.
    pub(crate) busy_poll: Duration,
    #[cfg(feature = "mysql")]
    pub(crate) workers: Arc<Workers>,
    warnings: Warnings,
    #[cfg(feature = "mysql")]
    pub(crate) driver: DriverState,
}

impl ConnectionBuilder {
    /// Checks everything that can be wrong before a socket is opened: values, combinations, files,
    /// whether key and certificate belong together.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config), which names the option and the remedy;
    /// [`Error::Io`](crate::Error::Io) where no private socket can be made.
    pub fn build(&self) -> Result<Connector> {
        match self.option_file {
            Some(_) => self.clone().read_option_file()?.build_filled(),
            None => self.build_filled(),
        }
    }

    /// The same once no option file is left to be read.
    fn build_filled(&self) -> Result<Connector> {
        let mode = check_tls::mode(&self.tls);
        check::check(self)?;
        check_tls::combinations(self, mode)?;
        #[cfg(feature = "mysql")]
        let driver = DriverState::new(self)?;
        let tls = self.rotation(mode)?;
        self.check_server_public_key()?;
        // Plaintext TCP is the one case without a socket in a private directory.
        #[cfg(feature = "mysql")]
        let dir = if mode == SslMode::Disabled && self.socket.is_none() {
            None
        } else {
            Some(PrivateDir::make(self.runtime_dir.as_deref(), Reach::Own)?)
        };
        let target = self.target();
        Ok(Connector {
            shared: Arc::new(Shared {
                server: target.address.label(),
                target: Arc::new(target),
                mode,
                tls,
                password: self.password.clone(),
                permissions: Permissions {
                    cleartext: self.enable_cleartext_plugin.unwrap_or(false),
                    known_key: self.server_public_key_path.is_some(),
                    ask_for_key: self.get_server_public_key.unwrap_or(false),
                    any_driver: false,
                },
                user: self.user.clone(),
                database: self.database.clone(),
                local_infile: self.local_infile.unwrap_or(false),
                runtime_dir: self.runtime_dir.clone(),
                connect_timeout: self.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
                busy_poll: self.busy_poll.unwrap_or_default(),
                #[cfg(feature = "mysql")]
                workers: Workers::new(dir),
                warnings: Warnings::default(),
                #[cfg(feature = "mysql")]
                driver,
            }),
        })
    }

    /// The TLS state, to be exchanged when files change.
    fn rotation(&self, mode: SslMode) -> Result<Rotation> {
        // The first random number of a process can take 20 ms; better here than in a connect.
        let _ = crypto_provider().secure_random.fill(&mut [0; 32]);
        let recipe = self.recipe(mode)?;
        if self.tls.key_log {
            if std::env::var_os("SSLKEYLOGFILE").is_some() {
                tracing::warn!(
                    "key_log is on: whoever reads the file that SSLKEYLOGFILE names can decrypt \
                     the connections"
                );
            } else {
                tracing::warn!("key_log has no effect, since SSLKEYLOGFILE is not set");
            }
        }
        Rotation::start(recipe)
    }

    fn recipe(&self, mode: SslMode) -> Result<Recipe> {
        // The name on a Unix socket is `localhost`, as in libmysqlclient.
        let name = if self.socket.is_some() { "localhost" } else { &self.host };
        let socket = self.socket.as_ref().map(|path| path.display().to_string());
        Recipe::new(&self.tls, mode, name, socket.as_ref().unwrap_or(&self.host))
    }

    fn check_server_public_key(&self) -> Result<()> {
        const OPTION: &str = "server-public-key-path";
        let Some(path) = &self.server_public_key_path else { return Ok(()) };
        check_server_key(&read_secret(path, OPTION)?).map_err(|why| {
            check::value(
                OPTION,
                format!("{OPTION}: {} is not the server's RSA public key: {why}", path.display()),
            )
        })
    }

    fn target(&self) -> Target {
        let address = match &self.socket {
            Some(path) => Address::Unix(path.clone()),
            None => Address::Tcp { host: self.host.clone(), port: self.port.unwrap_or(MYSQL_PORT) },
        };
        Target {
            address,
            bind_address: self.bind_address,
            tcp: TcpOptions {
                nodelay: self.tcp_nodelay.unwrap_or(true),
                keepalive: self.tcp_keepalive,
                keepalive_interval: self.tcp_keepalive_interval,
                keepalive_probes: self.tcp_keepalive_probes,
                user_timeout: self.tcp_user_timeout,
            },
        }
    }
}

impl Connector {
    /// The same as [`ConnectionBuilder::new`].
    pub fn builder(host: impl Into<String>) -> ConnectionBuilder {
        ConnectionBuilder::new(host)
    }

    /// Reads the files of certificates, keys and revocation lists again, now. Connections that are
    /// made from now on use them; open ones are not touched. Sessions of before are not resumed.
    ///
    /// # Errors
    ///
    /// As [`ConnectionBuilder::build`] where the files cannot be used or do not fit together; those
    /// in use stay so, and [`reload_state`](Self::reload_state) has the error too.
    pub fn reload(&self) -> Result<()> {
        self.shared.tls.reload()
    }

    /// What became of the files of certificates, keys and revocation lists when they were read last.
    #[must_use]
    pub fn reload_state(&self) -> ReloadState {
        self.shared.tls.state()
    }

    /// The ssl-mode, which without one of its own follows from the other options.
    #[must_use]
    pub fn ssl_mode(&self) -> SslMode {
        self.shared.mode
    }

    /// The account's user name, for a driver that goes through an [`Endpoint`](crate::Endpoint).
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.shared.user.as_deref()
    }

    /// The database to use, for a driver that goes through an [`Endpoint`](crate::Endpoint).
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.shared.database.as_deref()
    }

    /// The password, for a driver that goes through an [`Endpoint`](crate::Endpoint); a file is read
    /// and a provider asked each time.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) where it cannot be had.
    pub fn password(&self) -> Result<Option<Password>> {
        self.shared.password()
    }

    /// What the client certificate says, and the clauses for accounts that ask for it; `None`
    /// without one.
    #[must_use]
    pub fn client_identity(&self) -> Option<ClientIdentity> {
        let tls = self.shared.tls.in_use();
        tls.identity().map(|identity| ClientIdentity::of(&identity.facts.der))
    }

    /// A directory for sockets that other processes reach by their path, where the connector was told
    /// to have them.
    pub(crate) fn private_dir(&self) -> Result<PrivateDir> {
        PrivateDir::make(self.shared.runtime_dir.as_deref(), Reach::Others)
    }

    /// When a connect that begins now has to be done.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::start(self.shared.connect_timeout, Arc::clone(&self.shared.server))
    }

    /// The way to the server with this TLS state.
    pub(crate) fn route(&self, tls: &Arc<TlsState>) -> Route {
        let shared = &*self.shared;
        Route { target: Arc::clone(&shared.target), mode: shared.mode, tls: Arc::clone(tls) }
    }

    /// Warns of what a person should know of a new session, once.
    pub(crate) fn warn(&self, session: &Session) {
        self.shared.warnings.about(session, &self.shared.server, self.is_local(session));
    }

    /// Says once that `local-infile` alone does nothing for the connections of [`Self::connect`].
    #[cfg(feature = "mysql")]
    pub(crate) fn warn_without_infile_handler(&self) {
        self.shared.warnings.without_infile_handler();
    }

    /// Whether nobody but this machine carries the connection.
    fn is_local(&self, session: &Session) -> bool {
        let address = session.address.parse::<std::net::SocketAddr>();
        matches!(self.shared.target.address, Address::Unix(_))
            || address.is_ok_and(|address| address.ip().is_loopback())
    }
}

impl Shared {
    /// The password for a connect that begins now.
    pub(crate) fn password(&self) -> Result<Option<Password>> {
        let failed =
            |message: String| ConfigError::new(ConfigErrorKind::Password, "password", message);
        let password = match &self.password {
            PasswordSource::None => return Ok(None),
            PasswordSource::Text(password) => password.clone(),
            PasswordSource::Provider(provider) => provider().map_err(|error| {
                // Its text is the application's; it stays in `source()`, where it is not logged.
                failed(
                    "the password provider failed; its own error is the source of this one"
                        .to_owned(),
                )
                .because(ProviderFailure::from(error))
            })?,
            PasswordSource::File(path) => {
                let content = read_secret(path, "password-file")?;
                let text = std::str::from_utf8(&content).map_err(|_| {
                    failed(format!("password-file: {} is not UTF-8 text", path.display()))
                })?;
                let text = text.strip_suffix('\n').unwrap_or(text);
                Password::new(text.strip_suffix('\r').unwrap_or(text))
            }
        };
        check::no_nul("password", [password.expose()])?;
        Ok(Some(password))
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the driver's options, which would show what they hold.
        f.debug_struct("Connector")
            .field("server", &self.shared.server)
            .field("ssl_mode", &self.shared.mode)
            .finish_non_exhaustive()
    }
}
