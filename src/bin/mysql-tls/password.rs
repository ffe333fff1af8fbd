//! The password, where it does not stand in the DSN.

use std::path::PathBuf;

use clap::Args;
use mysql_tls::{ConfigErrorKind, ConnectionBuilder, Password};

use crate::failure::Failure;
use crate::output;
use crate::server::variable;

const VARIABLE: &str = "MYSQL_PWD";

/// The password; an option wins over the DSN's, and the variable is for a DSN without one.
#[derive(Args)]
#[group(multiple = false)]
pub(crate) struct PasswordArgs {
    /// Ask for the password on the terminal; with a value (also -pPASSWORD) take that, which `ps`
    /// shows [default: the DSN's, or that of the variable MYSQL_PWD]
    #[arg(short, long, num_args = 0..=1, require_equals = true)]
    password: Option<Option<String>>,

    /// A file with the password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordArgs {
    /// Whether one of the options was given.
    pub(crate) fn is_given(&self) -> bool {
        self.password.is_some() || self.password_file.is_some()
    }

    pub(crate) fn over(&self, builder: ConnectionBuilder) -> Result<ConnectionBuilder, Failure> {
        match (&self.password, &self.password_file) {
            (Some(Some(password)), _) => {
                output::warn(
                    "the password in the arguments is visible to every user of this machine with \
                     `ps`; use --password-file, MYSQL_PWD or -p without a value",
                );
                Ok(builder.password(password.as_str()))
            }
            (Some(None), _) => Ok(builder.password(ask()?)),
            (None, Some(path)) => Ok(builder.password_file(path)),
            (None, None) if builder.has_password() => Ok(builder),
            (None, None) => Ok(match variable(VARIABLE)? {
                Some(password) => builder.password(password),
                None => builder,
            }),
        }
    }
}

/// Asks on the terminal itself, so that stdin and stdout stay free for other things.
fn ask() -> Result<Password, Failure> {
    rpassword::prompt_password("Password: ").map(Password::new).map_err(|error| {
        Failure::error(
            ConfigErrorKind::Password,
            format!(
                "-p: there is no terminal to ask for the password on ({error}); use \
                 --password-file or MYSQL_PWD"
            ),
        )
    })
}
