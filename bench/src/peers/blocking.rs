//! The workloads on a `mysql::Conn`: it is the driver of mysql-tls and of `mysql` alike.

use std::time::{Duration, Instant};

use mysql::Conn;
use mysql::prelude::Queryable as _;

use crate::Result;
use crate::peer::timed;
use crate::workload::{self, Workload, expect};

/// Times of connecting; closing is left out.
pub(crate) fn connects<C>(
    count: usize,
    connect: impl Fn() -> Result<C>,
) -> Result<Option<Vec<Duration>>> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        let connection = connect()?;
        times.push(start.elapsed());
        drop(connection);
    }
    Ok(Some(times))
}

pub(crate) fn queries(conn: &mut Conn, workload: Workload, count: usize) -> Result<Vec<Duration>> {
    match workload {
        Workload::Connect | Workload::ConnectFull | Workload::ConnectCertificate => {
            Err("a connect is no query".into())
        }
        Workload::Select1 => timed(count, |_| Ok(conn.query_drop(workload::SELECT_1)?)),
        Workload::Point => {
            let statement = conn.prep(workload::POINT)?;
            timed(count, |turn| {
                let row: Option<String> =
                    conn.exec_first(&statement, (workload::point_id(turn),))?;
                expect(row.is_some(), true)
            })
        }
        Workload::Result64k | Workload::Result16m => timed(count, |_| {
            let value: Option<Vec<u8>> = conn.query_first(workload.large_result())?;
            expect(value.map_or(0, |value| value.len()), workload.bytes())
        }),
        Workload::Upload4m | Workload::Upload16m => {
            let value = vec![b'x'; workload.bytes()];
            let statement = conn.prep(workload::UPLOAD)?;
            timed(count, |_| {
                let length: Option<usize> = conn.exec_first(&statement, (&value,))?;
                expect(length, Some(workload.bytes()))
            })
        }
        Workload::Rows10k => timed(count, |_| {
            let rows: Vec<(u32, String)> = conn.query(workload::ROWS_10K)?;
            expect(rows.len(), workload::ROWS)
        }),
        Workload::Multi => timed(count, |_| {
            let mut results = conn.query_iter(workload::MULTI)?;
            let mut rows = 0;
            while let Some(result) = results.iter() {
                for row in result {
                    row?;
                    rows += 1;
                }
            }
            expect(rows, 3)
        }),
    }
}
