//! `mysql-tls certs`: a CA, and certificates of a server and of clients, as files.

mod advice;
mod authority;
mod files;
mod names;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::Failure;
use crate::output;
use advice::Advice;
use authority::Authority;
use files::NewFile;
use names::{ClientName, ServerName};

/// How long a CA is valid if nobody says: ten years.
const CA_DAYS: u32 = 3650;

/// The files of the CA and the server; `mysql_ssl_rsa_setup` named them so, and MySQL does.
const CA: &str = "ca.pem";
const CA_KEY: &str = "ca-key.pem";
const SERVER: &str = "server-cert.pem";
const SERVER_KEY: &str = "server-key.pem";

const HELP: &str = "It makes ca.pem, ca-key.pem, server-cert.pem, server-key.pem, and for the first \
                    client client-cert.pem and client-key.pem; further clients, and all of them \
                    with --use-ca, have client-CN-cert.pem and client-CN-key.pem. No file is ever \
                    overwritten. Then it prints the lines for the server's configuration, the \
                    connection strings, and the statements that make the accounts.";

#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct CertsArgs {
    /// The directory for the files, which is made if it is not there
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// The DNS names and IP addresses that clients connect to; several after one another, or
    /// separated by `,`
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    server_name: Vec<String>,

    /// The accounts that get a client certificate, by user name, which becomes the common name
    #[arg(long, value_name = "CN", num_args = 1.., value_delimiter = ',')]
    client: Vec<String>,

    /// Sign with DIR's ca.pem and ca-key.pem, which this command has made, in place of a new CA
    #[arg(long, conflicts_with = "ca_days")]
    use_ca: bool,

    /// How many days the certificates of server and clients are valid, at most as long as the CA's
    #[arg(long, value_name = "DAYS", default_value_t = 825, value_parser = days())]
    days: u32,

    /// How many days the CA's certificate is valid [default: 3650]
    #[arg(long, value_name = "DAYS", value_parser = days())]
    ca_days: Option<u32>,
}

fn days() -> clap::builder::RangedI64ValueParser<u32> {
    // Before the year 2150, since what is later is no time of the kind that every reader knows.
    clap::value_parser!(u32).range(1..=36500)
}

/// What is to be made.
struct Plan {
    dir: PathBuf,
    server: Vec<ServerName>,
    clients: Vec<Client>,
}

/// A client and its files.
struct Client {
    name: ClientName,
    cert: String,
    key: String,
}

pub(crate) fn run(args: &CertsArgs) -> Result<(), Failure> {
    let plan = Plan::of(args)?;
    let ca_files: &[&str] = if args.use_ca { &[] } else { &[CA, CA_KEY] };
    let server_files: &[&str] = if plan.server.is_empty() { &[] } else { &[SERVER, SERVER_KEY] };
    let client_files = plan.clients.iter().flat_map(|client| [&*client.cert, &*client.key]);
    let names: Vec<&str> =
        ca_files.iter().chain(server_files).copied().chain(client_files).collect();
    files::refuse_existing(&plan.dir, &names)?;

    let authority = if args.use_ca {
        Authority::open(&plan.dir)?
    } else {
        Authority::new(args.ca_days.unwrap_or(CA_DAYS))?
    };
    let mut made: Vec<NewFile> = Vec::new();
    if !args.use_ca {
        made.push(NewFile::public(CA, authority.cert_pem()));
        made.push(NewFile::private(CA_KEY, authority.key_pem()));
    }
    let mut advice = Advice::new(&plan.dir, &authority, args.use_ca);
    if !plan.server.is_empty() {
        let pair = authority.server(&plan.server, args.days)?;
        advice.server(&plan.server, &pair.cert)?;
        made.push(NewFile::public(SERVER, pair.cert));
        made.push(NewFile::private(SERVER_KEY, pair.key));
    }
    for client in plan.clients {
        let pair = authority.client(&client.name, args.days)?;
        advice.client(&client, &pair.cert)?;
        made.push(NewFile::public(&client.cert, pair.cert));
        made.push(NewFile::private(&client.key, pair.key));
    }
    if authority.ends_within(args.days) {
        output::warn(format_args!(
            "the CA's certificate is valid until {}, and so are the new ones",
            advice.ca_end()
        ));
    }
    let text = advice.text()?;
    files::write(&plan.dir, &made)?;
    output::print(text.trim_end())
}

impl Plan {
    fn of(args: &CertsArgs) -> Result<Self, Failure> {
        if args.use_ca && args.server_name.is_empty() && args.client.is_empty() {
            return Err(Failure::usage(
                "--use-ca needs something to sign: --server-name NAME... or --client CN...",
            ));
        }
        if !args.use_ca && args.server_name.is_empty() {
            return Err(Failure::usage(
                "a new CA needs a server: give --server-name NAME..., or --use-ca to make \
                 certificates of the CA that DIR has",
            ));
        }
        let ca_days = args.ca_days.unwrap_or(CA_DAYS);
        if !args.use_ca && args.days > ca_days {
            return Err(Failure::usage(format!(
                "--days {} is longer than the CA's {ca_days}; give --ca-days as much or more",
                args.days
            )));
        }
        let server = names::servers(&args.server_name)?;
        let clients = names::clients(&args.client)?;
        let clients = clients.into_iter().enumerate();
        Ok(Plan {
            dir: absolute(&args.dir)?,
            server,
            clients: clients.map(|(at, name)| Client::of(name, at == 0 && !args.use_ca)).collect(),
        })
    }
}

impl Client {
    fn of(name: ClientName, is_first: bool) -> Self {
        let stem = if is_first { "client".to_owned() } else { format!("client-{name}") };
        Client { name, cert: format!("{stem}-cert.pem"), key: format!("{stem}-key.pem") }
    }
}

/// The path as a configuration file can have it.
fn absolute(dir: &Path) -> Result<PathBuf, Failure> {
    let path = std::path::absolute(dir)
        .map_err(|error| Failure::usage(format!("DIR is not a path ({error})")))?;
    match path.to_str() {
        Some(text) if !text.contains(char::is_control) => Ok(path),
        _ => Err(Failure::usage(
            "DIR has control characters or is not UTF-8, which configuration files cannot have",
        )),
    }
}
