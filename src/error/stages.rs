//! The errors of every stage: a kind, a sentence, the facts, the cause.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::kinds::{
    AuthErrorKind, CertificateErrorKind, ConfigErrorKind, ConnectErrorKind, DsnErrorKind,
    HandshakeErrorKind, IoErrorKind, ProtocolErrorKind, ServerErrorKind, Step, TlsErrorKind,
};
use crate::text::peer_text;

/// The error of another library that lies behind one of ours.
pub(crate) type Cause = Option<Arc<dyn std::error::Error + Send + Sync>>;

/// Declares the error of one stage: kind and sentence, then facts of its own, then the cause.
macro_rules! stage {
    ($(#[$about:meta])* $name:ident($kind:ident) { $($field:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct $name {
            kind: $kind,
            message: String,
            $($field: $type,)*
            source: Cause,
        }

        impl $name {
            /// What happened.
            #[must_use]
            pub fn kind(&self) -> $kind {
                self.kind
            }

            #[allow(dead_code)]
            pub(crate) fn because(
                mut self,
                source: impl std::error::Error + Send + Sync + 'static,
            ) -> Self {
                self.source = Some(Arc::new(source));
                self
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.message)
            }
        }

        // By hand, since thiserror's `source` does not take a shared `dyn Error`.
        impl std::error::Error for $name {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                self.source.as_ref().map(|cause| -> &(dyn std::error::Error + 'static) { &**cause })
            }
        }
    };
}

/// An ERR packet of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerReply {
    code: u16,
    state: Option<String>,
    text: String,
    authenticated: bool,
}

impl ServerReply {
    pub(crate) fn new(code: u16, state: Option<[u8; 5]>, text: &[u8], authenticated: bool) -> Self {
        ServerReply {
            code,
            state: state.map(|state| peer_text(&state)),
            text: peer_text(text),
            authenticated,
        }
    }

    /// The server's error number, for example 1045.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The SQLSTATE; some servers leave it out before the login.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The server's text, with control characters escaped, cut at 512 bytes.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it came through TLS or over a Unix socket; if not, anybody on the network may have
    /// written it.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.authenticated
    }
}

impl fmt::Display for ServerReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error {}", self.code)?;
        if let Some(state) = &self.state {
            write!(f, " ({state})")?;
        }
        let mark = if self.authenticated { "" } else { " (unauthenticated text)" };
        write!(f, " \"{}\"{mark}", self.text)
    }
}

stage! {
    /// The connection string cannot be read; no part of its secrets is in the message.
    DsnError(DsnErrorKind) { key: Option<String>, }
}

impl DsnError {
    pub(crate) fn new(kind: DsnErrorKind, key: Option<&str>, message: impl Into<String>) -> Self {
        DsnError { kind, message: message.into(), key: key.map(str::to_owned), source: None }
    }

    /// The key that is at fault, as it was written.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

stage! {
    /// An option is wrong.
    ConfigError(ConfigErrorKind) { option: &'static str, }
}

impl ConfigError {
    pub(crate) fn new(
        kind: ConfigErrorKind,
        option: &'static str,
        message: impl Into<String>,
    ) -> Self {
        ConfigError { kind, message: message.into(), option, source: None }
    }

    /// The option's name, for example `ssl-ca`: its key in a connection string where it has one.
    #[must_use]
    pub fn option(&self) -> &'static str {
        self.option
    }
}

/// One address that was tried, and why it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    pub(crate) address: String,
    pub(crate) reason: String,
}

impl Attempt {
    /// The address, the path of a socket, or the host with its port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What the operating system said; of a host, the whole error.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

stage! {
    /// No address of the server could be reached.
    ConnectError(ConnectErrorKind) { attempts: Vec<Attempt>, may_pass: bool, }
}

impl ConnectError {
    pub(crate) fn new(
        kind: ConnectErrorKind,
        message: impl Into<String>,
        attempts: Vec<Attempt>,
    ) -> Self {
        ConnectError { kind, message: message.into(), attempts, may_pass: true, source: None }
    }

    /// `may_pass`: what one of the hosts said may.
    pub(crate) fn no_host(message: String, attempts: Vec<Attempt>, may_pass: bool) -> Self {
        ConnectError { may_pass, ..ConnectError::new(ConnectErrorKind::NoHost, message, attempts) }
    }

    pub(crate) fn may_pass(&self) -> bool {
        self.may_pass
    }

    /// Every address that was tried, in order; where no host could be used, every host.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }
}

stage! {
    /// The server refused with an ERR packet before the login, or refused a first statement.
    ServerError(ServerErrorKind) { reply: ServerReply, }
}

impl ServerError {
    pub(crate) fn new(
        kind: ServerErrorKind,
        message: impl Into<String>,
        reply: ServerReply,
    ) -> Self {
        ServerError { kind, message: message.into(), reply, source: None }
    }

    /// The server turned the connection away.
    pub(crate) fn refused(server: &str, kind: ServerErrorKind, reply: ServerReply) -> Self {
        let (reason, remedy) = (kind.reason(), kind.remedy());
        let message = format!("{server} refused the connection: {reason}; {remedy}; {reply}");
        ServerError::new(kind, message, reply)
    }

