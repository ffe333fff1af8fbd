//! The arguments before and after `clap`: `-pPASSWORD` as the `mysql` client has it, and complaints
//! that repeat no secret.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::others::{Verdict, judge};

/// What stands in a complaint in place of an argument that could be a DSN or a password.
const HIDDEN: &str = "<not shown>";

/// The arguments as `clap` knows them: `-pPASSWORD` as `--password=PASSWORD`, since it would take the
/// letters for more options; `_` in names as `-`; without what means nothing here.
pub(crate) fn prepared(
    arguments: impl Iterator<Item = OsString>,
) -> Result<Vec<OsString>, clap::Error> {
    let mut options = true;
    let mut prepared = Vec::new();
    for argument in arguments {
        options &= argument != "--";
        let text = argument.to_str().filter(|text| options && text.starts_with('-'));
        let Some(text) = text else {
            prepared.push(argument);
            continue;
        };
        if let Some(password) = text.strip_prefix("-p").filter(|password| !password.is_empty()) {
            prepared.push(format!("--password={password}").into());
            continue;
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let name = if is_long(name) { name.replace('_', "-") } else { name.to_owned() };
        match judge(&name, value) {
            Verdict::LeaveOut => {}
            Verdict::Refuse(sentence) => return Err(misuse(&sentence)),
            Verdict::Keep => prepared.push(match value {
                Some(value) => format!("{name}={value}").into(),
                None => name.into(),
            }),
        }
    }
    Ok(prepared)
}

/// Whether this is `--NAME`, and not a value that begins with dashes.
fn is_long(name: &str) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    name.strip_prefix("--").is_some_and(|name| name.bytes().all(is_name))
}

/// A complaint about the arguments, with the usage of the subcommand that they are for.
pub(crate) fn misuse(sentence: &str) -> clap::Error {
    command().error(ErrorKind::MissingRequiredArgument, sentence)
}

/// The subcommand of the arguments, or the program where there is none.
fn command() -> clap::Command {
    let mut program = crate::Cli::command();
    program.build();
    let name = std::env::args().nth(1).unwrap_or_default();
    program.find_subcommand(&name).cloned().unwrap_or(program)
}

/// Prints what is wrong with the arguments (or the help that was asked for).
pub(crate) fn refused(mut error: clap::Error) -> ExitCode {
    // What stands in a variable is nobody's business, whatever it looks like.
    if matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::String(name)) if name.starts_with("--env "))
        && error.get(ContextKind::InvalidValue).is_some()
    {
        error.insert(ContextKind::InvalidValue, ContextValue::String(HIDDEN.to_owned()));
    }
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidSubcommand, ContextKind::InvalidValue]
    {
        let hide = match error.get(kind) {
            Some(ContextValue::String(text)) => may_be_secret(error.kind(), text),
            _ => false,
        };
        if hide {
            error.insert(kind, ContextValue::String(HIDDEN.to_owned()));
            // The suggestions repeat it.
            error.remove(ContextKind::Suggested);
        }
    }
    advise(&mut error);
    if error.get(ContextKind::Usage).is_some() {
        // All of it; `clap`'s own has what was given alone, such as `mysql-tls status <DSN>`.
        let usage = ContextValue::StyledStr(command().render_usage());
        error.insert(ContextKind::Usage, usage);
    }
    // Nobody is left to be told if even this cannot be written.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1))
}

/// Better advice than `clap`'s own, which would make a value of an unknown option.
fn advise(error: &mut clap::Error) {
    let name = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(name)) => name.clone(),
        _ => return,
    };
    let advice = match error.kind() {
        ErrorKind::UnknownArgument => {
            error.remove(ContextKind::Suggested);
            let key = name.strip_prefix("--").unwrap_or_default();
            if !mysql_tls::dsn_keys().iter().any(|known| known.name() == key) {
                return;
            }
            error.remove(ContextKind::SuggestedArg);
            format!("`{key}` is a key of the DSN: write it there, after a `?` or `&`")
        }
        ErrorKind::InvalidValue if name.starts_with("--host ") => {
            "-h is the host, as in the mysql client; the help is --help".to_owned()
        }
        _ => return,
    };
    let advice = vec![StyledStr::from(advice)];
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(advice));
}

fn may_be_secret(kind: ErrorKind, text: &str) -> bool {
    // `status DSN -p PASSWORD`: the password is one argument too many.
    let surplus = kind == ErrorKind::UnknownArgument && !text.starts_with('-');
    surplus || text.contains([':', '@', '/', '\n']) || text.starts_with("-----")
}
