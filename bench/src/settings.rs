//! What the programs are told, as `KEY=VALUE` arguments.

use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;

use crate::Result;

/// The server, the account, and where the files are.
#[derive(Debug, Clone)]
pub struct Settings {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub ca: PathBuf,
    /// An account with the same password that has to show the certificate.
    pub certificate_user: String,
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// The account that the floor logs in to without TLS.
    pub plaintext_user: String,
    /// Only this version of TLS, where a peer can be told.
    pub tls_version: Option<String>,
    /// The C client, once for each library it was compiled against.
    pub mariadb_c: Option<PathBuf>,
    pub mysql_c: Option<PathBuf>,
}

/// All arguments of a program.
#[derive(Debug)]
pub struct Arguments(HashMap<String, String>);

impl Arguments {
    pub fn of_this_program() -> Result<Self> {
        let pairs = std::env::args().skip(1).map(|argument| match argument.split_once('=') {
            Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
            None => Err(format!("not KEY=VALUE: {argument}").into()),
        });
        pairs.collect::<Result<_>>().map(Arguments)
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub fn needed(&self, key: &str) -> Result<&str> {
        self.text(key).ok_or_else(|| format!("{key}= is missing").into())
    }

    pub fn number<T: FromStr>(&self, key: &str, default: T) -> Result<T> {
        match self.text(key) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| format!("{key}={text} is no number").into()),
        }
    }

    /// The parts of a list with commas.
    pub fn list(&self, key: &str) -> Result<Vec<&str>> {
        Ok(self.needed(key)?.split(',').collect())
    }

    pub fn settings(&self) -> Result<Settings> {
        // The files that bench/servers.sh makes.
        let files = PathBuf::from(self.needed("files")?);
        Ok(Settings {
            host: "localhost".to_owned(),
            port: self.needed("port")?.parse()?,
            user: "bench".to_owned(),
            password: "bench".to_owned(),
            ca: files.join("ca.pem"),
            certificate_user: "bench_x509".to_owned(),
            certificate: files.join("client-cert.pem"),
            key: files.join("client-key.pem"),
            plaintext_user: "bench_plaintext".to_owned(),
            tls_version: self.text("tls").map(str::to_owned),
            mariadb_c: self.text("mariadb-c").map(PathBuf::from),
            mysql_c: self.text("mysql-c").map(PathBuf::from),
        })
    }
}
