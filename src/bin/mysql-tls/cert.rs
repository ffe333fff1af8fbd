//! `mysql-tls cert`: what certificates say, and what ties an account to one of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use mysql_tls::{CertificateFile, ClientIdentity};
use serde::Serialize;

use crate::failure::Failure;
use crate::output;
use crate::require::{self, Clauses};

const HELP: &str = "For a certificate that a client may present it also prints what stands behind \
                    REQUIRE in the statement that makes an account for this certificate alone.";

#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct CertArgs {
    /// Files with certificates: PEM, or one certificate as DER; private keys in them are not read
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The JSON object.
#[derive(Serialize)]
struct Report {
    files: Vec<FileReport>,
}

#[derive(Serialize)]
struct FileReport {
    file: Option<String>,
    certificates: Vec<CertificateReport>,
    private_keys: usize,
    revocation_lists: usize,
    error: Option<ErrorReport>,
}

#[derive(Serialize)]
struct ErrorReport {
    code: &'static str,
    message: String,
}

/// The certificate's own keys, and what is for accounts.
#[derive(Serialize)]
struct CertificateReport {
    #[serde(flatten)]
    certificate: ClientIdentity,
    may_be_client: bool,
    /// By product; `None` for what is no client's.
    require: Option<BTreeMap<&'static str, Clauses>>,
}

pub(crate) fn run(args: &CertArgs) -> Result<ExitCode, Failure> {
    let mut status = ExitCode::SUCCESS;
    let mut files = Vec::new();
    for (number, path) in args.files.iter().enumerate() {
        match CertificateFile::read(path) {
            Ok(file) if args.json => files.push(reported(path, &file)),
            Ok(file) => {
                if number > 0 {
                    output::print("")?;
                }
                print(path, &file)?;
            }
            // The other files have their certificates all the same.
            Err(error) => {
                if args.json {
                    files.push(failed(path, &error));
                }
                status = Failure::from(error).report();
            }
        }
    }
    if args.json {
        output::print_json(&Report { files })?;
    }
    Ok(status)
}

/// Pin and fingerprint as options, ready to be copied.
pub(crate) fn print_pins(pin: Option<String>, fingerprint: &str) -> Result<(), Failure> {
    if let Some(pin) = pin {
        line("Pin", format_args!("tls-pin={pin}"))?;
    }
    line("Fingerprint", format_args!("tls-peer-fingerprint={fingerprint}"))
}

fn line(name: &str, value: impl std::fmt::Display) -> Result<(), Failure> {
    output::print(format_args!("{name:<20}{value}"))
}

fn print(path: &Path, file: &CertificateFile) -> Result<(), Failure> {
    line("File", output::escaped(&named(path)))?;
    for certificate in file.certificates() {
        output::print(certificate)?;
        print_pins(certificate.pin(), &certificate.fingerprint())?;
        if certificate.may_be_client() {
            print_clauses(certificate)?;
        }
    }
    match file.private_keys() {
        0 => {}
        1 => line("Private key", "one, not shown")?,
        keys => line("Private keys", format_args!("{keys}, not shown"))?,
    }
    match file.revocation_lists() {
        0 => Ok(()),
        1 => line("Revocation list", "one, not shown"),
        lists => line("Revocation lists", format_args!("{lists}, not shown")),
    }
}

fn print_clauses(certificate: &ClientIdentity) -> Result<(), Failure> {
    let everywhere = require::everywhere(certificate);
    let is_one = everywhere.len() == 1;
    for required in everywhere {
        let name =
            if is_one { "Account".to_owned() } else { format!("On {}", required.products()) };
        let Clauses { clauses, error, no_san } = required.clauses;
        if let Some(clauses) = clauses {
            line(&name, format_args!("REQUIRE {clauses}"))?;
        }
        for reason in error.iter().chain(&no_san) {
            line(&name, reason)?;
        }
    }
    Ok(())
}

fn reported(path: &Path, file: &CertificateFile) -> FileReport {
    let certificate = |certificate: &ClientIdentity| {
        let may_be_client = certificate.may_be_client();
        let by_product = || {
            let products = require::PRODUCTS.into_iter();
            products.map(|product| (product.as_str(), require::clauses(certificate, product)))
        };
        CertificateReport {
            may_be_client,
            require: may_be_client.then(|| by_product().collect()),
            certificate: certificate.clone(),
        }
    };
    FileReport {
        file: Some(named(path)),
        certificates: file.certificates().iter().map(certificate).collect(),
        private_keys: file.private_keys(),
        revocation_lists: file.revocation_lists(),
        error: None,
    }
}

fn failed(path: &Path, error: &mysql_tls::Error) -> FileReport {
    let (name, message) = (path.display().to_string(), error.to_string());
    FileReport {
        // What the error does not show could be a piece of a key.
        file: message.contains(&name).then_some(name),
        certificates: Vec::new(),
        private_keys: 0,
        revocation_lists: 0,
        error: Some(ErrorReport { code: error.code(), message }),
    }
}

/// How a file that was read is called: PEM text in a path's place, which is read too, is not shown.
fn named(path: &Path) -> String {
    if path.is_file() { path.display().to_string() } else { "the given PEM text".to_owned() }
}
