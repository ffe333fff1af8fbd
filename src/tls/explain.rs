//! TLS failures in words that name the remedy.

mod certificate;

use rustls::pki_types::CertificateDer;
use rustls::{AlertDescription, CertificateError, PeerIncompatible};

use super::offer::Offer;
use super::verifier::Verifier;
use crate::error::{Error, HandshakeError, HandshakeErrorKind, IoErrorKind};
use crate::material::CertifiedIdentity;
use crate::session::PeerCertificate;
use crate::text::{peer_text, rfc3339};

/// What is known of a handshake that failed.
pub(super) struct Context<'a> {
    /// The server, as the caller named it.
    pub(super) server: &'a str,
    pub(super) verifier: &'a Verifier,
    pub(super) offer: &'a Offer,
    /// The chain that the server sent, leaf first.
    pub(super) chain: &'a [CertificateDer<'static>],
    /// Whether the server asked for a client certificate.
    pub(super) requested: bool,
    /// The client certificate, where it was presented.
    pub(super) presented: Option<&'a CertifiedIdentity>,
    /// Whether the handshake itself went through.
    pub(super) completed: bool,
}

impl Context<'_> {
    fn host(&self) -> &str {
        self.server
    }

    fn leaf(&self) -> Option<PeerCertificate> {
        self.chain.first().map(|leaf| PeerCertificate::of(leaf))
    }
}

/// The error of ours for an error of rustls.
pub(super) fn explain(error: rustls::Error, context: &Context<'_>) -> Error {
    match &error {
        // The verifier leaves these for the signature in the handshake.
        rustls::Error::InvalidCertificate(
            CertificateError::BadSignature
            | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
        ) => bad_signature(context).because(error).into(),
        rustls::Error::InvalidCertificate(fault) => {
            certificate::explain(fault, context).because(error.clone()).into()
        }
        rustls::Error::AlertReceived(alert) => received(*alert, context).because(error).into(),
        _ if context.completed => {
            let message = format!("the TLS connection to {} broke: {error}", context.host());
            Error::io(IoErrorKind::Broken, message, error)
        }
        _ => handshake(&error, context).because(error).into(),
    }
}

fn handshake(error: &rustls::Error, context: &Context<'_>) -> HandshakeError {
    let host = context.host();
    match error {
        rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => no_common_version(context),
        rustls::Error::PeerIncompatible(_) => HandshakeError::new(
            HandshakeErrorKind::NoCommonCipher,
            nothing_in_common(context, &error.to_string()),
        ),
        rustls::Error::InvalidMessage(_) => HandshakeError::new(
            HandshakeErrorKind::NotTls,
            format!("{host} offered TLS and then sent something that is not TLS"),
        ),
        _ => HandshakeError::new(
            HandshakeErrorKind::Failed,
            format!(
                "the TLS handshake with {host} failed: {}",
                peer_text(error.to_string().as_bytes())
            ),
        ),
    }
}

fn no_common_version(context: &Context<'_>) -> HandshakeError {
    let host = context.host();
    let message = if context.offer.versions.len() == 2 {
        format!(
            "{host} speaks only TLS versions older than 1.2 (MySQL 5.6 and 5.7.0 to 5.7.27 do), \
             which are broken; upgrade the server or put a TLS proxy in front of it"
        )
    } else {
        format!(
            "{host} does not speak {}, the only version that tls-version leaves; add the other, \
             tls-version=TLSv1.2,TLSv1.3",
            context.offer.versions()
        )
    };
    HandshakeError::new(HandshakeErrorKind::NoCommonVersion, message)
}

fn nothing_in_common(context: &Context<'_>, said: &str) -> String {
    format!(
        "{} shares no cipher suite or key-exchange group with this client ({said}); it was offered \
         {}; give the server a certificate of RSA or ECDSA and suites with forward secrecy, and look \
         at tls-version, ssl-cipher and tls-ciphersuites where they are set",
        context.host(),
        context.offer.describe()
    )
}

