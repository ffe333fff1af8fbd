//! The TLS states that are in use, and its exchange when files change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant, SystemTime};

use super::TlsStates;
use super::recipe::{Made, Recipe};
use crate::error::Error;
use crate::material::Snapshot;
use crate::reload_state::ReloadState;

/// How often the files are looked at, at the most.
const INTERVAL: Duration = Duration::from_secs(1);

/// How often files that could not be used are read again although none has changed: what was in the
/// way may be elsewhere, such as a password that could not be had.
const RETRY: Duration = Duration::from_secs(10);

/// How often files are read at the most that go on changing while they are read.
const READINGS: usize = 3;

/// The TLS states of a connector, exchanged as a whole when certificates are renewed.
///
/// Connections keep the state that they began with; a new one has no tickets of the old.
#[derive(Debug)]
pub(crate) struct Rotation {
    recipe: Recipe,
    current: RwLock<Arc<TlsStates>>,
    /// Held while files are looked at and read, which takes as long as the disk, or the function
    /// that knows the key's password, takes. Only a connect whose client certificate has expired
    /// waits for it.
    watch: Mutex<Watch>,
    told: Mutex<ReloadState>,
}

#[derive(Debug)]
struct Watch {
    snapshot: Snapshot,
    looked: Instant,
    /// When files were read that could not be used; `None` where the newest are in use.
    failed: Option<Instant>,
    /// What was told of the files in use.
    notes: Vec<String>,
}

/// How reading the files went. The warnings are told once no lock is held, since what listens to
/// them is the application's.
#[must_use]
struct Outcome {
    result: Result<(), Error>,
    warnings: Vec<String>,
}

impl Rotation {
    /// Reads the files for the first time.
    pub(crate) fn start(given: Recipe) -> Result<Self, Error> {
        let recipe = given.wherever_the_process_goes();
        // Errors name the files as they were given.
        let (snapshot, made) = undisturbed(|| recipe.snapshot(), || given.make());
        let made = made?;
        let notes = notes(&made);
        warn(&notes);
        Ok(Rotation {
            recipe,
            current: RwLock::new(Arc::new(made.states)),
            watch: Mutex::new(Watch { snapshot, looked: Instant::now(), failed: None, notes }),
            told: Mutex::new(ReloadState {
                loaded_at: SystemTime::now(),
                reloads: 0,
                failure: None,
            }),
        })
    }

    /// The states in use, after a look at the files where one is due.
    pub(crate) fn current(&self) -> Arc<TlsStates> {
        if self.recipe.watches() {
            let outcome = match self.watch.try_lock() {
                Ok(watch) => self.look(watch),
                Err(TryLockError::Poisoned(poisoned)) => self.look(poisoned.into_inner()),
                // Another connect is looking.
                Err(TryLockError::WouldBlock) => None,
            };
            // What is wrong is told there; this connect goes on with the older files.
            let _ = outcome.map(Outcome::tell);
        }
        self.in_use()
    }

    /// The states in use.
    pub(crate) fn in_use(&self) -> Arc<TlsStates> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files now, whether or not they look changed.
    pub(crate) fn reload(&self) -> Result<(), Error> {
        let outcome = self.exchange(&mut self.watch());
        outcome.tell()
    }

    /// The states to try again with after `expired`, whose client certificate was refused: one that
    /// another connect has put into use meanwhile, or one of files that have changed, however short
    /// ago the last look was.
    pub(crate) fn renewed(&self, expired: &Arc<TlsStates>) -> Option<Arc<TlsStates>> {
        if self.recipe.watches() {
            let outcome = {
                let mut watch = self.watch();
                let is_in_use = Arc::ptr_eq(&self.in_use(), expired);
                (is_in_use && self.recipe.snapshot() != watch.snapshot)
                    .then(|| self.exchange(&mut watch))
            };
            let _ = outcome.map(Outcome::tell);
        }
        Some(self.in_use()).filter(|in_use| !Arc::ptr_eq(in_use, expired))
    }

    pub(crate) fn state(&self) -> ReloadState {
        self.told().clone()
    }

    fn told(&self) -> MutexGuard<'_, ReloadState> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, mut watch: MutexGuard<'_, Watch>) -> Option<Outcome> {
        if watch.looked.elapsed() < INTERVAL {
            return None;
        }
        watch.looked = Instant::now();
        let again = watch.failed.is_some_and(|at| at.elapsed() >= RETRY);
        (again || self.recipe.snapshot() != watch.snapshot).then(|| self.exchange(&mut watch))
    }

    /// All or nothing: a state is in use only once everything it needs was read and fits together.
    fn exchange(&self, watch: &mut Watch) -> Outcome {
        let (snapshot, made) = undisturbed(|| self.recipe.snapshot(), || self.recipe.make());
        watch.snapshot = snapshot;
        watch.looked = Instant::now();
        let made = made.and_then(|made| as_complete_as(&watch.notes, made));
        let made =
            made.and_then(|made| match made.states.any().must_not_follow(self.in_use().any()) {
                Some(error) => Err(error),
                None => Ok(made),
            });
        match made {
            Ok(made) => {
                watch.failed = None;
                let notes = notes(&made);
                let warnings = notes.iter().filter(|note| !watch.notes.contains(note)).cloned();
                let warnings = warnings.collect();
                watch.notes = notes;
                self.put_in_use(made.states);
                Outcome { result: Ok(()), warnings }
            }
            Err(error) => {
                watch.failed = Some(Instant::now());
                let before = self.told().failure.replace(error.clone());
                let text = error.to_string();
                // Once for each thing that is wrong, though it is tried again and again.
                let warnings = if before.is_some_and(|before| before.to_string() == text) {
                    Vec::new()
                } else {
                    vec![format!(
                        "changed certificate files cannot be used, the older ones stay in use: \
                         {text}"
                    )]
                };
                Outcome { result: Err(error), warnings }
            }
        }
    }

    fn put_in_use(&self, states: TlsStates) {
        let states = Arc::new(states);
        let older = {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, states)
        };
        // Large revocation lists take a while to free.
        drop(older);
        let mut told = self.told();
        told.loaded_at = SystemTime::now();
        told.reloads += 1;
        told.failure = None;
    }
}

