//! The lines on stderr of a program that must not stand still because nobody reads them.

use std::io::{Write, stderr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// How many lines wait for a reader; what comes when there are so many is lost, and counted.
const WAITING_LIMIT: usize = 1024;

/// How long the end of the program waits for the last lines to be read.
const LAST_LINES: Duration = Duration::from_secs(1);

static QUEUE: OnceLock<SyncSender<String>> = OnceLock::new();
static LOST: AtomicU64 = AtomicU64::new(0);
/// Taken into the queue and not yet written.
static WAITING: AtomicU64 = AtomicU64::new(0);

/// From now on lines are written by a thread of their own.
pub(crate) fn detach() {
    let (sender, lines) = sync_channel(WAITING_LIMIT);
    let started = thread::Builder::new().name("stderr".to_owned()).spawn(move || write_all(&lines));
    if started.is_ok() {
        let _ = QUEUE.set(sender);
    }
}

/// Writes a line, or has it written. Nobody is left to be told if that fails.
pub(crate) fn write(line: String) {
    let Some(queue) = QUEUE.get() else {
        let _ = writeln!(stderr().lock(), "{line}");
        return;
    };
    WAITING.fetch_add(1, Ordering::Relaxed);
    if queue.try_send(line).is_err() {
        WAITING.fetch_sub(1, Ordering::Relaxed);
        LOST.fetch_add(1, Ordering::Relaxed);
    }
}

/// Waits, though not for long, until all lines are written.
pub(crate) fn finish() {
    let until = Instant::now() + LAST_LINES;
    while WAITING.load(Ordering::Relaxed) > 0 && Instant::now() < until {
        thread::sleep(Duration::from_millis(5));
    }
}

fn write_all(lines: &Receiver<String>) {
    for line in lines {
        let lost = LOST.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ =
                writeln!(stderr().lock(), "warning: {lost} lines are missing here: nobody read");
        }
        let _ = writeln!(stderr().lock(), "{line}");
        WAITING.fetch_sub(1, Ordering::Relaxed);
    }
}