fn bad_signature(context: &Context<'_>) -> HandshakeError {
    let host = context.host();
    let weak = context.leaf().and_then(|leaf| leaf.weak_key());
    let message = match weak {
        Some(key) => format!(
            "{host} has a certificate with a key of {key}, which cannot be used here; give it one \
             of RSA with 2048 bits or more, or of ECDSA"
        ),
        None => format!(
            "{host} does not hold the private key of the certificate it shows; if its own files \
             are right, somebody sits in between"
        ),
    };
    HandshakeError::new(HandshakeErrorKind::BadSignature, message)
}

fn received(alert: AlertDescription, context: &Context<'_>) -> HandshakeError {
    use AlertDescription as Alert;
    let name = alert_name(alert);
    let host = context.host();
    let about_certificates = matches!(
        alert,
        Alert::UnknownCA
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::AccessDenied
            | Alert::DecryptError
            | Alert::HandshakeFailure
    );
    let error = match (alert, context.presented) {
        (Alert::ProtocolVersion, _) => no_common_version(context),
        (_, Some(identity)) if about_certificates => HandshakeError::new(
            HandshakeErrorKind::ClientCertificateRefused,
            format!(
                "{host} refused the client certificate \"{}\" from {} (alert {name}); it has to be \
                 issued by the CA in the server's ssl-ca and be valid (it is until {})",
                identity.facts.subject,
                identity.source,
                rfc3339(identity.facts.not_after)
            ),
        ),
        (Alert::CertificateRequired, _) => certificate_required(host, name),
        (_, None) if about_certificates && context.requested => certificate_required(host, name),
        (Alert::HandshakeFailure | Alert::InsufficientSecurity, _) => HandshakeError::new(
            HandshakeErrorKind::NoCommonCipher,
            nothing_in_common(context, &format!("alert {name}")),
        ),
        _ => HandshakeError::new(
            HandshakeErrorKind::Alert,
            format!("{host} ended the TLS connection with the alert {name}"),
        ),
    };
    error.with_alert(name)
}

fn certificate_required(host: &str, alert: &str) -> HandshakeError {
    HandshakeError::new(
        HandshakeErrorKind::ClientCertificateRequired,
        format!(
            "{host} demands a client certificate and none was given (alert {alert}); set ssl-cert \
             and ssl-key (TiDB demands one of everybody when its certificates were loaded while \
             require_secure_transport was ON)"
        ),
    )
}

/// An alert by its name in RFC 8446, section 6.
fn alert_name(alert: AlertDescription) -> &'static str {
    use AlertDescription as Alert;
    match alert {
        Alert::CloseNotify => "close_notify",
        Alert::UnexpectedMessage => "unexpected_message",
        Alert::BadRecordMac => "bad_record_mac",
        Alert::DecryptionFailed => "decryption_failed",
        Alert::RecordOverflow => "record_overflow",
        Alert::HandshakeFailure => "handshake_failure",
        Alert::BadCertificate => "bad_certificate",
        Alert::UnsupportedCertificate => "unsupported_certificate",
        Alert::CertificateRevoked => "certificate_revoked",
        Alert::CertificateExpired => "certificate_expired",
        Alert::CertificateUnknown => "certificate_unknown",
        Alert::IllegalParameter => "illegal_parameter",
        Alert::UnknownCA => "unknown_ca",
        Alert::AccessDenied => "access_denied",
        Alert::DecodeError => "decode_error",
        Alert::DecryptError => "decrypt_error",
        Alert::ProtocolVersion => "protocol_version",
        Alert::InsufficientSecurity => "insufficient_security",
        Alert::InternalError => "internal_error",
        Alert::InappropriateFallback => "inappropriate_fallback",
        Alert::UserCanceled => "user_canceled",
        Alert::NoRenegotiation => "no_renegotiation",
        Alert::MissingExtension => "missing_extension",
        Alert::UnsupportedExtension => "unsupported_extension",
        Alert::UnrecognisedName => "unrecognized_name",
        Alert::UnknownPSKIdentity => "unknown_psk_identity",
        Alert::CertificateRequired => "certificate_required",
        Alert::NoApplicationProtocol => "no_application_protocol",
        _ => "unknown_alert",
    }
}
