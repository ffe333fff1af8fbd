//! Where connections come from: the driver's pool, an r2d2 pool, and new ones.

use std::time::Duration;

use mysql_tls::mysql::{Conn, PoolConstraints, PoolOpts, PooledConn};
use mysql_tls::{Connection, Connector, Pool};
use r2d2::PooledConnection;

use crate::Result;
use crate::data::{Data, SMALL};
use crate::statements::{self, Trouble};
use crate::world::World;

/// 32 in all, more than there are threads, so that connections lie idle while the server goes.
const DRIVER_POOL: usize = 24;
const R2D2_POOL: u32 = 8;

/// Much longer than a restart takes: what waits longer is stuck.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Connections {
    connector: Connector,
    of_hosts: Connector,
    pool: Pool,
    r2d2: r2d2::Pool<Connector>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    Pool,
    R2d2,
    New,
    NewOfHosts,
}

pub(crate) enum Taken {
    Pool(PooledConn),
    R2d2(PooledConnection<Connector>),
    New(Box<Connection>),
}

impl Connections {
    pub(crate) fn open(world: &World) -> Result<Self> {
        let connector = world.connector()?;
        let constraints = PoolConstraints::new(DRIVER_POOL, DRIVER_POOL).ok_or("constraints")?;
        let pool = connector.pool_with(PoolOpts::new().with_constraints(constraints))?;
        let r2d2 = connector
            .r2d2_builder()
            .max_size(R2D2_POOL)
            .min_idle(Some(R2D2_POOL))
            .connection_timeout(PATIENCE)
            .build(connector.clone())?;
        Ok(Connections { of_hosts: world.connector_of_hosts()?, connector, pool, r2d2 })
    }

    pub(crate) fn take(&self, source: Source) -> std::result::Result<Taken, Trouble> {
        let new = |connector: &Connector| match connector.connect() {
            Ok(connection) => Ok(Taken::New(Box::new(connection))),
            Err(error) => Err(Trouble::not_connected(&error)),
        };
        match source {
            Source::Pool => match self.pool.try_get_conn(PATIENCE) {
                Ok(connection) => Ok(Taken::Pool(connection)),
                Err(error) => Err(Trouble::of_the_pool(&error)),
            },
            // It tries again by itself.
            Source::R2d2 => match self.r2d2.get() {
                Ok(connection) => Ok(Taken::R2d2(connection)),
                Err(error) => Err(Trouble::Wrong(format!("r2d2 has no connection: {error}"))),
            },
            Source::New => new(&self.connector),
            Source::NewOfHosts => new(&self.of_hosts),
        }
    }

    /// Has the pools replace what has ended, and each connection read a large row: afterwards there are as
    /// many as may be, all with the buffers of one that has been in use.
    pub(crate) fn fill(&self, data: &Data) -> Result<()> {
        for (source, size) in [(Source::Pool, DRIVER_POOL), (Source::R2d2, R2D2_POOL as usize)] {
            // All at once, since only a connection that is asked for is looked at.
            let all: std::result::Result<Vec<_>, _> =
                (0..size).map(|_| self.take(source)).collect();
            for taken in &mut all? {
                for protocol in [0, 1] {
                    statements::large(taken.conn(), SMALL, protocol, data)?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn close(self) {
        drop(self);
    }
}

impl Taken {
    pub(crate) fn conn(&mut self) -> &mut Conn {
        match self {
            Taken::Pool(connection) => connection.as_mut(),
            Taken::R2d2(connection) => connection,
            Taken::New(connection) => connection,
        }
    }
}
