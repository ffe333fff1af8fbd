//! What is written, with secrets and without, and what has no text.

use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use super::{key_of, read};
use crate::builder::ConnectionBuilder;
use crate::load_balance::LoadBalance;
use crate::secret::Password;
use crate::ssl_mode::SslMode;

fn h() -> ConnectionBuilder {
    ConnectionBuilder::new("h")
}

#[test]
fn only_what_was_set_is_written() {
    let key = "-----BEGIN PRIVATE KEY-----\n";
    for (builder, with_secrets, without) in [
        (h(), "mysql://h/", "mysql://h/"),
        (h().user("").database(""), "mysql://h/", "mysql://h/"),
        (h().port(3306), "mysql://h:3306/", "mysql://h:3306/"),
        (ConnectionBuilder::new("[::1]").port(1), "mysql://[::1]:1/", "mysql://[::1]:1/"),
        (
            h().user("ü@").password("a:/?#[]@+ ").database("d/e"),
            "mysql://%C3%BC%40:a%3A%2F%3F%23%5B%5D%40%2B%20@h/d%2Fe",
            "mysql://%C3%BC%40@h/d%2Fe",
        ),
        (h().password("x"), "mysql://:x@h/", "mysql://h/"),
        (
            h().add_host("[::1]", 4000).add_host("b", 3306).load_balance(LoadBalance::Random),
            "mysql://h,[::1]:4000,b:3306/?load-balance=random",
            "mysql://h,[::1]:4000,b:3306/?load-balance=random",
        ),
        (
            ConnectionBuilder::new("").socket("/a b+c"),
            "mysql:///?socket=/a%20b%2Bc",
            "mysql:///?socket=/a%20b%2Bc",
        ),
        (
            h().ssl_mode(SslMode::VerifyCa)
                .ssl_ca("/c.pem")
                .connect_timeout(Duration::from_millis(1500)),
            "mysql://h/?ssl-mode=VERIFY_CA&ssl-ca=/c.pem&connect-timeout=1500ms",
            "mysql://h/?ssl-mode=VERIFY_CA&ssl-ca=/c.pem&connect-timeout=1500ms",
        ),
        (
            h().tcp_nodelay(true).connect_timeout(Duration::from_secs(10)).local_infile(false),
            "mysql://h/?connect-timeout=10s&tcp-nodelay=true&local-infile=false",
            "mysql://h/?connect-timeout=10s&tcp-nodelay=true&local-infile=false",
        ),
        (
            ConnectionBuilder::new("").option_file("/a b", &["client", "x;y"]),
            "mysql:///?option-file=/a%20b&option-groups=client;x%3By",
            "mysql:///?option-file=/a%20b&option-groups=client;x%3By",
        ),
        (
            h().password_file("/run/pw"),
            "mysql://h/?password-file=/run/pw",
            "mysql://h/?password-file=/run/pw",
        ),
        (
            h().ssl_key_pem(key).ssl_cert_pem(key),
            "mysql://h/?ssl-cert=-----BEGIN%20PRIVATE%20KEY-----%0A&ssl-key=-----BEGIN%20PRIVATE%20KEY-----%0A",
            "mysql://h/",
        ),
        (
            h().ssl_cert_pem("-----BEGIN X"),
            "mysql://h/?ssl-cert=-----BEGIN%20X",
            "mysql://h/?ssl-cert=-----BEGIN%20X",
        ),
        (h().ssl_key("/k.pem"), "mysql://h/?ssl-key=/k.pem", "mysql://h/?ssl-key=/k.pem"),
        (
            h().ssl_key_password("p&q").tls_pin("sha256//a+=").tls_pin("sha256//b=").tls_sni(false),
            "mysql://h/?ssl-key-password=p%26q&tls-pin=sha256//a%2B%3D;sha256//b%3D&tls-sni=false",
            "mysql://h/?tls-pin=sha256//a%2B%3D;sha256//b%3D&tls-sni=false",
        ),
        (
            h().init_statement("SET a=1; SET b")
                .init_statement("c")
                .connect_attribute("a,b", "c=d"),
            "mysql://h/?init=SET%20a%3D1%3B%20SET%20b;c&connect-attributes=a%2Cb=c%3Dd",
            "mysql://h/",
        ),
        (
            h().tcp_nodelay(false)
                .additional_capabilities(1 << 31)
                .bind_address("[::1]:0".parse().unwrap()),
            "mysql://h/?tcp-nodelay=false&bind-address=::1&additional-capabilities=0x80000000",
            "mysql://h/?tcp-nodelay=false&bind-address=::1&additional-capabilities=0x80000000",
        ),
    ] {
        assert_eq!(builder.to_dsn().unwrap(), with_secrets);
        assert_eq!(builder.to_string(), without);
        let _ = read(with_secrets);
        let _ = read(without);
    }
}

