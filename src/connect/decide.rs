//! What an ssl-mode means for one server: the only place that compares modes with what is offered.

use crate::error::{Error, TlsError, TlsErrorKind};
use crate::session::{PlaintextReason, Transport};
use crate::ssl_mode::SslMode;

/// What to do after the greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Plaintext(Transport),
    Tls,
}

/// The ssl-mode demands TLS and the server has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotOffered {
    mode: SslMode,
}

/// Decides for a mode, whether the greeting offers TLS, and whether the server was reached over a
/// Unix socket.
pub(super) fn decide(
    mode: SslMode,
    offers_tls: bool,
    unix_socket: bool,
) -> Result<Decision, NotOffered> {
    use SslMode::{Disabled, Preferred, Required, VerifyCa, VerifyIdentity};
    match (mode, unix_socket, offers_tls) {
        (Disabled | Preferred, true, _) => Ok(Decision::Plaintext(Transport::UnixSocket)),
        (Disabled, false, _) => {
            Ok(Decision::Plaintext(Transport::Plaintext(PlaintextReason::Disabled)))
        }
        (Preferred, false, false) => {
            Ok(Decision::Plaintext(Transport::Plaintext(PlaintextReason::NotOffered)))
        }
        (Preferred, false, true) | (Required | VerifyCa | VerifyIdentity, _, true) => {
            Ok(Decision::Tls)
        }
        (Required | VerifyCa | VerifyIdentity, _, false) => Err(NotOffered { mode }),
    }
}

/// The decision, where it is the same after every greeting that is not refused.
#[cfg(feature = "mysql")]
pub(super) fn foregone(mode: SslMode, unix_socket: bool) -> Option<Decision> {
    match (decide(mode, true, unix_socket), decide(mode, false, unix_socket)) {
        (Ok(offered), Ok(not_offered)) if offered != not_offered => None,
        (decided, _) => decided.ok(),
    }
}

impl Decision {
    #[cfg(feature = "mysql")]
    pub(super) fn transport(self) -> Transport {
        match self {
            Decision::Tls => Transport::Tls,
            Decision::Plaintext(transport) => transport,
        }
    }
}

impl NotOffered {
    pub(super) fn into_error(self, server: &str) -> Error {
        TlsError::new(
            TlsErrorKind::NotOffered,
            format!(
                "{server} does not offer TLS, which ssl-mode={} demands; configure a certificate on \
                 the server (TiDB: ssl-cert and ssl-key, or auto-tls), or, if it never had one, \
                 somebody may have removed the offer on the way",
                self.mode
            ),
        )
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell() {
        use SslMode::{Disabled, Preferred, Required, VerifyCa, VerifyIdentity};
        let disabled = Some(Decision::Plaintext(Transport::Plaintext(PlaintextReason::Disabled)));
        let fallback = Some(Decision::Plaintext(Transport::Plaintext(PlaintextReason::NotOffered)));
        let local = Some(Decision::Plaintext(Transport::UnixSocket));
        let tls = Some(Decision::Tls);
        // mode, then: TCP with TLS offered, TCP without, socket with, socket without
        let table = [
            (Disabled, [disabled, disabled, local, local]),
            (Preferred, [tls, fallback, local, local]),
            (Required, [tls, None, tls, None]),
            (VerifyCa, [tls, None, tls, None]),
            (VerifyIdentity, [tls, None, tls, None]),
        ];
        for (mode, cells) in table {
            let situations = [(true, false), (false, false), (true, true), (false, true)];
            for ((offers_tls, socket), expected) in situations.into_iter().zip(cells) {
                let decided = decide(mode, offers_tls, socket);
                assert_eq!(decided.ok(), expected, "{mode} {offers_tls} {socket}");
            }
        }
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn only_over_tcp_and_without_a_demand_is_the_greeting_waited_for() {
        use SslMode::{Disabled, Preferred, Required, VerifyCa, VerifyIdentity};
        let disabled = Some(Decision::Plaintext(Transport::Plaintext(PlaintextReason::Disabled)));
        let local = Some(Decision::Plaintext(Transport::UnixSocket));
        let tls = Some(Decision::Tls);
        let table = [
            (Disabled, [disabled, local]),
            (Preferred, [None, local]),
            (Required, [tls, tls]),
            (VerifyCa, [tls, tls]),
            (VerifyIdentity, [tls, tls]),
        ];
        for (mode, cells) in table {
            assert_eq!([false, true].map(|socket| foregone(mode, socket)), cells, "{mode}");
        }
    }

    #[test]
    fn the_refusal_names_mode_and_server() {
        let error = decide(SslMode::VerifyCa, false, false).unwrap_err().into_error("db:4000");
        assert_eq!(error.code(), "tls.not-offered");
        assert!(
            error.to_string().starts_with("db:4000 does not offer TLS, which ssl-mode=VERIFY_CA")
        );
    }
}
