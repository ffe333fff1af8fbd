//! What is asked, what has to come back, and what else may.

use std::fmt;
use std::ops::{Add, AddAssign};

use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{Conn, Error, TxOpts};

use crate::data::{Data, LARGE, NUMBERS, SMALL, mix, name};

/// Why there is no right result.
pub(crate) enum Trouble {
    /// The connection ended, or none was had: right only if the disturbance did it. `form` is what is
    /// counted, `text` all that is known.
    Lost { form: String, text: String },
    /// Never right.
    Wrong(String),
}

/// What the transactions have committed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) entries: u64,
    pub(crate) sum: u128,
}

/// What was done with a ticket.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) queries: u64,
    pub(crate) ledger: Ledger,
}

type Outcome<T> = Result<T, Trouble>;

/// The server's numbers for the end of a connection: 1053 it shuts down, 1317 the query was
/// interrupted, 1927 (MariaDB) and 3169 (MySQL) the connection was killed; 4031 it was disconnected.
const ENDED: [u16; 5] = [1053, 1317, 1927, 3169, 4031];

const CUT_SHORT: &str = "bytes remaining on stream";

/// What an endpoint says of a server that cannot be reached, and of a connection that was lost.
const NOT_REACHED: [u16; 2] = [2003, 2013];

/// What a connect may say of a server that goes, or of a connection that was killed during the login. The
/// first was seen once of a MySQL that stopped: something came behind a greeting not answered yet.
const CONNECT_ENDED: [&str; 8] = [
    "protocol.trailing-bytes",
    "connect.unreachable",
    "connect.no-host",
    "server.shutting-down",
    "handshake.closed",
    "io.closed",
    "io.broken",
    "auth.driver",
];

impl Trouble {
    pub(crate) fn not_connected(error: &mysql_tls::Error) -> Self {
        let (code, text) = (error.code(), format!("connect: {error}"));
        if CONNECT_ENDED.contains(&code) {
            Trouble::Lost { form: format!("connect {code}"), text }
        } else {
            Trouble::Wrong(format!("{code}, {text}"))
        }
    }

    pub(crate) fn of_the_pool(error: &Error) -> Self {
        match error {
            Error::MySqlError(reply) if NOT_REACHED.contains(&reply.code) => Trouble::Lost {
                form: format!("pool {}", reply.code),
                text: format!("the pool's connect: {error}"),
            },
            _ => Trouble::of_a_statement("a connection of the pool", error),
        }
    }

    fn of_a_statement(what: &str, error: &Error) -> Self {
        let form = match error {
            Error::IoError(error) => format!("driver {:?}", error.kind()),
            // The driver's words where a packet has come in part.
            Error::CodecError(error) if error.to_string().contains(CUT_SHORT) => {
                format!("driver {CUT_SHORT}")
            }
            Error::MySqlError(reply) if ENDED.contains(&reply.code) => {
                format!("server {}", reply.code)
            }
            _ => return Trouble::Wrong(format!("{what}: {error:?}")),
        };
        Trouble::Lost { form, text: format!("{what}: {error}") }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Lost { text, .. } | Trouble::Wrong(text) => f.write_str(text),
        }
    }
}

impl From<Trouble> for Box<dyn std::error::Error + Send + Sync> {
    fn from(trouble: Trouble) -> Self {
        trouble.to_string().into()
    }
}

/// Does what this ticket stands for, always the same for the same ticket.
pub(crate) fn run(conn: &mut Conn, ticket: u64, data: &Data) -> Outcome<Done> {
    let random = mix(ticket);
    let (kind, choice) = (random % 1000, random / 1000);
    let mut ledger = Ledger::default();
    let queries = match kind {
        0..250 => scalar(conn, 1)?,
        250..450 => scalar(conn, ticket)?,
        450..650 => point(conn, choice % NUMBERS)?,
        650..800 => prepared(conn, choice % NUMBERS)?,
        800..880 => transaction(conn, ticket, choice.is_multiple_of(4), &mut ledger)?,
        880..930 => several(conn, ticket)?,
        930..960 => on_purpose(conn, ticket, choice)?,
        960..995 => large(conn, choice % SMALL, choice / SMALL, data)?,
        _ => large(conn, SMALL + choice % LARGE, choice / LARGE, data)?,
    };
    Ok(Done { queries, ledger })
}

fn ask<T>(what: &str, result: Result<T, Error>) -> Outcome<T> {
    result.map_err(|error| Trouble::of_a_statement(what, &error))
}

fn expect<T: PartialEq + fmt::Debug>(what: &str, got: &T, expected: &T) -> Outcome<()> {
    if got == expected {
        return Ok(());
    }
    Err(Trouble::Wrong(format!("{what}: {got:?}, and should have been {expected:?}")))
}

