//! What can be learnt of a server without a login.

use crate::connect::{Handshake, ServerFacts};
use crate::error::Error;
use crate::session::{Claimed, PeerCertificate, TlsSession, Verification};
use crate::tls::{TlsState, groups, suites};

/// What a server said and showed to somebody who did not log in; made by
/// [`ConnectionBuilder::probe`](crate::ConnectionBuilder::probe) and
/// [`probe_offer`](crate::ConnectionBuilder::probe_offer).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Probe {
    claimed: Claimed,
    address: String,
    offers_tls: bool,
    handshake: Result<Option<TlsSession>, Error>,
    peer: Vec<PeerCertificate>,
    requested: Option<bool>,
    verification: Verification,
    pinned: bool,
}

impl Probe {
    pub(crate) fn new(facts: &ServerFacts, handshake: Handshake, tls: &TlsState) -> Self {
        let (handshake, peer, requested) = match handshake {
            Handshake::Plaintext => (Ok(None), Vec::new(), None),
            Handshake::Done(session) => {
                let requested = session.client_certificate.was_requested();
                let peer = session.peer.clone();
                (Ok(Some(*session)), peer, Some(requested))
            }
            // What was not asked for by then might have been later.
            Handshake::Failed { error, peer, requested } => {
                (Err(error), peer, requested.then_some(true))
            }
        };
        Probe {
            claimed: Claimed::new(facts.greeting.version(), facts.greeting.connection_id()),
            address: facts.peer.clone(),
            offers_tls: facts.greeting.offers_tls(),
            handshake,
            peer,
            requested,
            verification: tls.verified(),
            pinned: tls.has_pins(),
        }
    }

    /// What the server says of itself in its greeting: nobody vouches for it.
    #[must_use]
    pub fn claimed(&self) -> &Claimed {
        &self.claimed
    }

    /// The server's address, or the path of its socket.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether the greeting offers TLS.
    #[must_use]
    pub fn offers_tls(&self) -> bool {
        self.offers_tls
    }

    /// The TLS session; `None` where the ssl-mode leaves the connection in plaintext.
    ///
    /// # Errors
    ///
    /// The error with which a connect would end here.
    pub fn handshake(&self) -> Result<Option<&TlsSession>, &Error> {
        self.handshake.as_ref().map(Option::as_ref)
    }

    /// The certificates that the server showed, its own first, also where they were refused. Empty
    /// where the handshake did not come that far.
    #[must_use]
    pub fn peer(&self) -> &[PeerCertificate] {
        &self.peer
    }

    /// Whether the server asked for a client certificate; `None` where the handshake did not come
    /// that far.
    #[must_use]
    pub fn certificate_requested(&self) -> Option<bool> {
        self.requested
    }

    /// What these settings verify of a server, whether or not this one passed.
    #[must_use]
    pub fn verification(&self) -> &Verification {
        &self.verification
    }

    /// Whether these settings compare the server with pins, whether or not this one passed.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.pinned
    }
}

/// What a probe offers in its handshake: everything, or one thing alone, to find out whether the
/// server takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeOffer(pub(crate) OfferKind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OfferKind {
    Everything,
    Version(&'static str),
    /// OpenSSL's name, and the version that it belongs to.
    Suite(&'static str, &'static str),
    Group(&'static str),
}

impl ProbeOffer {
    /// All versions, cipher suites and key-exchange groups of this build.
    pub const EVERYTHING: ProbeOffer = ProbeOffer(OfferKind::Everything);

    /// Each TLS version alone, the newest first.
    #[must_use]
    pub fn versions() -> Vec<ProbeOffer> {
        ["TLSv1.3", "TLSv1.2"].map(|version| ProbeOffer(OfferKind::Version(version))).into()
    }

    /// Each cipher suite of this build alone, with its version; those of TLS 1.3 first.
    #[must_use]
    pub fn cipher_suites() -> Vec<ProbeOffer> {
        let suites = suites().into_iter();
        suites.map(|(name, version)| ProbeOffer(OfferKind::Suite(name, version))).collect()
    }

    /// Each key-exchange group of this build alone.
    #[must_use]
    pub fn groups() -> Vec<ProbeOffer> {
        groups().into_iter().map(|group| ProbeOffer(OfferKind::Group(group))).collect()
    }

    /// Its name: a version as MySQL names it, a cipher suite as OpenSSL does, a group as IANA does.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.0 {
            OfferKind::Everything => "everything",
            OfferKind::Version(name) | OfferKind::Suite(name, _) | OfferKind::Group(name) => name,
        }
    }

    /// The one TLS version that is offered, for a version and for a cipher suite.
    #[must_use]
    pub fn version(&self) -> Option<&'static str> {
        match self.0 {
            OfferKind::Version(version) | OfferKind::Suite(_, version) => Some(version),
            OfferKind::Everything | OfferKind::Group(_) => None,
        }
    }
}
