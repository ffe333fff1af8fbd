//! Connection strings that people paste, by the number of their row.

use super::{assert_refused, key_of, read, refused};
use crate::builder::ConnectionBuilder;
use crate::ssl_mode::SslMode;

const H: &str = "gateway01.eu-central-1.prod.aws.tidbcloud.com";

/// TiDB Cloud's host with this user, password and port.
fn cloud() -> ConnectionBuilder {
    ConnectionBuilder::new(H).user("x.root").password("PW").port(4000).database("test")
}

#[test]
fn what_is_right_is_read() {
    let identity = SslMode::VerifyIdentity;
    let rows: Vec<(u32, &str, ConnectionBuilder)> = vec![
        (1, "mysql://x.root:PW@H:4000/test", cloud()),
        (3, "mysql://x.root:PW@H:4000/test?ssl-mode=VERIFY_IDENTITY", cloud().ssl_mode(identity)),
        (4, "mysql://x.root:PW@H:4000/test?ssl-mode=REQUIRED", cloud().ssl_mode(SslMode::Required)),
        (4, "mysql://x.root:PW@H:4000/test?ssl-mode=required", cloud().ssl_mode(SslMode::Required)),
        (
            5,
            "mysql://x.root:PW@H:4000/test?ssl_mode=verify_identity&ssl_ca=/etc/ssl/cert.pem",
            cloud().ssl_mode(identity).ssl_ca("/etc/ssl/cert.pem"),
        ),
        // `build()` says that public roots cannot do VERIFY_CA.
        (
            16,
            "mysql://x.root:PW@H:4000/test?sslMode=VERIFY_CA",
            cloud().ssl_mode(SslMode::VerifyCa),
        ),
        (
            23,
            "mysql://h.tidb-cloud.com?ssl-ca=ca.pem",
            ConnectionBuilder::new("h.tidb-cloud.com").ssl_ca("ca.pem"),
        ),
        (
            25,
            "mysql://u@h/d?ssl-mode=VERIFY_CA&ssl-ca=-----BEGIN%20CERTIFICATE-----%0AMIIB+/8=%0A\
             -----END%20CERTIFICATE-----%0A&charset=utf8mb4",
            ConnectionBuilder::new("h")
                .user("u")
                .database("d")
                .ssl_mode(SslMode::VerifyCa)
                .ssl_ca_pem("-----BEGIN CERTIFICATE-----\nMIIB+/8=\n-----END CERTIFICATE-----\n")
                .charset("utf8mb4"),
        ),
        (
            27,
            "mysql://h?pool_min=1&local_infile=1&stmt_cache_size=0",
            ConnectionBuilder::new("h").pool_min(1).local_infile(true).stmt_cache_size(0),
        ),
        (
            29,
            "mysql://u%40srv:pw@srv.mysql.database.azure.com",
            ConnectionBuilder::new("srv.mysql.database.azure.com").user("u@srv").password("pw"),
        ),
        (
            30,
            "mysql://a:b@x.eu-west-1.rds.amazonaws.com/d?ssl-mode=VERIFY_IDENTITY",
            ConnectionBuilder::new("x.eu-west-1.rds.amazonaws.com")
                .user("a")
                .password("b")
                .database("d")
                .ssl_mode(identity),
        ),
        (
            31,
            "mysql://h?ssl-mode=VERIFY_CA&ssl-ca=global-bundle.pem",
            ConnectionBuilder::new("h").ssl_mode(SslMode::VerifyCa).ssl_ca("global-bundle.pem"),
        ),
        (
            32,
            "mysql://203.0.113.9?ssl-mode=VERIFY_IDENTITY&ssl-ca=server-ca.pem",
            ConnectionBuilder::new("203.0.113.9").ssl_mode(identity).ssl_ca("server-ca.pem"),
        ),
        (
            33,
            "mysql://root:pw@containers.railway.app:6543/railway",
            ConnectionBuilder::new("containers.railway.app")
                .user("root")
                .password("pw")
                .port(6543)
                .database("railway"),
        ),
        (
            35,
            "mysql://u:p@/db?socket=/run/mysqld/mysqld.sock",
            ConnectionBuilder::new("")
                .user("u")
                .password("p")
                .database("db")
                .socket("/run/mysqld/mysqld.sock"),
        ),
        (
            35,
            "mysql:///db?socket=/run/mysqld/mysqld.sock",
            ConnectionBuilder::new("").database("db").socket("/run/mysqld/mysqld.sock"),
        ),
        (
            40,
            "mysql://u:p@ss@w@h/d",
            ConnectionBuilder::new("h").user("u").password("p@ss@w").database("d"),
        ),
        (41, "mysql://x.root:PW@H:4000/test\n", cloud()),
        (
            41,
            "mysql://x.root:PW@H:4000/test?ssl-mode=REQUIRED\r\n",
            cloud().ssl_mode(SslMode::Required),
        ),
    ];
    for (row, text, expected) in rows {
        let text = text.replace("@H:", &format!("@{H}:"));
        assert_eq!(read(&text), expected, "row {row}: {text}");
    }
}

