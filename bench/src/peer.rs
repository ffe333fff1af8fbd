//! What every peer can do. Each has a file in `peers`; its name stands in `PEERS` here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::settings::Settings;
use crate::workload::Workload;
use crate::{Result, cpu, peers};

pub trait Peer {
    /// Does the workload `count` times and says how long each took; `None`: this peer does not.
    ///
    /// All but the connecting workloads use one connection, which the first of them opens.
    fn run(&mut self, workload: Workload, count: usize) -> Result<Option<Vec<Duration>>>;

    /// The CPU time until now of the process that does the work.
    fn cpu(&mut self) -> Result<Duration> {
        Ok(cpu::of_this_process())
    }

    /// A further connection that runs `SELECT 1` at each call, on any thread; `None`: not this peer.
    ///
    /// The runtime is for those that are asynchronous.
    fn session(&self, _runtime: &Arc<Runtime>) -> Result<Option<Session>> {
        Ok(None)
    }
}

pub type Session = Box<dyn FnMut() -> Result<()> + Send>;

type Make = fn(&Settings) -> Result<Box<dyn Peer>>;

const PEERS: [(&str, Make); 8] = [
    ("mysql-tls", peers::ours::plain),
    ("mysql-tls-busy", peers::ours::busy),
    ("mysql", peers::mysql::with_tls),
    ("mysql_async", peers::mysql_async::make),
    ("sqlx", peers::sqlx::make),
    ("mariadb-c", peers::c_client::mariadb),
    ("mysql-c", peers::c_client::mysql),
    ("plaintext", peers::mysql::plaintext),
];

pub fn make(name: &str, settings: &Settings) -> Result<Box<dyn Peer>> {
    let (_, make) =
        PEERS.iter().find(|(known, _)| *known == name).ok_or_else(|| format!("no peer {name}"))?;
    make(settings).map_err(|error| format!("{name}: {error}").into())
}

/// One thread, on which everything happens while somebody waits for it.
pub fn runtime() -> Result<Arc<Runtime>> {
    Ok(Arc::new(tokio::runtime::Builder::new_current_thread().enable_all().build()?))
}

/// How long each of `count` calls took; each is told its number.
pub(crate) fn timed(
    count: usize,
    mut operation: impl FnMut(usize) -> Result<()>,
) -> Result<Vec<Duration>> {
    let time_one = |turn| {
        let start = Instant::now();
        operation(turn)?;
        Ok(start.elapsed())
    };
    (0..count).map(time_one).collect()
}

/// The same for what has to be awaited.
pub(crate) async fn timed_async(
    count: usize,
    mut operation: impl AsyncFnMut(usize) -> Result<()>,
) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(count);
    for turn in 0..count {
        let start = Instant::now();
        operation(turn).await?;
        times.push(start.elapsed());
    }
    Ok(times)
}
