//! The server's `max_allowed_packet`, remembered from connection to connection.
//!
//! The driver asks for it on every connection, which costs a round trip each time. It does not tell
//! what it learned, so from the second connection on a connector asks once for itself.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicUsize, Ordering};

use mysql::Conn;
use mysql::prelude::Queryable;

/// What a server may sensibly say, in bytes; the protocol's own limit is 1 GiB.
const RANGE: RangeInclusive<usize> = 1024..=1024 * 1024 * 1024;

const UNKNOWN: usize = 0;
/// One connection was made: there may be more, for which it is worth knowing.
const WANTED: usize = 1;

/// Either of the two above, or the size.
#[derive(Debug, Default)]
pub(super) struct PacketSize(AtomicUsize);

impl PacketSize {
    pub(super) fn known(&self) -> Option<usize> {
        Some(self.0.load(Ordering::Relaxed)).filter(|size| RANGE.contains(size))
    }

    /// Learns from a new connection, if it is worth a question. A server that does not answer it is
    /// asked again by the driver the next time.
    pub(super) fn learn(&self, conn: &mut Conn) {
        let state = self.0.compare_exchange(UNKNOWN, WANTED, Ordering::Relaxed, Ordering::Relaxed);
        if state != Err(WANTED) {
            return;
        }
        let told = conn.query_first::<usize, _>("SELECT @@max_allowed_packet");
        if let Some(size) = told.ok().flatten().filter(|size| RANGE.contains(size)) {
            self.0.store(size, Ordering::Relaxed);
        }
    }
}
