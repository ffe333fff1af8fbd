//! `Pool`: the driver's own pool, over an endpoint of its own.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use mysql::{OptsBuilder, PoolOpts};

use super::connect::driver_failure;
use super::options::for_connection;
use crate::connector::Connector;
use crate::endpoint::{Endpoint, EndpointOptions};
use crate::error::{ConfigErrorKind, Error, Result};
use crate::relay::DriverAddress;

/// A [`mysql::Pool`], for code that wants that type, over an [`Endpoint`] of its own. It dereferences
/// to the pool. For new code an `r2d2::Pool` of the [`Connector`] is the better choice (feature
/// `r2d2`): it takes every ssl-mode, and its connections know their sessions.
///
/// When the last clone is dropped, the endpoint ends, and with it the connections that are still
/// out, also those of clones of the inner [`mysql::Pool`].
///
/// The password is asked for once, when the pool is made: a password file that changes is not read
/// again, as it is by an `r2d2::Pool`.
///
/// The driver's pool opens a connection while it holds its lock: as long as one thread waits for a server
/// that is slow to answer, at most for the connect timeout, no other gets a connection, nor gives one
/// back. An `r2d2::Pool` connects in threads of its own.
#[derive(Clone)]
pub struct Pool {
    // Dropped in this order: the idle connections say goodbye before their endpoint goes.
    pool: mysql::Pool,
    endpoint: Arc<Endpoint>,
}

impl Connector {
    /// A [`Pool`] with the connector's [`pool_min`](crate::ConnectionBuilder::pool_min),
    /// [`pool_max`](crate::ConnectionBuilder::pool_max),
    /// [`reset_connection`](crate::ConnectionBuilder::reset_connection) and
    /// [`check_health`](crate::ConnectionBuilder::check_health). It opens the smallest number of
    /// connections, 10 unless `pool_min` says otherwise, before it returns.
    ///
    /// ```no_run
    /// use mysql_tls::mysql::prelude::*;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let builder: mysql_tls::ConnectionBuilder =
    ///     "tidb://app@db.example.com/shop?ssl-mode=VERIFY_IDENTITY&pool-max=20".parse()?;
    /// let pool = builder.build()?.pool()?;
    /// let one: Option<u32> = pool.get_conn()?.query_first("SELECT 1")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`] where the ssl-mode could end in plaintext, otherwise as
    /// [`connect`](Self::connect) and [`endpoint`](Self::endpoint).
    pub fn pool(&self) -> Result<Pool> {
        self.pool_with(self.shared.driver.options.get_pool_opts().clone())
    }

    /// A [`Pool`] with these options in place of the connector's.
    ///
    /// # Errors
    ///
    /// As [`pool`](Self::pool).
    pub fn pool_with(&self, options: PoolOpts) -> Result<Pool> {
        if !self.shared.mode.promises_tls() {
            return Err(Error::config(
                ConfigErrorKind::Endpoint,
                "ssl-mode",
                format!(
                    "the driver's own pool works over an endpoint, which needs TLS, and \
                     ssl-mode={} does not promise it; use ssl-mode=VERIFY_IDENTITY, or an r2d2::Pool \
                     (feature `r2d2`), which takes every ssl-mode",
                    self.shared.mode
                ),
            ));
        }
        let driver = &self.shared.driver.options;
        let password = self.shared.password()?;
        let has_infile_handler = driver.get_local_infile_handler().is_some();
        let options_of_endpoint = EndpointOptions::own_driver().local_infile(has_infile_handler);
        let endpoint = self.endpoint_with(options_of_endpoint)?;
        // It is private, so there is a path.
        let address = DriverAddress::Unix(endpoint.own_path().unwrap_or_default());
        let builder: OptsBuilder = for_connection(driver, &address, password.as_ref(), None)?;
        match mysql::Pool::new(builder.pool_opts(options)) {
            Ok(pool) => Ok(Pool { pool, endpoint: Arc::new(endpoint) }),
            Err(error) => Err(endpoint
                .first_failure()
                .unwrap_or_else(|| driver_failure(&self.shared.servers.label, Some(error), None))),
        }
    }
}

impl Pool {
    /// The endpoint, which knows the sessions.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The driver's pool; its endpoint stays for the life of the process.
    #[must_use]
    #[expect(clippy::mem_forget, reason = "the pool goes on dialing it")]
    pub fn into_inner(self) -> mysql::Pool {
        std::mem::forget(self.endpoint);
        self.pool
    }
}

impl Deref for Pool {
    type Target = mysql::Pool;

    fn deref(&self) -> &mysql::Pool {
        &self.pool
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the driver's pool, which knows the password.
        f.debug_struct("Pool").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
