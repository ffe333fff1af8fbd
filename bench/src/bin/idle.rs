//! What idle connections hold: memory, threads and descriptors.
//!
//! Arguments: `port=N files=DIRECTORY peer=NAME count=N`. Opens the connections, looks at this
//! process before and after, and then runs a query on each of them. Prints `idle PEER METRIC VALUE`
//! lines, each value per connection.

use std::fs;

use mysql_tls_bench::Result;
use mysql_tls_bench::peer::{self, runtime};
use mysql_tls_bench::settings::Arguments;

#[derive(Clone, Copy)]
struct Held {
    kib: f64,
    threads: f64,
    descriptors: f64,
}

fn main() -> Result<()> {
    let arguments = Arguments::of_this_program()?;
    let (name, count) = (arguments.needed("peer")?, arguments.number("count", 1000_u32)?);
    let peer = peer::make(name, &arguments.settings()?)?;
    let runtime = runtime()?;
    let open = || -> Result<_> { Ok(peer.session(&runtime)?.ok_or("it opens no sessions")?) };
    // What the first connection makes for all is not counted.
    let mut sessions = vec![open()?];
    let before = Held::by_this_process()?;
    for _ in 1..=count {
        sessions.push(open()?);
    }
    let after = Held::by_this_process()?;
    for session in &mut sessions {
        session()?;
    }
    let each = |before: f64, after: f64| (after - before) / f64::from(count);
    println!("idle {name} kib {:.1}", each(before.kib, after.kib));
    println!("idle {name} threads {:.3}", each(before.threads, after.threads));
    println!("idle {name} descriptors {:.3}", each(before.descriptors, after.descriptors));
    println!("idle {name} answered {}", sessions.len() - 1);
    Ok(())
}

impl Held {
    fn by_this_process() -> Result<Self> {
        let status = fs::read_to_string("/proc/self/status")?;
        let number = |key: &str| -> Result<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            let value = line.and_then(|line| line.split_whitespace().next());
            Ok(value.ok_or_else(|| format!("/proc/self/status has no {key}"))?.parse()?)
        };
        Ok(Held {
            kib: number("VmRSS:")?,
            threads: number("Threads:")?,
            descriptors: fs::read_dir("/proc/self/fd")?.count() as f64,
        })
    }
}
