//! `mysql-tls shim`: an endpoint that lives until a signal.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use clap::Args;
use mysql_tls::{Endpoint, EndpointOptions};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::iterator::Signals;

use crate::duration::duration;
use crate::failure::Failure;
use crate::server::ServerArgs;
use crate::{lines, output, signals};

const HELP: &str = "Drivers connect without TLS and with their own user and password; the DSN has \
                    none. SIGTERM, SIGINT, SIGHUP and SIGQUIT end it with status 0, a second one \
                    at once.";

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
    #[arg(long, value_name = "UID", conflicts_with = "listen", value_parser = uid)]
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
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
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
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,
}

fn uid(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "write the user's number, as `id -u NAME` prints it".to_owned())
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "write an IP address with a port, such as 127.0.0.1:3307 or [::1]:3307".to_owned()
    })
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
    // A log that nobody reads must not hold up the connections.
    lines::detach();
    let connector = args.server.build(&args.server.builder_without_login()?)?;
    // Before there is anything to be taken away; so that from here on a signal ends it in order.
    let mut signals = signals::awaited(&[])?;
    if connector.user().is_some() || connector.database().is_some() {
        output::warn(
            "the user and the database in the DSN are not used: a shim never logs in, and each \
             driver brings its own",
        );
    }
    raise_descriptor_limit();
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
    end(endpoint, args.grace, &mut signals);
    Ok(())
}

/// Ends it with the grace; a second signal cuts that short.
fn end(endpoint: Endpoint, grace: Duration, signals: &mut Signals) {
    const LOOK: Duration = Duration::from_millis(20);
    let (ended, end) = mpsc::channel();
    thread::spawn(move || ended.send(endpoint.shutdown(grace)));
    loop {
        match end.recv_timeout(LOOK) {
            Ok(true) => return,
            Ok(false) => {
                return output::warn(
                    "some connections have not ended, and are cut with the program",
                );
            }
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) if signals.pending().next().is_some() => {
                return output::warn("a second signal: commands that are under way are cut");
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Each connection takes two descriptors, and 1024 in all is the usual limit that a process may raise.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}
