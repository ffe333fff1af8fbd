//! The names in the certificates, and which are refused.

use std::fmt;
use std::net::IpAddr;

use crate::failure::Failure;
use crate::output;

/// A name of the server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerName {
    Dns(String),
    Ip(IpAddr),
}

/// The user name of an account, which is a file name too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientName(String);

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServerName::Dns(name) => f.write_str(name),
            ServerName::Ip(address) => address.fmt(f),
        }
    }
}

impl fmt::Display for ClientName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ServerName {
    /// The host to connect to, where a wildcard stands for any.
    pub(crate) fn host(&self) -> String {
        match self {
            ServerName::Dns(name) => match name.strip_prefix("*.") {
                Some(domain) => format!("HOST.{domain}"),
                None => name.clone(),
            },
            ServerName::Ip(address) => address.to_string(),
        }
    }
}

pub(crate) fn servers(given: &[String]) -> Result<Vec<ServerName>, Failure> {
    let mut names = Vec::new();
    for text in given {
        let name = server(text).map_err(|reason| refused("--server-name", text, reason))?;
        if names.contains(&name) {
            return Err(refused("--server-name", text, "is given twice"));
        }
        names.push(name);
    }
    Ok(names)
}

fn server(text: &str) -> Result<ServerName, &'static str> {
    if let Ok(address) = text.parse() {
        return Ok(ServerName::Ip(address));
    }
    if !text.is_ascii() {
        return Err("is not ASCII; write the name as DNS has it, such as xn--zrich-kva.example");
    }
    if text.contains([':', '[', ']']) {
        return Err(
            "is neither a DNS name nor an IP address; write it without a port and brackets",
        );
    }
    let name = text.to_ascii_lowercase();
    let host = name.strip_prefix("*.").unwrap_or(&name);
    if host.ends_with('.') {
        return Err("has a dot at its end, which certificates do not have");
    }
    // Without a host below it a wildcard would be for a whole top-level domain.
    if host.len() < name.len() && !host.contains('.') {
        return Err("is a wildcard for a whole top-level domain, which clients refuse");
    }
    let is_label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > 253 || !host.split('.').all(is_label) {
        return Err("is neither a DNS name nor an IP address");
    }
    // `1.2.3` and the like: some programs read an address in it.
    if host.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err("ends in a number and is no IP address");
    }
    Ok(ServerName::Dns(name))
}

pub(crate) fn clients(given: &[String]) -> Result<Vec<ClientName>, Failure> {
    let mut names: Vec<ClientName> = Vec::new();
    for text in given {
        client(text).map_err(|reason| refused("--client", text, reason))?;
        // Some file systems do not tell capitals from small letters.
        if names.iter().any(|name| name.0.eq_ignore_ascii_case(text)) {
            return Err(refused("--client", text, "is given twice, capitals aside"));
        }
        names.push(ClientName(text.clone()));
    }
    Ok(names)
}

/// What is neither a user name everywhere nor a file name everywhere, or could not stand in a clause.
fn client(text: &str) -> Result<(), &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    match text.as_bytes() {
        [] => Err("is empty"),
        [first, ..] if !first.is_ascii_alphanumeric() && *first != b'_' => {
            Err("does not begin with a letter, a digit or `_`")
        }
        bytes if bytes.len() > 32 => {
            Err("is longer than 32 characters, the longest user name of MySQL and TiDB")
        }
        bytes if !bytes.iter().copied().all(plain) => Err(
            "has other characters than letters, digits, `-`, `_` and `.`, and it becomes a part of \
             a file's name",
        ),
        _ => Ok(()),
    }
}

fn refused(option: &str, text: &str, reason: &str) -> Failure {
    let shown: String = text.chars().take(80).collect();
    Failure::usage(format!("{option}: \"{}\" {reason}", output::escaped(&shown)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_servers() {
        let long = format!("{0}.{0}.{0}.{0}", "a".repeat(63));
        for (text, expected) in [
            ("db.example.com", Ok("db.example.com")),
            ("DB.Example.COM", Ok("db.example.com")),
            ("localhost", Ok("localhost")),
            ("*.example.com", Ok("*.example.com")),
            ("tidb_0.local", Ok("tidb_0.local")),
            ("xn--zrich-kva.example", Ok("xn--zrich-kva.example")),
            ("127.0.0.1", Ok("127.0.0.1")),
            ("::1", Ok("::1")),
            ("2001:DB8::1", Ok("2001:db8::1")),
            ("", Err("is neither a DNS name nor an IP address")),
            ("zürich.example", Err("is not ASCII")),
            ("[::1]", Err("is neither a DNS name nor an IP address; write it without a port")),
            ("db:3306", Err("is neither a DNS name nor an IP address; write it without a port")),
            ("db.example.com.", Err("has a dot at its end")),
            ("*.com", Err("is a wildcard for a whole top-level domain")),
            ("*", Err("is neither a DNS name nor an IP address")),
            ("a.*.example.com", Err("is neither a DNS name nor an IP address")),
            ("db..example.com", Err("is neither a DNS name nor an IP address")),
            ("-db.example.com", Err("is neither a DNS name nor an IP address")),
            ("db example", Err("is neither a DNS name nor an IP address")),
            ("10.0.0", Err("ends in a number")),
            ("10.0.0.256", Err("ends in a number")),
            (&long, Err("is neither a DNS name nor an IP address")),
        ] {
            let found = server(text).map(|name| name.to_string());
            match expected {
                Ok(name) => assert_eq!(found.as_deref(), Ok(name), "{text}"),
                Err(start) => assert!(found.unwrap_err().starts_with(start), "{text}"),
            }
        }
        assert_eq!(server("*.example.com").unwrap().host(), "HOST.example.com");
    }

    #[test]
    fn names_of_clients() {
        let longest = "a".repeat(32);
        for name in ["app", "App_1", "shop.read-only", "_app", "7", &longest] {
            assert_eq!(client(name), Ok(()), "{name}");
        }
        let too_long = "a".repeat(33);
        for (name, start) in [
            ("", "is empty"),
            (".", "does not begin"),
            ("..", "does not begin"),
            (".hidden", "does not begin"),
            ("-rf", "does not begin"),
            ("a/b", "has other characters"),
            ("../a", "does not begin"),
            ("a b", "has other characters"),
            ("a'b", "has other characters"),
            ("a\nb", "has other characters"),
            ("zoë", "has other characters"),
            (&too_long, "is longer than 32"),
        ] {
            assert!(client(name).unwrap_err().starts_with(start), "{name}");
        }
    }
}
