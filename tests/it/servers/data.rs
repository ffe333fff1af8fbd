//! Much data, both ways, and files.

use std::io::Write;
use std::sync::{Arc, Mutex};

use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{Error, LocalInfileHandler};
use mysql_tls::{Connection, Product};
use sha2::{Digest, Sha256};

use super::world::shared;

/// More than one packet of the MySQL protocol holds (2^24 - 1 bytes).
const MEBIBYTES_16: usize = 16 * 1024 * 1024;

/// Bytes of which no two parts are alike, so that none can be lost, doubled or moved unseen.
fn bytes(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn large_result(product: Product) {
    let world = shared(product);
    for builder in [world.verified(), world.plaintext()] {
        let mut connection = builder.connect().unwrap();
        let query = format!("SELECT REPEAT('0123456789abcdef', {}), 'end'", MEBIBYTES_16 / 16);
        let (text, end): (String, String) = connection.query_first(query).unwrap().unwrap();
        assert_eq!(text.len(), MEBIBYTES_16);
        assert!(text == "0123456789abcdef".repeat(MEBIBYTES_16 / 16), "the text is another");
        assert_eq!(end, "end");
        still_works(&mut connection);
    }
}

pub(super) fn large_upload(product: Product) {
    let world = shared(product);
    let upload = bytes(MEBIBYTES_16);
    let hash = sha256(&upload);
    for builder in [world.verified(), world.plaintext()] {
        let mut connection = builder.connect().unwrap();
        let row = connection.exec_first("SELECT LENGTH(?)", (&upload,)).unwrap();
        assert_eq!(row, Some(MEBIBYTES_16));
        let row = connection.exec_first("SELECT SHA2(?, 256)", (&upload,)).unwrap();
        assert_eq!(row, Some(hash.clone()));
        still_works(&mut connection);
    }
}

pub(super) fn compression(product: Product) {
    let world = shared(product);
    let upload = bytes(1024 * 1024);
    for builder in [world.verified(), world.plaintext()] {
        let mut connection = builder.compression(6).connect().unwrap();
        let status: Option<(String, String)> =
            connection.query_first("SHOW SESSION STATUS LIKE 'Compression'").unwrap();
        assert_eq!(status.map(|(_, value)| value).as_deref(), Some("ON"));
        let row = connection.exec_first("SELECT SHA2(?, 256)", (&upload,)).unwrap();
        assert_eq!(row, Some(sha256(&upload)));
        let text: Option<String> = connection.query_first("SELECT REPEAT('ab', 1000000)").unwrap();
        assert!(text == Some("ab".repeat(1_000_000)), "the text is another");
        still_works(&mut connection);
    }
}

const LOAD: &str = "LOAD DATA LOCAL INFILE '/data/rows.csv' INTO TABLE";

pub(super) fn local_infile_with_a_handler(product: Product) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    let handler = LocalInfileHandler::new(move |name, file| {
        kept.lock().unwrap().push(String::from_utf8_lossy(name).into_owned());
        (0..20_000).try_for_each(|row| writeln!(file, "{row}\tvalue of row {row}"))
    });
    let mut connection =
        shared(product).verified().local_infile_handler(handler).connect().unwrap();
    connection.query_drop("CREATE TABLE infile_rows (id INT PRIMARY KEY, value TEXT)").unwrap();
    connection.query_drop(format!("{LOAD} infile_rows")).unwrap();
    assert_eq!(connection.affected_rows(), 20_000);
    assert_eq!(*asked.lock().unwrap(), ["/data/rows.csv"]);
    let sum: Option<(u32, u64)> =
        connection.query_first("SELECT COUNT(*), SUM(id) FROM infile_rows").unwrap();
    assert_eq!(sum, Some((20_000, 199_990_000)));
}

/// Without a handler the capability is not offered, so a server can read no file.
pub(super) fn local_infile_without_a_handler(product: Product) {
    let mut connection = shared(product).verified().connect().unwrap();
    connection.query_drop("CREATE TABLE infile_none (id INT PRIMARY KEY, value TEXT)").unwrap();
    let error = connection.query_drop(format!("{LOAD} infile_none")).unwrap_err();
    let Error::MySqlError(error) = error else { panic!("{error:?}") };
    let expected = match product {
        Product::MySQL => 3948,
        Product::MariaDB => 4166,
        _ => 1148,
    };
    assert_eq!(error.code, expected, "{}", error.message);
    let rows: Option<u32> = connection.query_first("SELECT COUNT(*) FROM infile_none").unwrap();
    assert_eq!(rows, Some(0));
}

fn still_works(connection: &mut Connection) {
    assert_eq!(connection.query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
}
