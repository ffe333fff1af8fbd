//! The command line of mysql-tls: what a connection to a server is worth, without writing a program.

mod arguments;
mod failure;
mod output;
mod password;
mod server;
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
                           `error[CODE]: sentence`, 2 for wrong usage.";

#[derive(Subcommand)]
enum Command {
    /// Connects, and tells what was negotiated, what was verified and what the server says of it
    Status(status::StatusArgs),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(arguments::prepared(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => return arguments::refused(error),
    };
    warnings::show();
    let done = match cli.command {
        Command::Status(args) => status::run(&args),
    };
    done.map_or_else(Failure::report, |()| ExitCode::SUCCESS)
}
