//! Over random builders and random secrets.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::super::{DsnKey, dsn_keys};
use super::read;
use crate::builder::{ConnectionBuilder, OtherHost, PoolOptions};
use crate::cleartext_password::CleartextPassword;
use crate::load_balance::LoadBalance;
use crate::pem_source::{Directory, PemSource};
use crate::secret::{Password, PasswordSource};
use crate::ssl_mode::SslMode;
use crate::ssl_roots::SslRoots;
use crate::tls_options::TlsOptions;

/// Any text but the zero byte, which a connection string cannot have.
fn text() -> BoxedStrategy<String> {
    prop_oneof!["[^\0]{1,24}", "[-+%/:;,=&?#@<>{}\\[\\]$ a-z]{1,24}"].boxed()
}

fn path() -> BoxedStrategy<PathBuf> {
    text()
        .prop_filter("is PEM", |path| !path.starts_with("-----BEGIN"))
        .prop_map(PathBuf::from)
        .boxed()
}

fn pem() -> BoxedStrategy<PemSource> {
    prop_oneof![
        path().prop_map(PemSource::path),
        "[ A-Z]{0,12}[^\0+][^\0]{0,40}".prop_map(|pem| PemSource::text(format!("-----BEGIN{pem}"))),
    ]
    .boxed()
}

fn host() -> BoxedStrategy<String> {
    prop_oneof![
        "[A-Za-z][A-Za-z0-9_-]{0,10}[A-Za-z0-9](\\.[a-z]{2,8}){0,2}",
        any::<[u8; 4]>().prop_map(|bytes| IpAddr::from(bytes).to_string()),
        any::<[u8; 16]>().prop_map(|bytes| IpAddr::from(bytes).to_string()),
        Just("localhost".to_owned()),
    ]
    // Names that begin with "xn--" are checked by `url`.
    .prop_filter("is punycode", |host| !host.to_ascii_lowercase().contains("xn--"))
    .boxed()
}

fn duration() -> BoxedStrategy<Duration> {
    prop_oneof![
        (1..100_000_u64).prop_map(Duration::from_millis),
        (any::<u64>(), 1..1_000_000_000_u32).prop_map(|(s, n)| Duration::new(s, n)),
        (1..u64::MAX).prop_map(Duration::from_secs),
    ]
    .boxed()
}

fn address() -> BoxedStrategy<SocketAddr> {
    (any::<IpAddr>(), prop_oneof![Just(0), any::<u16>()], any::<u32>())
        .prop_map(|(ip, port, scope)| {
            let mut address = SocketAddr::new(ip, port);
            if let SocketAddr::V6(v6) = &mut address
                && *v6.ip() != Ipv6Addr::LOCALHOST
            {
                v6.set_scope_id(scope % 3);
            }
            address
        })
        .boxed()
}

fn password() -> BoxedStrategy<PasswordSource> {
    prop_oneof![
        Just(PasswordSource::None),
        Just(PasswordSource::Text(Password::new(""))),
        text().prop_map(|text| PasswordSource::Text(Password::new(text))),
        path().prop_map(PasswordSource::File),
    ]
    .boxed()
}

fn statement() -> BoxedStrategy<String> {
    text().prop_filter("is empty", |text| !text.trim().is_empty()).boxed()
}

prop_compose! {
    fn tls()(
        mode in option::of(prop::sample::select(SslMode::ALL.to_vec())),
        ca in option::of(pem()),
        cert in option::of(pem()),
        key in option::of(pem()),
        crl in option::of(pem()),
        [capath, crlpath] in [option::of(path().prop_map(Directory::from)), option::of(path().prop_map(Directory::from))],
        roots in option::of(prop::sample::select(SslRoots::ALL.to_vec())),
        [pins, fingerprints] in [vec(statement(), 0..3), vec(statement(), 0..3)],
        [versions, ciphers, ciphersuites, server_name, sni_servername]
            in [option::of(text()), option::of(text()), option::of(text()), option::of(text()), option::of(text())],
        [sni, resumption, reload]: [Option<bool>; 3],
        key_password in prop_oneof![
            Just(PasswordSource::None),
            text().prop_map(|text| PasswordSource::Text(Password::new(text))),
        ],
    ) -> ConnectionBuilder {
        ConnectionBuilder {
            tls: TlsOptions {
                mode, ca, capath, roots, crl, crlpath, cert, key, key_password, pins, fingerprints,
                versions, ciphers, ciphersuites, server_name, sni_servername, sni, resumption, reload,
                key_log: false,
            },
            ..ConnectionBuilder::new("")
        }
    }
}

