//! mysql-tls

// There the crate only compiles, see `driver/unsupported.rs`; what it cannot use stays.
#![cfg_attr(
    not(any(target_os = "linux", target_vendor = "apple")),
    allow(dead_code, unused_imports)
)]

mod builder;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod connect;
mod driver;
mod dsn;
mod error;
mod material;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod protocol;
mod relay;
mod secret;
mod session;
mod ssl_mode;
mod text;
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
mod tls;

pub use builder::ConnectionBuilder;
pub use driver::{Connection, Connector, ServerTlsStatus};
pub use dsn::{DsnKey, dsn_keys};
pub use error::{
    Attempt, AuthError, AuthErrorKind, CertificateError, CertificateErrorKind, ConfigError,
    ConfigErrorKind, ConnectError, ConnectErrorKind, DsnError, DsnErrorKind, Error, HandshakeError,
    HandshakeErrorKind, IoError, IoErrorKind, ProtocolError, ProtocolErrorKind, Result,
    ServerError, ServerErrorKind, ServerReply, Step, TimeoutError, TlsError, TlsErrorKind,
};
pub use mysql;
pub use relay::CloseReason;
pub use secret::{Password, ProviderError};
pub use session::{
    Claimed, ClientCertificate, PasswordSent, PeerCertificate, PlaintextReason, Product, Session,
    Timings, TlsSession, Transport, Verification,
};
pub use ssl_mode::{ParseSslModeError, SslMode};

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
pub fn connect(dsn: &str) -> Result<Connection> {
    dsn.parse::<ConnectionBuilder>()?.connect()
}
