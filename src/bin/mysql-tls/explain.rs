//! `mysql-tls explain`: what an error's code means, and what to do.

use clap::Args;
use serde::Serialize;

use crate::codes::{self, Explained};
use crate::failure::Failure;
use crate::output;

const HELP: &str = "The code stands in an error between brackets, error[CODE]. The sentence after it \
                    knows more: which option, host or file it is, and which of the remedies.";

#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct ExplainArgs {
    /// The code, such as certificate.expired, or the beginning of several, such as certificate
    #[arg(value_name = "CODE")]
    code: Option<String>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The JSON object.
#[derive(Serialize)]
struct Report {
    codes: Vec<Explained>,
}

pub(crate) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let codes = match &args.code {
        Some(code) => asked(code)?,
        None => codes::all().collect(),
    };
    if args.json {
        return output::print_json(&Report { codes });
    }
    match codes.as_slice() {
        [one] => print_whole(one),
        several => several.iter().try_for_each(|known| {
            output::print(format_args!("{:<38}{}", known.code, known.meaning))
        }),
    }
}

/// The code, or all codes of a stage; it may be copied with what stands around it in an error.
fn asked(text: &str) -> Result<Vec<Explained>, Failure> {
    let text = text.trim();
    let bare = text.strip_prefix("error").unwrap_or(text).trim_end_matches(':');
    let code = bare.trim_start_matches('[').trim_end_matches(']');
    let is_asked = |known: &Explained| {
        known.code == code || known.code.split_once('.').is_some_and(|(stage, _)| stage == code)
    };
    let found: Vec<Explained> = codes::all().filter(is_asked).collect();
    if found.is_empty() {
        return Err(Failure::usage(
            "there is no such code; `mysql-tls explain` without one lists all of them",
        ));
    }
    Ok(found)
}

fn print_whole(known: &Explained) -> Result<(), Failure> {
    let line = |name: &str, value: &str| output::print(format_args!("{name:<20}{value}"));
    line("Code", known.code)?;
    line("About", known.stage)?;
    line("Meaning", known.meaning)?;
    line("Remedy", &sentence(known.remedy))
}

/// With a capital letter and a full stop.
fn sentence(remedy: &str) -> String {
    let mut letters = remedy.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}
