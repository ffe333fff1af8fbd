//! Which server: the way that every subcommand takes a DSN, and the options of the `mysql` client
//! that go on top of it or stand in its place.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use mysql_tls::{ConnectionBuilder, SslMode};

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

    #[command(flatten)]
    password: PasswordArgs,

    #[command(flatten)]
    options: ClientOptions,
}

/// Options as the `mysql` client has them, so that a command line for it works here. They win over
/// the same settings in the DSN.
#[derive(Args)]
#[command(disable_help_flag = true)]
struct ClientOptions {
    /// The server's host, in place of a DSN
    #[arg(short, long, help_heading = CLIENT)]
    host: Option<String>,

    /// The server's Unix socket, in place of a DSN
    #[arg(short = 'S', long, value_name = "PATH", help_heading = CLIENT, conflicts_with_all = ["host", "port"])]
    socket: Option<PathBuf>,

    /// The server's TCP port
    #[arg(short = 'P', long, help_heading = CLIENT)]
    port: Option<u16>,

    /// The account's user name
    #[arg(short, long, help_heading = CLIENT)]
    user: Option<String>,

    /// The database to use
    #[arg(short = 'D', long, help_heading = CLIENT)]
    database: Option<String>,

    /// DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY
    #[arg(long, value_name = "MODE", help_heading = CLIENT)]
    ssl_mode: Option<SslMode>,

    /// A file with the CA certificates to trust
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = CLIENT)]
    ssl_ca: Option<PathBuf>,

    /// A directory with CA certificates to trust
    #[arg(long, value_name = "DIR", allow_hyphen_values = true, help_heading = CLIENT)]
    ssl_capath: Option<PathBuf>,

    /// A file with certificate revocation lists
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = CLIENT)]
    ssl_crl: Option<PathBuf>,

    /// A directory with certificate revocation lists
    #[arg(long, value_name = "DIR", allow_hyphen_values = true, help_heading = CLIENT)]
    ssl_crlpath: Option<PathBuf>,

    /// A file with the client certificate
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = CLIENT)]
    ssl_cert: Option<PathBuf>,

    /// A file with the client certificate's private key
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = CLIENT)]
    ssl_key: Option<PathBuf>,

    /// The TLS versions to offer, such as TLSv1.2,TLSv1.3
    #[arg(long, value_name = "LIST", help_heading = CLIENT)]
    tls_version: Option<String>,

    /// The cipher suites of TLS 1.2 to offer, separated by `:`
    #[arg(long, value_name = "LIST", help_heading = CLIENT)]
    ssl_cipher: Option<String>,

    /// The cipher suites of TLS 1.3 to offer, separated by `:`
    #[arg(long, value_name = "LIST", help_heading = CLIENT)]
    tls_ciphersuites: Option<String>,

    /// The server name to send in the handshake (SNI)
    #[arg(long, value_name = "NAME", help_heading = CLIENT)]
    tls_sni_servername: Option<String>,

    /// Stands in many command lines for the `mysql` client; it means nothing here
    #[arg(long, hide = true)]
    comments: bool,

    /// MariaDB's client has it
    #[arg(long, hide = true)]
    ssl_verify_server_cert: bool,

    /// Print help
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

const CLIENT: &str = "Options of the mysql client";

const NO_PASSWORD: &str = "this command never logs in: take the password out of the DSN and the \
                           options, since each driver brings its own";

impl ServerArgs {
    /// The builder that the arguments and the environment amount to.
    pub(crate) fn builder(&self) -> Result<ConnectionBuilder, Failure> {
        let builder = self.options.over(self.source()?)?;
        self.password.over(builder)
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
        let builder = self.options.over(self.source()?)?;
        if builder.has_password() {
            return Err(Failure::usage(NO_PASSWORD));
        }
        Ok(builder)
    }

