//! Which server: the way that every subcommand takes a DSN, with the options of the `mysql` client on
//! top of it or in its place, and an option file below it.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use mysql_tls::{ConfigErrorKind as Kind, ConnectionBuilder, Connector};

use crate::client::ClientOptions;
use crate::defaults::DefaultsArgs;
use crate::failure::Failure;
use crate::output;
use crate::password::PasswordArgs;

/// Where the DSN is looked for when no argument names a server, in this order.
const VARIABLES: [&str; 2] = ["MYSQL_TLS_DSN", "DATABASE_URL"];

/// The largest file that is read for a DSN, which may hold certificates as text.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// The server and how to log in.
#[derive(Args)]
pub(crate) struct ServerArgs {
    /// The connection string, for example
    /// `tidb://app@db.example.com/shop?ssl-mode=VERIFY_IDENTITY` [default: that of --dsn-file, or of
    /// the variable MYSQL_TLS_DSN, or of DATABASE_URL]
    #[arg(conflicts_with_all = ["dsn_file", "host", "socket"])]
    dsn: Option<String>,

    /// A file with the connection string; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["host", "socket"])]
    dsn_file: Option<PathBuf>,

    /// Pass over this key of the DSN, which is another program's and not about TLS; may be given
    /// several times
    #[arg(long, value_name = "KEY")]
    ignore_key: Vec<String>,

    #[command(flatten)]
    password: PasswordArgs,

    #[command(flatten)]
    options: ClientOptions,

    #[command(flatten)]
    defaults: DefaultsArgs,
}

const NO_PASSWORD: &str = "this command never logs in: take the password out of the DSN, the \
                           option file and the options, since each driver brings its own";

impl ServerArgs {
    /// The builder that the arguments and the environment amount to.
    pub(crate) fn builder(&self) -> Result<ConnectionBuilder, Failure> {
        self.password.over(self.without_password_options()?)
    }

    /// What `build()` makes of it; an option of the command line has its name there in errors.
    pub(crate) fn build(&self, builder: &ConnectionBuilder) -> Result<Connector, Failure> {
        builder.build().map_err(|error| self.named(&error))
    }

    /// The same for a command that never logs in: a password would be read by nobody, and whoever
    /// gives one expects it to be used.
    pub(crate) fn builder_without_login(&self) -> Result<ConnectionBuilder, Failure> {
        if self.password.is_given() {
            return Err(Failure::usage(NO_PASSWORD));
        }
        if self.options.user.is_some() || self.options.database.is_some() {
            return Err(Failure::usage(
                "this command never logs in: leave --user and --database out, since each driver \
                 brings its own",
            ));
        }
        let builder = self.without_password_options()?;
        if builder.has_password() {
            return Err(Failure::usage(NO_PASSWORD));
        }
        Ok(builder)
    }

    /// The DSN, the options over it, and the option file below both.
    fn without_password_options(&self) -> Result<ConnectionBuilder, Failure> {
        let builder = self.options.over(self.source()?);
        let builder = self.defaults.under(builder)?;
        let builder = builder.read_option_file().map_err(|error| self.named(&error))?;
        self.options.check_server(&builder)?;
        Ok(builder)
    }

    /// An error with the name of an option as it is written here, where a sentence begins with it.
    fn named(&self, error: &mysql_tls::Error) -> Failure {
        let message = error.to_string();
        let file = self.defaults.option().map(|option| ("option-file", option));
        let named = self.options.given().chain(file).find_map(|(key, option)| {
            let rest = message.strip_prefix(key)?;
            rest.starts_with([':', ' ']).then(|| format!("{option}{rest}"))
        });
        Failure::error(error, named.unwrap_or(message))
    }

    fn parsed(&self, dsn: &str) -> Result<ConnectionBuilder, mysql_tls::Error> {
        let ignored: Vec<&str> = self.ignore_key.iter().map(String::as_str).collect();
        ConnectionBuilder::from_dsn_ignoring(dsn, &ignored)
    }

