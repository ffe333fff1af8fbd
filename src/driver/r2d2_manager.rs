//! `r2d2`: a pool of our own connections.

use r2d2::{Builder, ManageConnection};

use super::connection::Connection;
use crate::connector::Connector;
use crate::error::{AuthError, AuthErrorKind, Error, Result};
use crate::handover::CloseReason;

/// The recommended pool: connections are [`Connection`]s, each with its session, in every ssl-mode.
///
/// A connection that is taken out is pinged ([`check_health`](crate::ConnectionBuilder::check_health)),
/// one that goes back is reset ([`reset_connection`](crate::ConnectionBuilder::reset_connection)),
/// which takes one round trip, in the thread that gives it back; one that has ended is replaced.
impl ManageConnection for Connector {
    type Connection = Connection;
    type Error = Error;

    fn connect(&self) -> Result<Connection> {
        Connector::connect(self)
    }

    fn is_valid(&self, connection: &mut Connection) -> Result<()> {
        let options = self.shared.driver.options.get_pool_opts();
        if !options.check_health() {
            return Ok(());
        }
        connection.ping().map_err(|error| {
            if let Some(CloseReason::Failed(cause)) = connection.close_reason() {
                return cause;
            }
            let text = crate::text::peer_text(error.to_string().as_bytes());
            let text = format!("a pooled connection gave no sign of life: {text}");
            AuthError::new(AuthErrorKind::Driver, text).into()
        })
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        let options = self.shared.driver.options.get_pool_opts();
        connection.close_reason().is_some()
            // Now, not when it is next taken out: a transaction left open holds its locks.
            || options.reset_connection() && connection.reset().is_err()
    }
}

impl Connector {
    /// A builder for an `r2d2::Pool` with the connector's
    /// [`pool_min`](crate::ConnectionBuilder::pool_min) and
    /// [`pool_max`](crate::ConnectionBuilder::pool_max). They default to 1 and 10.
    ///
    /// `build` and `get` wait for a connection, by default 30 seconds (r2d2's `connection_timeout`), and
    /// **try again meanwhile whatever the error is**, a wrong password too, which may lock the account.
    /// To see such an error once and at once, call [`connect`](Self::connect) before `build`.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let builder: mysql_tls::ConnectionBuilder = "tidb://app@db.example.com/shop?pool-max=20".parse()?;
    /// let connector = builder.build()?;
    /// let pool = connector.r2d2_builder().build(connector)?;
    /// let connection = pool.get()?;
    /// println!("{}", connection.session());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn r2d2_builder(&self) -> Builder<Connector> {
        let count = |connections: usize| u32::try_from(connections).unwrap_or(u32::MAX);
        let (min, max) = (self.shared.driver.pool.min, self.shared.driver.pool.max);
        let mut builder = r2d2::Pool::builder();
        // r2d2 panics where the smallest is above the largest.
        if let Some(max) = max.or(min.filter(|min| *min > R2D2_SIZE)) {
            builder = builder.max_size(count(max));
        }
        builder.min_idle(Some(min.map_or(IDLE, count)))
    }
}

/// How many connections an `r2d2::Pool` opens at once, unless told otherwise: r2d2's own default, the
/// largest size, makes as many failed logins of a wrong password.
const IDLE: u32 = 1;

/// The largest size of an `r2d2::Pool`, unless told otherwise.
const R2D2_SIZE: usize = 10;