impl Outcome {
    fn tell(self) -> Result<(), Error> {
        warn(&self.warnings);
        if self.result.is_ok() {
            tracing::debug!("certificates were read anew");
        }
        self.result
    }
}

/// What was made of files that did not change meanwhile, and what they looked like: no part of an
/// older set beside one of a newer. Files that never rest are taken as they come; since the look was
/// before the reading, the next look finds them changed.
fn undisturbed<T>(look: impl Fn() -> Snapshot, read: impl Fn() -> T) -> (Snapshot, T) {
    let once = || {
        let before = look();
        before.settle();
        (before, read())
    };
    for _ in 1..READINGS {
        let (before, made) = once();
        if look() == before {
            return (before, made);
        }
    }
    once()
}

/// Refuses what lacks a part that could be read the last time: in a bundle or a directory such a
/// part is passed over, but here it is probably being written.
fn as_complete_as(known: &[String], made: Made) -> Result<Made, Error> {
    match made.unreadable.iter().find(|error| !known.contains(&error.to_string())) {
        Some(error) => Err(error.clone()),
        None => Ok(made),
    }
}

fn notes(made: &Made) -> Vec<String> {
    let unreadable = made.unreadable.iter().map(ToString::to_string);
    made.notes.iter().cloned().chain(unreadable).collect()
}

fn warn(notes: &[String]) {
    for note in notes {
        tracing::warn!("{note}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pem_source::PemSource;
    use crate::ssl_mode::SslMode;
    use crate::tls::Host;
    use crate::tls_options::TlsOptions;
    use std::cell::Cell;

    /// How often files are read of which each of the first readings sees one change.
    fn readings(changes: usize) -> (usize, bool) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        let options = TlsOptions { ca: Some(PemSource::path(&path)), ..TlsOptions::default() };
        let count = Cell::new(0);
        let (snapshot, last) = undisturbed(
            || Snapshot::of(&options),
            || {
                count.set(count.get() + 1);
                if count.get() <= changes {
                    std::fs::write(&path, "x".repeat(count.get())).unwrap();
                }
                count.get()
            },
        );
        assert_eq!(last, count.get(), "the last reading counts");
        (last, snapshot == Snapshot::of(&options))
    }

    #[test]
    fn files_that_change_while_they_are_read_are_read_again() {
        assert_eq!(readings(0), (1, true));
        assert_eq!(readings(1), (2, true));
        assert_eq!(readings(2), (3, true));
        assert_eq!(readings(9), (3, false), "the next look finds them changed");
    }

    #[test]
    fn what_cannot_be_used_is_read_again_at_once_if_it_changes_and_else_after_a_while() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        std::fs::write(&path, params.self_signed(&key).unwrap().pem()).unwrap();
        let options = TlsOptions { ca: Some(PemSource::path(&path)), ..TlsOptions::default() };
        let host = Host { name: "localhost".into(), shown: "localhost".into() };
        let recipe = Recipe::new(&options, SslMode::VerifyCa, &host, &[]).unwrap();
        let rotation = Rotation::start(recipe).unwrap();
        // What a look does so long after the last one and, where it failed, the last reading.
        let look = |looked: Duration, failed: Option<Duration>| {
            let ago = |time| Instant::now().checked_sub(time).unwrap();
            let mut watch = rotation.watch();
            watch.looked = ago(looked);
            watch.failed = failed.map(ago);
            rotation.look(watch).map(|outcome| outcome.result.is_ok())
        };
        assert_eq!(look(INTERVAL, None), None, "nothing has changed");
        std::fs::write(&path, "no PEM").unwrap();
        assert_eq!(look(INTERVAL / 2, None), None, "too soon");
        assert_eq!(look(INTERVAL, None), Some(false));
        assert_eq!(look(INTERVAL, Some(RETRY / 2)), None, "nothing has changed since");
        assert_eq!(look(INTERVAL, Some(RETRY)), Some(false), "tried again");
        std::fs::write(&path, params.self_signed(&key).unwrap().pem()).unwrap();
        assert_eq!(look(INTERVAL, Some(Duration::ZERO)), Some(true));
        assert_eq!(look(INTERVAL, None), None, "nothing has changed");
    }
}
