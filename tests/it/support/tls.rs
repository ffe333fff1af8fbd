//! The scripted server's side of TLS: its certificate, what it asks of clients, what it offers.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{
    NoServerSessionStorage, ServerSessionMemoryCache, StoresServerSessions, WebPkiClientVerifier,
};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    CipherSuite, DigitallySignedStruct, DistinguishedName, Error, NamedGroup, RootCertStore,
    ServerConfig, SignatureScheme, SupportedCipherSuite, SupportedProtocolVersion,
};

use super::certs::Authority;
use super::issued::Issued;

/// The provider that the crate's features choose: aws-lc-rs if it is on, ring otherwise. Groups
/// are in the provider's order, except that X25519MLKEM768, where it exists, comes first.
pub fn provider() -> Arc<CryptoProvider> {
    #[cfg(feature = "aws-lc-rs")]
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "aws-lc-rs"))]
    let mut provider = rustls::crypto::ring::default_provider();
    // A stable sort, and `false` is less than `true`.
    provider.kx_groups.sort_by_key(|group| group.name() != NamedGroup::X25519MLKEM768);
    Arc::new(provider)
}

/// Sessions that clients may resume; two [`ServerTls`] with the same store share them.
pub type SessionStore = Arc<dyn StoresServerSessions>;

pub fn session_store() -> SessionStore {
    ServerSessionMemoryCache::new(64)
}

/// How the server does TLS. By default: TLS 1.2 and 1.3, every suite and group of the provider,
/// no client certificate asked for, sessions can be resumed.
#[derive(Clone)]
#[must_use]
pub struct ServerTls {
    issued: Issued,
    client_authorities: Vec<CertificateDer<'static>>,
    client_certificate_required: bool,
    any_client_certificate: bool,
    versions: Vec<&'static SupportedProtocolVersion>,
    suites: Option<Vec<CipherSuite>>,
    groups: Option<Vec<NamedGroup>>,
    alpn: Vec<Vec<u8>>,
    sessions: SessionStore,
    tickets: usize,
}

impl ServerTls {
    pub fn new(issued: &Issued) -> Self {
        Self {
            issued: issued.clone(),
            client_authorities: Vec::new(),
            client_certificate_required: false,
            any_client_certificate: false,
            versions: rustls::ALL_VERSIONS.to_vec(),
            suites: None,
            groups: None,
            alpn: Vec::new(),
            sessions: session_store(),
            tickets: 2,
        }
    }

    /// Asks for a client certificate of `ca`, goes on without, refuses one of another CA.
    pub fn ask_client_cert(mut self, ca: &Authority) -> Self {
        self.client_authorities.push(ca.der());
        self
    }

    /// As [`ServerTls::ask_client_cert`], for a CA of which there is only the certificate.
    pub fn ask_client_cert_of(mut self, ca: CertificateDer<'static>) -> Self {
        self.client_authorities.push(ca);
        self
    }

    /// Refuses clients that do not show a certificate of `ca`.
    pub fn require_client_cert(mut self, ca: &Authority) -> Self {
        self.client_certificate_required = true;
        self.ask_client_cert(ca)
    }

    /// Asks for a client certificate and takes any, of whatever shape, without a look at its
    /// signature or at that of the handshake.
    pub fn any_client_cert(mut self) -> Self {
        self.any_client_certificate = true;
        self
    }

    pub fn only_tls12(mut self) -> Self {
        self.versions = vec![&rustls::version::TLS12];
        self
    }

    pub fn only_tls13(mut self) -> Self {
        self.versions = vec![&rustls::version::TLS13];
        self
    }

    /// The cipher suites, in this order.
    pub fn cipher_suites(mut self, suites: &[CipherSuite]) -> Self {
        self.suites = Some(suites.to_vec());
        self
    }

    /// The key-exchange groups, in this order.
    pub fn groups(mut self, groups: &[NamedGroup]) -> Self {
        self.groups = Some(groups.to_vec());
        self
    }

    pub fn alpn(mut self, protocols: &[&[u8]]) -> Self {
        self.alpn = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        self
    }

    /// No tickets and no session ids: every handshake is a full one.
    pub fn no_resumption(mut self) -> Self {
        self.sessions = Arc::new(NoServerSessionStorage {});
        self.tickets = 0;
        self
    }

    /// Shares its sessions with other configurations, for example one with a newer certificate.
    pub fn sessions(mut self, store: &SessionStore) -> Self {
        self.sessions = Arc::clone(store);
        self
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(self.provider());
        let key = provider
            .key_provider
            .load_private_key(self.issued.key_der())
            .expect("the provider knows every kind of key that is made here");
        // Not `with_single_cert`: it refuses odd certificates, and odd ones are the point.
        let certified = CertifiedKey::new(self.issued.chain.clone(), key);
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&self.versions)
            .expect("a suite for each version")
            .with_client_cert_verifier(self.client_verifier(provider))
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols.clone_from(&self.alpn);
        config.session_storage = Arc::clone(&self.sessions);
        config.send_tls13_tickets = self.tickets;
        Arc::new(config)
    }

    fn provider(&self) -> CryptoProvider {
        let mut provider = provider().as_ref().clone();
        if let Some(suites) = &self.suites {
            provider.cipher_suites =
                pick(&provider.cipher_suites, suites, SupportedCipherSuite::suite);
        }
        if let Some(groups) = &self.groups {
            provider.kx_groups = pick(&provider.kx_groups, groups, |known| known.name());
        }
        provider
    }

    fn client_verifier(&self, provider: Arc<CryptoProvider>) -> Arc<dyn ClientCertVerifier> {
        if self.any_client_certificate {
            return Arc::new(AnyClient(provider));
        }
        if self.client_authorities.is_empty() {
            return WebPkiClientVerifier::no_client_auth();
        }
        let mut roots = RootCertStore::empty();
        for authority in &self.client_authorities {
            roots.add(authority.clone()).expect("client CA");
        }
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        if self.client_certificate_required {
            builder.build()
        } else {
            builder.allow_unauthenticated().build()
        }
        .expect("client verifier")
    }
}

/// Takes every client certificate; rustls' own verifier knows X.509 version 3 alone.
#[derive(Debug)]
struct AnyClient(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The known things that are wanted, in the order wanted.
fn pick<T: Copy, N: PartialEq + std::fmt::Debug>(
    known: &[T],
    wanted: &[N],
    name: impl Fn(&T) -> N,
) -> Vec<T> {
    let find = |wanted: &N| known.iter().copied().find(|known| name(known) == *wanted);
    wanted
        .iter()
        .map(|wanted| find(wanted).unwrap_or_else(|| panic!("the provider lacks {wanted:?}")))
        .collect()
}

/// The suite's name as OpenSSL, and so MySQL's `Ssl_cipher`, writes it.
pub(super) fn openssl_name(suite: CipherSuite) -> String {
    let iana = iana_name(suite);
    // TLS 1.3 names have no key exchange and no "WITH"; they are the same in both worlds.
    match iana.split_once("_WITH_") {
        None => iana,
        Some((exchange, cipher)) => {
            let exchange = exchange.trim_start_matches("TLS_").replace('_', "-");
            let cipher = cipher
                .replace("CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305")
                .replace("AES_", "AES")
                .replace('_', "-");
            format!("{exchange}-{cipher}")
        }
    }
}

pub(super) fn iana_name(suite: CipherSuite) -> String {
    // rustls writes TLS13_AES_128_GCM_SHA256 for what the registry calls TLS_AES_128_GCM_SHA256.
    suite.as_str().unwrap_or("unknown").replace("TLS13_", "TLS_")
}
