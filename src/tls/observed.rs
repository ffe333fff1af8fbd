//! What the callbacks of one handshake see.
//!
//! Verifier and resolver are shared by all connections of a connector (resumption needs that), and
//! rustls calls them on the thread that drives the handshake: so what they see of one connection is
//! kept for that thread.

use std::cell::RefCell;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;

use crate::material::CertifiedIdentity;

#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    /// The chain that the server sent, leaf first.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// Whether the server asked for a client certificate.
    pub(super) requested: bool,
    /// Whether one was presented.
    pub(super) presented: bool,
    /// Whether the handshake is over; what fails now concerns what it told.
    pub(super) completed: bool,
}

thread_local! {
    static OBSERVED: RefCell<Observed> = RefCell::default();
}

pub(super) fn begin() {
    take();
}

pub(super) fn take() -> Observed {
    OBSERVED.take()
}

/// What was seen so far, which stays until it is taken or the next connection begins.
pub(super) fn seen() -> Observed {
    OBSERVED.with_borrow(Clone::clone)
}

/// What the handshake told has been taken; later failures belong to the connection it made.
pub(super) fn completed() {
    OBSERVED.with_borrow_mut(|observed| observed.completed = true);
}

pub(super) fn chain(leaf: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) {
    let chain = std::iter::once(leaf)
        .chain(intermediates)
        .map(|certificate| certificate.clone().into_owned())
        .collect();
    OBSERVED.with_borrow_mut(|observed| observed.chain = chain);
}

/// Presents the client certificate, if there is one, whatever issuers the server hints at, and
/// records that it was asked for.
#[derive(Debug)]
pub(super) struct Resolver(Option<Arc<CertifiedIdentity>>);

impl Resolver {
    pub(super) fn new(identity: Option<Arc<CertifiedIdentity>>) -> Self {
        Resolver(identity)
    }
}

impl ResolvesClientCert for Resolver {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let key = self.0.as_ref().and_then(|identity| identity.for_schemes(schemes));
        OBSERVED.with_borrow_mut(|observed| {
            observed.requested = true;
            observed.presented = key.is_some();
        });
        key
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}
