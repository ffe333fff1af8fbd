//! The arguments before and after `clap`: `-pPASSWORD` as the `mysql` client has it, and complaints
//! that repeat no secret.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What stands in a complaint in place of an argument that could be a DSN or a password.
const HIDDEN: &str = "<not shown>";

/// Writes `-pPASSWORD` as `--password=PASSWORD`: `clap` would take the letters for more options.
pub(crate) fn prepared(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut options = true;
    arguments
        .map(|argument| {
            options &= argument != "--";
            let attached = argument.to_str().and_then(|text| text.strip_prefix("-p"));
            match attached {
                Some(password) if options && !password.is_empty() => {
                    format!("--password={password}").into()
                }
                _ => argument,
            }
        })
        .collect()
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
    // Nobody is left to be told if even this cannot be written.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1))
}

fn may_be_secret(kind: ErrorKind, text: &str) -> bool {
    // `status DSN -p PASSWORD`: the password is one argument too many.
    let surplus = kind == ErrorKind::UnknownArgument && !text.starts_with('-');
    surplus || text.contains([':', '@', '/', '\n']) || text.starts_with("-----")
}
