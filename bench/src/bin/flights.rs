//! Counts the client's flights of a connect, through the delaying proxy.
//!
//! Arguments: `port=N files=DIRECTORY peers=LIST`. Prints `connect PEER flights_first N` for the first
//! connection of a peer and `connect PEER flights N` for a later one: the flights between the
//! greeting and the last answer of a connect, `COM_QUIT` left out. The round trips from SYN to
//! there are two more, the TCP handshake and the greeting, which the proxy does not see as flights.

use std::thread;
use std::time::{Duration, Instant};

use mysql_tls_bench::Result;
use mysql_tls_bench::delay::Proxy;
use mysql_tls_bench::peer;
use mysql_tls_bench::settings::Arguments;
use mysql_tls_bench::workload::Workload;

/// Long against the time in which a client writes what belongs together.
const DELAY: Duration = Duration::from_millis(5);

fn main() -> Result<()> {
    let arguments = Arguments::of_this_program()?;
    let mut settings = arguments.settings()?;
    let proxy = Proxy::start(settings.port, DELAY)?;
    settings.port = proxy.port();
    for name in arguments.list("peers")? {
        let mut peer = peer::make(name, &settings)?;
        for connection in ["flights_first", "flights", "flights"] {
            peer.run(Workload::Connect, 1)?;
            println!("connect {name} {connection} {}", ended(&proxy)? - 1);
        }
    }
    Ok(())
}

/// The flights of the one connection that is ending.
fn ended(proxy: &Proxy) -> Result<usize> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        match proxy.take_flights().as_slice() {
            [] => thread::sleep(Duration::from_millis(1)),
            // The last one, COM_QUIT, is always there.
            [flights] if *flights > 0 => return Ok(*flights),
            several => return Err(format!("not one connection with flights: {several:?}").into()),
        }
    }
    Err("the connection does not end".into())
}
