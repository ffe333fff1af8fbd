//! What can be wrong with options before any file is read.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use crate::builder::ConnectionBuilder;
use crate::error::{ConfigErrorKind, Error, Result};
use crate::secret::PasswordSource;

/// Capabilities that a caller may add; the rest is decided by the driver or by this crate.
pub(crate) const FREE_CAPABILITIES: u32 = 1 << 1 // FOUND_ROWS
    | 1 << 4 // NO_SCHEMA
    | 1 << 8 // IGNORE_SPACE
    | 1 << 10 // INTERACTIVE
    | 1 << 12 // IGNORE_SIGPIPE
    | 1 << 22 // CAN_HANDLE_EXPIRED_PASSWORDS
    | 1 << 23; // SESSION_TRACK

const KEEPALIVE_RANGE: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(32767);

/// All connection attributes together, in bytes; MySQL itself takes 64 KiB.
const ATTRIBUTES_LIMIT: usize = 64 * 1024;

const PACKET_RANGE: std::ops::RangeInclusive<usize> = 1024..=1024 * 1024 * 1024;

/// Checks values and combinations; the files come later.
pub(super) fn check(builder: &ConnectionBuilder) -> Result<()> {
    texts(builder)?;
    durations(builder)?;
    numbers(builder)?;
    combinations(builder)
}

fn texts(builder: &ConnectionBuilder) -> Result<()> {
    let attributes = builder.connect_attributes.iter().flatten();
    let attribute_texts = attributes.flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    no_nul("connect-attributes", attribute_texts)?;
    let attributes = builder.connect_attributes.iter().flatten();
    if attributes.map(|(name, value)| name.len() + value.len()).sum::<usize>() > ATTRIBUTES_LIMIT {
        return Err(value(
            "connect-attributes",
            "connect-attributes: all names and values together may have 64 KiB",
        ));
    }
    no_nul("host", every_host(builder))?;
    no_nul("user", builder.user.as_deref())?;
    no_nul("database", builder.database.as_deref())?;
    no_nul("init", builder.init.iter().map(String::as_str))?;
    if let PasswordSource::Text(password) = &builder.password {
        no_nul("password", [password.expose()])?;
    }
    let key_path = builder.server_public_key_path.as_deref().and_then(Path::to_str);
    if key_path.is_some_and(|path| path.contains('\n')) {
        return Err(value(
            "server-public-key-path",
            "server-public-key-path: this is text, not a path; write it to a file",
        ));
    }
    match &builder.socket {
        None => {
            for host in every_host(builder) {
                crate::tls::server_name(host)?;
            }
        }
        Some(path) if path.as_os_str().is_empty() || socket2::SockAddr::unix(path).is_err() => {
            return Err(value(
                "socket",
                "socket: write the path of the server's Unix socket, of at most 107 bytes",
            ));
        }
        Some(_) => {}
    }
    let named = |text: &str, extra: &[u8]| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || extra.contains(&byte))
    };
    // They become part of a statement.
    if builder.charset.as_deref().is_some_and(|charset| !named(charset, b"_")) {
        return Err(value("charset", "charset: write a character set's name, for example utf8mb4"));
    }
    if builder.time_zone.as_deref().is_some_and(|zone| !named(zone, b"_/+:-")) {
        return Err(value(
            "time-zone",
            "time-zone: write an offset such as +00:00, or a name such as Europe/Zurich",
        ));
    }
    Ok(())
}

fn every_host(builder: &ConnectionBuilder) -> impl Iterator<Item = &str> {
    builder.hosts_as_given().map(|(host, _)| host)
}

/// A NUL ends a text in the protocol: `root\0app` would log in as `root`.
pub(super) fn no_nul<'a>(
    option: &'static str,
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<()> {
    if texts.into_iter().any(|text| text.contains('\0')) {
        return Err(value(
            option,
            format!("{option}: it holds a NUL character, which the protocol cannot carry"),
        ));
    }
    Ok(())
}

/// Whoever waits for longer than this is woken soon enough.
const BUSY_POLL_LIMIT: Duration = Duration::from_millis(10);

