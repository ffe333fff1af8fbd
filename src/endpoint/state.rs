//! What an endpoint's threads share.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
#[cfg(feature = "mysql")]
use std::time::Duration;

use super::registry::Registry;
use crate::connector::Connector;
use crate::error::Error;
use crate::relay::OwnKey;

#[derive(Debug)]
pub(super) struct State {
    pub(super) connector: Connector,
    pub(super) local_infile: bool,
    pub(super) max_connections: usize,
    pub(super) any_driver: bool,
    pub(super) own_key: Arc<OwnKey>,
    pub(super) registry: Arc<Registry>,
    pub(super) failures: Failures,
}

/// Why a driver was not let through, kept for a pool that has to tell it.
#[derive(Debug, Default)]
pub(super) struct Failures {
    first: Mutex<Option<Error>>,
    happened: Condvar,
}

impl Failures {
    pub(super) fn add(&self, error: &Error) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| error.clone());
        self.happened.notify_all();
    }

    /// The first one; the driver can know of it a moment earlier than this side.
    #[cfg(feature = "mysql")]
    pub(super) fn first(&self, limit: Duration) -> Option<Error> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.happened.wait_timeout_while(first, limit, |first| first.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }
}
