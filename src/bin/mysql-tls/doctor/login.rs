//! The one login, under exactly the given settings.

use mysql_tls::mysql::prelude::{FromRow, Queryable};
use mysql_tls::{Connection, ConnectionBuilder, Difference, ServerTlsStatus, Session, SslMode};

use super::findings::Problem;

/// What became of the login.
pub(super) struct Login {
    /// `None` where the settings are refused before a connection.
    pub(super) mode: Option<SslMode>,
    /// Whether there is a client certificate to show.
    pub(super) has_certificate: bool,
    pub(super) result: Result<LoggedIn, Problem>,
}

/// A login that succeeded, and what the server said inside.
pub(super) struct LoggedIn {
    pub(super) session: Session,
    pub(super) view: Option<ServerTlsStatus>,
    /// How connection id and version differ from the greeting's; `None` where the server did not
    /// tell them.
    pub(super) inside: Option<Vec<Difference>>,
}

pub(super) fn log_in(builder: &ConnectionBuilder) -> Login {
    // A certificate that is renewed meanwhile would be a reason to log in once more.
    let connector = match builder.clone().reload_certificates(false).build() {
        Ok(connector) => connector,
        Err(error) => {
            return Login {
                mode: None,
                has_certificate: false,
                result: Err(Problem::from(&error)),
            };
        }
    };
    let result = match connector.connect() {
        Ok(mut connection) => Ok(LoggedIn {
            // Nothing at all is no view either.
            view: connection.server_tls_status().ok().filter(|view| !view.variables().is_empty()),
            inside: inside(&mut connection),
            session: connection.session().clone(),
        }),
        Err(error) => Err(Problem::from(&error)),
    };
    Login {
        mode: Some(connector.ssl_mode()),
        has_certificate: connector.client_identity().is_some(),
        result,
    }
}

fn inside(connection: &mut Connection) -> Option<Vec<Difference>> {
    let id: u64 = ask(connection, "SELECT CONNECTION_ID()")?;
    let version: String = ask(connection, "SELECT VERSION()")?;
    Some(connection.session().claimed().compare(id, &version))
}

/// An answer of whatever shape; one that does not fit is none.
fn ask<T: FromRow>(connection: &mut Connection, statement: &str) -> Option<T> {
    connection.query_first_opt(statement).ok()??.ok()
}
