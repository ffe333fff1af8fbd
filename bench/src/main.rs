//! Connect and `SELECT 1`, next to `mysql` and mysql_async with their own TLS.
//!
//! Usage: `mysql-tls-bench HOST PORT USER PASSWORD CA CONNECTS QUERIES`. All drivers verify the
//! chain and the name against the same CA. The drivers take turns in every round, so that a change
//! of the machine's mood meets all of them; the output is `WORKLOAD DRIVER MEDIAN_US` lines.

use std::error::Error;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable as _;
use mysql_tls::mysql::prelude::Queryable as _;
use mysql_tls::{ConnectionBuilder, SslMode};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How many queries one driver runs before the next has its turn.
const BATCH: usize = 50;

const DRIVERS: [&str; 4] = ["mysql-tls", "mysql-tls-busy", "mysql", "mysql_async"];

/// What `mysql-tls-busy` has as busy-poll.
const BUSY: Duration = Duration::from_micros(200);

struct Settings {
    host: String,
    port: u16,
    user: String,
    password: String,
    ca: String,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port, user, password, ca, connects, queries] = arguments.as_slice() else {
        return Err("usage: mysql-tls-bench HOST PORT USER PASSWORD CA CONNECTS QUERIES".into());
    };
    let settings = Settings {
        host: host.clone(),
        port: port.parse()?,
        user: user.clone(),
        password: password.clone(),
        ca: ca.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let drivers = Drivers::new(&settings)?;
    report("connect", drivers.connects(&runtime, connects.parse()?)?);
    report("select1", drivers.queries(&runtime, queries.parse()?)?);
    Ok(())
}

struct Drivers {
    ours: mysql_tls::Connector,
    busy: mysql_tls::Connector,
    mysql: mysql::Opts,
    mysql_async: mysql_async::Opts,
}

impl Drivers {
    fn new(settings: &Settings) -> Result<Self> {
        let ours = ConnectionBuilder::new(&settings.host)
            .port(settings.port)
            .user(&settings.user)
            .password(settings.password.as_str())
            .ssl_mode(SslMode::VerifyIdentity)
            .ssl_ca(&settings.ca);
        let busy = ours.clone().busy_poll(BUSY).build()?;
        let ours = ours.build()?;
        let tls = mysql::SslOpts::default()
            .with_root_cert_path(Some(std::path::PathBuf::from(&settings.ca)));
        let mysql = mysql::OptsBuilder::new()
            .ip_or_hostname(Some(&settings.host))
            .tcp_port(settings.port)
            .user(Some(&settings.user))
            .pass(Some(&settings.password))
            .prefer_socket(false)
            .ssl_opts(tls)
            .into();
        let tls = mysql_async::SslOpts::default()
            .with_root_certs(vec![std::path::PathBuf::from(&settings.ca).into()]);
        let mysql_async = mysql_async::OptsBuilder::default()
            .ip_or_hostname(&settings.host)
            .tcp_port(settings.port)
            .user(Some(&settings.user))
            .pass(Some(&settings.password))
            .prefer_socket(false)
            .ssl_opts(tls)
            .into();
        Ok(Drivers { ours, busy, mysql, mysql_async })
    }

    /// Times of connect and login, closing left out; the first few rounds only warm up.
    fn connects(
        &self,
        runtime: &tokio::runtime::Runtime,
        rounds: usize,
    ) -> Result<[Vec<Duration>; 4]> {
        let mut times: [Vec<Duration>; 4] = Default::default();
        for round in 0..rounds + 5 {
            let mut taken = [Duration::ZERO; 4];
            for (taken, connector) in taken.iter_mut().zip([&self.ours, &self.busy]) {
                let start = Instant::now();
                let connection = connector.connect()?;
                *taken = start.elapsed();
                drop(connection);
            }

            let start = Instant::now();
            let connection = mysql::Conn::new(self.mysql.clone())?;
            taken[2] = start.elapsed();
            drop(connection);

            let start = Instant::now();
            let connection = runtime.block_on(mysql_async::Conn::new(self.mysql_async.clone()))?;
            taken[3] = start.elapsed();
            runtime.block_on(connection.disconnect())?;

            if round >= 5 {
                for (times, time) in times.iter_mut().zip(taken) {
                    times.push(time);
                }
            }
        }
        Ok(times)
    }

    /// Times of `SELECT 1`, in batches that take turns.
    fn queries(
        &self,
        runtime: &tokio::runtime::Runtime,
        rounds: usize,
    ) -> Result<[Vec<Duration>; 4]> {
        let mut ours = [self.ours.connect()?, self.busy.connect()?];
        let mut mysql = mysql::Conn::new(self.mysql.clone())?;
        let mut mysql_async = runtime.block_on(mysql_async::Conn::new(self.mysql_async.clone()))?;
        let mut times: [Vec<Duration>; 4] = Default::default();
        for _ in 0..rounds.div_ceil(BATCH) {
            for (connection, times) in ours.iter_mut().zip(&mut times) {
                for _ in 0..BATCH {
                    let start = Instant::now();
                    connection.query_drop("SELECT 1")?;
                    times.push(start.elapsed());
                }
            }
            for _ in 0..BATCH {
                let start = Instant::now();
                mysql.query_drop("SELECT 1")?;
                times[2].push(start.elapsed());
            }
            let batch: &mut Vec<Duration> = &mut times[3];
            runtime.block_on(async {
                for _ in 0..BATCH {
                    let start = Instant::now();
                    mysql_async.query_drop("SELECT 1").await?;
                    batch.push(start.elapsed());
                }
                Ok::<(), mysql_async::Error>(())
            })?;
        }
        runtime.block_on(mysql_async.disconnect())?;
        Ok(times)
    }
}

fn report(workload: &str, times: [Vec<Duration>; 4]) {
    for (driver, mut times) in DRIVERS.iter().zip(times) {
        times.sort_unstable();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        println!("{workload} {driver} {:.1}", median.as_secs_f64() * 1e6);
    }
}
