//! The middle of many.

use std::time::Duration;

/// In microseconds; 0 of none.
pub fn microseconds(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e6
}
