//! The driver's options: ours first, then the caller's hook, then a look at what it changed.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use mysql::consts::CapabilityFlags;
use mysql::{Compression, Opts, OptsBuilder, PoolConstraints, PoolOpts};

use crate::builder::ConnectionBuilder;
use crate::connector::FREE_CAPABILITIES;
use crate::error::{ConfigErrorKind, Error, Result};
use crate::relay::DriverAddress;
use crate::secret::Password;

/// How long the driver may take to reach our own loopback socket.
const LOOPBACK_TIMEOUT: Duration = Duration::from_secs(5);

/// A path that cannot exist: the driver, asked for the password over plaintext, must not ask the
/// server for a key that the user did not ask for.
const NO_KEY: &str = "/dev/null/mysql-tls-has-no-server-key";

/// The options that are the same for every connection of a connector. Address and password are set
/// for each by [`for_connection`].
pub(super) fn options(builder: &ConnectionBuilder) -> Result<Opts> {
    let ours = base(builder);
    let before = Opts::from(ours.clone());
    let Some(hook) = &builder.hook else { return Ok(before) };
    let after = Opts::from(hook.apply(ours));
    match changed(&before, &after) {
        None => Ok(after),
        Some((option, setter)) => Err(Error::config(
            ConfigErrorKind::Hook,
            "driver_options",
            format!("driver_options changed {option}, which is decided here; use {setter}"),
        )),
    }
}

/// The options for one connection through the relay.
pub(super) fn for_connection(
    options: &Opts,
    address: &DriverAddress,
    password: Option<&Password>,
    packet_size: Option<usize>,
) -> Result<OptsBuilder> {
    let options = OptsBuilder::from_opts(options.clone()).pass(password.map(Password::expose));
    // The user's own size, where there is one, is in the options already.
    let options = match packet_size {
        Some(size) => options.max_allowed_packet(Some(size)),
        None => options,
    };
    match address {
        DriverAddress::Unix(path) => match path.to_str() {
            Some(path) => Ok(options.socket(Some(path))),
            // Without a path the driver would dial its default address.
            None => Err(Error::config(
                ConfigErrorKind::Value,
                "runtime-dir",
                format!("runtime-dir: {} is not UTF-8, which the driver needs", path.display()),
            )),
        },
        DriverAddress::Tcp { to, from } => Ok(options
            .ip_or_hostname(Some(to.ip().to_string()))
            .tcp_port(to.port())
            .tcp_connect_timeout(Some(LOOPBACK_TIMEOUT))
            .bind_address(*from)),
    }
}

fn base(builder: &ConnectionBuilder) -> OptsBuilder {
    let key_path =
        match (&builder.server_public_key_path, builder.get_server_public_key.unwrap_or(false)) {
            (Some(path), _) => Some(path.clone()),
            (None, true) => None,
            (None, false) => Some(PathBuf::from(NO_KEY)),
        };
    let mut options = OptsBuilder::new()
        .user(builder.user.as_deref())
        .db_name(builder.database.as_deref())
        .prefer_socket(false)
        .secure_auth(true)
        .enable_cleartext_plugin(builder.enable_cleartext_plugin.unwrap_or(false))
        .server_key_path(key_path)
        .read_timeout(builder.read_timeout)
        .write_timeout(builder.write_timeout)
        .max_allowed_packet(builder.max_allowed_packet)
        .additional_capabilities(CapabilityFlags::from_bits_truncate(
            builder.additional_capabilities.unwrap_or(0),
        ))
        .compress(builder.compression.flatten().map(Compression::new))
        .local_infile_handler(
            builder.local_infile_handler.as_ref().map(|handler| handler.0.clone()),
        )
        .pool_opts(pool_options(builder))
        .init(init_statements(builder));
    if let Some(statements) = builder.stmt_cache_size {
        options = options.stmt_cache_size(statements);
    }
    if let Some(attributes) = &builder.connect_attributes {
        let attributes: HashMap<String, String> =
            attributes.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        options = options.connect_attrs(Some(attributes));
    }
    options
}

fn pool_options(builder: &ConnectionBuilder) -> PoolOpts {
    let options = PoolOpts::new()
        .with_reset_connection(builder.pool.reset_connection.unwrap_or(true))
        .with_check_health(builder.pool.check_health.unwrap_or(true));
    let (own, given) = (options.constraints(), &builder.pool);
    // Where one is given, the driver's own other one gives way.
    let max = given.max.unwrap_or_else(|| own.max().max(given.min.unwrap_or_default()));
    let min = given.min.unwrap_or_else(|| own.min().min(max));
    match PoolConstraints::new(min, max) {
        Some(constraints) => options.with_constraints(constraints),
        None => options,
    }
}

