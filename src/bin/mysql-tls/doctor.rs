//! `mysql-tls doctor`: tries what the settings ask and what they do not, and explains what it found.
//!
//! Every connection but the last ends after the greeting or the TLS handshake and carries nothing of
//! the account. The last is a login under exactly the given settings.

mod advice;
mod attacker;
mod authorities;
mod budget;
mod findings;
mod hosts;
mod login;
mod paint;
mod probes;
mod progress;
mod report;
mod text;
mod verdicts;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::failure::Failure;
use crate::output;
use crate::server::ServerArgs;
use budget::Budget;
use progress::Progress;
use report::Report;

/// How many connections are made at the most, the login among them. MySQL and MariaDB shut out an
/// address after 100 in a row without a login (`max_connect_errors`).
const CONNECTIONS: usize = 32;

/// How long the probing may take as a whole; each connection has the connect timeout besides.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    server: ServerArgs,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Examines the server. Success if the given settings work.
pub(crate) fn run(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let builder = args.server.builder()?;
    // One is left for the login.
    let mut budget = Budget::new(CONNECTIONS - 1, PATIENCE);
    let mut progress = Progress::start();
    let (hosts, examined) = hosts::look(&builder, &mut budget, &mut progress);
    let probed = probes::run(&examined, &mut budget, &mut progress);
    let advice = advice::advise(&builder, &examined, &probed, &mut budget);
    // Warnings of the login are lines of their own.
    progress.end();
    let login = login::log_in(&examined);
    // The login too, unless it was refused before anything was dialed.
    let made = budget.used() + usize::from(login.mode.is_some());
    let report = Report::of(&builder, hosts, probed, login, advice, made);
    if args.json {
        output::print_json(&report)?;
    } else {
        output::print(paint::painted(&text::lines(&report)))?;
    }
    Ok(if report.settings.work { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
