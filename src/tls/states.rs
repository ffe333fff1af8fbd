//! The TLS states of several hosts, made of the same files.

use std::sync::Arc;

use super::TlsState;

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
    pub(crate) fn of(&self, host: usize) -> &Arc<TlsState> {
        host.checked_sub(1).and_then(|other| self.others.get(other)).unwrap_or(&self.first)
    }

    /// Any of them, for what is the same in all.
    pub(crate) fn any(&self) -> &TlsState {
        &self.first
    }
}