prop_compose! {
    fn login()(
        server_public_key_path in option::of(path()),
        get_server_public_key: Option<bool>,
        enable_cleartext_plugin: Option<bool>,
        cleartext_password in option::of(prop::sample::select(CleartextPassword::ALL.to_vec())),
        builder in tls().boxed(),
    ) -> ConnectionBuilder {
        ConnectionBuilder {
            server_public_key_path, get_server_public_key, enable_cleartext_plugin,
            cleartext_password, ..builder
        }
    }
}

prop_compose! {
    fn network()(
        load_balance in option::of(prop::sample::select(LoadBalance::ALL.to_vec())),
        connect_timeout in option::of(duration()),
        read_timeout in option::of(duration()),
        busy_poll in option::of(duration()),
        write_timeout in option::of(duration()),
        tcp_keepalive in option::of(duration()),
        tcp_keepalive_interval in option::of(duration()),
        tcp_keepalive_probes: Option<u32>,
        tcp_nodelay: Option<bool>,
        tcp_user_timeout in option::of(duration()),
        bind_address in option::of(address()),
        socket in option::of(path()),
        runtime_dir in option::of(path()),
        builder in login().boxed(),
    ) -> ConnectionBuilder {
        ConnectionBuilder {
            load_balance, connect_timeout, read_timeout, busy_poll, write_timeout, tcp_keepalive, tcp_keepalive_interval,
            tcp_keepalive_probes, tcp_nodelay, tcp_user_timeout, bind_address, socket, runtime_dir,
            ..builder
        }
    }
}

prop_compose! {
    fn driver()(
        compression in option::of(option::of(0..=9_u32)),
        max_allowed_packet: Option<usize>,
        init in vec(statement(), 0..4),
        stmt_cache_size: Option<usize>,
        connect_attributes in option::of(btree_map(text(), prop_oneof![text(), Just(String::new())], 0..4)),
        charset in option::of(text()),
        time_zone in option::of(text()),
        additional_capabilities: Option<u32>,
        (min, max, reset_connection, check_health) in any::<(Option<usize>, Option<usize>, Option<bool>, Option<bool>)>(),
        local_infile: Option<bool>,
        builder in network().boxed(),
    ) -> ConnectionBuilder {
        ConnectionBuilder {
            compression, max_allowed_packet, init, stmt_cache_size, connect_attributes, charset,
            time_zone, additional_capabilities,
            pool: PoolOptions { min, max, reset_connection, check_health }, local_infile, ..builder
        }
    }
}

/// The file that fills the rest.
fn option_file() -> BoxedStrategy<(Option<PathBuf>, Vec<String>)> {
    (option::of(path()), vec(statement(), 0..3)).boxed()
}

prop_compose! {
    fn builder()(
        host in host(),
        port in option::of(1..=u16::MAX),
        user in option::of(text()),
        password in password(),
        database in option::of(text()),
        (option_file, option_groups) in option_file(),
        other_hosts in vec((host(), 1..=u16::MAX), 0..3),
        builder in driver().boxed(),
    ) -> ConnectionBuilder {
        let other_hosts = if host.is_empty() { Vec::new() } else { other_hosts };
        let other_hosts = other_hosts
            .into_iter()
            .filter(|(host, _)| !host.is_empty())
            .map(|(host, port)| OtherHost { host, port })
            .collect();
        ConnectionBuilder { host, port, other_hosts, user, password, database, option_file, option_groups, ..builder }
    }
}

/// Characters that occur in no message of ours.
fn secret() -> impl Strategy<Value = String> {
    "[жщюяΩξψ漢字ĦŁ~^!*]{3,12}"
}

/// No three bytes of the secret in anything that an error shows.
fn hides(error: &crate::Error, secret: &str) -> Result<(), TestCaseError> {
    let shown = format!("{error} {error:?} {error:#?}");
    for piece in secret.as_bytes().windows(3) {
        prop_assert!(shown.as_bytes().windows(3).all(|window| window != piece), "{}", shown);
    }
    Ok(())
}

