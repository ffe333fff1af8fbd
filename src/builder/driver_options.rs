//! The setters that are passed on to the driver.

use super::ConnectionBuilder;

impl ConnectionBuilder {
    /// Does not compress the connection, whatever an option file or the connection string says.
    pub fn without_compression(mut self) -> Self {
        self.compression = Some(None);
        self
    }

    /// Compresses the connection with zlib at this level, 0 to 9. Defaults to no compression.
    pub fn compression(mut self, level: u32) -> Self {
        self.compression = Some(Some(level));
        self
    }

    /// The largest packet the driver sends or takes, in bytes. Defaults to the server's
    /// `max_allowed_packet`, which the driver asks for while connecting.
    pub fn max_allowed_packet(mut self, bytes: usize) -> Self {
        self.max_allowed_packet = Some(bytes);
        self
    }

    /// Adds a statement to run on every new connection, and again after a reset. Defaults to none.
    #[doc(alias = "init")]
    pub fn init_statement(mut self, statement: impl Into<String>) -> Self {
        self.init.push(statement.into());
        self
    }

    /// How many prepared statements a connection keeps. Defaults to the driver's 32; 0 turns the
    /// cache off.
    pub fn stmt_cache_size(mut self, statements: usize) -> Self {
        self.stmt_cache_size = Some(statements);
        self
    }

    /// Adds a connection attribute, which the server shows in
    /// `performance_schema.session_connect_attrs`. Defaults to those of the driver alone.
    pub fn connect_attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.connect_attributes.get_or_insert_default().insert(name.into(), value.into());
        self
    }

    /// The character set of the connection, for example `utf8mb4`, set by a statement before the
    /// init statements. Defaults to the driver's, which is `utf8mb4`.
    pub fn charset(mut self, charset: impl Into<String>) -> Self {
        self.charset = Some(charset.into());
        self
    }

    /// The session's time zone, for example `+00:00`, set by a statement before the init
    /// statements. Defaults to the server's.
    pub fn time_zone(mut self, time_zone: impl Into<String>) -> Self {
        self.time_zone = Some(time_zone.into());
        self
    }

    /// Further capability flags for the driver to claim, as the bits of the protocol. Defaults to
    /// none. Those that the driver or this crate decides are a `build()` error.
    pub fn additional_capabilities(mut self, flags: u32) -> Self {
        self.additional_capabilities = Some(flags);
        self
    }

    /// Whether a driver at an [`Endpoint`](crate::Endpoint) may use `LOAD DATA LOCAL INFILE`, which
    /// lets the server ask it for files. Defaults to `false`.
    ///
    /// It gives no file away itself: that is the driver's doing. For [`connect`](Self::connect), set
    /// [`local_infile_handler`](Self::local_infile_handler).
    pub fn local_infile(mut self, allow: bool) -> Self {
        self.local_infile = Some(allow);
        self
    }
}
