//! The table at the end.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::arguments::Arguments;
use crate::disturbance::Disturbed;
use crate::held::Held;
use crate::load::Done;

pub(crate) struct Report<'a> {
    pub(crate) arguments: &'a Arguments,
    pub(crate) done: Done,
    pub(crate) disturbed: &'a Disturbed,
    /// Before the first connector, and after the last.
    pub(crate) start: Held,
    pub(crate) end: Held,
    /// With the pools full, after the warm-up and at the end.
    pub(crate) before: Held,
    pub(crate) after: Held,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: &dyn fmt::Display| writeln!(f, "| {name} | {value} |");
        let count = |count: &AtomicU64| count.load(Ordering::SeqCst);
        let Report { done, disturbed, start, end, before, after, .. } = self;
        row("server", &self.arguments.product.as_str())?;
        row("---", &"---")?;
        let complete =
            done.queries >= self.arguments.queries && done.connects >= self.arguments.connects;
        let end_of = if complete { "all were done" } else { "the time was over" };
        row("duration", &format!("{} s, until {end_of}", done.time.as_secs()))?;
        row("queries", &done.queries)?;
        row("connects", &done.connects)?;
        row("kills", &count(&disturbed.kills))?;
        row("restarts", &count(&disturbed.restarts))?;
        row("rotations", &count(&disturbed.rotations))?;
        row("repeated", &done.repeated)?;
        for (form, number) in &done.excused {
            row(&format!("repeated after {form}"), number)?;
        }
        row("committed transactions", &done.ledger.entries)?;
        let both = |before: u64, after: u64| format!("{before}, then {after}");
        row("memory, KiB", &both(before.memory, after.memory))?;
        row("threads", &both(before.threads, after.threads))?;
        row("descriptors", &both(before.descriptors, after.descriptors))?;
        row("threads without a connector", &both(start.threads, end.threads))?;
        row("descriptors without a connector", &both(start.descriptors, end.descriptors))
    }
}
