//! The TLS states of several hosts, made of the same files.

use std::sync::Arc;

use super::TlsState;
use crate::error::{Error, HandshakeErrorKind};

/// One state for each host of a connector; there is at least one.
#[derive(Debug)]
pub(crate) struct TlsStates {
    first: Arc<TlsState>,
    others: Vec<Arc<TlsState>>,
}

impl TlsStates {
    pub(super) fn new(first: TlsState, others: Vec<TlsState>) -> Self {
        let others = others.into_iter().map(Arc::new).collect();
        TlsStates { first: Arc::new(first), others }
    }

    /// The state for a host, by its place among those that the recipe was made for.
    ///
    /// # Errors
    ///
    /// There is none: another host's would verify another name.
    pub(crate) fn of(&self, host: usize) -> Result<&Arc<TlsState>, Error> {
        let found = match host.checked_sub(1) {
            None => Some(&self.first),
            Some(other) => self.others.get(other),
        };
        found.ok_or_else(|| {
            Error::handshake(
                HandshakeErrorKind::Failed,
                "a host has no TLS state, which is a fault of this library",
            )
        })
    }

    /// Any of them, for what is the same in all.
    pub(crate) fn any(&self) -> &TlsState {
        &self.first
    }
}
