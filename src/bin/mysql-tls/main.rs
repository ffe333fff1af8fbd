//! The command line of mysql-tls: what a connection to a server is worth, and TLS for other programs.

mod arguments;
mod descriptors;
mod doctor;
mod duration;
mod exec;
mod failure;
mod lines;
mod output;
mod password;
mod server;
mod shim;
mod signals;
mod status;
mod warnings;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// TLS connections to TiDB, MySQL and MariaDB, with the five ssl-modes meaning what they say.
#[derive(Parser)]
#[command(name = "mysql-tls", version, after_help = EXIT_STATUS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_STATUS: &str = "Exit status: 0 for success, 1 for an error, which stands on stderr as \
                           `error[CODE]: sentence`, or in the report of `doctor`, 2 for wrong \
                           usage. `exec` ends with the status of its command.";

#[derive(Subcommand)]
enum Command {
    /// Connects, and tells what was negotiated, what was verified and what the server says of it
    Status(status::StatusArgs),
    /// Tries what the settings ask and what they do not, and explains what it finds; logs in once
    Doctor(doctor::DoctorArgs),
    /// Lets drivers without TLS connect to a socket or port, and goes on to the server with TLS
    Shim(shim::ShimArgs),
    /// Runs a command whose driver needs no TLS: it gets a private socket in its environment
    Exec(exec::ExecArgs),
}

fn main() -> ExitCode {
    // Before anything is opened here.
    let inherited = descriptors::inherited();
    let cli = match Cli::try_parse_from(arguments::prepared(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => return arguments::refused(error),
    };
    warnings::show(matches!(cli.command, Command::Shim(_)));
    let done = match cli.command {
        Command::Status(args) => status::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Doctor(args) => doctor::run(&args),
        Command::Shim(args) => shim::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Exec(args) => exec::run(&args, &inherited),
    };
    let status = done.unwrap_or_else(Failure::report);
    lines::finish();
    status
}
