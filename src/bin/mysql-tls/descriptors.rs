//! What this process has inherited besides stdin, stdout and stderr, so that a command that it starts
//! does not. What is opened here is closed on exec anyway.

use std::os::fd::RawFd;

/// Every open descriptor from 3 up. To be called before anything is opened: nobody in this process
/// owns what is then found.
pub(crate) fn inherited() -> Vec<RawFd> {
    let Ok(entries) = std::fs::read_dir(LIST) else { return Vec::new() };
    let open: Vec<RawFd> =
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    // The one that listed them is closed by now.
    let still_open = |fd: &RawFd| std::fs::symlink_metadata(format!("{LIST}/{fd}")).is_ok();
    open.into_iter().filter(|fd| *fd > 2).filter(still_open).collect()
}

/// Closes what was inherited.
pub(crate) fn close(inherited: &[RawFd]) {
    for fd in inherited {
        // It was open when this process began; if it is not any more, that is as good.
        let _ = nix::unistd::close(*fd);
    }
}

#[cfg(target_os = "linux")]
const LIST: &str = "/proc/self/fd";

#[cfg(not(target_os = "linux"))]
const LIST: &str = "/dev/fd";
