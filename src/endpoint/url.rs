//! How drivers spell a connection to an endpoint.

use super::Endpoint;
use crate::dsn::encoding;

/// Whose connection string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UrlStyle {
    /// `mysql` and `mysql_async`: `mysql://USER@localhost/DATABASE?socket=PATH`, and on TCP
    /// `mysql://USER@127.0.0.1:PORT/DATABASE?prefer_socket=false`.
    Mysql,
    /// sqlx and SeaORM: the same with `ssl-mode=DISABLED`, since the TLS is made here.
    Sqlx,
    /// Diesel: `mysql://USER@localhost/DATABASE?unix_socket=PATH`.
    Diesel,
    /// go-sql-driver: `USER@unix(PATH)/DATABASE`, and on TCP `USER@tcp(ADDRESS)/DATABASE`. User and
    /// password stand there as they are, so that a user with a `:` cannot be written.
    Go,
}

impl UrlStyle {
    /// Every style.
    pub const ALL: &'static [UrlStyle] =
        &[UrlStyle::Mysql, UrlStyle::Sqlx, UrlStyle::Diesel, UrlStyle::Go];

    /// The name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            UrlStyle::Mysql => "mysql",
            UrlStyle::Sqlx => "sqlx",
            UrlStyle::Diesel => "diesel",
            UrlStyle::Go => "go",
        }
    }
}

impl std::str::FromStr for UrlStyle {
    type Err = ParseUrlStyleError;

    /// Reads a name, in any case.
    fn from_str(text: &str) -> Result<Self, ParseUrlStyleError> {
        let style = UrlStyle::ALL.iter().find(|style| text.eq_ignore_ascii_case(style.as_str()));
        style.copied().ok_or(ParseUrlStyleError)
    }
}

/// The text is no style's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no style of connection strings is called so; write mysql, sqlx, diesel or go")]
#[non_exhaustive]
pub struct ParseUrlStyleError;

impl Endpoint {
    /// The connection string of a driver for this endpoint, with the connector's user and database
    /// and **without a password**, which the driver has to be given.
    #[must_use]
    pub fn url(&self, style: UrlStyle) -> String {
        let shared = &self.state.connector.shared;
        self.url_of(style, shared.user.as_deref(), None, shared.database.as_deref())
    }

    /// The same with this user, password and database, ready for use. It holds the password: it is
    /// for the environment of a child process, not for a log.
    #[must_use]
    pub fn url_of(
        &self,
        style: UrlStyle,
        user: Option<&str>,
        password: Option<&str>,
        database: Option<&str>,
    ) -> String {
        let encode = |text: &str| encoding::encode(text, "");
        let database = database.unwrap_or_default();
        if style == UrlStyle::Go {
            // The last `/` splits, then the last `@`; only the database is encoded.
            let login = match (user, password) {
                (None, _) => String::new(),
                (Some(user), None) => format!("{user}@"),
                (Some(user), Some(password)) => format!("{user}:{password}@"),
            };
            let place = match (&self.path, self.address) {
                (Some(path), _) => format!("unix({})", path.display()),
                (None, Some(address)) => format!("tcp({address})"),
                (None, None) => String::new(),
            };
            return format!("{login}{place}/{}", encode(database));
        }
        let login = match (user, password) {
            (None, None) => String::new(),
            (user, None) => format!("{}@", encode(user.unwrap_or_default())),
            (user, Some(password)) => {
                format!("{}:{}@", encode(user.unwrap_or_default()), encode(password))
            }
        };
        let host =
            self.address.map_or_else(|| "localhost".to_owned(), |address| address.to_string());
        let mut parameters = Vec::new();
        if let Some(path) = &self.path {
            let key = if style == UrlStyle::Diesel { "unix_socket" } else { "socket" };
            // A slash stands for itself there, for every driver.
            parameters.push(format!("{key}={}", encoding::encode(&path.to_string_lossy(), "/")));
        }
        match style {
            UrlStyle::Sqlx => parameters.push("ssl-mode=DISABLED".to_owned()),
            // It would leave the endpoint for the server's own socket.
            UrlStyle::Mysql if self.path.is_none() => {
                parameters.push("prefer_socket=false".to_owned());
            }
            _ => {}
        }
        let query = if parameters.is_empty() {
            String::new()
        } else {
            format!("?{}", parameters.join("&"))
        };
        format!("mysql://{login}{host}/{}{query}", encode(database))
    }
}
