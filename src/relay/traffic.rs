//! What passes through a relay after the login, by amount and direction.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a server has to be silent after an answer before the answer counts as whole. No packet
/// is looked at, so a pause is all there is to go by.
const PAUSE: Duration = Duration::from_millis(50);

/// Counted by the relay, read by whoever wants to know.
#[derive(Debug)]
pub(crate) struct Traffic {
    to_server: AtomicU64,
    to_driver: AtomicU64,
    /// Whether the driver spoke last, so that a command is under way.
    asked: AtomicBool,
    /// Whether the driver does not take what the server has sent.
    owed: AtomicBool,
    begun: Instant,
    /// When something passed last, in milliseconds since it began.
    last: AtomicU64,
}

impl Default for Traffic {
    fn default() -> Self {
        Traffic {
            to_server: AtomicU64::new(0),
            to_driver: AtomicU64::new(0),
            asked: AtomicBool::new(false),
            owed: AtomicBool::new(false),
            begun: Instant::now(),
            last: AtomicU64::new(0),
        }
    }
}

impl Traffic {
    pub(super) fn asked(&self, bytes: usize) {
        self.to_server.fetch_add(count(bytes), Ordering::Relaxed);
        self.pass(true);
    }

    pub(super) fn answered(&self, bytes: usize) {
        self.to_driver.fetch_add(count(bytes), Ordering::Relaxed);
        self.pass(false);
    }

    fn pass(&self, asked: bool) {
        self.touch();
        self.asked.store(asked, Ordering::Release);
    }

    /// Whether a part of an answer waits for the driver, which may take its time.
    pub(super) fn owes(&self, owed: bool) {
        if self.owed.load(Ordering::Relaxed) != owed {
            self.touch();
            self.owed.store(owed, Ordering::Release);
        }
    }

    fn touch(&self) {
        self.last.store(self.now(), Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Bytes that the driver sent and that it got.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        (self.to_server.load(Ordering::Relaxed), self.to_driver.load(Ordering::Relaxed))
    }

    /// Whether no command is under way, as far as can be seen from outside.
    pub(crate) fn is_idle(&self) -> bool {
        // The states before the time: whoever sees that nothing is under way sees when that began.
        let busy = self.asked.load(Ordering::Acquire) | self.owed.load(Ordering::Acquire);
        let silence = self.now().saturating_sub(self.last.load(Ordering::Relaxed));
        !busy && u128::from(silence) >= PAUSE.as_millis()
    }
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
