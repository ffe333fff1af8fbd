//! What ends the program, and how it is told.

use std::process::ExitCode;

use crate::codes::Code;
use crate::output;

/// What ends the program before its work is done.
pub(crate) enum Failure {
    /// The arguments do not make sense together: exit status 2.
    Usage(String),
    /// Exit status 1, with a code that programs can match.
    Error { code: Code, message: String },
    /// Whoever read the output has gone: no complaint, and nothing went wrong.
    ReaderGone,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure::Usage(message.into())
    }

    pub(crate) fn error(code: impl Into<Code>, message: impl Into<String>) -> Self {
        Failure::Error { code: code.into(), message: message.into() }
    }

    /// Tells it on stderr.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Failure::Usage(message) => {
                crate::arguments::refused(crate::arguments::misuse(&message))
            }
            Failure::Error { code, message } => {
                output::complain(code, message);
                ExitCode::FAILURE
            }
            Failure::ReaderGone => ExitCode::SUCCESS,
        }
    }
}

impl From<mysql_tls::Error> for Failure {
    fn from(error: mysql_tls::Error) -> Self {
        Failure::error(&error, error.to_string())
    }
}
