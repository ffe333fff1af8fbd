//! What is refused, with the exact code; and a malformed value for every key.

use super::super::dsn_keys;
use super::{assert_refused, key_of, refused};

#[test]
fn malformed_texts() {
    for (text, code, fragments) in [
        ("", "dsn.form", &["mysql://USER:PASSWORD@HOST:PORT/DATABASE"][..]),
        ("localhost", "dsn.form", &["mysql://USER"]),
        ("mysql:h", "dsn.form", &["no `//`"]),
        ("mysql:host=h;dbname=d", "dsn.form", &["no `//`"]),
        ("postgres://h", "dsn.scheme", &["`tidb://`"]),
        ("http://h", "dsn.scheme", &[]),
        ("mysql://", "dsn.authority", &["no host"]),
        ("mysql:///d", "dsn.authority", &["no host", "`?socket=`"]),
        ("mysql://u:p@/d", "dsn.authority", &["no host"]),
        ("mysql://h:", "dsn.authority", &["port"]),
        ("mysql://h:0", "dsn.authority", &["1 to 65535"]),
        ("mysql://h:65536", "dsn.authority", &["1 to 65535"]),
        ("mysql://h:+1", "dsn.authority", &["port"]),
        ("mysql://user:password", "dsn.authority", &["port"]),
        ("mysql://::1", "dsn.authority", &["brackets"]),
        ("mysql://[::1", "dsn.authority", &["`]`"]),
        ("mysql://[::1]x", "dsn.authority", &["`]`"]),
        ("mysql://[::g]", "dsn.authority", &["IP address"]),
        ("mysql://a b", "dsn.authority", &["commas alone", "DNS name"]),
        ("mysql://a|b", "dsn.authority", &["commas alone", "DNS name"]),
        ("mysql://1.2.3.256", "dsn.authority", &["DNS name"]),
        ("mysql://u@unix(/s)/d", "dsn.authority", &["`?socket=`"]),
        ("mysql://a,", "dsn.authority", &["comma"]),
        ("mysql://,b:2", "dsn.authority", &["comma"]),
        ("mysql://a,,b", "dsn.authority", &["comma"]),
        ("mysql://a,:3306", "dsn.authority", &["comma"]),
        ("mysql://,", "dsn.authority", &["comma"]),
        ("mysql://u:p@a,u:p@b/d", "dsn.authority", &["stand once"]),
        (
            "mysql://u:p@a:4000,u:p@b:4000,u:p@c",
            "dsn.authority",
            &["`USER:PASSWORD@HOST:PORT,HOST:PORT`"],
        ),
        ("mysql://[a,b]/d", "dsn.authority", &["drop those"]),
        (
            "mysql://u@[(address=a,priority=1),(address=b,priority=2)]",
            "dsn.authority",
            &["drop those"],
        ),
        ("mysql://address=(host=a)(port=1),address=(host=b)", "dsn.authority", &["with names"]),
        ("mysql://(host=a,port=1)/d", "dsn.authority", &["with names"]),
        ("mysql://a:1;b:2/d", "dsn.authority", &["commas alone"]),
        ("mysql://a, b/d", "dsn.authority", &["commas alone"]),
        ("mysql://a,tcp(b:2)/d", "dsn.authority", &["`tcp(`"]),
        ("mysql+srv://u@x/d", "dsn.scheme", &["separated by commas; the rest is right"]),
        ("jdbc:mysql:replication://a,b/d", "dsn.scheme", &["the primary alone"]),
        ("mysql:replication://a,b/d", "dsn.scheme", &["the primary alone"]),
        (
            "jdbc:mysql:loadbalance://a,b/d",
            "dsn.scheme",
            &["`?load-balance=random`", "the rest is right"],
        ),
        ("tidb:loadbalance://a,b/d", "dsn.scheme", &["`tidb://`"]),
        ("mysql://h?load_balance_hosts=random", "dsn.foreign-key", &["`load-balance=random`"]),
        ("mysql://h?loadBalanceStrategy=random", "dsn.foreign-key", &["`load-balance=random`"]),
        ("mysql://h?target_session_attrs=read-write", "dsn.foreign-key", &["remove it"]),
        ("mysql://a:1,b:x", "dsn.authority", &["port"]),
        ("mysql://h/shop&ssl-mode=VERIFY_IDENTITY", "dsn.path", &["follow a `?`"]),
        ("mysql://h/shop;ssl-mode=REQUIRED", "dsn.path", &["follow a `?`"]),
        ("mysql://h/a/b", "dsn.path", &["`%2F`"]),
        ("mysql://h/a/", "dsn.path", &[]),
        ("mysql://h//", "dsn.path", &[]),
        ("mysql://u:p%@h", "dsn.encoding", &["`%25`"]),
        ("mysql://u:p%4@h", "dsn.encoding", &["`%25`"]),
        ("mysql://u:p%zz@h", "dsn.encoding", &["`%25`"]),
        ("mysql://h/d%", "dsn.encoding", &["`%25`"]),
        ("mysql://h?ssl-ca=%4", "dsn.encoding", &["`%25`"]),
        ("mysql://u:%FF@h", "dsn.encoding", &["password is not UTF-8"]),
        ("mysql://%FF@h", "dsn.encoding", &["user name is not UTF-8"]),
        ("mysql://h/%FF", "dsn.encoding", &["database name is not UTF-8"]),
        ("mysql://h?ssl-ca=%FF", "dsn.encoding", &["`ssl-ca` is not UTF-8"]),
        ("mysql://u:%00@h", "dsn.encoding", &["zero byte"]),
        ("mysql://h?ssl-ca=a%00b", "dsn.encoding", &["zero byte"]),
        ("mysql://u:\0@h", "dsn.encoding", &["zero byte"]),
        ("mysql://h/d#x", "dsn.encoding", &["`%23`"]),
        ("mysql://h/d?charset=a#x", "dsn.encoding", &["`%23`"]),
        ("mysql://h/d?charset=a@x", "dsn.encoding", &["`%40`"]),
        ("mysql://h/d@x", "dsn.encoding", &["`%2F`"]),
        ("mysql://h?ssl%2Dmode=REQUIRED", "dsn.unknown-key", &["letters, digits"]),
        ("mysql://h?=x", "dsn.unknown-key", &["letters, digits"]),
        ("mysql://h?ssl.mode=x", "dsn.unknown-key", &["letters, digits"]),
        (
            "mysql://h?ssl-mode=REQUIRED&ssl_mode=REQUIRED",
            "dsn.duplicate-key",
            &["`ssl-mode` and `ssl_mode`"],
        ),
        ("mysql://h?ssl-ca=a&ssl-ca=a", "dsn.duplicate-key", &["`ssl-ca` is given twice"]),
        (
            "mysql://h?compress=1&compression=1",
            "dsn.duplicate-key",
            &["`compress` and `compression`"],
        ),
        (
            "mysql://h?connect-timeout=1&tcp_connect_timeout_ms=9",
            "dsn.duplicate-key",
            &["`connect-timeout` and `tcp_connect_timeout_ms`"],
        ),
        ("mysql://h?reconnect=1&Reconnect=1", "dsn.duplicate-key", &["`Reconnect`"]),
        ("mysql://h?zzz=1&zzz=2", "dsn.duplicate-key", &["not known here"]),
        ("mysql://h?sslmod=REQUIRED", "dsn.unknown-key", &["`sslmod`", "did you mean `ssl-mode`?"]),
        ("mysql://h?conect-timeout=1", "dsn.unknown-key", &["did you mean `connect-timeout`?"]),
        ("mysql://h?zzz=1", "dsn.unknown-key", &["`zzz` is not a key here: remove it"]),
        ("mysql://u:p@h?password-file=f", "dsn.value", &["`password-file`", "keep one"]),
    ] {
        assert_refused(text, code, fragments);
    }
}

