//! The setters that are about pools.

use super::ConnectionBuilder;

/// What a pool is told, of either kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PoolOptions {
    pub(crate) min: Option<usize>,
    pub(crate) max: Option<usize>,
    pub(crate) reset_connection: Option<bool>,
    pub(crate) check_health: Option<bool>,
}

impl ConnectionBuilder {
    /// How many connections a pool opens at once and keeps. Defaults to 10 for
    /// [`mysql::Pool`](::mysql::Pool), which is the driver's own, and to 1 for an `r2d2::Pool`.
    ///
    /// It has a meaning for pools alone, as [`pool_max`](Self::pool_max),
    /// [`reset_connection`](Self::reset_connection) and [`check_health`](Self::check_health).
    pub fn pool_min(mut self, connections: usize) -> Self {
        self.pool.min = Some(connections);
        self
    }

    /// How many connections a pool has at most. Defaults to the pools' own: 100 for
    /// [`mysql::Pool`](::mysql::Pool), 10 for an `r2d2::Pool`.
    pub fn pool_max(mut self, connections: usize) -> Self {
        self.pool.max = Some(connections);
        self
    }

    /// Whether a connection that goes back into a pool is reset (`COM_RESET_CONNECTION`), so that
    /// transactions, locks and variables do not reach whoever takes it next. Defaults to `true`.
    pub fn reset_connection(mut self, reset: bool) -> Self {
        self.pool.reset_connection = Some(reset);
        self
    }

    /// Whether a connection is asked for a sign of life (`COM_PING`) before a pool gives it out.
    /// Defaults to `true`.
    pub fn check_health(mut self, check: bool) -> Self {
        self.pool.check_health = Some(check);
        self
    }
}
