//! What the driver `mysql` needs for an endpoint that somebody else dials.

use mysql::OptsBuilder;

use crate::endpoint::Endpoint;

impl Endpoint {
    /// Options of the driver `mysql` for this endpoint, with the connector's user and database and
    /// **without a password**.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let builder: mysql_tls::ConnectionBuilder = "mysql://db?ssl-mode=VERIFY_IDENTITY".parse()?;
    /// let endpoint = builder.build()?.endpoint()?;
    /// let conn = mysql_tls::mysql::Conn::new(endpoint.opts().pass(Some("secret")))?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn opts(&self) -> OptsBuilder {
        let connector = self.connector();
        let options = OptsBuilder::new()
            .user(connector.user())
            .db_name(connector.database())
            // The server's own socket would be a way past the endpoint.
            .prefer_socket(false);
        match (self.path(), self.address()) {
            (None, Some(address)) => {
                options.ip_or_hostname(Some(address.ip().to_string())).tcp_port(address.port())
            }
            (path, _) => options.socket(path.map(|path| path.to_string_lossy())),
        }
    }
}