/// Charset and time zone first, so that the caller's own statements have the last word. Both were
/// checked to be plain names.
fn init_statements(builder: &ConnectionBuilder) -> Vec<String> {
    let charset = builder.charset.iter().map(|charset| format!("SET NAMES {charset}"));
    let zone = builder.time_zone.iter().map(|zone| format!("SET time_zone = '{zone}'"));
    charset.chain(zone).chain(builder.init.iter().cloned()).collect()
}

/// The first option that the hook changed and must not, with the setter to use instead.
fn changed(before: &Opts, after: &Opts) -> Option<(&'static str, &'static str)> {
    macro_rules! same {
        ($($getter:ident => $option:literal, $setter:literal;)+) => {
            $(if before.$getter() != after.$getter() { return Some(($option, $setter)); })+
        };
    }
    same! {
        get_ip_or_hostname => "the host", "ConnectionBuilder::new";
        get_tcp_port => "the port", "port";
        get_socket => "the socket", "socket";
        get_user => "the user", "user";
        get_pass => "the password", "password";
        get_db_name => "the database", "database";
        get_prefer_socket => "prefer_socket", "socket";
        get_server_key_path => "the server's key", "server_public_key_path";
        get_enable_cleartext_plugin => "the cleartext plugin", "enable_cleartext_plugin";
        get_secure_auth => "secure_auth", "an account with another plugin";
        bind_address => "the bind address", "bind_address";
        get_read_timeout => "the read timeout", "read_timeout";
        get_write_timeout => "the write timeout", "write_timeout";
        get_tcp_connect_timeout => "the connect timeout", "connect_timeout";
        get_tcp_nodelay => "tcp_nodelay", "tcp_nodelay";
        get_tcp_keepalive_time_ms => "TCP keep-alive", "tcp_keepalive";
    }
    if after.get_additional_capabilities().bits() & !FREE_CAPABILITIES != 0 {
        return Some(("the capabilities", "additional_capabilities"));
    }
    if after.get_ssl_opts().is_some() {
        return Some(("the TLS options", "ssl_mode, ssl_ca, ssl_cert and ssl_key"));
    }
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    same! {
        get_tcp_keepalive_probe_interval_secs => "TCP keep-alive", "tcp_keepalive_interval";
        get_tcp_keepalive_probe_count => "TCP keep-alive", "tcp_keepalive_probes";
    }
    #[cfg(target_os = "linux")]
    same! {
        get_tcp_user_timeout_ms => "the TCP user timeout", "tcp_user_timeout";
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(hook: impl Fn(OptsBuilder) -> OptsBuilder + Send + Sync + 'static) -> Result<Opts> {
        options(&ConnectionBuilder::new("db").user("app").driver_options(hook))
    }

    #[test]
    fn prefer_socket_is_off_and_old_passwords_are_refused() {
        let options = options(&ConnectionBuilder::new("127.0.0.1")).unwrap();
        assert!(!options.get_prefer_socket());
        assert!(options.get_secure_auth());
        assert_eq!(options.get_server_key_path(), Some(std::path::Path::new(NO_KEY)));
        let asking = ConnectionBuilder::new("db").get_server_public_key(true);
        assert_eq!(self::options(&asking).unwrap().get_server_key_path(), None);
    }

    #[test]
    fn the_hook_may_change_what_has_no_setter() {
        let options = built(|options| options.stmt_cache_size(7)).unwrap();
        assert_eq!(options.get_stmt_cache_size(), 7);
    }

    #[test]
    fn the_hook_may_not_change_what_is_decided_here() {
        type Change = fn(OptsBuilder) -> OptsBuilder;
        let changes: [(Change, &str); 8] = [
            (|o| o.ip_or_hostname(Some("other")), "ConnectionBuilder::new"),
            (|o| o.tcp_port(1), "port"),
            (|o| o.socket(Some("/s")), "socket"),
            (|o| o.pass(Some("hunter2")), "password"),
            (|o| o.prefer_socket(true), "socket"),
            (|o| o.server_key_path(None), "server_public_key_path"),
            (|o| o.enable_cleartext_plugin(true), "enable_cleartext_plugin"),
            (|o| o.secure_auth(false), "another plugin"),
        ];
        for (change, setter) in changes {
            let error = built(change).unwrap_err();
            assert_eq!(error.code(), "config.hook");
            assert!(error.to_string().contains(setter), "{error}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
