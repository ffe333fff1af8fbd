//! `Connector`: checked options, ready to connect as often as needed.

mod check;
mod check_tls;
mod probe;
mod servers;
mod warnings;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "mysql")]
pub(crate) use check::FREE_CAPABILITIES;
#[cfg(feature = "mysql")]
pub(crate) use servers::Failed;
pub(crate) use servers::{Server, Servers};
use warnings::Warnings;

use crate::builder::{CONNECT_TIMEOUT, ConnectionBuilder};
use crate::cleartext_password::CleartextPassword;
use crate::connect::Route;
use crate::connect::deadline::Deadline;
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
use crate::tls::{Recipe, Rotation, TlsStates, crypto_provider};

/// Connects, as often as needed, with options that were checked once. Cheap to clone; clones share
/// TLS state, session tickets and workers.
///
/// Keep one per server, or per cluster: a second connect is then faster than the first, and hosts that
/// fail are remembered.
#[derive(Clone)]
pub struct Connector {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) servers: Servers,
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
        Ok(Connector {
            shared: Arc::new(Shared {
                servers: Servers::of(self),
                mode,
                tls,
                password: self.password.clone(),
                permissions: Permissions {
                    cleartext: self.enable_cleartext_plugin.unwrap_or(false),
                    known_key: self.server_public_key_path.is_some(),
                    ask_for_key: self.get_server_public_key.unwrap_or(false),
                    any_driver: false,
                    verified_only: self.cleartext_password == Some(CleartextPassword::Verified),
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
        let (first, others) = servers::names(self);
        Recipe::new(&self.tls, mode, &first, &others)
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
        tls.any().identity().map(|identity| ClientIdentity::of(&identity.facts.der))
    }

    /// A directory for sockets that other processes reach by their path, where the connector was told
    /// to have them.
    pub(crate) fn private_dir(&self) -> Result<PrivateDir> {
        PrivateDir::make(self.shared.runtime_dir.as_deref(), Reach::Others)
    }

    /// When a connect that begins now has to be done.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::start(self.shared.connect_timeout, Arc::clone(&self.shared.servers.label))
    }

    /// The way to a server with these TLS states.
    pub(crate) fn route(&self, server: &Server, tls: &TlsStates) -> Result<Route> {
        Ok(Route {
            target: Arc::clone(&server.target),
            mode: self.shared.mode,
            tls: Arc::clone(tls.of(server.index)?),
        })
    }

    /// Warns of what a person should know of a new session, once.
    pub(crate) fn warn(&self, session: &Session, server: &Server) {
        self.shared.warnings.about(session, &server.label);
    }

    /// Says once that `local-infile` alone does nothing for the connections of [`Self::connect`].
    #[cfg(feature = "mysql")]
    pub(crate) fn warn_without_infile_handler(&self) {
        self.shared.warnings.without_infile_handler();
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
            .field("server", &self.shared.servers.label)
            .field("ssl_mode", &self.shared.mode)
            .finish_non_exhaustive()
    }
}
