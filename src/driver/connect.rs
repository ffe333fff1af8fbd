//! Connecting: the driver is brought in through the relay.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql::{Conn, Opts};

use super::connection::Connection;
use super::options;
use super::packet_size::PacketSize;
use crate::builder::ConnectionBuilder;
#[cfg(feature = "r2d2")]
use crate::builder::PoolOptions;
use crate::connect::deadline::Deadline;
use crate::connector::{Connector, Failed, Server};
use crate::error::{
    AuthError, AuthErrorKind, Error, IoError, IoErrorKind, Result, ServerError, ServerErrorKind,
    ServerReply,
};
use crate::handover::{CloseReason, Handover};
use crate::relay::{Memory, Order, tells_surprise};
use crate::secret::Password;
use crate::session::Transport;
use crate::tls::TlsStates;

/// What the driver needs besides the connector.
pub(crate) struct DriverState {
    pub(super) options: Opts,
    #[cfg(feature = "r2d2")]
    pub(super) pool: PoolOptions,
}

impl DriverState {
    pub(crate) fn new(builder: &ConnectionBuilder) -> Result<Self> {
        Ok(DriverState {
            options: options::options(builder)?,
            #[cfg(feature = "r2d2")]
            pool: builder.pool.clone(),
        })
    }
}

/// What the driver learns of one server for the next connection to it.
#[derive(Default)]
pub(crate) struct ServerMemory {
    packet_size: PacketSize,
    answers: Arc<Memory>,
}

/// How long the relay may take to tell why a connect failed, once the driver has.
const REASON_LIMIT: Duration = Duration::from_secs(2);

impl ConnectionBuilder {
    /// [`build`](Self::build) and [`Connector::connect`] in one. For more than one connection keep
    /// the [`Connector`]: it remembers what makes the next connect fast.
    ///
    /// # Errors
    ///
    /// Those of both.
    pub fn connect(&self) -> Result<Connection> {
        self.build()?.connect()
    }
}

impl Connector {
    /// Opens a connection: dials, reads the greeting, decides, upgrades to TLS, logs in, runs the
    /// init statements; all within the connect timeout.
    ///
    /// # Errors
    ///
    /// Any stage of [`Error`] but [`Error::Dsn`]; [`Error::Config`] only where the password could
    /// not be had.
    pub fn connect(&self) -> Result<Connection> {
        let shared = &*self.shared;
        let servers = &shared.servers;
        let span = tracing::debug_span!("connect", server = %servers.label, mode = %shared.mode);
        let _entered = span.enter();
        // Before the deadline begins: it is about the network, and files and password providers may
        // take their time.
        let mut tls = shared.tls.current();
        let password = shared.password()?;
        servers.reach(&self.deadline(), |server, answer_by, deadline| {
            let attempt = |tls: &TlsStates, answer_by| {
                let (connector, password) = (self, password.as_ref());
                Attempt { connector, server, tls, password, answer_by, deadline }.make()
            };
            let mut done = attempt(&tls, answer_by);
            // Again only to a server that has answered, so that its share of the time is no matter.
            if done.as_ref().is_err_and(|failed| tells_surprise(failed.error())) {
                done = attempt(&tls, deadline);
            }
            if let Err(failed) = &done
                && tls.any().identity_may_have_expired(failed.error())
                && let Some(renewed) = shared.tls.renewed(&tls)
                && !deadline.is_over()
            {
                // The files have been renewed since the last look.
                tracing::debug!("the client certificate has expired, and was renewed meanwhile");
                tls = renewed;
                done = attempt(&tls, deadline);
            }
            done.inspect(|_| server.works())
        })
    }
}

/// A connection to be made to one server.
struct Attempt<'a> {
    connector: &'a Connector,
    server: &'a Server,
    tls: &'a TlsStates,
    password: Option<&'a Password>,
    /// When the server has to have greeted.
    answer_by: &'a Deadline,
    deadline: &'a Deadline,
}

