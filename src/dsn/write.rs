//! A builder as a connection string.

use super::authority;
use super::encoding::{decode, encode};
use super::keys::DsnKey;
use super::table::KEYS;
use super::values::{Value, shows_private_key};
use crate::builder::ConnectionBuilder;
use crate::error::{DsnError, DsnErrorKind};
use crate::pem_source::PemSource;
use crate::pem_source::may_be_text;
use crate::secret::PasswordSource;
use crate::tls_options::TlsOptions;

/// Everything, or an error that names the setting which has no text.
pub(super) fn with_secrets(builder: &ConnectionBuilder) -> Result<String, DsnError> {
    // Exhaustive, so that a new field gets a key or a line here.
    let ConnectionBuilder {
        host: _,
        port: _,
        other_hosts: _,
        load_balance: _,
        socket: _,
        user,
        password,
        database,
        #[cfg(feature = "mysql")]
        local_infile_handler,
        #[cfg(feature = "mysql")]
        hook,
        tls,
        connect_timeout: _,
        read_timeout: _,
        write_timeout: _,
        busy_poll: _,
        tcp_keepalive: _,
        tcp_keepalive_interval: _,
        tcp_keepalive_probes: _,
        tcp_nodelay: _,
        tcp_user_timeout: _,
        bind_address: _,
        runtime_dir: _,
        enable_cleartext_plugin: _,
        cleartext_password: _,
        server_public_key_path: _,
        get_server_public_key: _,
        compression: _,
        max_allowed_packet: _,
        init: _,
        stmt_cache_size: _,
        connect_attributes: _,
        charset: _,
        time_zone: _,
        additional_capabilities: _,
        pool: _,
        local_infile: _,
        option_file,
        option_groups: _,
    } = builder;
    let TlsOptions {
        key_log,
        key_password,
        mode: _,
        ca: _,
        capath: _,
        roots: _,
        crl: _,
        crlpath: _,
        cert: _,
        key: _,
        pins: _,
        fingerprints: _,
        versions: _,
        ciphers: _,
        ciphersuites: _,
        server_name: _,
        sni_servername: _,
        sni: _,
        resumption: _,
        reload: _,
    } = tls;
    if *key_log {
        return Err(no_text("key_log", "it is for debugging"));
    }
    if matches!(key_password, PasswordSource::Provider(_)) {
        return Err(no_text("ssl_key_password_with", "it is a function"));
    }
    #[cfg(feature = "mysql")]
    if local_infile_handler.is_some() {
        return Err(no_text("local_infile_handler", "it is a function"));
    }
    #[cfg(feature = "mysql")]
    if hook.is_some() {
        return Err(no_text("driver_options", "it is a function"));
    }
    let password = match password {
        PasswordSource::Provider(_) => return Err(no_text("password_with", "it is a function")),
        PasswordSource::Text(password) => Some(password.expose()),
        PasswordSource::None | PasswordSource::File(_) => None,
    };
    for (name, text) in
        [("user", user.as_deref()), ("password", password), ("database", database.as_deref())]
    {
        if text.is_some_and(|text| text.contains('\0')) {
            return Err(no_text(name, "it has a zero byte"));
        }
    }
    if !builder.names_server() && option_file.is_none() {
        return Err(no_text("host", "it is empty and there is no socket"));
    }
    if builder.hosts_as_given().any(|(_, port)| port == Some(0)) {
        return Err(no_text("port", "it is zero"));
    }
    if builder.hosts_as_given().count() > 1
        && builder.hosts_as_given().any(|(host, _)| host.is_empty())
    {
        return Err(no_text("host", "one of several is empty"));
    }
    let no_host = || no_text("host", "it is neither a DNS name in ASCII nor an IP address");
    let hosts = builder.hosts_as_given().map(|(host, _)| authority::write_host(host));
    let hosts = hosts.collect::<Option<Vec<_>>>().ok_or_else(no_host)?;
    let mut text = front(builder, password, &hosts);
    let mut separator = '?';
    for key in KEYS.iter() {
        if let Some(value) = key_value(key, builder)? {
            push(&mut text, &mut separator, key.name, &value);
        }
    }
    Ok(text)
}

