//! What is measured, and how often.

use crate::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// Connect and log in, resumed where the peer does that by itself; closing left out.
    Connect,
    /// The same with a full handshake, of a peer that would resume.
    ConnectFull,
    /// The same as `Connect` to an account that requires a client certificate.
    ConnectCertificate,
    Select1,
    /// A prepared query by primary key.
    Point,
    Result64k,
    Result16m,
    Upload4m,
    Upload16m,
    /// 10,000 rows with a number and a text, all of them read.
    Rows10k,
    /// Three statements in one.
    Multi,
}

use Workload::{
    Connect, ConnectCertificate, ConnectFull, Multi, Point, Result16m, Result64k, Rows10k, Select1,
    Upload4m, Upload16m,
};

/// By the names that bench/run takes.
const ALL: [(&str, Workload); 11] = [
    ("connect", Connect),
    ("connect-full", ConnectFull),
    ("connect-cert", ConnectCertificate),
    ("select1", Select1),
    ("point", Point),
    ("64k", Result64k),
    ("16m", Result16m),
    ("upload4m", Upload4m),
    ("upload16m", Upload16m),
    ("rows10k", Rows10k),
    ("multi", Multi),
];

pub const SELECT_1: &str = "SELECT 1";
pub const POINT: &str = "SELECT name FROM bench.numbers WHERE id = ?";
pub const ROWS_10K: &str = "SELECT id, name FROM bench.numbers";
pub const ROWS: usize = 10_000;
pub const MULTI: &str = "SELECT 1; SELECT 2; SELECT 3";
pub const UPLOAD: &str = "SELECT LENGTH(?)";
const RESULT_64K: &str = "SELECT REPEAT('x', 65536)";
const RESULT_16M: &str = "SELECT REPEAT('x', 16777216)";

/// Turns of a peer, and operations in each.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub rounds: usize,
    pub batch: usize,
    /// Operations at the beginning that do not count.
    pub warm_up: usize,
}

impl Workload {
    pub fn named(name: &str) -> Result<Self> {
        let found = ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, workload)| *workload).ok_or_else(|| format!("no workload {name}").into())
    }

    pub fn name(self) -> &'static str {
        ALL.iter().find(|(_, workload)| *workload == self).map_or("", |(name, _)| name)
    }

    pub fn is_connect(self) -> bool {
        matches!(self, Connect | ConnectFull | ConnectCertificate)
    }

    /// What a result or an upload carries; 0 for the small ones.
    pub fn bytes(self) -> usize {
        match self {
            Result64k => 64 << 10,
            Upload4m => 4 << 20,
            Result16m | Upload16m => 16 << 20,
            _ => 0,
        }
    }

    /// The statement of those that read one large value.
    pub fn large_result(self) -> &'static str {
        if self == Result64k { RESULT_64K } else { RESULT_16M }
    }

    /// Few large ones, since a launch is to take seconds.
    pub fn plan(self) -> Plan {
        let (rounds, batch, warm_up) = match self {
            Connect | ConnectFull | ConnectCertificate => (8, 4, 5),
            Select1 | Point => (16, 50, 20),
            Multi => (10, 20, 10),
            Result64k => (10, 20, 10),
            Rows10k => (4, 4, 1),
            Upload4m => (6, 2, 1),
            Result16m | Upload16m => (4, 1, 1),
        };
        Plan { rounds, batch, warm_up }
    }
}

/// The row that the point query asks for in its turn.
pub fn point_id(turn: usize) -> u32 {
    u32::try_from(turn * 7919 % ROWS).unwrap_or_default()
}

/// A peer that reads less than there is would be fast.
pub fn expect<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<()> {
    if found == expected { Ok(()) } else { Err(format!("{found:?} for {expected:?}").into()) }
}
