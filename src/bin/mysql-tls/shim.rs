//! `mysql-tls shim`: an endpoint that lives until a signal.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use mysql_tls::EndpointOptions;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::duration::duration;
use crate::failure::Failure;
use crate::output;
use crate::server::ServerArgs;

const HELP: &str = "Drivers connect without TLS and with their own user and password; the DSN has \
                    none. SIGTERM and SIGINT end it with status 0.";

#[derive(Args)]
// `--socket` is where this command listens, so that of the mysql client has another name; what
// belongs to a login is refused, and hidden so that nobody looks for a use.
#[command(
    after_help = HELP,
    mut_arg("socket", |arg| arg.long("server-socket").short(None)),
    mut_arg("password", |arg| arg.hide(true)),
    mut_arg("password_file", |arg| arg.hide(true)),
    mut_arg("user", |arg| arg.hide(true)),
    mut_arg("database", |arg| arg.hide(true)),
)]
pub(crate) struct ShimArgs {
    #[command(flatten)]
    place: Place,

    /// Let the processes of this user in too, by his number; may be given several times
    #[arg(long, value_name = "UID", conflicts_with = "listen")]
    allow_uid: Vec<u32>,

    /// Take a socket in a directory that others can write to, who can then put theirs in its place
    #[arg(long, conflicts_with = "listen")]
    shared_directory: bool,

    /// Let every user of this machine use the client certificate, which --listen cannot prevent
    #[arg(long, conflicts_with = "listen_socket")]
    allow_local_users: bool,

    /// How many connections there may be at a time; further ones get error 1040
    #[arg(long, value_name = "N", default_value = "1024", value_parser = connections)]
    max_connections: usize,

    /// How long commands that are under way may go on after the signal
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = duration)]
    grace: Duration,

    #[command(flatten)]
    server: ServerArgs,
}

/// Where it listens: exactly one of the two.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Place {
    /// Listen on a Unix socket at this path, for this user's processes
    #[arg(id = "listen_socket", long = "socket", value_name = "PATH")]
    socket: Option<PathBuf>,

    /// Listen on this address, such as 127.0.0.1:3307; it has to be of the loopback interface, where
    /// every user of this machine can connect
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

fn connections(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("write a number from 1 up".to_owned()),
        Ok(number) => Ok(number),
    }
}

impl ShimArgs {
    fn options(&self) -> EndpointOptions {
        let options = EndpointOptions::new()
            .shared_directory(self.shared_directory)
            .allow_local_users(self.allow_local_users)
            .max_connections(self.max_connections);
        let options = match (&self.place.socket, self.place.listen) {
            (Some(path), _) => options.path(path),
            (None, Some(address)) => options.tcp(address),
            (None, None) => options,
        };
        self.allow_uid.iter().fold(options, |options, uid| options.allow_uid(*uid))
    }
}

pub(crate) fn run(args: &ShimArgs) -> Result<(), Failure> {
    // First of all, so that from here on a signal ends it in order.
    let mut signals = Signals::new([SIGTERM, SIGINT]).map_err(|error| {
        Failure::error("io.local", format!("no signal can be awaited: {error}"))
    })?;
    let connector = args.server.builder_without_login()?.build()?;
    if connector.user().is_some() || connector.database().is_some() {
        output::warn(
            "the user and the database in the DSN are not used: a shim never logs in, and each \
             driver brings its own",
        );
    }
    let endpoint = connector.endpoint_with(args.options())?;
    let place = match (endpoint.path(), endpoint.address()) {
        (Some(path), _) => path.display().to_string(),
        (None, Some(address)) => address.to_string(),
        (None, None) => String::new(),
    };
    match output::print(format_args!("ready: listening on {place}")) {
        // The drivers are still to be served.
        Ok(()) | Err(Failure::ReaderGone) => {}
        Err(failure) => return Err(failure),
    }
    signals.forever().next();
    if !endpoint.shutdown(args.grace) {
        output::warn("some connections did not end within the grace and were cut");
    }
    Ok(())
}
