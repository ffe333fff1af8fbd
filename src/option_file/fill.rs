//! The file below the builder: what the builder has stays, what it lacks comes from the file.

use crate::builder::{ConnectionBuilder, PoolOptions};
use crate::secret::PasswordSource;
use crate::ssl_mode::SslMode;
use crate::tls_options::TlsOptions;

/// Fills what nobody has set. What belongs together is taken together, so that a file can neither
/// widen what a connection string trusts nor send it elsewhere.
pub(super) fn fill(mut builder: ConnectionBuilder, file: ConnectionBuilder) -> ConnectionBuilder {
    // Exhaustive, so that a new field has to be thought of here.
    let ConnectionBuilder {
        host,
        port,
        other_hosts,
        load_balance,
        socket,
        user,
        password,
        database,
        mut tls,
        connect_timeout,
        read_timeout,
        write_timeout,
        busy_poll,
        tcp_keepalive,
        tcp_keepalive_interval,
        tcp_keepalive_probes,
        tcp_nodelay,
        tcp_user_timeout,
        bind_address,
        runtime_dir,
        enable_cleartext_plugin,
        cleartext_password,
        server_public_key_path,
        get_server_public_key,
        compression,
        max_allowed_packet,
        init,
        stmt_cache_size,
        connect_attributes,
        charset,
        time_zone,
        additional_capabilities,
        pool: PoolOptions { min, max, reset_connection, check_health },
        local_infile,
        // A file names no other one, and has no functions.
        option_file: _,
        option_groups: _,
        #[cfg(feature = "mysql")]
            local_infile_handler: _,
        #[cfg(feature = "mysql")]
            hook: _,
    } = file;

    if !builder.names_server() {
        builder.host = host;
        builder.other_hosts = other_hosts;
        builder.socket = socket;
    } else {
        // They are names of the file's host.
        tls.server_name = None;
        tls.sni_servername = None;
    }
    // Of several hosts each has its own.
    if builder.other_hosts.is_empty() {
        absent(&mut builder.port, port);
    }
    if builder.socket.is_none() {
        absent(&mut builder.bind_address, bind_address);
    }
    absent(&mut builder.user, user);
    if builder.password == PasswordSource::None {
        builder.password = password;
    }
    absent(&mut builder.database, database);
    // Whoever asks for plaintext himself is not to send more than a scramble on a file's word.
    let asks_for_plaintext = builder.tls.mode == Some(SslMode::Disabled);
    let has_way =
        builder.server_public_key_path.is_some() || builder.get_server_public_key.is_some();
    if !asks_for_plaintext && !has_way {
        builder.server_public_key_path = server_public_key_path;
        builder.get_server_public_key = get_server_public_key;
    }
    fill_tls(&mut builder.tls, tls);

    absent(&mut builder.load_balance, load_balance);
    absent(&mut builder.connect_timeout, connect_timeout);
    absent(&mut builder.read_timeout, read_timeout);
    absent(&mut builder.write_timeout, write_timeout);
    absent(&mut builder.busy_poll, busy_poll);
    absent(&mut builder.tcp_keepalive, tcp_keepalive);
    absent(&mut builder.tcp_keepalive_interval, tcp_keepalive_interval);
    absent(&mut builder.tcp_keepalive_probes, tcp_keepalive_probes);
    absent(&mut builder.tcp_nodelay, tcp_nodelay);
    absent(&mut builder.tcp_user_timeout, tcp_user_timeout);
    absent(&mut builder.runtime_dir, runtime_dir);
    absent(&mut builder.enable_cleartext_plugin, enable_cleartext_plugin);
    absent(&mut builder.cleartext_password, cleartext_password);
    absent(&mut builder.compression, compression);
    absent(&mut builder.max_allowed_packet, max_allowed_packet);
    if builder.init.is_empty() {
        builder.init = init;
    }
    absent(&mut builder.stmt_cache_size, stmt_cache_size);
    absent(&mut builder.connect_attributes, connect_attributes);
    absent(&mut builder.charset, charset);
    absent(&mut builder.time_zone, time_zone);
    absent(&mut builder.additional_capabilities, additional_capabilities);
    absent(&mut builder.pool.min, min);
    absent(&mut builder.pool.max, max);
    absent(&mut builder.pool.reset_connection, reset_connection);
    absent(&mut builder.pool.check_health, check_health);
    absent(&mut builder.local_infile, local_infile);
    builder
}

fn fill_tls(options: &mut TlsOptions, file: TlsOptions) {
    let TlsOptions {
        mode,
        ca,
        capath,
        roots,
        crl,
        crlpath,
        cert,
        key,
        key_password,
        pins,
        fingerprints,
        versions,
        ciphers,
        ciphersuites,
        server_name,
        sni_servername,
        sni,
        resumption,
        reload,
        // No file can ask for it.
        key_log: _,
    } = file;

    // Before anything else of the file counts: what the builder itself asks for.
    let asked = options.implied_mode();
    let weaker = |mode| asked.is_some_and(|asked| crate::SslMode::is_weaker_than(mode, asked));
    absent(&mut options.mode, mode.filter(|mode| !weaker(*mode)));

    if !options.has_ca() && options.roots.is_none() {
        options.ca = ca;
        options.capath = capath;
        options.roots = roots;
    }
    if !options.has_crl() {
        options.crl = crl;
        options.crlpath = crlpath;
    }
    if options.cert.is_none() && options.key.is_none() {
        options.cert = cert;
        options.key = key;
        if options.key_password == PasswordSource::None {
            options.key_password = key_password;
        }
    }
    if !options.has_pin() {
        options.pins = pins;
        options.fingerprints = fingerprints;
    }
    absent(&mut options.versions, versions);
    absent(&mut options.ciphers, ciphers);
    absent(&mut options.ciphersuites, ciphersuites);
    absent(&mut options.server_name, server_name);
    absent(&mut options.sni_servername, sni_servername);
    absent(&mut options.sni, sni);
    absent(&mut options.resumption, resumption);
    absent(&mut options.reload, reload);
}

fn absent<T>(field: &mut Option<T>, given: Option<T>) {
    if field.is_none() {
        *field = given;
    }
}