/// For every key: values that do not fit it, and what the message says.
const MALFORMED: &[(&str, &[&str], &str)] = &[
    ("ssl-mode", &["REQ", "x", "%20REQUIRED"], "VERIFY_IDENTITY"),
    ("ssl-ca", &["-----BEGIN+CERTIFICATE-----"], "`%20`"),
    ("ssl-capath", &[""], "no value"),
    ("ssl-roots", &["ca", "mozilla", "/etc/ssl/certs", "webpki;ca"], "`webpki,ca`"),
    ("ssl-crl", &["-----BEGIN+X509+CRL-----"], "`%20`"),
    ("ssl-crlpath", &[""], "no value"),
    ("ssl-key-password", &[""], "no value"),
    ("tls-pin", &[";", "a;;b"], "empty hash"),
    ("tls-peer-fingerprint", &[";", "a;;b"], "empty hash"),
    ("tls-version", &[""], "no value"),
    ("ssl-cipher", &[""], "no value"),
    ("tls-ciphersuites", &[""], "no value"),
    ("tls-server-name", &[""], "no value"),
    ("tls-sni-servername", &[""], "no value"),
    ("tls-sni", &["x"], "`true` or `false`"),
    ("tls-resumption", &["x"], "`true` or `false`"),
    ("reload-certificates", &["x"], "`true` or `false`"),
    ("ssl-cert", &["-----BEGIN+CERTIFICATE-----"], "`%20`"),
    ("ssl-key", &["-----BEGIN+PRIVATE+KEY-----"], "`%20`"),
    ("connect-timeout", &["x", "-1", "s", "1.5s", "1S", "1 s", "+1s", "1d"], "`10s`"),
    ("connect-timeout", &["99999999999999999999"], "write a unit"),
    ("connect-timeout", &["0", "0s", "0ms"], "zero"),
    ("connect-timeout", &["601", "30000"], "milliseconds"),
    (
        "connect-timeout",
        &["99999999999999999999h", "340282366920938463463374607431768211455h"],
        "too long",
    ),
    ("tcp_connect_timeout_ms", &["x", "1s", "+1"], "whole number"),
    ("tcp_connect_timeout_ms", &["0"], "zero"),
    ("tcp_connect_timeout_ms", &["99999999999999999999"], "too large"),
    ("read-timeout", &["x", "0"], ""),
    ("busy-poll", &["true", "0us"], ""),
    ("load-balance", &["true", "roundrobin"], "`random`"),
    ("cleartext-password", &["true", "always"], "`verified`"),
    ("write-timeout", &["x", "0"], ""),
    ("tcp-keepalive", &["true", "x"], "`10s`"),
    ("tcp-keepalive", &["60000"], "`60s`"),
    ("tcp_keepalive_time_ms", &["0", "x"], ""),
    ("tcp-keepalive-interval", &["x", "0"], ""),
    ("tcp_keepalive_probe_interval_secs", &["x", "0", "1s"], ""),
    ("tcp-keepalive-probes", &["x", "-1", "4294967296"], "number"),
    ("tcp-nodelay", &["2", "maybe"], "`true` or `false`"),
    ("tcp-user-timeout", &["x", "0"], ""),
    ("tcp_user_timeout_ms", &["x", "0"], ""),
    ("bind-address", &["localhost", "1.2.3", "1.2.3.4:x", "[::1]"], "local IP address"),
    ("socket", &[""], "no value"),
    ("runtime-dir", &[""], "no value"),
    ("password-file", &[""], "no value"),
    ("enable-cleartext-plugin", &["x"], "`true` or `false`"),
    ("server-public-key-path", &[""], "no value"),
    ("get-server-public-key", &["x"], "`true` or `false`"),
    ("secure-auth", &["false"], "cannot be turned off"),
    ("secure-auth", &["x"], "`true` or `false`"),
    ("prefer-socket", &["true"], "`socket=`"),
    ("prefer-socket", &["x"], "`true` or `false`"),
    ("option-file", &[""], "no value"),
    ("option-groups", &[";", "a;;b"], "empty group"),
    ("compression", &["10", "-1", "zstd", "slow"], "0 to 9"),
    ("max-allowed-packet", &["16M", "-1", "x"], "whole number"),
    ("stmt-cache-size", &["x", "-1"], "whole number"),
    ("charset", &[""], "no value"),
    ("pool-min", &["x", "-1"], "whole number"),
    ("pool-max", &["x", "-1"], "whole number"),
    ("reset-connection", &["x"], "`true` or `false`"),
    ("check-health", &["x"], "`true` or `false`"),
    ("local-infile", &["x", "/etc"], "`true` or `false`"),
    ("collation", &["a;DROP", "a%20b", "a'b"], "name of a collation"),
    ("time-zone", &[""], "no value"),
    ("init", &[";", "a;;b", ";a", "%20"], "empty statement"),
    ("connect-attributes", &["x", "=a", "a=b,", "[a=b", "a:b"], ""),
    ("connect-attributes", &["a=1,a=2"], "twice"),
    ("connect-attributes", &["false"], "turned off"),
    ("additional-capabilities", &["x", "0x", "0xg", "0x100000000", "-1", "0x+1"], ""),
];

