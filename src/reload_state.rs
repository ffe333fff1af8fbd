//! What became of the files of certificates when they were read last.

use std::time::SystemTime;

use crate::error::Error;

/// What became of the files of certificates, keys and revocation lists when they were read last.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReloadState {
    pub(crate) loaded_at: SystemTime,
    pub(crate) reloads: u64,
    pub(crate) failure: Option<Error>,
}

impl ReloadState {
    /// When the files that are in use were read.
    #[must_use]
    pub fn loaded_at(&self) -> SystemTime {
        self.loaded_at
    }

    /// How often new files have taken the place of older ones.
    #[must_use]
    pub fn reloads(&self) -> u64 {
        self.reloads
    }

    /// Why the newest files could not be used; the older ones are in use meanwhile. `None` once they
    /// could.
    #[must_use]
    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }
}
