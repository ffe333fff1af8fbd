//! Material and policy become the TLS state of a connector.

mod explain;
mod names;
mod observed;
mod provider;
mod verifier;

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, version};

pub(crate) use provider::crypto_provider;
use verifier::{Check, Verifier};

use crate::error::{ConfigErrorKind, Error, HandshakeErrorKind};
use crate::material::{ClientIdentity, RootCerts};
use crate::session::{ClientCertificate, PeerCertificate, TlsSession, Verification};

/// What is checked of the server's certificate.
#[derive(Clone, Debug)]
pub(crate) enum Policy {
    /// Only that the peer holds the key of the certificate it shows.
    Unverified,
    /// That one of these anchors issued it.
    Chain(RootCerts),
    /// That, and that it is for this host.
    ChainAndName(RootCerts),
}

/// How many server names a ticket store holds; one connector talks to one.
const TICKET_NAMES: usize = 8;

/// Everything that the TLS connections of one connector share.
///
/// Verifier and resolver never change: rustls resumes a session only under the very same ones, so
/// that a ticket cannot cross policies.
#[derive(Debug)]
pub(crate) struct TlsState {
    config: Arc<ClientConfig>,
    verifier: Arc<Verifier>,
    identity: Option<Arc<ClientIdentity>>,
    server_name: ServerName<'static>,
    /// What a full handshake told of the client certificate; a resumed one tells nothing.
    client_certificate: Mutex<ClientCertificate>,
    /// The facts of the chain seen last: the next is mostly the same.
    peer: Mutex<Vec<PeerCertificate>>,
}

impl TlsState {
    /// Makes the state for one server. `host` is the name to verify and to send as SNI.
    pub(crate) fn new(
        host: &str,
        policy: Policy,
        identity: Option<ClientIdentity>,
    ) -> Result<Self, Error> {
        let server_name = server_name(host)?;
        let provider = crypto_provider();
        let identity = identity.map(Arc::new);
        let check = match &policy {
            Policy::Unverified => Check::Nothing,
            Policy::Chain(roots) => Check::Chain(roots.clone()),
            Policy::ChainAndName(roots) => Check::ChainAndName(roots.clone()),
        };
        let verifier = Arc::new(Verifier::new(check, provider.signature_verification_algorithms));
        let resolver: Arc<dyn ResolvesClientCert> =
            Arc::new(observed::Resolver::new(identity.clone()));
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(|error| {
                Error::handshake(
                    HandshakeErrorKind::Failed,
                    format!("the TLS library refused its own configuration: {error}"),
                )
            })?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_client_cert_resolver(resolver);
        config.resumption = Resumption::in_memory_sessions(TICKET_NAMES);
        Ok(TlsState {
            config: Arc::new(config),
            verifier,
            identity,
            server_name,
            client_certificate: Mutex::default(),
            peer: Mutex::default(),
        })
    }

    /// A new connection; its key shares are made here. What the callbacks see until
    /// [`finish`](Self::finish) or [`explain`](Self::explain) is recorded for this thread.
    pub(crate) fn connection(&self) -> Result<ClientConnection, Error> {
        observed::begin();
        ClientConnection::new(Arc::clone(&self.config), self.server_name.clone())
            .map_err(|error| self.explain(error))
    }

