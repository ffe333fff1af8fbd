//! File < connection string < setter, for every option.

use std::time::Duration;

use super::*;
use crate::cleartext_password::CleartextPassword;
use crate::dsn::dsn_keys;
use crate::load_balance::LoadBalance;
use crate::ssl_roots::SslRoots;

type Setter = fn(ConnectionBuilder) -> ConnectionBuilder;

/// A key, its value in the file and in the connection string, and its setter with a third one.
fn rows() -> Vec<(&'static str, &'static str, &'static str, Setter)> {
    vec![
        ("ssl-mode", "REQUIRED", "DISABLED", |b| b.ssl_mode(SslMode::VerifyCa)),
        ("ssl-ca", "a.pem", "b.pem", |b| b.ssl_ca("c.pem")),
        ("ssl-capath", "/a", "/b", |b| b.ssl_capath("/c")),
        ("ssl-roots", "webpki", "native", |b| b.ssl_roots(SslRoots::WebpkiAndCa)),
        ("ssl-crl", "a.pem", "b.pem", |b| b.ssl_crl("c.pem")),
        ("ssl-crlpath", "/a", "/b", |b| b.ssl_crlpath("/c")),
        ("ssl-cert", "a.pem", "b.pem", |b| b.ssl_cert("c.pem")),
        ("ssl-key", "a.pem", "b.pem", |b| b.ssl_key("c.pem")),
        ("ssl-key-password", "a", "b", |b| b.ssl_key_password("c")),
        ("tls-pin", "sha256//a", "sha256//b", |b| b.tls_pin("sha256//c")),
        ("tls-peer-fingerprint", "aa", "bb", |b| b.tls_peer_fingerprint("cc")),
        ("tls-version", "TLSv1.2", "TLSv1.3", |b| b.tls_version("TLSv1.2,TLSv1.3")),
        ("ssl-cipher", "A", "B", |b| b.ssl_cipher("C")),
        ("tls-ciphersuites", "A", "B", |b| b.tls_ciphersuites("C")),
        ("tls-sni", "false", "true", |b| b.tls_sni(true)),
        ("tls-resumption", "off", "on", |b| b.tls_resumption(true)),
        ("reload-certificates", "0", "1", |b| b.reload_certificates(true)),
        ("load-balance", "random", "sequential", |b| b.load_balance(LoadBalance::Random)),
        ("connect-timeout", "5", "10s", |b| b.connect_timeout(Duration::from_secs(10))),
        ("read-timeout", "1", "2s", |b| b.read_timeout(Duration::from_secs(3))),
        ("write-timeout", "1", "2s", |b| b.write_timeout(Duration::from_secs(3))),
        ("busy-poll", "1us", "2us", |b| b.busy_poll(Duration::from_micros(3))),
        ("tcp-keepalive", "1", "2s", |b| b.tcp_keepalive(Duration::from_secs(3))),
        ("tcp-keepalive-interval", "1", "2s", |b| b.tcp_keepalive_interval(Duration::from_secs(3))),
        ("tcp-keepalive-probes", "1", "2", |b| b.tcp_keepalive_probes(3)),
        ("tcp-nodelay", "false", "true", |b| b.tcp_nodelay(true)),
        ("tcp-user-timeout", "1", "2s", |b| b.tcp_user_timeout(Duration::from_secs(3))),
        ("bind-address", "::1", "::2", |b| b.bind_address("[::3]:0".parse().unwrap())),
        ("runtime-dir", "/a", "/b", |b| b.runtime_dir("/c")),
        ("password-file", "/a", "/b", |b| b.password_file("/c")),
        ("enable-cleartext-plugin", "true", "false", |b| b.enable_cleartext_plugin(false)),
        ("cleartext-password", "verified", "tls", |b| {
            b.cleartext_password(CleartextPassword::Verified)
        }),
        ("server-public-key-path", "/a", "/b", |b| b.server_public_key_path("/c")),
        ("get-server-public-key", "true", "false", |b| b.get_server_public_key(false)),
        ("compression", "9", "false", |b| b.compression(0)),
        ("max-allowed-packet", "1M", "2048", |b| b.max_allowed_packet(4096)),
        ("stmt-cache-size", "1", "32", |b| b.stmt_cache_size(32)),
        ("charset", "a", "utf8mb4", |b| b.charset("c")),
        ("collation", "a", "b", |b| b.init_statement("c")),
        ("time-zone", "+01:00", "UTC", |b| b.time_zone("c")),
        ("init", "a; b", "b", |b| b.init_statement("c")),
        ("connect-attributes", "a=1", "true", |b| b.connect_attribute("c", "3")),
        ("additional-capabilities", "2", "0", |b| b.additional_capabilities(0)),
        ("pool-min", "1", "2", |b| b.pool_min(3)),
        ("pool-max", "1", "2", |b| b.pool_max(3)),
        ("reset-connection", "false", "true", |b| b.reset_connection(true)),
        ("check-health", "false", "true", |b| b.check_health(true)),
        ("local-infile", "true", "false", |b| b.local_infile(false)),
    ]
}

/// What has no field of its own, is the file itself, or belongs to the host.
const ELSEWHERE: [&str; 7] = [
    "secure-auth",
    "prefer-socket",
    "option-file",
    "option-groups",
    "socket",
    "tls-server-name",
    "tls-sni-servername",
];

fn dsn(query: &str) -> ConnectionBuilder {
    format!("mysql://h?{query}").parse().unwrap()
}

