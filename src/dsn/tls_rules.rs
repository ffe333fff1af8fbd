//! The TLS keys of other drivers, and what each asks for.

use super::encoding::normal;

/// What a foreign TLS key says.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// Its value is a word: `tls=skip-verify`.
    Words(&'static [(&'static str, Ask)], Ask),
    /// True asks for the first, false for the second.
    Flag(Ask, Ask),
    /// A file, which is this key here.
    File(&'static str),
    /// A setting that is this text here.
    Same(&'static str),
    /// A list of TLS versions.
    Versions,
    /// What to do instead.
    Note(&'static str),
    /// As `Note`, and the value is a secret.
    Secret(&'static str),
}

/// What a value asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Nothing,
    Plaintext,
    TlsIfOffered,
    Tls,
    Unverified,
    Chain,
    NoName,
    Name,
    Identity,
    /// Verification against certificates that the program registered under a name.
    NamedConfig,
}

const TO_PEM: &str = "PKCS#12 is not read here, convert it with `openssl pkcs12 -in FILE.p12 \
     -clcerts -nokeys -out client.pem` and `openssl pkcs12 -in FILE.p12 -nocerts -nodes -out \
     client-key.pem` and write `ssl-cert=client.pem&ssl-key=client-key.pem`";
const TO_PEM_CA: &str = "a Java trust store is not read here, export its CA with `keytool \
     -exportcert -rfc -keystore FILE -alias NAME -file ca.pem` and write `ssl-ca=ca.pem`";
const TO_PEM_CLIENT: &str = "a Java key store is not read here, convert it with `keytool \
     -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12`, then \
     `openssl pkcs12 -in FILE.p12 -clcerts -nokeys -out client.pem` and `openssl pkcs12 -in \
     FILE.p12 -nocerts -nodes -out client-key.pem`, and write \
     `ssl-cert=client.pem&ssl-key=client-key.pem`";
const CIPHERS: &str = "`ssl-cipher=` takes the suites of TLS 1.2 and `tls-ciphersuites=` those of TLS \
     1.3, by name and separated by `:`";
const FINGERPRINT: &str = "`tls-peer-fingerprint=` takes the SHA-256 of the server's certificate in \
     hexadecimal, which `mysql-tls status` prints";
const PASSPHRASE: &str = "`ssl-key-password=` takes the password of an encrypted `ssl-key`";
const FIPS: &str = "FIPS 140 is chosen when building, by the feature `fips`";
const SESSION_DATA: &str = "sessions are resumed by the connector itself, and only under the policy \
     that made them";
const KEY_RETRIEVAL: &str = "the server's RSA key is needed on plaintext connections only, where \
     `get-server-public-key=true` asks for it";

const VERIFIED: Rule = Rule::Flag(Ask::Identity, Ask::Unverified);
const TRUSTING: Rule = Rule::Flag(Ask::Unverified, Ask::Nothing);
const CHAIN: Rule = Rule::Flag(Ask::Chain, Ask::Unverified);
const NAME: Rule = Rule::Flag(Ask::Name, Ask::NoName);
const NO_NAME: Rule = Rule::Flag(Ask::NoName, Ask::Nothing);
const WANTED: Rule = Rule::Flag(Ask::Tls, Ask::Plaintext);

static RULES: &[(&str, Rule)] = &[
    // go-sql-driver
    (
        "tls",
        Rule::Words(
            &[
                ("true", Ask::Identity),
                ("1", Ask::Identity),
                ("skip-verify", Ask::Unverified),
                ("preferred", Ask::TlsIfOffered),
                ("false", Ask::Plaintext),
                ("0", Ask::Plaintext),
            ],
            Ask::NamedConfig,
        ),
    ),
    ("allowFallbackToPlaintext", Rule::Flag(Ask::TlsIfOffered, Ask::Nothing)),
    ("serverPubKey", Rule::Note("`server-public-key-path=` names the PEM file of that key")),
    ("allowCleartextPasswords", Rule::Same("enable-cleartext-plugin")),
    ("allowOldPasswords", Rule::Note("the password hash of MySQL 4.0 is never sent")),
    // mysql, mysql_async; requireSSL is Connector/J's too
    ("require_ssl", Rule::Flag(Ask::Tls, Ask::Nothing)),
    ("verify_ca", CHAIN),
    ("verify_identity", NAME),
    (
        "built_in_roots",
        Rule::Note(
            "`ssl-ca` replaces the public roots, which are otherwise used by \
                    `VERIFY_IDENTITY` alone",
        ),
    ),
    (
        "disable_built_in_roots",
        Rule::Note(
            "`ssl-ca` replaces the public roots, which are otherwise used by \
                    `VERIFY_IDENTITY` alone",
        ),
    ),
    ("root_cert_path", Rule::File("ssl-ca")),
    ("cert_chain_path", Rule::File("ssl-cert")),
    ("priv_key_path", Rule::File("ssl-key")),
    ("pkcs12_path", Rule::Note(TO_PEM)),
    ("pkcs12_pass", Rule::Secret(TO_PEM)),
    ("danger_skip_domain_validation", NO_NAME),
    ("danger_accept_invalid_certs", TRUSTING),
    ("cipher_suites", Rule::Note(CIPHERS)),
    // Connector/J
    ("useSSL", WANTED),
    ("verifyServerCertificate", CHAIN),
    ("allowPublicKeyRetrieval", Rule::Note(KEY_RETRIEVAL)),
    ("serverRSAPublicKeyFile", Rule::File("server-public-key-path")),
    ("trustCertificateKeyStoreUrl", Rule::Note(TO_PEM_CA)),
    ("trustCertificateKeyStoreType", Rule::Note(TO_PEM_CA)),
    ("trustCertificateKeyStorePassword", Rule::Secret(TO_PEM_CA)),
    ("clientCertificateKeyStoreUrl", Rule::Note(TO_PEM_CLIENT)),
    ("clientCertificateKeyStoreType", Rule::Note(TO_PEM_CLIENT)),
    ("clientCertificateKeyStorePassword", Rule::Secret(TO_PEM_CLIENT)),
    (
        "fallbackToSystemTrustStore",
        Rule::Note("without `ssl-ca` `VERIFY_IDENTITY` uses public roots"),
    ),
    (
        "fallbackToSystemKeyStore",
        Rule::Note("a client certificate is given by `ssl-cert` and `ssl-key`"),
    ),
    ("enabledTLSProtocols", Rule::Versions),
    ("tlsVersions", Rule::Versions),
    ("enabledSSLCipherSuites", Rule::Note(CIPHERS)),
    // MariaDB's connectors and client
    ("ssl-verify-server-cert", VERIFIED),
    ("tls-verify-peer", VERIFIED),
    ("ssl-enforce", WANTED),
    ("tls-enforce", WANTED),
    ("ssl-fp", Rule::Note(FINGERPRINT)),
    ("ssl-fplist", Rule::Note(FINGERPRINT)),
    ("tls-peer-fp", Rule::Note(FINGERPRINT)),
    ("tls-peer-fp-list", Rule::Note(FINGERPRINT)),
    ("tls-fp", Rule::Note(FINGERPRINT)),
    ("tls-fplist", Rule::Note(FINGERPRINT)),
    ("ssl-passphrase", Rule::Secret(PASSPHRASE)),
    ("tls-passphrase", Rule::Secret(PASSPHRASE)),
    ("tls-ca", Rule::File("ssl-ca")),
    ("tls-capath", Rule::File("ssl-capath")),
    ("tls-cert", Rule::File("ssl-cert")),
    ("tls-key", Rule::File("ssl-key")),
    ("tls-cipher", Rule::Note(CIPHERS)),
    ("tls-crl", Rule::File("ssl-crl")),
    ("tls-crlpath", Rule::File("ssl-crlpath")),
    ("disableSslHostnameVerification", NO_NAME),
    ("trustServerCertificate", TRUSTING),
    ("serverSslCert", Rule::File("ssl-ca")),
    ("trustStore", Rule::Note(TO_PEM_CA)),
    ("trustStorePassword", Rule::Secret(TO_PEM_CA)),
    ("keyStore", Rule::Note(TO_PEM_CLIENT)),
    ("keyStorePassword", Rule::Secret(TO_PEM_CLIENT)),
    ("keyPassword", Rule::Secret(PASSPHRASE)),
    // MySqlConnector and Connector/NET
    ("CACertificateFile", Rule::File("ssl-ca")),
    ("CertificateFile", Rule::Note(TO_PEM)),
    ("CertificatePassword", Rule::Secret(TO_PEM)),
    // libpq
    ("sslrootcert", Rule::File("ssl-ca")),
    ("sslcrldir", Rule::File("ssl-crlpath")),
    ("sslsni", Rule::Same("tls-sni")),
    ("sslcompression", Rule::Note("TLS compression is unsafe and never used")),
    ("sslnegotiation", Rule::Note("the MySQL protocol has one way to begin TLS")),
    // PyMySQL, mysqlclient, Rails
    ("ssl_verify_cert", CHAIN),
    ("ssl_verify_identity", NAME),
    ("ssl_check_hostname", NAME),
    ("ssl_disabled", Rule::Flag(Ask::Plaintext, Ask::Nothing)),
    ("sslverify", CHAIN),
    // Node, Prisma
    ("rejectUnauthorized", VERIFIED),
    (
        "sslaccept",
        Rule::Words(
            &[("strict", Ask::Identity), ("accept_invalid_certs", Ask::Unverified)],
            Ask::Identity,
        ),
    ),
    ("sslidentity", Rule::Note(TO_PEM)),
    ("sslpassword", Rule::Secret(TO_PEM)),
    // The mysql client's, which have no counterpart
    ("ssl-fips-mode", Rule::Note(FIPS)),
    ("ssl-session-data", Rule::Note(SESSION_DATA)),
    ("ssl-session-data-continue-on-failed-reuse", Rule::Note(SESSION_DATA)),
    // The old command line client
    (
        "ssl",
        Rule::Words(
            &[
                ("true", Ask::Tls),
                ("1", Ask::Tls),
                ("on", Ask::Tls),
                ("yes", Ask::Tls),
                ("required", Ask::Tls),
                ("false", Ask::Plaintext),
                ("0", Ask::Plaintext),
                ("off", Ask::Plaintext),
                ("no", Ask::Plaintext),
            ],
            Ask::Identity,
        ),
    ),
];

/// The rule of this key.
pub(super) fn find(normal_name: &str) -> Option<Rule> {
    RULES.iter().find(|(name, _)| normal(name) == normal_name).map(|(_, rule)| *rule)
}

/// Whether a name that nobody here knows might be about TLS.
pub(super) fn concerns_tls(normal_name: &str) -> bool {
    ["ssl", "tls", "cert", "verif", "cipher"].iter().any(|word| normal_name.contains(word))
}

/// What a value asks for under a rule; nothing where the rule is about something else.
pub(super) fn ask(rule: Rule, value: &str) -> Ask {
    let value = value.trim().to_ascii_lowercase();
    match rule {
        Rule::Words(words, otherwise) => {
            // Node's `ssl={"rejectUnauthorized":false}`, with spaces or without.
            let json: String =
                value.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'')).collect();
            if json.contains("rejectunauthorized:false") {
                return Ask::Unverified;
            }
            words.iter().find(|(word, _)| *word == value).map_or(otherwise, |(_, ask)| *ask)
        }
        Rule::Flag(when_true, when_false) => match value.as_str() {
            "false" | "0" | "no" | "off" => when_false,
            _ => when_true,
        },
        Rule::File(_) | Rule::Same(_) | Rule::Versions | Rule::Note(_) | Rule::Secret(_) => {
            Ask::Nothing
        }
    }
}