    /// The ERR packet.
    #[must_use]
    pub fn reply(&self) -> &ServerReply {
        &self.reply
    }
}

stage! {
    /// There is no TLS where the ssl-mode demands it.
    TlsError(TlsErrorKind) {}
}

impl TlsError {
    pub(crate) fn new(kind: TlsErrorKind, message: impl Into<String>) -> Self {
        TlsError { kind, message: message.into(), source: None }
    }
}

stage! {
    /// The server's certificate was refused.
    CertificateError(CertificateErrorKind) { facts: Box<CertificateFacts>, }
}

/// What the errors of a certificate know besides their sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct CertificateFacts {
    expected_name: Option<String>,
    presented_names: Vec<String>,
    issuer: Option<String>,
    anchors: Vec<String>,
}

impl CertificateError {
    pub(crate) fn new(kind: CertificateErrorKind, message: impl Into<String>) -> Self {
        CertificateError { kind, message: message.into(), facts: Box::default(), source: None }
    }

    pub(crate) fn names(mut self, expected: &str, presented: Vec<String>) -> Self {
        self.facts.expected_name = Some(expected.to_owned());
        self.facts.presented_names = presented;
        self
    }

    pub(crate) fn issued_by(mut self, issuer: &str, anchors: Vec<String>) -> Self {
        self.facts.issuer = Some(issuer.to_owned());
        self.facts.anchors = anchors;
        self
    }

    /// The name that was looked for, where the names were at fault.
    #[must_use]
    pub fn expected_name(&self) -> Option<&str> {
        self.facts.expected_name.as_deref()
    }

    /// The names in the certificate, where they were at fault.
    #[must_use]
    pub fn presented_names(&self) -> &[String] {
        &self.facts.presented_names
    }

    /// Who issued the certificate, where nobody knows that issuer.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.facts.issuer.as_deref()
    }

    /// The subjects of the trust anchors, where none of them is the issuer; empty for the public
    /// roots.
    #[must_use]
    pub fn anchors(&self) -> &[String] {
        &self.facts.anchors
    }
}

stage! {
    /// The TLS handshake failed.
    HandshakeError(HandshakeErrorKind) { alert: Option<&'static str>, reply: Option<Box<ServerReply>>, }
}

impl HandshakeError {
    pub(crate) fn new(kind: HandshakeErrorKind, message: impl Into<String>) -> Self {
        HandshakeError { kind, message: message.into(), alert: None, reply: None, source: None }
    }

    pub(crate) fn with_alert(mut self, alert: &'static str) -> Self {
        self.alert = Some(alert);
        self
    }

    pub(crate) fn with_reply(mut self, reply: ServerReply) -> Self {
        self.reply = Some(Box::new(reply));
        self
    }

    /// The alert that the server sent, by its name in RFC 8446, for example `unknown_ca`.
    #[must_use]
    pub fn alert(&self) -> Option<&str> {
        self.alert
    }

    /// The ERR packet that the server sent in plaintext where TLS was due.
    #[must_use]
    pub fn reply(&self) -> Option<&ServerReply> {
        self.reply.as_deref()
    }
}

stage! {
    /// The login was refused.
    AuthError(AuthErrorKind) { reply: Option<Box<ServerReply>>, }
}

impl AuthError {
    pub(crate) fn new(kind: AuthErrorKind, message: impl Into<String>) -> Self {
        AuthError { kind, message: message.into(), reply: None, source: None }
    }

    pub(crate) fn with_reply(mut self, reply: ServerReply) -> Self {
        self.reply = Some(Box::new(reply));
        self
    }

    /// The server's ERR packet, where it was the server that refused.
    #[must_use]
    pub fn reply(&self) -> Option<&ServerReply> {
        self.reply.as_deref()
    }
}

stage! {
    /// The protocol was broken.
    ProtocolError(ProtocolErrorKind) {}
}

impl ProtocolError {
    pub(crate) fn new(kind: ProtocolErrorKind, message: impl Into<String>) -> Self {
        ProtocolError { kind, message: message.into(), source: None }
    }
}

/// The time for connecting ran out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "connecting to {host} took longer than {}, {}; {}",
    told(*limit, *shared),
    step.doing(),
    step.remedy()
)]
#[non_exhaustive]
pub struct TimeoutError {
    step: Step,
    host: String,
    limit: Duration,
    shared: bool,
}

/// The limit as its option.
fn told(limit: Duration, shared: bool) -> String {
    if shared {
        format!("its share of connect-timeout ({limit:?})")
    } else {
        format!("connect-timeout ({limit:?})")
    }
}

impl TimeoutError {
    /// `shared`: the limit is one host's share of what several have.
    pub(crate) fn new(step: Step, host: &str, limit: Duration, shared: bool) -> Self {
        TimeoutError { step, host: host.to_owned(), limit, shared }
    }

    /// The step that was under way.
    #[must_use]
    pub fn step(&self) -> Step {
        self.step
    }

    /// The time that there was for the whole connect, or for this one of several hosts to answer.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }
}

stage! {
    /// The operating system refused something, or the connection broke.
    IoError(IoErrorKind) {}
}

impl IoError {
    pub(crate) fn new(kind: IoErrorKind, message: impl Into<String>) -> Self {
        IoError { kind, message: message.into(), source: None }
    }
}
