//! TLS failures in words that name the remedy.

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError as Fault, PeerIncompatible};

use super::verifier::{Check, Verifier};
use crate::error::{
    CertificateError, CertificateErrorKind, Error, HandshakeError, HandshakeErrorKind, IoErrorKind,
};
use crate::material::{ClientIdentity, GivenRoots, RootCerts};
use crate::session::PeerCertificate;
use crate::text::{list, peer_text, rfc3339};

/// What is known of a handshake that failed.
pub(super) struct Context<'a> {
    pub(super) name: &'a ServerName<'static>,
    pub(super) verifier: &'a Verifier,
    /// The chain that the server sent, leaf first.
    pub(super) chain: &'a [CertificateDer<'static>],
    /// Whether the server asked for a client certificate.
    pub(super) requested: bool,
    /// The client certificate, where it was presented.
    pub(super) presented: Option<&'a ClientIdentity>,
    /// Whether the handshake itself went through.
    pub(super) completed: bool,
}

impl Context<'_> {
    fn host(&self) -> String {
        self.name.to_str().into_owned()
    }

    fn roots(&self) -> Option<&RootCerts> {
        match self.verifier.check() {
            Check::Nothing => None,
            Check::Chain(roots) | Check::ChainAndName(roots) => Some(roots),
        }
    }

    fn leaf(&self) -> Option<PeerCertificate> {
        self.chain.first().map(|leaf| PeerCertificate::of(leaf))
    }

    fn verifies_with(&self, verifier: &Verifier) -> bool {
        self.chain.split_first().is_some_and(|(leaf, intermediates)| {
            verifier.verify(leaf, intermediates, self.name, UnixTime::now()).is_ok()
        })
    }
}

