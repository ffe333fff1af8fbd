//! The two settings that are functions of the driver's types.

use std::fmt;
use std::sync::Arc;

use mysql::{LocalInfileHandler, OptsBuilder};

use crate::builder::ConnectionBuilder;

type Hook = dyn Fn(OptsBuilder) -> OptsBuilder + Send + Sync;

/// The caller's last word on the driver's options.
#[derive(Clone)]
pub(crate) struct DriverHook(Arc<Hook>);

impl DriverHook {
    pub(super) fn apply(&self, options: OptsBuilder) -> OptsBuilder {
        (self.0)(options)
    }
}

impl PartialEq for DriverHook {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for DriverHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DriverHook")
    }
}

/// What answers a LOAD DATA LOCAL INFILE of the server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InfileHandler(pub(super) LocalInfileHandler);

impl ConnectionBuilder {
    /// Changes the driver's options, for what has no setter here. It runs once, in `build()`.
    ///
    /// What this crate decides (address, port, socket, user, password, database, TLS,
    /// `prefer_socket`, server key, cleartext plugin, `secure_auth`, bind address, TCP options and
    /// timeouts) cannot be changed this way: that is a `build()` error which names the setter to
    /// use.
    pub fn driver_options<F>(mut self, hook: F) -> Self
    where
        F: Fn(OptsBuilder) -> OptsBuilder + Send + Sync + 'static,
    {
        self.hook = Some(DriverHook(Arc::new(hook)));
        self
    }

    /// What answers `LOAD DATA LOCAL INFILE`. Defaults to none: the capability is then not offered
    /// to the server, and a server that asks all the same gets an empty file. Drivers at an endpoint
    /// bring their own: see [`local_infile`](Self::local_infile).
    pub fn local_infile_handler(mut self, handler: LocalInfileHandler) -> Self {
        self.local_infile_handler = Some(InfileHandler(handler));
        self
    }
}
