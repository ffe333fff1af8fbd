//! What an endpoint tells of a connection.

use crate::session::Session;

/// A connection through an [`Endpoint`](super::Endpoint).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EndpointSession {
    pub(super) number: u64,
    pub(super) session: Session,
    pub(super) peer: String,
    /// To the server, and to the driver.
    pub(super) bytes: (u64, u64),
}

impl EndpointSession {
    /// The endpoint's own number for it, counted from 0.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What was negotiated with the server and what was verified.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Who opened it: `uid 1000`, or the address on TCP.
    #[must_use]
    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// Bytes that the driver has sent since the login.
    #[must_use]
    pub fn bytes_to_server(&self) -> u64 {
        self.bytes.0
    }

    /// Bytes that the driver has got since the login.
    #[must_use]
    pub fn bytes_to_driver(&self) -> u64 {
        self.bytes.1
    }
}
