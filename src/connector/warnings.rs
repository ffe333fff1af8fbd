//! What a connector warns of, each thing once.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::session::{PlaintextReason, Session, Transport, Verification};
use crate::x509::Facts;

/// How many certificates are remembered: a server that shows ever new ones must not fill the memory.
const CERTIFICATES_LIMIT: usize = 256;

/// What was warned of already.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    fallback: AtomicBool,
    unverified: AtomicBool,
    #[cfg(feature = "mysql")]
    no_infile_handler: AtomicBool,
    /// Certificates that expire soon, by their SHA-256.
    expiring: Mutex<BTreeSet<[u8; 32]>>,
}

impl Warnings {
    /// Warns of a new session.
    pub(super) fn about(&self, session: &Session, server: &str) {
        self.readable_by_others(session, server);
        let Some(tls) = session.tls() else { return };
        let shown = tls.peer().iter().map(|certificate| ("certificate", certificate.facts()));
        let presented = tls.client_certificate().facts().map(|facts| ("client certificate", facts));
        for (kind, facts) in shown.chain(presented) {
            self.expiry(kind, facts, server);
        }
    }

    /// One warning of each kind a connector for a session that an attacker could read.
    fn readable_by_others(&self, session: &Session, server: &str) {
        let fallback = session.transport == Transport::Plaintext(PlaintextReason::NotOffered);
        let unverified = session.tls().is_some_and(|tls| *tls.verified() == Verification::Nothing);
        let told = |once: &AtomicBool| once.swap(true, Ordering::Relaxed);
        if fallback && !told(&self.fallback) {
            tracing::warn!(
                "{server} offers no TLS: the connection is plaintext (ssl-mode=PREFERRED); add \
                 ssl-mode=VERIFY_IDENTITY once it does"
            );
        } else if unverified && !is_local(session) && !told(&self.unverified) {
            tracing::warn!(
                "the certificate of {server} is not verified, so anybody in between can read \
                 along; add ssl-mode=VERIFY_IDENTITY"
            );
        }
    }

    #[cfg(feature = "mysql")]
    pub(super) fn without_infile_handler(&self) {
        if !self.no_infile_handler.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "local-infile is for drivers at an endpoint: on this connection LOAD DATA LOCAL stays \
                 off, since there is no local_infile_handler that gives the files"
            );
        }
    }

    fn expiry(&self, kind: &str, facts: &Facts, server: &str) {
        let now = SystemTime::now();
        if !facts.expires_soon(now) {
            return;
        }
        let is_new = {
            let mut known = self.expiring.lock().unwrap_or_else(PoisonError::into_inner);
            known.len() < CERTIFICATES_LIMIT && known.insert(facts.sha256)
        };
        if is_new {
            let (subject, left) = (&facts.subject, facts.time_left(now));
            tracing::warn!(
                "the {kind} \"{subject}\", used with {server}, has to be renewed: {left}"
            );
        }
    }
}

/// Whether nobody but this machine carries the connection.
fn is_local(session: &Session) -> bool {
    // What is no address is the path of a Unix socket.
    session.address.parse::<SocketAddr>().map_or(true, |address| address.ip().is_loopback())
}