#[test]
fn a_setting_without_text_is_named() {
    let flow = SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::LOCALHOST, 0, 7, 0));
    for (builder, name) in [
        (h().password_with(|| Ok(Password::new("x"))), "password_with"),
        (h().ssl_key_password_with(|| Ok(Password::new("x"))), "ssl_key_password_with"),
        (h().key_log(true), "key_log"),
        #[cfg(feature = "mysql")]
        (h().driver_options(|options| options), "driver_options"),
        #[cfg(feature = "mysql")]
        (
            h().local_infile_handler(mysql::LocalInfileHandler::new(|_, _| Ok(()))),
            "local_infile_handler",
        ),
        (h().user("a\0b"), "user"),
        (h().password("a\0b"), "password"),
        (h().database("a\0b"), "database"),
        (h().port(0), "port"),
        (ConnectionBuilder::new(""), "host"),
        (ConnectionBuilder::new("a b"), "host"),
        (ConnectionBuilder::new("a,b"), "host"),
        (ConnectionBuilder::new("a@b"), "host"),
        (ConnectionBuilder::new("a:1"), "host"),
        (ConnectionBuilder::new("a/b"), "host"),
        (ConnectionBuilder::new("münchen"), "host"),
        (ConnectionBuilder::new("tcp(a)"), "host"),
        (h().ssl_ca(""), "ssl-ca"),
        (h().ssl_ca_pem("no PEM"), "ssl-ca"),
        (h().ssl_key_pem([0xff]), "ssl-key"),
        (h().ssl_key_pem("-----BEGIN X\0"), "ssl-key"),
        (h().connect_timeout(Duration::ZERO), "connect-timeout"),
        (h().read_timeout(Duration::ZERO), "read-timeout"),
        (h().busy_poll(Duration::ZERO), "busy-poll"),
        (h().bind_address(flow), "bind-address"),
        (h().compression(10), "compression"),
        (h().init_statement(""), "init"),
        (h().init_statement("a").init_statement(""), "init"),
        (h().connect_attribute("", "x"), "connect-attributes"),
        (h().option_file("", &[]), "option-file"),
        (h().option_file("f", &[""]), "option-groups"),
        (h().charset(""), "charset"),
        (h().time_zone("a\0"), "time-zone"),
    ] {
        let error = builder.to_dsn().unwrap_err();
        assert_eq!(error.code(), "dsn.no-text", "{error}");
        assert_eq!(key_of(&error), Some(name), "{error}");
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        // `Display` leaves it out instead.
        assert!(builder.to_string().starts_with("mysql://"));
    }
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_utf8_has_no_text() {
    use std::os::unix::ffi::OsStrExt as _;
    let path = std::ffi::OsStr::from_bytes(b"/a\xff");
    for (builder, name) in [
        (h().ssl_ca(path), "ssl-ca"),
        (h().socket(path), "socket"),
        (h().runtime_dir(path), "runtime-dir"),
        (h().password_file(path), "password-file"),
        (h().server_public_key_path(path), "server-public-key-path"),
    ] {
        assert_eq!(key_of(&builder.to_dsn().unwrap_err()), Some(name));
        assert_eq!(builder.to_string(), "mysql://h/");
    }
}
