//! How many connections may still be made, and until when.

use std::time::{Duration, Instant};

/// Counts the probing connections.
pub(super) struct Budget {
    limit: usize,
    used: usize,
    until: Instant,
}

impl Budget {
    pub(super) fn new(limit: usize, patience: Duration) -> Self {
        Budget { limit, used: 0, until: Instant::now() + patience }
    }

    /// Takes one connection, and tells when it has to be done; `None` if there is none left, or no
    /// time.
    pub(super) fn take(&mut self) -> Option<Instant> {
        if self.used >= self.limit || Instant::now() >= self.until {
            return None;
        }
        self.used += 1;
        Some(self.until)
    }

    /// Gives back one that was not made.
    pub(super) fn give_back(&mut self) {
        self.used = self.used.saturating_sub(1);
    }

    pub(super) fn used(&self) -> usize {
        self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_by_number_and_by_time() {
        let mut budget = Budget::new(2, Duration::from_secs(60));
        assert_eq!([(); 4].map(|()| budget.take().is_some()), [true, true, false, false]);
        assert_eq!(budget.used(), 2);
        budget.give_back();
        assert_eq!(budget.used(), 1);
        assert!(budget.take().is_some());
        let mut late = Budget::new(2, Duration::ZERO);
        assert!(late.take().is_none());
        assert_eq!(late.used(), 0);
    }
}
