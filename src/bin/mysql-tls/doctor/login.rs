//! The one login, under exactly the given settings.

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

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
        Ok(connection) => {
            let session = connection.session().clone();
            let (view, inside) = asked(connection);
            Ok(LoggedIn { session, view, inside })
        }
        Err(error) => Err(Problem::from(&error)),
    };
    Login {
        mode: Some(connector.ssl_mode()),
        has_certificate: connector.client_identity().is_some(),
        result,
    }
}

/// How long a server may take to tell what it has to say inside.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the server says of TLS, and of itself. One that never ends saying it is left to do so.
fn asked(mut connection: Connection) -> (Option<ServerTlsStatus>, Option<Vec<Difference>>) {
    let (sender, answers) = sync_channel(1);
    let asking = move || {
        // Nothing at all is no view either.
        let view = connection.server_tls_status().ok();
        let view = view.filter(|view| !view.variables().is_empty());
        let inside = inside(&mut connection);
        // Before this program can end, so that the server hears a goodbye.
        drop(connection);
        let _ = sender.send((view, inside));
    };
    match thread::Builder::new().spawn(asking) {
        Ok(_) => answers.recv_timeout(PATIENCE).unwrap_or_default(),
        Err(_) => (None, None),
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