#[test]
fn every_key() {
    for key in dsn_keys() {
        let known = rows().iter().any(|(name, ..)| *name == key.name());
        assert!(known != ELSEWHERE.contains(&key.name()), "{key:?} has no row, or two");
    }
    for (key, file, text, setter) in rows() {
        let lines = format!("[client]\n{key}={file}\n");
        let filled = under(h(), &lines).unwrap();
        assert_ne!(filled, h(), "{key}: the file fills it");
        let by_text = dsn(&format!("{key}={text}"));
        assert_ne!(filled, by_text, "{key}");
        assert_eq!(under(by_text.clone(), &lines).unwrap(), by_text, "{key}: the text wins");
        assert_eq!(under(setter(h()), &lines).unwrap(), setter(h()), "{key}: the setter wins");
        let both = setter(by_text);
        assert_eq!(under(both.clone(), &lines).unwrap(), both, "{key}: text and setter win");
        // Whether it was called before the file was named or after that makes no difference.
        let files = Files::new();
        let path = files.write("my.cnf", &lines);
        let before = setter(h().option_file(&path, &[])).read_option_file().unwrap();
        assert_eq!(before, setter(h()), "{key}: before");
        // Nor does a way through text.
        let again: ConnectionBuilder =
            setter(h()).option_file(&path, &[]).to_dsn().unwrap().parse().unwrap();
        assert_eq!(again.read_option_file().unwrap(), setter(h()), "{key}: through text");
    }
}

#[test]
fn what_stands_before_the_query() {
    let new = ConnectionBuilder::new;
    let lines = "[client]\nhost=file\nport=1\nuser=file\npassword=file\ndatabase=file\n";
    let file = || new("file").port(1).user("file").password("file").database("file");
    for (builder, expected) in [
        (new(""), file()),
        (h(), file()),
        (new("").port(2), file().port(2)),
        (new("").user("u"), file().user("u")),
        (new("").password("p"), file().password("p")),
        (new("").password(""), file().password("")),
        (new("").password_file("/p"), file().password_file("/p")),
        (new("").database("d"), file().database("d")),
        (
            "tidb://u:p@h/d".parse().unwrap(),
            new("h").port(4000).user("u").password("p").database("d"),
        ),
        ("mysql://h/".parse().unwrap(), file()),
    ] {
        let host = if builder.host.is_empty() { "file" } else { "h" };
        let expected = ConnectionBuilder { host: host.into(), ..expected };
        assert_eq!(under(builder, lines).unwrap(), expected);
    }
}

/// What belongs together is taken together.
#[test]
fn a_file_cannot_widen_what_is_trusted() {
    let mode = |mode| h().ssl_mode(mode);
    for (builder, lines, expected) in [
        (h().ssl_ca("b"), "ssl-ca=a\nssl-capath=/a\nssl-roots=webpki,ca", h().ssl_ca("b")),
        (h().ssl_capath("b"), "ssl-ca=a", h().ssl_capath("b")),
        (h().ssl_roots(SslRoots::Webpki), "ssl-ca=a", h().ssl_roots(SslRoots::Webpki)),
        (h().ssl_crl("b"), "ssl-crlpath=/a", h().ssl_crl("b")),
        (h().tls_pin("b"), "tls-pin=a\ntls-peer-fingerprint=aa", h().tls_pin("b")),
        (h().tls_peer_fingerprint("b"), "tls-pin=a", h().tls_peer_fingerprint("b")),
        (h().ssl_cert("b"), "ssl-cert=a\nssl-key=a\nssl-key-password=a", h().ssl_cert("b")),
        (
            h().ssl_key_password("b"),
            "ssl-key=a\nssl-key-password=a",
            h().ssl_key("a").ssl_key_password("b"),
        ),
        (h().server_public_key_path("b"), "get-server-public-key", h().server_public_key_path("b")),
        (mode(SslMode::Disabled), "get-server-public-key", mode(SslMode::Disabled)),
        (mode(SslMode::Disabled), "server-public-key-path=a", mode(SslMode::Disabled)),
        (
            h().get_server_public_key(false),
            "server-public-key-path=a",
            h().get_server_public_key(false),
        ),
        // A mode that the builder's own options ask for is not weakened.
        (h().ssl_ca("b"), "ssl-mode=DISABLED", h().ssl_ca("b")),
        (h().ssl_ca("b"), "ssl-mode=REQUIRED", h().ssl_ca("b")),
        (h().ssl_ca("b"), "ssl-mode=VERIFY_CA", h().ssl_ca("b").ssl_mode(SslMode::VerifyCa)),
        (
            h().ssl_ca("b"),
            "ssl-mode=VERIFY_IDENTITY",
            h().ssl_ca("b").ssl_mode(SslMode::VerifyIdentity),
        ),
        (h().ssl_roots(SslRoots::Webpki), "ssl-mode=VERIFY_CA", h().ssl_roots(SslRoots::Webpki)),
        (h().tls_pin("b"), "ssl-mode=PREFERRED", h().tls_pin("b")),
        (h().tls_pin("b"), "ssl-mode=REQUIRED", h().tls_pin("b").ssl_mode(SslMode::Required)),
        (h(), "ssl-mode=DISABLED\nssl-ca=a", mode(SslMode::Disabled).ssl_ca("a")),
        (
            mode(SslMode::Disabled),
            "ssl-mode=VERIFY_CA\nssl-ca=a",
            mode(SslMode::Disabled).ssl_ca("a"),
        ),
        (mode(SslMode::VerifyIdentity), "ssl-ca=a", mode(SslMode::VerifyIdentity).ssl_ca("a")),
    ] {
        assert_eq!(under(builder, &format!("[client]\n{lines}\n")).unwrap(), expected, "{lines}");
    }
}