    /// Tells what a completed handshake negotiated. A resumed one is verified again, so that
    /// expiry holds.
    pub(crate) fn finish(&self, connection: &ClientConnection) -> Result<TlsSession, Error> {
        let observed = observed::take();
        let chain = connection.peer_certificates().unwrap_or_default();
        let resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
        let client_certificate = if resumed {
            self.verify_again(chain)?;
            self.client_certificate.lock().unwrap_or_else(PoisonError::into_inner).clone()
        } else {
            let told = ClientCertificate {
                requested: observed.requested,
                presented: self
                    .identity
                    .as_ref()
                    .filter(|_| observed.presented)
                    .map(|identity| identity.subject.clone()),
            };
            self.client_certificate
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone_from(&told);
            told
        };
        observed::completed();
        let suite = connection.negotiated_cipher_suite();
        Ok(TlsSession {
            version: names::version(connection.protocol_version()),
            cipher: suite.map_or("unknown", |suite| names::iana(suite.suite())),
            cipher_openssl: suite.map_or("unknown", |suite| names::openssl(suite.suite())),
            group: connection
                .negotiated_key_exchange_group()
                .map(|group| names::group(group.name())),
            resumed,
            hello_retry: connection.handshake_kind()
                == Some(HandshakeKind::FullWithHelloRetryRequest),
            sni: match &self.server_name {
                ServerName::DnsName(name) => Some(name.as_ref().to_owned()),
                _ => None,
            },
            peer: self.facts(chain),
            verified: self.verified(),
            client_certificate,
        })
    }

    /// The error behind a failed handshake, or a failed read after it, in our words.
    pub(crate) fn explain(&self, error: rustls::Error) -> Error {
        let observed = observed::take();
        // Under TLS 1.3 a client certificate is refused after the handshake.
        let first = self.client_certificate.lock().unwrap_or_else(PoisonError::into_inner);
        let told = observed.completed.then_some(&*first);
        let presented = observed.presented || told.is_some_and(|told| told.presented.is_some());
        explain::explain(
            error,
            &explain::Context {
                name: &self.server_name,
                verifier: &self.verifier,
                chain: &observed.chain,
                requested: observed.requested || told.is_some_and(|told| told.requested),
                presented: self.identity.as_deref().filter(|_| presented),
                completed: observed.completed,
            },
        )
    }

    /// Whether there is a client certificate.
    pub(crate) fn has_identity(&self) -> bool {
        self.identity.is_some()
    }

    fn verify_again(&self, chain: &[CertificateDer<'static>]) -> Result<(), Error> {
        let verdict = match chain.split_first() {
            Some((leaf, intermediates)) => {
                observed::chain(leaf, intermediates);
                self.verifier.verify(leaf, intermediates, &self.server_name, UnixTime::now())
            }
            None => Err(rustls::Error::NoCertificatesPresented),
        };
        verdict.map_err(|error| self.explain(error))
    }

    fn facts(&self, chain: &[CertificateDer<'static>]) -> Vec<PeerCertificate> {
        let mut last = self.peer.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last.iter().map(PeerCertificate::der);
        if !known.eq(chain.iter().map(|certificate| &**certificate)) {
            *last = chain.iter().map(|certificate| PeerCertificate::of(certificate)).collect();
        }
        last.clone()
    }

    fn verified(&self) -> Verification {
        match self.verifier.check() {
            Check::Nothing => Verification::Nothing,
            Check::Chain(_) => Verification::Chain,
            Check::ChainAndName(_) => {
                Verification::ChainAndName(self.server_name.to_str().into_owned())
            }
        }
    }
}

/// The name that certificates are checked for. The zone of an IPv6 address belongs to this machine
/// alone, so no certificate has it.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, Error> {
    let name = host.split_once('%').map_or(host, |(address, _zone)| address);
    ServerName::try_from(name.to_owned())
        .map_err(|_| Error::config(ConfigErrorKind::Value, "host", not_a_host(host)))
}

/// What to say of a host that is none, without repeating what may be a connection string.
fn not_a_host(host: &str) -> String {
    if host.contains(['@', '/', '?', '=']) {
        return "host: this looks like a connection string, not a host; give it to \
                mysql_tls::connect, or parse it into a ConnectionBuilder"
            .to_owned();
    }
    let shown = crate::text::peer_text(host.as_bytes());
    match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() && !name.contains(':') => {
            format!("host: \"{shown}\" has a port in it; give that by port({port})")
        }
        _ => format!("host: \"{shown}\" is neither a DNS name nor an IP address"),
    }
}
