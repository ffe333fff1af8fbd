//! TLS connections to TiDB, MySQL and MariaDB, with the five ssl-modes meaning what they say. The
//! SQL is that of the [`mysql`] driver: a [`Connection`] is a [`mysql::Conn`].
//!
//! # Contents
//!
//! 1. [First connection](#first-connection)
//! 2. [Modes](#modes)
//! 3. [Client certificates](#client-certificates)
//! 4. [Trust](#trust)
//! 5. [Rotation](#rotation)
//! 6. [Passwords](#passwords)
//! 7. [Sessions](#sessions)
//! 8. [Errors and codes](#errors-and-codes)
//! 9. [Pools](#pools)
//! 10. [Any driver](#any-driver)
//! 11. [Moving from `mysql`'s `SslOpts`](#moving-from-mysqls-sslopts)
//! 12. [Features and platforms](#features-and-platforms)
//!
//! # First connection
//!
//! [`ConnectionBuilder`] is plain data; its setters cannot fail. [`build`](ConnectionBuilder::build)
//! checks everything that can be wrong before a socket opens, files included, and gives a
//! [`Connector`], which [`connect`](Connector::connect)s as often as needed.
//!
//! ```no_run
//! use mysql_tls::{ConnectionBuilder, SslMode, mysql::prelude::*};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let connector = ConnectionBuilder::new("tidb.example.com")
//!     .port(4000)
//!     .user("app")
//!     .password("secret")
//!     .database("shop")
//!     .ssl_mode(SslMode::VerifyIdentity)
//!     .ssl_ca("ca.pem")
//!     .build()?;
//! let mut conn = connector.connect()?;
//! let total: Option<u64> = conn.query_first("SELECT COUNT(*) FROM orders")?;
//! # Ok(())
//! # }
//! ```
//!
//! A connection string is the same data as text. [`connect`] takes one; parsed, it is a builder that
//! can be changed further. [`dsn_keys`] lists the keys.
//!
//! ```no_run
//! use mysql_tls::ConnectionBuilder;
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), mysql_tls::Error> {
//! let dsn = "tidb://app:secret@tidb.example.com/shop?ssl-mode=VERIFY_IDENTITY";
//! let builder: ConnectionBuilder = dsn.parse()?;
//! let conn = builder.connect_timeout(Duration::from_secs(3)).connect()?;
//! # Ok(())
//! # }
//! ```
//!
//! An [option file](ConnectionBuilder::option_file) of the `mysql` client fills what neither says,
//! where one is named.
//!
//! Keep the [`Connector`]: the next connect is faster, since configuration, session tickets and
//! threads are reused. It is cheap to clone, `Send` and `Sync`.
//!
//! [`Connection`] implements [`Queryable`](mysql::prelude::Queryable) and dereferences to
//! [`mysql::Conn`]. Some generic code asks for the driver's own type; give it `&mut *conn`:
//!
//! ```no_run
//! use mysql_tls::mysql::prelude::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut conn = mysql_tls::connect("mysql://app@localhost/shop")?;
//! "SELECT 1".run(&mut *conn)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Modes
//!
//! | [`SslMode`] | server offers TLS | server offers none | server's certificate |
//! |---|---|---|---|
//! | `DISABLED` | plaintext | plaintext | - |
//! | `PREFERRED` | TLS | plaintext, with a warning | verified only if a CA is given |
//! | `REQUIRED` | TLS | [`Error::Tls`] | verified only if a CA is given |
//! | `VERIFY_CA` | TLS | [`Error::Tls`] | issued by the given CA, valid now, for servers |
//! | `VERIFY_IDENTITY` | TLS | [`Error::Tls`] | all that, and for this host |
//!
//! Use `VERIFY_IDENTITY` wherever you can. Under `REQUIRED` without a CA whoever sits between client
//! and server reads the password; the README's table says what an active attacker gets under each
//! mode.
//!
//! - The default is `VERIFY_CA` where [`ssl_ca`](ConnectionBuilder::ssl_ca) or
//!   [`ssl_capath`](ConnectionBuilder::ssl_capath) is set, `VERIFY_IDENTITY` with
//!   [`ssl_roots`](ConnectionBuilder::ssl_roots), `REQUIRED` with a pin, and `PREFERRED` otherwise.
//! - A given CA replaces the public roots. Without one, `VERIFY_IDENTITY` uses the Mozilla roots that
//!   are built in; `VERIFY_CA` is then a `build()` error.
//! - A handshake that fails is an error in every mode. Plaintext is used only where the greeting
//!   offers no TLS and the mode is `PREFERRED`, or on a Unix socket up to `PREFERRED`.
//! - The name is the host, or [`tls_server_name`](ConnectionBuilder::tls_server_name). It is looked
//!   for in the subject alternative names, and in the CN where there is no dNSName and the CA was
//!   given; an IP address in the names of the kind iPAddress alone.
//!
//! # Several hosts
//!
//! [`add_host`](ConnectionBuilder::add_host), and `tidb://app@tidb-0,tidb-1/shop?load-balance=random`:
//! one after another is tried where one is down, never where one is refused.
//!
//! # Client certificates
//!
//! ```no_run
//! use mysql_tls::{ConnectionBuilder, SslMode};
//!
//! # fn main() -> Result<(), mysql_tls::Error> {
//! let conn = ConnectionBuilder::new("tidb.example.com")
//!     .port(4000)
//!     .user("app")
//!     .ssl_mode(SslMode::VerifyIdentity)
//!     .ssl_ca("ca.pem")
//!     .ssl_cert("client.pem") // the certificate, then those that lead to its CA
//!     .ssl_key("client-key.pem")
//!     .connect()?;
//! # Ok(())
//! # }
//! ```
//!
//! Files are PEM; a key is PKCS#8, PKCS#1 or SEC1, of RSA (2048 bits or more), ECDSA or Ed25519. One
//! file may hold both: name it once. A key that does not belong to the certificate is a `build()`
//! error. An encrypted PKCS#8 key is opened with
//! [`ssl_key_password`](ConnectionBuilder::ssl_key_password). The certificate is presented in every mode that ends
//! in TLS, if the server asks for one;
//! [`client_certificate`](TlsSession::client_certificate) tells what happened. PEM text is taken by
//! [`ssl_cert_pem`](ConnectionBuilder::ssl_cert_pem) and its kin.
//!
//! An account can be tied to a certificate by `REQUIRE SUBJECT`, `ISSUER` and, on TiDB, `SAN`, whose
//! texts each server writes in its own way. [`ClientIdentity`] has them for the certificate at hand,
//! and tells when it expires. [`CertificateFile`] reads all certificates in a file, and each of them is
//! displayed as a table of what it says.
//!
//! # Trust
//!
//! With a given CA ([`ssl_ca`](ConnectionBuilder::ssl_ca),
//! [`ssl_capath`](ConnectionBuilder::ssl_capath)) certificates are judged as libmysqlclient judges
//! them: X.509 version 1 of servers and roots, a self-signed certificate that is given as it is, and
//! names in the CN are taken; what may not sign certificates, has expired, or is only an intermediate
//! is no anchor. With public roots ([`ssl_roots`](ConnectionBuilder::ssl_roots)) the rules are those
//! of the web. The README's tables say where the official client still judges otherwise.
//!
//! [`ssl_crl`](ConnectionBuilder::ssl_crl) and [`ssl_crlpath`](ConnectionBuilder::ssl_crlpath) check
//! for revocation, [`tls_pin`](ConnectionBuilder::tls_pin) and
//! [`tls_peer_fingerprint`](ConnectionBuilder::tls_peer_fingerprint) compare the server's own
//! certificate, each in addition to the mode. [`TlsSession::verified`],
//! [`is_pinned`](TlsSession::is_pinned) and
//! [`is_revocation_checked`](TlsSession::is_revocation_checked) tell what was verified.
//!
//! ```no_run
//! use mysql_tls::ConnectionBuilder;
//!
//! # fn main() -> Result<(), mysql_tls::Error> {
//! let conn = ConnectionBuilder::new("db.example.com")
//!     .user("app")
//!     .ssl_ca("ca.pem")
//!     .ssl_crl("crl.pem")
//!     .tls_version("TLSv1.3")
//!     .connect()?; // VERIFY_CA, since a CA is given
//! # Ok(())
//! # }
//! ```
//!
//! # Rotation
//!
//! Files of certificates, keys and revocation lists are looked at while connecting, at most once a
//! second, and read again where they have changed; all of them or none. So a renewed certificate
//! needs no restart. [`Connector::reload`] does it at once, [`Connector::reload_state`] tells how it
//! went, and [`reload_certificates`](ConnectionBuilder::reload_certificates) turns it off. A server's
//! and a client's certificate that has to be renewed is a warning ([`tracing`](https://docs.rs/tracing),
//! or `log`), and [`days_left`](PeerCertificate::days_left) tells how long it is good for.
//!
//! # Passwords
//!
//! A password comes as text, from a file that is read at every connect
//! ([`password_file`](ConnectionBuilder::password_file)), or from a function that is asked at every
//! connect ([`password_with`](ConnectionBuilder::password_with)), for tokens that expire. It is
//! redacted in every `Debug` of this crate; those of [`mysql::Conn`] and [`mysql::Opts`] show it.
//!
//! On plaintext TCP it leaves as a scramble only, or encrypted with the server's RSA key where
//! [`server_public_key_path`](ConnectionBuilder::server_public_key_path) or
//! [`get_server_public_key`](ConnectionBuilder::get_server_public_key) allows that. Anything else
//! that a server asks for ends in [`Error::Auth`]. [`Session::password_sent`] tells how it crossed.
//!
//! # Sessions
//!
//! [`Connection::session`] tells what was negotiated and what was verified, as seen from this side;
//! its `Display` is for people. What only the server says of itself stands apart, in
//! [`Session::claimed`], because it comes in plaintext and nobody vouches for it.
//!
//! ```no_run
//! use mysql_tls::Verification;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut conn = mysql_tls::connect("mysql://app@db.example.com/?ssl-mode=VERIFY_IDENTITY")?;
//! println!("{}", conn.session());
//! if let Some(tls) = conn.session().tls() {
//!     println!("{} {} {:?}", tls.version(), tls.cipher(), tls.group());
//!     assert_eq!(*tls.verified(), Verification::ChainAndName("db.example.com".into()));
//! }
//! println!("{:?}", conn.server_tls_status()?.cipher()); // the server's own view
//! # Ok(())
//! # }
//! ```
//!
//! [`Session::compare`] and [`Claimed::compare`] tell where the server's view differs, as it does where
//! something in between ends TLS. [`ConnectionBuilder::probe`] looks at a server's greeting and TLS
//! handshake without a login: what `mysql-tls doctor` is made of.
//!
//! [`Connection::close_reason`] tells the first cause of an end, where the driver's error is often
//! only what followed from it. [`Connection::into_parts`] gives the [`mysql::Conn`] away; TLS goes on
//! as long as it lives.
//!
//! The [`tracing`](https://docs.rs/tracing) events (with its feature `log`) have a span per connect.
//! A fallback to plaintext, and an unverified session with a host that is not loopback, are one
//! warning per connector.
//!
//! # Errors and codes
//!
//! [`Error`] is divided by stage, because the stage tells what to do. `Display` is one sentence with
//! the option, host or file and the remedy; `source()` has the cause; [`Error::code`] is a stable
//! text, `stage.kind`. [`error_codes`] lists all of them with their remedies.
//!
//! | stage | codes | what it is about |
//! |---|---|---|
//! | [`Error::Dsn`] | `dsn.*` | the connection string: [`DsnErrorKind`] |
//! | [`Error::Config`] | `config.*` | an option or a file, found by `build()`: [`ConfigErrorKind`] |
//! | [`Error::Connect`] | `connect.*` | no address answered; all that were tried: [`ConnectErrorKind`] |
//! | [`Error::Server`] | `server.*` | an ERR packet in place of the greeting, or to a first statement: [`ServerErrorKind`] |
//! | [`Error::Tls`] | `tls.*` | the mode demands TLS and there is none: [`TlsErrorKind`] |
//! | [`Error::Certificate`] | `certificate.*` | the server's certificate: [`CertificateErrorKind`] |
//! | [`Error::Handshake`] | `handshake.*` | alerts and other failures of TLS: [`HandshakeErrorKind`] |
//! | [`Error::Auth`] | `auth.*` | the login, and the rules that keep the password: [`AuthErrorKind`] |
//! | [`Error::Protocol`] | `protocol.*` | broken packets: [`ProtocolErrorKind`] |
//! | [`Error::Timeout`] | `timeout.*` | the step in which the time ran out: [`Step`] |
//! | [`Error::Io`] | `io.*` | the network or this machine: [`IoErrorKind`] |
//!
//! ```no_run
//! # fn main() {
//! match mysql_tls::connect("mysql://app@db.example.com/?ssl-mode=VERIFY_IDENTITY") {
//!     Ok(_) => {}
//!     Err(error) if error.code() == "certificate.expired" => eprintln!("renew it: {error}"),
//!     Err(error) => eprintln!("error[{}]: {error}", error.code()),
//! }
//! # }
//! ```
//!
//! Text from a server, in errors and elsewhere, has control characters escaped and is cut at 512
//! bytes; what came before TLS is marked as unauthenticated.
//!
//! # Pools
//!
//! With the feature `r2d2` a [`Connector`] is an `r2d2::ManageConnection`: the pool to recommend. Its
//! connections are [`Connection`]s, with their sessions, in every ssl-mode.
//!
//! ```
//! # #[cfg(feature = "r2d2")]
//! fn pooled(connector: mysql_tls::Connector) -> Result<(), Box<dyn std::error::Error>> {
//!     use mysql_tls::mysql::prelude::*;
//!     let pool = connector.r2d2_builder().build(connector)?;
//!     let one: Option<u32> = pool.get()?.query_first("SELECT 1")?;
//!     Ok(())
//! }
//! ```
//!
//! [`Connector::pool`] gives a [`mysql::Pool`], which dials by itself, over an endpoint of its own; so
//! it needs `REQUIRED` or a stronger mode. [`pool_min`](ConnectionBuilder::pool_min),
//! [`pool_max`](ConnectionBuilder::pool_max), [`reset_connection`](ConnectionBuilder::reset_connection)
//! and [`check_health`](ConnectionBuilder::check_health), in a connection string too, are for both.
//! Connections that a pool makes after certificates have changed use the new ones.
//!
//! # Any driver
//!
//! An [`Endpoint`] is a socket that any MySQL driver can connect to, in any language: sqlx,
//! mysql_async, Diesel, a Go program. What comes in is dialed, upgraded to TLS as the connector was
//! told, and relayed; user, password and database are the driver's own. The driver is configured
//! **without TLS**, and sees a server without TLS on a private socket.
//!
//! ```no_run
//! use mysql_tls::UrlStyle;
//!
//! # fn main() -> Result<(), mysql_tls::Error> {
//! let builder: mysql_tls::ConnectionBuilder =
//!     "tidb://app@db.example.com/shop?ssl-mode=VERIFY_IDENTITY&ssl-cert=app.pem&ssl-key=app-key.pem"
//!         .parse()?;
//! let endpoint = builder.build()?.endpoint()?;
//! // mysql://app@localhost/shop?socket=/run/user/1000/mysql-tls-.../w-endpoint&ssl-mode=DISABLED
//! let url = endpoint.url(UrlStyle::Sqlx);
//! // Keep the endpoint as long as the driver is in use: dropping it takes the socket away.
//! # Ok(())
//! # }
//! ```
//!
//! - Plaintext to the server is not possible: the ssl-mode has to be `REQUIRED` or stronger, and a
//!   server without TLS is an error that the driver shows.
//! - An error in reaching the server is error 2003 for the driver, one in TLS 2026, with this crate's
//!   sentence; after the login the server's own errors pass through.
//! - The Unix socket lies in a private directory, or at a [path](EndpointOptions::path) of yours, and
//!   lets in processes of this user, or of those that
//!   [`allow_uid`](EndpointOptions::allow_uid) names.
//! - On [TCP](EndpointOptions::tcp), loopback only, **every user of the machine can connect**. That
//!   is refused together with a client certificate, which may be all that an account asks for, unless
//!   [`allow_local_users`](EndpointOptions::allow_local_users) was said.
//! - sqlx (its feature `mysql-rsa`) on a Unix socket, and every driver on TCP, take the socket for
//!   insecure and encrypt the password with a key they ask the server for. The endpoint answers with
//!   one of its own, made when first needed, and the password goes on inside TLS. This needs
//!   `aws-lc-rs`.
//! - `LOCAL INFILE` is off: the capability is cleared both ways, so that an honest server refuses the
//!   statement, unless [`local_infile`](ConnectionBuilder::local_infile) allows it. After the login
//!   nothing is looked at: a request for a file that a hostile server sends all the same reaches the
//!   driver, whose own setting decides.
//! - [`sessions`](Endpoint::sessions) tells what was negotiated for each connection.
//!
//! # Moving from `mysql`'s `SslOpts`
//!
//! | `mysql` | here |
//! |---|---|
//! | no `SslOpts` | `PREFERRED`, which uses TLS where the server offers it; [`SslMode::Disabled`] for none |
//! | `SslOpts::default()` | [`SslMode::VerifyIdentity`] |
//! | `with_root_cert_path(Some(path))` | [`ssl_ca`](ConnectionBuilder::ssl_ca) (PEM) |
//! | `with_client_identity(Some(ClientIdentity::new(cert, key)))` | [`ssl_cert`](ConnectionBuilder::ssl_cert) and [`ssl_key`](ConnectionBuilder::ssl_key) (PEM) |
//! | `with_danger_skip_domain_validation(true)` | [`SslMode::VerifyCa`], which needs `ssl_ca` |
//! | `with_danger_accept_invalid_certs(true)` | [`SslMode::Required`] |
//! | `OptsBuilder::pass` | [`password`](ConnectionBuilder::password) |
//! | `OptsBuilder::ip_or_hostname`, `tcp_port`, `db_name` | [`ConnectionBuilder::new`], [`port`](ConnectionBuilder::port), [`database`](ConnectionBuilder::database) |
//! | `OptsBuilder::tcp_connect_timeout` | [`connect_timeout`](ConnectionBuilder::connect_timeout), which covers the login too |
//! | `OptsBuilder::init` | [`init_statement`](ConnectionBuilder::init_statement), once a statement |
//! | `with_cipher_suites(..)` | [`ssl_cipher`](ConnectionBuilder::ssl_cipher) (TLS 1.2), [`tls_ciphersuites`](ConnectionBuilder::tls_ciphersuites) (TLS 1.3), by name |
//! | `with_disable_built_in_roots(true)` | nothing to do: a given CA replaces the public roots |
//! | what has no setter here | [`driver_options`](ConnectionBuilder::driver_options) |
//! | `Conn::new(opts)` | [`Connector::connect`] |
//!
//! What changes in behaviour:
//!
//! - A given CA replaces the public roots. The driver trusts it besides them, so that skipping the
//!   name there accepts any certificate of any public CA; [`SslMode::VerifyCa`] accepts those of the
//!   given CA alone.
//! - The default is `PREFERRED`, not plaintext.
//! - The driver leaves TLS out on a Unix socket whatever was asked. Here `REQUIRED` and stronger
//!   modes are TLS there too.
//! - `prefer_socket` is off: a TCP connection to loopback stays one. Only
//!   [`socket`](ConnectionBuilder::socket) means a Unix socket.
//! - "Accept invalid certificates" still checks that the peer holds the key of its certificate.
//! - On plaintext the server's RSA key is asked for only if
//!   [`get_server_public_key`](ConnectionBuilder::get_server_public_key) says so.
//! - Certificates and keys are read by `build()`, and again once they change, not at every connect.
//!   DER and PKCS#12 files are refused with the command that converts them.
//! - There is a connect timeout of 10 seconds, for everything until `connect()` returns.
//! - `LOCAL INFILE` is not offered to the server unless
//!   [`local_infile_handler`](ConnectionBuilder::local_infile_handler) is set.
//! - `Conn::new` gives [`mysql::Error`]; connecting here gives [`Error`]. Queries give the driver's.
//!
//! # Features and platforms
//!
//! `aws-lc-rs` (the default) and `ring` choose the crypto provider; one of them is needed, and with
//! both `aws-lc-rs` is used; `fips` is its FIPS 140 form. `mysql` (a default too) is the driver, and
//! [`Connector::connect`]; without it there is the [`Endpoint`] alone, for other drivers.
//! `native-certs` lets [`SslRoots::Native`] use the operating system's CA certificates. `serde` makes
//! [`Session`] and its parts `Serialize`. `cli` builds the program `mysql-tls`.
//!
//! The driver is built with few of its features. For `#[derive(FromRow)]`, or the types of `time`,
//! `chrono` and `bigdecimal`, depend on `mysql` of the same version too, with `default-features =
//! false` and those features; it stays the same [`mysql::Conn`].
//!
//! Linux is tested and macOS is checked to compile. Elsewhere the crate compiles, and `build()`
//! returns `config.unsupported-platform`, since the driver is reached through a private Unix socket.

// What can panic, cut or overflow silently, or leak has a reason beside it or is not there; tests may.
#![cfg_attr(
    not(test),
    warn(
        clippy::as_conversions,
        clippy::mem_forget,
        clippy::panic_in_result_fn,
        clippy::string_slice,
        clippy::unwrap_in_result
    )
)]
// There the crate only compiles, see `driver/unsupported.rs`; what it cannot use stays.
#![cfg_attr(
    not(any(target_os = "linux", target_vendor = "apple")),
    allow(dead_code, unused_imports)
)]
// Without the driver there is the endpoint alone; what only connecting needs stays.
#![cfg_attr(not(feature = "mysql"), allow(dead_code))]

