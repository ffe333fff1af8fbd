//! User, password, hosts and database: what stands before the `?`.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::Host;

use super::encoding::{BadEncoding, decode};
use super::split::placeholder;
use crate::builder::{ConnectionBuilder, MYSQL_PORT, OtherHost};
use crate::error::{DsnError, DsnErrorKind};
use crate::secret::{Password, PasswordSource};

/// Reads `USER:PASSWORD@HOST:PORT` into the builder. The last `@` ends the password.
pub(super) fn read_authority(
    builder: &mut ConnectionBuilder,
    authority: &str,
    default_port: Option<u16>,
) -> Result<(), DsnError> {
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (Some(login), hosts),
        None => (None, authority),
    };
    // `u:p@h1,u:p@h2` would be a password that holds the first host.
    let after_at = login.and_then(|login| login.split_once('@'));
    if after_at.is_some_and(|(_, rest)| rest.contains(',')) {
        return Err(self::authority(
            "user and password stand once, before the first host: write \
             `USER:PASSWORD@HOST:PORT,HOST:PORT`, and `%40` and `%2C` for an `@` and a comma of the \
             password",
        ));
    }
    if let Some(login) = login {
        read_login(builder, login)?;
    }
    let mut hosts = read_hosts(hosts)?.into_iter();
    if let Some((host, port)) = hosts.next() {
        builder.port = port.or(if host.is_empty() { None } else { default_port });
        builder.host = host;
    }
    let port_of = |port: Option<u16>| port.or(default_port).unwrap_or(MYSQL_PORT);
    builder.other_hosts =
        hosts.map(|(host, port)| OtherHost { host, port: port_of(port) }).collect();
    Ok(())
}

fn read_login(builder: &mut ConnectionBuilder, login: &str) -> Result<(), DsnError> {
    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (login, None),
    };
    placeholder("user name", user)?;
    let user = decode(user).map_err(|bad| bad_encoding("user name", bad))?;
    if !user.is_empty() {
        builder.user = Some(user.to_string());
    }
    if let Some(password) = password {
        placeholder("password", password)?;
        let password = decode(password).map_err(|bad| bad_encoding("password", bad))?;
        builder.password = PasswordSource::Text(Password::new(password.as_str()));
    }
    Ok(())
}

/// Reads `A:1,B:2,[::1]:3`: at least one, which may be empty where there is no other.
fn read_hosts(hosts: &str) -> Result<Vec<(String, Option<u16>)>, DsnError> {
    placeholder("host", hosts)?;
    if hosts.split(',').any(|host| host.starts_with("tcp(")) {
        return Err(authority(
            "the host stands in `tcp(...)`, as in a Go DSN: remove `tcp(` and `)` and keep \
             `HOST:PORT`",
        ));
    }
    if let Some(why) = other_list(hosts) {
        return Err(authority(why));
    }
    if hosts.starts_with("unix(") {
        return Err(authority(
            "the server's socket stands in `unix(...)`, as in a Go DSN: remove it and write \
             `?socket=` with the path after the database",
        ));
    }
    let all = hosts.split(',').map(read_host).collect::<Result<Vec<_>, _>>()?;
    if all.len() > 1 && all.iter().any(|(host, _)| host.is_empty()) {
        return Err(authority("there is a comma without a host before or after it: remove it"));
    }
    Ok(all)
}

/// Several hosts as other drivers have them.
fn other_list(hosts: &str) -> Option<&'static str> {
    let in_brackets = hosts.starts_with('[') && hosts.ends_with(']');
    if in_brackets && hosts.contains(',') {
        return Some("the hosts stand in brackets: drop those, and write `HOST:PORT,HOST:PORT`");
    }
    if hosts.contains(['(', '=']) && !hosts.starts_with("unix(") {
        return Some("the host is written with names: write `HOST:PORT`, or `HOST:PORT,HOST:PORT`");
    }
    let separator = hosts.contains([';', '|', ' ']);
    let has_more = hosts.split([';', '|', ' ', ',']).filter(|host| !host.is_empty()).count() > 1;
    (separator && has_more).then_some(
        "several hosts are separated by commas alone: write `HOST:PORT,HOST:PORT`, and \
         percent-encode what is special in user and password; a DNS name or an IP address has no \
         space, `;` or `|`",
    )
}

