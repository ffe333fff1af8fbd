//! What ended a connection, in our words.

use super::job::Job;
use crate::connect::Plan;
use crate::connect::link::Failure;
use crate::error::{
    AuthError, AuthErrorKind, Error, HandshakeErrorKind, IoError, IoErrorKind, ServerError,
    ServerErrorKind, ServerReply,
};

/// The server closed the connection during the login.
pub(super) fn closed(job: &Job) -> Error {
    IoError::new(
        IoErrorKind::Closed,
        format!(
            "{} closed the connection during the login; its log may say why",
            job.deadline.server()
        ),
    )
    .into()
}

/// A failure of the server's side, during the login or after it, in our words.
pub(super) fn server_failure(failure: Failure, job: &Job) -> Error {
    let server = job.deadline.server();
    match failure {
        Failure::Tls(error) => match &job.plan {
            Plan::Tls(tls) => tls.explain(error),
            Plan::Plaintext(_) => Error::handshake(HandshakeErrorKind::Failed, error.to_string()),
        },
        Failure::Truncated => IoError::new(
            IoErrorKind::Closed,
            format!(
                "{server} closed the connection without TLS close_notify: it crashed, or the \
                 connection was cut"
            ),
        )
        .into(),
        Failure::Io(error) => {
            IoError::new(IoErrorKind::Broken, format!("the connection to {server} broke"))
                .because(error)
                .into()
        }
    }
}

/// What an ERR packet of the login means.
pub(super) fn refused(reply: ServerReply, job: &Job) -> Error {
    use AuthErrorKind as Kind;
    let server = job.deadline.server();
    let plaintext = matches!(job.plan, Plan::Plaintext(_));
    // 1105 is TiDB's number for whatever has no other.
    let cloud = reply.code() == 1105 && reply.text().to_lowercase().contains("insecure transport");
    if let Some(kind) = ServerErrorKind::of_number(reply.code()) {
        return ServerError::refused(server, kind, reply).into();
    }
    let (kind, advice) = match reply.code() {
        1045 | 1698 => (
            Kind::AccessDenied,
            if matches!(&job.plan, Plan::Tls(tls) if tls.identity().is_none()) {
                "check user, password and the host that the account is for; no client certificate \
                 was given: if the account has REQUIRE X509, SUBJECT, ISSUER, SAN or CIPHER, set \
                 ssl-cert and ssl-key"
            } else if plaintext {
                "check user, password and the host that the account is for; an account with \
                 REQUIRE SSL or X509 needs TLS, as does every account of a MariaDB with \
                 require_secure_transport"
            } else {
                "check user, password, the host that the account is for, and whether it has a \
                 REQUIRE clause (X509, SUBJECT, ISSUER, SAN, CIPHER) that the client certificate \
                 does not meet"
            },
        ),
        1044 | 1049 => (Kind::Database, "check the database's name and the account's privileges"),
        1862 | 1820 => (Kind::PasswordExpired, "the password expired; set a new one"),
        3118 | 3955 => {
            (Kind::AccountLocked, "the account is locked; ALTER USER ... ACCOUNT UNLOCK opens it")
        }
        3159 => {
            (Kind::SecureTransportRequired, "it accepts TLS only; add ssl-mode=VERIFY_IDENTITY")
        }
        _ if cloud => (
            Kind::SecureTransportRequired,
            "a TiDB Cloud endpoint accepts TLS only; add ssl-mode=VERIFY_IDENTITY",
        ),
        _ => (Kind::Refused, "its own words say why"),
    };
    AuthError::new(kind, format!("{server} refused the login: {advice}; {reply}"))
        .with_reply(reply)
        .into()
}