fn scalar(conn: &mut Conn, number: u64) -> Outcome<u64> {
    let text = format!("SELECT {number}");
    let got = ask(&text, conn.query::<u64, _>(&text))?;
    expect(&text, &got, &vec![number])?;
    Ok(1)
}

fn point(conn: &mut Conn, id: u64) -> Outcome<u64> {
    let text = format!("SELECT id, name FROM numbers WHERE id = {id}");
    let got = ask(&text, conn.query::<(u64, String), _>(&text))?;
    expect(&text, &got, &vec![(id, name(id))])?;
    Ok(1)
}

/// Ten rows, in the binary protocol.
fn prepared(conn: &mut Conn, id: u64) -> Outcome<u64> {
    let text = "SELECT id, name FROM numbers WHERE id BETWEEN ? AND ? ORDER BY id";
    let last = (id + 9).min(NUMBERS - 1);
    let got = ask(text, conn.exec::<(u64, String), _, _>(text, (id, last)))?;
    expect(text, &got, &(id..=last).map(|id| (id, name(id))).collect())?;
    Ok(1)
}

fn transaction(conn: &mut Conn, ticket: u64, undo: bool, ledger: &mut Ledger) -> Outcome<u64> {
    let mut transaction = ask("BEGIN", conn.start_transaction(TxOpts::default()))?;
    let entry = format!("entry {ticket}");
    // Not INSERT: where the connection ended during COMMIT, the entry may be there.
    let text = "REPLACE INTO ledger VALUES (?, ?)";
    ask(text, transaction.exec_drop(text, (ticket, &entry)))?;
    let text = format!("SELECT entry FROM ledger WHERE id = {ticket}");
    let got = ask(&text, transaction.query::<String, _>(&text))?;
    expect(&text, &got, &vec![entry])?;
    if undo {
        ask("ROLLBACK", transaction.rollback())?;
        let got = ask(&text, conn.query::<String, _>(&text))?;
        expect("after ROLLBACK", &got, &Vec::new())?;
        return Ok(3);
    }
    ask("COMMIT", transaction.commit())?;
    *ledger = Ledger { entries: 1, sum: ticket.into() };
    Ok(2)
}

/// Several statements in one query; the last result is none of rows.
fn several(conn: &mut Conn, ticket: u64) -> Outcome<u64> {
    let text = format!("SELECT {ticket}; SELECT 'two', {ticket} + 1; SET @soak = 1; SELECT @soak");
    let mut results = ask(&text, conn.query_iter(&text))?;
    let mut got = Vec::new();
    while let Some(set) = results.iter() {
        let mut rows = Vec::new();
        for row in set {
            let row = ask(&text, row)?;
            let cells = (0..row.len()).map(|cell| row.get::<String, _>(cell).unwrap_or_default());
            rows.push(cells.collect::<Vec<_>>().join(","));
        }
        got.push(rows);
    }
    drop(results);
    let expected =
        [vec![ticket.to_string()], vec![format!("two,{}", ticket + 1)], vec![], vec!["1".into()]];
    expect(&text, &got, &expected.to_vec())?;
    Ok(1)
}

/// An error of the statement alone: the connection goes on.
fn on_purpose(conn: &mut Conn, ticket: u64, choice: u64) -> Outcome<u64> {
    let (text, number) = match choice % 3 {
        0 => ("SELECT * FROM missing", 1146),
        1 => ("INSERT INTO numbers VALUES (7, 'taken')", 1062),
        _ => ("SELECT FROM WHERE", 1064),
    };
    match conn.query_drop(text) {
        Err(Error::MySqlError(error)) if error.code == number => {}
        Err(error) => return Err(Trouble::of_a_statement(text, &error)),
        Ok(()) => return Err(Trouble::Wrong(format!("{text}: no error"))),
    }
    Ok(1 + scalar(conn, ticket)?)
}

/// One large value, in either protocol.
pub(crate) fn large(conn: &mut Conn, row: u64, choice: u64, data: &Data) -> Outcome<u64> {
    let (text, what) = ("SELECT value FROM big WHERE id = ", format!("row {row} of big"));
    let got = if choice.is_multiple_of(2) {
        conn.query::<Vec<u8>, _>(format!("{text}{row}"))
    } else {
        conn.exec::<Vec<u8>, _, _>(format!("{text}?"), (row,))
    };
    let got = ask(&what, got)?;
    if got.len() == 1 && got.first().is_some_and(|value| value == data.big(row)) {
        return Ok(1);
    }
    let sizes: Vec<_> = got.iter().map(Vec::len).collect();
    Err(Trouble::Wrong(format!("{what}: not the value that was stored, but of sizes {sizes:?}")))
}

impl Add for Ledger {
    type Output = Ledger;

    fn add(self, other: Ledger) -> Ledger {
        Ledger { entries: self.entries + other.entries, sum: self.sum + other.sum }
    }
}

impl AddAssign for Ledger {
    fn add_assign(&mut self, other: Ledger) {
        *self = *self + other;
    }
}
