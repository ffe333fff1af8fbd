//! `Connector` on systems without the private sockets that the relay needs: it cannot be had.

use std::convert::Infallible;

use crate::builder::ConnectionBuilder;
#[cfg(feature = "mysql")]
use crate::driver::Connection;
use crate::error::{ConfigErrorKind, Error, Result};
use crate::identity::ClientIdentity;
use crate::reload_state::ReloadState;
use crate::secret::Password;
use crate::ssl_mode::SslMode;

/// On this system there is none: [`ConnectionBuilder::build`] is an error.
#[derive(Clone, Debug)]
pub struct Connector(Infallible);

impl ConnectionBuilder {
    /// Not possible on this system.
    ///
    /// # Errors
    ///
    /// Always [`ConfigErrorKind::UnsupportedPlatform`].
    pub fn build(&self) -> Result<Connector> {
        Err(Error::config(
            ConfigErrorKind::UnsupportedPlatform,
            "runtime-dir",
            "mysql-tls needs private Unix sockets, which it has on Linux and macOS; run the program \
             there",
        ))
    }

    /// Not possible on this system.
    ///
    /// # Errors
    ///
    /// Always [`ConfigErrorKind::UnsupportedPlatform`].
    #[cfg(feature = "mysql")]
    pub fn connect(&self) -> Result<Connection> {
        self.build()?.connect()
    }
}

impl Connector {
    /// The same as [`ConnectionBuilder::new`].
    pub fn builder(host: impl Into<String>) -> ConnectionBuilder {
        ConnectionBuilder::new(host)
    }

    /// Not possible on this system.
    ///
    /// # Errors
    ///
    /// None: there is no connector to call it on.
    #[cfg(feature = "mysql")]
    pub fn connect(&self) -> Result<Connection> {
        match self.0 {}
    }

    /// Not possible on this system.
    ///
    /// # Errors
    ///
    /// None: there is no connector to call it on.
    pub fn reload(&self) -> Result<()> {
        match self.0 {}
    }

    /// Not possible on this system.
    #[must_use]
    pub fn ssl_mode(&self) -> SslMode {
        match self.0 {}
    }

    /// Not possible on this system.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self.0 {}
    }

    /// Not possible on this system.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        match self.0 {}
    }

    /// Not possible on this system.
    ///
    /// # Errors
    ///
    /// None: there is no connector to call it on.
    pub fn password(&self) -> Result<Option<Password>> {
        match self.0 {}
    }

    /// Not possible on this system.
    #[must_use]
    pub fn client_identity(&self) -> Option<ClientIdentity> {
        match self.0 {}
    }

    /// Not possible on this system.
    #[must_use]
    pub fn reload_state(&self) -> ReloadState {
        match self.0 {}
    }
}
