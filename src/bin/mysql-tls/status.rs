//! `mysql-tls status`: the session and the server's view of it.

use clap::Args;
use mysql_tls::{Connection, ServerTlsStatus, Session};
use serde::Serialize;

use crate::failure::Failure;
use crate::server::ServerArgs;
use crate::{cert, output};

#[derive(Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    server: ServerArgs,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The JSON object: the session's own keys and the server's view.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    session: &'a Session,
    server_status: Option<&'a ServerTlsStatus>,
}

pub(crate) fn run(args: &StatusArgs) -> Result<(), Failure> {
    let connector = args.server.build(&args.server.builder()?)?;
    let mut connection = connector.connect()?;
    let view = server_view(&mut connection);
    let session = connection.session();
    if args.json {
        return output::print_json(&Report { session, server_status: view.as_ref() });
    }
    output::print(session)?;
    if let Some(leaf) = session.tls().and_then(|tls| tls.peer().first()) {
        cert::print_pins(leaf.pin(), &leaf.fingerprint())?;
    }
    match view {
        Some(view) => {
            output::print(format_args!("{:<20}{}", "Server's view", told(session, &view)))
        }
        None => Ok(()),
    }
}

/// The session stands whether or not the server tells of it: a proxy may not know the statement.
fn server_view(connection: &mut Connection) -> Option<ServerTlsStatus> {
    match connection.server_tls_status() {
        Ok(view) => Some(view),
        Err(error) => {
            output::warn(format_args!(
                "the server did not tell its view of the session: {}",
                output::escaped(&error.to_string())
            ));
            None
        }
    }
}

fn told(session: &Session, view: &ServerTlsStatus) -> String {
    let seen = match (view.version(), view.cipher()) {
        (None, None) => "no TLS".to_owned(),
        (version, cipher) => {
            format!("{}, {}", version.unwrap_or("no version"), cipher.unwrap_or("no cipher"))
        }
    };
    if session.compare(view).is_empty() {
        format!("{seen}, as on this side")
    } else {
        format!("{seen}: NOT what this side has, so something in between ends the TLS connection")
    }
}
