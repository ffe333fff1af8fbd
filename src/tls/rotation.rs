//! The TLS state that is in use, and its exchange when files change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant, SystemTime};

use super::TlsState;
use super::recipe::Recipe;
use crate::error::Error;
use crate::material::Snapshot;
use crate::reload_state::ReloadState;

/// How often the files are looked at, at the most.
const INTERVAL: Duration = Duration::from_secs(1);

/// The TLS state of a connector, exchanged as a whole when certificates are renewed.
///
/// Connections keep the state that they began with; a new one has no tickets of the old.
#[derive(Debug)]
pub(crate) struct Rotation {
    recipe: Recipe,
    current: RwLock<Arc<TlsState>>,
    /// Held while files are looked at and read. Nobody waits for it in a connect.
    watch: Mutex<Watch>,
    told: Mutex<ReloadState>,
}

#[derive(Debug)]
struct Watch {
    snapshot: Snapshot,
    looked: Instant,
    failed: bool,
}

impl Rotation {
    /// Reads the files for the first time.
    pub(crate) fn start(recipe: Recipe) -> Result<Self, Error> {
        // Before reading, so that what changes meanwhile shows at the next look.
        let snapshot = recipe.snapshot();
        let made = recipe.make()?;
        warn(&made.notes);
        Ok(Rotation {
            recipe,
            current: RwLock::new(Arc::new(made.state)),
            watch: Mutex::new(Watch { snapshot, looked: Instant::now(), failed: false }),
            told: Mutex::new(ReloadState {
                loaded_at: SystemTime::now(),
                reloads: 0,
                failure: None,
            }),
        })
    }

    /// The state in use, after a look at the files where one is due.
    pub(crate) fn current(&self) -> Arc<TlsState> {
        if self.recipe.watches() {
            match self.watch.try_lock() {
                Ok(watch) => self.look(watch),
                Err(TryLockError::Poisoned(poisoned)) => self.look(poisoned.into_inner()),
                // Another connect is looking.
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.in_use()
    }

    /// The state in use.
    pub(crate) fn in_use(&self) -> Arc<TlsState> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files now, whether or not they look changed.
    pub(crate) fn reload(&self) -> Result<(), Error> {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = self.recipe.snapshot();
        self.exchange(&mut watch, snapshot)
    }

    /// Reads the files if they look changed, however short ago the last look was. Whether there is
    /// a new state.
    pub(crate) fn reload_if_changed(&self) -> bool {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = self.recipe.snapshot();
        snapshot != watch.snapshot && self.exchange(&mut watch, snapshot).is_ok()
    }

    pub(crate) fn state(&self) -> ReloadState {
        self.told().clone()
    }

    fn told(&self) -> MutexGuard<'_, ReloadState> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, mut watch: MutexGuard<'_, Watch>) {
        if watch.looked.elapsed() < INTERVAL || watch.snapshot.is_empty() {
            return;
        }
        watch.looked = Instant::now();
        let snapshot = self.recipe.snapshot();
        if snapshot != watch.snapshot || watch.failed {
            // What is wrong has been told; this connect goes on with the older files.
            let _ = self.exchange(&mut watch, snapshot);
        }
    }

    /// All or nothing: a state is in use only once everything it needs was read and fits together.
    fn exchange(&self, watch: &mut Watch, snapshot: Snapshot) -> Result<(), Error> {
        let made = self.recipe.make();
        watch.snapshot = snapshot;
        watch.looked = Instant::now();
        watch.failed = made.is_err();
        let failure = match made {
            Ok(made) => {
                warn(&made.notes);
                *self.current.write().unwrap_or_else(PoisonError::into_inner) =
                    Arc::new(made.state);
                tracing::debug!("certificates were read anew");
                None
            }
            Err(error) => Some(error),
        };
        let text = failure.as_ref().map(ToString::to_string);
        let known = self.remember(failure.clone());
        match failure {
            None => Ok(()),
            Some(error) => {
                // Once for each thing that is wrong, though it is tried again every second.
                if known != text {
                    tracing::warn!(
                        "changed certificate files cannot be used, the older ones stay in use: \
                         {error}"
                    );
                }
                Err(error)
            }
        }
    }

    /// Notes how reading the files went; what was wrong before.
    fn remember(&self, failure: Option<Error>) -> Option<String> {
        let mut told = self.told();
        if failure.is_none() {
            told.loaded_at = SystemTime::now();
            told.reloads += 1;
        }
        let before = std::mem::replace(&mut told.failure, failure);
        before.as_ref().map(ToString::to_string)
    }
}

fn warn(notes: &[String]) {
    for note in notes {
        tracing::warn!("{note}");
    }
}
