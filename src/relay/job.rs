//! One connection to carry.

use std::sync::Arc;
use std::time::Duration;

use super::foresight::Foresight;
use super::own_key::OwnKey;
use super::traffic::Traffic;
use crate::connect::deadline::Deadline;
use crate::connect::{Plan, ServerFacts};
use crate::error::{AuthErrorKind, Error, Result};
use crate::handover::Handover;
use crate::protocol::capability;
use crate::protocol::login::{Permissions, Wire};
use crate::session::{Transport, Verification};

/// Everything a worker has to know of a connection, besides its sockets.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) server: ServerFacts,
    pub(crate) plan: Plan,
    pub(crate) permissions: Permissions,
    /// Whether the driver may see that the server takes LOCAL INFILE.
    pub(crate) local_infile: bool,
    /// When the TLS handshake has to be done.
    pub(crate) answer_by: Deadline,
    pub(crate) deadline: Deadline,
    /// How long to look for bytes before sleeping.
    pub(crate) busy_poll: Duration,
    pub(crate) handover: Handover,
    /// The key for drivers that take their socket for insecure.
    pub(crate) own_key: Option<Arc<OwnKey>>,
    pub(crate) traffic: Arc<Traffic>,
    /// For a driver that always answers in the same way.
    pub(crate) foresight: Option<Foresight>,
}

impl Job {
    /// The key for the driver to encrypt the password with.
    pub(super) fn own_key(&self) -> Result<&OwnKey> {
        self.own_key.as_deref().ok_or_else(|| {
            Error::auth(
                AuthErrorKind::ServerKey,
                "the driver asked for an RSA key, and there is none for it here",
            )
        })
    }

    pub(super) fn transport(&self) -> Transport {
        self.plan.transport()
    }

    pub(super) fn wire(&self) -> Wire {
        match self.transport() {
            Transport::Tls if self.keeps_password() => Wire::UnverifiedTls,
            Transport::Tls => Wire::Tls,
            Transport::UnixSocket => Wire::UnixSocket,
            Transport::Plaintext(_) => Wire::PlainTcp,
        }
    }

    /// Whether the password must not cross as itself although there is TLS: nobody verifies the server.
    /// A server's own Unix socket is not the network.
    pub(super) fn keeps_password(&self) -> bool {
        let Plan::Tls(tls) = &self.plan else { return false };
        self.permissions.verified_only
            && tls.verified() == Verification::Nothing
            && !self.server.over_unix_socket
    }

    /// What the driver must not see in the greeting, nor claim.
    pub(super) fn hidden_capabilities(&self) -> u32 {
        if self.keeps_password() {
            // The driver's packets are looked at.
            return capability::SSL | capability::LOCAL_FILES | capability::COMPRESSION;
        }
        capability::SSL | if self.local_infile { 0 } else { capability::LOCAL_FILES }
    }
}
