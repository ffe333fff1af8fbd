//! Packets after the login on which the driver panics, as SECURITY.md lists them: its panics, and
//! not ours, and what goes on after them.

use std::backtrace::Backtrace;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Stdio;

use mysql_tls::Connection;
use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{ChangeUserOpts, Result, TxOpts};

use super::{cells, table};
use crate::kit::*;
use crate::process::command;
use crate::support::*;

const ROLE: &str = "driver-panics";
const COM_CHANGE_USER: u8 = 0x11;
const COM_STMT_PREPARE: u8 = 0x16;
const SNAPSHOT: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT";

/// A line of the table: the call, the payloads that answer it, and what the driver does then.
struct Row {
    call: String,
    packets: Vec<Vec<u8>>,
    outcome: String,
}

fn rows() -> Vec<Row> {
    let lines = table("panics").lines().skip(2);
    lines
        .map(|line| {
            let [call, packets, outcome] = cells(line).try_into().expect("three cells");
            let packets = packets.split(", ").map(|packet| bytes(packet.trim_matches('`')));
            Row { call: call.trim_matches('`').to_owned(), packets: packets.collect(), outcome }
        })
        .collect()
}

/// Hexadecimal, or a name that the text above the table explains.
fn bytes(packet: &str) -> Vec<u8> {
    match packet {
        "empty" => Vec::new(),
        "column" => Rows::one("x", "").packets().swap_remove(1),
        "EOF" => wire::eof(),
        hex => {
            let digits: String = hex.split(' ').collect();
            data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap_or_else(|_| panic!("{hex}"))
        }
    }
}

/// What a child does with one line of the table.
pub(crate) fn panics(fact: &dyn Fn(&str) -> String) {
    let row = rows().swap_remove(fact("ROW").parse().unwrap());
    let answer = Answer::Packets(row.packets);
    let script = over_tls()
        .on_query("SELECT x", answer.clone())
        .on_query(SNAPSHOT, answer.clone())
        .on_command(COM_CHANGE_USER, answer.clone())
        .on_command(COM_STMT_PREPARE, answer.clone());
    let asked = over_tls().on_query("SELECT @@max_allowed_packet", answer);
    let connects = row.call == "connect";
    let server = ScriptedServer::start_with([if connects { asked } else { script }, over_tls()]);
    let connector = verified(&server).build().unwrap();
    std::panic::set_hook(Box::new(|info| println!("told: panic of {} {info}", owner())));
    if connects {
        let error = failure(connector.connect(), "hostile bytes");
        println!("told: error {}", error.code());
    } else {
        let mut connection = connector.connect().unwrap();
        let outcome = catch_unwind(AssertUnwindSafe(|| call(&row.call, &mut connection)));
        // Its drop must not panic either, nor hang.
        drop(connection);
        if let Ok(result) = outcome {
            println!("told: no panic, {result:?}");
        }
    }
    let _ = std::panic::take_hook();
    let mut next = connector.connect().unwrap();
    assert_eq!(next.query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
    println!("told: survived");
}

/// Whose code panics: of the functions that are called, the innermost that is the driver's or ours.
pub(crate) fn owner() -> &'static str {
    let trace = Backtrace::force_capture().to_string();
    let functions = trace.lines().filter_map(|line| line.split_once(": "));
    let mut functions = functions.map(|(_, function)| function.trim_start_matches('<'));
    // Past this function and the hook.
    functions.find(|function| function.starts_with("core::panicking")).unwrap_or_default();
    functions
        .find_map(|function| match function {
            _ if function.starts_with("mysql_tls::") => Some("this crate"),
            _ if function.starts_with("it::") => Some("the test"),
            _ if function.starts_with("mysql") => Some("the driver"),
            _ => None,
        })
        .unwrap_or("somebody else")
}

fn call(name: &str, connection: &mut Connection) -> Result<()> {
    match name {
        "query_drop" => connection.query_drop("SELECT x"),
        "query_first::<u8, _>" => connection.query_first::<u8, _>("SELECT x").map(drop),
        "query_first::<(u8, u8), _>" => connection.query_first::<(u8, u8), _>("SELECT x").map(drop),
        "exec_drop" => connection.exec_drop("SELECT x", ()),
        "change_user" => connection.change_user(ChangeUserOpts::default()),
        "start_transaction" => {
            let options = TxOpts::default().set_with_consistent_snapshot(true);
            connection.start_transaction(options).map(drop)
        }
        other => panic!("{other} is not known here"),
    }
}

#[test]
fn what_makes_the_driver_panic_after_the_login() {
    let rows = rows();
    for (number, row) in rows.iter().enumerate() {
        let facts = [("ROW", number.to_string())];
        let mut child = command(&std::env::current_exe().unwrap(), ROLE, &facts);
        let output = child.stdin(Stdio::null()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        let what = format!("{} {:?}", row.call, row.outcome);
        let words = row.outcome.split('`').nth(1).unwrap_or_default();
        if row.outcome.starts_with("ends the process") {
            assert!(!output.status.success() && errors.contains(words), "{what}: {told}{errors}");
            continue;
        }
        assert!(output.status.success(), "{what}: {told}{errors}");
        assert!(told.contains("told: survived"), "{what}: {told}");
        assert!(
            told.contains("told: panic of the driver") && told.contains(words),
            "{what}: {told}"
        );
        let caught = row.outcome.contains("`auth.driver`");
        assert_eq!(told.contains("told: error auth.driver"), caught, "{what}: {told}");
    }
}

/// Why SECURITY.md warns of what the driver prints.
#[test]
fn the_driver_shows_the_password_and_we_do_not() {
    let server = ScriptedServer::start(over_tls());
    let connection = verified(&server).connect().unwrap();
    assert!(!format!("{connection:?}").contains(PASSWORD));
    let conn = connection.into_inner();
    assert!(format!("{conn:?}").contains(PASSWORD));
}
