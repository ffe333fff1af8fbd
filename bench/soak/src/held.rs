//! What this process holds: memory, threads and descriptors.

use std::fmt;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// How much memory may grow from the baseline to the end, in KiB. What a connect or a query leaves
/// behind adds up to more: 10,000 connects that keep 2 KiB each are 20 MiB, 1,000,000 queries that
/// keep 16 bytes are 16 MiB. What it leaves room for is the allocator: freed parts of its arenas that are
/// not given back, and the 32 connections' buffers, which grow with the largest row each has seen.
const MEMORY: u64 = 16 << 10;

/// The one that looks up host names stays for a minute with nothing to do.
const SPARE_THREADS: u64 = 1;

/// How long threads and descriptors may take to go: the threads of an r2d2 pool that was dropped stay
/// until its next look at idle connections, which it does every 30 seconds.
const PATIENCE: Duration = Duration::from_secs(45);

/// How long nothing may have changed.
const CALM: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) memory: u64,
    pub(crate) threads: u64,
    pub(crate) descriptors: u64,
}

impl Held {
    pub(crate) fn now() -> Result<Self> {
        let status = fs::read_to_string("/proc/self/status")?;
        let number = |key: &str| -> Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            let value = line.and_then(|line| line.split_whitespace().next());
            Ok(value.ok_or_else(|| format!("/proc/self/status has no {key}"))?.parse()?)
        };
        Ok(Held {
            memory: number("VmRSS:")?,
            threads: number("Threads:")?,
            // Without the one that reads the directory.
            descriptors: fs::read_dir("/proc/self/fd")?.count().saturating_sub(1) as u64,
        })
    }

    /// Once threads and descriptors stay as they are.
    pub(crate) fn settled() -> Result<Self> {
        Held::wait_for(|_| true)
    }

    /// The same, and gives them time to be no more than there were.
    pub(crate) fn settled_as(before: &Held) -> Result<Self> {
        Held::wait_for(|now| now.threads <= before.threads && now.descriptors <= before.descriptors)
    }

    /// What may be left of what was there before the first connector.
    pub(crate) fn and_spare(self) -> Self {
        Held { threads: self.threads + SPARE_THREADS, ..self }
    }

    fn wait_for(enough: impl Fn(&Held) -> bool) -> Result<Self> {
        let until = Instant::now() + PATIENCE;
        let (mut last, mut since) = (Held::now()?, Instant::now());
        loop {
            thread::sleep(Duration::from_millis(100));
            let now = Held::now()?;
            if (now.threads, now.descriptors) != (last.threads, last.descriptors) {
                since = Instant::now();
            }
            last = now;
            if Instant::now() > until || since.elapsed() >= CALM && enough(&last) {
                return Ok(last);
            }
        }
    }

    /// No more than before, with the same connections open.
    pub(crate) fn is_flat(&self, before: &Held) -> Result<()> {
        self.check("memory in KiB", self.memory, before.memory + MEMORY)?;
        self.check("threads", self.threads, before.threads)?;
        self.check("descriptors", self.descriptors, before.descriptors)
    }

    /// All connections and connectors are closed, and took everything along.
    pub(crate) fn is_gone(&self, start: &Held) -> Result<()> {
        self.check("threads after the end", self.threads, start.and_spare().threads)?;
        self.check("descriptors after the end", self.descriptors, start.descriptors)
    }

    fn check(&self, what: &str, found: u64, most: u64) -> Result<()> {
        if found <= most {
            return Ok(());
        }
        let threads = thread_names().join(", ");
        Err(format!("{what}: {found}, and at most {most} were right; threads: {threads}").into())
    }
}

fn thread_names() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    let mut names: Vec<_> = names.map(|name| name.trim().to_owned()).collect();
    names.sort();
    names
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Held { memory, threads, descriptors } = self;
        write!(f, "{memory} KiB, {threads} threads, {descriptors} descriptors")
    }
}
