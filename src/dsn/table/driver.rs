//! The keys that concern the login and the driver.

use super::also;
use crate::dsn::keys::DsnKey;
use crate::dsn::password;
use crate::dsn::values as v;

pub(super) const KEYS: &[DsnKey] = &[
    DsnKey {
        name: "password-file",
        aliases: &[],
        default: "none",
        secret: false,
        help: "A file whose content is the password, read at every connect.",
        read: password::read_file,
        write: password::write_file,
    },
    DsnKey {
        name: "enable-cleartext-plugin",
        aliases: &[],
        default: "`false`",
        secret: false,
        help: "Whether the server may ask for the cleartext password, inside TLS only.",
        read: |builder, value| v::set(&mut builder.enable_cleartext_plugin, v::flag(value)),
        write: |builder| v::write_flag(builder.enable_cleartext_plugin),
    },
    DsnKey {
        name: "cleartext-password",
        aliases: &[],
        default: "`tls`",
        secret: false,
        help: "To whom the password may cross as itself, inside TLS: `tls`, whoever ends it, as with the `mysql` client, or `verified`, only a server whose chain or pin was verified.",
        read: |builder, value| {
            v::set(&mut builder.cleartext_password, v::cleartext_password(value))
        },
        write: |builder| Ok(builder.cleartext_password.map(|to| to.to_string())),
    },
    DsnKey {
        name: "server-public-key-path",
        aliases: &[also("server_key_path")],
        default: "none",
        secret: false,
        help: "A PEM file with the server's RSA public key, which encrypts the password on a \
               plaintext connection.",
        read: |builder, value| v::set(&mut builder.server_public_key_path, v::path(value)),
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
        write: |builder| v::write_flag(builder.get_server_public_key),
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
        write: |builder| v::write_compression(builder.compression),
    },
    DsnKey {
        name: "max-allowed-packet",
        aliases: &[],
        default: "the server's",
        secret: false,
        help: "The largest packet that is sent or taken, in bytes.",
        read: |builder, value| v::set(&mut builder.max_allowed_packet, v::number(value)),
        write: |builder| v::write_number(builder.max_allowed_packet),
    },
    DsnKey {
        name: "stmt-cache-size",
        aliases: &[also("statement-cache-capacity")],
        default: "`32`",
        secret: false,
        help: "How many prepared statements a connection keeps; 0 turns the cache off.",
        read: |builder, value| v::set(&mut builder.stmt_cache_size, v::number(value)),
        write: |builder| v::write_number(builder.stmt_cache_size),
    },
    DsnKey {
        name: "charset",
        aliases: &[],
        default: "`utf8mb4`",
        secret: false,
        help: "The character set of the connection.",
        read: |builder, value| v::set(&mut builder.charset, v::text(value)),
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
        read: |builder, value| v::set(&mut builder.time_zone, v::text(value)),
        write: |builder| v::write_text(builder.time_zone.as_ref()),
    },
    DsnKey {
        name: "init",
        aliases: &[also("init-statement"), also("init-command")],
        default: "none",
        secret: true,
        help: "Statements to run on every new connection, separated by `;`; a semicolon that \
               belongs to a statement is `%3B`.",
        read: |builder, value| v::append(&mut builder.init, v::statements(value)),
        write: |builder| v::write_list(&builder.init),
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
    DsnKey {
        name: "pool-min",
        aliases: &[],
        default: "10; `r2d2`: 1",
        secret: false,
        help: "How many connections a pool opens at once and keeps.",
        read: |builder, value| v::set(&mut builder.pool.min, v::number(value)),
        write: |builder| v::write_number(builder.pool.min),
    },
    DsnKey {
        name: "pool-max",
        aliases: &[],
        default: "100; `r2d2`: 10",
        secret: false,
        help: "How many connections a pool has at most.",
        read: |builder, value| v::set(&mut builder.pool.max, v::number(value)),
        write: |builder| v::write_number(builder.pool.max),
    },
    DsnKey {
        name: "reset-connection",
        aliases: &[],
        default: "`true`",
        secret: false,
        help: "Whether a connection that goes back into a pool is reset.",
        read: |builder, value| v::set(&mut builder.pool.reset_connection, v::flag(value)),
        write: |builder| v::write_flag(builder.pool.reset_connection),
    },
    DsnKey {
        name: "check-health",
        aliases: &[],
        default: "`true`",
        secret: false,
        help: "Whether a connection is pinged before a pool gives it out.",
        read: |builder, value| v::set(&mut builder.pool.check_health, v::flag(value)),
        write: |builder| v::write_flag(builder.pool.check_health),
    },
    DsnKey {
        name: "local-infile",
        aliases: &[also("allowLoadLocalInfile"), also("allowAllFiles")],
        default: "`false`",
        secret: false,
        help: "Whether a driver at an endpoint may send local files (`LOAD DATA LOCAL`).",
        read: |builder, value| v::set(&mut builder.local_infile, v::flag(value)),
        write: |builder| v::write_flag(builder.local_infile),
    },
];
