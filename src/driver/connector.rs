//! `Connector`: checked options, ready to connect as often as needed.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql::{Conn, Opts};

use super::check::{self, check};
use super::check_tls;
use super::connection::Connection;
use super::options;
use super::packet_size::PacketSize;
use super::warnings::Warnings;
use crate::builder::{ConnectionBuilder, MYSQL_PORT};
use crate::connect::deadline::Deadline;
use crate::connect::{self, Address, Decision, Target, TcpOptions, decide};
use crate::error::{
    AuthError, AuthErrorKind, ConfigError, ConfigErrorKind, Error, HandshakeErrorKind, IoError,
    IoErrorKind, Result, ServerError, ServerErrorKind, ServerReply, Step,
};
use crate::handover::{CloseReason, Handover};
use crate::identity::ClientIdentity;
use crate::material::{check_server_key, read_secret};
use crate::protocol::login::Permissions;
use crate::relay::{Job, Plan, PrivateDir, Workers};
use crate::reload_state::ReloadState;
use crate::secret::{Password, PasswordSource, ProviderFailure};
use crate::session::{Session, Transport};
use crate::ssl_mode::SslMode;
use crate::tls::{Recipe, Rotation, TlsState, crypto_provider};

/// Whether a connect failed since the server does not take the client certificate any more.
fn expired_identity(tls: &TlsState, error: &Error) -> bool {
    let Some(identity) = tls.identity() else { return false };
    match error {
        Error::Handshake(error) => {
            error.kind() == HandshakeErrorKind::ClientCertificateRefused
                && (error.alert() == Some("certificate_expired") || identity.is_expired())
        }
        // A server that refuses a certificate under TLS 1.3 may close before it has read all that
        // was sent, and the reset that follows can overtake its alert.
        Error::Io(_) => identity.is_expired(),
        _ => false,
    }
}

/// How long the relay may take to tell why a connect failed, once the driver has.
const REASON_LIMIT: Duration = Duration::from_secs(2);

/// Connects, as often as needed, with options that were checked once. Cheap to clone; clones share
/// TLS state, session tickets and workers.
///
/// Keep one per server: a second connect is then faster than the first.
#[derive(Clone)]
pub struct Connector {
    shared: Arc<Shared>,
}

struct Shared {
    target: Target,
    server: Arc<str>,
    mode: SslMode,
    tls: Rotation,
    password: PasswordSource,
    permissions: Permissions,
    options: Opts,
    connect_timeout: Duration,
    workers: Arc<Workers>,
    warnings: Warnings,
    packet_size: PacketSize,
}

impl ConnectionBuilder {
    /// Checks everything that can be wrong before a socket is opened: values, combinations, files,
    /// whether key and certificate belong together.
    ///
    /// # Errors
    ///
    /// [`Error::Config`], which names the option and the remedy; [`Error::Io`] where no private
    /// socket can be made.
    pub fn build(&self) -> Result<Connector> {
        let mode = check_tls::mode(&self.tls);
        check(self)?;
        check_tls::combinations(self, mode)?;
        let options = options::options(self)?;
        let tls = self.rotation(mode)?;
        self.check_server_public_key()?;
        // Plaintext TCP is the one case without a socket in a private directory.
        let dir = if mode == SslMode::Disabled && self.socket.is_none() {
            None
        } else {
            Some(PrivateDir::make(self.runtime_dir.as_deref())?)
        };
        let target = self.target();
        Ok(Connector {
            shared: Arc::new(Shared {
                server: target.address.label(),
                target,
                mode,
                tls,
                password: self.password.clone(),
                permissions: Permissions {
                    cleartext: self.enable_cleartext_plugin,
                    known_key: self.server_public_key_path.is_some(),
                    ask_for_key: self.get_server_public_key,
                },
                options,
                connect_timeout: self.connect_timeout,
                workers: Workers::new(dir),
                warnings: Warnings::default(),
                packet_size: PacketSize::default(),
            }),
        })
    }

    /// [`build`](Self::build) and [`Connector::connect`] in one. For more than one connection keep
    /// the [`Connector`]: it remembers what makes the next connect fast.
    ///
    /// # Errors
    ///
    /// Those of both.
    pub fn connect(&self) -> Result<Connection> {
        self.build()?.connect()
    }