mod builder;
mod certificate_file;
mod cleartext_password;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod connect;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod connector;
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
#[path = "connector/unsupported.rs"]
mod connector;
#[cfg(feature = "mysql")]
mod driver;
mod dsn;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod endpoint;
mod error;
#[cfg(all(any(fuzzing, test), any(target_os = "linux", target_vendor = "apple")))]
#[doc(hidden)]
pub mod fuzzing;
mod handover;
mod identity;
mod load_balance;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod material;
mod option_file;
mod pem_source;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod probe;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod protocol;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod relay;
mod reload_state;
mod secret;
mod session;
mod ssl_mode;
mod ssl_roots;
mod text;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod tls;
mod tls_options;
mod x509;

pub use builder::ConnectionBuilder;
pub use certificate_file::CertificateFile;
pub use cleartext_password::{CleartextPassword, ParseCleartextPasswordError};
pub use connector::Connector;
#[cfg(all(feature = "mysql", any(target_os = "linux", target_vendor = "apple")))]
pub use driver::Pool;
#[cfg(feature = "mysql")]
pub use driver::{Connection, ServerTlsStatus};
pub use dsn::{DsnKey, dsn_keys};
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub use endpoint::{Endpoint, EndpointOptions, EndpointSession, UrlStyle};
pub use error::{
    Attempt, AuthError, AuthErrorKind, CertificateError, CertificateErrorKind, ConfigError,
    ConfigErrorKind, ConnectError, ConnectErrorKind, DsnError, DsnErrorKind, Error, ErrorCode,
    HandshakeError, HandshakeErrorKind, IoError, IoErrorKind, ProtocolError, ProtocolErrorKind,
    Result, ServerError, ServerErrorKind, ServerReply, Step, TimeoutError, TlsError, TlsErrorKind,
    error_codes,
};
pub use handover::CloseReason;
pub use identity::ClientIdentity;
pub use load_balance::{LoadBalance, ParseLoadBalanceError};
#[cfg(feature = "mysql")]
pub use mysql;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub use probe::{Probe, ProbeOffer};
#[cfg(feature = "r2d2")]
pub use r2d2;
pub use reload_state::ReloadState;
pub use secret::{Password, ProviderError};
pub use session::{
    Claimed, ClientCertificate, Compared, Difference, PasswordSent, PeerCertificate,
    PlaintextReason, Product, Session, Timings, TlsSession, Transport, Verification,
};
pub use ssl_mode::{ParseSslModeError, SslMode};
pub use ssl_roots::{ParseSslRootsError, SslRoots};

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
compile_error!("mysql-tls needs a crypto provider: turn on the feature `aws-lc-rs` or `ring`");

/// Opens a connection from a connection string, for example
/// `tidb://app:secret@tidb.example.com/shop?ssl-mode=VERIFY_IDENTITY`.
///
/// For more than one connection parse it into a [`ConnectionBuilder`] and keep the [`Connector`].
///
/// # Errors
///
/// [`Error::Dsn`] where the text cannot be read, else those of [`ConnectionBuilder::connect`].
#[cfg(feature = "mysql")]
pub fn connect(dsn: &str) -> Result<Connection> {
    dsn.parse::<ConnectionBuilder>()?.connect()
}

/// The README's code is compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
