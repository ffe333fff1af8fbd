//! The connection string: text to `ConnectionBuilder` and back; the only place that names `url`.
//!
//! ```text
//! tidb://USER:PASSWORD@HOST:PORT/DATABASE?KEY=VALUE&KEY=VALUE
//! ```
//!
//! Scheme, authority and query are split here, since `url` takes `app:12/x@db` for host `app` and
//! port 12; it is given each host. No error repeats a part of the text but names of keys, and the
//! path in a key of another driver that is plainly a certificate's file.

mod authority;
pub(crate) mod encoding;
mod foreign;
mod forms;
mod keys;
mod option;
mod others;
mod password;
mod query;
mod split;
mod table;
#[cfg(test)]
mod tests;
mod tls_rules;
mod values;
mod write;

use std::fmt;
use std::str::FromStr;

pub use keys::{DsnKey, dsn_keys};
pub(crate) use option::{Known, Reads, TlsOption, refusal, same_name};

use crate::builder::ConnectionBuilder;
use crate::error::{DsnError, DsnErrorKind, Error};

impl FromStr for ConnectionBuilder {
    type Err = Error;

    /// Reads `mysql://`, `mariadb://` (port 3306) or `tidb://` (port 4000), then
    /// `USER:PASSWORD@HOST:PORT/DATABASE?KEY=VALUE&KEY=VALUE`; [`dsn_keys`] has the keys. More hosts
    /// may follow the first after commas, `HOST:PORT,HOST:PORT`; see [`add_host`](Self::add_host).
    ///
    /// User, password, database and values are percent-decoded; a `+` is a plus. The last `@`
    /// before the first `/` or `?` ends the password. An empty user or database is none. The host
    /// may be empty where `socket=` or `option-file=` is given. White space around the whole is dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Dsn`] for everything else: an unknown key, a key given twice, a value that does
    /// not fit, another driver's key or form. The message has the replacement, and no part of a
    /// user, password or value.
    fn from_str(text: &str) -> Result<Self, Error> {
        ConnectionBuilder::from_dsn_ignoring(text, &[])
    }
}

impl ConnectionBuilder {
    /// Reads a connection string as [`from_str`](Self::from_str) does, and passes over the keys
    /// of other drivers that `keys` names, for strings that several programs share.
    ///
    /// Keys of this crate are never passed over, nor are keys that concern TLS: leaving one of
    /// those out silently would weaken the connection.
    ///
    /// ```
    /// use mysql_tls::ConnectionBuilder;
    ///
    /// let text = "mysql://app@db.example.com/shop?ssl-mode=VERIFY_IDENTITY&reconnect=true";
    /// let builder = ConnectionBuilder::from_dsn_ignoring(text, &["reconnect"])?;
    /// # let _ = builder;
    /// # Ok::<(), mysql_tls::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`from_str`](Self::from_str).
    pub fn from_dsn_ignoring(text: &str, keys: &[&str]) -> Result<Self, Error> {
        let (default_port, rest) = split::scheme(text.trim(), keys)?;
        Ok(read(rest, default_port, keys)?)
    }

    /// Writes the builder as a connection string **with its password, keys and all other
    /// secrets**; `Display` writes it without them.
    ///
    /// What is read from the text equals this builder, but for brackets around an IPv6 host and
    /// an empty user or database, which is the same as none.
    ///
    /// # Errors
    ///
    /// [`DsnErrorKind::NoText`] where a setting has no text: a password provider, the driver
    /// options hook, the local-infile handler, a path that is not UTF-8, a value that a connection
    /// string would refuse. It names the setting.
    pub fn to_dsn(&self) -> Result<String, Error> {
        Ok(write::with_secrets(self)?)
    }
}

/// Writes the builder as a connection string without secrets: no password, no private key, no
/// `init` statements, no connection attributes. Settings that have no text are left out.
impl fmt::Display for ConnectionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write::without_secrets(self))
    }
}

/// Reads what follows the scheme.
fn read(
    rest: &str,
    default_port: Option<u16>,
    ignored: &[&str],
) -> Result<ConnectionBuilder, DsnError> {
    let parts = split::parts(rest)?;
    let mut builder = ConnectionBuilder::new("");
    authority::read_authority(&mut builder, parts.authority, default_port)?;
    authority::read_path(&mut builder, parts.path)?;
    query::read(&mut builder, parts.query, ignored)?;
    if !builder.names_server() && builder.option_file.is_none() {
        return Err(DsnError::new(
            DsnErrorKind::Authority,
            None,
            "there is no host: write one before the database, or `?socket=` with the path of the \
             server's Unix socket, or `?option-file=` with a file that names one",
        ));
    }
    Ok(builder)
}
