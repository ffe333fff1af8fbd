//! Text equals builder chain: every key, every part.

use std::time::Duration;

use super::super::{DsnKey, dsn_keys};
use super::read;
use crate::builder::ConnectionBuilder;
use crate::cleartext_password::CleartextPassword;
use crate::load_balance::LoadBalance;
use crate::ssl_mode::SslMode;
use crate::ssl_roots::SslRoots;

fn h() -> ConnectionBuilder {
    ConnectionBuilder::new("h")
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Every key under every name, with each form of its value.
fn rows() -> Vec<(&'static str, ConnectionBuilder)> {
    vec![
        ("ssl-mode=DISABLED", h().ssl_mode(SslMode::Disabled)),
        ("SSL_MODE=preferred", h().ssl_mode(SslMode::Preferred)),
        ("sslMode=verify-ca", h().ssl_mode(SslMode::VerifyCa)),
        ("ssl-ca=/opt/c++/my%20ca.pem", h().ssl_ca("/opt/c++/my ca.pem")),
        ("sslca=-----BEGIN%20X-----%0A", h().ssl_ca_pem("-----BEGIN X-----\n")),
        ("ssl-cert=a%25.pem", h().ssl_cert("a%.pem")),
        ("ssl-key=%20%0A-----BEGIN X", h().ssl_key_pem(" \n-----BEGIN X")),
        ("ssl_cert=-----BEGIN X", h().ssl_cert_pem("-----BEGIN X")),
        ("ssl-key=k.pem", h().ssl_key("k.pem")),
        ("sslkey=-----BEGIN X", h().ssl_key_pem("-----BEGIN X")),
        ("ssl-capath=/etc/ssl/certs", h().ssl_capath("/etc/ssl/certs")),
        ("ssl-roots=webpki", h().ssl_roots(SslRoots::Webpki)),
        ("ssl_roots=Native, CA", h().ssl_roots(SslRoots::NativeAndCa)),
        ("ssl-crl=crl.pem", h().ssl_crl("crl.pem")),
        ("sslcrl=-----BEGIN X", h().ssl_crl_pem("-----BEGIN X")),
        ("ssl-crlpath=/crls", h().ssl_crlpath("/crls")),
        ("ssl-key-password=a%26b", h().ssl_key_password("a&b")),
        ("tls-pin=sha256//a+/b=", h().tls_pin("sha256//a+/b=")),
        ("tls-pin=sha256//a=;sha256//b=;", h().tls_pin("sha256//a=").tls_pin("sha256//b=")),
        (
            "tls-peer-fingerprint=AB:CD;ef",
            h().tls_peer_fingerprint("AB:CD").tls_peer_fingerprint("ef"),
        ),
        ("tls-version=TLSv1.2,TLSv1.3", h().tls_version("TLSv1.2,TLSv1.3")),
        ("ssl-cipher=A:B", h().ssl_cipher("A:B")),
        ("tls_ciphersuites=A:B", h().tls_ciphersuites("A:B")),
        ("tls-server-name=db.example.com", h().tls_server_name("db.example.com")),
        ("tls-sni-servername=db.example.com", h().tls_sni_servername("db.example.com")),
        ("tls-sni=off", h().tls_sni(false)),
        ("tls-resumption=off", h().tls_resumption(false)),
        ("reload-certificates=off", h().reload_certificates(false)),
        ("load-balance=sequential", h().load_balance(LoadBalance::Sequential)),
        ("loadBalance=RANDOM", h().load_balance(LoadBalance::Random)),
        ("connect-timeout=10", h().connect_timeout(secs(10))),
        ("connect-timeout=600", h().connect_timeout(secs(600))),
        ("connect_timeout=601s", h().connect_timeout(secs(601))),
        ("connectTimeout=500ms", h().connect_timeout(millis(500))),
        ("tcp_connect_timeout_ms=30000", h().connect_timeout(secs(30))),
        ("read-timeout=2m", h().read_timeout(secs(120))),
        ("busy-poll=50us", h().busy_poll(std::time::Duration::from_micros(50))),
        ("write-timeout=1h", h().write_timeout(secs(3600))),
        ("write-timeout=7us", h().write_timeout(Duration::from_micros(7))),
        ("write-timeout=7ns", h().write_timeout(Duration::from_nanos(7))),
        ("tcp-keepalive=60", h().tcp_keepalive(secs(60))),
        ("tcp_keepalive_time_ms=60000", h().tcp_keepalive(secs(60))),
        ("tcp-keepalive-interval=5s", h().tcp_keepalive_interval(secs(5))),
        ("tcp_keepalive_probe_interval_secs=900", h().tcp_keepalive_interval(secs(900))),
        ("tcp-keepalive-probes=3", h().tcp_keepalive_probes(3)),
        ("tcp_keepalive_probe_count=3", h().tcp_keepalive_probes(3)),
        ("tcp-nodelay=false", h().tcp_nodelay(false)),
        ("tcp-nodelay=ON", h().tcp_nodelay(true)),
        ("tcp-user-timeout=20s", h().tcp_user_timeout(secs(20))),
        ("tcp_user_timeout_ms=20000", h().tcp_user_timeout(secs(20))),
        ("bind-address=192.0.2.1", h().bind_address("192.0.2.1:0".parse().unwrap())),
        ("bind-address=192.0.2.1:99", h().bind_address("192.0.2.1:99".parse().unwrap())),
        ("bind-address=::1", h().bind_address("[::1]:0".parse().unwrap())),
        ("bind-address=[::1]:99", h().bind_address("[::1]:99".parse().unwrap())),
        ("socket=/run/m.sock", h().socket("/run/m.sock")),
        ("runtime-dir=/run/app", h().runtime_dir("/run/app")),
        ("option-file=/a%20b/my.cnf", h().option_file("/a b/my.cnf", &[])),
        ("defaults_file=my.cnf", h().option_file("my.cnf", &[])),
        ("read_default_file=my.cnf", h().option_file("my.cnf", &[])),
        ("option-groups=client;a%3Bb&option-file=f", h().option_file("f", &["client", "a;b"])),
        ("read_default_group=app&option-file=f", h().option_file("f", &["app"])),
        ("password-file=/run/secrets/pw", h().password_file("/run/secrets/pw")),
        ("enable-cleartext-plugin=true", h().enable_cleartext_plugin(true)),
        ("enable_cleartext_plugin=0", h().enable_cleartext_plugin(false)),
        ("cleartext-password=verified", h().cleartext_password(CleartextPassword::Verified)),
        ("cleartext_password=TLS", h().cleartext_password(CleartextPassword::Tls)),
        ("server-public-key-path=k.pem", h().server_public_key_path("k.pem")),
        ("server_key_path=k.pem", h().server_public_key_path("k.pem")),
        ("get-server-public-key=yes", h().get_server_public_key(true)),
        ("secure_auth=true", h()),
        ("prefer_socket=false", h()),
        ("compression=0", h().compression(0)),
        ("compression=9", h().compression(9)),
        ("compress=fast", h().compression(1)),
        ("compress=true", h().compression(6)),
        ("compress=best", h().compression(9)),
        ("compress=false", ConnectionBuilder { compression: Some(None), ..h() }),
        ("max-allowed-packet=1048576", h().max_allowed_packet(1_048_576)),
        ("stmt-cache-size=0", h().stmt_cache_size(0)),
        ("statement-cache-capacity=100", h().stmt_cache_size(100)),
        ("charset=utf8mb4", h().charset("utf8mb4")),
        ("collation=utf8mb4_bin", h().init_statement("SET collation_connection = utf8mb4_bin")),
        (
            "init=SET a = 1&collation=utf8mb4_bin",
            h().init_statement("SET collation_connection = utf8mb4_bin")
                .init_statement("SET a = 1"),
        ),
        ("time-zone=+00:00", h().time_zone("+00:00")),
        ("timezone=Europe/Zurich", h().time_zone("Europe/Zurich")),
        ("init=SET a = 1", h().init_statement("SET a = 1")),
        (
            "init_command=SET a=1;SET b='%3B';",
            h().init_statement("SET a=1").init_statement("SET b=';'"),
        ),
        ("init-statement=SELECT a<b>c", h().init_statement("SELECT a<b>c")),
        (
            "connect-attributes=team=shop,x=a%2Cb%3Dc",
            h().connect_attribute("team", "shop").connect_attribute("x", "a,b=c"),
        ),
        (
            "connection-attributes=[a=1,b=]",
            h().connect_attribute("a", "1").connect_attribute("b", ""),
        ),
        (
            "connection-attributes=true",
            ConnectionBuilder { connect_attributes: Some(Default::default()), ..h() },
        ),
        ("additional-capabilities=3", h().additional_capabilities(3)),
        ("additional-capabilities=0x80000000", h().additional_capabilities(0x8000_0000)),
        ("pool-min=0", h().pool_min(0)),
        ("pool-max=20", h().pool_max(20)),
        ("reset-connection=false", h().reset_connection(false)),
        ("check-health=off", h().check_health(false)),
        ("local-infile=on", h().local_infile(true)),
        ("local_infile=1", h().local_infile(true)),
        ("allowLoadLocalInfile=false", h().local_infile(false)),
        ("allowAllFiles=true", h().local_infile(true)),
    ]
}

#[test]
fn every_key_sets_its_field() {
    for (query, expected) in rows() {
        assert_eq!(read(&format!("mysql://h?{query}")), expected, "{query}");
        assert_eq!(read(&format!("mysql://h/?&{query}&")), expected, "{query}");
    }
}

#[test]
fn every_name_of_the_table_is_in_a_row() {
    let normal = |name: &str| name.to_lowercase().replace(['-', '_'], "");
    let read: Vec<String> = rows()
        .iter()
        .flat_map(|(query, _)| {
            query.split('&').map(|pair| normal(pair.split('=').next().unwrap())).collect::<Vec<_>>()
        })
        .collect();
    let mut names = 0;
    for key in dsn_keys() {
        for name in key.aliases().chain([key.name()]) {
            assert!(read.contains(&normal(name)), "{name}");
            names += 1;
        }
        assert!(!key.help().is_empty() && key.help().ends_with('.'), "{key:?}");
        assert!(!key.default_value().is_empty(), "{key:?}");
    }
    let mut unique: Vec<String> =
        dsn_keys().iter().flat_map(|key| key.aliases().chain([key.name()])).map(normal).collect();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), names, "two keys share a name");
    let secret: Vec<&str> =
        dsn_keys().iter().filter(|key| key.is_secret()).map(DsnKey::name).collect();
    assert_eq!(secret, ["ssl-key-password", "init", "connect-attributes"]);
}