#[test]
fn every_key_refuses_what_does_not_fit_it() {
    for key in dsn_keys() {
        assert!(MALFORMED.iter().any(|(name, ..)| *name == key.name()), "{key:?} has no row");
        assert_refused(&format!("mysql://h?{}=", key.name()), "dsn.value", &["has no value"]);
        assert_refused(&format!("mysql://h?{}", key.name()), "dsn.value", &["has no value"]);
    }
    for (key, values, fragment) in MALFORMED {
        for value in *values {
            let text = format!("mysql://h?{key}={value}");
            // `[a=b` is a name with a bracket, which is allowed.
            if *value == "[a=b" {
                continue;
            }
            assert_refused(&text, "dsn.value", &[fragment, &format!("`{key}` ")]);
            assert_eq!(key_of(&refused(&text)), Some(*key), "{text}");
        }
    }
}

/// TLS keys of other drivers: the query and what replaces it.
#[test]
fn foreign_tls_keys_get_the_replacement_for_their_value() {
    let both = ["`ssl-mode=VERIFY_IDENTITY`", "`ssl-mode=REQUIRED`"];
    for (query, fragments) in [
        ("require_ssl=true", &both[..]),
        ("require_ssl=true&verify_ca=true", &["`ssl-mode=VERIFY_IDENTITY`"]),
        (
            "require_ssl=true&verify_identity=false&root_cert_path=/p/ca.crt",
            &["`ssl-mode=VERIFY_CA&ssl-ca=/p/ca.crt`"],
        ),
        ("require_ssl=true&verify_identity=false", &["`ssl-mode=VERIFY_CA&ssl-ca=PATH`"]),
        ("verify_ca=true&ssl-ca=x", &["`ssl-mode=VERIFY_CA`"]),
        ("root_cert_path=secretpath", &["`ssl-ca=PATH`"]),
        ("cert_chain_path=/c.pem&priv_key_path=/k.pem", &["`ssl-cert=/c.pem&ssl-key=/k.pem`"]),
        ("danger_accept_invalid_certs=true", &["`ssl-mode=REQUIRED`"]),
        ("danger_accept_invalid_certs=false", &["leave it out"]),
        (
            "danger_skip_domain_validation=true&root_cert_path=/c.pem",
            &["`ssl-mode=VERIFY_CA&ssl-ca=/c.pem`"],
        ),
        (
            "pkcs12_path=c.p12&pkcs12_pass=x",
            &["`openssl pkcs12 -in FILE.p12 -clcerts -nokeys -out client.pem`"],
        ),
        ("useSSL=false", &["`ssl-mode=DISABLED`"]),
        ("useSSL=true", &both),
        ("useSSL=true&verifyServerCertificate=true", &["`ssl-mode=VERIFY_IDENTITY`"]),
        (
            "useSSL=true&verifyServerCertificate=true&trustCertificateKeyStoreUrl=file:x",
            &["`ssl-mode=VERIFY_CA`", "`keytool -exportcert", "`ssl-ca=ca.pem`"],
        ),
        (
            "trustCertificateKeyStoreUrl=file:x&sslMode=VERIFY_CA",
            &["leave it out", "`ssl-ca=ca.pem`"],
        ),
        ("clientCertificateKeyStoreUrl=file:x", &["`ssl-cert=client.pem&ssl-key=client-key.pem`"]),
        ("enabledTLSProtocols=TLSv1.2", &["write `tls-version=TLSv1.2` instead"]),
        ("tlsVersions=TLSv1.1,TLSv1.3", &["write `tls-version=TLSv1.3` instead"]),
        ("tlsVersions=secret", &["write `tls-version=TLSv1.2,TLSv1.3` instead"]),
        ("cipher_suites=x", &["`ssl-cipher=`", "`tls-ciphersuites=`"]),
        ("tls-capath=/c", &["write `ssl-capath=PATH` instead"]),
        (
            "trustServerCertificate=true&tls-capath=/c",
            &["`ssl-mode=REQUIRED` (TLS, the server is not verified)", "`ssl-capath` out too"],
        ),
        ("verify_ca=true&ssl-capath=/c", &["`ssl-mode=VERIFY_CA`"]),
        ("useSSL=true&ssl-capath=/c", &["`ssl-mode=VERIFY_IDENTITY`", "`ssl-mode=VERIFY_CA`"]),
        ("tls-crl=/c.pem", &["write `ssl-crl=/c.pem` instead"]),
        ("sslcrldir=/c", &["write `ssl-crlpath=PATH` instead"]),
        ("sslsni=0", &["write `tls-sni=false` instead"]),
        ("ssl-fips-mode=ON", &["leave it out", "feature `fips`"]),
        ("ssl-session-data=f", &["leave it out", "resumed by the connector itself"]),
        ("ssl-verify-server-cert=1", &["`ssl-mode=VERIFY_IDENTITY`"]),
        ("ssl-verify-server-cert=0", &["`ssl-mode=REQUIRED`"]),
        ("ssl-verify-server-cert", &["`ssl-mode=VERIFY_IDENTITY`"]),
        ("ssl-fp=x", &["`tls-peer-fingerprint=` takes the SHA-256"]),
        ("ssl-passphrase=x", &["`ssl-key-password=` takes the password"]),
        ("tls-ca=/a.pem", &["`ssl-ca=/a.pem`"]),
        ("sslrootcert=/a.pem&sslmode=REQUIRED", &["write `ssl-ca=/a.pem` instead"]),
        ("sslrootcert=system", &["`ssl-mode=VERIFY_IDENTITY&ssl-roots=native`"]),
        ("ssl_verify_cert=true", &["`ssl-mode=VERIFY_IDENTITY`"]),
        ("ssl_verify_cert=true&ssl_ca=a", &["`ssl-mode=VERIFY_CA`"]),
        ("ssl_verify_cert=false", &["`ssl-mode=REQUIRED`"]),
        ("ssl_disabled=true", &["`ssl-mode=DISABLED`"]),
        ("ssl=0", &["`ssl-mode=DISABLED`"]),
        ("tls=custom", &["`ssl-mode=VERIFY_IDENTITY&ssl-ca=PATH`", "that configuration"]),
        (
            "sslaccept=accept_invalid_certs&sslcert=/p/ca.pem",
            &[
                "`ssl-mode=REQUIRED` (TLS, the server is not verified)",
                "leave `ssl-ca` and `ssl-capath` out too",
            ],
        ),
        ("require_ssl=true&ssl-ca=a", &["`ssl-mode=VERIFY_IDENTITY`", "`ssl-mode=VERIFY_CA`"]),
        (
            "useSSL=true&allowPublicKeyRetrieval=true&ssl-mode=REQUIRED",
            &["says it all; the server's RSA"],
        ),
        ("tls=custom&ssl-ca=a", &["`ssl-mode=VERIFY_IDENTITY`"]),
        ("tls=true&allowFallbackToPlaintext=true", &["`ssl-mode=PREFERRED`"]),
        ("tls=true&ssl-mode=REQUIRED", &["leave it out, since `ssl-mode` says it all"]),
        ("allowCleartextPasswords=true", &["`enable-cleartext-plugin=true`"]),
        ("allowCleartextPasswords=false", &["`enable-cleartext-plugin=false`"]),
        ("CACertificateFile=/c.cer&CertificatePassword=x", &["`ssl-ca=/c.cer`", "`openssl pkcs12"]),
        ("trustServerCertificate=true", &["`ssl-mode=REQUIRED`"]),
        ("rejectUnauthorized=false", &["`ssl-mode=REQUIRED`"]),
        ("useSSL=true&reconnect=true&zzz=1", &["`useSSL`", "`reconnect`", "`zzz`"]),
    ] {
        assert_refused(&format!("mysql://h?{query}"), "dsn.foreign-tls-key", fragments);
    }
}

