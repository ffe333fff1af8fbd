//! Options of the `mysql` client and of MariaDB's that have no counterpart: those that mean nothing
//! here are left out, those that would be missed are refused with what to write instead.

/// They concern the client's prompt and its statements.
const HARMLESS: [&str; 12] = [
    "-A",
    "-c",
    "--auto-rehash",
    "--comments",
    "--disable-auto-rehash",
    "--no-auto-rehash",
    "--no-beep",
    "--no-login-paths",
    "--reconnect",
    "--skip-auto-rehash",
    "--skip-comments",
    "--skip-reconnect",
];

/// The name, and the sentence that follows it.
const REFUSED: &[(&str, &str)] = &[
    (
        "--login-path",
        "is not supported, since the file of mysql_config_editor is not read: write its settings \
         (`my_print_defaults -s NAME` prints them) into an option file for --defaults-file, or a DSN \
         into a file for --dsn-file",
    ),
    (
        "--ssl",
        "is an option of MariaDB's client and of older ones: write --ssl-mode=VERIFY_IDENTITY (the \
         server is verified) or --ssl-mode=REQUIRED (TLS, the server is not verified)",
    ),
    ("--skip-ssl", PLAINTEXT),
    ("--disable-ssl", PLAINTEXT),
    (
        "--ssl-verify-server-cert",
        "is an option of MariaDB's client: write --ssl-mode=VERIFY_IDENTITY",
    ),
    ("--skip-ssl-verify-server-cert", UNVERIFIED),
    ("--disable-ssl-verify-server-cert", UNVERIFIED),
    ("--ssl-fp", FINGERPRINT),
    ("--ssl-fplist", FINGERPRINT),
    ("--tls-fp", FINGERPRINT),
    ("--tls-fplist", FINGERPRINT),
    ("--ssl-passphrase", PASSPHRASE),
    ("--tls-passphrase", PASSPHRASE),
    (
        "--ssl-fips-mode",
        "has no counterpart: leave it out, since FIPS 140 is chosen when building, by the feature \
         `fips`",
    ),
    ("--ssl-session-data", SESSION_DATA),
    ("--ssl-session-data-continue-on-failed-reuse", SESSION_DATA),
    (
        "--zstd-compression-level",
        "is not supported: leave it out, or write --compress, which is zlib",
    ),
    ("--default-auth", "has no counterpart: leave it out, since the server names the plugin"),
    ("--plugin-dir", "has no counterpart: leave it out, since no plugins are loaded"),
    ("--password1", "is the password: write --password-file, MYSQL_PWD or -p"),
    ("--password2", FACTORS),
    ("--password3", FACTORS),
    ("--dns-srv-name", "is not supported: SRV records are not looked up; name a host with --host"),
    ("--execute", STATEMENTS),
    ("-e", STATEMENTS),
];

const PLAINTEXT: &str =
    "is an option of MariaDB's client and of older ones: write --ssl-mode=DISABLED";
const UNVERIFIED: &str = "is an option of MariaDB's client: write --ssl-mode=REQUIRED (TLS, the \
                          server is not verified)";
const FINGERPRINT: &str = "is an option of MariaDB's client: write tls-peer-fingerprint= into the \
                           DSN, as `mysql-tls status` prints it";
const PASSPHRASE: &str = "is an option of MariaDB's client: write ssl-key-password= into the DSN, and \
                          give that by --dsn-file or MYSQL_TLS_DSN";
const SESSION_DATA: &str = "has no counterpart: leave it out, since TLS sessions are resumed by \
                            themselves within one run";
const FACTORS: &str = "is not supported: this program logs in with one password";
const STATEMENTS: &str = "is not an option here: `mysql-tls exec -- mysql -e SQL` runs statements with \
                          the client, over a connection of this program's";

/// What is to become of an option; `value` is what follows its `=`.
pub(crate) enum Verdict {
    Keep,
    LeaveOut,
    /// The sentence.
    Refuse(String),
}

pub(crate) fn judge(name: &str, value: Option<&str>) -> Verdict {
    if HARMLESS.contains(&name) && value.is_none() {
        return Verdict::LeaveOut;
    }
    let off = value.is_some_and(|value| {
        ["0", "off", "false"].iter().any(|word| value.eq_ignore_ascii_case(word))
    });
    let effective = match name {
        "--ssl" if off => "--skip-ssl",
        "--ssl-verify-server-cert" if off => "--skip-ssl-verify-server-cert",
        _ => name,
    };
    match REFUSED.iter().find(|(refused, _)| *refused == effective) {
        Some((_, sentence)) => Verdict::Refuse(format!("{name} {sentence}")),
        None => Verdict::Keep,
    }
}
