//! Does one workload again and again: what bench/syscalls counts the system calls of.
//!
//! Arguments: `port=N files=DIRECTORY peer=NAME workload=NAME count=N`.

use mysql_tls_bench::Result;
use mysql_tls_bench::peer;
use mysql_tls_bench::settings::Arguments;
use mysql_tls_bench::workload::Workload;

fn main() -> Result<()> {
    let arguments = Arguments::of_this_program()?;
    let workload = Workload::named(arguments.needed("workload")?)?;
    let mut peer = peer::make(arguments.needed("peer")?, &arguments.settings()?)?;
    peer.run(workload, arguments.number("count", 0)?)?.ok_or("the peer does not do this")?;
    Ok(())
}
