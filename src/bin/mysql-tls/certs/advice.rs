//! What to do with the files: the server's configuration, connection strings, accounts.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mysql_tls::{CertificateFile, ClientIdentity, ConfigErrorKind, ConnectionBuilder, SslMode};

use super::authority::{Authority, facts};
use super::names::{self, ServerName};
use super::{CA, CA_KEY, Client, SERVER, SERVER_KEY};
use crate::failure::Failure;
use crate::require;

/// The host of a connection string where none is known.
const HOST: &str = "HOST";

pub(crate) struct Advice {
    dir: PathBuf,
    ca_end: String,
    /// The files and what they are, then what is for the server, then what is for each client.
    files: Vec<(String, String)>,
    server: String,
    clients: String,
    host: Option<String>,
}

impl Advice {
    pub(crate) fn new(dir: &Path, authority: &Authority, has_ca: bool) -> Self {
        let mut advice = Advice {
            dir: dir.to_owned(),
            ca_end: date(authority.not_after()),
            files: Vec::new(),
            server: String::new(),
            clients: String::new(),
            host: if has_ca { known_host(dir) } else { None },
        };
        if !has_ca {
            advice.file(CA, format!("CN={}, until {}", authority.name(), advice.ca_end));
            let what = "its private key: neither servers nor clients need it, keep it elsewhere";
            advice.file(CA_KEY, what.to_owned());
        }
        advice
    }

    fn file(&mut self, name: &str, what: String) {
        self.files.push((name.to_owned(), what));
    }

    /// The last day of the CA.
    pub(crate) fn ca_end(&self) -> &str {
        &self.ca_end
    }

    pub(crate) fn server(&mut self, names: &[ServerName], pem: &str) -> Result<(), Failure> {
        let facts = facts(pem)?;
        let listed = facts.subject_alt_names().join(", ");
        self.file(SERVER, format!("{listed}, until {}", date(facts.not_after())));
        let what = "its private key: the server's user has to be able to read it";
        self.file(SERVER_KEY, what.to_owned());
        self.host = names.first().map(ServerName::host);
        let (ca, cert, key) = (self.path(CA), self.path(SERVER), self.path(SERVER_KEY));
        self.server = format!(
            "\nThe configuration file of TiDB:\n\n\
             [security]\nssl-ca = {}\nssl-cert = {}\nssl-key = {}\n\
             \nThe option file of MySQL or MariaDB:\n\n\
             [mysqld]\nssl_ca={}\nssl_cert={}\nssl_key={}\n",
            toml(&ca),
            toml(&cert),
            toml(&key),
            cnf(&ca),
            cnf(&cert),
            cnf(&key)
        );
        Ok(())
    }

    pub(crate) fn client(&mut self, client: &Client, pem: &str) -> Result<(), Failure> {
        let facts = facts(pem)?;
        let what = format!("{}, until {}", facts.subject(), date(facts.not_after()));
        self.file(&client.cert, what);
        self.file(&client.key, "its private key".to_owned());
        let user = client.name.to_string();
        let builder = self
            .connection()
            .user(user.as_str())
            .ssl_cert(self.dir.join(&client.cert))
            .ssl_key(self.dir.join(&client.key));
        let text = strings(&user, &builder)?;
        self.clients.push_str(&text);
        let _ = writeln!(
            self.clients,
            "\nIts account, for which the certificate is enough; IDENTIFIED BY '...' before REQUIRE adds a \
             password:\n"
        );
        for statement in statements(&user, &facts)? {
            let _ = writeln!(self.clients, "{statement}");
        }
        Ok(())
    }

    /// All of it. Without a client there is a connection string without a certificate.
    pub(crate) fn text(self) -> Result<String, Failure> {
        let connection = self.connection();
        let Advice { dir, files, server, mut clients, .. } = self;
        if clients.is_empty() {
            clients = strings("USER", &connection.user("USER"))?;
        }
        let width = files.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let mut text = format!("Made in {}:\n\n", dir.display());
        for (name, what) in files {
            let _ = writeln!(text, "{name:width$}  {what}");
        }
        Ok(text + &server + &clients)
    }

    fn connection(&self) -> ConnectionBuilder {
        ConnectionBuilder::new(self.host.as_deref().unwrap_or(HOST))
            .ssl_mode(SslMode::VerifyIdentity)
            .ssl_ca(self.dir.join(CA))
    }

    fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }
}

/// The server of an earlier run.
fn known_host(dir: &Path) -> Option<String> {
    let file = CertificateFile::read(dir.join(SERVER)).ok()?;
    let name = file.certificates().first()?.subject_alt_names().first()?;
    let (_, name) = name.split_once(':')?;
    names::servers(&[name.to_owned()]).ok()?.first().map(ServerName::host)
}

/// The connection strings of a user.
fn strings(user: &str, builder: &ConnectionBuilder) -> Result<String, Failure> {
    let dsn = builder.to_dsn()?;
    // The same text; TiDB's has its own port.
    let tidb = dsn.replacen("mysql://", "tidb://", 1);
    Ok(format!(
        "\nThe connection string of {user}, on TiDB, and on MySQL or MariaDB:\n\n{tidb}\n{dsn}\n"
    ))
}

/// The statements that make the account, one where all products have the same.
fn statements(user: &str, facts: &ClientIdentity) -> Result<Vec<String>, Failure> {
    let all = require::everywhere(facts);
    let is_one = all.len() == 1;
    let statement = |required: &require::Required| {
        let Some(clauses) = &required.clauses.clauses else {
            let reason = required.clauses.error.clone().unwrap_or_default();
            return Err(Failure::error(ConfigErrorKind::Clause, reason));
        };
        let comment = if is_one { String::new() } else { format!(" -- {}", required.products()) };
        Ok(format!("CREATE USER '{user}'@'%' REQUIRE {clauses};{comment}"))
    };
    all.iter().map(statement).collect()
}

/// The day of a time, in UTC.
fn date(at: std::time::SystemTime) -> String {
    time::OffsetDateTime::from(at).date().to_string()
}

/// A string of TOML. The path has no control characters.
fn toml(path: &str) -> String {
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A value in an option file of MySQL's, where a backslash escapes and `#` begins a comment.
fn cnf(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+@,:=~".contains(&byte);
    if path.bytes().all(plain) {
        return path.to_owned();
    }
    format!("\"{}\"", path.replace('\\', "\\\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_configuration_files() {
        for (path, in_toml, in_cnf) in [
            ("/etc/tidb/ca.pem", r#""/etc/tidb/ca.pem""#, "/etc/tidb/ca.pem"),
            ("/a b/c.pem", r#""/a b/c.pem""#, r#""/a b/c.pem""#),
            ("/a#b/c.pem", r#""/a#b/c.pem""#, r#""/a#b/c.pem""#),
            (r"/a\b/c.pem", r#""/a\\b/c.pem""#, r#""/a\\b/c.pem""#),
            ("/a\"b/c.pem", r#""/a\"b/c.pem""#, "\"/a\"b/c.pem\""),
            ("/ü/c.pem", r#""/ü/c.pem""#, r#""/ü/c.pem""#),
        ] {
            assert_eq!((toml(path).as_str(), cnf(path).as_str()), (in_toml, in_cnf), "{path}");
        }
    }
}
