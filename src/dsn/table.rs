//! The table of keys: the only place that ties a name to a field.

use super::keys::{Alias, DsnKey, Read};
use super::values as v;

/// A name with the same kind of value.
const fn also(name: &'static str) -> Alias {
    Alias { name, read: None }
}

/// A name whose value is read in another way.
const fn in_its_way(name: &'static str, read: Read) -> Alias {
    Alias { name, read: Some(read) }
}

pub(super) static KEYS: &[DsnKey] = &[
    DsnKey {
        name: "ssl-mode",
        aliases: &[],
        default: "`VERIFY_CA` with `ssl-ca`, else `PREFERRED`",
        secret: false,
        help: "How the connection is protected: `DISABLED`, `PREFERRED`, `REQUIRED`, `VERIFY_CA` or \
               `VERIFY_IDENTITY`.",
        read: |builder, value| v::set_some(&mut builder.ssl_mode, v::mode(value)),
        write: |builder| Ok(builder.ssl_mode.map(|mode| mode.to_string())),
    },
    DsnKey {
        name: "ssl-ca",
        aliases: &[],
        default: "none: `VERIFY_IDENTITY` uses the bundled public roots",
        secret: false,
        help: "The CA certificates to trust: a PEM file, or PEM text.",
        read: |builder, value| v::set_some(&mut builder.ssl_ca, v::pem(value)),
        write: |builder| v::write_pem(builder.ssl_ca.as_ref()),
    },
    DsnKey {
        name: "ssl-cert",
        aliases: &[],
        default: "none",
        secret: false,
        help: "The client certificate: a PEM file, or PEM text.",
        read: |builder, value| v::set_some(&mut builder.ssl_cert, v::pem(value)),
        write: |builder| v::write_pem(builder.ssl_cert.as_ref()),
    },
    DsnKey {
        name: "ssl-key",
        aliases: &[],
        default: "the file of `ssl-cert`",
        secret: false,
        help: "The client certificate's private key: a PEM file, or PEM text.",
        read: |builder, value| v::set_some(&mut builder.ssl_key, v::pem(value)),
        write: |builder| v::write_pem(builder.ssl_key.as_ref()),
    },
    DsnKey {
        name: "connect-timeout",
        aliases: &[in_its_way("tcp_connect_timeout_ms", |builder, value| {
            v::set(&mut builder.connect_timeout, v::milliseconds(value))
        })],
        default: "`10s`",
        secret: false,
        help: "The time that connecting has as a whole, the login and the first statements \
               included.",
        read: |builder, value| v::set(&mut builder.connect_timeout, v::duration(value)),
        write: |builder| {
            let timeout = builder.connect_timeout;
            v::write_duration((timeout != crate::builder::CONNECT_TIMEOUT).then_some(timeout))
        },
    },
    DsnKey {
        name: "read-timeout",
        aliases: &[],
        default: "none",
        secret: false,
        help: "How long a single read may wait for the server.",
        read: |builder, value| v::set_some(&mut builder.read_timeout, v::duration(value)),
        write: |builder| v::write_duration(builder.read_timeout),
    },
    DsnKey {
        name: "write-timeout",
        aliases: &[],
        default: "none",
        secret: false,
        help: "How long a single write may wait.",
        read: |builder, value| v::set_some(&mut builder.write_timeout, v::duration(value)),
        write: |builder| v::write_duration(builder.write_timeout),
    },
    DsnKey {
        name: "tcp-keepalive",
        aliases: &[in_its_way("tcp_keepalive_time_ms", |builder, value| {
            v::set_some(&mut builder.tcp_keepalive, v::milliseconds(value))
        })],
        default: "off",
        secret: false,
        help: "Turns TCP keep-alive on: the idle time before the first probe.",
        read: |builder, value| v::set_some(&mut builder.tcp_keepalive, v::duration(value)),
        write: |builder| v::write_duration(builder.tcp_keepalive),
    },
    DsnKey {
        name: "tcp-keepalive-interval",
        aliases: &[in_its_way("tcp_keepalive_probe_interval_secs", |builder, value| {
            v::set_some(&mut builder.tcp_keepalive_interval, v::seconds(value))
        })],
        default: "the system's",
        secret: false,
        help: "The time between keep-alive probes.",
        read: |builder, value| v::set_some(&mut builder.tcp_keepalive_interval, v::duration(value)),
        write: |builder| v::write_duration(builder.tcp_keepalive_interval),
    },
    DsnKey {
        name: "tcp-keepalive-probes",
        aliases: &[also("tcp_keepalive_probe_count")],
        default: "the system's",
        secret: false,
        help: "How many keep-alive probes may stay unanswered.",
        read: |builder, value| v::set_some(&mut builder.tcp_keepalive_probes, v::number(value)),
        write: |builder| v::write_number(builder.tcp_keepalive_probes),
    },
    DsnKey {
        name: "tcp-nodelay",
        aliases: &[],
        default: "`true`",
        secret: false,
        help: "Whether small packets are sent at once.",
        read: |builder, value| v::set(&mut builder.tcp_nodelay, v::flag(value)),
        write: |builder| v::write_flag(builder.tcp_nodelay, true),
    },
    DsnKey {
        name: "tcp-user-timeout",
        aliases: &[in_its_way("tcp_user_timeout_ms", |builder, value| {
            v::set_some(&mut builder.tcp_user_timeout, v::milliseconds(value))
        })],
        default: "the system's",
        secret: false,
        help: "How long sent data may stay unacknowledged (Linux).",
        read: |builder, value| v::set_some(&mut builder.tcp_user_timeout, v::duration(value)),
        write: |builder| v::write_duration(builder.tcp_user_timeout),
    },
    DsnKey {
        name: "bind-address",
        aliases: &[],
        default: "any",
        secret: false,
        help: "The local IP address to connect from, with a port if one is needed.",
        read: |builder, value| v::set_some(&mut builder.bind_address, v::address(value)),
        write: |builder| v::write_address(builder.bind_address),
    },
    DsnKey {
        name: "socket",
        aliases: &[],
        default: "none: TCP",
        secret: false,
        help: "The path of the server's Unix socket, used instead of host and port.",
        read: |builder, value| v::set_some(&mut builder.socket, v::path(value)),
        write: |builder| v::write_path(builder.socket.as_ref()),
    },
    DsnKey {
        name: "runtime-dir",
        aliases: &[],
        default: "`MYSQL_TLS_RUNTIME_DIR`, else a directory of the system",
        secret: false,
        help: "The directory under which the private sockets are made.",
        read: |builder, value| v::set_some(&mut builder.runtime_dir, v::path(value)),
        write: |builder| v::write_path(builder.runtime_dir.as_ref()),
    },
    DsnKey {
        name: "password-file",
        aliases: &[],
        default: "none",
        secret: false,
        help: "A file whose content is the password, read at every connect.",
        read: super::password::read_file,
        write: super::password::write_file,
    },
    DsnKey {
        name: "enable-cleartext-plugin",
        aliases: &[],
        default: "`false`",
        secret: false,
        help: "Whether the server may ask for the cleartext password, inside TLS only.",
        read: |builder, value| v::set(&mut builder.enable_cleartext_plugin, v::flag(value)),
        write: |builder| v::write_flag(builder.enable_cleartext_plugin, false),
    },
    DsnKey {
        name: "server-public-key-path",
        aliases: &[also("server_key_path")],
        default: "none",
        secret: false,
        help: "A PEM file with the server's RSA public key, which encrypts the password on a \
               plaintext connection.",
        read: |builder, value| v::set_some(&mut builder.server_public_key_path, v::path(value)),
        write: |builder| v::write_path(builder.server_public_key_path.as_ref()),
    },
    DsnKey {
        name: "get-server-public-key",
        aliases: &[],
        default: "`false`",
        secret: false,
        help: "Whether to ask the server for its RSA public key on a plaintext connection; an \
               attacker can answer with another key.",
        read: |builder, value| v::set(&mut builder.get_server_public_key, v::flag(value)),
        write: |builder| v::write_flag(builder.get_server_public_key, false),
    },
    DsnKey {
        name: "secure-auth",
        aliases: &[],
        default: "`true`",
        secret: false,
        help: "Accepted for compatibility: the password hash of MySQL 4.0 is never sent.",
        read: |_, value| match v::flag(value)? {
            true => Ok(()),
            false => {
                Err("cannot be turned off: remove it, and give the account a plugin of today"
                    .into())
            }
        },
        write: |_| Ok(None),
    },
    DsnKey {
        name: "prefer-socket",
        aliases: &[],
        default: "`false`",
        secret: false,
        help: "Accepted for compatibility: a TLS connection is never exchanged for a socket.",
        read: |_, value| match v::flag(value)? {
            false => Ok(()),
            true => Err("would exchange the TLS connection for a plaintext socket: remove it, or \
                         write `socket=` with the socket's path"
                .into()),
        },
        write: |_| Ok(None),
    },
    DsnKey {
        name: "compression",
        aliases: &[also("compress")],
        default: "none",
        secret: false,
        help: "The zlib level of a compressed connection: 0 to 9, `fast`, `best` or `true`.",
        read: |builder, value| v::set(&mut builder.compression, v::compression(value)),
        write: |builder| v::write_number(builder.compression),
    },
    DsnKey {
        name: "max-allowed-packet",
        aliases: &[],
        default: "the server's",
        secret: false,
        help: "The largest packet that is sent or taken, in bytes.",
        read: |builder, value| v::set_some(&mut builder.max_allowed_packet, v::number(value)),
        write: |builder| v::write_number(builder.max_allowed_packet),
    },
    DsnKey {
        name: "stmt-cache-size",
        aliases: &[also("statement-cache-capacity")],
        default: "`32`",
        secret: false,
        help: "How many prepared statements a connection keeps; 0 turns the cache off.",
        read: |builder, value| v::set_some(&mut builder.stmt_cache_size, v::number(value)),
        write: |builder| v::write_number(builder.stmt_cache_size),
    },
    DsnKey {
        name: "charset",
        aliases: &[],
        default: "`utf8mb4`",
        secret: false,
        help: "The character set of the connection.",
        read: |builder, value| v::set_some(&mut builder.charset, v::text(value)),
        write: |builder| v::write_text(builder.charset.as_ref()),
    },
    DsnKey {
        name: "collation",
        aliases: &[],
        default: "the character set's",
        secret: false,
        help: "The collation of the connection; it becomes the first of the `init` statements.",
        read: |builder, value| {
            if !value.text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err("is the name of a collation, such as `utf8mb4_bin`".into());
            }
            builder.init.insert(0, format!("SET collation_connection = {}", value.text));
            Ok(())
        },
        // It reads back from the `init` statements.
        write: |_| Ok(None),
    },
    DsnKey {
        name: "time-zone",
        aliases: &[],
        default: "the server's",
        secret: false,
        help: "The session's time zone, such as `+00:00` or `Europe/Zurich`.",
        read: |builder, value| v::set_some(&mut builder.time_zone, v::text(value)),
        write: |builder| v::write_text(builder.time_zone.as_ref()),
    },
    DsnKey {
        name: "init",
        aliases: &[also("init-statement"), also("init-command")],
        default: "none",
        secret: true,
        help: "Statements to run on every new connection, separated by `;`; a semicolon that \
               belongs to a statement is `%3B`.",
        read: |builder, value| {
            builder.init.extend(v::statements(value)?);
            Ok(())
        },
        write: |builder| v::write_statements(&builder.init),
    },
    DsnKey {
        name: "connect-attributes",
        aliases: &[also("connection-attributes")],
        default: "the driver's own",
        secret: true,
        help: "Connection attributes for the server, `name=value` separated by `,`; in a name or \
               value a comma is `%2C` and an equals sign `%3D`.",
        read: |builder, value| v::set(&mut builder.connect_attributes, v::attributes(value)),
        write: |builder| v::write_attributes(builder.connect_attributes.as_ref()),
    },
    DsnKey {
        name: "additional-capabilities",
        aliases: &[],
        default: "`0`",
        secret: false,
        help: "Further capability flags of the protocol to claim, decimal or after `0x`.",
        read: |builder, value| v::set(&mut builder.additional_capabilities, v::bits(value)),
        write: |builder| v::write_bits(builder.additional_capabilities),
    },
];
