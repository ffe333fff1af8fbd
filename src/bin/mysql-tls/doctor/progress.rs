//! One line on stderr that tells what is tried just now, where somebody watches.

use std::io::{IsTerminal, Write, stderr};

pub(super) struct Progress {
    shown: bool,
    steps: usize,
}

/// Back to the line's beginning, which is cleared to its end (ECMA-48, EL).
const CLEAR: &str = "\r\u{1b}[K";

impl Progress {
    pub(super) fn start() -> Self {
        Progress { shown: stderr().is_terminal(), steps: 0 }
    }

    /// Tells the next step.
    pub(super) fn show(&mut self, step: &str) {
        self.steps += 1;
        if self.shown {
            // Nobody is left to be told if this cannot be written.
            let mut line = stderr().lock();
            let _ = write!(line, "{CLEAR}probe {}: {step}", self.steps);
            let _ = line.flush();
        }
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        if self.shown {
            let mut line = stderr().lock();
            let _ = write!(line, "{CLEAR}");
            let _ = line.flush();
        }
    }
}