impl Attempt<'_> {
    fn make(self) -> Result<Connection, Failed> {
        let Attempt { connector, server, tls, password, answer_by, deadline } = self;
        let shared = &*connector.shared;
        let memory = &server.memory;
        let start = Instant::now();
        let has_infile_handler = shared.driver.options.get_local_infile_handler().is_some();
        if shared.local_infile && !has_infile_handler {
            connector.warn_without_infile_handler();
        }
        let asks_itself = shared.driver.options.get_max_allowed_packet().is_none();
        let packet_size = memory.packet_size.known().filter(|_| asks_itself);
        let handover = Handover::default();
        let address = shared.workers.carry(Order {
            route: connector.route(server, tls)?,
            permissions: shared.permissions,
            local_infile: has_infile_handler,
            // A limit of its own for reading is not meant for the greeting.
            driver_waits: shared.driver.options.get_read_timeout().is_none(),
            memory: Arc::clone(&memory.answers),
            packet_size,
            answer_by: answer_by.clone(),
            deadline: deadline.clone(),
            busy_poll: shared.busy_poll,
            handover: handover.clone(),
        })?;
        let options =
            options::for_connection(&shared.driver.options, &address, password, packet_size)
                .inspect_err(|_| handover.abandon())?;
        // The driver is known to panic on some packets; those are kept from it, but not every panic
        // can be foreseen.
        let made = catch_unwind(AssertUnwindSafe(|| {
            let mut conn = Conn::new(options)?;
            if asks_itself {
                memory.packet_size.learn(&mut conn);
            }
            Ok(conn)
        }));
        let conn = match made {
            Ok(Ok(conn)) => conn,
            Ok(Err(error)) => return Err(failure(&server.label, &handover, Some(error))),
            Err(_panic) => return Err(failure(&server.label, &handover, None)),
        };
        let logged_in =
            handover.establish().and_then(|()| handover.session().ok_or(CloseReason::Local));
        let logged_in = logged_in.map_err(|reason| cut_off(&server.label, reason));
        let mut session = logged_in.map_err(Failed::for_good)?;
        let timings = &mut session.timings;
        let told = timings.dial + timings.greeting + timings.tls.unwrap_or_default();
        timings.setup = start.elapsed().saturating_sub(told + timings.authentication);
        connector.warn(&session, server);
        tracing::debug!(transport = %session.transport, "connected");
        Ok(Connection::new(conn, session, handover))
    }
}

/// Why a connect failed: the relay's first cause, or else the driver's own.
fn failure(server: &str, handover: &Handover, error: Option<mysql::Error>) -> Failed {
    // The driver may never have reached the relay, which need not wait for it then.
    handover.abandon();
    let transport = handover.session().map(|session| session.transport());
    // The server's word to the driver, whose goodbye it may have answered already.
    let was_told = matches!(error, Some(mysql::Error::MySqlError(_))) && transport.is_some();
    let error = match handover.wait_for_reason(REASON_LIMIT) {
        Some(CloseReason::Server) if was_told => driver_failure(server, error, transport),
        Some(CloseReason::Local) | None => driver_failure(server, error, transport),
        Some(reason) => cut_off(server, reason),
    };
    // What breaks over a first statement would break elsewhere too, or has had its effect.
    if transport.is_some() { Failed::for_good(error) } else { error.into() }
}

/// `transport` is known once the user is logged in.
pub(super) fn driver_failure(
    server: &str,
    error: Option<mysql::Error>,
    transport: Option<Transport>,
) -> Error {
    match (error, transport) {
        (Some(mysql::Error::MySqlError(error)), Some(transport)) => {
            let state = error.state.as_bytes().try_into().ok();
            let authenticated = !matches!(transport, Transport::Plaintext(_));
            let text = error.message.as_bytes();
            let reply = ServerReply::new(error.code, state, text, authenticated);
            ServerError::new(
                ServerErrorKind::Statement,
                format!(
                    "{server} refused a first statement, one of init, charset or time-zone: {reply}"
                ),
                reply,
            )
            .into()
        }
        // The driver's own text can hold what the server said, but never the password.
        (Some(error), _) => AuthError::new(
            AuthErrorKind::Driver,
            format!("the driver gave up: {}", crate::text::peer_text(error.to_string().as_bytes())),
        )
        .into(),
        (None, _) => Error::auth(
            AuthErrorKind::Driver,
            "the driver panicked while connecting; what the server sent is to blame",
        ),
    }
}

fn cut_off(server: &str, reason: CloseReason) -> Error {
    match reason {
        CloseReason::Failed(error) => error,
        other => IoError::new(
            IoErrorKind::Closed,
            format!("the connection to {server} ended while connecting: {other}"),
        )
        .into(),
    }
}
