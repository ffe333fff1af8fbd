//! What is in the tables, computed here as well.

use crate::Result;
use mysql_tls::mysql::Conn;
use mysql_tls::mysql::prelude::*;

/// Rows of the table `numbers`.
pub(crate) const NUMBERS: u64 = 10_000;

/// Rows of 64 KiB, and of 1 MiB, in the table `big`.
pub(crate) const SMALL: u64 = 8;
pub(crate) const LARGE: u64 = 2;

pub(crate) struct Data {
    big: Vec<Vec<u8>>,
}

impl Data {
    pub(crate) fn make() -> Self {
        let rows = (0..SMALL).map(|row| (row, 64 << 10));
        let rows = rows.chain((SMALL..SMALL + LARGE).map(|row| (row, 1 << 20)));
        Data { big: rows.map(|(row, size)| noise(row, size)).collect() }
    }

    /// The value of this row of `big`.
    pub(crate) fn big(&self, row: u64) -> &[u8] {
        usize::try_from(row).ok().and_then(|row| self.big.get(row)).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn fill(&self, admin: &mut Conn) -> Result<()> {
        for table in [
            "CREATE TABLE soak.numbers (id BIGINT PRIMARY KEY, name VARCHAR(40) NOT NULL)",
            "CREATE TABLE soak.big (id BIGINT PRIMARY KEY, value LONGBLOB NOT NULL)",
            "CREATE TABLE soak.ledger (id BIGINT PRIMARY KEY, entry VARCHAR(40) NOT NULL)",
        ] {
            admin.query_drop(table)?;
        }
        for start in (0..NUMBERS).step_by(1000) {
            let rows = (start..start + 1000).map(|id| format!("({id}, '{}')", name(id)));
            let rows = rows.collect::<Vec<_>>().join(", ");
            admin.query_drop(format!("INSERT INTO soak.numbers VALUES {rows}"))?;
        }
        for (row, value) in self.big.iter().enumerate() {
            admin.exec_drop("INSERT INTO soak.big VALUES (?, ?)", (row, value))?;
        }
        Ok(())
    }
}

/// The name of this row of `numbers`.
pub(crate) fn name(id: u64) -> String {
    format!("the number {id}")
}

/// Bytes of every value that no compression and no mistake of an offset leaves alike.
fn noise(row: u64, size: usize) -> Vec<u8> {
    let words = (0_u64..).flat_map(|word| mix(row << 32 | word).to_le_bytes());
    words.take(size).collect()
}

/// SplitMix64: a number that looks random, the same for the same input.
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
