//! The delaying proxy as a program: `delay to=PORT us=MICROSECONDS`, each way.
//!
//! Prints `port=N` and ends when stdin does.

use std::io::Read as _;
use std::time::Duration;

use mysql_tls_bench::Result;
use mysql_tls_bench::delay::Proxy;
use mysql_tls_bench::settings::Arguments;

fn main() -> Result<()> {
    let arguments = Arguments::of_this_program()?;
    let delay = Duration::from_micros(arguments.needed("us")?.parse()?);
    let proxy = Proxy::start(arguments.needed("to")?.parse()?, delay)?;
    println!("port={}", proxy.port());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