    /// A DSN that does not stand before the eyes of whoever reads the error.
    fn parsed_from(&self, source: &str, dsn: &str) -> Result<ConnectionBuilder, Failure> {
        self.parsed(dsn)
            .map_err(|error| Failure::error(&error, format!("{source}: {}", by_option(&error))))
    }

    /// An argument, else a file, else host or socket, else an option file, else the environment.
    fn source(&self) -> Result<ConnectionBuilder, Failure> {
        if let Some(dsn) = &self.dsn {
            let builder =
                self.parsed(dsn).map_err(|error| Failure::error(&error, by_option(&error)))?;
            // What is written without secrets is shorter where there are some.
            if builder.to_dsn().is_ok_and(|whole| whole != builder.to_string()) {
                output::warn(
                    "the DSN in the arguments holds a password or another secret, and every user of \
                     this machine can see arguments with `ps`; use --dsn-file, MYSQL_TLS_DSN, \
                     --password-file or -p",
                );
            }
            return Ok(builder);
        }
        if let Some(path) = &self.dsn_file {
            return self.parsed_from("--dsn-file", &read(path)?);
        }
        if let Some(host) = &self.options.host {
            return Ok(ConnectionBuilder::new(host));
        }
        if self.options.socket.is_some() {
            return Ok(ConnectionBuilder::new("localhost"));
        }
        if self.defaults.is_given() {
            return Ok(ConnectionBuilder::new(""));
        }
        for name in VARIABLES {
            if let Some(dsn) = variable(name)? {
                return self.parsed_from(name, &dsn);
            }
        }
        Err(Failure::usage(
            "no server: give a DSN as the argument, by --dsn-file FILE, or in the variable \
             MYSQL_TLS_DSN or DATABASE_URL, or name a host with --host",
        ))
    }
}

/// An error of the DSN, with this program's way to pass over a key.
fn by_option(error: &mysql_tls::Error) -> String {
    error.to_string().replace("`from_dsn_ignoring`", "--ignore-key")
}

/// A variable of the environment; an empty one counts as none.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Failure> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(OsString::into_string)
        .transpose()
        .map_err(|_| Failure::error(Kind::Value, format!("the variable {name} is not UTF-8")))
}

/// The text of a file, or of standard input. A pipe will do, since a shell's `<(...)` is one.
fn read(path: &Path) -> Result<String, Failure> {
    let standard_input = path == Path::new("-");
    let name = if standard_input { "standard input".into() } else { path.display().to_string() };
    let mut content = Vec::new();
    let done = if standard_input {
        std::io::stdin().lock().take(SIZE_LIMIT + 1).read_to_end(&mut content)
    } else {
        std::fs::File::open(path)
            .and_then(|file| file.take(SIZE_LIMIT + 1).read_to_end(&mut content))
    };
    let failed = |code: Kind, why: &str| Failure::error(code, format!("--dsn-file: {name} {why}"));
    match done {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(failed(Kind::FileMissing, "does not exist; check the path"));
        }
        Err(error) if error.kind() == std::io::ErrorKind::IsADirectory => {
            return Err(failed(Kind::FileKind, "is a directory; give a file with a DSN"));
        }
        Err(error) => {
            return Err(failed(
                Kind::FileUnreadable,
                &format!("cannot be read ({error}); let this user read it"),
            ));
        }
        Ok(_) if content.len() as u64 > SIZE_LIMIT => {
            return Err(failed(Kind::FileKind, "is larger than 1 MiB; give a file with a DSN"));
        }
        Ok(_) if content.trim_ascii().is_empty() => {
            return Err(failed(Kind::FileKind, "is empty; write the DSN into it"));
        }
        Ok(_) => {}
    }
    String::from_utf8(content)
        .map_err(|_| failed(Kind::FileKind, "is not UTF-8 text; give a file with a DSN"))
}
