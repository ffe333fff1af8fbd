//! The signals that ask a program to end.

use mysql_tls::IoErrorKind;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::failure::Failure;

/// From now on these signals, and `others`, wait to be looked at. One of the first that whoever started
/// this program had it ignore (`nohup`, `&` in a script) stays ignored.
pub(crate) fn awaited(others: &[i32]) -> Result<Signals, Failure> {
    let ignored = ignored();
    let ending = [SIGTERM, SIGINT, SIGHUP, SIGQUIT].into_iter();
    let awaited = ending.filter(|signal| ignored >> (signal - 1) & 1 == 0);
    Signals::new(awaited.chain(others.iter().copied())).map_err(|error| {
        Failure::error(IoErrorKind::Local, format!("no signal can be awaited: {error}"))
    })
}

/// Whether it asks the program to end.
pub(crate) fn ends(signal: i32) -> bool {
    [SIGTERM, SIGINT, SIGHUP, SIGQUIT].contains(&signal)
}

/// The signals that are ignored, one bit each; none where the system does not tell. Source: proc(5),
/// `SigIgn`.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