/// Row, text, code, fragments of the message.
type Row = (u32, &'static str, &'static str, &'static [&'static str]);

const REFUSED: &[Row] = &[
    (2, "mysql://x.root:<PASSWORD>@h:4000/test", "dsn.placeholder", &["password"]),
    (2, "mysql://<USER>:PWD@h:4000/test", "dsn.placeholder", &["user name"]),
    (2, "mysql://x:${DB_PASSWORD}@h:4000/test", "dsn.placeholder", &["password"]),
    (2, "mysql://x:y@<HOST>:4000/test", "dsn.placeholder", &["host"]),
    (2, "mysql://x:y@h/test?ssl-ca=<CA_PATH>", "dsn.placeholder", &["`ssl-ca`"]),
    (
        6,
        "mysql2://u:PWD@h:4000/t?ssl_mode=verify_identity",
        "dsn.scheme",
        &["`mysql://`", "the rest is right"],
    ),
    (
        7,
        "mysql+pymysql://u:PWD@h:4000/t?ssl_ca=/etc/ssl/cert.pem&ssl_verify_cert=true&ssl_verify_identity=true",
        "dsn.scheme",
        &[
            "`mysql://`",
            "`ssl_verify_cert` and `ssl_verify_identity`",
            "`ssl-mode=VERIFY_IDENTITY`",
        ],
    ),
    (
        8,
        "mysql://u:PWD@h?ssl={\"rejectUnauthorized\":true}",
        "dsn.foreign-tls-key",
        &["`ssl-mode=VERIFY_IDENTITY`"],
    ),
    (
        8,
        "mysql://u:PWD@h?ssl={\"minVersion\":\"TLSv1.2\"}",
        "dsn.foreign-tls-key",
        &["`ssl-mode=VERIFY_IDENTITY`"],
    ),
    (
        9,
        "mysql://u:PWD@h?ssl={\"rejectUnauthorized\": false}",
        "dsn.foreign-tls-key",
        &["`ssl-mode=REQUIRED`", "not verified"],
    ),
    (
        10,
        "mysql://u:PWD@h?ssl=true",
        "dsn.foreign-tls-key",
        &[
            "`ssl-mode=VERIFY_IDENTITY` (the server is verified)",
            "`ssl-mode=REQUIRED` (TLS, the server is not verified)",
        ],
    ),
    (
        11,
        "mysql://u:PWD@h?sslaccept=strict",
        "dsn.foreign-tls-key",
        &["`ssl-mode=VERIFY_IDENTITY`"],
    ),
    (
        11,
        "mysql://u:PWD@h?sslaccept=accept_invalid_certs",
        "dsn.foreign-tls-key",
        &["`ssl-mode=REQUIRED`"],
    ),
    (
        12,
        "mysql://u:PWD@h?sslaccept=strict&sslcert=/p/ca.pem",
        "dsn.foreign-tls-key",
        &["`ssl-mode=VERIFY_IDENTITY&ssl-ca=/p/ca.pem`"],
    ),
    (
        13,
        "mysql://u:PWD@h?sslidentity=c.p12&sslpassword=QQQ",
        "dsn.foreign-tls-key",
        &[
            "`sslidentity` and `sslpassword`",
            "`ssl-cert=client.pem&ssl-key=client-key.pem`",
            "`openssl pkcs12 -in",
        ],
    ),
    (
        14,
        "jdbc:mysql://h:4000/test?user=UUU&password=PWD&sslMode=VERIFY_IDENTITY&enabledTLSProtocols=TLSv1.2,TLSv1.3",
        "dsn.scheme",
        &[
            "drop `jdbc:`",
            "`mysql://USER:PASSWORD@HOST:PORT/DATABASE`",
            "`tls-version=TLSv1.2,TLSv1.3`",
            "`user`",
            "`password`",
        ],
    ),
    (
        15,
        "mysql://h?useSSL=true&requireSSL=true&verifyServerCertificate=false&allowPublicKeyRetrieval=true",
        "dsn.foreign-tls-key",
        &[
            "`useSSL`, `requireSSL`, `verifyServerCertificate` and `allowPublicKeyRetrieval`",
            "`ssl-mode=REQUIRED`",
            "`get-server-public-key=true`",
        ],
    ),
    (
        15,
        "jdbc:mysql://h?useSSL=true&requireSSL=true&verifyServerCertificate=false&allowPublicKeyRetrieval=true",
        "dsn.scheme",
        &[
            "`useSSL`, `requireSSL`, `verifyServerCertificate` and `allowPublicKeyRetrieval`",
            "`ssl-mode=REQUIRED`",
        ],
    ),
    (17, "mysql://h?connectTimeout=30000", "dsn.value", &["`connectTimeout`", "`30s`"]),
    (17, "mysql://h?connectTimeout=1500", "dsn.value", &["`1500ms`"]),
    (
        18,
        "x.root:PWD@tcp(h.example:4000)/test?tls=tidb",
        "dsn.form",
        &[
            "Go DSN",
            "`mysql://USER:PASSWORD@HOST:PORT/DATABASE?ssl-mode=VERIFY_IDENTITY&ssl-ca=PATH`",
            "`tls` configuration",
        ],
    ),
    (
        18,
        "x.root:PWD@tcp(h.example:4000)/test?parseTime=true",
        "dsn.form",
        &["DATABASE?ssl-mode=VERIFY_IDENTITY`"],
    ),
    (
        19,
        "x.root:PWD@tcp(h.example:4000)/test?tls=true",
        "dsn.form",
        &["DATABASE?ssl-mode=VERIFY_IDENTITY`"],
    ),
    (
        19,
        "x.root:PWD@tcp(h.example:4000)/test?tls=skip-verify",
        "dsn.form",
        &["DATABASE?ssl-mode=REQUIRED`"],
    ),
    (
        19,
        "x.root:PWD@tcp(h.example:4000)/test?tls=preferred",
        "dsn.form",
        &["DATABASE?ssl-mode=PREFERRED`"],
    ),
    (19, "mysql://h/test?tls=true", "dsn.foreign-tls-key", &["`ssl-mode=VERIFY_IDENTITY`"]),
    (19, "mysql://h/test?tls=skip-verify", "dsn.foreign-tls-key", &["`ssl-mode=REQUIRED`"]),
    (19, "mysql://h/test?tls=preferred", "dsn.foreign-tls-key", &["`ssl-mode=PREFERRED`"]),
    (19, "mysql://h/test?tls=false", "dsn.foreign-tls-key", &["`ssl-mode=DISABLED`"]),
    (20, "mysql://root:PWD@tcp(127.0.0.1:3306)/t", "dsn.authority", &["remove `tcp(` and `)`"]),
    (
        21,
        "mysql --comments -u 'x.root' -h H -P 4000 -D test --ssl-mode=VERIFY_IDENTITY \
         --ssl-ca=/etc/ssl/cert.pem -p'PWD'",
        "dsn.form",
        &[
            "command line",
            "`mysql://USER:PASSWORD@HOST:PORT/DATABASE?ssl-mode=VERIFY_IDENTITY&ssl-ca=PATH`",
        ],
    ),
    (
        22,
        "mysql -u 'x.root' -h H -P 4000 -D test --ssl-verify-server-cert --ssl-ca=/etc/ssl/cert.pem -p'PWD'",
        "dsn.form",
        &["?ssl-mode=VERIFY_IDENTITY&ssl-ca=PATH`"],
    ),
    (
        23,
        "-h tidb.x.clusters.tidb-cloud.com --ssl-ca=ca.pem",
        "dsn.form",
        &["?ssl-mode=VERIFY_CA&ssl-ca=PATH`"],
    ),
    (
        24,
        "mysql://u:PWD@h?unix_socket=/s&ssl_mode=required",
        "dsn.foreign-key",
        &["`unix_socket`", "`socket=`"],
    ),
    (
        26,
        "mysql://u:PWD@h?require_ssl=true&verify_ca=false&built_in_roots=false",
        "dsn.foreign-tls-key",
        &["`require_ssl`, `verify_ca` and `built_in_roots`", "`ssl-mode=REQUIRED`"],
    ),
    (28, "mysql://u:PWD@h?sslmode=require", "dsn.value", &["`ssl-mode=REQUIRED`"]),
    (28, "mysql://u:PWD@h?sslmode=verify-full", "dsn.value", &["`ssl-mode=VERIFY_IDENTITY`"]),
    (28, "mysql://u:PWD@h?sslmode=prefer", "dsn.value", &["`ssl-mode=PREFERRED`"]),
    (28, "mysql://u:PWD@h?sslmode=disable", "dsn.value", &["`ssl-mode=DISABLED`"]),
    (33, "mysql://root:PWD@host:port/railway", "dsn.authority", &["port"]),
    (
        34,
        "mysql://u:PWD@h?reconnect=true",
        "dsn.foreign-key",
        &["`reconnect`", "remove it", "`from_dsn_ignoring`"],
    ),
    (
        36,
        "mysql+pymysql://u:PWD@/db?unix_socket=/cloudsql/x",
        "dsn.scheme",
        &["`mysql://`", "`socket=`"],
    ),
    (
        37,
        "Server=h;Port=4000;Uid=u;Pwd=PWD;SslMode=VerifyFull",
        "dsn.form",
        &["ssl-mode=VERIFY_IDENTITY"],
    ),
    (38, "mysqlx://u:PWD@h", "dsn.scheme", &["X protocol", "`mysql://`"]),
    (38, "mysql+srv://u:PWD@h", "dsn.scheme", &["SRV", "`mysql://`"]),
    (39, "mysql://u:PWD#QQQ@h/d", "dsn.encoding", &["`%23`"]),
    (39, "mysql://u:PWD/QQQ@h/d", "dsn.encoding", &["`%2F`"]),
    (39, "mysql://u:12/QQQ@h/d", "dsn.encoding", &["`%2F`"]),
    (39, "mysql://u:PWD?QQQ@h/d", "dsn.encoding", &["`%3F`"]),
    (42, "\"mysql://u:PWD@h/d\"", "dsn.form", &["remove the quotes"]),
    (42, "'mysql://u:PWD@h/d'", "dsn.form", &["remove the quotes"]),
];

