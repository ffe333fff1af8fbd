//! Measures the workloads on one server, one launch.
//!
//! Arguments: `port=N files=DIRECTORY peers=LIST workloads=LIST`, and optionally `tls=VERSION`,
//! `mariadb-c=PROGRAM`, `mysql-c=PROGRAM`, `divide=N` (fewer operations). Besides those of
//! `workload.rs` there are the workloads `threads-N`: queries per second on N busy connections.
//!
//! The peers take turns in every round, so that a change of the machine's mood meets all of them.
//! The output is `WORKLOAD PEER METRIC VALUE` lines: `us` is the median time, `cpu_us` the mean CPU
//! time of an operation, `qps` queries per second. A peer that fails in its warm-up is named with
//! `failed` and the reason, and left out.

use std::time::Duration;

use mysql_tls_bench::peer::{self, Peer};
use mysql_tls_bench::settings::{Arguments, Settings};
use mysql_tls_bench::throughput::{Done, Sessions};
use mysql_tls_bench::workload::Workload;
use mysql_tls_bench::{Result, median};

/// How long all connections of a peer are busy in a round, and how many rounds there are.
const BUSY_TIME: Duration = Duration::from_millis(150);
const BUSY_ROUNDS: usize = 2;

struct Contender {
    name: String,
    peer: Box<dyn Peer>,
}

fn main() -> Result<()> {
    let arguments = Arguments::of_this_program()?;
    let settings = arguments.settings()?;
    let divide = arguments.number("divide", 1)?;
    let mut contenders = Vec::new();
    for name in arguments.list("peers")? {
        contenders.push(Contender { name: name.to_owned(), peer: peer::make(name, &settings)? });
    }
    for name in arguments.list("workloads")? {
        match name.strip_prefix("threads-") {
            Some(threads) => throughput(name, threads.parse()?, &mut contenders),
            None => latency(Workload::named(name)?, divide, &settings, &mut contenders),
        }
        .map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

fn latency(
    workload: Workload,
    divide: usize,
    settings: &Settings,
    contenders: &mut [Contender],
) -> Result<()> {
    let plan = workload.plan();
    let mut racing = Vec::new();
    for contender in contenders {
        match contender.peer.run(workload, plan.warm_up.div_ceil(divide)) {
            Ok(Some(_)) => racing.push((contender, Vec::new(), Duration::ZERO)),
            Ok(None) => {}
            Err(error) => {
                let reason = error.to_string().replace('\n', " ");
                println!("{} {} failed {reason}", workload.name(), contender.name);
                // Its connection may be in the middle of something.
                contender.peer = peer::make(&contender.name, settings)?;
            }
        }
    }
    for _ in 0..plan.rounds {
        for (contender, times, cpu) in &mut racing {
            let before = contender.peer.cpu()?;
            let batch = contender.peer.run(workload, plan.batch.div_ceil(divide));
            times.extend(
                batch.map_err(|error| format!("{}: {error}", contender.name))?.unwrap_or_default(),
            );
            *cpu += contender.peer.cpu()?.saturating_sub(before);
        }
    }
    for (contender, times, cpu) in racing {
        let cpu = cpu.as_secs_f64() * 1e6 / times.len() as f64;
        println!("{} {} us {:.1}", workload.name(), contender.name, median::microseconds(times));
        println!("{} {} cpu_us {cpu:.1}", workload.name(), contender.name);
    }
    Ok(())
}

fn throughput(name: &str, threads: usize, contenders: &mut [Contender]) -> Result<()> {
    let mut racing = Vec::new();
    for contender in contenders {
        if let Some(sessions) = Sessions::open(contender.peer.as_ref(), threads)? {
            racing.push((contender, sessions, Done::default(), Duration::ZERO));
        }
    }
    for _ in 0..BUSY_ROUNDS {
        for (contender, sessions, total, cpu) in &mut racing {
            let before = contender.peer.cpu()?;
            let done = sessions.run(BUSY_TIME)?;
            *cpu += contender.peer.cpu()?.saturating_sub(before);
            total.queries += done.queries;
            total.time += done.time;
        }
    }
    for (contender, _, total, cpu) in racing {
        let queries = total.queries as f64;
        println!("{name} {} qps {:.0}", contender.name, queries / total.time.as_secs_f64());
        println!("{name} {} cpu_us {:.1}", contender.name, cpu.as_secs_f64() * 1e6 / queries);
    }
    Ok(())
}
