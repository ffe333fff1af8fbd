//! sqlx. Its text protocol is `raw_sql`, which is what the other peers use for what is not prepared.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode};
use sqlx::{Connection as _, Row as _};
use tokio::runtime::Runtime;

use crate::Result;
use crate::peer::{Peer, Session, runtime, timed_async};
use crate::settings::Settings;
use crate::workload::{self, Workload, expect};

struct Driver {
    runtime: Arc<Runtime>,
    options: MySqlConnectOptions,
    with_certificate: MySqlConnectOptions,
    connection: Option<MySqlConnection>,
}

pub(crate) fn make(settings: &Settings) -> Result<Box<dyn Peer>> {
    let options = MySqlConnectOptions::new()
        .host(&settings.host)
        .port(settings.port)
        .username(&settings.user)
        .password(&settings.password)
        .ssl_mode(MySqlSslMode::VerifyIdentity)
        .ssl_ca(&settings.ca);
    let with_certificate = options
        .clone()
        .username(&settings.certificate_user)
        .ssl_client_cert(&settings.certificate)
        .ssl_client_key(&settings.key);
    Ok(Box::new(Driver { runtime: runtime()?, options, with_certificate, connection: None }))
}

impl Peer for Driver {
    fn run(&mut self, workload: Workload, count: usize) -> Result<Option<Vec<Duration>>> {
        let options = match workload {
            // It never resumes.
            Workload::Connect | Workload::ConnectFull => &self.options,
            Workload::ConnectCertificate => &self.with_certificate,
            _ => {
                let runtime = Arc::clone(&self.runtime);
                let connection = match &mut self.connection {
                    Some(connection) => connection,
                    none => {
                        none.insert(runtime.block_on(MySqlConnection::connect_with(&self.options))?)
                    }
                };
                return runtime.block_on(queries(connection, workload, count)).map(Some);
            }
        };
        self.runtime.block_on(connects(options, count)).map(Some)
    }

    fn session(&self, runtime: &Arc<Runtime>) -> Result<Option<Session>> {
        let runtime = Arc::clone(runtime);
        let mut connection = runtime.block_on(MySqlConnection::connect_with(&self.options))?;
        Ok(Some(Box::new(move || {
            runtime.block_on(sqlx::raw_sql(workload::SELECT_1).execute(&mut connection))?;
            Ok(())
        })))
    }
}

async fn connects(options: &MySqlConnectOptions, count: usize) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        let connection = MySqlConnection::connect_with(options).await?;
        times.push(start.elapsed());
        connection.close().await?;
    }
    Ok(times)
}

async fn queries(
    conn: &mut MySqlConnection,
    workload: Workload,
    count: usize,
) -> Result<Vec<Duration>> {
    match workload {
        Workload::Connect | Workload::ConnectFull | Workload::ConnectCertificate => {
            Err("a connect is no query".into())
        }
        Workload::Select1 => {
            timed_async(count, async |_| {
                sqlx::raw_sql(workload::SELECT_1).execute(&mut *conn).await?;
                Ok(())
            })
            .await
        }
        Workload::Point => {
            timed_async(count, async |turn| {
                let query = sqlx::query(workload::POINT).bind(workload::point_id(turn));
                let _name: String = query.fetch_one(&mut *conn).await?.try_get(0)?;
                Ok(())
            })
            .await
        }
        Workload::Result64k | Workload::Result16m => {
            // 0.9.0 finds no row in a result of 16 MiB, which the protocol splits into two packets.
            timed_async(count, async |_| {
                let row = sqlx::raw_sql(workload.large_result()).fetch_one(&mut *conn).await?;
                let value: Vec<u8> = row.try_get_unchecked(0)?;
                expect(value.len(), workload.bytes())
            })
            .await
        }
        Workload::Upload4m | Workload::Upload16m => {
            let value = vec![b'x'; workload.bytes()];
            timed_async(count, async |_| {
                let query = sqlx::query(workload::UPLOAD).bind(value.as_slice());
                let length: i64 = query.fetch_one(&mut *conn).await?.try_get_unchecked(0)?;
                expect(usize::try_from(length)?, workload.bytes())
            })
            .await
        }
        Workload::Rows10k => {
            timed_async(count, async |_| {
                let rows = sqlx::raw_sql(workload::ROWS_10K).fetch_all(&mut *conn).await?;
                let rows: std::result::Result<Vec<(i32, String)>, sqlx::Error> =
                    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect();
                expect(rows?.len(), workload::ROWS)
            })
            .await
        }
        Workload::Multi => {
            timed_async(count, async |_| {
                let rows = sqlx::raw_sql(workload::MULTI).fetch_all(&mut *conn).await?;
                expect(rows.len(), 3)
            })
            .await
        }
    }
}
