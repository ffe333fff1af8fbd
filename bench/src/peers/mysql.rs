//! `mysql` with its own rustls, and without TLS: the floor.

use std::sync::Arc;
use std::time::Duration;

use mysql::prelude::Queryable as _;
use mysql::{ClientIdentity, Conn, Opts, OptsBuilder, SslOpts};
use tokio::runtime::Runtime;

use super::blocking;
use crate::Result;
use crate::peer::{Peer, Session};
use crate::settings::Settings;
use crate::workload::{self, Workload};

struct Driver {
    opts: Opts,
    with_certificate: Option<Opts>,
    connection: Option<Conn>,
}

pub(crate) fn with_tls(settings: &Settings) -> Result<Box<dyn Peer>> {
    let tls = SslOpts::default().with_root_cert_path(Some(settings.ca.clone()));
    let identity = ClientIdentity::new(settings.certificate.clone(), settings.key.clone());
    let with_certificate = builder(settings, &settings.certificate_user)
        .ssl_opts(tls.clone().with_client_identity(Some(identity)));
    Ok(Box::new(Driver {
        opts: builder(settings, &settings.user).ssl_opts(tls).into(),
        with_certificate: Some(with_certificate.into()),
        connection: None,
    }))
}

pub(crate) fn plaintext(settings: &Settings) -> Result<Box<dyn Peer>> {
    let opts = builder(settings, &settings.plaintext_user).into();
    Ok(Box::new(Driver { opts, with_certificate: None, connection: None }))
}

fn builder(settings: &Settings, user: &str) -> OptsBuilder {
    OptsBuilder::new()
        .ip_or_hostname(Some(&settings.host))
        .tcp_port(settings.port)
        .user(Some(user))
        .pass(Some(&settings.password))
        .prefer_socket(false)
}

impl Peer for Driver {
    fn run(&mut self, workload: Workload, count: usize) -> Result<Option<Vec<Duration>>> {
        let opts = match workload {
            // It never resumes.
            Workload::Connect | Workload::ConnectFull => &self.opts,
            Workload::ConnectCertificate => match &self.with_certificate {
                Some(opts) => opts,
                None => return Ok(None),
            },
            _ => {
                let connection = match &mut self.connection {
                    Some(connection) => connection,
                    none => none.insert(Conn::new(self.opts.clone())?),
                };
                return blocking::queries(connection, workload, count).map(Some);
            }
        };
        blocking::connects(count, || Ok(Conn::new(opts.clone())?))
    }

    fn session(&self, _runtime: &Arc<Runtime>) -> Result<Option<Session>> {
        let mut connection = Conn::new(self.opts.clone())?;
        Ok(Some(Box::new(move || Ok(connection.query_drop(workload::SELECT_1)?))))
    }
}
