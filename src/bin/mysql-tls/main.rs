//! The command line of mysql-tls: what a connection to a server is worth, and TLS for other programs.

mod arguments;
mod cert;
mod certs;
mod client;
mod codes;
mod completions;
mod defaults;
mod descriptors;
mod doctor;
mod duration;
mod exec;
mod explain;
mod failure;
mod lines;
mod man;
mod others;
mod output;
mod password;
mod require;
mod server;
mod shim;
mod signals;
mod status;
mod warnings;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// What the program is called, also in what it generates.
const NAME: &str = "mysql-tls";

/// TLS connections to TiDB, MySQL and MariaDB, with the five ssl-modes meaning what they say.
#[derive(Parser)]
#[command(name = NAME, version, after_help = EXIT_STATUS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_STATUS: &str = "Exit status: 0 for success, 1 for an error, which stands on stderr as \
                           `error[CODE]: sentence`, or in the report of `doctor`, 2 for wrong \
                           usage. `exec` ends with the status of its command. `explain CODE` \
                           tells what to do about an error.";

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
    /// Shows what certificates say, and what ties an account to one of them
    Cert(cert::CertArgs),
    /// Makes a CA and certificates of a server and of clients, for TiDB, MySQL and MariaDB
    Certs(certs::CertsArgs),
    /// Explains the code of an error: what it means and what to do; without one lists all of them
    Explain(explain::ExplainArgs),
    /// Prints a script that completes this program's command lines in a shell
    Completions(completions::CompletionsArgs),
    /// Prints this program's manual page, or writes it and those of the subcommands into files
    Man(man::ManArgs),
}

fn main() -> ExitCode {
    // Before anything is opened here.
    let inherited = descriptors::inherited();
    let cli = match arguments::prepared(std::env::args_os()).and_then(Cli::try_parse_from) {
        Ok(cli) => cli,
        Err(error) => return arguments::refused(error),
    };
    warnings::show(matches!(cli.command, Command::Shim(_)));
    let done = match cli.command {
        Command::Status(args) => status::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Doctor(args) => doctor::run(&args),
        Command::Shim(args) => shim::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Exec(args) => exec::run(&args, &inherited),
        Command::Cert(args) => cert::run(&args),
        Command::Certs(args) => certs::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Explain(args) => explain::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Completions(args) => completions::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Man(args) => man::run(&args).map(|()| ExitCode::SUCCESS),
    };
    let status = done.unwrap_or_else(Failure::report);
    lines::finish();
    status
}
