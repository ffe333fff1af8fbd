//! Keeps a real server and this crate busy while the server is restarted, gets new certificates and
//! kills connections, checks every result, and looks at what is left of it afterwards: ../README.md.

mod arguments;
mod certificates;
mod connections;
mod data;
mod disturbance;
mod held;
mod load;
mod report;
mod statements;
mod world;

#[allow(dead_code, reason = "the tests of real servers use more of it")]
#[path = "../../../tests/it/servers/harness.rs"]
mod harness;

use std::process::ExitCode;
use std::time::Duration;

use arguments::Arguments;
use connections::Connections;
use disturbance::Disturbed;
use held::Held;
use load::Bounds;
use report::Report;
use world::World;

/// An error can cross threads.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What is paid once is paid before the baseline: the allocator's arenas for every thread, buffers
/// that have seen the largest row, threads of as many dials at once as there will be.
const WARM_UP: Bounds = Bounds {
    queries: 60_000,
    connects: 1_000,
    time: Duration::from_secs(30),
    least: Duration::from_secs(20),
};

fn main() -> ExitCode {
    let result = Arguments::of_this_program().and_then(|arguments| soak(&arguments));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}

fn soak(arguments: &Arguments) -> Result<()> {
    let mut world = World::start(arguments.product)?;
    // Before there is a connector.
    let start = Held::settled()?;
    let connections = Connections::open(&world)?;

    load::say("warming up");
    let mut disturbed = Disturbed::default();
    let warm_up = load::run(&mut world, &connections, &mut disturbed, &WARM_UP, 0)?;
    connections.fill(&world.data)?;
    let before = Held::settled()?;

    load::say(&format!("soaking; before: {before}"));
    disturbed.forget_counts();
    let bounds = Bounds {
        queries: arguments.queries,
        connects: arguments.connects,
        time: Duration::from_secs(60 * arguments.minutes),
        least: Duration::ZERO,
    };
    let done = load::run(&mut world, &connections, &mut disturbed, &bounds, warm_up.tickets)?;
    connections.fill(&world.data)?;
    let after = Held::settled_as(&before)?;
    world.check_ledger(&(warm_up.ledger + done.ledger))?;

    connections.close();
    let end = Held::settled_as(&start.and_spare())?;
    let report = Report { arguments, done, disturbed: &disturbed, start, before, after, end };
    println!("{report}");
    after.is_flat(&before)?;
    end.is_gone(&start)?;
    world.runtime_dir_is_empty()
}
