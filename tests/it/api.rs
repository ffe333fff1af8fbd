//! Promises about the public types.

use std::fmt::Debug;

use mysql_tls::*;

fn shared<T: Send + Sync + Debug + 'static>() {}

#[test]
fn every_public_type_can_be_shared_and_shown() {
    shared::<ConnectionBuilder>();
    shared::<Connector>();
    shared::<Connection>();
    shared::<Session>();
    shared::<TlsSession>();
    shared::<PeerCertificate>();
    shared::<CertificateFile>();
    shared::<ClientIdentity>();
    shared::<Verification>();
    shared::<ClientCertificate>();
    shared::<Claimed>();
    shared::<Timings>();
    shared::<Transport>();
    shared::<PlaintextReason>();
    shared::<PasswordSent>();
    shared::<Product>();
    shared::<Probe>();
    shared::<ProbeOffer>();
    shared::<Difference>();
    shared::<Compared>();
    shared::<ServerTlsStatus>();
    shared::<CloseReason>();
    shared::<Password>();
    shared::<SslMode>();
    shared::<ParseSslModeError>();
    shared::<DsnKey>();
    shared::<Error>();
    shared::<ErrorCode>();
    shared::<DsnError>();
    shared::<ConfigError>();
    shared::<ConnectError>();
    shared::<ServerError>();
    shared::<TlsError>();
    shared::<CertificateError>();
    shared::<HandshakeError>();
    shared::<AuthError>();
    shared::<ProtocolError>();
    shared::<TimeoutError>();
    shared::<IoError>();
    shared::<DsnErrorKind>();
    shared::<ConfigErrorKind>();
    shared::<ConnectErrorKind>();
    shared::<ServerErrorKind>();
    shared::<TlsErrorKind>();
    shared::<CertificateErrorKind>();
    shared::<HandshakeErrorKind>();
    shared::<AuthErrorKind>();
    shared::<ProtocolErrorKind>();
    shared::<IoErrorKind>();
    shared::<Step>();
    shared::<ProviderError>();
    shared::<ServerReply>();
    shared::<Attempt>();
}

#[test]
fn a_connector_is_cheap_to_clone() {
    fn clone<T: Clone>() {}
    clone::<Connector>();
    assert_eq!(size_of::<Connector>(), size_of::<usize>());
}
