//! What the program is told.

use mysql_tls::Product;

use crate::Result;

const USAGE: &str =
    "usage: bench/soak/run [mysql|mariadb|tidb] [--queries N] [--connects N] [--minutes N]";

#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) product: Product,
    pub(crate) queries: u64,
    pub(crate) connects: u64,
    pub(crate) minutes: u64,
}

impl Arguments {
    pub(crate) fn of_this_program() -> Result<Self> {
        let mut all = Arguments {
            product: Product::MySQL,
            queries: 1_000_000,
            connects: 10_000,
            minutes: 60,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let place = match argument.as_str() {
                "mysql" => {
                    all.product = Product::MySQL;
                    continue;
                }
                "mariadb" => {
                    all.product = Product::MariaDB;
                    continue;
                }
                "tidb" => {
                    all.product = Product::TiDB;
                    continue;
                }
                "--queries" => &mut all.queries,
                "--connects" => &mut all.connects,
                "--minutes" => &mut all.minutes,
                other => return Err(format!("there is no {other}\n{USAGE}").into()),
            };
            let value = arguments.next().and_then(|value| value.parse().ok()).filter(|n| *n > 0);
            *place = value.ok_or_else(|| format!("{argument} needs a number above 0\n{USAGE}"))?;
        }
        Ok(all)
    }
}
