//! `mysql-tls exec`: a command with a private endpoint of its own.

mod child;
mod environment;
mod template;
mod wait;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::RawFd;
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::Args;
use mysql_tls::{Connector, EndpointOptions, UrlStyle};
use signal_hook::consts::SIGCHLD;

use crate::descriptors;
use crate::duration::duration;
use crate::failure::Failure;
use crate::server::ServerArgs;
use crate::signals;
use environment::Assignment;
use template::{Place, Template, Values};

const HELP: &str = "The command finds DATABASE_URL and MYSQL_UNIX_PORT in its environment. In its \
                    arguments {socket}, {host}, {port}, {user} and {database} are replaced; \
                    {{socket}} stands for {socket} itself. Exit status: the command's; 128 and the \
                    signal's number where a signal ended it; 127 where it was not found, 126 where \
                    it could not be started.";

#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct ExecArgs {
    /// Listen on 127.0.0.1 in place of a Unix socket: MYSQL_HOST and MYSQL_TCP_PORT are set
    #[arg(long)]
    tcp: bool,

    /// Let every user of this machine use the client certificate, which --tcp cannot prevent
    #[arg(long, requires = "tcp")]
    allow_local_users: bool,

    /// The form of DATABASE_URL: mysql, sqlx, diesel or go
    #[arg(long, value_name = "STYLE", default_value = "mysql")]
    url_style: UrlStyle,

    /// Set a variable for the command; {url} and {password} are replaced too. May be given several
    /// times
    #[arg(long, value_name = "NAME=TEMPLATE", value_parser = environment::assignment())]
    env: Vec<Assignment>,

    /// Wait until the server accepts a connection before the command is started, and begin no other
    /// attempt after so long [default: do not wait]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Duration>,

    #[command(flatten)]
    server: ServerArgs,

    /// The command and its arguments, after `--`
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

impl ExecArgs {
    fn place(&self) -> Place {
        if self.tcp { Place::Tcp } else { Place::Socket }
    }

    fn templates(&self) -> Result<Vec<Template>, Failure> {
        let arguments = self.command.iter().enumerate();
        arguments
            .map(|(number, argument)| {
                Template::for_argument(argument, self.place()).map_err(|why| {
                    Failure::usage(format!("argument {number} of the command: {why}"))
                })
            })
            .collect()
    }

    fn options(&self) -> EndpointOptions {
        if self.tcp {
            EndpointOptions::new()
                .tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
                .allow_local_users(self.allow_local_users)
        } else {
            EndpointOptions::new()
        }
    }
}

pub(crate) fn run(args: &ExecArgs, inherited: &[RawFd]) -> Result<ExitCode, Failure> {
    let command = args.templates()?;
    let variables = environment::templates(&args.env, args.place())?;
    let builder = args.server.builder()?;
    // Before anything is made that has to be taken away again.
    let mut signals = signals::awaited(&[SIGCHLD])?;
    // The DSN's file may have been one of them.
    descriptors::close(inherited);
    let connector = args.server.build(&builder)?;
    if let Some(patience) = args.wait
        && let Some(signal) = wait::until_it_accepts(&connector, patience, &mut signals)?
    {
        return Ok(child::killed_by(signal));
    }
    let endpoint = connector.endpoint_with(args.options())?;
    let values = values(&connector, &endpoint, args.url_style)?;
    let rendered = command.iter().map(|template| template.render(&values));
    let rendered = rendered.collect::<Result<Vec<OsString>, String>>().map_err(Failure::usage)?;
    let Some((program, arguments)) = rendered.split_first() else {
        return Err(Failure::usage("no command: write it after `--`"));
    };
    let mut command = Command::new(program);
    command.args(arguments);
    environment::set(&mut command, &values, &variables)?;
    let ended = child::run(&mut command, &mut signals);
    // Nobody is left to have a command under way.
    endpoint.shutdown(Duration::ZERO);
    Ok(ended)
}

fn values(
    connector: &Connector,
    endpoint: &mysql_tls::Endpoint,
    style: UrlStyle,
) -> Result<Values, Failure> {
    let password = connector.password()?;
    let password = password.as_ref().map(mysql_tls::Password::expose);
    Ok(Values {
        url: endpoint.url_of(style, connector.user(), password, connector.database()),
        socket: endpoint.path().map(|path| path.as_os_str().to_owned()),
        address: endpoint.address(),
        user: connector.user().map(str::to_owned),
        password: password.map(str::to_owned),
        database: connector.database().map(str::to_owned),
    })
}
