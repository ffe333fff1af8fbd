//! The keys that concern the way to the server.

use super::also;
use super::in_its_way;
use crate::dsn::keys::DsnKey;
use crate::dsn::values as v;

pub(super) const KEYS: &[DsnKey] = &[
    DsnKey {
        name: "load-balance",
        aliases: &[],
        default: "`sequential`",
        secret: false,
        help: "In which order several hosts, and the addresses of a host, are tried: `sequential`, as they stand there, or `random`, anew for every connect.",
        read: |builder, value| v::set(&mut builder.load_balance, v::load_balance(value)),
        write: |builder| Ok(builder.load_balance.map(|balance| balance.to_string())),
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
        write: |builder| v::write_duration(builder.connect_timeout),
    },
    DsnKey {
        name: "read-timeout",
        aliases: &[],
        default: "none",
        secret: false,
        help: "How long a single read may wait for the server.",
        read: |builder, value| v::set(&mut builder.read_timeout, v::duration(value)),
        write: |builder| v::write_duration(builder.read_timeout),
    },
    DsnKey {
        name: "write-timeout",
        aliases: &[],
        default: "none",
        secret: false,
        help: "How long a single write may wait.",
        read: |builder, value| v::set(&mut builder.write_timeout, v::duration(value)),
        write: |builder| v::write_duration(builder.write_timeout),
    },
    DsnKey {
        name: "busy-poll",
        aliases: &[],
        default: "off",
        secret: false,
        help: "How long the relay looks for bytes before it sleeps, such as `200us`; it costs a core meanwhile.",
        read: |builder, value| v::set(&mut builder.busy_poll, v::duration(value)),
        write: |builder| v::write_duration(builder.busy_poll),
    },
    DsnKey {
        name: "tcp-keepalive",
        aliases: &[in_its_way("tcp_keepalive_time_ms", |builder, value| {
            v::set(&mut builder.tcp_keepalive, v::milliseconds(value))
        })],
        default: "off",
        secret: false,
        help: "Turns TCP keep-alive on: the idle time before the first probe.",
        read: |builder, value| v::set(&mut builder.tcp_keepalive, v::duration(value)),
        write: |builder| v::write_duration(builder.tcp_keepalive),
    },
    DsnKey {
        name: "tcp-keepalive-interval",
        aliases: &[in_its_way("tcp_keepalive_probe_interval_secs", |builder, value| {
            v::set(&mut builder.tcp_keepalive_interval, v::seconds(value))
        })],
        default: "the system's",
        secret: false,
        help: "The time between keep-alive probes.",
        read: |builder, value| v::set(&mut builder.tcp_keepalive_interval, v::duration(value)),
        write: |builder| v::write_duration(builder.tcp_keepalive_interval),
    },
    DsnKey {
        name: "tcp-keepalive-probes",
        aliases: &[also("tcp_keepalive_probe_count")],
        default: "the system's",
        secret: false,
        help: "How many keep-alive probes may stay unanswered.",
        read: |builder, value| v::set(&mut builder.tcp_keepalive_probes, v::number(value)),
        write: |builder| v::write_number(builder.tcp_keepalive_probes),
    },
    DsnKey {
        name: "tcp-nodelay",
        aliases: &[],
        default: "`true`",
        secret: false,
        help: "Whether small packets are sent at once.",
        read: |builder, value| v::set(&mut builder.tcp_nodelay, v::flag(value)),
        write: |builder| v::write_flag(builder.tcp_nodelay),
    },
    DsnKey {
        name: "tcp-user-timeout",
        aliases: &[in_its_way("tcp_user_timeout_ms", |builder, value| {
            v::set(&mut builder.tcp_user_timeout, v::milliseconds(value))
        })],
        default: "the system's",
        secret: false,
        help: "How long sent data may stay unacknowledged (Linux).",
        read: |builder, value| v::set(&mut builder.tcp_user_timeout, v::duration(value)),
        write: |builder| v::write_duration(builder.tcp_user_timeout),
    },
    DsnKey {
        name: "bind-address",
        aliases: &[],
        default: "any",
        secret: false,
        help: "The local IP address to connect from, with a port if one is needed.",
        read: |builder, value| v::set(&mut builder.bind_address, v::address(value)),
        write: |builder| v::write_address(builder.bind_address),
    },
    DsnKey {
        name: "socket",
        aliases: &[],
        default: "none: TCP",
        secret: false,
        help: "The path of the server's Unix socket, used instead of host and port.",
        read: |builder, value| v::set(&mut builder.socket, v::path(value)),
        write: |builder| v::write_path(builder.socket.as_ref()),
    },
    DsnKey {
        name: "runtime-dir",
        aliases: &[],
        default: "`MYSQL_TLS_RUNTIME_DIR`, else a directory of the system",
        secret: false,
        help: "The directory under which the private sockets are made.",
        read: |builder, value| v::set(&mut builder.runtime_dir, v::path(value)),
        write: |builder| v::write_path(builder.runtime_dir.as_ref()),
    },
    DsnKey {
        name: "option-file",
        aliases: &[also("defaults-file"), also("read_default_file")],
        default: "none",
        secret: false,
        help: "An option file of the `mysql` client, such as `/home/app/.my.cnf`, for what is not set here.",
        read: |builder, value| v::set(&mut builder.option_file, v::path(value)),
        write: |builder| v::write_path(builder.option_file.as_ref()),
    },
    DsnKey {
        name: "option-groups",
        aliases: &[also("read_default_group")],
        default: "`client`",
        secret: false,
        help: "The groups of the option file that count, separated by `;`.",
        read: |builder, value| v::append(&mut builder.option_groups, v::groups(value)),
        write: |builder| v::write_list(&builder.option_groups),
    },
];
