//! What the fuzz targets under `fuzz/` feed with bytes. The properties are asserted here, so that
//! tests on stable Rust hold them too, over random input.
//!
//! None of it is in a normal build.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod certificates;
mod dsn;
mod input;
mod login;
mod option_file;
mod protocol;
#[cfg(test)]
mod tests;

pub use certificates::{facts, pem};
pub use dsn::dsn;
pub use login::login;
pub use option_file::option_file;
pub use protocol::protocol;

pub(crate) use input::Input;

/// A driver's side after the login, in pieces.
pub fn guard(data: &[u8]) {
    crate::relay::fuzzing::guard(data);
}

/// The login through the relay, between a driver and a server that say what is in `data`.
#[cfg(feature = "mysql")]
pub fn handshake(data: &[u8]) {
    crate::relay::fuzzing::handshake(data);
}

/// What stands in a text for `^`: no message of ours has a piece of it.
const SECRET: &str = "жщюяΩξψ漢字Ħ";

/// No three bytes of the secret in anything that an error shows.
fn hides_secret(error: &crate::Error, of: &str) {
    let shown = format!("{error} {error:?}");
    for piece in SECRET.as_bytes().windows(3) {
        let found = shown.as_bytes().windows(3).any(|window| window == piece);
        assert!(!found, "{of:?} is shown: {shown}");
    }
}