    /// The TLS state, to be exchanged when files change.
    fn rotation(&self, mode: SslMode) -> Result<Rotation> {
        // The first random number of a process can take 20 ms; better here than in a connect.
        let _ = crypto_provider().secure_random.fill(&mut [0; 32]);
        // The name on a Unix socket is `localhost`, as in libmysqlclient.
        let name = if self.socket.is_some() { "localhost" } else { &self.host };
        let socket = self.socket.as_ref().map(|path| path.display().to_string());
        let recipe = Recipe::new(&self.tls, mode, name, socket.as_ref().unwrap_or(&self.host))?;
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
                nodelay: self.tcp_nodelay,
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

    /// Opens a connection: dials, reads the greeting, decides, upgrades to TLS, logs in, runs the
    /// init statements; all within the connect timeout.
    ///
    /// # Errors
    ///
    /// Any stage of [`Error`] but [`Error::Dsn`]; [`Error::Config`] only where the password could
    /// not be had.
    pub fn connect(&self) -> Result<Connection> {
        let shared = &*self.shared;
        let span = tracing::debug_span!("connect", server = %shared.server, mode = %shared.mode);
        let _entered = span.enter();
        // Before the deadline begins: it is about the network, and reading files has no limit.
        let tls = shared.tls.current();
        let deadline = Deadline::start(shared.connect_timeout, Arc::clone(&shared.server));
        let password = shared.password()?;
        let error = match self.attempt(&tls, password.as_ref(), &deadline) {
            Err(error) if expired_identity(&tls, &error) => error,
            done => return done,
        };
        // The files may have been renewed since the last look.
        match shared.tls.renewed(&tls) {
            Some(renewed) if deadline.remaining(Step::Dial).is_ok() => {
                tracing::debug!("the client certificate has expired, and was renewed meanwhile");
                self.attempt(&renewed, password.as_ref(), &deadline)
            }
            _ => Err(error),
        }
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

    /// What the client certificate says, and the clauses for accounts that ask for it; `None`
    /// without one.
    #[must_use]
    pub fn client_identity(&self) -> Option<ClientIdentity> {
        let tls = self.shared.tls.in_use();
        tls.identity().map(|identity| ClientIdentity::of(&identity.facts.der))
    }

    fn attempt(
        &self,
        tls: &Arc<TlsState>,
        password: Option<&Password>,
        deadline: &Deadline,
    ) -> Result<Connection> {
        let shared = &*self.shared;
        let start = Instant::now();
        let greeted = connect::greeted(&shared.target, deadline)?;
        let unix_socket = matches!(shared.target.address, Address::Unix(_));
        let decision = decide(shared.mode, greeted.facts.greeting.offers_tls(), unix_socket)
            .map_err(|refusal| refusal.into_error(&shared.server))?;
        let handover = Handover::default();
        let address = shared.workers.carry(
            greeted.socket,
            Job {
                server: greeted.facts,
                plan: match decision {
                    Decision::Tls => Plan::Tls(Arc::clone(tls)),
                    Decision::Plaintext(transport) => Plan::Plaintext(transport),
                },
                permissions: shared.permissions,
                local_infile: shared.options.get_local_infile_handler().is_some(),
                deadline: deadline.clone(),
                handover: handover.clone(),
            },
        )?;
        let asks_itself = shared.options.get_max_allowed_packet().is_none();
        let packet_size = shared.packet_size.known().filter(|_| asks_itself);
        let options = options::for_connection(&shared.options, &address, password, packet_size)?;
        // The driver is known to panic on some packets; those are kept from it, but not every panic
        // can be foreseen.
        let made = catch_unwind(AssertUnwindSafe(|| {
            let mut conn = Conn::new(options)?;
            if asks_itself {
                shared.packet_size.learn(&mut conn);
            }
            Ok(conn)
        }));
        let conn = match made {
            Ok(Ok(conn)) => conn,
            Ok(Err(error)) => return Err(self.failure(&handover, Some(error))),
            Err(_) => return Err(self.failure(&handover, None)),
        };
        let logged_in =
            handover.establish().and_then(|()| handover.session().ok_or(CloseReason::Local));
        let mut session = logged_in.map_err(|reason| self.cut_off(reason))?;
        let timings = &mut session.timings;
        let told = timings.dial + timings.greeting + timings.tls.unwrap_or_default();
        timings.setup = start.elapsed().saturating_sub(told + timings.authentication);
        shared.warnings.about(&session, &shared.server, self.is_local(&session));
        tracing::debug!(transport = %session.transport, "connected");
        Ok(Connection::new(conn, session, handover))
    }

    /// Why a connect failed: the relay's first cause, or else the driver's own.
    fn failure(&self, handover: &Handover, error: Option<mysql::Error>) -> Error {
        let transport = handover.session().map(|session| session.transport());
        match handover.wait_for_reason(REASON_LIMIT) {
            Some(CloseReason::Local) | None => self.driver_failure(error, transport),
            Some(reason) => self.cut_off(reason),
        }
    }

    /// `transport` is known once the user is logged in.
    fn driver_failure(&self, error: Option<mysql::Error>, transport: Option<Transport>) -> Error {
        match (error, transport) {
            (Some(mysql::Error::MySqlError(error)), Some(transport)) => {
                let state = error.state.as_bytes().try_into().ok();
                let authenticated = !matches!(transport, Transport::Plaintext(_));
                let text = error.message.as_bytes();
                let reply = ServerReply::new(error.code, state, text, authenticated);
                ServerError::new(
                    ServerErrorKind::Statement,
                    format!(
                        "{} refused a first statement, one of init, charset or time-zone: {reply}",
                        self.shared.server
                    ),
                    reply,
                )
                .into()
            }
            // The driver's own text can hold what the server said, but never the password.
            (Some(error), _) => AuthError::new(
                AuthErrorKind::Driver,
                format!(
                    "the driver gave up: {}",
                    crate::text::peer_text(error.to_string().as_bytes())
                ),
            )
            .into(),
            (None, _) => Error::auth(
                AuthErrorKind::Driver,
                "the driver panicked while connecting; what the server sent is to blame",
            ),
        }
    }

    fn cut_off(&self, reason: CloseReason) -> Error {
        match reason {
            CloseReason::Failed(error) => error,
            other => IoError::new(
                IoErrorKind::Closed,
                format!("the connection to {} ended while connecting: {other}", self.shared.server),
            )
            .into(),
        }
    }

    /// Whether nobody but this machine carries the connection.
    fn is_local(&self, session: &Session) -> bool {
        let address = session.address.parse::<std::net::SocketAddr>();
        matches!(self.shared.target.address, Address::Unix(_))
            || address.is_ok_and(|address| address.ip().is_loopback())
    }
}

impl Shared {
    fn password(&self) -> Result<Option<Password>> {
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
