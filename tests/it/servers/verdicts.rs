//! The table of certificates through the official client, which is the judge of it.

use std::fmt::Write;
use std::sync::Mutex;
use std::thread;

use mysql_tls::Product;

use super::official::{self, Outcome};
use crate::resolver::with_names;
use crate::support::TestDir;
use crate::verdicts::{Case, OK, Version, table};

/// Mostly the clients start and end, so more of them than processors.
const THREADS: usize = 6;

/// The official client accepts and refuses what the table says, or the row says why not.
pub(super) fn official_client_gives_the_same_verdicts(_: Product) {
    let table = table();
    let rows = table.iter().flat_map(|case| case.versions.iter().map(move |v| (case, *v)));
    let rows = Mutex::new(rows);
    let wrong = Mutex::new(String::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let next = || rows.lock().expect("rows").next();
                while let Some((case, version)) = next() {
                    if let Err(said) = compare(case, version) {
                        let mut wrong = wrong.lock().expect("what is wrong");
                        let _ = writeln!(wrong, "{}, {version:?}: {said}", case.name);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("what is wrong");
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// The error is what the client said.
fn compare(case: &Case, version: Version) -> Result<(), String> {
    let server = case.serve(version);
    let dir = TestDir::new();
    let mut command = official::command(case.host, server.port());
    command.arg("--protocol=TCP").arg(format!("--ssl-mode={}", case.mode));
    command.arg(match version {
        Version::Tls12 => "--tls-version=TLSv1.2",
        Version::Tls13 => "--tls-version=TLSv1.3",
    });
    for (option, pem) in [("ca", &case.ca), ("crl", &case.crl)] {
        if let Some(pem) = pem {
            let path = dir.write(&format!("{option}.pem"), pem);
            command.arg(format!("--ssl-{option}={}", path.display()));
        }
    }
    let official = official::run(with_names(&mut command).arg("--execute=DO 1"), |_| Outcome::Tls);
    let same = (official.outcome == Outcome::Tls) == (case.verdict == OK);
    if same == case.differs.is_none() {
        Ok(())
    } else {
        Err(format!("{:?}, not {:?}: {}", official.outcome, case.verdict, official.words.trim()))
    }
}