fn durations(builder: &ConnectionBuilder) -> Result<()> {
    let given: [(&'static str, Option<Duration>); 7] = [
        ("connect-timeout", builder.connect_timeout),
        ("read-timeout", builder.read_timeout),
        ("write-timeout", builder.write_timeout),
        ("busy-poll", builder.busy_poll),
        ("tcp-keepalive", builder.tcp_keepalive),
        ("tcp-keepalive-interval", builder.tcp_keepalive_interval),
        ("tcp-user-timeout", builder.tcp_user_timeout),
    ];
    for (option, duration) in given {
        if duration == Some(Duration::ZERO) {
            return Err(value(
                option,
                format!("{option}: zero is no duration; leave it out to have the default"),
            ));
        }
    }
    // The kernel counts keep-alive in whole seconds, in 16 bits.
    let keepalive = [
        ("tcp-keepalive", builder.tcp_keepalive),
        ("tcp-keepalive-interval", builder.tcp_keepalive_interval),
    ];
    for (option, duration) in keepalive {
        if duration.is_some_and(|duration| !KEEPALIVE_RANGE.contains(&duration)) {
            return Err(value(option, format!("{option}: write a time from 1s to 32767s")));
        }
    }
    if builder.busy_poll.is_some_and(|time| time > BUSY_POLL_LIMIT) {
        return Err(value("busy-poll", "busy-poll: write at most 10ms; about 200us is of use"));
    }
    if builder.tcp_user_timeout.is_some_and(|timeout| timeout < Duration::from_millis(1)) {
        return Err(value("tcp-user-timeout", "tcp-user-timeout: write 1ms or more"));
    }
    if builder.tcp_user_timeout.is_some() && !cfg!(target_os = "linux") {
        return Err(value("tcp-user-timeout", "tcp-user-timeout: only Linux has it"));
    }
    Ok(())
}

fn numbers(builder: &ConnectionBuilder) -> Result<()> {
    if builder.hosts_as_given().any(|(_, port)| port == Some(0)) {
        return Err(value("port", "port: 0 is no port; MySQL has 3306, TiDB 4000"));
    }
    if builder.tcp_keepalive_probes.is_some_and(|probes| !(1..=127).contains(&probes)) {
        return Err(value("tcp-keepalive-probes", "tcp-keepalive-probes: write 1 to 127"));
    }
    let (min, max) = (builder.pool.min, builder.pool.max);
    if max == Some(0) || max.is_some_and(|max| min.is_some_and(|min| min > max)) {
        return Err(value("pool-max", "pool-max: write 1 or more, and no less than pool-min"));
    }
    if builder.compression.flatten().is_some_and(|level| level > 9) {
        return Err(value("compression", "compression: write a level from 0 to 9"));
    }
    if builder.max_allowed_packet.is_some_and(|bytes| !PACKET_RANGE.contains(&bytes)) {
        return Err(value(
            "max-allowed-packet",
            "max-allowed-packet: write a number of bytes from 1024 to 1073741824",
        ));
    }
    if builder.additional_capabilities.unwrap_or(0) & !FREE_CAPABILITIES != 0 {
        return Err(value(
            "additional-capabilities",
            "additional-capabilities: only FOUND_ROWS, NO_SCHEMA, IGNORE_SPACE, INTERACTIVE, \
             IGNORE_SIGPIPE, CAN_HANDLE_EXPIRED_PASSWORDS and SESSION_TRACK can be added; the \
             others are decided by the driver",
        ));
    }
    Ok(())
}

fn combinations(builder: &ConnectionBuilder) -> Result<()> {
    if !builder.option_groups.is_empty() {
        return Err(conflict("option-groups", "option-groups needs option-file, the file to read"));
    }
    if builder.server_public_key_path.is_some() && builder.get_server_public_key == Some(true) {
        return Err(conflict(
            "get-server-public-key",
            "server-public-key-path and get-server-public-key exclude each other; keep the path, \
             which nobody in between can forge",
        ));
    }
    let fine = builder.tcp_keepalive_interval.is_some() || builder.tcp_keepalive_probes.is_some();
    if fine && builder.tcp_keepalive.is_none() {
        return Err(conflict(
            "tcp-keepalive",
            "tcp-keepalive-interval and tcp-keepalive-probes need tcp-keepalive, which turns \
             keep-alive on",
        ));
    }
    let mut addresses = every_host(builder).filter_map(|host| host.parse::<IpAddr>().ok());
    let bind = builder.bind_address;
    if bind.is_some_and(|bind| addresses.any(|host| host.is_ipv4() != bind.is_ipv4())) {
        return Err(conflict(
            "bind-address",
            "bind-address and host are of different IP versions; write both as IPv4 or as IPv6",
        ));
    }
    if builder.socket.is_some() && !builder.other_hosts.is_empty() {
        return Err(conflict(
            "socket",
            "socket is one server's, and several hosts are named; remove one or the other",
        ));
    }
    if builder.socket.is_some() && builder.load_balance.is_some() {
        return Err(conflict(
            "load-balance",
            "load-balance has no meaning with socket; remove one",
        ));
    }
    if builder.socket.is_some() && builder.bind_address.is_some() {
        return Err(conflict(
            "bind-address",
            "bind-address has no meaning with socket; remove one",
        ));
    }
    Ok(())
}

pub(super) fn value(option: &'static str, message: impl Into<String>) -> Error {
    Error::config(ConfigErrorKind::Value, option, message)
}

pub(super) fn conflict(option: &'static str, message: impl Into<String>) -> Error {
    Error::config(ConfigErrorKind::Conflict, option, message)
}