/// Texts that fail in many ways; `S` stands for the secret.
const BROKEN: &[&str] = &[
    "S",
    "S://S",
    "mysql:S",
    "mysql2://S",
    "mysql2://u:S@h?S",
    "jdbc:mysql://h?password=S&S",
    "mysqlx://S",
    "mysql://u:S",
    "mysql://u:S#S@h",
    "mysql://u:S/S@h",
    "mysql://u:S?S@h",
    "mysql://S:S@h:S",
    "mysql://u:S@h:1:S",
    "mysql://u:S@[S",
    "mysql://u:S@[S]",
    "mysql://u:S@h S",
    "mysql://u:S@h,S:x",
    "mysql://u:S@h/S/S",
    "mysql://u:S@h/d%",
    "mysql://u:S%FF@h",
    "mysql://S%FF:S@h",
    "mysql://u:S@h/S%FF",
    "mysql://u:S\0@h",
    "mysql://u:<S>@h",
    "mysql://u:${S}@h",
    "mysql://u:S@tcp(S)/d",
    "mysql://u:S@unix(S)/d",
    "mysql://u:S@h?S",
    "mysql://u:S@h?S=S",
    "mysql://u:S@h?x=S&x=S",
    "mysql://u:S@h?ssl-mode=S&ssl-mode=S",
    "mysql://u:S@h?password=S&S=S",
    "mysql://u:S@h?sslpassword=S",
    "mysql://u:S@h?tls=S",
    "mysql://u:S@h?ssl={S}",
    "mysql://u:S@h?sslaccept=strict&sslcert=S",
    "mysql://u:S@h?root_cert_path=S",
    "mysql://u:S@h?reconnect=S",
    "mysql://u:S@h?local_infile=S",
    "mysql://u:S@h?ssl-key-password=S",
    "mysql://u:S@/S",
    "mysql://u:S@h?password-file=S",
    "u:S@tcp(S:4000)/S?tls=S",
    "u:S@tcp(S)/S?S",
    "mysql -u S -pS -h S --ssl-ca=S --ssl-mode=S",
    "Server=S;Pwd=S;SslMode=S",
    "\"mysql://u:S@h\"",
    "'S'",
];

/// Random builders of so many fields need more stack than a test has.
fn with_room(test: fn()) {
    let thread = std::thread::Builder::new().stack_size(16 << 20).spawn(test).unwrap();
    assert!(thread.join().is_ok(), "see above");
}

#[test]
fn builder_to_text_to_builder_is_the_identity() {
    with_room(identity);
}

#[test]
fn text_without_secrets_reads_back_as_the_builder_without_them() {
    with_room(without_secrets);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    fn identity(builder in builder()) {
        let text = builder.to_dsn().unwrap();
        prop_assert!(text.is_ascii(), "{}", text);
        prop_assert_eq!(&read(&text), &builder, "{}", text);
        prop_assert_eq!(read(&text).to_dsn().unwrap(), text);
    }

    fn without_secrets(builder in builder()) {
        let shown = builder.to_string();
        let again = read(&shown);
        prop_assert_eq!(again.to_string(), shown);
        prop_assert_eq!(again.host, builder.host);
        prop_assert_eq!(again.user, builder.user);
        prop_assert_eq!(again.tls.mode, builder.tls.mode);
        prop_assert!(again.init.is_empty() && again.connect_attributes.is_none());
        prop_assert!(!matches!(again.password, PasswordSource::Text(_)));
    }

    #[test]
    fn text_without_secrets_shows_none(secret in "[A-Z]{12,20}") {
        let builder = ConnectionBuilder::new("h").user("u").password(secret.as_str())
            .ssl_key_pem(format!("-----BEGIN {secret}"))
            .ssl_cert_pem(format!("-----BEGIN PRIVATE KEY-----{secret}"))
            .init_statement(secret.as_str()).connect_attribute("a", secret.as_str());
        let shown = format!("{builder} {builder:?}");
        prop_assert!(!shown.contains(&secret), "{}", shown);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(mysql|tidb|jdbc:mysql|mysql2)?(://)?\\PC{0,60}") {
        if let Ok(builder) = text.parse::<ConnectionBuilder>() {
            prop_assert_eq!(read(&builder.to_dsn().unwrap()), builder);
        }
    }

    #[test]
    fn any_query_is_read_or_refused(
        pairs in vec((prop::sample::select(dsn_keys().iter().map(DsnKey::name).collect::<Vec<_>>()), text()), 1..4)
    ) {
        let query: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let text = format!("mysql://h/d?{}", query.join("&"));
        if let Ok(builder) = text.parse::<ConnectionBuilder>() {
            prop_assert_eq!(read(&builder.to_dsn().unwrap()), builder);
        }
    }

    #[test]
    fn no_error_shows_a_piece_of_a_secret(secret in secret()) {
        for broken in BROKEN {
            let text = broken.replace('S', &secret);
            if let Err(error) = text.parse::<ConnectionBuilder>() {
                hides(&error, &secret)?;
            }
        }
        for key in dsn_keys() {
            for name in key.aliases().chain([key.name()]) {
                let text = format!("mysql://u:{secret}@h?{name}={secret}&{name}={secret}");
                hides(&text.parse::<ConnectionBuilder>().unwrap_err(), &secret)?;
                if let Err(error) = format!("mysql://{secret}:{secret}@h?{name}={secret}").parse::<ConnectionBuilder>() {
                    hides(&error, &secret)?;
                }
            }
        }
    }
}