#[test]
fn what_is_another_tools_form_is_refused_with_the_replacement() {
    for (row, text, code, fragments) in REFUSED {
        assert_refused(text, code, fragments);
        let error = refused(text);
        for secret in ["PWD", "QQQ", "UUU"] {
            assert!(
                !format!("{error} {error:?}").contains(secret),
                "row {row} shows {secret}: {error}"
            );
        }
        assert!(!error.to_string().contains('\n'), "row {row} is one sentence: {error}");
    }
}

#[test]
fn the_replacement_that_is_printed_is_read() {
    for (_, text, ..) in REFUSED {
        let message = refused(text).to_string();
        for quoted in message.split('`').skip(1).step_by(2) {
            if quoted.contains("ssl-mode=") && !quoted.contains("://") {
                let _ = read(&format!("mysql://h/d?{quoted}"));
            }
        }
    }
}

#[test]
fn a_key_is_ignored_by_name_only_if_it_is_anothers_and_not_about_tls() {
    let expected = ConnectionBuilder::new("h").ssl_mode(SslMode::Required);
    let text = "mysql://h?ssl-mode=REQUIRED&reconnect=true&app_thing=1";
    let ignore = ["Re-Connect", "app-thing", "ssl-mode"];
    assert_eq!(ConnectionBuilder::from_dsn_ignoring(text, &ignore).unwrap(), expected);

    for (text, key, code) in [
        ("mysql://h?useSSL=false", "useSSL", "dsn.foreign-tls-key"),
        ("mysql://h?ssl-mode=x", "ssl-mode", "dsn.value"),
        ("mysql://h?sslmod=x", "sslmod", "dsn.unknown-key"),
        ("mysql://h?mytlsthing=x", "mytlsthing", "dsn.unknown-key"),
        ("mysql://h?red=1", "blue", "dsn.unknown-key"),
    ] {
        let error = ConnectionBuilder::from_dsn_ignoring(text, &[key]).unwrap_err();
        assert_eq!(error.code(), code, "{text}: {error}");
    }
    // Another scheme says "the rest is right" under the same rules.
    let error = ConnectionBuilder::from_dsn_ignoring("mysql2://h?pool=5", &["pool"]).unwrap_err();
    assert!(error.to_string().contains("the rest is right"), "{error}");
}

#[test]
fn an_error_tells_the_key() {
    assert_eq!(key_of(&refused("mysql://h?useSSL=true")), Some("useSSL"));
    assert_eq!(key_of(&refused("mysql://h?Read_Timeout=x")), Some("Read_Timeout"));
    assert_eq!(key_of(&refused("mysql://h:x")), None);
}