#[test]
fn the_parts_before_the_query() {
    for (text, expected) in [
        ("mysql://h", h()),
        ("MySQL://h/", h()),
        ("mariadb://h", h()),
        ("tidb://h", h().port(4000)),
        ("tidb://h:3306", h().port(3306)),
        ("tidb:///?socket=/s", ConnectionBuilder::new("").socket("/s")),
        (
            "mysql://u@/d?option-file=f",
            ConnectionBuilder::new("").user("u").database("d").option_file("f", &[]),
        ),
        ("mysql://:77/?socket=/s", ConnectionBuilder::new("").port(77).socket("/s")),
        ("mysql://h:1", h().port(1)),
        ("mysql://h:65535", h().port(65535)),
        ("mysql://u@h", h().user("u")),
        ("mysql://@h", h()),
        ("mysql://u:@h", h().user("u").password("")),
        ("mysql://:p@h", h().password("p")),
        ("mysql://:@h", h().password("")),
        ("mysql://u:a:b@h", h().user("u").password("a:b")),
        ("mysql://u:a+b%2B%20@h", h().user("u").password("a+b+ ")),
        ("mysql://u:p,q@h", h().user("u").password("p,q")),
        ("mysql://%C3%BC:%E6%9D%B1@h", h().user("ü").password("東")),
        ("mysql://ü:東@h", h().user("ü").password("東")),
        ("mysql://u:%3CPASSWORD%3E@h", h().user("u").password("<PASSWORD>")),
        ("mysql://[::1]", ConnectionBuilder::new("::1")),
        (
            "mysql://u@[2001:db8::1]:4000/d",
            ConnectionBuilder::new("2001:db8::1").user("u").port(4000).database("d"),
        ),
        ("mysql://127.0.0.1", ConnectionBuilder::new("127.0.0.1")),
        ("mysql://a,b", ConnectionBuilder::new("a").add_host("b", 3306)),
        (
            "mysql://u:p,q@a:1,b:2,[::1]:3/d",
            ConnectionBuilder::new("a")
                .port(1)
                .add_host("b", 2)
                .add_host("[::1]", 3)
                .user("u")
                .password("p,q")
                .database("d"),
        ),
        (
            "tidb://a:3306,b,127.0.0.1/?load-balance=random",
            ConnectionBuilder::new("a")
                .port(3306)
                .add_host("b", 4000)
                .add_host("127.0.0.1", 4000)
                .load_balance(LoadBalance::Random),
        ),
        ("mysql://0x7f.1", ConnectionBuilder::new("127.0.0.1")),
        ("mysql://Db_1.Example.COM", ConnectionBuilder::new("Db_1.Example.COM")),
        ("mysql://münchen.example", ConnectionBuilder::new("xn--mnchen-3ya.example")),
        ("mysql://h/a%2Fb%3F", h().database("a/b?")),
        ("mysql://h/d?", h().database("d")),
        ("  mysql://h/d\t\r\n", h().database("d")),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}
