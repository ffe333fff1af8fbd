//! What is done to the server meanwhile, and which failures that excuses.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mysql_tls::mysql::Error;
use mysql_tls::mysql::prelude::*;
use mysql_tls::{Connection, Product};

use crate::Result;
use crate::certificates::Certificates;
use crate::connections::{Connections, Source, Taken};
use crate::data::mix;
use crate::harness::RealServer;
use crate::load::Stop;

const KILL_EVERY: Duration = Duration::from_millis(250);
const ROTATE_EVERY: Duration = Duration::from_secs(5);
const RESTART_EVERY: Duration = Duration::from_secs(30);
/// The first restart comes earlier, so that the warm-up has one.
const FIRST_RESTART: Duration = Duration::from_secs(10);

/// MySQL's number for a connection that is not there any more.
const NO_SUCH_THREAD: u16 = 1094;

/// What has been done, and what the threads of the load have to know of it.
#[derive(Default)]
pub(crate) struct Disturbed {
    pub(crate) kills: AtomicU64,
    pub(crate) rotations: AtomicU64,
    pub(crate) restarts: AtomicU64,
    /// Odd while the server is away.
    epoch: AtomicU64,
    /// Attempts, unlike `kills`, which are never set back.
    shots: AtomicU64,
    /// The connections of this epoch that were killed.
    killed: Mutex<HashSet<u64>>,
}

/// A moment.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    epoch: u64,
    shots: u64,
}

impl Disturbed {
    pub(crate) fn mark(&self) -> Mark {
        Mark { epoch: self.epoch.load(Ordering::SeqCst), shots: self.shots.load(Ordering::SeqCst) }
    }

    /// Whether a connection with this id, or one that got none, may have failed since the mark.
    pub(crate) fn excuses(&self, mark: Mark, id: Option<u32>) -> bool {
        let now = self.mark();
        if mark.epoch % 2 == 1 || now.epoch != mark.epoch {
            return true;
        }
        match id {
            Some(id) => self.killed().contains(&id.into()),
            // It may have been killed once it had logged in, before the driver was done.
            None => now.shots != mark.shots,
        }
    }

    fn killed(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.killed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn forget_counts(&self) {
        for count in [&self.kills, &self.rotations, &self.restarts] {
            count.store(0, Ordering::SeqCst);
        }
    }

    /// Disturbs until there is no load any more.
    pub(crate) fn go_on(
        &self,
        server: &mut RealServer,
        certificates: &mut Certificates,
        connections: &Connections,
        stop: &Stop,
    ) -> Result<()> {
        let start = Instant::now();
        let (mut rotate, mut restart) = (start + ROTATE_EVERY, start + FIRST_RESTART);
        let mut admin = server.admin();
        while !stop.is_set() {
            let now = Instant::now();
            if now >= restart {
                self.restart(server);
                admin = server.admin();
                restart = Instant::now() + RESTART_EVERY;
            } else if now >= rotate {
                self.rotate(server.product, &mut admin, certificates, connections)?;
                rotate = Instant::now() + ROTATE_EVERY;
            } else {
                self.kill(&mut admin)?;
                std::thread::sleep(KILL_EVERY);
            }
        }
        Ok(())
    }

    fn restart(&self, server: &mut RealServer) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        server.stop();
        // Its numbers begin again.
        self.killed().clear();
        server.start_again();
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.restarts.fetch_add(1, Ordering::SeqCst);
    }

    fn kill(&self, admin: &mut Connection) -> Result<()> {
        let all: Vec<u64> = admin.query(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'soak' ORDER BY ID",
        )?;
        let shot = self.shots.load(Ordering::SeqCst);
        let choice =
            mix(shot).checked_rem(all.len() as u64).and_then(|at| usize::try_from(at).ok());
        let Some(id) = choice.and_then(|at| all.get(at)) else { return Ok(()) };
        self.killed().insert(*id);
        self.shots.fetch_add(1, Ordering::SeqCst);
        match admin.query_drop(format!("KILL {id}")) {
            Ok(()) => self.kills.fetch_add(1, Ordering::SeqCst),
            // It was quicker.
            Err(Error::MySqlError(error)) if error.code == NO_SUCH_THREAD => 0,
            // TiDB 8.5.6 stumbles over a connection that goes at this very moment.
            Err(Error::MySqlError(error)) if error.message.contains("nil pointer") => 0,
            Err(error) => return Err(format!("KILL {id}: {error}").into()),
        };
        Ok(())
    }

    /// New certificates for both sides; the next connection has to see the server's.
    fn rotate(
        &self,
        product: Product,
        admin: &mut Connection,
        certificates: &mut Certificates,
        connections: &Connections,
    ) -> Result<()> {
        let serial = certificates.replace()?;
        admin.query_drop(match product {
            Product::MariaDB => "FLUSH SSL",
            _ => "ALTER INSTANCE RELOAD TLS",
        })?;
        let taken = connections.take(Source::New)?;
        let Taken::New(connection) = taken else { return Err("no new connection".into()) };
        let tls = connection.session().tls().ok_or("a connection without TLS")?;
        let seen = tls.peer().first().map(|certificate| certificate.serial().to_lowercase());
        if seen.as_deref() != Some(&serial) {
            return Err(format!(
                "after the reload a new connection saw the certificate {seen:?}, and not {serial}"
            )
            .into());
        }
        self.rotations.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
