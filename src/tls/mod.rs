//! Material and policy become the TLS state of a connector.

mod explain;
mod names;
mod observed;
mod offer;
mod pins;
mod proven;
mod provider;
mod recipe;
mod rotation;
mod shares;
mod states;
mod verifier;

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, KeyLogFile};

use offer::Offer;
pub(crate) use offer::{groups, suites};
pub(crate) use provider::crypto_provider;
pub(crate) use recipe::{Host, Recipe, server_name};
pub(crate) use rotation::Rotation;
use shares::{ByProduct, ordered_for};
pub(crate) use states::TlsStates;
use verifier::{Check, Verifier};

use crate::error::{ConfigErrorKind, Error, HandshakeErrorKind};
use crate::material::CertifiedIdentity;
use crate::session::{ClientCertificate, PeerCertificate, Product, TlsSession, Verification};

/// How many server names a ticket store holds; one host has one.
const TICKET_NAMES: usize = 8;

/// Everything that the TLS connections of one connector to one host share.
///
/// Verifier and resolver never change: rustls resumes a session only under the very same ones, so
/// that a ticket cannot cross policies.
#[derive(Debug)]
pub(crate) struct TlsState {
    /// They share verifier, resolver and tickets, and so resume each other's sessions.
    configs: ByProduct<Arc<ClientConfig>>,
    verifier: Arc<Verifier>,
    identity: Option<Arc<CertifiedIdentity>>,
    offer: Offer,
    names: Names,
    /// The server, as the caller named it.
    server: String,
    /// What a full handshake told of the client certificate; a resumed one tells nothing.
    client_certificate: Mutex<ClientCertificate>,
    /// The facts of the chain seen last: the next is mostly the same.
    peer: Mutex<Vec<PeerCertificate>>,
    /// Who answered last: the next is mostly the same.
    answered: Mutex<Option<Product>>,
}

/// The name to send and to keep tickets under; the one to verify is the verifier's.
#[derive(Clone, Debug)]
struct Names {
    sent: ServerName<'static>,
    send: bool,
}

/// What is done with a TLS connection besides verifying it.
#[derive(Clone, Copy, Debug)]
struct Habits {
    resumption: bool,
    key_log: bool,
}

impl TlsState {
    fn new(
        offer: Offer,
        verifier: Verifier,
        identity: Option<Arc<CertifiedIdentity>>,
        names: Names,
        server: &str,
        habits: Habits,
    ) -> Result<Self, Error> {
        let verifier = Arc::new(verifier);
        let resolver: Arc<dyn ResolvesClientCert> =
            Arc::new(observed::Resolver::new(identity.clone()));
        let resumption = if habits.resumption {
            Resumption::in_memory_sessions(TICKET_NAMES)
        } else {
            Resumption::disabled()
        };
        let configs = ByProduct::try_new(|product| {
            let provider = ordered_for(product, &offer.provider);
            let mut config = ClientConfig::builder_with_provider(provider)
                .with_protocol_versions(&offer.versions)
                .map_err(|error| {
                    Error::handshake(
                        HandshakeErrorKind::Failed,
                        format!("the TLS library refused its own configuration: {error}"),
                    )
                })?
                .dangerous()
                .with_custom_certificate_verifier(verifier.clone())
                .with_client_cert_resolver(Arc::clone(&resolver));
            config.enable_sni = names.send;
            config.resumption = resumption.clone();
            if habits.key_log {
                config.key_log = Arc::new(KeyLogFile::new());
            }
            Ok::<_, Error>(Arc::new(config))
        })?;
        Ok(TlsState {
            configs,
            verifier,
            identity,
            offer,
            names,
            server: server.to_owned(),
            client_certificate: Mutex::default(),
            peer: Mutex::default(),
            answered: Mutex::default(),
        })
    }

    /// Whether a connect failed since the server does not take the client certificate any more.
    pub(crate) fn identity_may_have_expired(&self, error: &Error) -> bool {
        let Some(identity) = self.identity() else { return false };
        match error {
            Error::Handshake(error) => {
                error.kind() == HandshakeErrorKind::ClientCertificateRefused
                    && (error.alert() == Some("certificate_expired") || identity.is_expired())
            }
            // A server that refuses a certificate under TLS 1.3 may close before it has read all that
            // was sent, and the reset that follows can overtake its alert.
            Error::Io(_) => identity.is_expired(),
            _ => false,
        }
    }

