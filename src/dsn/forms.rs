//! Texts that are not connection strings of this crate: what they are, and how to write them here.

use super::foreign::{self, libpq_mode};
use super::{query, read, tls_rules};
use crate::error::{DsnError, DsnErrorKind};
use crate::ssl_mode::SslMode;

const FORM: &str = "mysql://USER:PASSWORD@HOST:PORT/DATABASE";

/// A value of an `.env` file with its quotes.
pub(super) fn quotes(text: &str) -> Result<(), DsnError> {
    if text.starts_with(['"', '\'', '`']) {
        return Err(form("the connection string begins with a quote: remove the quotes around it"));
    }
    if text.contains('\0') {
        return Err(DsnError::new(
            DsnErrorKind::Encoding,
            None,
            "the connection string has a zero byte: remove it",
        ));
    }
    Ok(())
}

/// Whether this can be a scheme rather than the start of a text that has `://` somewhere.
pub(super) fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.:".contains(&byte))
}

/// Another scheme, in lower case: what to write, and whether the rest is right.
pub(super) fn other_scheme(scheme: &str, rest: &str, ignored: &[&str]) -> DsnError {
    let advice = if scheme.contains("+srv") {
        "SRV records are not looked up: write `mysql://` and the host itself, or the hosts, separated \
         by commas"
    } else if scheme.contains("replication") {
        return refused(
            "this driver sends some statements to a replica: there is no such thing here, and a list \
             of hosts would be one of equals: write `mysql://` and the primary alone",
        );
    } else if scheme.contains("loadbalance") || scheme.contains("sequential") {
        "the scheme is another driver's: write `mysql://`, or `tidb://` for port 4000, with \
         `?load-balance=random` for an order of chance"
    } else if scheme == "mysqlx" {
        "the X protocol is not supported: write `mysql://` and the port of the classic protocol, \
         3306 or 4000"
    } else if scheme.starts_with("jdbc:") {
        "this is a JDBC URL: drop `jdbc:`, write `mysql://` and put user and password before the \
         host, `mysql://USER:PASSWORD@HOST:PORT/DATABASE`"
    } else if ["mysql", "mariadb", "tidb", "trilogy"].iter().any(|name| scheme.starts_with(name)) {
        "the scheme is another driver's: write `mysql://`"
    } else {
        return refused(
            "the scheme is none of `mysql://`, `mariadb://` and `tidb://`: write one of them",
        );
    };
    match read(rest, None, ignored) {
        Ok(_) => refused(format!("{advice}; the rest is right")),
        Err(error) => refused(format!("{advice}; besides, {error}")),
    }
}

/// A text without `SCHEME://`.
pub(super) fn no_scheme(text: &str) -> DsnError {
    let lower = text.to_ascii_lowercase();
    if is_command_line(&lower) {
        return form(format!(
            "this is a command line of the `mysql` client: write `{FORM}{}`",
            command_line_options(&lower)
        ));
    }
    if lower.contains("@tcp(") || lower.contains("@unix(") || lower.starts_with("tcp(") {
        let query = text.rsplit_once('?').map_or("", |(_, query)| query);
        let options = go_options(query);
        let named = if options.contains("ssl-ca=") {
            ", where PATH is the CA of that `tls` configuration"
        } else {
            ""
        };
        return form(format!("this is a Go DSN: write `{FORM}{options}`{named}"));
    }
    if lower.starts_with("mysql:") {
        return form(format!("this has no `//` after its scheme: write `{FORM}`"));
    }
    if is_key_list(&lower) {
        return form(format!(
            "this is a list of settings as .NET drivers have it: write `{FORM}{}`",
            key_list_options(&lower)
        ));
    }
    form(format!("this is not a connection string: write `{FORM}?ssl-mode=VERIFY_IDENTITY`"))
}

fn is_command_line(lower: &str) -> bool {
    let first = lower.split_ascii_whitespace().next().unwrap_or_default();
    let is_program = ["mysql", "mariadb", "mycli", "mysqlsh"]
        .iter()
        .any(|program| first == *program || first.ends_with(&format!("/{program}")));
    let has_flags = lower.split_ascii_whitespace().any(|word| {
        word.starts_with("--") || ["-h", "-u", "-p"].iter().any(|flag| word.starts_with(flag))
    });
    has_flags && (is_program || lower.starts_with('-'))
}

/// The TLS flags of a command line as keys.
fn command_line_options(lower: &str) -> String {
    let words: Vec<&str> = lower.split_ascii_whitespace().collect();
    let value = |flag: &str| {
        words.iter().enumerate().find_map(|(place, word)| {
            let rest = word.strip_prefix(flag)?;
            match rest.strip_prefix('=') {
                Some(value) => Some(value),
                None if rest.is_empty() => words.get(place + 1).copied(),
                None => None,
            }
        })
    };
    let has_ca = value("--ssl-ca").is_some();
    let mode = value("--ssl-mode").and_then(|mode| mode.parse::<SslMode>().ok());
    let verifies = words.iter().any(|word| word.starts_with("--ssl-verify-server-cert"));
    let mode = match mode {
        Some(mode) => mode,
        None if has_ca && !verifies => SslMode::VerifyCa,
        None => SslMode::VerifyIdentity,
    };
    options(mode, has_ca)
}

fn options(mode: SslMode, has_ca: bool) -> String {
    format!("?ssl-mode={mode}{}", if has_ca { "&ssl-ca=PATH" } else { "" })
}

/// The TLS keys of a Go DSN as keys of ours.
fn go_options(query: &str) -> String {
    let pairs = query::pairs(query).unwrap_or_default();
    let tls: Vec<_> =
        pairs.iter().filter_map(|pair| Some((pair, tls_rules::find(&pair.normal)?))).collect();
    match foreign::replacement(&tls) {
        query if query.is_empty() => options(SslMode::VerifyIdentity, false),
        query => format!("?{query}"),
    }
}

/// `Server=h;Port=4000;...`.
fn is_key_list(lower: &str) -> bool {
    settings(lower).any(|(key, _)| matches!(key.as_str(), "server" | "host" | "datasource" | "uid"))
}

fn settings(lower: &str) -> impl Iterator<Item = (String, &str)> {
    lower.split(';').filter_map(|setting| {
        let (key, value) = setting.split_once('=')?;
        Some((key.replace([' ', '-', '_'], ""), value.trim()))
    })
}

fn key_list_options(lower: &str) -> String {
    let has_ca =
        settings(lower).any(|(key, _)| matches!(key.as_str(), "sslca" | "cacertificatefile"));
    let mode = settings(lower)
        .find(|(key, _)| key == "sslmode")
        .and_then(|(_, value)| value.parse().ok().or_else(|| libpq_mode(value)));
    options(mode.unwrap_or(SslMode::VerifyIdentity), has_ca)
}

fn form(message: impl Into<String>) -> DsnError {
    DsnError::new(DsnErrorKind::Form, None, message)
}

fn refused(message: impl Into<String>) -> DsnError {
    DsnError::new(DsnErrorKind::Scheme, None, message)
}