    /// An argument, else a file, else host or socket, else the environment.
    fn source(&self) -> Result<ConnectionBuilder, Failure> {
        if let Some(dsn) = &self.dsn {
            let builder: ConnectionBuilder = dsn.parse()?;
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
            return parsed(&read(path)?, "--dsn-file");
        }
        if let Some(host) = &self.options.host {
            return Ok(ConnectionBuilder::new(host));
        }
        if self.options.socket.is_some() {
            return Ok(ConnectionBuilder::new("localhost"));
        }
        for name in VARIABLES {
            if let Some(dsn) = variable(name)? {
                return parsed(&dsn, name);
            }
        }
        Err(Failure::usage(
            "no server: give a DSN as the argument, by --dsn-file FILE, or in the variable \
             MYSQL_TLS_DSN or DATABASE_URL",
        ))
    }
}

impl ClientOptions {
    fn over(&self, builder: ConnectionBuilder) -> Result<ConnectionBuilder, Failure> {
        if self.ssl_verify_server_cert {
            return Err(Failure::usage(
                "--ssl-verify-server-cert is an option of MariaDB's client: write \
                 --ssl-mode=VERIFY_IDENTITY",
            ));
        }
        let builder = set(builder, &self.socket, ConnectionBuilder::socket);
        let builder = set(builder, &self.port, ConnectionBuilder::port);
        let builder = set(builder, &self.user, ConnectionBuilder::user);
        let builder = set(builder, &self.database, ConnectionBuilder::database);
        let builder = set(builder, &self.ssl_mode, ConnectionBuilder::ssl_mode);
        let builder = set(builder, &self.ssl_ca, ConnectionBuilder::ssl_ca);
        let builder = set(builder, &self.ssl_capath, ConnectionBuilder::ssl_capath);
        let builder = set(builder, &self.ssl_crl, ConnectionBuilder::ssl_crl);
        let builder = set(builder, &self.ssl_crlpath, ConnectionBuilder::ssl_crlpath);
        let builder = set(builder, &self.ssl_cert, ConnectionBuilder::ssl_cert);
        let builder = set(builder, &self.ssl_key, ConnectionBuilder::ssl_key);
        let builder = set(builder, &self.tls_version, ConnectionBuilder::tls_version);
        let builder = set(builder, &self.ssl_cipher, ConnectionBuilder::ssl_cipher);
        let builder = set(builder, &self.tls_ciphersuites, ConnectionBuilder::tls_ciphersuites);
        let builder = set(builder, &self.tls_sni_servername, ConnectionBuilder::tls_sni_servername);
        Ok(builder)
    }
}

/// Sets what was given.
fn set<T: Clone>(
    builder: ConnectionBuilder,
    given: &Option<T>,
    setter: impl FnOnce(ConnectionBuilder, T) -> ConnectionBuilder,
) -> ConnectionBuilder {
    match given {
        Some(value) => setter(builder, value.clone()),
        None => builder,
    }
}

/// A DSN that does not stand before the eyes of whoever reads the error.
fn parsed(dsn: &str, source: &str) -> Result<ConnectionBuilder, Failure> {
    dsn.parse().map_err(|error: mysql_tls::Error| {
        Failure::error(error.code(), format!("{source}: {error}"))
    })
}

/// A variable of the environment; an empty one counts as none.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Failure> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(OsString::into_string)
        .transpose()
        .map_err(|_| Failure::error("config.value", format!("the variable {name} is not UTF-8")))
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
    let failed = |code, why: &str| Failure::error(code, format!("--dsn-file: {name} {why}"));
    match done {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(failed("config.file-missing", "does not exist; check the path"));
        }
        Err(error) => {
            return Err(failed(
                "config.file-unreadable",
                &format!("cannot be read ({error}); let this user read it"),
            ));
        }
        Ok(_) if content.len() as u64 > SIZE_LIMIT => {
            return Err(failed("config.file-kind", "is larger than 1 MiB; give a file with a DSN"));
        }
        Ok(_) => {}
    }
    String::from_utf8(content)
        .map_err(|_| failed("config.file-kind", "is not UTF-8 text; give a file with a DSN"))
}