    /// A new connection to a server that calls itself so; its key shares are made here. What the callbacks see until
    /// [`finish`](Self::finish) or [`explain`](Self::explain) is recorded for this thread.
    pub(crate) fn connection(&self, claimed: Product) -> Result<ClientConnection, Error> {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(claimed);
        observed::begin();
        let config = Arc::clone(self.configs.of(claimed));
        ClientConnection::new(config, self.names.sent.clone()).map_err(|error| self.explain(error))
    }

    /// A connection made ahead for the product that answered last.
    pub(crate) fn prepared(&self) -> Result<Option<(Product, ClientConnection)>, Error> {
        let expected = *self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        expected.map(|product| Ok((product, self.connection(product)?))).transpose()
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
                    .map(|identity| identity.facts.clone()),
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
            sni: match &self.names.sent {
                ServerName::DnsName(name) if self.names.send => Some(name.as_ref().to_owned()),
                _ => None,
            },
            peer: self.facts(chain),
            verified: self.verified(),
            pinned: !self.verifier.pins.is_empty(),
            revocation_checked: chain
                .first()
                .is_some_and(|leaf| self.verifier.crls_for(leaf).is_some()),
            client_certificate,
        })
    }

    /// The error behind a failed handshake, or a failed read after it, in our words.
    pub(crate) fn explain(&self, error: rustls::Error) -> Error {
        let observed = observed::seen();
        // Under TLS 1.3 a client certificate is refused after the handshake.
        let first = self.client_certificate.lock().unwrap_or_else(PoisonError::into_inner);
        let told = observed.completed.then_some(&*first);
        let presented = observed.presented || told.is_some_and(|told| told.presented.is_some());
        explain::explain(
            error,
            &explain::Context {
                server: &self.server,
                verifier: &self.verifier,
                offer: &self.offer,
                chain: &observed.chain,
                requested: observed.requested || told.is_some_and(|told| told.requested),
                presented: self.identity.as_deref().filter(|_| presented),
                completed: observed.completed,
            },
        )
    }

    /// What this thread's handshake has seen before it failed: the server's certificates, and whether
    /// one of ours was asked for.
    pub(crate) fn seen_before_failure(&self) -> (Vec<PeerCertificate>, bool) {
        let observed = observed::take();
        (self.facts(&observed.chain), observed.requested)
    }

    /// Why this state must not follow an older one: a revocation list went backwards.
    fn must_not_follow(&self, older: &TlsState) -> Option<Error> {
        let (new, old) = (self.verifier.crls.as_ref()?, older.verifier.crls.as_ref()?);
        let known = new.behind(old)?;
        Some(Error::config(
            ConfigErrorKind::BadCrl,
            "ssl-crl",
            format!(
                "ssl-crl: there is only an older revocation list of \"{}\" than the one that was in \
                 {}; put the newest there",
                known.issuer_name, known.source
            ),
        ))
    }

    /// The client certificate.
    pub(crate) fn identity(&self) -> Option<&CertifiedIdentity> {
        self.identity.as_deref()
    }

    fn verify_again(&self, chain: &[CertificateDer<'static>]) -> Result<(), Error> {
        let verdict = match chain.split_first() {
            Some((leaf, intermediates)) => {
                observed::chain(leaf, intermediates);
                self.verifier.verify(leaf, intermediates, UnixTime::now())
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

    /// Whether pins are compared.
    pub(crate) fn has_pins(&self) -> bool {
        !self.verifier.pins.is_empty()
    }

    /// What is verified of a server, unless the handshake fails.
    pub(crate) fn verified(&self) -> Verification {
        match self.verifier.check {
            Check::Nothing if self.verifier.pins.is_empty() => Verification::Nothing,
            Check::Nothing => Verification::Pin,
            Check::Chain(_) => Verification::Chain,
            Check::ChainAndName(_) => {
                Verification::ChainAndName(self.verifier.name.to_str().into_owned())
            }
        }
    }
}