/// Without secrets, and without what has no text.
pub(super) fn without_secrets(builder: &ConnectionBuilder) -> String {
    let shown = |host: &str| authority::write_host(host).unwrap_or_else(|| "not-a-host".to_owned());
    let hosts: Vec<String> = builder.hosts_as_given().map(|(host, _)| shown(host)).collect();
    let mut text = front(builder, None, &hosts);
    let mut separator = '?';
    for key in KEYS.iter().filter(|key| !key.secret && !is_private(key, builder)) {
        if let Ok(Some(value)) = key_value(key, builder) {
            push(&mut text, &mut separator, key.name, &value);
        }
    }
    text
}

/// Inline PEM: of a key always, of a certificate if a key stands with it.
fn is_private(key: &DsnKey, builder: &ConnectionBuilder) -> bool {
    match key.name {
        "ssl-ca" => shows_private_key(builder.tls.ca.as_ref()),
        "ssl-crl" => shows_private_key(builder.tls.crl.as_ref()),
        "ssl-cert" => shows_private_key(builder.tls.cert.as_ref()),
        "ssl-key" => {
            matches!(builder.tls.key, Some(PemSource::Text(_)))
                || shows_private_key(builder.tls.key.as_ref())
        }
        "ssl-capath" => builder.tls.capath.as_deref().is_some_and(|path| may_be_text(path)),
        "ssl-crlpath" => builder.tls.crlpath.as_deref().is_some_and(|path| may_be_text(path)),
        _ => false,
    }
}

fn front(builder: &ConnectionBuilder, password: Option<&str>, hosts: &[String]) -> String {
    let user = builder.user.as_deref().unwrap_or_default();
    let mut text = String::from("mysql://");
    text.push_str(&encode(user, ""));
    if let Some(password) = password {
        text.push(':');
        text.push_str(&encode(password, ""));
    }
    if !user.is_empty() || password.is_some() {
        text.push('@');
    }
    let hosts: Vec<String> = hosts
        .iter()
        .zip(builder.hosts_as_given())
        .map(|(host, (_, port))| match port {
            Some(port) => format!("{host}:{port}"),
            None => host.clone(),
        })
        .collect();
    text.push_str(&hosts.join(","));
    text.push('/');
    text.push_str(&encode(builder.database.as_deref().unwrap_or_default(), ""));
    text
}

fn push(text: &mut String, separator: &mut char, key: &str, value: &str) {
    text.push(*separator);
    text.push_str(key);
    text.push('=');
    text.push_str(value);
    *separator = '&';
}

/// The value of one key, which must read back as the same text.
fn key_value(
    key: &'static DsnKey,
    builder: &ConnectionBuilder,
) -> Result<Option<String>, DsnError> {
    let Some(raw) = (key.write)(builder).map_err(|reason| no_text(key.name, reason))? else {
        return Ok(None);
    };
    if raw.is_empty() {
        return Err(no_text(key.name, "it is empty"));
    }
    let text = decode(&raw).map_err(|_| no_text(key.name, "it has a zero byte"))?;
    let mut again = ConnectionBuilder::new("");
    (key.read)(&mut again, &Value { raw: &raw, text: &text })
        .map_err(|_| no_text(key.name, "a connection string does not accept its value"))?;
    if (key.write)(&again).ok().flatten().as_deref() != Some(raw.as_str()) {
        return Err(no_text(key.name, "its text would read back as something else"));
    }
    Ok(Some(raw))
}

fn no_text(setting: &str, reason: &str) -> DsnError {
    DsnError::new(
        DsnErrorKind::NoText,
        Some(setting),
        format!("`{setting}` has no text in a connection string, since {reason}: set it in code"),
    )
}
