//! The keys of other drivers that do not concern TLS.

use super::encoding::normal;
use crate::text::list;

/// Such a key.
pub(super) struct Other {
    names: &'static [&'static str],
    /// What to write instead; none where there is nothing.
    instead: Option<&'static str>,
    pub(super) secret: bool,
}

const LOGIN: &str = "user and password stand before the host, `mysql://USER:PASSWORD@HOST:PORT`";
const HOST: &str = "host and port stand after the `@`, `mysql://USER:PASSWORD@HOST:PORT`";
const DATABASE: &str = "the database stands after the host, `mysql://HOST:PORT/DATABASE`";

const fn instead(names: &'static [&'static str], instead: &'static str) -> Other {
    Other { names, instead: Some(instead), secret: false }
}

static OTHERS: &[Other] = &[
    Other { names: &["password", "pass", "passwd", "pwd"], instead: Some(LOGIN), secret: true },
    instead(&["user", "username", "uid"], LOGIN),
    instead(&["host", "hostname", "server", "port"], HOST),
    instead(&["database", "db", "dbname", "schema"], DATABASE),
    instead(&["unix_socket", "socketPath", "unixSocket"], "write `socket=` with the same path"),
    instead(
        &["timeout", "connectionTimeout"],
        "write `connect-timeout=` with a unit, such as `10s`",
    ),
    instead(&["socketTimeout"], "write `read-timeout=` with a unit, such as `30s`"),
    instead(&["characterEncoding", "encoding"], "write `charset=utf8mb4`"),
    instead(
        &["serverTimezone", "connectionTimeZone", "loc"],
        "write `time-zone=`, such as `time-zone=%2B00:00`",
    ),
    instead(
        &["load_balance_hosts", "loadBalanceHosts", "loadBalanceStrategy", "roundRobinLoadBalance"],
        "write `load-balance=random` for an order of chance",
    ),
    instead(&["useCompression"], "write `compression=true`"),
    instead(&["sql_mode", "sessionVariables"], "write `init=` with a `SET` statement"),
    instead(&["prepStmtCacheSize", "statement_cache_size"], "write `stmt-cache-size=`"),
    Other {
        names: &[
            "abs_conn_ttl",
            "abs_conn_ttl_jitter",
            "adapter",
            "allowMultiQueries",
            "allowNativePasswords",
            "applicationName",
            "autocommit",
            "autoReconnect",
            "cachePrepStmts",
            "checkConnLiveness",
            "clientFoundRows",
            "columnsWithAlias",
            "conn_ttl",
            "connection_limit",
            "connectionLimit",
            "cursorclass",
            "dateStrings",
            "debug",
            "failOverReadOnly",
            "flags",
            "idle_timeout",
            "inactive_connection_ttl",
            "interpolateParams",
            "maxReconnects",
            "max_lifetime",
            "maxLifetime",
            "multiStatements",
            "named_placeholders",
            "parseTime",
            "pgbouncer",
            "pool",
            "pool_recycle",
            "pool_size",
            "pool_timeout",
            "pooling",
            "queueLimit",
            "reconnect",
            "readFromMasterWhenNoSlaves",
            "rejectReadOnly",
            "rewriteBatchedStatements",
            "secondsBeforeRetryMaster",
            "supportBigNumbers",
            "target_session_attrs",
            "targetServerType",
            "trace",
            "ttl_check_interval",
            "typeCast",
            "useAffectedRows",
            "useLegacyDatetimeCode",
            "useServerPrepStmts",
            "useUnicode",
            "wait_timeout",
            "waitForConnections",
            "zeroDateTimeBehavior",
        ],
        instead: None,
        secret: false,
    },
];

/// The key of this name.
pub(super) fn find(normal_name: &str) -> Option<&'static Other> {
    OTHERS.iter().find(|other| other.names.iter().any(|name| normal(name) == normal_name))
}

/// What to do about these keys: one sentence for those with the same remedy, and its first key.
pub(super) fn sentences<'a>(keys: &[(&'a str, &Other)]) -> Vec<(&'a str, String)> {
    let mut groups: Vec<(Option<&str>, &'a str, Vec<String>)> = Vec::new();
    for (key, other) in keys {
        let name = format!("`{key}`");
        match groups.iter_mut().find(|(instead, ..)| *instead == other.instead) {
            Some((_, _, names)) => names.push(name),
            None => groups.push((other.instead, *key, vec![name])),
        }
    }
    let sentence = |instead: Option<&str>, names: &[String]| {
        let (verb, them) = match names {
            [_] => ("is not an option", "it"),
            _ => ("are not options", "them"),
        };
        let remedy = instead.map_or_else(
            || format!("remove {them}, or ignore {them} by name with `from_dsn_ignoring`"),
            str::to_owned,
        );
        format!("{} {verb} here: {remedy}", list(names))
    };
    groups.iter().map(|(instead, first, names)| (*first, sentence(*instead, names))).collect()
}
