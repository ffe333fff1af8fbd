//! mysql_async.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable as _;
use mysql_async::{ClientIdentity, Conn, Opts, OptsBuilder, SslOpts};
use tokio::runtime::Runtime;

use crate::Result;
use crate::peer::{Peer, Session, runtime, timed_async};
use crate::settings::Settings;
use crate::workload::{self, Workload, expect};

struct Driver {
    runtime: Arc<Runtime>,
    opts: Opts,
    with_certificate: Opts,
    connection: Option<Conn>,
}

pub(crate) fn make(settings: &Settings) -> Result<Box<dyn Peer>> {
    let tls = SslOpts::default().with_root_certs(vec![settings.ca.clone().into()]);
    let identity =
        ClientIdentity::new(settings.certificate.clone().into(), settings.key.clone().into());
    let with_certificate = tls.clone().with_client_identity(Some(identity));
    Ok(Box::new(Driver {
        runtime: runtime()?,
        opts: builder(settings, &settings.user).ssl_opts(tls).into(),
        with_certificate: builder(settings, &settings.certificate_user)
            .ssl_opts(with_certificate)
            .into(),
        connection: None,
    }))
}

fn builder(settings: &Settings, user: &str) -> OptsBuilder {
    OptsBuilder::default()
        .ip_or_hostname(&settings.host)
        .tcp_port(settings.port)
        .user(Some(user))
        .pass(Some(&settings.password))
        .prefer_socket(false)
}

impl Peer for Driver {
    fn run(&mut self, workload: Workload, count: usize) -> Result<Option<Vec<Duration>>> {
        let opts = match workload {
            Workload::Connect => &self.opts,
            // It resumes, and cannot be told not to.
            Workload::ConnectFull => return Ok(None),
            Workload::ConnectCertificate => &self.with_certificate,
            _ => {
                let runtime = Arc::clone(&self.runtime);
                let connection = match &mut self.connection {
                    Some(connection) => connection,
                    none => none.insert(runtime.block_on(Conn::new(self.opts.clone()))?),
                };
                return runtime.block_on(queries(connection, workload, count)).map(Some);
            }
        };
        self.runtime.block_on(connects(opts, count)).map(Some)
    }

    fn session(&self, runtime: &Arc<Runtime>) -> Result<Option<Session>> {
        let runtime = Arc::clone(runtime);
        let mut connection = runtime.block_on(Conn::new(self.opts.clone()))?;
        Ok(Some(Box::new(move || Ok(runtime.block_on(connection.query_drop(workload::SELECT_1))?))))
    }
}

async fn connects(opts: &Opts, count: usize) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        let connection = Conn::new(opts.clone()).await?;
        times.push(start.elapsed());
        connection.disconnect().await?;
    }
    Ok(times)
}

async fn queries(conn: &mut Conn, workload: Workload, count: usize) -> Result<Vec<Duration>> {
    match workload {
        Workload::Connect | Workload::ConnectFull | Workload::ConnectCertificate => {
            Err("a connect is no query".into())
        }
        Workload::Select1 => {
            timed_async(count, async |_| Ok(conn.query_drop(workload::SELECT_1).await?)).await
        }
        Workload::Point => {
            let statement = conn.prep(workload::POINT).await?;
            timed_async(count, async |turn| {
                let row: Option<String> =
                    conn.exec_first(&statement, (workload::point_id(turn),)).await?;
                expect(row.is_some(), true)
            })
            .await
        }
        Workload::Result64k | Workload::Result16m => {
            timed_async(count, async |_| {
                let value: Option<Vec<u8>> = conn.query_first(workload.large_result()).await?;
                expect(value.map_or(0, |value| value.len()), workload.bytes())
            })
            .await
        }
        Workload::Upload4m | Workload::Upload16m => {
            let value = vec![b'x'; workload.bytes()];
            let statement = conn.prep(workload::UPLOAD).await?;
            timed_async(count, async |_| {
                let length: Option<usize> = conn.exec_first(&statement, (&value,)).await?;
                expect(length, Some(workload.bytes()))
            })
            .await
        }
        Workload::Rows10k => {
            timed_async(count, async |_| {
                let rows: Vec<(u32, String)> = conn.query(workload::ROWS_10K).await?;
                expect(rows.len(), workload::ROWS)
            })
            .await
        }
        Workload::Multi => {
            timed_async(count, async |_| {
                let mut results = conn.query_iter(workload::MULTI).await?;
                let mut rows = 0;
                while !results.is_empty() {
                    rows += results.collect::<u32>().await?.len();
                }
                expect(rows, 3)
            })
            .await
        }
    }
}
