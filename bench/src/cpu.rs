//! CPU time.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What this process has used until now, user and system, of all its threads.
pub fn of_this_process() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}
