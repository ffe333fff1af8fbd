//! The relay between peers that say anything; what [`crate::fuzzing`] calls.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod guard;
#[cfg(feature = "mysql")]
mod handshake;

pub(crate) use guard::guard;
#[cfg(test)]
pub(super) use guard::passed;
#[cfg(feature = "mysql")]
pub(crate) use handshake::handshake;
