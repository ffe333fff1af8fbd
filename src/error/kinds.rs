//! The kinds of error of every stage, each with its stable code, its meaning and its remedy.

/// Declares the kinds of one stage; a code is the stage's name, a dot, and the kind's name. After it
/// stands what to do, as the end of a sentence. The comments are the meanings of `error_codes()`.
macro_rules! kinds {
    ($($(#[doc = $about:literal])+ $name:ident {
        $($(#[doc = $meaning:literal])+ $kind:ident = $code:literal: $remedy:literal,)+
    })+) => {
        $(
            $(#[doc = $about])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            #[non_exhaustive]
            pub enum $name { $($(#[doc = $meaning])+ $kind,)+ }

            impl $name {
                /// Every kind of this stage.
                pub const ALL: &'static [$name] = &[$($name::$kind,)+];

                /// The stable text for this kind, as [`Error::code`](crate::Error::code) gives it.
                #[must_use]
                pub const fn code(self) -> &'static str {
                    match self { $($name::$kind => $code,)+ }
                }

                /// What to do, to follow a semicolon.
                #[allow(dead_code)]
                pub(in crate::error) const fn remedy(self) -> &'static str {
                    match self { $($name::$kind => $remedy,)+ }
                }

                /// What all of them are about.
                const STAGE: &'static str = concat!($($about),+);

                /// What `error_codes()` has of this stage.
                pub(in crate::error) const CODES: &'static [$crate::error::ErrorCode] = &[$(
                    $crate::error::ErrorCode::new(
                        $code,
                        Self::STAGE,
                        concat!($($meaning),+),
                        $remedy,
                    ),
                )+];
            }
        )+
    };
}

mod connecting;
mod settings;

pub use connecting::{
    AuthErrorKind, CertificateErrorKind, ConnectErrorKind, HandshakeErrorKind, IoErrorKind,
    ProtocolErrorKind, ServerErrorKind, Step, TlsErrorKind,
};
pub use settings::{ConfigErrorKind, DsnErrorKind};

impl ServerErrorKind {
    /// What an error number means before and during the login, where it is about the connection
    /// and not about the account.
    pub(crate) fn of_number(number: u16) -> Option<Self> {
        match number {
            1040 => Some(ServerErrorKind::TooManyConnections),
            1053 => Some(ServerErrorKind::ShuttingDown),
            1129 => Some(ServerErrorKind::HostBlocked),
            1130 => Some(ServerErrorKind::HostNotAllowed),
            _ => None,
        }
    }

    /// What it means, to follow "refused the connection:".
    pub(super) const fn reason(self) -> &'static str {
        match self {
            ServerErrorKind::TooManyConnections => "it has no connection free",
            ServerErrorKind::HostBlocked => {
                "it blocks this client after too many broken connections"
            }
            ServerErrorKind::HostNotAllowed => "it has no account for this client's address",
            ServerErrorKind::ShuttingDown => "it is shutting down",
            ServerErrorKind::Refused => "it accepts no connection now",
            ServerErrorKind::Statement => "a first statement failed",
        }
    }
}

impl Step {
    /// The step in words, to follow "while".
    pub(super) const fn doing(self) -> &'static str {
        match self {
            Step::Resolve => "resolving the host name",
            Step::Dial => "opening the connection",
            Step::Greeting => "waiting for the server's greeting",
            Step::Tls => "in the TLS handshake",
            Step::Authentication => "logging in",
            Step::Setup => "running the first statements",
        }
    }
}