/// The error of ours for an error of rustls.
pub(super) fn explain(error: rustls::Error, context: &Context<'_>) -> Error {
    match &error {
        rustls::Error::InvalidCertificate(fault) => certificate(fault, context)
            .map(|ours| ours.because(error.clone()).into())
            .unwrap_or_else(|| bad_signature(context).because(error).into()),
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
        ) => old_versions_only(&host),
        rustls::Error::PeerIncompatible(_) => HandshakeError::new(
            HandshakeErrorKind::NoCommonCipher,
            format!("{host} and this client have no TLS parameters in common: {error}"),
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

fn old_versions_only(host: &str) -> HandshakeError {
    HandshakeError::new(
        HandshakeErrorKind::NoCommonVersion,
        format!(
            "{host} speaks only TLS versions older than 1.2 (MySQL 5.6 and 5.7.0 to 5.7.27 do), \
             which are broken; upgrade the server or put a TLS proxy in front of it"
        ),
    )
}

fn bad_signature(context: &Context<'_>) -> HandshakeError {
    HandshakeError::new(
        HandshakeErrorKind::BadSignature,
        format!(
            "{} does not hold the private key of the certificate it shows, or signs with an \
             unsupported key (RSA below 2048 bits); if its own files are right, somebody sits in \
             between",
            context.host()
        ),
    )
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
        (Alert::ProtocolVersion, _) => old_versions_only(&host),
        (_, Some(identity)) if about_certificates => HandshakeError::new(
            HandshakeErrorKind::ClientCertificateRefused,
            format!(
                "{host} refused the client certificate \"{}\" from {} (alert {name}); it has to be \
                 issued by the CA in the server's ssl-ca and be valid",
                identity.subject, identity.source
            ),
        ),
        (Alert::CertificateRequired, _) => certificate_required(&host, name),
        (_, None) if about_certificates && context.requested => certificate_required(&host, name),
        (Alert::HandshakeFailure | Alert::InsufficientSecurity, _) => HandshakeError::new(
            HandshakeErrorKind::NoCommonCipher,
            format!(
                "{host} shares no cipher suite or key-exchange group with this client (alert \
                 {name}); it was offered the AES-GCM and CHACHA20-POLY1305 suites of TLS 1.2 and \
                 1.3 with ECDHE"
            ),
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

/// `None` where the fault is not the certificate's but the handshake signature's.
fn certificate(fault: &Fault, context: &Context<'_>) -> Option<CertificateError> {
    use CertificateErrorKind as Kind;
    let host = context.host();
    let leaf = context.leaf();
    let subject = leaf.as_ref().map_or("unknown", PeerCertificate::subject);
    let told = |kind, message: String| Some(CertificateError::new(kind, message));
    match fault {
        Fault::UnknownIssuer => Some(unknown_issuer(context, leaf.as_ref())),
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => {
            Some(wrong_name(context, leaf.as_ref()))
        }
        Fault::Expired | Fault::ExpiredContext { .. } => {
            let end = leaf.as_ref().map_or_else(String::new, |leaf| {
                format!(": \"{subject}\" was valid until {}", rfc3339(leaf.not_after()))
            });
            told(
                Kind::Expired,
                format!(
                    "the certificate of {host}, or one above it, expired{end}; renew it on the \
                     server, and check this machine's clock"
                ),
            )
        }
        Fault::NotValidYet | Fault::NotValidYetContext { .. } => {
            let start = leaf.as_ref().map_or_else(String::new, |leaf| {
                format!(": \"{subject}\" is valid from {}", rfc3339(leaf.not_before()))
            });
            told(
                Kind::NotYetValid,
                format!(
                    "the certificate of {host}, or one above it, is not valid yet{start}; check \
                     this machine's clock"
                ),
            )
        }
        Fault::Revoked => {
            told(Kind::Revoked, format!("the certificate of {host}, \"{subject}\", was revoked"))
        }
        Fault::InvalidPurpose | Fault::InvalidPurposeContext { .. } => told(
            Kind::WrongPurpose,
            format!(
                "the certificate of {host}, \"{subject}\", is not for TLS servers: its extended \
                 key usage lacks serverAuth"
            ),
        ),
        Fault::BadSignature if context.verifies_with(context.verifier) => None,
        Fault::UnsupportedSignatureAlgorithmContext { .. }
        | Fault::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
            if context.verifies_with(context.verifier) =>
        {
            None
        }
        Fault::Other(other) => match other.0.downcast_ref::<webpki::Error>() {
            Some(webpki::Error::CaUsedAsEndEntity) => told(
                Kind::CaAsServer,
                format!(
                    "{host} shows a CA's certificate, \"{subject}\", as its own; give the server a \
                     certificate that this CA issued"
                ),
            ),
            Some(webpki::Error::UnsupportedCertVersion) => told(
                Kind::Unsupported,
                format!(
                    "the certificate of {host}, \"{subject}\", is of X.509 version 1, which is not \
                     supported; make it anew with extensions (openssl x509 -req -extfile ...)"
                ),
            ),
            other => told(
                Kind::Invalid,
                format!(
                    "the certificate of {host}, \"{subject}\", cannot be accepted: {}",
                    other.map_or_else(|| "unknown reason".to_owned(), |error| format!("{error:?}")),
                ),
            ),
        },
        other => told(
            Kind::Invalid,
            format!(
                "the certificate of {host}, \"{subject}\", cannot be accepted: {}",
                peer_text(other.to_string().as_bytes())
            ),
        ),
    }
}

fn unknown_issuer(context: &Context<'_>, leaf: Option<&PeerCertificate>) -> CertificateError {
    let host = context.host();
    // What the last certificate that the server sent lacks, not what the first does.
    let top = context.chain.last().map(|certificate| PeerCertificate::of(certificate));
    let issuer = top.as_ref().or(leaf).map_or("unknown", PeerCertificate::issuer);
    let new = |message| CertificateError::new(CertificateErrorKind::UnknownIssuer, message);
    match context.roots() {
        Some(RootCerts::Given(given)) => new(format!(
            "the certificate of {host} is issued by \"{issuer}\", which is not among the CAs in {} \
             ({}){}",
            given.source,
            anchors(given),
            hint(context, given)
        ))
        .issued_by(issuer, given.subjects.clone()),
        _ if top
            .as_ref()
            .is_some_and(|top| top.subject() == top.issuer() && context.chain.len() == 1) =>
        {
            new(format!(
                "the certificate of {host}, \"{issuer}\", is self-signed; give that certificate as \
                 ssl-ca, or, where it is made anew at each start (TiDB's auto-tls), configure \
                 ssl-cert and ssl-key on the server, or use ssl-mode=REQUIRED, which encrypts \
                 without verifying"
            ))
            .issued_by(issuer, Vec::new())
        }
        _ => new(format!(
            "the certificate of {host} is issued by \"{issuer}\", which is not a public CA; set \
             ssl-ca to that CA's file"
        ))
        .issued_by(issuer, Vec::new()),
    }
}

fn anchors(given: &GivenRoots) -> String {
    const SHOWN: usize = 3;
    let quoted: Vec<String> =
        given.subjects.iter().take(SHOWN).map(|subject| format!("\"{subject}\"")).collect();
    match given.subjects.len().saturating_sub(SHOWN) {
        0 => list(&quoted),
        more => format!("{} and {more} more", quoted.join(", ")),
    }
}

fn hint(context: &Context<'_>, given: &GivenRoots) -> &'static str {
    let public = context.verifier.with_roots(RootCerts::Public);
    if context.verifies_with(&public) {
        "; the public CAs vouch for it, so leave ssl-ca out and use ssl-mode=VERIFY_IDENTITY"
    } else if given.only_intermediates() {
        "; that file holds only intermediate CAs, add the root"
    } else {
        "; set ssl-ca to the file of the CA that issued it"
    }
}

fn wrong_name(context: &Context<'_>, leaf: Option<&PeerCertificate>) -> CertificateError {
    let host = context.host();
    let presented: Vec<String> = leaf.map_or_else(Vec::new, |leaf| {
        let common = leaf.common_names().iter().map(|name| format!("CN:{name}"));
        leaf.subject_alt_names().iter().cloned().chain(common).collect()
    });
    let usable = leaf.is_some_and(|leaf| {
        let mut names = leaf.subject_alt_names().iter();
        names.any(|name| name.starts_with("DNS:") || name.starts_with("IP:"))
    });
    let mut advice = if usable {
        "connect by one of its DNS or IP names".to_owned()
    } else {
        format!(
            "it has no DNS or IP subject alternative name, and a common name (CN) does not count; \
             issue it with one for {host}"
        )
    };
    if let Some(RootCerts::Given(_)) = context.roots() {
        advice.push_str(", or, if this CA issues for this server only, use ssl-mode=VERIFY_CA");
    }
    CertificateError::new(
        CertificateErrorKind::WrongName,
        format!(
            "the certificate of {host} is not for that name but for {}; {advice}",
            list(&presented)
        ),
    )
    .names(&host, presented)
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