fn read_host(text: &str) -> Result<(String, Option<u16>), DsnError> {
    let (host, port) = if text.starts_with('[') {
        let end = text.find(']').ok_or_else(|| {
            authority("the host begins with `[` and has no `]`: write `[::1]:3306`")
        })?;
        let (host, rest) = text.split_at(end + 1);
        match rest.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if rest.is_empty() => (host, None),
            None => {
                return Err(authority(
                    "something other than a port follows the `]` of the host: write `[::1]:3306`",
                ));
            }
        }
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let port = port.map(read_port).transpose()?;
    if host.is_empty() {
        return Ok((String::new(), port));
    }
    let parsed = Host::parse(host).ok().filter(|host| match host {
        // `url` lets more pass, such as `(`, `;` and `*`.
        Host::Domain(name) => {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        }
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    });
    let parsed = parsed.ok_or_else(|| {
        authority(
            "the host is neither a DNS name nor an IP address: write it after the `@`, an IPv6 \
             address in brackets, and percent-encode `@`, `:`, `/`, `?` and `#` in user and \
             password",
        )
    })?;
    // Names and addresses keep the spelling that they were written in, unless `url` had to change
    // more than the case: internationalized names and numbers such as 0x7f.1.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let keep = match &parsed {
        Host::Domain(name) => name.eq_ignore_ascii_case(bare),
        Host::Ipv4(_) => bare.parse::<Ipv4Addr>().is_ok(),
        Host::Ipv6(_) => bare.parse::<Ipv6Addr>().is_ok(),
    };
    let host = match parsed {
        _ if keep => bare.to_owned(),
        Host::Domain(name) => name,
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    Ok((host, port))
}

fn read_port(port: &str) -> Result<u16, DsnError> {
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(port) if digits && port != 0 => Ok(port),
        _ => Err(authority(
            "the port is not a number from 1 to 65535: write `HOST:PORT`, options after `?`, an \
             IPv6 address in brackets, and percent-encode `@`, `:`, `/`, `?` and `#` in user and password",
        )),
    }
}

/// Reads what stands between the authority and the `?`: nothing, `/` or one database name.
pub(super) fn read_path(builder: &mut ConnectionBuilder, path: &str) -> Result<(), DsnError> {
    let database = path.strip_prefix('/').unwrap_or(path);
    if database.contains('/') {
        return Err(DsnError::new(
            DsnErrorKind::Path,
            None,
            "more than a database name follows the host: write `%2F` for a `/` in the name, and \
             percent-encode `/` in user and password",
        ));
    }
    if database.contains(['&', ';', '=']) {
        return Err(DsnError::new(
            DsnErrorKind::Path,
            None,
            "the database name holds `&`, `;` or `=`: options follow a `?`, as in \
             `HOST/DATABASE?ssl-mode=VERIFY_IDENTITY`; in a name write `%26`, `%3B` and `%3D`",
        ));
    }
    placeholder("database name", database)?;
    let database = decode(database).map_err(|bad| bad_encoding("database name", bad))?;
    if !database.is_empty() {
        builder.database = Some(database.to_string());
    }
    Ok(())
}

/// The host as text, an IPv6 address in brackets, or nothing if no text reads back as it.
pub(super) fn write_host(host: &str) -> Option<String> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let text = if bare.contains(':') { format!("[{bare}]") } else { bare.to_owned() };
    let reads_back = !text.contains(['@', '/', '?', '#', '%'])
        && read_host(&text).is_ok_and(|read| read == (bare.to_owned(), None));
    reads_back.then_some(text)
}

fn authority(message: &str) -> DsnError {
    DsnError::new(DsnErrorKind::Authority, None, message)
}

fn bad_encoding(part: &str, bad: BadEncoding) -> DsnError {
    DsnError::new(DsnErrorKind::Encoding, None, format!("the {part} {}", bad.reason()))
}