#[test]
fn libpqs_and_dotnets_modes_are_translated() {
    for (value, mode) in [
        ("disable", "DISABLED"),
        ("None", "DISABLED"),
        ("allow", "PREFERRED"),
        ("prefer", "PREFERRED"),
        ("require", "REQUIRED"),
        ("true", "REQUIRED"),
        ("VerifyCA", "VERIFY_CA"),
        ("verify-full", "VERIFY_IDENTITY"),
        ("VerifyFull", "VERIFY_IDENTITY"),
    ] {
        let fragment = format!("write `ssl-mode={mode}`");
        assert_refused(&format!("mysql://h?sslmode={value}"), "dsn.value", &[&fragment]);
    }
}

#[test]
fn a_name_that_may_be_a_piece_of_a_secret_is_not_shown() {
    for text in [
        "mysql://h?password=ab&hunter=2",
        "mysql://h?hunter",
        "mysql://h?sslpassword=ab&hunter=2",
        "mysql://h?ssl-key-password=ab&hunter=2",
        "mysql://h?ssl-key=ab&hunter=2",
        "mysql://h?init=ab&hunter=2",
        "mysql://h?hunterhunterhunterhunterhunterhunterhunter=2",
        "mysql://h?hunter.x=2",
        "mysql://h?hunter=1&hunter=2",
        "mysql://h?hunter=%FF",
    ] {
        let error = refused(text);
        assert!(!format!("{error} {error:?}").contains("hunter"), "{text}: {error:?}");
    }
}
