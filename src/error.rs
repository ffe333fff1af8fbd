//! One error type, divided by stage, because the stage is what tells a person what to do.

mod codes;
mod kinds;
mod stages;

use std::time::Duration;

pub use codes::{ErrorCode, error_codes};
pub use kinds::{
    AuthErrorKind, CertificateErrorKind, ConfigErrorKind, ConnectErrorKind, DsnErrorKind,
    HandshakeErrorKind, IoErrorKind, ProtocolErrorKind, ServerErrorKind, Step, TlsErrorKind,
};
pub use stages::{
    Attempt, AuthError, CertificateError, ConfigError, ConnectError, DsnError, HandshakeError,
    IoError, ProtocolError, ServerError, ServerReply, TimeoutError, TlsError,
};

/// Everything that can go wrong in this crate, by stage.
///
/// `Display` is one sentence that names the option, host or file and the remedy;
/// [`source`](std::error::Error::source) has the cause where another library reported one;
/// [`code`](Error::code) is a stable text for programs. Passwords, keys and connection strings never
/// appear in it.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The connection string cannot be read.
    #[error(transparent)]
    Dsn(#[from] DsnError),
    /// An option is wrong; found by `build()`, before a socket is opened.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No address of the server could be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server refused the connection, or a statement of ours, with an ERR packet.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The ssl-mode demands TLS and the server has none.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server's certificate was refused.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The TLS handshake failed for another reason than the server's certificate.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The login was refused, by the server or by the rules that keep the password.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The server or the driver broke the MySQL protocol.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The time for connecting ran out.
    #[error(transparent)]
    Timeout(#[from] TimeoutError),
    /// The operating system refused something, or the connection broke.
    #[error(transparent)]
    Io(#[from] IoError),
}

impl Error {
    /// A stable text for this kind of error, `stage.kind`, for example `certificate.expired`;
    /// [`error_codes`] has all of them.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Error::Dsn(error) => error.kind().code(),
            Error::Config(error) => error.kind().code(),
            Error::Connect(error) => error.kind().code(),
            Error::Server(error) => error.kind().code(),
            Error::Tls(error) => error.kind().code(),
            Error::Certificate(error) => error.kind().code(),
            Error::Handshake(error) => error.kind().code(),
            Error::Auth(error) => error.kind().code(),
            Error::Protocol(error) => error.kind().code(),
            Error::Timeout(error) => error.step().code(),
            Error::Io(error) => error.kind().code(),
        }
    }

    /// The ERR packet behind this error, where the server sent one.
    #[must_use]
    pub fn server_reply(&self) -> Option<&ServerReply> {
        match self {
            Error::Server(error) => Some(error.reply()),
            Error::Auth(error) => error.reply(),
            Error::Handshake(error) => error.reply(),
            _ => None,
        }
    }

    /// Whether the same connect may succeed if it is made again after a while: the server was not
    /// there, did not answer in time, broke off, or answered with an ERR in place of its greeting that
    /// is about the moment, such as too many connections. A refused login or certificate is not such an
    /// error: repeated logins lock accounts.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Error::Connect(error) => error.may_pass(),
            // Not in the login, which would be repeated.
            Error::Timeout(error) => {
                matches!(error.step(), Step::Resolve | Step::Dial | Step::Greeting)
            }
            Error::Io(error) => matches!(error.kind(), IoErrorKind::Closed | IoErrorKind::Broken),
            Error::Server(error) => matches!(
                error.kind(),
                ServerErrorKind::TooManyConnections
                    | ServerErrorKind::ShuttingDown
                    | ServerErrorKind::Refused
            ),
            _ => false,
        }
    }

    /// Whether the next of several hosts has a try after it; see
    /// [`add_host`](crate::ConnectionBuilder::add_host). To [`may_pass`](Self::may_pass) come a host
    /// that has blocked this client, and one that hangs or breaks off in the middle of the handshake or
    /// the login, if time is left. What the ssl-mode refuses, and a refused login, never do.
    #[must_use]
    pub fn fails_over(&self) -> bool {
        let is_down = match self {
            Error::Timeout(error) => error.step() != Step::Setup,
            Error::Server(error) => error.kind() == ServerErrorKind::HostBlocked,
            Error::Handshake(error) => error.kind() == HandshakeErrorKind::Closed,
            _ => false,
        };
        is_down || self.may_pass()
    }

    pub(crate) fn config(
        kind: ConfigErrorKind,
        option: &'static str,
        message: impl Into<String>,
    ) -> Self {
        ConfigError::new(kind, option, message).into()
    }

    pub(crate) fn protocol(kind: ProtocolErrorKind, message: impl Into<String>) -> Self {
        ProtocolError::new(kind, message).into()
    }

    pub(crate) fn handshake(kind: HandshakeErrorKind, message: impl Into<String>) -> Self {
        HandshakeError::new(kind, message).into()
    }

    pub(crate) fn auth(kind: AuthErrorKind, message: impl Into<String>) -> Self {
        AuthError::new(kind, message).into()
    }

    pub(crate) fn io(
        kind: IoErrorKind,
        message: impl Into<String>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        IoError::new(kind, message).because(source).into()
    }

    #[cfg(feature = "mysql")]
    pub(crate) fn panic() -> Self {
        let cause = std::io::Error::other("a panic");
        Self::io(IoErrorKind::Local, "the relay panicked, which is a fault of this library", cause)
    }

    pub(crate) fn timeout(step: Step, host: &str, limit: Duration, shared: bool) -> Self {
        TimeoutError::new(step, host, limit, shared).into()
    }
}

/// The code and the sentence, since this is what a `main` that returns the error prints.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}] {self}", self.code())
    }
}

/// The result of this crate's operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_crosses_threads_and_stays_small() {
        fn crosses<T: Send + Sync + Clone + std::error::Error + 'static>() {}
        crosses::<Error>();
        assert!(size_of::<Error>() <= 128, "{}", size_of::<Error>());
    }
}
