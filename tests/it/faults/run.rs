//! Runs the cells of the tables: several at a time, and each with its panics told apart.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::security::driver::owner;

/// A line of a table, a column of it, and one way to play this cell: what comes of it must be the
/// same for all ways.
pub(super) struct Job {
    pub(super) line: String,
    pub(super) column: &'static str,
    pub(super) what: String,
    pub(super) play: Box<dyn FnOnce() -> String + Send>,
}

impl Job {
    pub(super) fn new(
        line: impl Into<String>,
        column: &'static str,
        what: impl Into<String>,
        play: impl FnOnce() -> String + Send + 'static,
    ) -> Self {
        Job { line: line.into(), column, what: what.into(), play: Box::new(play) }
    }
}

/// What came of the cells of a table, and what must not have happened.
#[derive(Default)]
pub(super) struct Played {
    /// By line and column.
    cells: BTreeMap<(String, &'static str), BTreeMap<String, Vec<String>>>,
    /// Lines in the order in which they came.
    lines: Vec<String>,
}

/// Panics of this crate's own, wherever they are caught.
static OURS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Notes whose panics they are, from here on.
pub(super) fn watch_panics() {
    std::panic::set_hook(Box::new(|info| match owner() {
        "the driver" | "the test" => {}
        other => OURS.lock().unwrap().push(format!("{other}: {info}")),
    }));
}

pub(super) fn panics_of_ours() -> Vec<String> {
    OURS.lock().unwrap().clone()
}

/// What is being played.
static RUNNING: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Ends the process, and says why, if it has not ended by itself in this time.
#[expect(clippy::exit, reason = "a thread that hangs would keep the process")]
pub(super) fn end_after(limit: Duration) {
    thread::spawn(move || {
        thread::sleep(limit);
        let running = RUNNING.lock().unwrap().clone();
        println!("differs: after {limit:?} these had not ended: {running:#?}");
        std::process::exit(1);
    });
}

/// Most of them wait for most of their time.
const AT_A_TIME: usize = 16;

pub(super) fn run(jobs: Vec<Job>) -> Played {
    let mut played = Played::default();
    for job in &jobs {
        if !played.lines.contains(&job.line) {
            played.lines.push(job.line.clone());
        }
    }
    let (queue, played) = (Mutex::new(jobs.into_iter()), Mutex::new(played));
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let Some(job) = queue.lock().unwrap().next() else { return };
                    let name = format!("{}, {}, {}", job.line, job.column, job.what);
                    RUNNING.lock().unwrap().insert(name.clone());
                    let outcome = catch_unwind(AssertUnwindSafe(job.play));
                    RUNNING.lock().unwrap().remove(&name);
                    let outcome = outcome.unwrap_or_else(|panic| {
                        let text = panic.downcast_ref::<String>().cloned();
                        let text = text.or(panic.downcast_ref::<&str>().map(ToString::to_string));
                        format!("FAILED: {}", text.unwrap_or_default())
                    });
                    let mut played = played.lock().unwrap();
                    let cell = played.cells.entry((job.line, job.column)).or_default();
                    cell.entry(outcome).or_default().push(job.what);
                }
            });
        }
    });
    played.into_inner().unwrap()
}

impl Played {
    /// The table as text, each column as wide as it has to be.
    pub(super) fn table(&self, head: &str, columns: &[&'static str]) -> String {
        let mut lines: Vec<Vec<String>> =
            vec![[&[head], columns].concat().iter().map(ToString::to_string).collect()];
        for line in &self.lines {
            let cell = |column: &&'static str| match self.cells.get(&(line.clone(), *column)) {
                Some(outcomes) => outcomes.keys().cloned().collect::<Vec<_>>().join(" / "),
                None => "-".to_owned(),
            };
            lines.push(std::iter::once(line.clone()).chain(columns.iter().map(cell)).collect());
        }
        let widths: Vec<usize> = (0..=columns.len())
            .map(|column| lines.iter().map(|line| line[column].len()).max().unwrap_or_default())
            .collect();
        let mut table = String::new();
        for line in lines {
            let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            let text = cells.collect::<Vec<_>>().join(" | ");
            table.push_str(&format!("{}\n", text.trim_end()));
        }
        table
    }

    /// Which ways led to which outcome, where there are several.
    pub(super) fn divided(&self) -> String {
        let several = self.cells.iter().filter(|(_, outcomes)| outcomes.len() > 1);
        let told = several.map(|((line, column), outcomes)| {
            let ways: BTreeSet<String> = outcomes
                .iter()
                .map(|(outcome, ways)| format!("    {outcome}: {}", ways.join(", ")))
                .collect();
            format!("{line}, {column}:\n{}\n", ways.into_iter().collect::<Vec<_>>().join("\n"))
        });
        told.collect()
    }
}
