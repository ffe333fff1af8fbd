//! mysql-tls, as it is and with busy-poll.

use std::sync::Arc;
use std::time::Duration;

use mysql::prelude::Queryable as _;
use mysql_tls::{Connection, ConnectionBuilder, Connector, SslMode};
use tokio::runtime::Runtime;

use super::blocking;
use crate::Result;
use crate::peer::{Peer, Session};
use crate::settings::Settings;
use crate::workload::{self, Workload};

const BUSY: Duration = Duration::from_micros(200);

struct Ours {
    connector: Connector,
    without_resumption: Connector,
    with_certificate: Connector,
    connection: Option<Connection>,
    /// With busy-poll nothing but small queries would change.
    only_select1: bool,
}

pub(crate) fn plain(settings: &Settings) -> Result<Box<dyn Peer>> {
    make(settings, builder(settings), false)
}

pub(crate) fn busy(settings: &Settings) -> Result<Box<dyn Peer>> {
    make(settings, builder(settings).busy_poll(BUSY), true)
}

fn make(
    settings: &Settings,
    builder: ConnectionBuilder,
    only_select1: bool,
) -> Result<Box<dyn Peer>> {
    let with_certificate = builder
        .clone()
        .user(&settings.certificate_user)
        .ssl_cert(&settings.certificate)
        .ssl_key(&settings.key);
    Ok(Box::new(Ours {
        without_resumption: builder.clone().tls_resumption(false).build()?,
        with_certificate: with_certificate.build()?,
        connector: builder.build()?,
        connection: None,
        only_select1,
    }))
}

fn builder(settings: &Settings) -> ConnectionBuilder {
    let builder = ConnectionBuilder::new(&settings.host)
        .port(settings.port)
        .user(&settings.user)
        .password(settings.password.as_str())
        .ssl_mode(SslMode::VerifyIdentity)
        .ssl_ca(&settings.ca);
    match &settings.tls_version {
        Some(version) => builder.tls_version(version),
        None => builder,
    }
}

impl Peer for Ours {
    fn run(&mut self, workload: Workload, count: usize) -> Result<Option<Vec<Duration>>> {
        if self.only_select1 && workload != Workload::Select1 {
            return Ok(None);
        }
        let connector = match workload {
            Workload::Connect => &self.connector,
            Workload::ConnectFull => &self.without_resumption,
            Workload::ConnectCertificate => &self.with_certificate,
            _ => {
                let connection = match &mut self.connection {
                    Some(connection) => connection,
                    none => none.insert(self.connector.connect()?),
                };
                return blocking::queries(connection, workload, count).map(Some);
            }
        };
        blocking::connects(count, || Ok(connector.connect()?))
    }

    fn session(&self, _runtime: &Arc<Runtime>) -> Result<Option<Session>> {
        let mut connection = self.connector.connect()?;
        Ok(Some(Box::new(move || Ok(connection.query_drop(workload::SELECT_1)?))))
    }
}
